import numpy as np
import pytest

from datasets.synthetic.recipe import arm, frame, weights


@pytest.fixture
def chains():
    """Joints [22, 3] of a hand with straight fingers."""
    joints_mm = np.zeros((22, 3))
    for finger in range(5):
        root = frame.KNUCKLES_MM[finger] if finger < 4 else np.array([23.0, 32.0, 5.0])
        along = np.array([0.0, 35.0, 60.0, 80.0])
        joints_mm[1 + 4 * finger : 5 + 4 * finger] = root + np.multiply.outer(along, frame.AXES[finger, 1])
    joints_mm[21] = 0, -240, 0
    return joints_mm


@pytest.fixture
def rig():
    """Function of {bone: weights} -> a rig with all bones."""

    def make(**bones):
        count = len(next(iter(bones.values())))
        return {
            bone: np.asarray(bones.get(bone.replace("-", "_"), np.zeros(count)), float) for bone in arm.BONES
        }

    return make


def owners(row):
    return np.flatnonzero(row > 1e-9).tolist()


def test_who_moves_a_finger(chains, rig):
    middles = (chains[5:8] + chains[6:9]) / 2
    row = weights.bone_weights(rig(finger3_1=[1, 1, 1]), middles, chains)
    assert [owners(weight) for weight in row] == [[10], [11], [12]]


def test_who_moves_the_rest(chains, rig):
    skin = [[0, -230, 0], [0, -30, 0], [0, 20, 0], [23, 60, 0], [60, 80, 30]]
    bones = rig(wrist=[1, 1, 1, 0, 0], metacarpal1=[0, 0, 0, 1, 0], finger1_2=[0, 0, 0, 0, 1])
    row = weights.bone_weights(bones, np.array(skin, float), chains)
    assert [owners(weight) for weight in row] == [[0], [1], [2], [2, 3], [20]]


def test_what_the_rig_gives_the_wrist_is_the_fingers(chains, rig):
    skin = (chains[5:6] + chains[6:7]) / 2
    whole, shared = (
        weights.bone_weights(rig(finger3_1=[1 - wrist], wrist=[wrist]), skin, chains) for wrist in (0, 0.5)
    )
    np.testing.assert_allclose(shared, whole)


def test_bone_weights_sum_to_one(chains, rig):
    rng = np.random.default_rng(0)
    skin = rng.uniform((-60, -240, -20), (60, 180, 20), (500, 3))
    shares = rng.dirichlet(np.full(len(arm.BONES), 0.2), 500).T
    row = weights.bone_weights(dict(zip(arm.BONES, shares, strict=True)), skin, chains)
    np.testing.assert_allclose(row.sum(1), 1)
    assert row.min() > -1e-12


def test_steps_follow_each_other_along_a_finger(chains):
    chain = chains[9:13]
    steps = weights.finger_steps(2, chain, chain[0] + np.linspace(-20, 80, 200)[:, None] * frame.AXES[2, 1])
    assert np.all(np.diff(steps, axis=0) >= 0) and np.all(np.diff(steps, axis=1) <= 0)
    assert not steps[0].any() and steps[-1].tolist() == [1, 1, 1]
    at_joints = weights.finger_steps(2, chain, chain[:3])
    assert np.all((np.diag(at_joints) > 0.2) & (np.diag(at_joints) < 0.8))


def test_beyond_a_joint_of_a_curled_finger_is_beyond_those_before_it(chains):
    across, straight, inwards = frame.AXES[2]
    bent = np.array([0.0, 1.6, 3.0])
    bones = np.outer(np.cos(bent), straight) + np.outer(np.sin(bent), inwards)
    chain = chains[9] + np.vstack([np.zeros(3), np.cumsum(bones * 25, 0)])
    skin = chain[0] + np.random.default_rng(0).uniform(-40, 40, (300, 3))
    assert np.all(np.diff(weights.finger_steps(2, chain, skin), axis=1) <= 0)


def test_a_joints_back_goes_with_the_next_bone_before_its_inside(chains):
    chain = chains[9:13]
    inwards = frame.AXES[2, 2]
    back, inside = weights.finger_steps(2, chain, np.array([chain[0] - 4 * inwards, chain[0] + 8 * inwards]))
    assert back[0] > inside[0]


def test_smoothing_takes_from_neighbours_alone():
    quads = np.array([[0, 1, 2, 3], [3, 2, 4, 5]])
    smooth = weights.smoothed(np.eye(7), quads, rounds=1)
    np.testing.assert_allclose(smooth.sum(1), 1)
    np.testing.assert_allclose(smooth[0], [0.6, 0.2, 0, 0.2, 0, 0, 0])
    # The side 2 - 3 belongs to two quads and counts once; vertex 6 has no neighbour.
    np.testing.assert_allclose(smooth[2], [0, 0.4 / 3, 0.6, 0.4 / 3, 0.4 / 3, 0, 0])
    np.testing.assert_allclose(smooth[6], np.eye(7)[6])


def test_half_way_bones_take_what_two_bones_share():
    row = np.zeros((2, weights.BONES))
    row[0, [7, 8]] = 0.7, 0.3
    row[1, [2, 12]] = 0.5, 0.5
    with_halves = weights.with_halves(row)
    half = weights.BONES + weights.PAIRS.tolist().index([7, 8])
    assert owners(with_halves[0]) == [7, half] and owners(with_halves[1]) == [2, 12]
    np.testing.assert_allclose(with_halves[0, [7, half]], [0.4, 0.6])
    np.testing.assert_array_equal(row[0, [7, 8]], [0.7, 0.3])


def test_each_bone_but_the_first_two_and_the_metacarpals_has_a_joint_before_it():
    assert sorted(second for _, second in weights.PAIRS) == [2, *range(7, 22)]
    assert all(first < second for first, second in weights.PAIRS)


def test_skin_weights_are_whole(chains, rig):
    rng = np.random.default_rng(1)
    skin = rng.uniform((-60, -240, -20), (60, 180, 20), (60, 3))
    bones = dict(zip(arm.BONES, rng.dirichlet(np.ones(len(arm.BONES)), 60).T, strict=True))
    made = arm.Arm(skin, rng.permutation(60).reshape(-1, 4), bones, {}, {})
    row = weights.skin_weights(made, skin, chains)
    assert row.shape == (60, 38) and row.min() >= 0
    np.testing.assert_allclose(row.sum(1), 1)
    bones = row[:, : weights.BONES].copy()
    for half, pair in enumerate(weights.PAIRS):
        bones[:, pair] += row[:, weights.BONES + half, None] / 2
    assert bones[bones > 1e-12].min() >= weights.SMALLEST


def test_smoothstep():
    np.testing.assert_allclose(
        weights.smoothstep(np.array([-1, 0, 0.25, 0.5, 1, 3])), [0, 0, 0.15625, 0.5, 1, 1]
    )
