"""From the wheel to the arrays of ``hand.npz``; its keys are described in ``assets/README.md``."""

import os

import numpy as np

from datasets.synthetic.recipe import joints, phenotypes, shapes, surface, weights
from datasets.synthetic.recipe.arm import Arm, read_arm

ADULTS, CHILDREN, DIRECTIONS = 900, 150, 24
# Before the elbow.
CUT_MM = -214.0
# The forearm's shape counts less than the hand's, and a joint as much as two vertices.
FOREARM_MM, FOREARM_IMPORTANCE, JOINT_IMPORTANCE = -40.0, 0.4, 2.0
# Steps of the rounded mean in a hundredth of the hand's length.
MEAN_STEPS = 200


def bake(wheel: str | os.PathLike) -> dict[str, np.ndarray]:
    """The arrays of ``hand.npz``. Raises InputError if the wheel is damaged or holds another mesh."""
    arm = read_arm(wheel)
    average = arm.on(phenotypes.average())[0]
    rows, hinge = joints.place(arm, average)
    points_mm, joints_mm = joints.in_hand_frame(average, rows)
    skin_mm = points_mm[: arm.skin()]
    stump = surface.cut(skin_mm, arm.quads, CUT_MM)
    skin_weights = weights.skin_weights(arm, skin_mm, joints_mm)[stump.kept]
    end_weights = np.eye(skin_weights.shape[1])[:1]  # The vertex that closes the cut goes with the forearm.
    adults = phenotypes.draw(1, ADULTS, children=False)
    found = shapes.fit(
        hands(arm, rows, stump, adults),
        hands(arm, rows, stump, phenotypes.draw(2, CHILDREN, children=True)),
        importance(stump.skin(skin_mm, joints_mm[joints.ELBOW] - joints_mm[0])),
        DIRECTIONS,
    )
    return {
        **rounded(found),
        "triangles": stump.triangles.astype(np.uint16),
        "weights": np.round(np.vstack([skin_weights, end_weights]) * 255).astype(np.uint8),
        "pairs": weights.PAIRS.astype(np.uint8),
        **spreads(found, adults.sex),
        "thumb_hinge": hinge.astype(np.float32),
    }


def hands(arm: Arm, rows: np.ndarray, stump: surface.Stump, people: phenotypes.People) -> np.ndarray:
    """Skin and joints of N people, float32 [N, 3 (U + 1 + 22)], in hundredths of the hand's length.

    Args:
        arm: Arm.
        rows: float64 [22, P]. Its joints.
        stump: Stump. What is kept of the skin.
        people: People.
    """
    found = []
    for points_mm in arm.on(people):
        points_mm, joints_mm = joints.in_hand_frame(points_mm, rows)
        skin_mm = stump.skin(points_mm, joints_mm[joints.ELBOW] - joints_mm[0])
        length_mm = joints.bones_mm(joints_mm)[1].sum()
        found.append(np.vstack([skin_mm, joints_mm]).ravel() * (100 / length_mm))
    return np.array(found, np.float32)


def importance(skin_mm: np.ndarray) -> np.ndarray:
    """How much each coordinate counts, float64 [3 (V + 22)], for skin [V, 3] and the joints after it."""
    skin = np.where(skin_mm[:, 1] < FOREARM_MM, FOREARM_IMPORTANCE, 1.0)
    return np.concatenate([skin, np.full(joints.ELBOW + 1, JOINT_IMPORTANCE)]).repeat(3)


def rounded(found: shapes.Shapes) -> dict[str, np.ndarray]:
    """Mean and basis as 16-bit integers; each direction has its own step."""
    step = np.abs(found.basis).max(1) / np.iinfo(np.int16).max
    basis = np.round(found.basis / step[:, None]).astype(np.int16)
    return {
        "mean": np.round(found.mean.reshape(-1, 3) * MEAN_STEPS).astype(np.int16),
        "basis": basis.reshape(len(basis), -1, 3),
        "basis_step": step.astype(np.float32),
    }


def spreads(found: shapes.Shapes, sex: np.ndarray) -> dict[str, np.ndarray]:
    """Means and spreads of the coefficients of men and women, who share one spread, and of children.

    Args:
        found: Shapes.
        sex: float64 [N]. Of its adults, 0 male .. 1 female.
    """
    groups = [found.adults[sex < 0.5], found.adults[sex >= 0.5]]
    arrays = {
        "sexes": np.stack([group.mean(0) for group in groups]),
        "spread": shapes.spread(np.concatenate([group - group.mean(0) for group in groups])),
        "child": found.children.mean(0),
        "child_spread": shapes.spread(found.children),
    }
    return {name: array.astype(np.float32) for name, array in arrays.items()}
