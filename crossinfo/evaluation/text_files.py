"""Scores text files of predictions against labels; no network, and no TensorFlow unless frames are drawn."""

import dataclasses
import os
from collections.abc import Sequence

from crossinfo import reports
from crossinfo.metrics import angles, prediction_files
from datasets import registry, runtime
from datasets.errors import InputError


@dataclasses.dataclass(frozen=True)
class FileEvaluation:
    """Files to score, in one of the field's formats, and where the report goes.

    Args:
        dataset: name in the registry.
        labels: path of the labels.
        predictions: paths of the predictions, one for each method.
        report_dir: folder of the report, made where it is missing.
        format: one of ``prediction_files.FORMATS``.
        label_names: path of a list of the labels' frame names, or None.
        prediction_names: path of a list of the predictions' frame names, or None.
        angles: path of a file of yaw and pitch for each frame; None takes them from the labels.
        centre: what the report says about the hand's centre; None says "unknown".
        data_dir: the dataset's root, to draw poses on its test frames; None draws them alone.
        options: how the dataset's test split is read.
    """

    dataset: str
    labels: str | os.PathLike
    predictions: Sequence[str | os.PathLike]
    report_dir: str | os.PathLike
    format: str = "uvd"
    label_names: str | os.PathLike | None = None
    prediction_names: str | os.PathLike | None = None
    angles: str | os.PathLike | None = None
    centre: str | None = None
    data_dir: str | os.PathLike | None = None
    options: registry.ReaderOptions = dataclasses.field(default_factory=registry.ReaderOptions)

    def run(self) -> dict:
        """Writes the report; returns the dict of ``report.json``. Raises InputError naming file and line."""
        dataset = registry.get(self.dataset)
        truth_mm, methods, names = prediction_files.read_methods(
            dataset, self.labels, self.predictions, self.format, self.label_names, self.prediction_names
        )
        frames = len(truth_mm)
        results = reports.EvaluationResults(
            dataset,
            # The files do not say where their authors took the hand to be.
            self.centre or "unknown",
            truth_mm,
            methods,
            names,
            angles_deg=angles.read(self.angles, frames) if self.angles else None,
            picture=self._pictures(dataset, frames) if self.data_dir else None,
        )
        return reports.write(self.report_dir, results)

    def _pictures(self, dataset, frames):
        """Function that draws the dataset's test frames, which must be those of the labels."""
        reader = dataset.open(self.data_dir, "test", self.options)
        if len(reader) != frames:
            raise InputError(
                f"`data_dir`={self.data_dir}: {len(reader)} test frames, but {frames} rows in {self.labels}"
            )
        runtime.import_tensorflow()
        from crossinfo.evaluation import reporting

        return reporting.frame_pictures(dataset, [(reader, range(frames))])
