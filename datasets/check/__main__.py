"""``python -m datasets.check``: is a dataset complete, and would training on it be right?"""

from datasets import data_flags, registry
from datasets.command_line import Command, Group, run, with_flags
from datasets.errors import InputError
from datasets.io.wording import printable
from datasets.runtime import import_tensorflow


def _define(flag_values):
    data = Group(flag_values, "Data")
    data_flags.define_dataset(data, data_dir_help="Synthetic data are made by python -m datasets.synthetic.")
    data_flags.define_icvl_frames(data)
    data_flags.define_centre_file(data)
    data.string("train_centre_file", None, "Centres of the training split.")
    work = Group(flag_values, "Work")
    work.integer("frames", 500, "Frames to decode of each split, evenly spread; 0 reads all.", lower=0)
    work.integer("workers", None, "Threads that decode. Default: one per processor.", lower=1)


COMMAND = Command(
    "python -m datasets.check",
    "Checks a dataset against its labels and the published counts: a report, and status 2 if training on it "
    "would be wrong.",
    _define,
)


def main(values):
    """Prints the report. Raises InputError naming the worst fault if training would be wrong."""
    dataset = registry.get(values.dataset)
    data_dir = data_flags.required_data_dir(values.dataset, values.data_dir)
    options = data_flags.reader_options(values.test_subject, values.icvl_frames)
    import_tensorflow()
    from datasets.check.report import check

    centre_files = {"train": values.train_centre_file, "test": values.centre_file}
    report = check(dataset, data_dir, options, centre_files, values.frames, values.workers)
    print("\n".join(printable(with_flags(line, COMMAND)) for line in report.lines), flush=True)
    if report.faults:
        raise InputError(str(report.faults[0]))


if __name__ == "__main__":
    run(COMMAND, main)
