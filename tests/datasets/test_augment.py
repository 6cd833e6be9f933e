import math

import numpy as np
import pytest
import tensorflow as tf

from datasets import augment, crops, geometry, registry

DATASETS = ("icvl", "nyu", "msra", "hands17")
SIZES = {"icvl": (240, 320), "nyu": (480, 640), "msra": (240, 320), "hands17": (480, 640)}


def draws(frames, seed=0):
    return np.random.default_rng(seed).uniform(1e-6, 1 - 1e-6, (frames, augment.DRAWS)).astype(np.float32)


def transform(frames=1, angle=0.0, offset_mm=(0, 0, 0), scale=1.0):
    return {
        "angle": tf.fill([frames], tf.constant(angle, tf.float32)),
        "offset_mm": tf.constant(np.tile(offset_mm, (frames, 1)), tf.float32),
        "scale": tf.fill([frames], tf.constant(scale, tf.float32)),
    }


def dotted(name, frames=2, seed=0):
    """Cropped frames of an empty scene with a dot a joint, 3 x 3 pixels about the joint's crop pixel.

    The dots of joint j have a depth of their own, by which they are known.
    """
    rng = np.random.default_rng(seed)
    dataset = registry.get(name)
    count = len(dataset.skeleton)
    centre_mm = rng.uniform([-30, -20, 500], [30, 20, 700], (frames, 3)).astype(np.float32)
    cube_mm = np.full(frames, dataset.cube_mm, np.float32)
    place = crops.CropPlace(centre_mm, np.tile(np.asarray(dataset.camera), (frames, 1)), cube_mm)
    cells = np.stack([rng.permutation(36)[:count] for _ in range(frames)])
    pixels = 14 + 13 * np.stack([cells % 6, cells // 6], axis=-1)
    depth_mm = centre_mm[:, None, 2:] + rng.uniform(-50, 50, (frames, count, 1))
    crop = np.ones((frames, 96, 96, 1), np.float32)
    for i, j in np.ndindex(frames, count):
        u, v = pixels[i, j]
        crop[i, v - 1 : v + 2, u - 1 : u + 2] = dot_value(j)
    joints_mm = crops.crop_to_joints(np.float32(np.concatenate([pixels, depth_mm], axis=-1)), place)
    values = {"crop": crop, "joints_mm": joints_mm, **place.entries()}
    return {key: tf.constant(value) for key, value in values.items()}


def dot_value(joint):
    return -0.8 + 0.07 * joint


def joints_px(frames):
    return crops.joints_to_crop(frames["joints_mm"], crops.CropPlace.of(frames))[..., :2].numpy()


def dots_px(before, after):
    """Middles [B, J, 2] of the dots of ``before`` in ``after``; NaN where a dot has left the picture."""
    depth_mm = crops.denormalise(after["crop"][..., 0], crops.CropPlace.of(after)).numpy()
    found = np.full((*before["joints_mm"].shape[:2], 2), np.nan)
    for i, j in np.ndindex(found.shape[:2]):
        value_mm = dot_value(j) * before["cube_mm"][i] / 2 + before["centre_mm"][i, 2]
        rows, columns = np.nonzero(np.abs(depth_mm[i] - value_mm) < 0.5)
        if len(rows):
            found[i, j] = columns.mean(), rows.mean()
    return found


def assert_dots_at_joints(before, after, least):
    """Every dot that is whole in the picture is within a crop pixel of its joint; at least this share is."""
    expected_px = joints_px(after)
    whole = np.all((expected_px > 2) & (expected_px < 93), axis=-1)
    distance = np.linalg.norm(dots_px(before, after) - expected_px, axis=-1)
    assert whole.mean() >= least and distance[whole].max() <= 1


@pytest.fixture
def golden_frames(golden):
    values = {
        "crop": golden["normalised"][None, ..., None],
        "joints_mm": golden.points("joints_mm"),
        **golden.place("com").entries(),
    }
    return {key: tf.constant(value) for key, value in values.items()}


def share_unlike(golden, key, after):
    """Share of pixels that differ from the authors', their depth normalised as they do."""
    theirs_mm = golden[f"{key}_mm"][None].astype(np.float32)
    place = crops.CropPlace.of(after)
    theirs = crops.normalise(crops.clip_depth(tf.constant(theirs_mm), place), place)
    return np.mean(np.abs(theirs - after["crop"][..., 0]) > 1e-3)


def relative_mm(after):
    return (after["joints_mm"] - after["centre_mm"][:, None]).numpy()


HABITS = {"background_wall": True, "joints_turn_about_centre": True}
AUGMENTATIONS = ["rot33", "rot-120", "scale0.92", "scale1.09", "move0", "move1"]


def golden_transform(golden, key):
    if key.startswith("rot"):
        return transform(angle=math.radians(float(key[3:])))
    if key.startswith("scale"):
        return transform(scale=float(key[5:]))
    return transform(offset_mm=golden.points(f"{key}_offset_mm")[0, 0])


@pytest.mark.parametrize("key", AUGMENTATIONS)
def test_the_releases_augmentations_are_the_authors(golden, golden_frames, key):
    after = augment.augment(golden_frames, {**golden_transform(golden, key), **HABITS})
    assert share_unlike(golden, key, after) <= 0.0005
    # The file holds no joints for a scale: they stay where they are.
    moved = "" if key.startswith("scale") else f"{key}_"
    np.testing.assert_allclose(relative_mm(after), golden.points(f"{moved}joints_crop_mm"), atol=0.001)
    if f"{golden.name}_{key}_cube" in golden.content:
        np.testing.assert_allclose(after["cube_mm"], golden[f"{key}_cube"][:1], rtol=1e-6)
    if f"{golden.name}_{key}_centre_uvd" in golden.content:
        centre_uvd = geometry.project(after["centre_mm"].numpy()[:, None], golden.camera)[0, 0]
        np.testing.assert_allclose(centre_uvd, golden[f"{key}_centre_uvd"], atol=0.01)


@pytest.mark.parametrize("key", ["scale1.09", "move0"])
def test_without_the_releases_habits_there_is_no_wall(golden, golden_frames, key):
    with_wall, without = (
        augment.augment(golden_frames, {**golden_transform(golden, key), "background_wall": wall})["crop"]
        for wall in (True, False)
    )
    wall = np.abs(with_wall - without) > 1e-3
    assert wall.mean() > 0.3
    np.testing.assert_array_equal(without.numpy()[wall], 1)
    # One depth, the old cube's back face, not a hand.
    assert np.ptp(with_wall.numpy()[wall]) < 1e-3 and with_wall.numpy()[wall].max() < 1


def test_without_the_releases_habits_image_and_joints_turn_as_one(golden, golden_frames):
    turn = transform(angle=math.pi)
    apart_px = joints_px(augment.augment(golden_frames, {**turn, **HABITS})) - joints_px(
        augment.augment(golden_frames, turn)
    )
    middle_px = 96 - joints_px(golden_frames)
    np.testing.assert_allclose(joints_px(augment.augment(golden_frames, turn)), middle_px, atol=1e-3)
    # All joints by the same step, twice the way from the middle to the projected centre: a pixel at most.
    np.testing.assert_allclose(apart_px, np.broadcast_to(apart_px[:, :1], apart_px.shape), atol=1e-3)
    assert 0.01 < np.abs(apart_px).max() <= 1


@pytest.mark.parametrize("name", DATASETS)
def test_no_transform_changes_nothing(name):
    frames = dotted(name)
    after = augment.augment(frames, transform(2))
    for key, value in frames.items():
        np.testing.assert_allclose(after[key], value, atol=1e-3 if key == "joints_mm" else 1e-5)


CHANGES = {
    "turn": {"angle": 1.1},
    "turn round": {"angle": -3.0},
    "shift": {"offset_mm": (14, -9, 0)},
    "shift in depth": {"offset_mm": (0, 0, -12)},
    "grow": {"scale": 1.1},
    "shrink": {"scale": 0.9},
    "all": {"angle": -2.1, "offset_mm": (-11, 8, 6), "scale": 1.07},
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", ["nyu", "msra"])
def test_dots_drawn_at_the_joints_move_with_the_joints(name, change):
    before = dotted(name)
    assert_dots_at_joints(before, before, least=1)
    after = augment.augment(before, transform(2, **CHANGES[change]))
    assert np.abs(after["crop"] - before["crop"]).max() > 0.01
    assert_dots_at_joints(before, after, least=0.8)


@pytest.mark.parametrize("name", DATASETS)
def test_a_turn_and_back_lands_within_a_crop_pixel(name):
    before = dotted(name)
    there = augment.augment(before, transform(2, angle=0.8))
    assert np.abs(joints_px(there) - joints_px(before)).max() > 5
    back = augment.augment(there, transform(2, angle=-0.8))
    np.testing.assert_allclose(back["joints_mm"], before["joints_mm"], atol=0.01)
    assert_dots_at_joints(before, back, least=0.8)


@pytest.mark.parametrize("name", DATASETS)
def test_a_shift_and_scale_undone_give_the_joints_back(name):
    before = dotted(name)
    there = augment.augment(before, transform(2, offset_mm=(12, -7, 9), scale=1.1))
    back = augment.augment(there, transform(2, offset_mm=(-12, 7, -9), scale=1 / 1.1))
    for key in ("joints_mm", "centre_mm", "cube_mm"):
        np.testing.assert_allclose(back[key], before[key], atol=0.02)


def smooth_scene(frames=3):
    """Frames of 240 x 320 with a slope in each direction, and places with an angle inside them."""
    rng = np.random.default_rng(0)
    v, u = np.mgrid[:240, :320].astype(np.float32)
    slopes_mm = np.stack([500 + 0.2 * (u - 160), 500 + 0.2 * (v - 120), 500 + 0.1 * (u - v - 40)])
    place = crops.CropPlace(
        rng.uniform([-30, -20, 490], [30, 20, 510], (frames, 3)).astype(np.float32),
        np.tile(np.asarray(registry.MSRA.camera), (frames, 1)),
        np.full(frames, 200, np.float32),
        np.linspace(-2, 3, frames).astype(np.float32),
    )
    return slopes_mm, place


@pytest.mark.parametrize("change", CHANGES)
def test_a_turned_crop_augmented_is_the_crop_at_the_new_place(change):
    depth_mm, place = smooth_scene()
    joints_mm = place.centre_mm[:, None] + np.random.default_rng(1).uniform(-60, 60, (3, 21, 3))
    frames = {"crop": crops.crop(depth_mm, place), "joints_mm": np.float32(joints_mm), **place.entries()}
    change = transform(3, **CHANGES[change])
    after = augment.augment(frames, change)
    new = augment.moved(place, change)
    np.testing.assert_allclose(after["angle"], place.angle + change["angle"])
    np.testing.assert_allclose(after["joints_mm"], joints_mm, atol=0.01)
    both = [crops.denormalise(crop[..., 0], new) for crop in (after["crop"], crops.crop(depth_mm, new))]
    known = (both[0] > 0) & (both[1] > 0)
    assert np.mean(known) > 0.7
    pixels = (both[0] - both[1])[known] / 0.2  # of the frame
    # Neighbours where one is picked twice, and no shift.
    assert np.abs(pixels).max() <= 2.01 and np.abs(np.mean(pixels)) < 0.05


def test_depth_of_the_joints_stays():
    before = dotted("nyu")
    after = augment.augment(before, transform(2, angle=2.0, offset_mm=(9, 9, 9), scale=0.95))
    np.testing.assert_array_equal(after["joints_mm"][..., 2], before["joints_mm"][..., 2])


def test_other_keys_pass_through():
    frames = {**dotted("nyu"), "index": tf.constant([5, 6])}
    np.testing.assert_array_equal(augment.augment(frames, transform(2))["index"], [5, 6])


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_warp_turns_by_quarters_exactly(turns):
    patch = np.random.default_rng(0).uniform(1, 2, (1, 96, 96)).astype(np.float32)
    matrix = geometry.rotation(np.float32([turns * np.pi / 2]), np.float32([[47.5, 47.5]]))
    np.testing.assert_array_equal(augment.warp(patch, matrix)[0], np.rot90(patch[0], -turns))


def test_warp_leaves_uncovered_pixels_empty():
    matrix = geometry.scale_and_shift(np.ones((1, 2), np.float32), np.float32([[10, -20]]))
    moved = augment.warp(np.ones((1, 96, 96), np.float32), matrix)[0].numpy()
    assert moved[:76, 10:].all() and not moved[76:].any() and not moved[:, :10].any()


def sampled(name, frames, cube_mm):
    found = augment.SAMPLERS[name](tf.constant(draws(frames)), tf.fill([frames], cube_mm))
    return {key: np.asarray(value) for key, value in found.items()}


def test_the_papers_ranges_are_reached_and_kept():
    found = sampled("paper", 4000, 250.0)
    shift = found["offset_mm"] * 96 / 250
    for value, low, high in (
        (found["angle"], -math.pi, math.pi),
        (shift[:, 0], -10, 10),
        (shift[:, 1], -10, 10),
        (found["scale"], 0.9, 1.1),
    ):
        margin = 0.01 * (high - low)
        assert low - 1e-5 <= value.min() < low + margin and high - margin < value.max() <= high + 1e-5
        np.testing.assert_allclose(value.mean(), (low + high) / 2, atol=3 * margin)
    assert not shift[:, 2].any()
    assert found.keys() == {"angle", "offset_mm", "scale"}  # none of the release's habits


def test_the_milder_sampler_is_a_part_of_the_papers():
    full, mild = (sampled(name, 50, 200.0) for name in ("paper", "mild"))
    np.testing.assert_allclose(mild["angle"] * 4, full["angle"], rtol=1e-6)
    np.testing.assert_allclose(mild["offset_mm"] * 2, full["offset_mm"], rtol=1e-6)
    np.testing.assert_array_equal(mild["scale"], full["scale"])


def test_the_authors_do_one_thing_to_a_frame_a_quarter_each():
    found = sampled("release", 8000, 250.0)
    turned, moved, scaled = found["angle"] != 0, found["offset_mm"].any(axis=1), found["scale"] != 1
    changes = turned.astype(int) + moved + scaled
    assert changes.max() == 1
    assert found["background_wall"] and found["joints_turn_about_centre"]
    for share in (turned.mean(), moved.mean(), scaled.mean(), (changes == 0).mean()):
        assert 0.22 < share < 0.28
    assert math.pi * 0.99 < np.abs(found["angle"]).max() <= math.pi
    np.testing.assert_allclose(found["offset_mm"][moved].std(axis=0), [10, 10, 10], rtol=0.06)
    np.testing.assert_allclose(found["offset_mm"][moved].mean(axis=0), [0, 0, 0], atol=0.8)
    np.testing.assert_allclose(found["scale"][scaled].std(), 0.05, rtol=0.06)
    np.testing.assert_allclose(found["scale"][scaled].mean(), 1, atol=0.005)


@pytest.mark.parametrize("sampler", ["paper", "release"])
def test_host_and_compiled_step_give_the_same(sampler):
    frames = {**dotted("nyu", 8), "draws": tf.constant(draws(8))}

    def step(frames):
        return augment.augment(frames, augment.SAMPLERS[sampler](frames["draws"], frames["cube_mm"]))

    host = next(iter(tf.data.Dataset.from_tensors(frames).map(step)))
    compiled = tf.function(step, jit_compile=True)(frames)
    eager = step(frames)
    for key in frames:
        for other in (host[key], compiled[key]):
            if key == "crop":  # the last bit of a matrix may pick the neighbour of a pixel
                assert np.mean(np.abs(other - eager[key]) > 1e-4) < 0.001
            else:
                np.testing.assert_allclose(other, eager[key], rtol=1e-4, atol=0.01)
