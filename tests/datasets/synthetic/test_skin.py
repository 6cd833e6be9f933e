import numpy as np

from datasets.synthetic import hand
from datasets.synthetic.skin import CAPSULES, SPHERES, WEDGES, skin_of


def skin_of_a_flat_hand():
    """(joints_mm, SphereMesh)."""
    joints_mm = hand.forward_kinematics(hand.MEASURED, np.zeros((5, 4)))
    return joints_mm, skin_of(hand.MEASURED, joints_mm, np.array([0, -1.0, 0]), 30.0)


def test_every_sphere_belongs_to_the_skin_and_every_joint_lies_inside_it():
    joints_mm, skin = skin_of_a_flat_hand()
    assert len(SPHERES) == len(skin.radii_mm) == len(skin.centres_mm)
    assert set(CAPSULES.ravel()) == set(range(len(SPHERES)))
    distance = np.linalg.norm(joints_mm[:, None] - skin.centres_mm, axis=-1) - skin.radii_mm
    assert (distance.min(-1) < -5).all()


def test_the_sides_of_every_wedge_are_capsules():
    capsules = {tuple(pair) for pair in CAPSULES.tolist()}
    for wedge in WEDGES.tolist():
        first, second, third = sorted(wedge)
        assert {(first, second), (first, third), (second, third)} <= capsules


def test_a_moved_skin_keeps_its_shape():
    _, skin = skin_of_a_flat_hand()
    turn = np.array([[0, -1.0, 0], [1, 0, 0], [0, 0, 1]])
    moved = skin.moved(turn, np.array([1, 2, 300.0]))
    x, y, z = skin.centres_mm.T
    np.testing.assert_allclose(moved.centres_mm, np.stack([1 - y, 2 + x, 300 + z], axis=1))
    assert moved.radii_mm is skin.radii_mm and moved.capsules is skin.capsules
