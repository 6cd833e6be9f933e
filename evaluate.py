"""Scores a trained network, or text files of predictions in the field's format."""

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
        content = _evaluate_network(values)
    print(reports.table(content))
    print(f"report: {values.report_dir}")


def _evaluate_network(values):
    command.import_tensorflow()
    from crossinfo import evaluation, loading
    from datasets import registry, shards

    served = loading.load_served(values.model)
    dataset, card = registry.get(values.dataset), served.card
    if len(card.joints) != len(dataset.skeleton):
        raise InputError(
            f"--dataset={dataset.name}: has {len(dataset.skeleton)} joints, but {values.model} "
            f"gives {len(card.joints)} (trained on {card.dataset})"
        )
    source = shards.Source(
        dataset=dataset.name,
        data_dir=_data_dir(values),
        part="test",
        centre=cli.centre_mode(values),
        centre_file=values.centre_file,
        cubes_mm=(card.cube_mm,),
        options=cli.reader_options(values),
    )
    shard_set = shards.prepare(source, values.cache_dir or f"{values.report_dir}/shards", values.workers)

    def joints_of(crop):
        return served.call("crop", crop=crop)["joints"]

    found = evaluation.predict(joints_of, shard_set, len(dataset.skeleton))
    return evaluation.report(found, served.name, dataset, source.centre, card, values.report_dir)


def _data_dir(values):
    """``--data_dir``, or the data that a run on synthetic hands made for itself."""
    made = pathlib.Path(values.model) / "data"
    if values.data_dir is None and not made.is_dir():
        raise InputError(f"--data_dir: where is {values.dataset}? It has to be named")
    return values.data_dir or str(made)


if __name__ == "__main__":
    command.run(cli.EVALUATE, main)
