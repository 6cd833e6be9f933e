"""Flags that several commands share: which frames are read, and where the hand is taken to be."""

from datasets import registry
from datasets.command_line import Group
from datasets.errors import InputError

SUBJECTS = tuple(map(str, range(9)))
# ``--test_subject=all``: nine runs, each leaving out another subject.
ALL_SUBJECTS = "all"
CENTRES = ("gt", "file", "com")
ICVL_FRAMES = ("original", "all")


def define_dataset(
    group: Group, default: str | None = None, data_dir_help: str = "", all_subjects: bool = False
):
    """Defines ``--dataset``, ``--data_dir`` and ``--test_subject``.

    Args:
        group: Group.
        default: str. Name of the dataset; None makes the flag required.
        data_dir_help: str. What happens without ``--data_dir``.
        all_subjects: bool. Whether ``--test_subject=all`` is offered.
    """
    subjects, every = SUBJECTS, ""
    if all_subjects:
        subjects, every = (*SUBJECTS, ALL_SUBJECTS), "; all: nine runs, and the mean over their frames"
    group.choice("dataset", default, registry.DATASETS, "Dataset.", required=default is None)
    group.string("data_dir", None, f"Root folder of the dataset. {data_dir_help}".rstrip())
    group.choice("test_subject", "0", subjects, f"MSRA: the subject left out for the test{every}.")


def define_icvl_frames(group: Group):
    """Defines ``--icvl_frames``."""
    group.choice("icvl_frames", "original", ICVL_FRAMES, "ICVL: train without or with the rotated copies.")


def define_centre(group: Group):
    """Defines ``--centre`` and ``--centre_file``."""
    group.choice(
        "centre", None, CENTRES,
        "Where the hand is: ground truth (numbers are then not comparable with others'), a file, or the "
        "centre of mass. Default: file if --centre_file is given, else com.",
    )  # fmt: skip
    define_centre_file(group)


def define_centre_file(group: Group):
    """Defines ``--centre_file`` for commands that measure every centre mode."""
    group.string(
        "centre_file", None, "Centres of the test split, one frame per line: x y z in mm, or name x y z."
    )


def reader_options(
    test_subject: str, icvl_frames: str = "original", drop_bad: bool = False
) -> registry.ReaderOptions:
    """Options of a reader from the values of ``--test_subject``, ``--icvl_frames`` and ``--drop_bad``.

    Args:
        test_subject: str. "0" to "8", or "all", which begins with subject 0.
        icvl_frames: str. "original" or "all".
        drop_bad: bool.
    """
    subject = 0 if test_subject == ALL_SUBJECTS else int(test_subject)
    return registry.ReaderOptions(test_subject=subject, drop_bad=drop_bad, icvl_frames=icvl_frames)


def required_data_dir(dataset: str, data_dir: str | None) -> str:
    """``data_dir``. Raises InputError where it is None or empty."""
    if not data_dir:
        hint = "; python -m datasets.synthetic makes such a folder" if dataset == "synthetic" else ""
        raise InputError(f"`data_dir` is required for `dataset`={dataset}{hint}")
    return data_dir


def centre_mode(centre: str | None, centre_file: str | None) -> str:
    """Where the hand is taken to be: ``centre``, or else "file" if there is a file, or else "com".

    "gt" is never chosen unless asked for by name. Raises InputError if the mode is "file" without a file,
    or another with one.
    """
    mode = centre or ("file" if centre_file else "com")
    if mode == "file" and not centre_file:
        raise InputError("`centre`=file goes only with `centre_file`")
    if mode != "file" and centre_file:
        raise InputError(f"`centre`={mode} goes without `centre_file`")
    return mode
