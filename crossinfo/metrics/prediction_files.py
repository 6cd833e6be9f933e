"""The field's text formats for labels and predictions, one frame a line.

``uvd``         ``u v d`` a joint: pixels, pixels and mm, in the dataset's joint order, as read and written
                by awesome-hand-pose-estimation.
``xyz``         ``x y z`` a joint in mm, in camera space: x right, z away from the camera, and y as in the
                dataset's own published files: up for NYU and MSRA, down for ICVL and HANDS 2017.
``submission``  HANDS 2017's: a picture's name and 63 numbers, y down, joints in the challenge's order.

Rows are in the order of the dataset's frame list. Where files follow different lists, as MSRA's two releases
do, frames are matched by name, never by row number. Joints in memory are in this project's axes, y down.
"""

import pathlib

import numpy as np

from datasets.errors import InputError
from datasets.geometry import unproject
from datasets.io import atomic, label_lines, tables

FORMATS = ("uvd", "xyz", "submission")


def read(path, joints, frames=None):
    """Reads a text file of three numbers a joint.

    Args:
        path: path.
        joints: int. J, the joints a line must have.
        frames: int or None. The rows the file must have; None takes any number above zero.

    Returns float64 [N, J, 3]. Raises InputError naming file and line on a wrong number of columns or
    rows, on text, NaN or infinity, and on an empty file. Blank lines at the end are accepted.
    """
    lines = tables.read_lines(path)
    if not lines:
        raise InputError(f"{path}: the file is empty; expected one line of {3 * joints} numbers a frame")
    rows = tables.number_table(lines, 3 * joints, path).reshape(-1, joints, 3)
    if frames is not None:
        _check_rows(path, len(rows), frames)
    return rows


def write(path, rows):
    """Writes rows [N, J, 3] (pixel, pixel, mm) with four decimals, as the published files have; atomic."""
    rows = np.asarray(rows, np.float64)
    with atomic.atomic_write(path) as file:
        np.savetxt(file, rows.reshape(len(rows), -1), fmt="%.4f")


def write_xyz(path, joints_mm, dataset):
    """Writes joints [N, J, 3] in mm, y down, as ``xyz`` in the axes of a dataset's files; atomic."""
    write(path, np.asarray(joints_mm, np.float64) * _axes(dataset))


def read_joints(path, dataset, format="uvd"):
    """Reads labels or predictions.

    Args:
        path: path.
        dataset: registry.Dataset. Gives joints, the metric's camera and axes.
        format: one of ``FORMATS``.

    Returns (joints_mm float64 [N, J, 3], y down; names, a list of N, or None where the format has none).
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
    dataset, labels_path, prediction_paths, format="uvd", names_path=None, prediction_names_path=None
):
    """Reads labels and the predictions of several methods for the same frames, all in one format.

    Args:
        dataset: registry.Dataset.
        labels_path: path.
        prediction_paths: paths. A method's name is its file's, without ``.txt``.
        format: one of ``FORMATS``. A submission has its frames' names in it, and takes no lists.
        names_path: path or None. The names of the labels' frames, one a line.
        prediction_names_path: path or None. Those of the predictions' rows, where they are others or in
            another order; frames without labels are left out.

    Returns (truth_mm float64 [N, J, 3], {name: joints_mm float64 [N, J, 3]}, names: list of N or None).
    Raises InputError naming file and line, or the first frame that has no prediction and their number.
    """
    if prediction_names_path and not names_path:
        raise InputError(f"{prediction_names_path}: a list for the predictions goes with one for the labels")
    if format == "submission" and names_path:
        raise InputError(f"{names_path}: a submission's lines have names; it takes no list of them")
    paths = method_names(prediction_paths)
    truth_mm, names = read_joints(labels_path, dataset, format)
    if names_path:
        names = read_names(names_path, len(truth_mm))
    listed = (prediction_names_path, prediction_names_path and read_names(prediction_names_path))
    methods = {
        name: _aligned(path, dataset, format, len(truth_mm), names, listed) for name, path in paths.items()
    }
    return truth_mm, methods, names


def method_names(paths):
    """{method's name: path}: a file's name without ``.txt``. Raises InputError if two are the same."""
    if not paths:
        raise InputError("--predictions: name at least one file")
    named = {}
    for path in paths:
        name = pathlib.Path(path).name.removesuffix(".txt")
        if name in named:
            raise InputError(
                f"--predictions: {named[name]} and {path} would both be called {name}; rename one"
            )
        named[name] = path
    return named


def read_names(path, frames=None):
    """Reads a list of frame names, one a line, all different; ``frames`` of them, or any number above zero.

    Returns a list. Raises InputError naming file and line.
    """
    names = [line.strip() for line in tables.read_lines(path)]
    if not names:
        raise InputError(f"{path}: the file is empty; expected one frame's name a line")
    if "" in names:
        raise InputError(f"{path}, line {names.index('') + 1}: expected a frame's name, found a blank line")
    _check_different(path, names, range(1, len(names) + 1))
    if frames is not None:
        _check_rows(path, len(names), frames)
    return names


def _aligned(path, dataset, format, frames, names, listed):
    """A method's joints for the labels' frames. ``listed``: path and content of the predictions' own list."""
    joints_mm, own_names = read_joints(path, dataset, format)
    list_path, listed_names = listed
    if listed_names:
        _check_rows(path, len(joints_mm), len(listed_names))
    elif own_names is None:
        hint = "; for rows of another list name both lists: --label_names, --prediction_names"
        _check_rows(path, len(joints_mm), frames, hint)
        return joints_mm
    return joints_mm[_rows_of(names, own_names or listed_names, list_path or path)]


def _rows_of(names, found, path):
    """Where each of ``names`` stands in ``found``."""
    rows = {name: row for row, name in enumerate(found)}
    missing = [name for name in names if name not in rows]
    if missing:
        raise InputError(
            f"{path}: no row for the frame {missing[0]}; {len(missing)} of {len(names)} frames are missing"
        )
    return [rows[name] for name in names]


def _read_submission(path, dataset):
    if dataset.submission is None:
        raise InputError(f"{path}: a submission is HANDS 2017's format; for {dataset.name} take uvd or xyz")
    from datasets.hands17 import TO_MSRA

    parts = list(label_lines.read(path, 3 * len(dataset.skeleton)))
    names, lines = ([x for part in parts for x in getattr(part, key)] for key in ("names", "lines"))
    if not names:
        raise InputError(f"{path}: the file is empty; expected a name and 63 numbers a frame")
    rows = np.concatenate([part.table for part in parts]).reshape(len(names), -1, 3)
    _check_different(path, names, lines)
    _check_in_front(path, rows, lines)
    return rows[:, TO_MSRA], names


def _axes(dataset):
    return np.array([1.0, -1.0 if dataset.files_y_up else 1.0, 1.0])


def _check_rows(path, found, expected, hint=""):
    if found != expected:
        raise InputError(f"{path}: expected {expected} rows, one a frame, found {found}{hint}")


def _check_in_front(path, joints_mm, lines):
    """Zeros, for frames in which no hand was found, pass."""
    behind = np.flatnonzero((joints_mm[..., 2] < 0).any(axis=1))
    if len(behind):
        raise InputError(
            f"{path}, line {lines[behind[0]]}: a joint lies behind the camera; z must point away from it"
        )


def _check_different(path, names, lines):
    first = {}
    for name, line in zip(names, lines, strict=True):
        if first.setdefault(name, line) != line:
            raise InputError(f"{path}, line {line}: the frame {name} stands in line {first[name]} already")
