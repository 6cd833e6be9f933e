import dataclasses
import json
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from datasets import centres, crops, pipeline, shards
from datasets.errors import InputError
from datasets.io import tables
from datasets.msra import MsraReader

ROOT = pathlib.Path(__file__).parents[2]
TRAIN, HELD_OUT, TEST = 114, 6, 15  # of the 135 frames of ``msra_root``


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    """Three shards for the training part; a reader of another test's data is not kept."""
    monkeypatch.setattr(shards, "SHARD_FRAMES", 40)
    shards._opened.cache_clear()


def source_of(root, part="train", **changes):
    source = shards.Source("msra", str(root), part, "com", (175.0,))
    return dataclasses.replace(source, **changes)


def prepare(source, cache_dir, workers=0):
    return shards.prepare(source, cache_dir, workers)


@pytest.fixture
def own_root(msra_root, tmp_path):
    """A tree that a test may damage."""
    return pathlib.Path(shutil.copytree(msra_root, tmp_path / "own"))


def frames_of(shard_set):
    """Every frame as one dict of arrays."""
    batch = next(iter(pipeline.evaluation_batches(shard_set, 21, 1000)))
    return {key: value.numpy() for key, value in batch.items()}


def content(shard_set):
    return [pathlib.Path(path).read_bytes() for path in shard_set.paths]


def damage(root, name):
    path = root / name
    path.write_bytes(path.read_bytes()[:-1])


def test_a_frame_in_a_shard_is_the_frame_cropped(msra_root, tmp_path):
    source = source_of(msra_root, "test")
    frames, reader = frames_of(prepare(source, tmp_path)), MsraReader(msra_root, "test")
    assert frames["index"].tolist() == list(range(TEST)) and frames["valid"].all()
    record = reader[9]
    camera, cube_mm = np.asarray(record.camera)[None], np.float32([175])
    centre_mm, _ = centres.mass(record.depth_mm[None], camera, cube_mm)
    np.testing.assert_allclose(frames["centre_mm"][9], centre_mm[0], atol=1e-3)
    place = crops.CropPlace(frames["centre_mm"][9:10], camera, cube_mm)
    expected = crops.crop(record.depth_mm[None], place)[0]
    np.testing.assert_allclose(frames["crop"][9], expected, atol=2 / shards.DEPTH_STEPS)
    np.testing.assert_array_equal(frames["joints_mm"][9], record.joints_mm)
    np.testing.assert_array_equal(frames["camera"][9], camera[0])
    assert frames["cube_mm"][9] == 175


def test_a_turned_set_holds_upright_crops_their_angles_and_the_joints_as_they_are(msra_root, tmp_path):
    sources = [source_of(msra_root, "test", centre="gt", angle=angle) for angle in (None, "gt")]
    plain, turned = (prepare(source, tmp_path) for source in sources)
    assert (plain.turned, turned.turned) == (False, True) and not set(plain.paths) & set(turned.paths)
    frames, reader = frames_of(turned), MsraReader(msra_root, "test")
    assert "angle" not in frames_of(plain)
    np.testing.assert_array_equal(frames["joints_mm"], reader.joints_mm)
    expected = crops.upright_angle(reader.joints_mm, np.asarray(reader.camera)[None], wrist=0, middle_root=5)
    np.testing.assert_allclose(frames["angle"], expected, atol=1e-5)
    assert np.abs(frames["angle"]).max() > 0.1
    place = crops.CropPlace.of(frames)
    crop = crops.crop(np.stack([record.depth_mm for record in reader]), place)
    np.testing.assert_allclose(frames["crop"], crop, atol=2 / shards.DEPTH_STEPS)
    joints = np.asarray(crops.normalise_joints(frames["joints_mm"], place))
    np.testing.assert_allclose(turned.mean_pose, joints.mean(axis=0), atol=1e-5)


def test_ground_truth_centres_only_when_asked_for(msra_root, tmp_path):
    truth = MsraReader(msra_root, "test").joints_mm.mean(axis=1)
    found = {c: frames_of(prepare(source_of(msra_root, "test", centre=c), tmp_path)) for c in ("gt", "com")}
    np.testing.assert_allclose(found["gt"]["centre_mm"], truth, rtol=1e-6)
    assert np.abs(found["com"]["centre_mm"] - truth).max() > 1


def test_train_and_validation_are_disjoint_and_cover_the_split(msra_root, tmp_path):
    parts = [prepare(source_of(msra_root, part), tmp_path).indices for part in ("train", "validation")]
    assert [len(part) for part in parts] == [TRAIN, HELD_OUT]
    assert sorted(np.concatenate(parts)) == list(range(TRAIN + HELD_OUT))


def test_a_training_frame_takes_one_of_the_cubes_for_good(msra_root, tmp_path):
    cubes = (150.0, 160.0, 170.0)
    whole = frames_of(prepare(source_of(msra_root, cubes_mm=cubes), tmp_path))
    some = frames_of(prepare(source_of(msra_root, cubes_mm=cubes, max_frames=10), tmp_path))
    assert set(whole["cube_mm"]) == set(cubes)
    by_index = dict(zip(whole["index"], whole["cube_mm"], strict=True))
    assert [by_index[index] for index in some["index"]] == some["cube_mm"].tolist()


def test_the_mean_pose_is_the_mean_of_the_normalised_joints(msra_root, tmp_path):
    shard_set = prepare(source_of(msra_root), tmp_path)
    frames = frames_of(shard_set)
    joints = crops.normalise_joints(frames["joints_mm"], crops.CropPlace.of(frames))
    np.testing.assert_allclose(shard_set.mean_pose, joints.mean(axis=0), atol=1e-5)


def test_a_finished_set_is_used_as_it_is(msra_root, tmp_path, monkeypatch):
    source = source_of(msra_root)
    first = prepare(source, tmp_path)
    monkeypatch.setattr(shards, "_write_shard", None)
    again = prepare(source, tmp_path)
    assert again.paths == first.paths and len(first.paths) == 3
    np.testing.assert_array_equal(again.indices, first.indices)
    np.testing.assert_array_equal(again.mean_pose, first.mean_pose)


@pytest.mark.parametrize("lost", ["00001.json", "00001.tfrecord"])
def test_a_killed_run_goes_on_where_it_stopped(msra_root, tmp_path, lost):
    source = source_of(msra_root)
    shard_set = prepare(source, tmp_path)
    before, folder = content(shard_set), pathlib.Path(shard_set.paths[0]).parent
    (folder / "00001.tfrecord").write_bytes(before[1][:500])
    (folder / lost).unlink()
    finished = (folder / "00000.tfrecord").stat().st_mtime_ns
    again = prepare(source, tmp_path)
    assert content(again) == before
    assert (folder / "00000.tfrecord").stat().st_mtime_ns == finished


def test_processes_that_fill_one_set_at_the_same_time_end_with_the_same_whole_set(msra_root, tmp_path):
    code = f"""if True:
        import pathlib, sys, time
        from datasets import runtime, shards
        runtime.import_tensorflow()
        shards.SHARD_FRAMES = 3
        here = pathlib.Path({str(tmp_path)!r})
        (here / f"ready-{{sys.argv[1]}}").touch()
        while len(list(here.glob("ready-*"))) < 2:
            time.sleep(0.01)
        source = shards.Source("msra", {str(msra_root)!r}, "train", "com", (175.0,))
        shard_set = shards.prepare(source, here / "cache", 0)
        print(shard_set.paths, shard_set.indices.tolist(), shard_set.mean_pose.tolist())"""
    both = [
        subprocess.Popen([sys.executable, "-c", code, name], stdout=subprocess.PIPE, text=True, cwd=ROOT)
        for name in "ab"
    ]
    said = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert said[0] == said[1] and str(tmp_path) in said[0]
    shards.SHARD_FRAMES = 3  # as ``small_shards`` found it, it is put back
    alone = prepare(source_of(msra_root), tmp_path / "alone")
    together = prepare(source_of(msra_root), tmp_path / "cache")
    assert content(together) == content(alone) and len(alone.paths) == TRAIN // 3
    assert {path.suffix for path in (tmp_path / "cache").rglob("*.*")} == {".json", ".tfrecord"}


def test_a_shard_that_another_process_made_meanwhile_is_not_made_again(msra_root, tmp_path, monkeypatch):
    shard_set = prepare(source_of(msra_root), tmp_path)
    monkeypatch.setattr(shards, "_opened", None)
    folder = pathlib.Path(shard_set.paths[0]).parent
    assert shards._write_shard(source_of(msra_root), folder, 1, shard_set.indices[40:80]) == 40


def test_each_process_makes_the_missing_shards_in_an_order_of_its_own(msra_root, tmp_path, monkeypatch):
    orders = [[], []]
    monkeypatch.setattr(shards, "SHARD_FRAMES", 4)
    monkeypatch.setattr(shards, "_collect", lambda *args: None)
    for made in orders:
        monkeypatch.setattr(shards, "_write_shard", lambda *job, made=made: made.append(job[2]) or 0)
        prepare(source_of(msra_root), tmp_path)
    assert orders[0] != orders[1] and sorted(orders[0]) == sorted(orders[1]) == list(range(29))


def flip(path):
    """Damages a shard in its middle; its size stays."""
    content = bytearray(pathlib.Path(path).read_bytes())
    content[len(content) // 2] ^= 8
    pathlib.Path(path).write_bytes(content)


def test_an_evaluation_names_the_damaged_shard_and_the_next_run_makes_it_again(msra_root, tmp_path):
    shard_set = prepare(source_of(msra_root), tmp_path)
    before = content(shard_set)
    flip(shard_set.paths[1])
    again = prepare(source_of(msra_root), tmp_path)  # whose look at the sizes finds nothing
    with pytest.raises(InputError, match=f"^{shard_set.paths[1]}: the shard is damaged and was removed; run"):
        list(pipeline.evaluation_batches(again, 21, 16))
    assert [pathlib.Path(path).exists() for path in shard_set.paths] == [True, False, True]
    assert content(prepare(source_of(msra_root), tmp_path)) == before


def test_all_damaged_shards_are_found_at_once(msra_root, tmp_path):
    shard_set = prepare(source_of(msra_root), tmp_path)
    before = content(shard_set)
    flip(shard_set.paths[0])
    flip(shard_set.paths[2])
    assert "00000.tfrecord: this shard and 1 more are damaged" in str(shards.damaged(shard_set))
    assert "all are whole now" in str(shards.damaged(prepare(source_of(msra_root), tmp_path)))
    assert content(shard_set) == before


def test_cropping_here_keeps_off_the_gpu(msra_root, tmp_path):
    tf.config.set_soft_device_placement(False)  # an operation asked of a missing GPU fails
    try:
        with tf.device("/GPU:0"):
            assert prepare(source_of(msra_root, "test"), tmp_path).frames == TEST
    finally:
        tf.config.set_soft_device_placement(True)


@pytest.mark.parametrize("name", ["00001.json", "00001.tfrecord"])
def test_a_file_that_was_cut_off_is_made_again(msra_root, tmp_path, name):
    shard_set = prepare(source_of(msra_root), tmp_path)
    before, damaged = content(shard_set), pathlib.Path(shard_set.paths[0]).parent / name
    damaged.write_bytes(damaged.read_bytes()[:50])
    assert content(prepare(source_of(msra_root), tmp_path)) == before


def test_several_workers_write_the_same_bytes(msra_root, tmp_path):
    source = source_of(msra_root, max_frames=60)
    one, two = prepare(source, tmp_path / "one"), prepare(source, tmp_path / "two", workers=2)
    assert content(one) == content(two) and len(one.paths) == 2
    np.testing.assert_array_equal(one.indices, two.indices)
    np.testing.assert_array_equal(one.mean_pose, two.mean_pose)


def test_a_failed_write_leaves_no_half_shard(msra_root, tmp_path, monkeypatch):
    class Full(tf.io.TFRecordWriter):
        def write(self, record):
            super().write(record)
            raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    source = source_of(msra_root, "test")
    with monkeypatch.context() as patch:
        patch.setattr(tf.io, "TFRecordWriter", Full)
        with pytest.raises(InputError, match="cannot write shards: No space left on device"):
            prepare(source, tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert prepare(source, tmp_path).frames == TEST


def test_a_bug_while_cropping_is_not_reported_as_a_full_disk(msra_root, tmp_path, monkeypatch):
    def broken(source, frames):
        raise tf.errors.InvalidArgumentError(None, None, "bug")

    monkeypatch.setattr(shards, "_crop", broken)
    with pytest.raises(tf.errors.InvalidArgumentError):
        prepare(source_of(msra_root, "test"), tmp_path)


def test_one_unreadable_training_frame_is_left_out_and_named(own_root, tmp_path):
    damage(own_root, "P4/5/000000_depth.bin")
    shard_set = prepare(source_of(own_root), tmp_path)
    ((name, reason),) = shard_set.skipped
    assert name == "P4/5/000000_depth.bin" and "the file is damaged" in reason
    lost = MsraReader(own_root, "train").names.index(name)
    assert shard_set.frames == TRAIN - 1 and lost not in shard_set.indices
    np.testing.assert_array_equal(frames_of(shard_set)["index"], shard_set.indices)


def test_a_training_frame_without_a_hand_is_left_out_and_named(own_root, tmp_path):
    path = own_root / "P4/5/000000_depth.bin"
    header = path.read_bytes()[:24]
    path.write_bytes(header + bytes(len(path.read_bytes()) - 24))
    assert prepare(source_of(own_root), tmp_path).skipped == (("P4/5/000000_depth.bin", "no hand found"),)


def test_more_than_one_in_a_hundred_unreadable_is_refused(own_root, tmp_path):
    damage(own_root, "P4/5/000000_depth.bin")
    damage(own_root, "P5/5/000000_depth.bin")
    with pytest.raises(
        InputError, match="2 of 114 train frames cannot be used, the first is P4/5/000000_depth.bin: "
    ):
        prepare(source_of(own_root), tmp_path)


def test_frames_that_were_mended_are_read_anew(own_root, tmp_path):
    names = ("P4/5/000000_depth.bin", "P5/5/000000_depth.bin")
    whole = {name: (own_root / name).read_bytes() for name in names}
    for name in names:
        damage(own_root, name)
    with pytest.raises(InputError, match="2 of 114"):
        prepare(source_of(own_root), tmp_path)
    for name in names:
        (own_root / name).write_bytes(whole[name])
    assert prepare(source_of(own_root), tmp_path).skipped == ()


def test_an_unreadable_test_frame_is_refused(own_root, tmp_path):
    damage(own_root, "P0/5/000000_depth.bin")
    with pytest.raises(InputError, match=f"^{own_root}/P0/5/000000_depth.bin: [^\n]*$"):
        prepare(source_of(own_root, "test"), tmp_path)


def test_a_test_frame_without_a_hand_stays_and_is_not_valid(own_root, tmp_path):
    path = own_root / "P0/5/000000_depth.bin"
    path.write_bytes(np.array([320, 240, 0, 0, 0, 0], "<u4").tobytes())
    frames = frames_of(prepare(source_of(own_root, "test"), tmp_path))
    lost = MsraReader(own_root, "test").names.index("P0/5/000000_depth.bin")
    assert np.flatnonzero(~frames["valid"]).tolist() == [lost] and len(frames["valid"]) == TEST
    assert (frames["crop"][lost] == 1).all() and np.isfinite(frames["joints_mm"]).all()


def write_centres(path, root, split, invalid=()):
    """Ground truth, 5 mm nearer, in the axes of MSRA's centre files: y up."""
    lines = [f"{x} {-y} {z - 5}" for x, y, z in MsraReader(root, split).joints_mm.mean(axis=1)]
    for row in invalid:
        lines[row] = "invalid"
    path.write_text("\n".join(lines) + "\n")


def test_centres_of_a_file_are_used_and_its_invalid_frames_left_out(msra_root, tmp_path):
    write_centres(tmp_path / "c.txt", msra_root, "train", invalid=[3])
    source = source_of(msra_root, centre="file", centre_file=str(tmp_path / "c.txt"))
    shard_set = prepare(source, tmp_path)
    frames, reader = frames_of(shard_set), MsraReader(msra_root, "train")
    assert shard_set.skipped == ((reader.names[3], "its line in the centre file is invalid"),)
    truth = reader.joints_mm.mean(axis=1)[frames["index"]]
    np.testing.assert_allclose(frames["centre_mm"] - truth, np.tile([0, 0, -5], (TRAIN - 1, 1)), atol=1e-3)


def test_a_centre_file_that_changes_is_read_again(msra_root, tmp_path):
    path = tmp_path / "c.txt"
    source = source_of(msra_root, "test", centre="file", centre_file=str(path))
    write_centres(path, msra_root, "test")
    first = prepare(source, tmp_path)
    write_centres(path, msra_root, "test", invalid=[2])
    second = prepare(source, tmp_path)
    assert first.paths != second.paths
    assert frames_of(first)["valid"].all() and not frames_of(second)["valid"][2]


def test_the_fingerprint_knows_all_that_shapes_a_set(msra_root, tmp_path):
    write_centres(tmp_path / "c.txt", msra_root, "test")
    source, reader = source_of(msra_root, "test"), MsraReader(msra_root, "test")
    moved = MsraReader(msra_root, "test")
    moved.joints_mm = moved.joints_mm + np.float32(0.01)
    other = MsraReader(msra_root, "test")
    other.names = [*other.names[:-1], "P0/9/000099_depth.bin"]
    changed = [
        shards.fingerprint(dataclasses.replace(source, **changes), reader)
        for changes in (
            {}, {"cubes_mm": (180.0,)}, {"centre": "gt"}, {"max_frames": 3}, {"validation_fraction": 0.1},
            {"centre": "file", "centre_file": str(tmp_path / "c.txt")}, {"part": "train"},
            {"angle": "gt"},
        )
    ] + [shards.fingerprint(source, moved), shards.fingerprint(source, other)]  # fmt: skip
    assert len(set(changed)) == len(changed)
    assert shards.fingerprint(source_of("elsewhere", "test"), reader) == changed[0]


@pytest.mark.parametrize("name", ["centre", "angle"])
def test_hidden_labels_have_no_ground_truth_centre_and_angle(msra_root, tmp_path, name):
    reader = MsraReader(msra_root, "test")
    reader.joints_mm = None
    with pytest.raises(InputError, match=f"`{name}`=gt: the labels of msra's test split are hidden"):
        shards.prepare(source_of(msra_root, "test", **{name: "gt"}), tmp_path, 1, reader)


def test_a_part_without_frames_is_refused(msra_root, tmp_path):
    with pytest.raises(InputError, match="no frames for the validation part of msra"):
        prepare(source_of(msra_root, "validation", validation_fraction=0.0), tmp_path)


def test_a_done_file_is_plain_json(msra_root, tmp_path):
    shard_set = prepare(source_of(msra_root, "test"), tmp_path)
    done = json.loads(tables.read_lines(pathlib.Path(shard_set.paths[0]).with_suffix(".json"))[0])
    assert done["indices"] == list(range(TEST)) and done["skipped"] == []
