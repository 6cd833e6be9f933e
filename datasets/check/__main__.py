"""``python -m datasets.check``: is a data set complete, and would training on it be right?"""

from datasets.check import source
from datasets.command_line import Command, Group, run
from datasets.errors import InputError
from datasets.runtime import import_tensorflow


def _define(values):
    data = Group(values, "Data")
    source.define(data)
    data.string("centre_file", None, "The test split's centres: x y z in mm a line, as V2V-PoseNet's.")
    data.string("train_centre_file", None, "The training split's centres.")
    work = Group(values, "Work")
    work.integer("frames", 500, "Frames to decode of each split, evenly spread; 0 reads all.", lower=0)
    work.integer("workers", None, "Threads that decode. Without it one a processor.", lower=1)


COMMAND = Command(
    "python -m datasets.check",
    "Checks a data set against its labels and the published counts: a report, and status 2 when training on "
    "it would be wrong.",
    _define,
)


def main(values):
    """Prints the report. Raises InputError naming the worst fault when training would be wrong."""
    dataset, options = source.chosen(values)
    import_tensorflow()
    from datasets.check.run import check

    centre_files = {"train": values.train_centre_file, "test": values.centre_file}
    report = check(dataset, values.data_dir, options, centre_files, values.frames, values.workers)
    print("\n".join(report.lines), flush=True)
    if report.faults:
        raise InputError(str(report.faults[0]))


if __name__ == "__main__":
    run(COMMAND, main)
