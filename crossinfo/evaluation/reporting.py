"""What the evaluation of a network leaves: its report, ``predictions.txt`` and ``submission.txt``."""

import os
from collections.abc import Callable, Sequence

import numpy as np

from crossinfo import reports
from crossinfo.evaluation.predictions import Predictions
from crossinfo.evaluation.whole_frames import WholeFrames
from crossinfo.metrics import prediction_files
from datasets import crops, geometry
from datasets.records import Reader
from datasets.registry import Dataset
from datasets.visualization import cropped_frame, drawing


def write_report(
    predictions: Predictions,
    name: str,
    dataset: Dataset,
    centre: str,
    report_dir: str | os.PathLike,
    selected_on: str | None,
    splits: Sequence[WholeFrames],
) -> dict:
    """Writes a network's report and ``predictions.txt``; returns the dict of ``report.json``.

    Args:
        predictions: of all frames of ``splits``.
        name: what the report calls the network; "mean_pose" is taken, and gets an ending.
        dataset: whose frames they are.
        centre: the centre mode of ``predictions``.
        report_dir: path, made where it is missing.
        selected_on: what picked the network's best epoch, "validation" or "test"; None where unknown.
        splits: where the frames came from, one after the other.
    """
    name = "mean_pose_network" if name == "mean_pose" else name
    methods = {name: predictions.joints_mm}
    if predictions.mean_pose_mm is not None:
        methods["mean_pose"] = predictions.mean_pose_mm
    write_predictions(predictions, dataset, report_dir)
    results = reports.EvaluationResults(
        dataset,
        centre,
        predictions.truth_mm,
        methods,
        names=[frame for split in splits for frame in split.names],
        selected_on=selected_on,
        details={name: predictions.details},
        picture=frame_pictures(dataset, [(split.reader, split.indices) for split in splits]),
    )
    return reports.write(report_dir, results)


def frame_pictures(
    dataset: Dataset, frames: Sequence[tuple[Reader, Sequence[int]]]
) -> Callable[[int], reports.FramePicture]:
    """Function that draws a frame's crop for the report, by the frame's number among all.

    Args:
        dataset: whose frames they are.
        frames: readers with the indices of their frames, one after the other.
    """
    sources = [(reader, int(index)) for reader, indices in frames for index in indices]

    def picture(number):
        reader, index = sources[number]
        record = reader[index]
        place = cropped_frame.locate(dataset, record, "gt").place
        crop = crops.crop(record.depth_mm[None], place)[0].numpy()
        image, scale = drawing.enlarge(drawing.crop_picture(crop))

        def project(joints_mm):
            pixels = crops.joints_to_crop(np.float32(joints_mm)[None], place)[0, :, :2]
            return pixels.numpy() * scale + (scale - 1) / 2

        return reports.FramePicture(image, project)

    return picture


def write_predictions(
    predictions: Predictions,
    dataset: Dataset,
    report_dir: str | os.PathLike,
    names: Sequence[str] | None = None,
) -> None:
    """Writes ``predictions.txt`` in the field's ``uvd`` format; with names, ``submission.txt`` too.

    Args:
        predictions: of the frames to write; a frame without a hand is a row of zeros.
        dataset: whose frames they are.
        report_dir: path, made where it is missing.
        names: the frames' names, given where labels are hidden and the benchmark's own server scores.
    """
    joints_mm = predictions.joints_mm
    found = joints_mm[..., 2:] > 0
    # The camera that read the labels, so that pixels come back as they were published.
    camera = np.asarray(dataset.camera, np.float64)
    uvd = geometry.project(np.where(found, joints_mm, 1.0).astype(np.float64), camera)
    prediction_files.write(f"{report_dir}/predictions.txt", np.where(found, uvd, 0.0))
    if names is not None:
        dataset.submission(f"{report_dir}/submission.txt", names, joints_mm)
