"""The hand: joints with known values, people's proportions, and the skin around its joints."""

import numpy as np
import pytest

from datasets.geometry import Camera, project
from datasets.skeletons import MSRA
from datasets.synthetic import asset, hand, kinematics, poses
from datasets.synthetic.render import render

STRAIGHT = np.zeros((5, 4))
DOWN = np.array([0.0, -1.0, 0.0])
PEOPLE = 200


def bone_lengths(joints_mm):
    first, second = np.array(MSRA.bones).T
    return np.linalg.norm(joints_mm[..., first, :] - joints_mm[..., second, :], axis=-1)


def bent(finger, *degrees):
    angles = STRAIGHT.copy()
    angles[finger] = np.radians(degrees)
    return hand.forward_kinematics(hand.average(), angles)


@pytest.fixture(scope="module")
def shapes():
    return [hand.shape_of(0, subject) for subject in range(PEOPLE)]


@pytest.fixture(scope="module")
def posed():
    """Joints and Mesh of 20 people, each in a pose of its own."""
    generator = np.random.default_rng(0)
    hands = []
    for subject in range(20):
        shape = hand.shape_of(1, subject)
        angles, arm = poses.sample_any(generator, shape), poses.sample_arm(generator, wide=True)
        hands.append(hand.pose(shape, angles, arm, poses.sample_twist(generator)))
    return hands


def volume(mesh):
    """Volume of a closed surface whose triangles are counter-clockwise from outside, mm3."""
    a, b, c = np.moveaxis(mesh.vertices_mm.astype(np.float64)[mesh.triangles], 1, 0)
    return np.sum(a * np.cross(b, c)) / 6


def windings(mesh, points):
    """How often the surface winds around each point [N, 3]: 1 inside, 0 outside."""
    corners = mesh.vertices_mm.astype(np.float64)[mesh.triangles]
    result = []
    for point in points:
        a, b, c = np.moveaxis(corners - point, 1, 0)
        la, lb, lc = (np.linalg.norm(x, axis=-1) for x in (a, b, c))
        above = np.sum(a * np.cross(b, c), -1)
        below = la * lb * lc + np.sum(a * b, -1) * lc + np.sum(b * c, -1) * la + np.sum(c * a, -1) * lb
        result.append(2 * np.arctan2(above, below).sum() / (4 * np.pi))
    return np.array(result)


def test_wrist_and_finger_roots_of_a_straight_hand_lie_as_in_rest():
    joints_mm = hand.forward_kinematics(hand.average(), STRAIGHT)
    np.testing.assert_array_equal(joints_mm[0], 0)
    np.testing.assert_allclose(joints_mm[[1, 5, 9, 13, 17]], hand.average().roots_mm)


def test_a_straight_finger_is_as_long_as_its_bones():
    joints_mm = hand.forward_kinematics(hand.average(), STRAIGHT)
    lengths = np.linalg.norm(joints_mm[[4, 8, 12, 16, 20]] - joints_mm[[1, 5, 9, 13, 17]], axis=-1)
    np.testing.assert_allclose(lengths, hand.average().lengths_mm.sum(-1))


def test_a_root_bent_by_90_degrees_points_the_middle_finger_out_of_the_palm():
    joints_mm = bent(1, 90, 0, 0, 0)
    length_mm = hand.average().lengths_mm[1].sum()
    np.testing.assert_allclose(joints_mm[8] - joints_mm[5], [0, 0, length_mm], atol=1e-9)


def test_bends_add_up_along_a_finger():
    joints_mm = bent(1, 45, 0, 45, 90)
    _, second, third = hand.average().lengths_mm[1]
    fan = np.radians(kinematics.FAN_DEGREES[1])
    straight = np.array([np.sin(fan), np.cos(fan), 0])
    np.testing.assert_allclose(joints_mm[7] - joints_mm[6], [0, 0, second], atol=1e-9)
    np.testing.assert_allclose(joints_mm[8] - joints_mm[7], -third * straight, atol=1e-9)


@pytest.mark.parametrize("finger", range(4))
def test_positive_spread_moves_a_finger_towards_the_thumb(finger):
    tip = 4 * finger + 4
    assert bent(finger, 0, 15, 0, 0)[tip, 0] > bent(finger, 0, 0, 0, 0)[tip, 0] + 5


def test_the_thumb_bends_across_the_palm_and_spreads_out_of_it():
    rest = bent(4, 0, 0, 0, 0)[20]
    assert bent(4, 30, 0, 0, 0)[20, 0] < rest[0] - 10
    assert bent(4, 0, 30, 0, 0)[20, 2] > rest[2] + 10


def test_the_palm_closes_a_little_around_what_the_little_finger_bends_about():
    open_mm, closed_mm = bent(3, 0, 0, 0, 0)[13], bent(3, 80, 0, 0, 0)[13]
    assert 3 < closed_mm[2] - open_mm[2] < 20
    np.testing.assert_array_equal(bent(0, 80, 0, 0, 0)[1], bent(0, 0, 0, 0, 0)[1])


def test_kinematics_of_many_hands_equal_those_of_each():
    angles = np.random.default_rng(0).uniform(poses.LOWEST, poses.HIGHEST, (2, 3, 5, 4))
    together = hand.forward_kinematics(hand.average(), angles)
    assert together.shape == (2, 3, 21, 3)
    np.testing.assert_allclose(
        together[1, 2], hand.forward_kinematics(hand.average(), angles[1, 2]), atol=1e-9
    )


def test_finger_bones_do_not_depend_on_the_pose():
    angles = np.random.default_rng(0).uniform(poses.LOWEST, poses.HIGHEST, (50, 5, 4))
    lengths = bone_lengths(hand.forward_kinematics(hand.shape_of(3, 4), angles))
    inner = np.array([0 not in bone for bone in MSRA.bones])
    np.testing.assert_allclose(lengths[:, inner], np.tile(lengths[0, inner], (50, 1)), rtol=1e-9)
    # The palm's arch brings the knuckles a little nearer to the wrist.
    assert np.ptp(lengths[:, ~inner], axis=0).max() < 1.5


# Real labelled adults, mm: wrist to first joint, then the finger's three bones.
BONES_MM = {
    "index": ((88, 107), (28, 40), (19, 28), (19, 31)),
    "middle": ((86, 107), (31, 40), (23, 31), (21, 33)),
    "ring": ((82, 98), (28, 38), (22, 31), (20, 32)),
    "little": ((80, 96), (20, 29), (13, 23), (15, 26)),
    "thumb": ((33, 47), (28, 41), (25, 36), (23, 43)),
}


@pytest.mark.parametrize(("finger", "ranges"), enumerate(BONES_MM.values()), ids=BONES_MM)
def test_median_bones_are_as_long_as_those_of_real_labels(shapes, finger, ranges):
    palm = np.array([np.linalg.norm(shape.roots_mm[finger]) for shape in shapes])
    bones = np.array([shape.lengths_mm[finger] for shape in shapes])
    medians = np.median(np.column_stack([palm, bones]), 0)
    for median, (low, high) in zip(medians, ranges, strict=True):
        assert low <= median <= high
    # And people differ.
    assert (np.std(bones, 0) / np.mean(bones, 0) > 0.05).all()


def test_hands_are_as_long_as_those_of_men_women_and_children(shapes):
    lengths = np.array([bone_lengths(shape.joints_mm[:21]) for shape in shapes])
    chain = [MSRA.bones.index(bone) for bone in ((0, 5), (5, 6), (6, 7), (7, 8))]
    lengths = lengths[:, chain].sum(1)
    assert 122 <= lengths.min() < 150 and 200 < lengths.max() <= 210 + 1e-6
    assert 0.05 < (lengths < 160).mean() < 0.2
    assert 175 < np.median(lengths) < 190


def test_fingers_are_as_thick_as_fingers_and_taper(shapes):
    radii = np.array([shape.radii_mm for shape in shapes])
    assert 3 < radii.min() and radii.max() < 18
    assert 7.5 < np.median(radii[:, :4]) < 10
    assert (radii[:, :, 2] < radii[:, :, 0]).all()


def test_a_subject_is_a_function_of_seed_and_number():
    one, again = hand.shape_of(5, 2), hand.shape_of(5, 2)
    np.testing.assert_array_equal(one.skin_mm, again.skin_mm)
    np.testing.assert_array_equal(one.joints_mm, again.joints_mm)
    for other in (hand.shape_of(6, 2), hand.shape_of(5, 3)):
        assert np.abs(other.lengths_mm - one.lengths_mm).max() > 0.5


def test_the_skin_is_closed_every_edge_lies_between_two_triangles():
    triangles = asset.load().triangles
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    names = edges[:, 0].astype(np.int64) * len(asset.load().weights) + edges[:, 1]
    back = edges[:, 1].astype(np.int64) * len(asset.load().weights) + edges[:, 0]
    assert len(np.unique(names)) == len(names)
    np.testing.assert_array_equal(np.sort(names), np.sort(back))


def test_skinning_weights_are_shares_of_all_bones():
    weights = asset.load().weights
    assert weights.shape == (asset.load().vertices, asset.BONES + len(asset.load().pairs))
    assert weights.min() >= 0
    np.testing.assert_allclose(weights.sum(1), 1, rtol=1e-6)


def test_pose_and_forward_kinematics_agree_on_the_joints(posed):
    generator = np.random.default_rng(3)
    shape, angles = hand.shape_of(1, 1), poses.sample_any(generator)
    joints_mm, mesh = hand.pose(shape, angles, poses.sample_arm(generator))
    np.testing.assert_allclose(joints_mm, hand.forward_kinematics(shape, angles))
    assert joints_mm.dtype == np.float64
    assert mesh.vertices_mm.dtype == np.float32 and mesh.triangles.dtype == np.int32


def test_all_joints_lie_inside_the_skin(posed):
    inside = np.array([windings(mesh, joints_mm) > 0.5 for joints_mm, mesh in posed])
    assert inside.all()


def test_a_ray_through_a_finger_joint_meets_the_skin_within_a_fingers_thickness():
    """An open hand, its palm to the camera: nothing stands before a joint but its own flesh."""
    camera, size = Camera(241.42, 241.42, 160.0, 120.0), (240, 320)
    facing = np.diag([1.0, -1.0, -1.0])
    for subject in range(10):
        joints_mm, skin = hand.pose(hand.shape_of(2, subject), np.radians(poses.ANCHORS_DEGREES["5"]), DOWN)
        joints_mm, skin = joints_mm @ facing + [0, 90, 350], skin.moved(facing, np.array([0, 90, 350]))
        fingers = project(joints_mm[1:], np.asarray(camera))
        columns, rows = np.rint(fingers[:, :2]).astype(int).T
        gaps = fingers[:, 2] - render(skin, camera, size)[rows, columns]
        # The thumb's first joint lies deep in the palm.
        gaps = np.delete(gaps, 16)
        assert 1 < gaps.min() and gaps.max() < 22
        tips = gaps[[3, 7, 11, 15, 18]]
        assert tips.max() < 13


def test_tips_lie_2_to_6_mm_inside_the_fingers_ends():
    """How far the skin reaches beyond each tip joint along the last bone."""
    shape = hand.average()
    _, mesh = hand.pose(shape, STRAIGHT, DOWN)
    joints_mm = hand.forward_kinematics(shape, STRAIGHT)
    for tip in (4, 8, 12, 16, 20):
        along = joints_mm[tip] - joints_mm[tip - 1]
        along /= np.linalg.norm(along)
        beyond = (mesh.vertices_mm - joints_mm[tip]) @ along
        near = np.linalg.norm(mesh.vertices_mm - joints_mm[tip], axis=-1) < 15
        assert 2 < beyond[near].max() < 6


def test_bending_keeps_the_volume_of_the_hand():
    """Flesh neither collapses nor swells: a fist has the volume of the open hand, give or take."""
    shape = hand.average()
    flat = volume(hand.pose(shape, STRAIGHT, DOWN)[1])
    fist = np.radians(poses.ANCHORS_DEGREES["T"])
    assert flat > 0
    assert volume(hand.pose(shape, fist, DOWN)[1]) == pytest.approx(flat, rel=0.05)
    bent_wrist = np.array([0.0, -0.5, np.sqrt(0.75)])
    assert volume(hand.pose(shape, STRAIGHT, bent_wrist)[1]) == pytest.approx(flat, rel=0.1)


def test_no_edge_of_the_skin_is_torn_by_a_pose(posed):
    """Edges of a posed skin are at most a centimetre longer than those of the resting one."""
    for subject, (_, mesh) in enumerate(posed):
        corners, rest = (
            vertices[mesh.triangles] for vertices in (mesh.vertices_mm, hand.shape_of(1, subject).skin_mm)
        )
        now, then = (np.linalg.norm(c - np.roll(c, 1, axis=1), axis=-1) for c in (corners, rest))
        assert (now - then).max() < 12


def test_the_forearm_follows_its_direction_and_the_fingers_do_not():
    shape, direction = hand.average(), np.array([0.3, -0.9, 0.3]) / np.sqrt(0.99)
    straight, turned = (hand.pose(shape, STRAIGHT, arm)[1].vertices_mm for arm in (DOWN, direction))
    fingers = straight[:, 1] > 110
    np.testing.assert_allclose(turned[fingers], straight[fingers], atol=1e-3)
    reach = turned[straight @ DOWN > 150].mean(0)
    np.testing.assert_allclose(reach / np.linalg.norm(reach), direction, atol=0.12)


def test_a_twist_turns_the_elbow_about_the_forearm_and_half_as_much_at_the_wrist():
    straight, twisted = (hand.pose(hand.average(), STRAIGHT, DOWN, twist)[1] for twist in (0.0, 0.5))
    weights = asset.load().weights
    for bone, angle in ((0, 0.5), (1, 0.25)):
        owned = weights[:, bone] > 0.999
        x, z = straight.vertices_mm[owned][:, [0, 2]].T
        then = twisted.vertices_mm[owned][:, [0, 2]]
        turned = np.arctan2(then[:, 1], then[:, 0]) - np.arctan2(z, x)
        # About -y, x turns towards z.
        np.testing.assert_allclose(np.angle(np.exp(1j * turned)), angle, atol=1e-3)


def test_a_stump_has_no_triangle_wholly_beyond_the_cut_and_shows_the_forearms_inside():
    _, mesh = hand.pose(hand.average(), STRAIGHT, DOWN)
    stump = hand.stump(mesh, DOWN, 30.0)
    along = stump.vertices_mm[stump.triangles] @ DOWN
    assert (along.min(1) < 30).all()
    kept = {tuple(sorted(row)) for row in stump.triangles.tolist()}
    assert len(kept) < len(stump.triangles) < len(mesh.triangles) + 300
