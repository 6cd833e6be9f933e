import numpy as np
import pytest
import tensorflow as tf

from datasets import crops, geometry, registry
from datasets.crops import CropPlace

# name -> (height, width) of a frame
FRAMES = {"msra": (240, 320), "nyu": (480, 640), "icvl": (240, 320), "hands17": (480, 640)}
JOINTS = {"msra": 21, "nyu": 14, "icvl": 16, "hands17": 21}


def scene(name, batch=3, seed=0):
    """(CropPlace, joints_mm inside the cube): random centres, a dataset's camera, cube and joint count."""
    rng = np.random.default_rng(seed)
    dataset = registry.get(name)
    camera = np.tile(np.asarray(dataset.camera), (batch, 1))
    centre_mm = rng.uniform([-60, -40, 400], [60, 40, 900], (batch, 3)).astype(np.float32)
    cube_mm = np.full(batch, dataset.cube_mm, np.float32)
    spread = rng.uniform(-0.45, 0.45, (batch, len(dataset.skeleton), 3)) * dataset.cube_mm
    joints_mm = (centre_mm[:, None] + spread).astype(np.float32)
    return CropPlace(centre_mm, camera, cube_mm), joints_mm


def flat_frames(name, centre_mm, offset_mm=0.0):
    """A plane at the centre's depth plus an offset."""
    return np.ones((1, *FRAMES[name]), np.float32) * (centre_mm[:, 2] + offset_mm)[:, None, None]


def one_frame(depth_mm, cube_mm=200.0, centre_mm=(0, 0, 600)):
    """The crop [96, 96] of one frame seen by MSRA's camera."""
    camera = np.asarray(registry.get("msra").camera)[None]
    place = CropPlace(np.float32([centre_mm]), camera, np.float32([cube_mm]))
    return crops.crop(np.asarray(depth_mm, np.float32)[None], place)[0, ..., 0].numpy()


@pytest.mark.parametrize("kind", ["fixed", "com"])
def test_a_crop_is_the_authors(golden, kind):
    place = golden.place(kind)
    found = crops.crop_mm(golden.depth_mm, place)[0].numpy()
    assert np.mean(np.abs(found - golden[f"{kind}_crop_mm"]) > 0.01) <= 0.005
    np.testing.assert_allclose(crops.frame_to_crop(place)[0], golden[f"{kind}_M"], atol=1e-4)


def test_the_networks_input_and_joints_are_the_authors(golden):
    place = golden.place("com")
    crop = crops.crop(golden.depth_mm, place)[0, ..., 0].numpy()
    assert np.mean(np.abs(crop - golden["normalised"]) > 1e-3) <= 0.005
    joints_mm = golden.points("joints_mm")
    crop_uvd = crops.joints_to_crop(joints_mm, place)
    np.testing.assert_allclose(crop_uvd[0], golden["joints_crop_px"], atol=0.01)
    relative_mm = crops.normalise_joints(joints_mm, place) * golden["cube_mm"] / 2
    np.testing.assert_allclose(relative_mm, golden.points("joints_crop_mm"), atol=0.01)


@pytest.mark.parametrize("name", FRAMES)
def test_joints_go_to_the_crop_and_back(name):
    place, joints_mm = scene(name)
    assert joints_mm.shape[1] == JOINTS[name]
    crop_uvd = crops.joints_to_crop(joints_mm, place)
    np.testing.assert_array_equal(crop_uvd[..., 2], joints_mm[..., 2])
    back_mm = crops.crop_to_joints(crop_uvd, place)
    np.testing.assert_allclose(back_mm, joints_mm, atol=0.01)


@pytest.mark.parametrize("name", FRAMES)
def test_normalised_joints_are_in_the_unit_cube_and_come_back(name):
    place, joints_mm = scene(name)
    joints = crops.normalise_joints(joints_mm, place)
    assert 0.5 < np.abs(joints).max() <= 0.9001
    np.testing.assert_allclose(crops.denormalise_joints(joints, place), joints_mm, atol=1e-3)


def test_one_is_the_cubes_face():
    camera = np.asarray(registry.get("msra").camera)[None]
    place = CropPlace(np.float32([[0, 0, 600]]), camera, np.float32([200]))
    joints = crops.normalise_joints(np.float32([[[100, -50, 700]]]), place)
    np.testing.assert_allclose(joints, [[[1, -0.5, 1]]])


@pytest.mark.parametrize("name", FRAMES)
def test_the_centre_is_in_the_middle_of_the_crop(name):
    place, _ = scene(name)
    middle = crops.joints_to_crop(place.centre_mm[:, None], place)[..., :2]
    np.testing.assert_allclose(middle, np.full((3, 1, 2), 48), atol=1.0)


@pytest.mark.parametrize("name", FRAMES)
def test_a_dot_in_the_frame_is_at_its_joints_crop_pixel(name):
    place, joints_mm = scene(name, batch=1)
    frame = flat_frames(name, place.centre_mm, 20.0)
    u, v = np.floor(geometry.project(joints_mm, place.camera)[0, 0, :2]).astype(int)
    frame[0, v - 1 : v + 2, u - 1 : u + 2] -= 60
    crop_mm = crops.crop_mm(frame, place)[0].numpy()
    rows, columns = np.nonzero((crop_mm > 0) & (crop_mm < place.centre_mm[0, 2]))
    assert len(rows)
    expected = crops.joints_to_crop(joints_mm, place)[0, 0, :2]
    np.testing.assert_allclose([columns.mean() + 0.5, rows.mean() + 0.5], expected, atol=1.0)


@pytest.mark.parametrize("name", FRAMES)
def test_eager_graph_and_tf_data_give_the_same(name):
    place, joints_mm = scene(name)
    noise = np.random.default_rng(1).uniform(-150, 150, (3, *FRAMES[name]))
    frames = flat_frames(name, place.centre_mm) + noise.astype(np.float32)

    def both(depth_mm, joints_mm, place):
        return crops.crop(depth_mm, place), crops.joints_to_crop(joints_mm, place)

    values = frames, joints_mm, place
    crop, joints = both(*values)
    assert crop.shape == (3, 96, 96, 1) and crop.dtype == tf.float32
    assert -1 <= crop.numpy().min() < -0.9 and crop.numpy().max() == 1
    batched = tf.data.Dataset.from_tensors(values).map(both)
    for other in (tf.function(both)(*values), next(iter(batched))):
        np.testing.assert_array_equal(other[0], crop)
        np.testing.assert_allclose(other[1], joints, rtol=1e-6)


def test_frames_of_a_batch_do_not_touch_each_other():
    place, _ = scene("msra")
    frames = flat_frames("msra", place.centre_mm)
    frames += np.random.default_rng(2).uniform(-80, 80, frames.shape).astype(np.float32)
    together = crops.crop(frames, place)
    for i in range(3):
        row = slice(i, i + 1)
        alone = crops.crop(frames[row], CropPlace(*(values[row] for values in place[:3])))
        np.testing.assert_array_equal(together[row], alone)


@pytest.mark.parametrize(
    ("depth_mm", "value"),
    [(600, 0), (550, -0.5), (650, 0.5), (500, -1), (400, -1), (10, -1), (700, 1), (701, 1), (3000, 1)]
    + [(0, 1), (np.nan, 1), (np.inf, 1), (-np.inf, 1), (-600, 1)],
)
def test_depth_becomes_its_place_between_front_and_back(depth_mm, value):
    np.testing.assert_allclose(one_frame(np.full((240, 320), depth_mm))[48, 48], value, atol=1e-6)


def test_what_lies_outside_the_frame_is_background():
    crop = one_frame(np.full((240, 320), 600.0), centre_mm=(-600 * 160 / 241.42, 0, 600))
    assert (crop[:, :47] == 1).all() and (crop[:, 49:] == 0).all()


@pytest.mark.parametrize("centre_mm", [(5000, 0, 600), (0, -1e7, 600)])
def test_a_cube_that_the_frame_does_not_show_is_all_background(centre_mm):
    assert (one_frame(np.full((240, 320), 600.0), centre_mm=centre_mm) == 1).all()


def test_denormalise_undoes_normalise():
    rng = np.random.default_rng(3)
    centre_mm = np.float32([[0, 0, 600], [9, 9, 800]])
    place = CropPlace(centre_mm, np.tile(np.asarray(registry.MSRA.camera), (2, 1)), np.float32([200, 250]))
    patch_mm = centre_mm[:, 2, None, None] + rng.uniform(-99, 99, (2, 96, 96)).astype(np.float32)
    patch_mm[:, :20] = 0
    back_mm = crops.denormalise(crops.normalise(patch_mm, place), place)
    np.testing.assert_allclose(back_mm, patch_mm, atol=1e-3)
    assert (back_mm[:, :20].numpy() == 0).all()
