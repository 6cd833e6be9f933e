"""The files of one shard set, which several processes on several hosts may fill at the same time.

A shard is a TFRecord file, written under a name of its own and renamed when whole. Its small JSON file,
written last, marks it as done. There are no locks, which a killed process would leave behind: two processes
that make the same shard make the same bytes.
"""

import json
import os
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from datasets.errors import InputError
from datasets.io import atomic, json_files, tables

Check = Callable[[dict[str, Any]], None]


def shard_path(folder: pathlib.Path, number: int) -> pathlib.Path:
    """The TFRecord file of one shard."""
    return folder / f"{number:05d}.tfrecord"


def done_path(folder: pathlib.Path, number: int) -> pathlib.Path:
    """The JSON file that marks a shard as done."""
    return shard_path(folder, number).with_suffix(".json")


def is_done(folder: pathlib.Path, number: int, check: Check | None = None) -> bool:
    """Whether a shard and its done-file are there and whole; what is damaged or cut off is made again.

    ``folder``, ``number`` and ``check`` are as in ``done``.
    """
    try:
        return done(folder, number, check)["bytes"] == shard_path(folder, number).stat().st_size
    except (OSError, ValueError, KeyError, TypeError):
        return False


def done(folder: pathlib.Path, number: int, check: Check | None = None) -> dict[str, Any]:
    """The content of a shard's done-file.

    Args:
        folder: path of the shard set.
        number: int.
        check: function of the content that raises ValueError, KeyError or TypeError where it cannot be right.
    """
    about = json_files.read_object(done_path(folder, number))
    if check is not None:
        check(about)
    return about


def frames_check(indices: np.ndarray, joints: int) -> Check:
    """The check of a done-file whose frames are some of ``indices``, in their order, with so many joints.

    Its content is {"indices": [int], "skipped": [[name, reason]], "pose_sum": [[x, y, z]]}.
    """

    def check(about):
        kept, skipped = about["indices"], about["skipped"]
        if kept != [index for index in indices.tolist() if index in set(kept)]:
            raise ValueError("other frames")
        if [len(pair) for pair in skipped] != [2] * (len(indices) - len(kept)):
            raise ValueError("some frames are neither kept nor skipped")
        if not all(isinstance(text, str) for pair in skipped for text in pair):
            raise TypeError("a name or a reason is no text")
        pose_sum = np.array(about["pose_sum"], np.float64)
        if kept and not (pose_sum.shape == (joints, 3) and tables.within_bounds(pose_sum).all()):
            raise ValueError("no pose")

    return check


def write(
    folder: pathlib.Path,
    number: int,
    examples: Sequence[bytes],
    about: dict[str, Any],
    check: Check | None = None,
) -> None:
    """Writes a shard and its done-file, unless another process has done so meanwhile.

    Args:
        folder: path of the shard set.
        number: int.
        examples: one serialised frame each.
        about: dict. Content of the done-file, beside the shard's size.
        check: as in ``done``.

    Raises InputError where they cannot be written.
    """
    import tensorflow as tf

    path = shard_path(folder, number)
    with atomic.unfinished(path) as unfinished:
        try:
            with tf.io.TFRecordWriter(str(unfinished)) as writer:
                for example in examples:
                    writer.write(example)
        except tf.errors.OpError as error:
            raise InputError(f"{folder}: cannot write shards: {error.message}") from None
        if is_done(folder, number, check):
            return
        size = unfinished.stat().st_size
        os.replace(unfinished, path)
    with atomic.atomic_write(done_path(folder, number)) as file:
        json.dump({**about, "bytes": size}, file)


def remove(path: pathlib.Path) -> None:
    """Removes a shard, its done-file first, so that the set is not taken for whole."""
    path.with_suffix(".json").unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def is_whole(path: pathlib.Path) -> bool:
    """Whether every record of a shard can be read and matches its checksum."""
    import tensorflow as tf

    try:
        tf.data.TFRecordDataset(str(path)).reduce(0, lambda count, record: count + 1)
    except (tf.errors.DataLossError, tf.errors.NotFoundError):
        return False
    return True
