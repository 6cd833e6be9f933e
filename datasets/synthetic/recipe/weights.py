"""Which bones move the skin, and how much."""

import numpy as np
import scipy.sparse

from datasets.synthetic.recipe.arm import Arm
from datasets.synthetic.recipe.frame import bending_axis, unit

# Bones: 2 of the forearm, palm, 4 metacarpals, 3 for each finger from index to thumb; then half-way bones.
BONES = 22
PALM, METACARPALS, FINGERS, THUMB = 2, 3, 7, 19
# The bones on both sides of a joint: wrist, fingers, thumb.
PAIRS = np.array(
    [(1, PALM)]
    + [
        (METACARPALS + finger if bone == 0 else FINGERS + 3 * finger + bone - 1, FINGERS + 3 * finger + bone)
        for finger in range(4)
        for bone in range(3)
    ]
    + [(PALM, THUMB), (THUMB, THUMB + 1), (THUMB + 1, THUMB + 2)]
)
# A smaller weight is dropped.
SMALLEST = 0.004
# Of a finger's three joints: how much the step leans, within which depths, where it starts and its width, mm.
STEPS = ((0.55, (-4, 16), 7, 15), (0.12, (-6, 8), 5.5, 11), (0.12, (-6, 8), 5.5, 11))


def skin_weights(arm: Arm, skin_mm: np.ndarray, joints_mm: np.ndarray) -> np.ndarray:
    """Weights float64 [V, 38] of 22 bones and 16 half-way bones; rows sum to 1.

    Args:
        arm: Arm.
        skin_mm: float64 [V, 3]. Its skin in the hand frame.
        joints_mm: float64 [22, 3].
    """
    weights = bone_weights(arm.rig, skin_mm, joints_mm)
    weights = smoothed(weights, arm.quads)
    weights[weights < SMALLEST] = 0
    return with_halves(weights / weights.sum(1, keepdims=True))


def smoothstep(x: np.ndarray) -> np.ndarray:
    """0 below 0, 1 above 1, and a smooth step between."""
    x = np.clip(x, 0, 1)
    return x**2 * (3 - 2 * x)


def bone_weights(rig: dict[str, np.ndarray], skin_mm: np.ndarray, joints_mm: np.ndarray) -> np.ndarray:
    """Weights float64 [V, 22]; MakeHuman's rig says which finger a vertex belongs to, and owns the thumb.

    Args:
        rig: {bone: float64 [V]}.
        skin_mm: float64 [V, 3].
        joints_mm: float64 [22, 3].
    """
    weights = np.zeros((len(skin_mm), BONES))
    # From hand to forearm within 30 mm about the wrist, and along the forearm from its one bone to the other.
    along = skin_mm[:, 1]
    forearm = smoothstep((12 - along) / 30)
    weights[:, 0] = forearm * np.clip((-along - 60) / 90, 0, 1)
    weights[:, 1] = forearm - weights[:, 0]
    thumb = np.stack([rig[f"finger1-{bone}"] for bone in (1, 2, 3)], 1) * (1 - forearm)[:, None]
    weights[:, THUMB:] = thumb
    fingers = np.stack([_finger(rig, number) for number in (2, 3, 4, 5)], 1)
    total = fingers.sum(1, keepdims=True)
    shares = np.divide(fingers, total, out=np.zeros_like(fingers), where=total > 1e-6)
    shares *= (1 - forearm - thumb.sum(1))[:, None]
    for finger in range(4):
        chain = joints_mm[1 + 4 * finger : 5 + 4 * finger]
        steps = finger_steps(finger, chain, skin_mm) * shares[:, finger, None]
        metacarpal = smoothstep((skin_mm @ unit(chain[0]) - 25) / 45)
        weights[:, METACARPALS + finger] = (shares[:, finger] - steps[:, 0]) * metacarpal
        bones = FINGERS + 3 * finger + np.arange(3)
        weights[:, bones] = -np.diff(steps, axis=1, append=0)
    weights[:, PALM] = 1 - weights.sum(1)
    return weights


def _finger(rig, number):
    """The rig's weights [V] of a finger's bones together; it counts fingers from the thumb, 1."""
    return rig[f"metacarpal{number - 1}"] + sum(rig[f"finger{number}-{bone}"] for bone in (1, 2, 3))


def finger_steps(finger: int, chain_mm: np.ndarray, skin_mm: np.ndarray) -> np.ndarray:
    """How far each vertex is beyond each of a finger's joints, float64 [V, 3]: 0 before it, 1 beyond.

    The steps lean, so that the inside of a bent joint folds and its back stays with the next bone.

    Args:
        finger: int. 0 index .. 3 little.
        chain_mm: float64 [4, 3]. Its joints.
        skin_mm: float64 [V, 3].
    """
    bones = unit(np.diff(chain_mm, axis=0))
    before = [unit(chain_mm[0]), bones[0], bones[1]]
    steps, step = [], 1.0
    for joint, (lean, (back, front), start, width) in enumerate(STEPS):
        along = unit(before[joint] + bones[joint])
        inwards = np.cross(bending_axis(finger, bones[0], bones[joint]), along)
        away = skin_mm - chain_mm[joint]
        passed = away @ along - lean * np.clip(away @ inwards, back, front)
        # Beyond a joint is beyond those before it, too.
        step = np.minimum(smoothstep((passed + start) / width), step)
        steps.append(step)
    return np.stack(steps, 1)


def smoothed(weights: np.ndarray, quads: np.ndarray, rounds: int = 2) -> np.ndarray:
    """Weights [V, B] of which every vertex takes 40 % from its neighbours' mean, ``rounds`` times.

    Args:
        weights: float64 [V, B].
        quads: int [Q, 4]. Their sides join neighbours; a vertex without any stays as it is.
        rounds: int.
    """
    count = len(weights)
    starts, ends = quads.ravel(), np.roll(quads, -1, 1).ravel()
    alone = np.setdiff1d(np.arange(count), starts)
    rows, columns = np.concatenate([starts, ends, alone]), np.concatenate([ends, starts, alone])
    sides = scipy.sparse.csr_array((np.ones(len(rows)), (rows, columns)), (count, count))
    joined = (sides > 0).astype(float)
    degree = joined.sum(1)[:, None]
    for _ in range(rounds):
        weights = 0.6 * weights + 0.4 * (joined @ weights) / degree
    return weights


def with_halves(weights: np.ndarray) -> np.ndarray:
    """Weights [V, 38] from [V, 22]: what two neighbouring bones share goes to the half-way bone between."""
    weights, halves = weights.copy(), []
    for first, second in PAIRS:
        shared = np.minimum(weights[:, first], weights[:, second])
        weights[:, first] -= shared
        weights[:, second] -= shared
        halves.append(2 * shared)
    return np.column_stack([weights, *halves])
