"""Crops with an angle, and mirrored frames."""

import math

import numpy as np
import pytest
import tensorflow as tf

from datasets import augment, crops, geometry
from datasets.crops import CropPlace
from tests.datasets.test_crops import FRAMES, flat_frames, scene

ANGLES = (0.4, -1.3, 2.2, -3.0, math.pi / 2, math.pi)


def turned(place, angle):
    return place._replace(angle=np.broadcast_to(np.float32(angle), place.cube_mm.shape))


def noisy_frames(name, place, seed=1):
    noise = np.random.default_rng(seed).uniform(-150, 150, (len(place.cube_mm), *FRAMES[name]))
    return flat_frames(name, place.centre_mm) + noise.astype(np.float32)


def square_place(focal=480.0, centre_mm=(0, 0, 500), angle=None):
    """A place in frames of 240 x 240 whose window is ``focal`` / 5 pixels wide, about the middle pixel."""
    camera = np.float32([[focal, focal, 120, 120]])
    place = CropPlace(np.float32([centre_mm]), camera, np.float32([100]))
    return place if angle is None else turned(place, angle)


PLACES = {
    "in the middle": square_place(),
    "partly outside the frame": square_place(centre_mm=(110, -90, 500)),
    "outside the frame": square_place(centre_mm=(5000, 0, 500)),
    "absurdly far away": square_place(centre_mm=(0, -1e7, 500)),
    "wider pixels": square_place()._replace(camera=np.float32([[300, 480, 120, 120]])),
    "an absurd camera": square_place(focal=1e8),
}


@pytest.mark.parametrize("name", PLACES)
def test_angle_zero_is_the_crop_without_an_angle(name):
    place = PLACES[name]
    frame = np.random.default_rng(0).uniform(440, 560, (1, 240, 240)).astype(np.float32)
    for zero in (0.0, -0.0):
        np.testing.assert_array_equal(crops.crop(frame, turned(place, zero)), crops.crop(frame, place))


@pytest.mark.parametrize("kind", ["fixed", "com"])
def test_angle_zero_is_the_authors_crop(golden, kind):
    place = golden.place(kind)
    found, expected = (crops.crop_mm(golden.depth_mm, p) for p in (turned(place, 0), place))
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(crops.frame_to_crop(turned(place, 0)), crops.frame_to_crop(place))


def test_without_an_angle_nothing_is_turned_in_the_graph():
    def operations(place):
        graph = tf.function(lambda depth_mm: crops.crop(depth_mm, place))
        return {operation.type for operation in graph.get_concrete_function(frame).graph.get_operations()}

    frame = tf.ones([1, 240, 240])
    assert "Cos" in operations(square_place(angle=0.5)) and "Cos" not in operations(square_place())


def test_a_quarter_turn_is_clockwise_for_a_positive_angle():
    frame = np.random.default_rng(0).uniform(460, 540, (1, 240, 240)).astype(np.float32)
    right = crops.crop_mm(frame, square_place(angle=math.pi / 2))[0]
    np.testing.assert_array_equal(right, np.rot90(frame[0, 74:170, 72:168], -1))
    left = crops.crop_mm(frame, square_place(angle=-math.pi / 2))[0]
    np.testing.assert_array_equal(left, np.rot90(frame[0, 72:168, 74:170], 1))
    joints = crops.normalise_joints(np.float32([[[20, -10, 470]]]), square_place(angle=math.pi / 2))
    np.testing.assert_allclose(joints, [[[0.2, 0.4, -0.6]]], atol=1e-5)
    crop_px = crops.joints_to_crop(np.float32([[[20, -10, 500]]]), square_place(angle=math.pi / 2))
    np.testing.assert_allclose(crop_px, [[[48 + 9.6, 48 + 19.2, 500]]], atol=1e-3)


@pytest.mark.parametrize("focal", [300.0, 480.0, 777.0])
@pytest.mark.parametrize("angle", ANGLES)
def test_every_crop_pixel_is_the_frames_nearest_to_it_corners_too(angle, focal):
    place = square_place(focal, centre_mm=(7, -4, 500), angle=angle)
    index = np.stack(np.meshgrid(np.arange(96.0), np.arange(96.0)), axis=-1).reshape(1, -1, 2)
    seen = np.float32(index) - crops.lag_px(place)[0]
    expected = geometry.apply_affine(geometry.invert_affine(crops.frame_to_crop(place)), seen)
    ramps = np.stack(np.meshgrid(np.arange(240.0), np.arange(240.0)), axis=-1).astype(np.float32)
    for axis in (0, 1):
        found = crops.crop_mm(ramps[None, ..., axis] / 8 + 480, place).numpy().reshape(-1)
        assert (found > 0).all()
        distance = np.abs((found - 480) * 8 - expected[0, :, axis])
        assert distance.max() <= 0.5 + 0.02  # positions are rounded to 1/256 of a crop pixel


def test_what_the_frame_does_not_show_is_background_in_a_turned_crop():
    place = square_place(centre_mm=(-125, 0, 500), angle=math.pi / 4)
    crop = crops.crop(np.full((1, 240, 240), 500, np.float32), place)[0, ..., 0].numpy()
    # The frame's left border runs through the crop's middle, from the upper right to the lower left.
    y, x = np.mgrid[:96, :96]
    beyond = (x - 48) + (y - 48)
    assert (crop[beyond < -3] == 1).all() and (crop[beyond > 3] == 0).all()


@pytest.mark.parametrize("focal", [200.0, 470.0, 1100.0])
def test_picture_and_joints_agree_alike_at_every_angle(focal):
    """Balls' middles in the crop, less their joints, are the same at every angle to a part of a pixel."""
    rng = np.random.default_rng(0)
    joints_mm = np.float32([0, 0, 500]) + rng.uniform(-25, 25, (100, 1, 3)).astype(np.float32) * [1, 1, 0]
    joints_mm = joints_mm.astype(np.float32)
    place = square_place(focal)
    frames = np.concatenate([spheres_frame(joints, [9.0], place.camera[0]) for joints in joints_mm])
    centre_mm = (rng.uniform(-3, 3, (100, 3)) * [1, 1, 0] + [0, 0, 500]).astype(np.float32)
    place = CropPlace(centre_mm, np.tile(place.camera, (100, 1)), np.tile(place.cube_mm, 100))

    def apart_px(angle):
        seen = crops.crop_mm(frames, turned(place, angle)).numpy() > 0
        middles = [np.argwhere(picture).mean(axis=0)[::-1] for picture in seen]
        return np.mean(middles - crops.joints_to_crop(joints_mm, turned(place, angle))[:, 0, :2], axis=0)

    straight = apart_px(0.0)
    for angle in ANGLES:
        np.testing.assert_allclose(apart_px(angle), straight, atol=0.15)


def spheres_frame(middles_mm, radii_mm, camera, size=240):
    """Depth [1, size, size] of spheres in front of nothing."""
    v, u = np.mgrid[:size, :size]
    ray = geometry.unproject(np.stack([u, v, np.ones_like(u)], axis=-1).reshape(-1, 3), camera)
    frame = np.full(size * size, np.inf)
    for middle, radius in zip(middles_mm, radii_mm, strict=True):
        a, b, c = (ray**2).sum(-1), ray @ middle, middle @ middle - radius**2
        root = b**2 - a * c
        frame = np.minimum(frame, np.where(root >= 0, (b - np.sqrt(np.maximum(root, 0))) / a, np.inf))
    return np.where(np.isfinite(frame), frame, 0).astype(np.float32).reshape(1, size, size)


@pytest.mark.parametrize("angle", ANGLES)
def test_a_turned_hand_turned_upright_is_the_upright_hand(angle):
    """Turned about the camera's axis, so that only the picture turns."""
    upright_mm = np.float32([[5, 30, 505], [5, 10, 500], [5, -8, 490], [-12, 2, 495], [22, -1, 510]])
    radii_mm = [12, 14, 9, 8, 10]
    c, s = math.cos(angle), math.sin(angle)
    turned_mm = upright_mm @ np.float32([[c, s, 0], [-s, c, 0], [0, 0, 1]])

    def crop(joints_mm):
        place = square_place(1000.0, centre_mm=joints_mm.mean(axis=0))
        upright = turned(place, crops.upright_angle(joints_mm[None], place.camera, 0, 2))
        frame = spheres_frame(joints_mm, radii_mm, place.camera[0])
        return crops.crop(frame, upright)[0, ..., 0].numpy(), crops.normalise_joints(joints_mm[None], upright)

    (expected, expected_joints), (found, joints) = crop(upright_mm), crop(turned_mm)
    np.testing.assert_allclose(joints, expected_joints, atol=0.02)
    assert np.mean(expected < 1) > 0.1
    assert np.mean(np.abs(found - expected) > 0.03) < 0.04


@pytest.mark.parametrize("name", FRAMES)
@pytest.mark.parametrize("angle", ANGLES)
def test_joints_go_to_the_turned_crop_and_back(name, angle):
    place, joints_mm = scene(name)
    place = turned(place, angle)
    crop_uvd = crops.joints_to_crop(joints_mm, place)
    np.testing.assert_array_equal(crop_uvd[..., 2], joints_mm[..., 2])
    np.testing.assert_allclose(crops.crop_to_joints(crop_uvd, place), joints_mm, atol=0.01)
    joints = crops.normalise_joints(joints_mm, place)
    np.testing.assert_allclose(joints[..., 2], crops.normalise_joints(joints_mm, turned(place, 0))[..., 2])
    np.testing.assert_allclose(crops.denormalise_joints(joints, place), joints_mm, atol=0.01)
    again = crops.normalise_joints(crops.denormalise_joints(joints, place), place)
    np.testing.assert_allclose(again, joints, atol=1e-4)


@pytest.mark.parametrize("angle", ANGLES)
def test_normalised_joints_are_those_that_an_augmented_frame_has(angle):
    place, joints_mm = scene("nyu")
    frames = {"crop": tf.ones([3, 96, 96, 1]), "joints_mm": joints_mm, **place.entries()}
    transform = {"angle": tf.fill([3], angle), "offset_mm": tf.zeros([3, 3]), "scale": tf.ones([3])}
    after = augment.augment(frames, transform)
    expected = crops.normalise_joints(after["joints_mm"], CropPlace.of(after))
    np.testing.assert_allclose(crops.normalise_joints(joints_mm, turned(place, angle)), expected, atol=1e-4)


@pytest.mark.parametrize(
    ("root_mm", "angle"),
    [
        ((0, -80, 500), 0),
        ((80, 0, 500), -math.pi / 2),
        ((-80, 0, 500), math.pi / 2),
        ((1e-3, 80, 500), -math.pi),
        ((50, -50, 500), -math.pi / 4),
        ((0, -80, 900), 0),
        ((0.4, 0, 500), 0),  # less than a pixel
        ((0, 0, 580), 0),  # straight away from the camera
        ((0, 80, -500), 0),
        ((0, 80, 0), 0),
        ((np.nan, 80, 500), 0),
        ((np.inf, 80, 500), 0),
    ],
)
def test_the_upright_angle_of_a_bone(root_mm, angle):
    joints_mm = np.float32([[root_mm, (7, 7, 7), (0, 0, 500)]])
    found = crops.upright_angle(joints_mm, square_place().camera, wrist=2, middle_root=0)
    np.testing.assert_allclose(found, [angle], atol=1e-4)


@pytest.mark.parametrize("name", FRAMES)
def test_in_an_upright_crop_the_root_is_straight_above_the_wrist(name):
    place, joints_mm = scene(name, batch=20)
    place = place._replace(angle=crops.upright_angle(joints_mm, place.camera, 0, 5))
    wrist, root = (crops.joints_to_crop(joints_mm, place)[:, joint, :2].numpy() for joint in (0, 5))
    long = np.linalg.norm(root - wrist, axis=1) > 5
    wrist, root = wrist[long], root[long]
    assert len(root) > 10
    np.testing.assert_allclose(root[:, 0], wrist[:, 0], atol=0.01)
    assert (root[:, 1] < wrist[:, 1]).all()


def test_each_frame_of_a_batch_has_its_own_angle():
    place, _ = scene("msra", batch=4)
    place = place._replace(angle=np.float32([0, 1, -2, 3]))
    frames = noisy_frames("msra", place)
    together = crops.crop(frames, place)
    for i in range(4):
        row = slice(i, i + 1)
        alone = crops.crop(frames[row], CropPlace(*(values[row] for values in place)))
        np.testing.assert_array_equal(together[row], alone)


def both_ways(depth_mm, joints_mm, is_left, place):
    """Everything that a served graph does with a place."""
    depth_mm, place = crops.mirrored(depth_mm, place, is_left)
    joints = crops.normalise_joints(crops.mirror_joints(joints_mm, is_left), place)
    back_mm = crops.mirror_joints(crops.denormalise_joints(joints, place), is_left)
    return crops.crop(depth_mm, place), joints, back_mm, crops.joints_to_crop(joints_mm, place)


def scene_of_both_hands(name="msra", batch=4):
    place, joints_mm = scene(name, batch)
    place = place._replace(angle=np.linspace(-3, 3, batch, dtype=np.float32))
    return noisy_frames(name, place), joints_mm, np.arange(batch) % 2 == 1, place


@pytest.mark.parametrize("name", FRAMES)
def test_graphs_of_any_shape_xla_and_tf_data_give_the_same(name):
    values = scene_of_both_hands(name)
    expected = both_ways(*values)
    np.testing.assert_allclose(expected[2], values[1], atol=0.01)
    any_frame = tf.TensorSpec([None, None, None], tf.float32)
    any_place = CropPlace(*(tf.TensorSpec([None, *value.shape[1:]], tf.float32) for value in values[3]))
    any_joints, flags = tf.TensorSpec([None, None, 3], tf.float32), tf.TensorSpec([None], tf.bool)
    graph = tf.function(both_ways, input_signature=(any_frame, any_joints, flags, any_place), autograph=False)
    compiled = tf.function(both_ways, jit_compile=True)
    host = tf.data.Dataset.from_tensors(values).map(both_ways)
    for crop, *joints in (graph(*values), compiled(*values), next(iter(host))):
        # The last bit of a position may pick the neighbour of a pixel.
        assert np.mean(crop != expected[0]) < 0.001
        for found, correct in zip(joints, expected[1:], strict=True):
            np.testing.assert_allclose(found, correct, rtol=1e-5, atol=1e-3)


def test_litert_gives_the_same():
    runtime = pytest.importorskip("ai_edge_litert.interpreter", reason="needs the extra litert")

    shapes = {"depth_mm": [240, 320], "joints_mm": [21, 3], "is_left": []}
    shapes |= {"centre_mm": [3], "camera": [4], "cube_mm": [], "angle": []}
    specs = [
        tf.TensorSpec([1, *shape], tf.bool if name == "is_left" else tf.float32, name)
        for name, shape in shapes.items()
    ]

    @tf.function(input_signature=specs, autograph=False)
    def converted(depth_mm, joints_mm, is_left, *place):
        place = CropPlace(*place)
        crop, joints, back_mm, crop_uvd = both_ways(depth_mm, joints_mm, is_left, place)
        angle = crops.upright_angle(joints_mm, place.camera, 0, 5)
        return {"crop": crop, "joints": joints, "back": back_mm, "uvd": crop_uvd, "upright": angle}

    graph = converted.get_concrete_function()
    content = tf.lite.TFLiteConverter.from_concrete_functions([graph], tf.Module()).convert()
    run = runtime.Interpreter(model_content=content).get_signature_runner()
    frames, joints_mm, is_left, place = scene_of_both_hands()
    for i in range(4):
        row = [value[i : i + 1] for value in (frames, joints_mm, is_left, *place)]
        expected = converted(*row)
        found = run(**dict(zip(shapes, row, strict=True)))
        assert np.mean(found["crop"] != expected["crop"]) < 0.001
        for key in ("joints", "back", "uvd", "upright"):
            np.testing.assert_allclose(found[key], expected[key], rtol=1e-5, atol=1e-3)


def test_mirrored_twice_is_as_it_was():
    frames, joints_mm, is_left, place = scene_of_both_hands()
    once_mm, once = crops.mirrored(frames, place, is_left)
    back_mm, back = crops.mirrored(once_mm, once, is_left)
    np.testing.assert_array_equal(back_mm, frames)
    for found, expected in zip(back, place, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    np.testing.assert_array_equal(once_mm[::2], frames[::2])
    np.testing.assert_array_equal(once_mm[1::2], frames[1::2, :, ::-1])
    mirrored_mm = crops.mirror_joints(joints_mm, is_left)
    np.testing.assert_array_equal(mirrored_mm[::2], joints_mm[::2])
    np.testing.assert_array_equal(mirrored_mm[1::2], joints_mm[1::2] * np.float32([-1, 1, 1]))
    np.testing.assert_array_equal(crops.mirror_joints(mirrored_mm, is_left), joints_mm)
    assert crops.mirrored(frames, place._replace(angle=None), is_left)[1].angle is None


def test_a_mirrored_joint_is_at_its_mirrored_pixel():
    frames, joints_mm, is_left, place = scene_of_both_hands()
    _, mirrored = crops.mirrored(frames, place, is_left)
    u = geometry.project(joints_mm, place.camera)[..., 0]
    mirrored_u = geometry.project(crops.mirror_joints(joints_mm, is_left), mirrored.camera)[..., 0]
    np.testing.assert_allclose(mirrored_u, np.where(is_left[:, None], 319 - u, u), atol=1e-3)
    angles = (
        crops.upright_angle(joints_mm, place.camera, 0, 5),
        crops.upright_angle(crops.mirror_joints(joints_mm, is_left), mirrored.camera, 0, 5),
    )
    np.testing.assert_allclose(angles[1], np.where(is_left, -angles[0], angles[0]), atol=1e-4)
    np.testing.assert_array_equal(mirrored.angle, np.where(is_left, -place.angle, place.angle))


def test_a_left_hand_is_cropped_as_the_right_hand_that_it_mirrors():
    joints_mm = np.float32([[5, 30, 505], [5, 10, 500], [11, -8, 490], [-12, 2, 495], [22, -1, 510]])
    left_mm = joints_mm * np.float32([-1, 1, 1])
    camera = np.float32([1000, 1000, 124, 117])

    def seen(joints_mm, is_left):
        place = CropPlace(joints_mm.mean(axis=0)[None], camera[None], np.float32([100]))
        place = place._replace(angle=crops.upright_angle(joints_mm[None], place.camera, 0, 2))
        frame = spheres_frame(joints_mm, [12, 14, 9, 8, 10], camera)
        return crops.crop(*crops.mirrored(frame, place, np.array([is_left])))[0, ..., 0].numpy()

    right, left = seen(joints_mm, False), seen(left_mm, True)
    assert np.mean(np.abs(left - right) > 0.03) < 0.04
    assert np.mean(np.abs(seen(left_mm, False) - right) > 0.03) > 0.08
