"""What the networks see of pictures: crops and labels of one picture agree with each other."""

import numpy as np
import pytest
import tensorflow as tf

from crossinfo.localisation import canvas
from crossinfo.pretrain import contents, frames
from datasets import crops, geometry
from datasets.synthetic import Options, scene

OPTIONS = Options(views="any", scenes=("bare", "two_hands", "empty"), sensor="exact", poses="natural")


@pytest.fixture(scope="module")
def pictures():
    return [scene.picture(4, index, OPTIONS) for index in range(24)]


@pytest.fixture(scope="module")
def seen(pictures):
    """Arrays of the localiser and of the pose network."""
    rng = np.random.default_rng(0)
    return frames.localiser_arrays(pictures, rng), frames.pose_arrays(pictures, rng)


def test_every_visible_hand_is_labelled_on_the_canvas(pictures, seen):
    labels, _ = seen
    assert [int((row > 0).sum()) for row in labels["weight"]] == [len(picture.hands) for picture in pictures]
    for row, picture in enumerate(pictures):
        for label, hand in enumerate(picture.hands):
            np.testing.assert_allclose(labels["centre_mm"][row, label], hand.joints_mm.mean(0), atol=1e-3)
    assert labels["canvas"].shape[1:] == (canvas.HEIGHT, canvas.WIDTH)


def test_pose_crops_are_of_right_hands_about_upright(seen):
    _, arrays = seen
    place = crops.CropPlace.of({name: tf.constant(value) for name, value in arrays.items() if name != "crop"})
    uvd = crops.joints_to_crop(tf.constant(arrays["joints_mm"]), place).numpy()
    bone = uvd[:, frames.MIDDLE_ROOT, :2] - uvd[:, frames.WRIST, :2]
    long_enough = np.linalg.norm(bone, axis=1) > 8
    turn = np.degrees(np.arctan2(-bone[long_enough, 0], -bone[long_enough, 1]))
    assert np.abs(turn).max() <= frames.FAR_DEGREES + 15 and np.median(np.abs(turn)) < 15
    # Seen from the back or the palm, in a right hand the thumb's side follows from where the palm faces.
    joints = arrays["joints_mm"]
    across, along = joints[:, 17] - joints[:, 13], joints[:, 5] - joints[:, 0]
    palm = np.cross(across, along)
    curled = joints[:, [8, 12, 16]].mean(1) - joints[:, [5, 9, 13]].mean(1)
    assert np.mean(np.sum(palm * curled, 1) > 0) > 0.8


def test_joints_lie_on_their_crops(seen):
    _, arrays = seen
    place = crops.CropPlace.of({name: tf.constant(value) for name, value in arrays.items() if name != "crop"})
    uvd = crops.joints_to_crop(tf.constant(arrays["joints_mm"]), place).numpy()
    inside = (uvd[..., :2] >= 1).all(-1) & (uvd[..., :2] < 95).all(-1)
    column, row = np.moveaxis(uvd[..., :2].astype(int), -1, 0)
    covered = [
        (crop[r[ok], c[ok]] < 1).mean()
        for crop, r, c, ok in zip(arrays["crop"][..., 0], row, column, inside, strict=True)
        if ok.sum() > 10
    ]
    assert np.mean(covered) > 0.9


def test_checks_know_a_hand_its_side_and_how_far_it_is_off(pictures, seen):
    labels, _ = seen
    hands = labels["hand"] > 0
    assert hands.any() and not hands.all()
    empty = [row for row, picture in enumerate(pictures) if not picture.hands]
    assert empty and not hands[empty].any()
    alone = [row for row, picture in enumerate(pictures) if len(picture.hands) == 1]
    assert all(labels["is_left"][row, 0] == pictures[row].hands[0].is_left for row in alone if hands[row, 0])
    assert np.abs(labels["shift"][hands]).max() * frames.CUBE_MM / 2 <= frames.CHECK_FAR_MM * 1.6


def test_the_same_chunk_is_the_same_whoever_renders_it():
    first, again = (contents.pictures(9, 6, 10) for _ in range(2))
    for kind in contents.KINDS:
        for name, value in first[kind].items():
            np.testing.assert_array_equal(value, again[kind][name])


def test_a_left_hand_is_seen_in_the_mirror(pictures):
    picture, hand = next((p, h) for p in pictures for h in p.hands if h.is_left)
    depth_mm, camera, joints_mm = frames.seen_as_right(picture.depth_mm, picture.camera, hand)
    before = geometry.project(tf.constant(hand.joints_mm[None]), np.float32([picture.camera]))[0].numpy()
    after = geometry.project(tf.constant(joints_mm[None]), np.float32([camera]))[0].numpy()
    np.testing.assert_allclose(after[:, 0], picture.depth_mm.shape[1] - 1 - before[:, 0], atol=0.01)
    np.testing.assert_array_equal(depth_mm[:, ::-1], picture.depth_mm)
