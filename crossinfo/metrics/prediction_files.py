"""The field's text formats for labels and predictions, one line per frame.

``uvd``         ``u v d`` for each joint: pixels, pixels and mm, in the dataset's joint order, as
                awesome-hand-pose-estimation reads and writes them.
``xyz``         ``x y z`` for each joint in mm, in camera space: x right, z away from the camera, and y as in
                the dataset's own published files: up for NYU and MSRA, down for ICVL and HANDS 2017.
``submission``  HANDS 2017's: the picture's name and 63 numbers, y down, in the challenge's joint order.

Rows are in the order of the dataset's frame list. Where files follow different lists, as MSRA's two releases
do, frames are matched by name, never by row number. Joints in memory are in this project's axes, y down.
"""

import os
import pathlib
from collections.abc import Collection

import numpy as np

from datasets.errors import InputError
from datasets.geometry import unproject
from datasets.hands17 import TO_MSRA
from datasets.io import atomic, label_lines, tables
from datasets.registry import Dataset

FORMATS = ("uvd", "xyz", "submission")
Path = str | os.PathLike


def read(path: Path, joints: int, frames: int | None = None) -> np.ndarray:
    """Reads a text file with three numbers for each joint.

    Args:
        path: the file; blank lines at its end are accepted.
        joints: J, the number of joints that each line must have.
        frames: the number of rows that the file must have; None accepts any number above zero.

    Returns float64 [N, J, 3]. Raises InputError naming file and line on a wrong number of columns or
    rows, on text, NaN or infinity, and on an empty file.
    """
    lines = tables.read_lines(path)
    if not lines:
        raise InputError(f"{path}: the file is empty; expected one line of {3 * joints} numbers per frame")
    rows = tables.number_table(lines, 3 * joints, path).reshape(-1, joints, 3)
    if frames is not None:
        _check_rows(path, len(rows), frames)
    return rows


def write(path: Path, rows: np.ndarray) -> None:
    """Writes rows [N, J, 3] (pixel, pixel, mm) with four decimals, as published files have them; atomic."""
    rows = np.asarray(rows, np.float64)
    with atomic.atomic_write(path) as file:
        np.savetxt(file, rows.reshape(len(rows), -1), fmt="%.4f")


def write_xyz(path: Path, joints_mm: np.ndarray, dataset: Dataset) -> None:
    """Writes the ``xyz`` format; atomic.

    Args:
        path: the file.
        joints_mm: float [N, J, 3], y down.
        dataset: gives the axes of the file.
    """
    write(path, np.asarray(joints_mm, np.float64) * _axes(dataset))


def read_joints(path: Path, dataset: Dataset, format: str = "uvd") -> tuple[np.ndarray, list[str] | None]:
    """Reads labels or predictions.

    Args:
        path: the file.
        dataset: gives the joints, the metric's camera and the axes of files.
        format: one of ``FORMATS``.

    Returns:
        joints_mm: float64 [N, J, 3], y down.
        names: the N frames' names, or None where the format has none.

    Raises InputError naming the file and line.
    """
    if format == "submission":
        return _read_submission(path, dataset)
    rows = read(path, len(dataset.skeleton))
    if format == "uvd":
        return unproject(rows, np.asarray(dataset.metric_camera, np.float64)), None
    if format != "xyz":
        raise ValueError(f"expected a format of {FORMATS}. Received: {format!r}")
    _check_in_front(path, rows, range(1, len(rows) + 1))
    return rows * _axes(dataset), None


def read_methods(
    dataset: Dataset,
    labels: Path,
    predictions: Collection[Path],
    format: str = "uvd",
    label_names: Path | None = None,
    prediction_names: Path | None = None,
) -> tuple[np.ndarray, dict[str, np.ndarray], list[str] | None]:
    """Reads labels and the predictions of several methods for the same frames, all in one format.

    Args:
        dataset: gives the joints, the metric's camera and the axes of files.
        labels: file of the labels.
        predictions: files of the methods; a method is named as its file, without ``.txt``.
        format: one of ``FORMATS``. A submission's lines have names, so it takes no lists of them.
        label_names: file with the name of each labelled frame, one per line.
        prediction_names: the same for the rows of the predictions, where they are other frames or in
            another order. Frames without labels are left out.

    Returns:
        truth_mm: float64 [N, J, 3], y down.
        methods: {name: joints_mm float64 [N, J, 3]}.
        names: the N frames' names, or None where they are not known.

    Raises InputError naming file and line, or the first frame without a prediction and how many there are.
    """
    if prediction_names and not label_names:
        raise InputError(f"`prediction_names`={prediction_names}: goes only with `label_names`")
    if format == "submission" and label_names:
        raise InputError(f"`label_names`={label_names}: a submission's own lines have the frames' names")
    paths = method_names(predictions)
    truth_mm, names = read_joints(labels, dataset, format)
    if label_names:
        names = read_names(label_names, len(truth_mm))
    own_list = (prediction_names, read_names(prediction_names)) if prediction_names else None
    methods = {
        name: _aligned(path, dataset, format, len(truth_mm), names, own_list) for name, path in paths.items()
    }
    return truth_mm, methods, names


def method_names(predictions: Collection[Path]) -> dict[str, Path]:
    """{method's name: path}: a file's name without ``.txt``. Raises InputError if two are the same."""
    if not predictions:
        raise InputError("`predictions`: name at least one file")
    named = {}
    for path in predictions:
        name = pathlib.Path(path).name.removesuffix(".txt")
        if name in named:
            raise InputError(
                f"`predictions`: {named[name]} and {path} would both be called {name}; rename one"
            )
        named[name] = path
    return named


def read_names(path: Path, frames: int | None = None) -> list[str]:
    """Reads a list of different frame names, one per line: ``frames`` of them, or any number above zero.

    Raises InputError naming file and line.
    """
    names = [line.strip() for line in tables.read_lines(path)]
    if not names:
        raise InputError(f"{path}: the file is empty; expected one frame name per line")
    if "" in names:
        raise InputError(f"{path}, line {names.index('') + 1}: expected a frame's name, found a blank line")
    _check_different(path, names, range(1, len(names) + 1))
    if frames is not None:
        _check_rows(path, len(names), frames)
    return names


def _aligned(path, dataset, format, frames, names, own_list):
    """A method's joints for the labelled frames. ``own_list``: None, or (path, names) of its rows."""
    joints_mm, own_names = read_joints(path, dataset, format)
    if own_names is not None:
        return joints_mm[_rows_of(names, own_names, path)]
    if own_list is not None:
        list_path, listed_names = own_list
        _check_rows(path, len(joints_mm), len(listed_names))
        return joints_mm[_rows_of(names, listed_names, list_path)]
    hint = "; where the rows follow another list, give `label_names` and `prediction_names`"
    _check_rows(path, len(joints_mm), frames, hint)
    return joints_mm


def _rows_of(names, predicted_names, path):
    """The row of each of ``names`` in ``predicted_names``."""
    rows = {name: row for row, name in enumerate(predicted_names)}
    missing = [name for name in names if name not in rows]
    if missing:
        raise InputError(
            f"{path}: no row for the frame {missing[0]}; {len(missing)} of {len(names)} frames are missing"
        )
    return [rows[name] for name in names]


def _read_submission(path, dataset):
    if dataset.submission is None:
        raise InputError(f"{path}: submission is HANDS 2017's format; use uvd or xyz for {dataset.name}")
    parts = list(label_lines.read(path, 3 * len(dataset.skeleton)))
    names, lines = ([x for part in parts for x in getattr(part, key)] for key in ("names", "lines"))
    if not names:
        raise InputError(f"{path}: the file is empty; expected a name and 63 numbers per frame")
    rows = np.concatenate([part.table for part in parts]).reshape(len(names), -1, 3)
    _check_different(path, names, lines)
    _check_in_front(path, rows, lines)
    return rows[:, TO_MSRA], names


def _axes(dataset):
    return np.array([1.0, -1.0 if dataset.files_y_up else 1.0, 1.0])


def _check_rows(path, rows, expected, hint=""):
    if rows != expected:
        raise InputError(f"{path}: expected {expected} rows, one per frame, found {rows}{hint}")


def _check_in_front(path, joints_mm, lines):
    """Raises InputError where z is negative; zeros, which stand for a hand that was not found, pass."""
    behind = np.flatnonzero((joints_mm[..., 2] < 0).any(axis=1))
    if len(behind):
        raise InputError(
            f"{path}, line {lines[behind[0]]}: a joint lies behind the camera; z must point away from it"
        )


def _check_different(path, names, lines):
    first = {}
    for name, line in zip(names, lines, strict=True):
        if first.setdefault(name, line) != line:
            raise InputError(f"{path}, line {line}: the frame {name} is already in line {first[name]}")
