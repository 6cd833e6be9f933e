"""A training run from its settings to its work directory: data, shards, training, report, export."""

import dataclasses
import json
import pathlib

import keras
import numpy as np

from crossinfo import config, evaluation, export, fitting, journal, loading, model, reports, training
from crossinfo.card import card_for
from datasets import crops, drawing, pipeline, registry, shards, synthetic
from datasets.errors import InputError
from datasets.files import atomic_write

SUBJECTS = 9


def train(run, work_dir, machine, cache_dir=None):
    """Trains, evaluates and exports; goes on where an earlier call on the same directory stopped.

    Args:
        run: config.RunConfig.
        work_dir: path.
        machine: training.Machine.
        cache_dir: path or None. Where cropped frames are kept; None keeps them under ``work_dir``.

    Returns:
        (``evaluation.predict``'s result, the ``evaluation.Split`` that it is of): the test's, or, where its
        labels are hidden, the validation part's. Raises InputError on bad data or a directory of other
        settings.
    """
    training.make_strategy(machine.strategy)
    work_dir = training.own_folder(pathlib.Path(work_dir), machine.strategy)
    check_settings(run, work_dir)
    keras.utils.set_random_seed(run.seed)
    dataset = registry.get(run.dataset)
    sources = _sources(run, locate_data(run, work_dir))
    readers = {split: sources[split].open() for split in ("train", "test")}
    _check_data(run, sources, readers)
    weights = _starting_weights(run)
    with atomic_write(work_dir / "config.json") as file:
        file.write(config.to_json(run))
    splits = _prepare(run, sources, readers, cache_dir or work_dir / "shards", machine.workers)
    mean_pose = splits["train"].shard_set.mean_pose
    card = card_for(run.variant_name, dataset, run.test_cube_mm, run.centre, mean_pose, run.select_on)
    trainer = _trainer(run, dataset, card, splits["train"].shard_set, weights, machine)
    outputs_of = evaluation.network_function(trainer.model)
    _fit(trainer, run, splits, outputs_of, work_dir)
    _save(trainer.model, work_dir)
    return _report(run, card, outputs_of, splits, work_dir)


def train_all_subjects(run, work_dir, machine):
    """MSRA's nine runs, each with another subject left out, under ``P0`` to ``P8``; one report over all.

    The report's errors are means over the frames of all nine test splits; ``predictions.txt`` has them one
    after the other, as the field's list of MSRA does.
    """
    work_dir = pathlib.Path(work_dir)
    run = dataclasses.replace(run, data_dir=locate_data(run, work_dir))
    results = []
    for subject in range(SUBJECTS):
        options = dataclasses.replace(run.options, test_subject=subject)
        print(f"test subject P{subject}")
        results.append(train(dataclasses.replace(run, options=options), work_dir / f"P{subject}", machine))
    content = evaluation.report(
        evaluation.join([found for found, _ in results]),
        work_dir.resolve().name,
        registry.get(run.dataset),
        run.centre,
        work_dir / "report",
        run.select_on,
        [split for _, split in results],
    )
    print(reports.table(content))


def check_settings(run, work_dir):
    """Raises InputError if the work directory was made with other settings."""
    path = pathlib.Path(work_dir) / "config.json"
    if not path.exists():
        return
    wanted = json.loads(config.to_json(run))
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise InputError(f"{path}: not a run's settings; name another --work_dir") from None
    for key in sorted(set(wanted) | set(found)):
        if wanted.get(key) != found.get(key):
            raise InputError(
                f"--work_dir={work_dir}: made with other settings, {key} was {found.get(key)!r} and is now "
                f"{wanted.get(key)!r}; use the old settings or another directory"
            )


def locate_data(run, work_dir):
    """The run's data directory; synthetic data are made under the work directory, once."""
    if run.data_dir is not None:
        return run.data_dir
    if run.dataset != "synthetic":
        raise InputError(f"--data_dir: where is {run.dataset}? It has to be named")
    data_dir = work_dir / "data"
    if not data_dir.exists():
        synthetic.write("msra", run.synthetic_frames, run.seed, str(data_dir))
    return str(data_dir)


def _sources(run, data_dir):
    """A Source each for the parts "train", "validation" and "test"."""
    return {
        part: shards.Source(
            dataset=run.dataset,
            data_dir=data_dir,
            part=part,
            centre=run.centre,
            centre_file=run.centre_file if part == "test" else run.train_centre_file,
            cubes_mm=run.train_cubes_mm if part == "train" else (run.test_cube_mm,),
            validation_fraction=run.validation_fraction,
            max_frames=run.max_frames if part == "train" else None,
            options=run.options,
        )
        for part in ("train", "validation", "test")
    }


def _check_data(run, sources, readers):
    """What is wrong with labels, centres or the settings for them is found before anything is written."""
    for split, reader in readers.items():
        sources[split].given_centres(reader)
    if run.select_on == "test" and readers["test"].joints_mm is None:
        raise InputError(f"--select_on=test: the test labels of {run.dataset} are hidden")
    _check_batch(run, len(sources["train"].indices(len(readers["train"]))))


def _check_batch(run, frames):
    batch_size = run.variant.schedule.batch_size
    if frames < batch_size:
        raise InputError(
            f"--batch_size={batch_size}: more than the {frames} training frames; make it smaller"
        )


def _prepare(run, sources, readers, cache_dir, workers):
    """``evaluation.Split``s "train", "test" and "select", whose error picks the best epoch; all prepared."""
    parts = {"train": "train", "test": "test", "select": run.select_on}
    splits = {
        name: evaluation.Split(
            sources[part], readers["test" if part == "test" else "train"], cache_dir, workers
        )
        for name, part in parts.items()
    }
    for name, split in splits.items():
        for frame, reason in split.shard_set.skipped:
            print(f"left out of {name}: {frame}: {reason}")
    _check_batch(run, splits["train"].shard_set.frames)
    return splits


def _starting_weights(run):
    """The weights of ``--init_from``, a network of the run's layers; None where training is from scratch."""
    if run.init_from is None:
        return None
    first, expected = loading.load_model(run.init_from), model.build(run.variant.network)
    if [weight.shape for weight in first.weights] != [weight.shape for weight in expected.weights]:
        raise InputError(
            f"--init_from={run.init_from}: its layers are not those of --variant={run.variant_name} on "
            f"{run.dataset}; it is {first.card.variant}, trained on {first.card.dataset}"
        )
    return first.get_weights()


def _build(run, card, weights):
    network = model.build(run.variant.network, run.precision, card)
    if weights is not None:
        network.set_weights(weights)
    return network


def _trainer(run, dataset, card, train_set, weights, machine):
    return training.Trainer(
        lambda: _build(run, card, weights),
        run.variant,
        dataset.skeleton,
        train_set.frames // run.variant.schedule.batch_size,
        run.precision,
        machine,
    )


def _fit(trainer, run, splits, outputs_of, work_dir):
    """Trains with checkpoints under ``checkpoints/``: the last two epochs, and the best one's weights."""
    store = fitting.Store(trainer, work_dir / "checkpoints")
    store.restore()
    schedule, selected = run.variant.schedule, splits["select"].shard_set
    epoch_frames = trainer.steps_per_epoch * schedule.batch_size
    step = int(trainer.step.numpy())

    def validate():
        return evaluation.validate(outputs_of, selected, trainer.model.card)

    with journal.Journal(
        work_dir,
        epoch_frames * schedule.epochs,
        step * schedule.batch_size,
        step // trainer.steps_per_epoch,
        _pictures(outputs_of, selected, trainer.skeleton),
    ) as told:
        fitting.fit(trainer, splits["train"].shard_set, run.seed, told, store.save, validate)
    store.restore_best()


def _pictures(outputs_of, shard_set, skeleton):
    """Function that draws eight crops with labels and predictions, for TensorBoard."""
    frames = next(iter(pipeline.evaluation_batches(shard_set, len(skeleton), 8)))
    place = frames["camera"], frames["centre_mm"], frames["cube_mm"]
    truth_px = crops.joints_to_crop(frames["joints_mm"], *place).numpy()

    def draw():
        joints = outputs_of(frames)["joints"]
        found_mm = crops.denormalise_joints(joints, frames["centre_mm"], frames["cube_mm"])
        found_px = crops.joints_to_crop(found_mm, *place).numpy()
        both = zip(frames["crop"].numpy(), truth_px, found_px, strict=True)
        return np.stack([_draw_crop(*one, skeleton) for one in both])

    return draw


def _draw_crop(crop, truth_px, found_px, skeleton):
    picture, scale = drawing.enlarge(drawing.crop_picture(crop), 384)
    drawing.draw_skeleton(picture, truth_px, skeleton, drawing.TRUTH, scale)
    return drawing.draw_skeleton(picture, found_px, skeleton, drawing.ESTIMATE, scale)


def _save(network, work_dir):
    """The best epoch's ``model.keras`` and ``export/1``."""
    model.save(network, work_dir / "model.keras")
    if not (work_dir / "export" / "1").exists():
        export.export(network, work_dir / "export", version=1)
    print(f"network: {work_dir / 'model.keras'}, SavedModel: {work_dir / 'export' / '1'}")


def _report(run, card, outputs_of, splits, work_dir):
    """The report of the test split, or, where its labels are hidden, of the validation part."""
    dataset, report_dir, test = registry.get(run.dataset), work_dir / "report", splits["test"]
    found = evaluation.predict(outputs_of, test.shard_set, card)
    scored, split = found, test
    if not test.labelled:
        print("the test labels are hidden: the report is of the validation part, submission.txt of the test")
        split = splits["select"]
        scored = evaluation.predict(outputs_of, split.shard_set, card)
    scored = evaluation.by_centre(scored, outputs_of, split, card)
    name = work_dir.resolve().name
    content = evaluation.report(scored, name, dataset, run.centre, report_dir, run.select_on, [split])
    if not test.labelled:
        evaluation.write_predictions(found, dataset, report_dir, test.names)
    print(reports.table(content))
    print(f"report: {report_dir / 'report.html'}")
    return scored, split
