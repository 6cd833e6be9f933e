"""The files of one shard set, which several processes on several hosts may fill at the same time.

A shard is a TFRecord file, written under a name of its own and renamed when whole. Its small JSON file,
written last, marks it as done. There are no locks, which a killed process would leave behind: two processes
that make the same shard make the same bytes.
"""

import json
import os
import pathlib
import time
from collections.abc import Sequence
from typing import Any

from datasets.errors import InputError
from datasets.io import atomic

STALE_SECONDS = 24 * 3600


def shard_path(folder: pathlib.Path, number: int) -> pathlib.Path:
    """The TFRecord file of one shard."""
    return folder / f"{number:05d}.tfrecord"


def done_path(folder: pathlib.Path, number: int) -> pathlib.Path:
    """The JSON file that marks a shard as done."""
    return shard_path(folder, number).with_suffix(".json")


def is_done(folder: pathlib.Path, number: int) -> bool:
    """Whether a shard and its done-file are there and whole; what is damaged or cut off is made again."""
    try:
        return done(folder, number)["bytes"] == shard_path(folder, number).stat().st_size
    except (OSError, ValueError, KeyError, TypeError):
        return False


def done(folder: pathlib.Path, number: int) -> dict[str, Any]:
    """The content of a shard's done-file."""
    return json.loads(done_path(folder, number).read_text(encoding="utf-8"))


def write(folder: pathlib.Path, number: int, examples: Sequence[bytes], about: dict[str, Any]) -> None:
    """Writes a shard and its done-file, unless another process has done so meanwhile.

    Args:
        folder: path of the shard set.
        number: int.
        examples: one serialised frame each.
        about: dict. Content of the done-file, beside the shard's size.

    Raises InputError where they cannot be written.
    """
    import tensorflow as tf

    path = shard_path(folder, number)
    unfinished = atomic.temporary(path)
    try:
        with tf.io.TFRecordWriter(str(unfinished)) as writer:
            for example in examples:
                writer.write(example)
        if is_done(folder, number):
            return
        size = unfinished.stat().st_size
        os.replace(unfinished, path)
    except tf.errors.OpError as error:
        raise InputError(f"{folder}: cannot write shards: {error.message}") from None
    finally:
        unfinished.unlink(missing_ok=True)
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


def remove_stale(folder: pathlib.Path) -> None:
    """Removes temporary files that are a day old, left by killed runs; younger ones may still be growing."""
    for path in folder.glob("*.tmp"):
        try:
            if time.time() - path.stat().st_mtime > STALE_SECONDS:
                path.unlink()
        except FileNotFoundError:  # another process was first
            continue
