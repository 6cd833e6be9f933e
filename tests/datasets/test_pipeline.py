import itertools

import numpy as np
import pytest
import tensorflow as tf

from datasets import augment, crops, pipeline, registry, shards, targets

TRAIN, TEST = 114, 15
MSRA = registry.get("msra").skeleton


@pytest.fixture(scope="module")
def sets(msra_root, tmp_path_factory):
    """part -> ShardSet; the training part lies in four shards."""
    cache_dir = tmp_path_factory.mktemp("shards")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "SHARD_FRAMES", 30)
        return {
            part: shards.prepare(shards.Source("msra", str(msra_root), part, "com", (175.0,)), cache_dir, 1)
            for part in ("train", "test")
        }


def training(sets, batch_size=16, seed=0, epoch=0, skip=0, **share):
    batches = pipeline.training_batches(sets["train"], 21, batch_size, seed, epoch, skip, **share)
    return [{key: value.numpy() for key, value in batch.items()} for batch in batches]


def order(batches):
    return [int(index) for batch in batches for index in batch["index"]]


def draws_by_index(batches):
    return {
        int(i): tuple(d) for batch in batches for i, d in zip(batch["index"], batch["draws"], strict=True)
    }


@pytest.mark.parametrize("batch_size", [1, 4, 15, 100])
def test_evaluation_gives_every_frame_once_in_file_order(sets, batch_size):
    batches = list(pipeline.evaluation_batches(sets["test"], 21, batch_size))
    sizes = [len(batch["index"]) for batch in batches]
    assert sizes[:-1] == [batch_size] * (len(sizes) - 1) and sum(sizes) == TEST
    assert order(batches) == list(range(TEST))


def test_evaluation_has_nothing_random(sets):
    first, second = (next(iter(pipeline.evaluation_batches(sets["test"], 21, 15))) for _ in range(2))
    assert "draws" not in first
    np.testing.assert_array_equal(first["crop"], second["crop"])


def test_a_batch_is_typed_as_described(sets):
    (batch, *_) = training(sets)
    assert {key: (value.shape, value.dtype.name) for key, value in batch.items()} == {
        "crop": ((16, 96, 96, 1), "float32"), "joints_mm": ((16, 21, 3), "float32"),
        "camera": ((16, 4), "float32"), "centre_mm": ((16, 3), "float32"), "cube_mm": ((16,), "float32"),
        "index": ((16,), "int64"), "valid": ((16,), "bool"), "draws": ((16, augment.DRAWS), "float32"),
    }  # fmt: skip
    assert -1 <= batch["crop"].min() < 0 and batch["crop"].max() == 1


def test_an_epoch_gives_no_frame_twice_and_leaves_only_the_tail(sets):
    found = order(training(sets))
    assert len(found) == TRAIN // 16 * 16 and len(set(found)) == len(found)
    assert set(found) <= set(sets["train"].indices)
    assert sorted(order(training(sets, batch_size=1))) == sorted(sets["train"].indices)


def test_the_order_is_fixed_by_seed_and_epoch(sets):
    runs = {(seed, epoch): order(training(sets, 1, seed, epoch)) for seed in (0, 7) for epoch in (0, 1)}
    for (seed, epoch), found in runs.items():
        assert order(training(sets, 1, seed, epoch)) == found
        assert np.mean(np.array(found) == np.sort(found)) < 0.2
    assert all(a != b for a, b in itertools.combinations(runs.values(), 2))


def test_the_order_of_a_single_shard_depends_on_the_seed_too(sets):
    alone = {"train": shards.ShardSet(sets["train"].paths[:1], sets["train"].indices[:30], (), None)}
    assert order(training(alone, 1, seed=1)) != order(training(alone, 1, seed=2))


def write_numbers(folder, count, frames):
    """Shards whose records are [shard, place in it] as bytes."""
    paths = [str(folder / f"{k}.tfrecord") for k in range(count)]
    for k, path in enumerate(paths):
        with tf.io.TFRecordWriter(path) as writer:
            for place in range(frames):
                writer.write(bytes([k, place]))
    return paths


def test_frames_in_a_row_come_from_many_shards_and_from_all_parts_of_them(tmp_path, monkeypatch):
    shard_count, frames = 60, 50
    monkeypatch.setattr(pipeline, "MAX_OPEN_SHARDS", 32)  # two rounds of 30
    monkeypatch.setattr(pipeline, "SHUFFLE_FRAMES", 300)
    monkeypatch.setattr(shards, "SHARD_FRAMES", frames)
    paths = write_numbers(tmp_path, shard_count, frames)
    records = pipeline._shuffled(paths, seed=1, epoch=2).as_numpy_iterator()
    found = np.array([tuple(record) for record in records])
    assert len(set(map(tuple, found))) == len(found) == shard_count * frames
    for first in (0, 700, 1700, 2700):
        row = found[first : first + 300]
        assert len(set(row[:, 0])) >= 28
        assert np.std(row[:, 1]) > frames / 5 and abs(np.mean(row[:, 1]) - frames / 2) < frames / 5


def test_a_shard_is_read_from_any_frame_on(tmp_path):
    (path,) = write_numbers(tmp_path, 1, 4)
    for first, places in ((0, [0, 1, 2, 3]), (3, [3, 0, 1, 2]), (9, [0, 1, 2, 3])):
        assert [record[1] for record in pipeline._read_from(path, first).as_numpy_iterator()] == places


@pytest.mark.parametrize("skip", [1, 3, 7])
def test_a_resumed_epoch_goes_on_with_the_very_same_batches(sets, skip):
    whole, rest = training(sets, seed=3, epoch=2), training(sets, seed=3, epoch=2, skip=skip)
    assert len(rest) == len(whole) - skip
    for expected, found in zip(whole[skip:], rest, strict=True):
        for key, value in expected.items():
            np.testing.assert_array_equal(found[key], value)


@pytest.mark.parametrize("skip", [0, 3])
@pytest.mark.parametrize("pipelines, replicas_each", [(1, 2), (2, 1), (2, 4), (3, 1), (4, 3)])
def test_a_step_has_the_same_frames_however_many_pipelines_share_it(sets, pipelines, replicas_each, skip):
    whole = training(sets, batch_size=24, skip=skip)
    assert len(whole) == TRAIN // 24 - skip
    shares = [
        training(sets, 24, skip=skip, pipelines=pipelines, index=i, replicas_each=replicas_each)
        for i in range(pipelines)
    ]
    assert {len(batch["index"]) for share in shares for batch in share} == {24 // pipelines // replicas_each}
    for k, batch in enumerate(whole):
        step = [part for share in shares for part in share[k * replicas_each : (k + 1) * replicas_each]]
        assert sorted(order(step)) == sorted(order([batch]))
        assert draws_by_index(step) == draws_by_index([batch])
    assert [len(share) for share in shares] == [len(whole) * replicas_each] * pipelines


def test_a_batch_that_cannot_be_shared_evenly_is_named(sets):
    with pytest.raises(ValueError, match="batch_size=16 is not divisible by 6 replicas"):
        training(sets, pipelines=2, replicas_each=3)


def test_a_share_has_a_static_batch_size(sets):
    batches = pipeline.training_batches(sets["train"], 21, 16, 0, 0, pipelines=2, replicas_each=2)
    assert batches.element_spec["crop"].shape == (4, 96, 96, 1)


def test_draws_depend_on_seed_epoch_and_frame_alone(sets):
    small = draws_by_index(training(sets, batch_size=1, seed=3, epoch=2))
    resumed = draws_by_index(training(sets, batch_size=16, seed=3, epoch=2, skip=3))
    assert len(set(small.values())) == TRAIN
    assert resumed == {index: small[index] for index in resumed} and len(resumed) == 64
    for seed, epoch in ((3, 3), (2, 2), (2, 3)):
        others = draws_by_index(training(sets, batch_size=1, seed=seed, epoch=epoch))
        assert not set(others.values()) & set(small.values())


def test_draws_are_uniform(sets):
    draws = np.concatenate([b["draws"] for epoch in range(5) for b in training(sets, epoch=epoch)])
    assert 0 < draws.min() < 0.02 and 0.98 < draws.max() < 1
    np.testing.assert_allclose(draws.mean(axis=0), np.full(augment.DRAWS, 0.5), atol=0.06)


def test_an_example_is_the_crop_and_the_targets_of_its_joints(sets):
    frames = next(iter(pipeline.evaluation_batches(sets["test"], 21, 8)))
    crop, target = pipeline.example(frames, MSRA)
    np.testing.assert_array_equal(crop, frames["crop"])
    place = crops.CropPlace.of(frames)
    joints = crops.normalise_joints(frames["joints_mm"], place)
    np.testing.assert_array_equal(targets.unflatten(target["hand"]), joints)
    expected = targets.encode_heatmaps(crops.joints_to_crop(frames["joints_mm"], place))
    np.testing.assert_array_equal(target["hand_heatmap"], expected)


def test_a_turned_example_has_the_targets_of_its_turned_picture(msra_root, tmp_path):
    source = shards.Source("msra", str(msra_root), "test", "com", (175.0,), angle="gt")
    turned = shards.prepare(source, tmp_path, 0)
    (frames,) = pipeline.training_batches(turned, 21, TEST, seed=0, epoch=0)
    assert frames["angle"].shape == (TEST,) and frames["angle"].dtype == tf.float32
    transform = augment.SAMPLERS["paper"](frames["draws"], frames["cube_mm"])
    place = augment.moved(crops.CropPlace.of(frames), transform)
    np.testing.assert_allclose(place.angle, frames["angle"] + transform["angle"])
    _, target = pipeline.example(frames, MSRA, augment.SAMPLERS["paper"])
    joints = crops.normalise_joints(frames["joints_mm"], place)
    np.testing.assert_allclose(targets.unflatten(target["hand"]), joints, atol=1e-4)
    heatmaps = targets.encode_heatmaps(crops.joints_to_crop(frames["joints_mm"], place))
    # A joint on the edge of two cells may fall to either.
    assert np.mean(np.abs(target["hand_heatmap"] - heatmaps) > 1e-4) < 0.001
    assert np.mean(heatmaps > 0) > 0.001


def test_an_example_is_the_same_on_the_host_and_in_the_compiled_step(sets):
    def step(frames):
        return pipeline.example(frames, MSRA, augment.SAMPLERS["paper"])

    batches = pipeline.training_batches(sets["train"], 21, 32, 0, 0).take(1)
    crop, target = next(iter(batches.map(step)))
    device_crop, device_target = tf.function(step, jit_compile=True)(next(iter(batches)))
    plain_crop, plain_target = pipeline.example(next(iter(batches)), MSRA)
    assert np.mean(np.abs(crop - device_crop) > 1e-4) < 0.001
    assert np.mean(np.abs(crop - plain_crop) > 1e-4) > 0.05
    for key in ("hand", "palm", "finger"):
        np.testing.assert_allclose(device_target[key], target[key], atol=1e-4)
        assert np.abs(plain_target[key] - target[key]).max() > 0.1
    # A joint on the edge of two cells may fall to either.
    assert np.mean(np.abs(device_target["hand_heatmap"] - target["hand_heatmap"]) > 1e-4) < 0.001
