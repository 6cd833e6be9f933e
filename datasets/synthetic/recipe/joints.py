"""Where the joints lie under the skin, by the definition that labels of real hands follow.

A knuckle is in the middle of its flesh and a tip joint 2 mm inside the finger's end. A joint is a point
between places on the skin, and so moves linearly with the shape. MakeHuman's own joints say where to look.
"""

import numpy as np

from datasets.synthetic.recipe.arm import Arm
from datasets.synthetic.recipe.frame import AXES, bending_axis, square_to, turn_into, unit
from datasets.synthetic.recipe.surface import Skin, triangles_of

# The elbow is the last joint.
ELBOW = 21
KNUCKLES = [1, 5, 9, 13]
# A knuckle lies nearer to the wrist than MakeHuman's joint: index, middle, ring, little finger.
KNUCKLE_BACK_MM = (8.0, 4.0, 5.0, 4.5)
# The middle joints lie further in; the middle finger's second a little back, too.
INWARDS_MM = 3.5
BACK_MM = {(1, 2): 1.0}
TIP_MM = 2.0
# Depth between the back (0) and the palm's side (1).
KNUCKLE_DEPTH, MIDDLE_DEPTH, TIP_DEPTH, THUMB_DEPTH = 0.40, 0.43, 0.45, 0.45
# The thumb's first joint, and the line through it that ends on the skin.
THUMB_ROOT_MM = np.array([23.0, 32.0, 5.0])
THUMB_ROOT_LINE = np.array([0.35, -0.35, -0.87])
PALM = np.array([0.0, 0.0, 1.0])


def place(arm: Arm, points_mm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Joints as rows, and the thumb's hinge.

    Args:
        arm: Arm.
        points_mm: float64 [P, 3]. Its points on an average person.

    Returns:
        rows float64 [22, P]: ``rows @ points`` are the 21 joints in MSRA's order and the elbow, and
        float64 [3], the unit vector about which the thumb's outer joints bend in rest.
    """
    start = arm.joints["hand"] @ points_mm
    marks = np.array([row @ points_mm for name, row in arm.joints.items() if name != "elbow"]) - start
    turn = turn_into(marks[KNUCKLES])
    marks = marks @ turn.T
    skin = Skin(((points_mm - start) @ turn.T)[: arm.skin()], triangles_of(arm.quads))
    rows = np.zeros((22, len(points_mm)))
    wrist = skin.between(np.zeros(3), PALM, 0.5)
    *fingers, thumb = marks[1:].reshape(5, 4, 3)
    fingers = [finger_rows(skin, number, finger) for number, finger in enumerate(fingers)]
    thumb, hinge = thumb_rows(skin, thumb)
    rows[:ELBOW, : arm.skin()] = np.vstack([wrist, *fingers, thumb])
    rows[ELBOW] = arm.joints["elbow"]
    return rows, hinge


def in_hand_frame(points_mm: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points [P, 3] and joints [22, 3] of one person, turned and moved into the hand frame.

    Args:
        points_mm: float64 [P, 3] in MakeHuman's axes.
        rows: float64 [22, P] from ``place``.
    """
    joints_mm = rows @ points_mm
    wrist = joints_mm[0]
    turn = turn_into(joints_mm[KNUCKLES] - wrist)
    return (points_mm - wrist) @ turn.T, (joints_mm - wrist) @ turn.T


def bones_mm(joints_mm: np.ndarray) -> np.ndarray:
    """Lengths [5, 4] from the wrist along each finger of joints [21 or more, 3]."""
    chains = joints_mm[1:21].reshape(5, 4, 3)
    wrist = np.broadcast_to(joints_mm[0], (5, 1, 3))
    return np.linalg.norm(np.diff(np.concatenate([wrist, chains], 1), axis=1), axis=-1)


def finger_rows(skin: Skin, finger: int, marks: np.ndarray) -> np.ndarray:
    """Rows [4, V] of a finger's joints.

    Args:
        skin: Skin, in about the hand frame.
        finger: int. 0 index .. 3 little.
        marks: float64 [4, 3]. MakeHuman's joints of it.
    """
    bones = unit(np.diff(marks, axis=0))

    def sides(bone):
        axis = bending_axis(finger, bones[0], bone)
        return axis, np.cross(axis, bone)

    _, inwards = sides(bones[0])
    knuckle = marks[0] - unit(marks[0]) * KNUCKLE_BACK_MM[finger]
    rows = [skin.between(knuckle, unit(inwards + PALM), KNUCKLE_DEPTH)]
    for joint in (1, 2):
        bone = unit(bones[joint] + bones[joint - 1])
        axis, inwards = sides(bone)
        middle = marks[joint] + inwards * INWARDS_MM - bone * BACK_MM.get((finger, joint), 0.0)
        rows.append(skin.between(skin.centred(middle, axis), inwards, MIDDLE_DEPTH))
    axis, inwards = sides(bones[2])
    last = skin.at(rows[2])
    tip, _ = inside_the_end(skin, last, last + 12 * bones[2], axis, inwards)
    return np.array([*rows, skin.between(skin.centred(tip, axis), inwards, TIP_DEPTH)])


def thumb_rows(skin: Skin, marks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows [4, V] of the thumb's joints, and its hinge [3].

    Args:
        skin: Skin, in about the hand frame.
        marks: float64 [4, 3]. MakeHuman's joints of the thumb.
    """
    bones = unit(np.diff(marks, axis=0))
    hinge = unit(np.cross(bones[1], bones[2]))
    hinge = hinge if hinge @ AXES[4, 0] > 0 else -hinge

    def sides(bone):
        axis = square_to(bone, hinge)
        return axis, np.cross(axis, bone)

    def row(point, bone):
        axis, inwards = sides(bone)
        return skin.between(skin.centred(point, axis), inwards, THUMB_DEPTH)

    ends = [skin.at(skin.hit(THUMB_ROOT_MM, way * THUMB_ROOT_LINE)) for way in (-1, 1)]
    behind, ahead = (np.linalg.norm(THUMB_ROOT_MM - end) for end in ends)
    rows = [skin.between(THUMB_ROOT_MM, THUMB_ROOT_LINE, behind / (behind + ahead))]
    rows.append(row(marks[1] + 2 * bones[1], unit(unit(marks[1] - THUMB_ROOT_MM) + bones[1])))
    rows.append(row(marks[2] - 3 * bones[1], unit(bones[1] + bones[2])))
    last = skin.at(rows[2])
    bone = unit(marks[3] - last)
    rows.append(row(*inside_the_end(skin, last, last + 14 * bone, *sides(bone))))
    return np.array(rows), hinge


def inside_the_end(
    skin: Skin, last: np.ndarray, ahead: np.ndarray, axis: np.ndarray, inwards: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A point [3] ``TIP_MM`` inside a finger's end, and the unit vector [3] from the last joint towards it.

    Args:
        skin: Skin.
        last: float64 [3]. The joint before the tip.
        ahead: float64 [3]. A point about half-way to the end.
        axis, inwards: float64 [3]. Across the finger, and across it from back to front.
    """
    middle = skin.centred(skin.centred(ahead, axis), inwards)
    bone = unit(middle - last)
    return skin.at(skin.hit(last, bone)) - TIP_MM * bone, bone
