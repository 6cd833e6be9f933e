"""Published errors of the field's methods, shown beside measured ones.

``measured`` values were computed with the field's metric (that of awesome-hand-pose-estimation and of
``crossinfo.metrics``) from the predictions that the authors published; all others are what papers and project
pages claim. Errors with ground-truth centres are not comparable with others.
"""

import dataclasses

GT = "gt"
V2V = "file (V2V-PoseNet's)"
UNKNOWN = "unknown"
SYNTHETIC_COM = "com (of NYU's synthetic renderings)"

SCORED = "the authors' published predictions, scored by awesome-hand-pose-estimation's metric"
MSRA_PAGES = "awesome-hand-pose-estimation, evaluation/README.md; SRN, fig/msra.png"
CROSSINFONET_TABLE = "Du et al., CrossInfoNet, CVPR 2019, table 2"
HANDFOLD_PAGE = "HandFold's page on sotaverified.org"
HANDS17_PICTURES = "SRN, fig/hands17.jpg; A2J, fig/result_hand.png; CrossInfoNet, figs/hands.png"


@dataclasses.dataclass(frozen=True)
class Published:
    """One method's published result on one dataset's test split.

    Args:
        name: the method.
        mean_error_mm: over all joints of all frames.
        success_max_20: fraction of frames whose largest joint error is at most 20 mm; None where unknown.
        centre: how the hand's centre was found: ``gt``, ``file (...)``, ``com (...)``, ``unknown``, ...
        source: where the values were published.
        measured: whether they were computed from published predictions.
        parts_mm: {part: mean error in mm} where known: NYU's subjects ``s1`` and ``s2``, HANDS 2017's
            ``seen`` and ``unseen`` persons.
        note: what to know before quoting the value.
    """

    name: str
    mean_error_mm: float
    success_max_20: float | None
    centre: str
    source: str
    measured: bool
    parts_mm: dict[str, float] = dataclasses.field(default_factory=dict)
    note: str = ""


def _measured(name, mean_error_mm, percent=None, centre=UNKNOWN, parts_mm=()):
    within = None if percent is None else round(percent / 100, 4)
    parts = dict(zip(("s1", "s2"), parts_mm, strict=True)) if parts_mm else {}
    return Published(name, mean_error_mm, within, centre, SCORED, True, parts)


def _claimed(name, mean_error_mm, source, centre=UNKNOWN, parts_mm=(), note=""):
    parts = dict(zip(("seen", "unseen"), parts_mm, strict=True)) if parts_mm else {}
    return Published(name, mean_error_mm, None, centre, source, False, parts, note)


_NYU = (
    _measured("VView, 25 uniform views", 6.398, 83.8, GT, (3.42, 7.65)),
    _measured("VView, 15 selected views", 6.409, centre=GT),
    _measured("VView, 9 selected views", 6.529, centre=GT),
    _measured("VView, 3 selected views", 6.822, centre=GT),
    _measured("VView, 1 selected view", 7.321, centre=GT),
    _measured("FeatureMapping", 7.441, 82.8, UNKNOWN, (5.30, 8.34)),
    _measured("TriHorn-Net", 7.676, 74.0, V2V, (4.00, 9.22)),
    _measured("AWR, hourglass-1", 7.700, 76.9, V2V, (3.94, 9.28)),
    _measured("AWR, resnet-18", 7.754, centre=V2V),
    _measured("SRN", 7.788, 79.9, "file (refined)", (4.16, 9.31)),
    _measured("V2V-PoseNet", 8.419, 71.2, V2V, (4.22, 10.18)),
    _claimed("HandFold", 8.58, HANDFOLD_PAGE, note="the code is not published"),
    _measured("A2J", 8.610, 70.6, V2V, (4.98, 10.14)),
    _measured("Point-to-Point", 9.045, 71.5, UNKNOWN, (5.39, 10.58)),
    _measured("PWR", 9.173, 72.5, V2V, (4.42, 11.17)),
    _measured("SHPR-Net, 3 views", 9.371),
    _measured("WHSP-Net", 9.421),
    _measured("MURAUER", 9.466),
    _measured("CrossInfoNet", 10.078, 63.6, V2V, (5.73, 11.90)),
    _measured("DenseReg", 10.214, 56.4, "own detector", (6.46, 11.79)),
    _measured("HandPointNet", 10.540),
    _measured("SHPR-Net, frontal view", 10.775),
    _measured("Generalized-Feedback", 10.894),
    _measured("Pose-REN", 11.811),
    _measured("DeepPrior++", 12.238),
    _measured("REN-9x6x6", 12.694, centre=SYNTHETIC_COM),
    _measured("REN-4x6x6", 13.393, centre=SYNTHETIC_COM),
    _measured("3DCNN", 14.113),
    _measured("Lie-X", 14.507),
    _measured("Guo", 14.588),
    _measured("Feedback", 15.973),
    _measured("DeepModel", 17.036),
    _measured("DeepPrior, refined", 19.726),
    _measured("DeepPrior", 20.750),
)

_ICVL = (
    _measured("VView, 15 selected views", 4.768, 92.3, GT),
    _measured("VView, 9 selected views", 4.781, centre=GT),
    _measured("VView, 25 uniform views", 4.792, centre=GT),
    _measured("VView, 3 selected views", 4.863, centre=GT),
    _measured("VView, 1 selected view", 5.163, centre=GT),
    _measured("TriHorn-Net", 5.736, 84.6),
    _measured("HandFold", 5.958, 84.7),
    _measured("PWR", 6.152, 85.3),
    _measured("SRN", 6.271, 84.4),
    _measured("V2V-PoseNet", 6.284, 84.6),
    _measured("Point-to-Point", 6.328, 84.5),
    _measured("A2J", 6.461, 83.1),
    _measured("CrossInfoNet", 6.732, 80.1),
    _measured("Pose-REN", 6.791),
    _measured("HandPointNet", 6.935),
    _measured("SHPR-Net", 7.219),
    _measured("DenseReg", 7.239),
    _measured("REN-9x6x6", 7.305),
    _measured("REN-4x6x6", 7.628),
    _measured("Guo", 8.358),
    _measured("DeepModel", 11.561),
    _measured("LRF", 12.578),
)

_DENSEREG_NOTE = "the released program appears to train on the test subject; far from its family's curves"

_MSRA = (
    _claimed("TriHorn-Net", 7.13, MSRA_PAGES),
    _claimed("SRN", 7.17, MSRA_PAGES),
    _claimed("DenseReg", 7.234, MSRA_PAGES, note=_DENSEREG_NOTE),
    _claimed("HandFold", 7.34, HANDFOLD_PAGE),
    _claimed("V2V-PoseNet", 7.59, CROSSINFONET_TABLE, note="7.49 elsewhere"),
    _claimed("Point-to-Point", 7.707, MSRA_PAGES),
    _claimed("SHPR-Net", 7.756, MSRA_PAGES),
    _claimed("CrossInfoNet", 7.862, MSRA_PAGES, centre="com (in a cube about gt)"),
    _claimed("PWR", 7.985, MSRA_PAGES),
    _claimed("HandPointNet", 8.505, MSRA_PAGES),
    _claimed("Pose-REN", 8.649, MSRA_PAGES),
    _claimed("3DCNN", 9.584, MSRA_PAGES),
    _claimed("REN-9x6x6", 9.792, MSRA_PAGES),
)

_HANDS17 = (
    _claimed("SRN", 8.39, HANDS17_PICTURES, parts_mm=(6.06, 10.33)),
    _claimed("A2J", 8.57, HANDS17_PICTURES, parts_mm=(6.92, 9.95)),
    _claimed("CrossInfoNet", 9.68, HANDS17_PICTURES, parts_mm=(7.30, 11.67)),
    _claimed("HandNet", 9.77, HANDS17_PICTURES),
    _claimed("V2V-PoseNet", 9.95, HANDS17_PICTURES, parts_mm=(6.97, 12.43)),
    _claimed("RCN-3D", 9.97, HANDS17_PICTURES, parts_mm=(7.55, 12.00)),
    _claimed("oasis", 11.30, HANDS17_PICTURES),
    _claimed("THU VCLab", 11.70, HANDS17_PICTURES),
    _claimed("Vanora", 11.91, HANDS17_PICTURES),
)

_BY_DATASET = {"nyu": _NYU, "icvl": _ICVL, "msra": _MSRA, "hands17": _HANDS17}


def of(dataset_name: str) -> tuple[Published, ...]:
    """Published results on a dataset, the smallest error first; empty where there are none."""
    return _BY_DATASET.get(dataset_name, ())
