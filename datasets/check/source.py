"""The flags that say which data ``datasets.check`` and ``datasets.inspect`` look at."""

from datasets import registry
from datasets.errors import InputError

ICVL_FRAMES = ("original", "all")


def define(group):
    """Defines the flags in a ``command.Group``."""
    group.choice("dataset", None, registry.DATASETS, "Which dataset.", required=True)
    group.string(
        "data_dir", None, "Its root folder. Synthetic data are made by python -m datasets.synthetic."
    )
    group.integer("test_subject", 0, "MSRA: the subject left out for the test.", 0, 8)
    group.choice("icvl_frames", "original", ICVL_FRAMES, "ICVL: without or with the rotated copies.")


def chosen(values):
    """(Dataset, ReaderOptions) of parsed flags. Raises InputError naming ``--data_dir`` without one."""
    if not values.data_dir:
        made = "; python -m datasets.synthetic makes a folder" if values.dataset == "synthetic" else ""
        raise InputError(f"--data_dir: needed, the root folder of the {values.dataset} data{made}")
    options = registry.ReaderOptions(test_subject=values.test_subject, icvl_frames=values.icvl_frames)
    return registry.get(values.dataset), options
