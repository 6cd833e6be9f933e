"""The page about a pair of trained networks, in the format of model hubs: ``README.md`` with front matter.

Every figure comes from what was measured.
"""

import dataclasses
from typing import Any

from crossinfo.card import ModelCard
from crossinfo.pretrain import scores
from crossinfo.pretrain.settings import Settings

TAGS = ("hand-pose-estimation", "3d", "depth", "tensorflow", "synthetic-data")
LOCALISER, POSE = "localiser", "pose"
STAGES = {
    LOCALISER: "Localiser",
    "checks": "Its checks of what it finds",
    POSE: "Pose network",
    "side": "Left or right",
}


@dataclasses.dataclass(frozen=True)
class Facts:
    """What the page tells.

    Args:
        settings: Settings of the pretraining.
        stages: {name of a stage: {"pictures": int, "visits": int, "hours": float}, None if it is not known}.
        machine: str. What it was trained on.
        parameters: {"localiser" or "pose": int}.
        megabytes: {file name: float}.
        card: ModelCard of the pose network.
        scores: ``Scores.summary``.
        measured: rows of other figures, dicts with the same keys each.
    """

    settings: Settings
    stages: dict[str, dict[str, float] | None]
    machine: str
    parameters: dict[str, int]
    megabytes: dict[str, float]
    card: ModelCard
    scores: dict
    measured: list[dict[str, Any]]


def text(facts: Facts) -> str:
    """The whole page."""
    sections = (_front_matter, _what, _use, _data, _training, _errors, _limits)
    return "\n".join(section(facts).strip("\n") + "\n" for section in sections)


def metrics(summary: dict) -> list[tuple[str, str, float]]:
    """(type, name, value) of the figures that hubs list; those that could not be measured are left out."""
    group = summary["groups"]["all"]
    figures = [
        (
            "mean_joint_error_mm",
            "Mean joint error, whole frame, of hands found (mm)",
            group["refined_mean_mm"],
        ),
        ("mean_joint_error_gt_mm", "Mean joint error, centre `gt` (mm)", group["gt_mean_mm"]),
        ("mean_joint_error_com_mm", "Mean joint error, centre `com` (mm)", group["com_mean_mm"]),
        ("hands_found", "Share of hands found", group["found"]),
        ("false_hands", "Share of scenes without a hand in which one is found", summary["empty_false_share"]),
    ]
    return [(kind, name, round(value, 4)) for kind, name, value in figures if value is not None]


def _front_matter(facts):
    lines = ["---", "library_name: keras", "pipeline_tag: keypoint-detection", "license: mit", "tags:"]
    lines += [f"- {tag}" for tag in TAGS]
    lines += [
        "model-index:",
        f"- name: crossinfonet-{facts.settings.variant}",
        "  results:",
        "  - task:",
        "      type: keypoint-detection",
        "      name: 3D hand pose estimation from depth",
        "    dataset:",
        "      type: synthetic",
        f"      name: {facts.scores['pictures']} synthetic pictures of persons not trained on",
        "    metrics:",
    ]
    for kind, name, value in metrics(facts.scores):
        lines += [f"    - type: {kind}", f'      name: "{name}"', f"      value: {value}"]
    return "\n".join([*lines, "---"])


def _what(facts):
    millions = {kind: f"{count / 1e6:.2f} million" for kind, count in facts.parameters.items()}
    files = " and ".join(f"`{name}` ({size:.1f} MB)" for name, size in facts.megabytes.items())
    return f"""
# Hands in a depth frame

A depth frame of any camera in, {len(facts.card.joints)} joints in millimetres out, for up to two hands,
left and right. A localiser ({millions[LOCALISER]} parameters) finds each hand in the frame and how it is
turned. A CrossInfoNet ({millions[POSE]} parameters, variant `{facts.settings.variant}`) estimates the
joints in a crop that shows it upright, once more in a crop about the joints themselves; as it sees it and in
the mirror, which tells left hands from right ones.

Files: {files}. Kernels are rounded to float16.
"""


def _use(facts):
    return """
## Use

```python
import crossinfo

find_hands = crossinfo.load_pretrained()
for hand in find_hands(depth_mm, (fx, fy, cx, cy)):  # depth [H, W] in mm, 0 where nothing is measured
    print(hand.confidence, hand.is_left, hand.joints_mm)
```
"""


def _data(facts):
    return """
## Data

Synthetic pictures alone: no real frame and no manual label was trained on. A skinned hand of varying shape
(from MakeHuman's base mesh, CC0) takes natural poses: gestures, grasps, pinches, resting and pointing hands.
It is seen from all sides by cameras with the intrinsics of common devices: bare, in a sleeve, on tables and
walls, before a body, with objects, in pairs, and cut off by the border. Depth has the faults that
time-of-flight, structured-light and stereo cameras give it: noise, flying pixels, holes, shadows, steps.
"""


def _training(facts):
    default = Settings()
    fields = dataclasses.asdict(facts.settings)
    flags = "".join(f" --{name}={value}" for name, value in fields.items() if value != getattr(default, name))
    lines = ["## Training", "", "```", f"python -m crossinfo.pretrain --work_dir=WORK_DIR{flags}", "```", ""]
    for kind, name in STAGES.items():
        stage = facts.stages.get(kind)
        if stage:
            lines.append(
                f"- {name}: {stage['pictures']:,} different pictures, each trained on "
                f"{_times(stage['visits'])}, in {stage['hours']:.2f} hours."
            )
    lines += [f"- Random seed {facts.settings.seed}.", f"- Machine: {facts.machine}."]
    return "\n".join(lines)


def _times(count):
    return "once" if count == 1 else f"{count} times"


def _errors(facts):
    summary = facts.scores
    lines = [
        "## Measured errors",
        "",
        f"Mean distance of the joints from their labels in mm, on {summary['pictures']:,} synthetic pictures",
        f"({summary['hands']:,} hands; seed {summary['seed']}) of persons not trained on, half of them taken",
        "with a camera not trained on. The sensors are those of the training. A hand is found if its centre",
        f"is within {summary['found_within_mm']:.0f} mm. Three centres:",
        "",
        "- `gt`: one crop about the labelled hand, turned upright by the labels, with the labelled side.",
        "- `refined`: the whole frame and nothing else, as in the example above; of hands that are found.",
        "- `com`: a caller's centre, the centre of mass of the nearest object; pictures of one hand only.",
        "",
        scores.markdown(summary),
    ]
    if facts.measured:
        headings = list(facts.measured[0])
        lines += ["", "On other data:", "", "| " + " | ".join(headings) + " |", "|---" * len(headings) + "|"]
        lines += ["| " + " | ".join(_shown(row[name]) for name in headings) + " |" for row in facts.measured]
    return "\n".join(lines)


def _shown(value):
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _limits(facts):
    scenes = {
        name.removeprefix("scene "): group["refined_mean_mm"]
        for name, group in facts.scores["groups"].items()
        if name.startswith("scene ") and group["refined_mean_mm"] is not None
    }
    lines = [
        "## Limits",
        "",
        "- Trained on synthetic pictures only; errors on your camera may be larger than those above.",
        "- Joints are those of MSRA15's labels; other datasets put some of them elsewhere.",
        "- Each frame is looked at by itself: joints are not smoothed over time.",
        "- At most two hands are reported. A hand hidden or cut off for the most part may be missed.",
        "- Joints that are not seen are guessed from those that are.",
    ]
    if scenes:
        worst = max(scenes, key=scenes.get)
        lines.append(f"- The scene with the largest error is `{worst}`, {scenes[worst]:.2f} mm on average.")
    return "\n".join(lines)
