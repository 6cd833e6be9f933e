"""Scores a network or text files: ``python evaluate.py --model=runs/quick --report_dir=out/report``."""

from crossinfo import flags
from datasets import command_line, runtime
from datasets.errors import InputError


def main(values):
    """Flags -> one evaluation -> its table."""
    if values.model and values.labels or values.predictions and not values.labels:
        raise InputError("name either --model, or --labels with --predictions")
    report = _files(values).run() if values.labels else _network(values).run()
    if report is None:
        print(f"the test labels of {values.dataset} are hidden: submission.txt is for its benchmark")
        print(f"written to {values.report_dir}")
        return
    from crossinfo import reports

    print(reports.table(report))
    print(f"written to {values.report_dir}: open report.html")


def _files(values):
    from crossinfo.evaluation import text_files

    return text_files.FileEvaluation(
        dataset=values.dataset,
        labels=values.labels,
        predictions=values.predictions,
        report_dir=values.report_dir,
        format=values.format,
        label_names=values.label_names,
        prediction_names=values.prediction_names,
        angles=values.angles,
        centre=values.centre,
        data_dir=values.data_dir,
        options=flags.reader_options(values),
    )


def _network(values):
    runtime.import_tensorflow()
    from crossinfo.evaluation import network

    data_dir = values.data_dir or network.find_data_dir(values.model, values.dataset)
    return network.NetworkEvaluation(
        model=values.model,
        source=flags.test_source(values, data_dir),
        report_dir=values.report_dir,
        cache_dir=values.cache_dir,
        workers=values.workers,
        by_centre=values.by_centre,
        all_subjects=flags.all_subjects(values),
    )


if __name__ == "__main__":
    command_line.run(flags.EVALUATE, main)
