"""A training run from its settings to its work directory: data, shards, training, report, export."""

import dataclasses
import functools
import os
import pathlib
from collections.abc import Callable

import keras
import numpy as np

from crossinfo import model, reports
from crossinfo.card import card_for, weights_digest
from crossinfo.config import Machine, RunConfig
from crossinfo.evaluation import evaluator, reporting
from crossinfo.evaluation.predictions import Predictions
from crossinfo.export import saved_model
from crossinfo.training import distribution, initial, pictures
from crossinfo.training.checkpoints import Checkpoints
from crossinfo.training.loop import Loop
from crossinfo.training.progress import NoProgress, Progress
from crossinfo.training.settings import check_data, check_settings, write_settings
from crossinfo.training.statistics import StatisticsRenewer
from crossinfo.training.trainer import Trainer
from datasets import msra, pipeline, registry, shards, synthetic
from datasets.errors import InputError
from datasets.io.wording import printable
from datasets.records import Reader

STATISTICS_BATCH = 128
LOCK_FILE = ".lock"


class Run:
    """One training run. The same settings on the same directory go on where an earlier call stopped.

    Args:
        settings: RunConfig.
        work_dir: path. Everything the run leaves goes there; several workers share it.
        machine: Machine.
        cache_dir: path or None. Where cropped frames are kept; None keeps them under ``work_dir``.
    """

    def __init__(
        self,
        settings: RunConfig,
        work_dir: str | os.PathLike,
        machine: Machine,
        cache_dir: str | os.PathLike | None = None,
    ):
        self.settings, self.machine = settings, machine
        self.work_dir = pathlib.Path(work_dir)
        self.cache_dir = pathlib.Path(cache_dir or self.work_dir / "shards")
        self.dataset = registry.get(settings.dataset)
        self.schedule = settings.variant.schedule

    def train(self) -> tuple[Predictions, evaluator.Split] | None:
        """Trains, evaluates and exports.

        Returns:
            (predictions, the Split they are of): the test's, or, where its
            labels are hidden, the validation part's. None in a worker that is not the chief.

        Raises InputError on bad data, on a directory of other settings, and when another worker is lost.
        """
        with self.workers.loss_reported(), self.alone():
            check_settings(self.settings, self.work_dir)
            keras.utils.set_random_seed(self.settings.seed)
            self.make_data()
            self._check_data()
            check_data(self.data, self.work_dir)
            self.starting_weights  # noqa: B018 (a wrong init_from is reported before any frame is cropped)
            self._prepare()
            self.workers.check_equal("the training frames", self.splits["train"].shard_set.frames)
            self._write_settings()
            self._fit()
            result = self._finish() if self.workers.chief else None
            self.workers.wait()
        return result

    @functools.cached_property
    def workers(self) -> distribution.Workers:
        """The processes of this training."""
        return distribution.Workers(distribution.configure(self.machine))

    def alone(self):
        """Holds the work directory while a block runs; raises InputError if another training holds it."""
        busy = f"`work_dir`={self.work_dir}: another training is at work in it"
        return self.workers.locked(self.work_dir / LOCK_FILE, busy)

    # === Data ===

    @property
    def data_dir(self) -> str:
        """The dataset's root; synthetic data lie under the work directory. Raises InputError."""
        if self.settings.data_dir is not None:
            return self.settings.data_dir
        if self.settings.dataset != "synthetic":
            raise InputError(f"`data_dir` is required for `dataset`={self.settings.dataset}")
        return str(self.work_dir / "data")

    def make_data(self) -> str:
        """Makes synthetic data under the work directory where they are missing; returns ``data_dir``."""
        if self.workers.chief and self.settings.data_dir is None and not os.path.exists(self.data_dir):
            synthetic.write("msra", self.settings.synthetic_frames, self.settings.seed, self.data_dir)
        self.workers.wait()
        return self.data_dir

    @functools.cached_property
    def sources(self) -> dict[str, shards.Source]:
        """A Source each for the parts "train", "validation" and "test"."""
        settings = self.settings
        return {
            part: shards.Source(
                dataset=settings.dataset,
                data_dir=self.data_dir,
                part=part,
                centre=settings.centre,
                centre_file=settings.centre_file if part == "test" else settings.train_centre_file,
                cubes_mm=settings.train_cubes_mm if part == "train" else (settings.test_cube_mm,),
                validation_fraction=settings.validation_fraction,
                max_frames=settings.max_frames if part == "train" else None,
                options=settings.options,
            )
            for part in ("train", "validation", "test")
        }

    @functools.cached_property
    def readers(self) -> dict[str, Reader]:
        """The readers of the splits "train" and "test"."""
        return {split: self.sources[split].open() for split in ("train", "test")}

    @functools.cached_property
    def splits(self) -> dict[str, evaluator.Split]:
        """The Splits "train", "test" and "select", whose error picks the best epoch."""
        parts = {"train": "train", "test": "test", "select": self.settings.select_on}
        return {
            name: evaluator.Split(
                self.sources[part],
                self.readers["test" if part == "test" else "train"],
                self.cache_dir,
                self.machine.workers,
            )
            for name, part in parts.items()
        }

    @functools.cached_property
    def data(self) -> dict[str, str]:
        """A digest of each split's data, to tell them from others."""
        return {name: shards.data_digest(self.sources[name], self.readers[name]) for name in self.readers}

    def _check_data(self):
        """What is wrong with labels, centres or the settings for them is found before anything is written."""
        for split, reader in self.readers.items():
            self.sources[split].given_centres(reader)
        if self.settings.select_on == "test" and self.readers["test"].joints_mm is None:
            raise InputError(f"`select_on`=test: the test labels of {self.dataset.name} are hidden")
        self._check_batch(len(self.sources["train"].indices(self.readers["train"])))

    def _check_batch(self, frames):
        if frames < self.schedule.batch_size:
            raise InputError(
                f"`batch_size`={self.schedule.batch_size}: more than the {frames} training frames; "
                "make it smaller"
            )

    def _prepare(self):
        for name, split in self.splits.items():
            for frame, reason in split.shard_set.skipped:
                print(printable(f"left out of {name}: {frame}: {reason}"))
        self._check_batch(self.splits["train"].shard_set.frames)

    def _write_settings(self):
        if self.workers.chief:
            write_settings(self.settings, self.data, self.work_dir)

    # === Network ===

    @functools.cached_property
    def starting_weights(self) -> list[np.ndarray] | None:
        """The weights of ``init_from``, a network of the same layers; None: training is from scratch.

        Layers whose size is that of the joints keep fresh weights where the joints are others.
        """
        if self.settings.init_from is None:
            return None
        weights = initial.weights(self.settings, model.build(self.settings.variant.network), self.dataset)
        if not all(np.isfinite(values).all() for values in weights):
            raise InputError(f"`init_from`={self.settings.init_from}: its weights are not finite")
        return weights

    def build_network(self) -> keras.Model:
        """A CrossInfoNet of this run's settings, with its starting weights."""
        card = card_for(
            self.settings.variant_name,
            self.dataset,
            self.settings.test_cube_mm,
            self.settings.centre,
            self.splits["train"].shard_set.mean_pose,
            self.settings.select_on,
        )
        network = model.build(self.settings.variant.network, self.settings.precision, card)
        if self.starting_weights is not None:
            network.set_weights(self.starting_weights)
        return network

    @functools.cached_property
    def trainer(self) -> Trainer:
        """The model in training, on all devices."""
        return Trainer(
            self.build_network,
            self.settings.variant,
            self.dataset.skeleton,
            self.splits["train"].shard_set.frames // self.schedule.batch_size,
            self.settings.precision,
            self.machine,
        )

    @functools.cached_property
    def snapshot(self) -> keras.Model:
        """A copy of the model on one device, which is validated and saved; without dropout, as inference."""
        without_dropout = dataclasses.replace(self.settings.variant.network, dropout=0.0)
        return model.build(without_dropout, self.settings.precision, self.trainer.model.card)

    @functools.cached_property
    def snapshot_outputs(self) -> Callable:
        """``evaluator.network_function`` of the copy."""
        return evaluator.network_function(self.snapshot)

    def _update_snapshot(self):
        """Brings the copy to the trained weights, with the statistics that inference is going to use."""
        weights = zip(self.snapshot.weights, self.trainer.model.weights, strict=True)
        for copied, trained in weights:
            copied.assign(trained.value.read_value())
        if self.schedule.statistics_frames:
            with pipeline.damage_reported(self.splits["train"].shard_set):
                self._renewer.renew(self._statistics_crops())

    @functools.cached_property
    def _renewer(self):
        return StatisticsRenewer(self.snapshot)

    def _statistics_crops(self):
        """The same training batches after each epoch, augmented as in training."""
        train_set, trainer = self.splits["train"].shard_set, self.trainer
        batch_size = min(STATISTICS_BATCH, train_set.frames)
        joints, seed = len(self.dataset.skeleton), self.settings.seed
        batches = pipeline.training_batches(train_set, joints, batch_size, seed, epoch=0)
        batches = batches.map(lambda frames: pipeline.example(frames, trainer.skeleton, trainer.sampler)[0])
        return batches.take(max(self.schedule.statistics_frames // batch_size, 1))

    # === Training ===

    def _fit(self):
        """Trains, with checkpoints under ``checkpoints/``."""
        self.checkpoints.restore()
        with self._progress() as progress:
            Loop(
                self.trainer,
                self.splits["train"].shard_set,
                self.settings.seed,
                progress,
                self.checkpoints,
                self._validate,
                self.machine.checkpoint_minutes,
            ).run()

    @functools.cached_property
    def checkpoints(self) -> Checkpoints:
        """The last two checkpoints, and the best epoch's weights."""
        return Checkpoints(self.trainer, self.snapshot, self.work_dir / "checkpoints")

    def _progress(self):
        if not self.workers.chief:
            return NoProgress()
        step, steps = int(self.trainer.step), self.trainer.steps_per_epoch
        batch_size, selected = self.schedule.batch_size, self.splits["select"].shard_set
        return Progress(
            self.work_dir,
            steps * self.schedule.epochs * batch_size,
            step * batch_size,
            step // steps,
            pictures.of_predictions(self.snapshot_outputs, selected, self.dataset.skeleton),
        )

    def _validate(self):
        self._update_snapshot()
        selected = self.splits["select"].shard_set
        return evaluator.validate(self.snapshot_outputs, selected, self.snapshot.card)

    # === Results ===

    def _finish(self):
        self.checkpoints.restore_best()
        network = self.build_network()
        network.set_weights(self.snapshot.get_weights())
        self._save(network)
        return self._report()

    def _save(self, network):
        """The best epoch's ``model.keras``, and a version of it in ``export`` unless the newest one is it."""
        keras_file, export_dir = self.work_dir / model.MODEL_FILE, self.work_dir / "export"
        network.card = dataclasses.replace(network.card, weights=weights_digest(network.get_weights()))
        model.save(network, keras_file)
        exported = saved_model.newest(export_dir, network.card) or saved_model.export(network, export_dir)
        print(printable(f"network: {keras_file}, SavedModel: {exported}"))

    def _report(self):
        """The report of the test split, or, where its labels are hidden, of the validation part."""
        report_dir, test, card = self.work_dir / "report", self.splits["test"], self.snapshot.card
        predictions = evaluator.predict(self.snapshot_outputs, test.shard_set, card)
        scored, split = predictions, test
        if not test.labelled:
            print("the test labels are hidden: report of the validation part, submission.txt of the test")
            split = self.splits["select"]
            scored = evaluator.predict(self.snapshot_outputs, split.shard_set, card)
        scored = evaluator.with_errors_by_centre(scored, self.snapshot_outputs, split, card)
        name, settings = self.work_dir.resolve().name, self.settings
        content = reporting.write_report(
            scored, name, self.dataset, settings.centre, report_dir, settings.select_on, [split]
        )
        if not test.labelled:
            reporting.write_predictions(predictions, self.dataset, report_dir, test.names)
        print(reports.table(content))
        print(printable(f"report: {report_dir / 'report.html'}"))
        return scored, split


def train(
    settings: RunConfig,
    work_dir: str | os.PathLike,
    machine: Machine,
    cache_dir: str | os.PathLike | None = None,
) -> tuple[Predictions, evaluator.Split] | None:
    """``Run.train`` of a new ``Run``.

    Args:
        settings, work_dir, machine, cache_dir: as ``Run`` takes them.
    """
    return Run(settings, work_dir, machine, cache_dir).train()


def train_all_subjects(
    settings: RunConfig,
    work_dir: str | os.PathLike,
    machine: Machine,
    cache_dir: str | os.PathLike | None = None,
) -> None:
    """MSRA's nine runs, each with another subject left out, under ``P0`` to ``P8``; one report over all.

    The report's errors are means over the frames of all nine test splits; ``predictions.txt`` has them one
    after the other, as the field's list of MSRA does.

    Args:
        settings, work_dir, machine, cache_dir: as ``Run`` takes them.
    """
    work_dir = pathlib.Path(work_dir)
    whole = Run(settings, work_dir, machine)
    with whole.alone():
        _train_each_subject(
            dataclasses.replace(settings, data_dir=whole.make_data()), work_dir, machine, cache_dir
        )


def _train_each_subject(settings, work_dir, machine, cache_dir):
    results = []
    for subject in range(len(msra.SUBJECTS)):
        print(f"test subject P{subject}")
        options = dataclasses.replace(settings.options, test_subject=subject)
        one = dataclasses.replace(settings, options=options)
        results.append(train(one, work_dir / f"P{subject}", machine, cache_dir))
    if None in results:
        return
    content = reporting.write_report(
        Predictions.concatenate([predictions for predictions, _ in results]),
        work_dir.resolve().name,
        registry.get(settings.dataset),
        settings.centre,
        work_dir / "report",
        settings.select_on,
        [split for _, split in results],
    )
    print(reports.table(content))
