import numpy as np
import pytest

from datasets.synthetic.recipe import frame, joints
from datasets.synthetic.recipe.surface import Skin, triangles_of


def turned(vertices, axis, along):
    """Vertices of a tube, its x axis along ``axis`` and its y axis along ``along``."""
    return vertices @ np.stack([axis, along, np.cross(axis, along)])


@pytest.fixture
def finger(make_tube):
    """Function of a finger -> (Skin of a straight one, its direction, the direction in which it bends).

    It is square, 16 mm wide, begins at the wrist, and ends 180 mm from there.
    """
    vertices, quads = make_tube(np.linspace(0, 180, 13), 8.0)

    def make(number):
        axis, along, inwards = frame.AXES[number]
        return Skin(turned(vertices, axis, along), triangles_of(quads)), along, inwards

    return make


@pytest.mark.parametrize("number", range(4))
def test_joints_of_a_straight_finger(finger, number):
    skin, along, inwards = finger(number)
    marks = np.multiply.outer([90.0, 125, 150, 171], along)
    rows = joints.finger_rows(skin, number, marks)
    np.testing.assert_allclose(rows.sum(1), 1)
    found = rows @ skin.vertices_mm
    # The tip joint lies 2 mm inside the end as seen from the joint before it, which lies off the axis.
    places = [125, 150 - (1 if number == 1 else 0), 178]
    np.testing.assert_allclose(found[1:] @ along, places, atol=0.02)
    np.testing.assert_allclose(found[1:] @ inwards, 16 * np.array([0.43, 0.43, 0.45]) - 8)
    np.testing.assert_allclose(found[1:] @ frame.AXES[number, 0], 0, atol=1e-9)
    assert -8 < found[0] @ inwards < 0 and found[0] @ along < 90


def test_joints_follow_the_skin(finger):
    skin, along, _ = finger(2)
    rows = joints.finger_rows(skin, 2, np.multiply.outer([90.0, 125, 150, 171], along))
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    moved = 1.3 * skin.vertices_mm @ turn + [5, 6, 7]
    np.testing.assert_allclose(rows @ moved, 1.3 * rows @ skin.vertices_mm @ turn + [5, 6, 7])


def test_the_tips_place_does_not_depend_on_where_it_is_looked_from(finger):
    skin, along, inwards = finger(0)
    axis, last = frame.AXES[0, 0], 150 * along
    for ahead in (160 * along, 170 * along + 5 * axis, 165 * along - 6 * inwards):
        inside, bone = joints.inside_the_end(skin, last, ahead, axis, inwards)
        np.testing.assert_allclose(inside, 178 * along, atol=1e-9)
        np.testing.assert_allclose(bone, along, atol=1e-9)


@pytest.mark.parametrize("last", [2.5, -1.5])
def test_the_thumbs_joints_and_hinge(make_tube, last):
    vertices, quads = make_tube(np.linspace(-60, 160, 23), 8.0)
    axis, along, inwards = frame.AXES[4]
    # The first joint does not lie on the axis, and keeps its place.
    skin = Skin(turned(vertices, axis, along) + joints.THUMB_ROOT_MM + 3 * inwards, triangles_of(quads))
    marks = np.array([[0, 3], [40, 3], [80, 3.5], [110, 3 + last]]) @ [along, inwards]
    rows, hinge = joints.thumb_rows(skin, joints.THUMB_ROOT_MM + marks)
    # Bent or stretched back, it bends about the same axis.
    np.testing.assert_allclose(hinge, axis, atol=1e-12)
    found = rows @ skin.vertices_mm - joints.THUMB_ROOT_MM
    np.testing.assert_allclose(found[0], 0, atol=1e-9)
    np.testing.assert_allclose(found[1:] @ axis, 0, atol=1e-9)
    assert np.all(np.diff(found @ along) > 25) and found[3] @ along == pytest.approx(158, abs=0.5)
    np.testing.assert_allclose(found[1:] @ inwards, 3 + 16 * 0.45 - 8, atol=0.5)


@pytest.fixture
def points():
    """22 joints at random, and rows that name them."""
    joints_mm = np.random.default_rng(5).normal(size=(22, 3)) * 30
    joints_mm[joints.KNUCKLES] = frame.KNUCKLES_MM
    joints_mm[0] = 0
    return joints_mm, np.eye(22)


def test_where_a_body_stands_does_not_matter(points):
    joints_mm, rows = points
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    turn *= np.linalg.det(turn)
    skin_mm, found_mm = joints.in_hand_frame(joints_mm @ turn + [100, 200, 300], rows)
    np.testing.assert_allclose(skin_mm, joints_mm, atol=1e-9)
    np.testing.assert_allclose(found_mm, joints_mm, atol=1e-9)


def test_a_left_hand_is_not_mirrored(points):
    turn = frame.turn_into(frame.KNUCKLES_MM * [-1, 1, 1])
    assert np.linalg.det(turn) == pytest.approx(1)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)


def test_bone_lengths():
    joints_mm = np.zeros((22, 3))
    joints_mm[5:9, 1] = 90, 120, 145, 165
    np.testing.assert_allclose(joints.bones_mm(joints_mm)[1], [90, 30, 25, 20])
    assert not joints.bones_mm(joints_mm)[[0, 2, 3, 4]].any()


@pytest.mark.parametrize("spread", [-0.3, 0.0, 0.4])
def test_the_bending_axis_turns_with_the_spread(spread):
    across, straight, inwards = frame.AXES[2]
    first = np.cos(spread) * straight + np.sin(spread) * across
    axis = frame.bending_axis(2, first, first)
    np.testing.assert_allclose(axis, np.cos(spread) * across - np.sin(spread) * straight, atol=1e-12)
    bent = np.cos(0.7) * first + np.sin(0.7) * inwards
    np.testing.assert_allclose(frame.bending_axis(2, first, bent), axis, atol=1e-12)
