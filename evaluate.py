"""Scores a trained network, or text files of predictions in the field's format."""

import dataclasses
import pathlib

from crossinfo import cli
from datasets import command_line, runtime
from datasets.errors import InputError


def main(values):
    """One of the two kinds of methods -> report, printed and written to ``--report_dir``."""
    if bool(values.model) == bool(values.labels):
        raise InputError("name either --model, or --labels with --predictions")
    from crossinfo import reports

    content = _score_files(values) if values.labels else _evaluate_network(values)
    if content:
        print(reports.table(content))
    print(f"written to {values.report_dir}" + (": open report.html" if content else ""))


def _score_files(values):
    """The report's dict for text files; no network, and no TensorFlow unless frames are to be drawn."""
    from crossinfo import reports
    from crossinfo.metrics import angles, prediction_files
    from datasets import registry

    dataset = registry.get(values.dataset)
    truth_mm, methods, names = prediction_files.read_methods(
        dataset,
        values.labels,
        values.predictions,
        values.format,
        values.label_names,
        values.prediction_names,
    )
    evaluated = reports.Evaluated(
        dataset,
        # The files do not say where their authors took the hand to be.
        values.centre or "unknown",
        truth_mm,
        methods,
        names,
        angles_deg=angles.read(values.angles, len(truth_mm)) if values.angles else None,
        picture=_pictures(values, dataset, len(truth_mm)) if values.data_dir else None,
    )
    return reports.write(values.report_dir, evaluated)


def _pictures(values, dataset, frames):
    """Function that draws on the dataset's frames, whose test split must be the labels' frames."""
    reader = dataset.open(values.data_dir, "test", cli.reader_options(values))
    if len(reader) != frames:
        raise InputError(
            f"--data_dir={values.data_dir}: {len(reader)} test frames, but {frames} in {values.labels}"
        )
    runtime.import_tensorflow()
    from crossinfo.evaluation import evaluator

    return evaluator.frame_pictures(dataset, [(reader, range(frames))])


def _evaluate_network(values):
    """The report's dict, or None where labels are hidden and only a submission is written."""
    runtime.import_tensorflow()
    from crossinfo.evaluation import evaluator
    from crossinfo.inference import loading
    from datasets import registry

    dataset, source = registry.get(values.dataset), _source(values)
    results, splits = [], []
    for path, part in _subjects(values, source):
        served = loading.load_served(path)
        _check_joints(served, dataset, path)
        splits.append(_split(dataclasses.replace(part, cubes_mm=(served.card.cube_mm,)), values))
        results.append(_predict(served, splits[-1], values.by_centre))
    whole = evaluator.join(results)
    if not splits[0].labelled:
        evaluator.write_predictions(whole, dataset, values.report_dir, splits[0].names)
        print(f"the test labels of {dataset.name} are hidden: submission.txt is what its benchmark takes in")
        return None
    name = served.name if len(results) == 1 else pathlib.Path(values.model).resolve().name
    selected_on = served.card.selected_on
    return evaluator.report(whole, name, dataset, source.centre, values.report_dir, selected_on, splits)


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


def _subjects(values, source):
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


def _split(source, values):
    from crossinfo.evaluation import evaluator

    cache_dir = values.cache_dir or f"{values.report_dir}/shards"
    return evaluator.Split(source, source.open(), cache_dir, values.workers)


def _predict(served, split, by_centre):
    from crossinfo.evaluation import evaluator

    if served.network is None:
        outputs_of = evaluator.crop_function(lambda crop: served.call("crop", crop=crop)["joints"])
    else:
        outputs_of = evaluator.network_function(served.network)
    found = evaluator.predict(outputs_of, split.shard_set, served.card)
    return evaluator.by_centre(found, outputs_of, split, served.card) if by_centre else found


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
    command_line.run(cli.EVALUATE, main)
