"""A surface of triangles."""

import dataclasses
from collections.abc import Sequence

import numpy as np


@dataclasses.dataclass(frozen=True)
class Mesh:
    """A closed surface, or a piece of one.

    Args:
        vertices_mm: float32 [V, 3].
        triangles: int32 [T, 3]. Vertices counter-clockwise as seen from outside; the back of a triangle is
            not drawn.
    """

    vertices_mm: np.ndarray
    triangles: np.ndarray

    def moved(self, rotation: np.ndarray, shift_mm: np.ndarray) -> "Mesh":
        """The same surface after p -> rotation [3, 3] p + shift [3]."""
        turned = self.vertices_mm @ np.asarray(rotation, np.float32).T
        return dataclasses.replace(self, vertices_mm=turned + np.asarray(shift_mm, np.float32))

    def mirrored(self) -> "Mesh":
        """The same surface after x -> -x: a right hand becomes a left one."""
        return Mesh(self.vertices_mm * np.float32([-1, 1, 1]), self.triangles[:, ::-1])


def join(meshes: Sequence[Mesh]) -> Mesh:
    """Several surfaces, at least one, as one."""
    counts = np.array([len(mesh.vertices_mm) for mesh in meshes], np.int32)
    starts = np.cumsum(counts, dtype=np.int32) - counts
    vertices_mm = np.concatenate([mesh.vertices_mm for mesh in meshes])
    triangles = [mesh.triangles + start for mesh, start in zip(meshes, starts, strict=True)]
    return Mesh(vertices_mm, np.concatenate(triangles))
