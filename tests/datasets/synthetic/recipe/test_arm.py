import dataclasses

import numpy as np
import pytest

from datasets.errors import InputError
from datasets.synthetic.recipe import arm, phenotypes

# Vertices 0 to 3 and 4 to 7 of the skin are the hand's, 8 and 9 the rest of the body's, 10 and up the cubes'.
SKIN, VERTICES = 10, 10 + 2 * len(arm.CUBES)


@pytest.fixture
def made():
    """Vertices, groups and rig of a body with a hand of two quads."""
    vertices = np.random.default_rng(0).normal(size=(VERTICES, 3))
    cubes = {f"joint-r-{name}": [(SKIN + 2 * k, SKIN + 2 * k + 1)] for k, name in enumerate(arm.CUBES)}
    groups = {"body": [(0, 1, 2, 3), (2, 3, 8, 9), (4, 5, 6, 7)], "joint-l-hand": [(0, 1)], **cubes}
    rig = {f"{bone}.R": np.zeros(VERTICES) for bone in arm.BONES} | {"head.R": np.ones(VERTICES)}
    rig["wrist.R"][:8] = 0.6
    rig["finger2-1.R"][4:8] = 0.2
    rig["wrist.R"][8:10] = 0.3
    return vertices, groups, rig


def test_the_hand_is_what_its_bones_move(made):
    kept, hand = arm.select(*made)
    assert kept.tolist() == [*range(8), *range(10, VERTICES)]
    assert hand.quads.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]] and hand.skin() == 8
    np.testing.assert_array_equal(hand.points_mm, made[0][kept])


def test_shares_of_the_rig_sum_to_one(made):
    _, hand = arm.select(*made)
    np.testing.assert_allclose(np.sum(list(hand.rig.values()), 0), 1)
    np.testing.assert_allclose(hand.rig["finger2-1"], [0, 0, 0, 0, 0.25, 0.25, 0.25, 0.25])


def test_makehumans_joints_are_the_middles_of_their_cubes(made):
    vertices, _, _ = made
    _, hand = arm.select(*made)
    assert list(hand.joints) == list(arm.CUBES)
    np.testing.assert_allclose(hand.joints["elbow"] @ hand.points_mm, vertices[12:14].mean(0))


@pytest.mark.parametrize("name", ["body", "joint-r-elbow", "wrist.R"])
def test_a_missing_group_or_bone_is_named(made, name):
    vertices, groups, rig = made
    (groups if name in groups else rig).pop(name)
    with pytest.raises(KeyError, match=name):
        arm.select(vertices, groups, rig)


def test_a_target_moves_those_whom_its_words_fit(made):
    _, hand = arm.select(*made)
    shift = np.random.default_rng(1).normal(size=hand.points_mm.shape).astype(np.float32)
    hand = dataclasses.replace(
        hand, targets={("asian", "female", "old"): shift, ("hands/r-hand-scale-decr",): -shift}
    )
    average = phenotypes.average()
    people = phenotypes.People(**{name: np.repeat(values, 3, 0) for name, values in vars(average).items()})
    people.age[1], people.sex[1], people.origins[1] = 1, 1, (0, 1, 0)
    people.local[2, 3] = -0.5
    points = hand.on(people)
    for moved, amount in zip(points, (0, 1, -0.5), strict=True):
        np.testing.assert_allclose(moved, hand.points_mm + amount * shift, atol=1e-12)


def test_another_mesh_is_refused(make_wheel):
    with pytest.raises(
        InputError, match=r"`wheel`=.*made.whl: 3dobjs/base.obj has 1 vertices instead of 19158"
    ):
        arm.read_arm(make_wheel({arm.MESH: "v 0 0 0\n"}))
