"""Scores a trained network, or text files of predictions in the field's format."""

import dataclasses
import pathlib

from crossinfo import cli
from datasets import command
from datasets.errors import InputError


def main(values):
    """One of the two kinds of methods -> report, printed and written to ``--report_dir``."""
    if bool(values.model) == bool(values.labels):
        raise InputError("name either --model, or --labels with --predictions")
    from crossinfo import reports

    if values.labels:
        content = reports.score_files(values.dataset, values.labels, values.predictions, values.report_dir)
    else:
        command.import_tensorflow()
        content = _evaluate_network(values)
    if content:
        print(reports.table(content))
    print(f"written to {values.report_dir}")


def _evaluate_network(values):
    """The report's dict, or None where labels are hidden and only a submission is written."""
    from crossinfo import evaluation, loading
    from datasets import registry

    dataset, source = registry.get(values.dataset), _source(values)
    results = []
    for path, part in _splits(values, source):
        served = loading.load_served(path)
        _check_joints(served, dataset, path)
        reader, found = _predict(served, dataclasses.replace(part, cubes_mm=(served.card.cube_mm,)), values)
        results.append(found)
    whole = evaluation.join(results)
    if reader.joints_mm is None:
        evaluation.write_predictions(whole, dataset, values.report_dir, reader.names)
        print(f"the test labels of {dataset.name} are hidden: submission.txt is what its benchmark takes in")
        return None
    name = served.name if len(results) == 1 else pathlib.Path(values.model).resolve().name
    return evaluation.report(whole, name, dataset, source.centre, values.report_dir, served.card.selected_on)


def _source(values):
    from datasets import shards

    return shards.Source(
        dataset=values.dataset,
        data_dir=_data_dir(values),
        part="test",
        centre=cli.centre_mode(values),
        centre_file=values.centre_file,
        cubes_mm=(),
        options=cli.reader_options(values),
    )


def _splits(values, source):
    """(model's path, source) of each test split: one, or MSRA's nine with the network of each."""
    if not cli.all_subjects(values):
        return [(values.model, source)]
    model = pathlib.Path(values.model)
    return [
        (
            model / f"P{subject}" if (model / f"P{subject}").is_dir() else model,
            dataclasses.replace(source, options=dataclasses.replace(source.options, test_subject=subject)),
        )
        for subject in range(9)
    ]


def _predict(served, source, values):
    from crossinfo import evaluation
    from datasets import shards

    reader = source.open()
    cache_dir = values.cache_dir or f"{values.report_dir}/shards"
    shard_set = shards.prepare(source, cache_dir, values.workers, reader)
    found = evaluation.predict(lambda crop: served.call("crop", crop=crop)["joints"], shard_set, served.card)
    return reader, found


def _check_joints(served, dataset, path):
    if len(served.card.joints) != len(dataset.skeleton):
        raise InputError(
            f"--dataset={dataset.name}: has {len(dataset.skeleton)} joints, but {path} "
            f"gives {len(served.card.joints)} (trained on {served.card.dataset})"
        )


def _data_dir(values):
    """``--data_dir``, or the data that a run on synthetic hands made for itself."""
    made = pathlib.Path(values.model) / "data"
    if values.data_dir is None and not made.is_dir():
        raise InputError(f"--data_dir: where is {values.dataset}? It has to be named")
    return values.data_dir or str(made)


if __name__ == "__main__":
    command.run(cli.EVALUATE, main)
