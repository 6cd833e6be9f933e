"""Shard sets that somebody altered: their frames, and the files that call them done."""

import json
import pathlib

import numpy as np
import pytest
import tensorflow as tf

from datasets import pipeline, shards
from datasets.errors import InputError


@pytest.fixture
def source(msra_root):
    return shards.Source("msra", str(msra_root), "test", "com", (175.0,))


@pytest.fixture
def shard_set(source, tmp_path):
    shards._opened.cache_clear()
    return shards.prepare(source, tmp_path, 0)


def rewrite(path, change):
    """Writes a shard anew, with right checksums; ``change`` alters the features of its fourth frame."""
    records = [record.numpy() for record in tf.data.TFRecordDataset(str(path))]
    example = tf.train.Example.FromString(records[3])
    change(example.features.feature)
    records[3] = example.SerializeToString()
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)


def floats(name, *values):
    """A change of a feature's numbers."""

    def change(feature):
        feature[name].float_list.value[:] = values

    return change


def half_a_crop(feature):
    feature["crop"].bytes_list.value[0] = feature["crop"].bytes_list.value[0][:-2]


def no_crop(feature):
    del feature["crop"]


@pytest.mark.parametrize(
    "change",
    [
        floats("joints_mm", *[float("nan")] * 63), floats("joints_mm", *[1e30] * 63),
        floats("joints_mm", *[1.0] * 60), floats("cube_mm", 0.0), floats("cube_mm", -175.0),
        floats("camera", 0.0, 241.0, 160.0, 120.0), floats("centre_mm", 0.0, 0.0, 0.0),
        floats("centre_mm", 0.0, 0.0, float("inf")), half_a_crop, no_crop,
    ],
)  # fmt: skip
def test_a_frame_that_cannot_be_right_is_named_with_its_shard_and_made_again(
    source, shard_set, tmp_path, change
):
    (path,) = map(pathlib.Path, shard_set.paths)
    before = path.read_bytes()
    rewrite(path, change)
    with pytest.raises(InputError, match=f"^{path}: the shard is damaged and was removed; run"):
        list(pipeline.evaluation_batches(shard_set, 21, 8))
    assert not path.exists()
    assert pathlib.Path(shards.prepare(source, tmp_path, 0).paths[0]).read_bytes() == before


def test_an_error_of_ours_is_not_called_damage(shard_set):
    with pytest.raises(tf.errors.InvalidArgumentError), pipeline.damage_reported(shard_set):
        raise tf.errors.InvalidArgumentError(None, None, "bug")
    assert pathlib.Path(shard_set.paths[0]).exists()


@pytest.mark.parametrize(
    "change",
    [
        {"indices": None}, {"indices": "0"}, {"indices": list(range(1, 16))}, {"indices": [0.5] * 15},
        {"indices": [[0]] * 15}, {"skipped": [["a"]]}, {"skipped": [["a", 3]]}, {"skipped": 1},
        {"skipped": [["a", "b"]]}, {"pose_sum": [1, 2]}, {"pose_sum": [[float("nan")] * 3] * 21},
        {"pose_sum": [[1e300] * 3] * 21}, {"pose_sum": "a"}, {"pose_sum": None},
    ],
)  # fmt: skip
def test_an_altered_done_file_is_made_again(source, shard_set, tmp_path, change):
    done = pathlib.Path(shard_set.paths[0]).with_suffix(".json")
    content = done.read_text()
    done.write_text(json.dumps({**json.loads(content), **change}))
    again = shards.prepare(source, tmp_path, 0)
    assert done.read_text() == content
    np.testing.assert_array_equal(again.indices, shard_set.indices)


@pytest.mark.parametrize("content", ["", "[]", "3", "[" * 100_000, "{}", "\udcff"])
def test_a_done_file_of_another_kind_is_made_again(source, shard_set, tmp_path, content):
    done = pathlib.Path(shard_set.paths[0]).with_suffix(".json")
    before = done.read_text()
    done.write_bytes(content.encode(errors="surrogateescape"))
    shards.prepare(source, tmp_path, 0)
    assert done.read_text() == before


def test_the_data_digest_knows_labels_and_pictures_and_no_settings(source, msra_root):
    from datasets.msra import MsraReader

    class Other(MsraReader):
        def read_depth(self, index):
            return super().read_depth(index) + (index == 14)

    first = shards.data_digest(source, source.open())
    assert first == shards.data_digest(
        shards.Source("msra", "elsewhere", "test", "gt", (100.0,)), source.open()
    )
    moved, renamed = source.open(), source.open()
    moved.joints_mm = moved.joints_mm + np.float32(0.01)
    renamed.names = [*renamed.names[:-1], "P0/9/000099_depth.bin"]
    renamed.read_depth = lambda index: source.open().read_depth(index)
    others = [shards.data_digest(source, reader) for reader in (moved, renamed, Other(msra_root, "test"))]
    assert len({first, *others}) == 4
