"""Scores a trained network on a dataset's test split."""

import dataclasses
import os
import pathlib

from crossinfo.evaluation import evaluator, reporting, whole_frames
from crossinfo.evaluation.predictions import Predictions
from crossinfo.inference import loading
from datasets import msra, registry, shards
from datasets.errors import InputError


@dataclasses.dataclass(frozen=True)
class NetworkEvaluation:
    """A network to score, on which frames, and where the results go.

    Args:
        model: a work directory, ``model.keras``, SavedModel or ``model.tflite``; None: the package's own. A
            network that finds hands is scored on whole frames, any other on crops.
        source: the test split; ``cubes_mm`` is taken from the network's card. Its centre mode may be
            "refined" for a network that finds hands: it is told nothing.
        report_dir: folder of the report, made where it is missing.
        cache_dir: folder of the cropped frames; None keeps them under ``report_dir``.
        workers: processes that crop frames, as ``shards.prepare`` takes.
        by_centre: measure the error by every other centre mode, too.
        all_subjects: score MSRA's nine test splits together, each by the network in ``model``/P0 to P8, or
            by ``model`` itself where there is no such folder.
    """

    model: str | os.PathLike | None
    source: shards.Source
    report_dir: str | os.PathLike
    cache_dir: str | os.PathLike | None = None
    workers: int | None = None
    by_centre: bool = True
    all_subjects: bool = False

    def run(self) -> dict | None:
        """Writes the report and ``predictions.txt``.

        Returns the dict of ``report.json``. Where labels are hidden there is no report: ``submission.txt`` is
        written in its place, and the result is None. Raises InputError on a bad model or bad data.
        """
        dataset = registry.get(self.source.dataset)
        parts, splits = [], []
        for path, source in self._models():
            predictor = loading.load_predictor(path)
            _check_joints(predictor, dataset, path)
            source = dataclasses.replace(source, cubes_mm=(predictor.card.cube_mm,))
            whole = whole_frames.check(predictor, source.centre, path)
            splits.append(whole_frames.WholeFrames(source, source.open()) if whole else self._split(source))
            parts.append((self._predict_whole if whole else self._predict)(predictor, splits[-1]))
        predictions = Predictions.concatenate(parts)
        if not splits[0].labelled:
            names = [name for split in splits for name in split.names]
            reporting.write_predictions(predictions, dataset, self.report_dir, names)
            return None
        return reporting.write_report(
            predictions,
            pathlib.Path(self.model).resolve().name if self.all_subjects and self.model else predictor.name,
            dataset,
            self.source.centre,
            self.report_dir,
            predictor.card.selected_on,
            splits,
        )

    def _models(self):
        """(model's path, source) of each test split: one, or MSRA's nine."""
        if not self.all_subjects:
            yield self.model, self.source
            return
        for subject in range(len(msra.SUBJECTS)):
            path = None if self.model is None else pathlib.Path(self.model) / f"P{subject}"
            options = dataclasses.replace(self.source.options, test_subject=subject)
            model = path if path and path.is_dir() else self.model
            yield model, dataclasses.replace(self.source, options=options)

    def _split(self, source: shards.Source) -> evaluator.Split:
        cache_dir = self.cache_dir or f"{self.report_dir}/shards"
        return evaluator.Split(source, source.open(), cache_dir, self.workers)

    def _predict(self, predictor: loading.Predictor, split: evaluator.Split) -> Predictions:
        if predictor.network is None:
            outputs_of = evaluator.crop_function(lambda crop: predictor.call("crop", crop=crop)["joints"])
        else:
            outputs_of = evaluator.network_function(predictor.network)
        predictions = evaluator.predict(outputs_of, split.shard_set, predictor.card)
        if not self.by_centre:
            return predictions
        return evaluator.with_errors_by_centre(predictions, outputs_of, split, predictor.card)

    def _predict_whole(self, predictor, frames):
        predictions = whole_frames.predict(predictor, frames)
        if not self.by_centre:
            return predictions
        return whole_frames.with_errors_by_centre(predictions, predictor, frames)


def _check_joints(predictor, dataset, path):
    if len(predictor.card.joints) != len(dataset.skeleton):
        raise InputError(
            f"`dataset`={dataset.name}: has {len(dataset.skeleton)} joints, but {path or predictor.name} "
            f"gives {len(predictor.card.joints)} (trained on {predictor.card.dataset})"
        )


def find_data_dir(model: str | os.PathLike | None, dataset: str) -> str:
    """The synthetic data that a training run made for itself. Raises InputError where there are none."""
    data_dir = None if model is None else pathlib.Path(model) / "data"
    if data_dir is None or not data_dir.is_dir():
        raise InputError(f"`data_dir` is required for `dataset`={dataset}")
    return str(data_dir)
