"""Surfaces of the skin: triangles, rays that meet them, and cutting the forearm off."""

import dataclasses

import numpy as np


def triangles_of(quads: np.ndarray) -> np.ndarray:
    """Two triangles for each of the quads [Q, 4]: int [2 Q, 3]."""
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


@dataclasses.dataclass(frozen=True)
class Skin:
    """A surface on which points are named by weights of its vertices ("rows"), so that they move with it.

    Args:
        vertices_mm: float64 [V, 3].
        triangles: int [T, 3].
    """

    vertices_mm: np.ndarray
    triangles: np.ndarray

    def at(self, row: np.ndarray) -> np.ndarray:
        """The point [3] of a row [V]."""
        return row @ self.vertices_mm

    def hit(self, point: np.ndarray, direction: np.ndarray) -> np.ndarray:
        """Row [V] of the nearest place where the ray from ``point`` meets the skin.

        Raises ValueError if it does not. The three barycentric weights are not negative and sum to 1.
        """
        corner, second, third = (self.vertices_mm[column] for column in self.triangles.T)
        edge, other = second - corner, third - corner
        normal = np.cross(direction, other)
        away = point - corner
        turned = np.cross(away, edge)
        with np.errstate(divide="ignore", invalid="ignore"):  # A triangle along the ray is not met.
            scale = 1 / np.sum(edge * normal, -1)
            u, v = np.sum(away * normal, -1) * scale, turned @ direction * scale
            distance = np.sum(other * turned, -1) * scale
            met = (u >= -1e-9) & (v >= -1e-9) & (u + v <= 1 + 1e-9) & (distance > 1e-6)
        if not met.any():
            raise ValueError(f"no skin from {point} towards {direction}")
        nearest = np.argmin(np.where(met, distance, np.inf))
        row = np.zeros(len(self.vertices_mm))
        row[self.triangles[nearest]] = 1 - u[nearest] - v[nearest], u[nearest], v[nearest]
        return row

    def between(self, point: np.ndarray, direction: np.ndarray, fraction: float) -> np.ndarray:
        """Row [V] of a place inside, on the line through ``point``.

        Args:
            point: float64 [3] inside the skin.
            direction: float64 [3].
            fraction: float. Where: 0 on the skin behind the point, 1 on the skin ahead of it.
        """
        return (1 - fraction) * self.hit(point, -direction) + fraction * self.hit(point, direction)

    def centred(self, point: np.ndarray, direction: np.ndarray) -> np.ndarray:
        """The point [3] half-way between the skin on both sides of ``point``."""
        return self.at(self.between(point, direction, 0.5))


@dataclasses.dataclass(frozen=True)
class Stump:
    """The skin above a cut across the forearm, closed by a fan of triangles about a new, last vertex.

    Args:
        kept: int [U]. The vertices above the cut.
        loop: int [B]. Those of them, by their new numbers, on the edge of the cut.
        lowest: int. The one of the loop with the smallest y, to whose height the edge is levelled.
        triangles: int [T, 3]. Counter-clockwise as seen from outside.
    """

    kept: np.ndarray
    loop: np.ndarray
    lowest: int
    triangles: np.ndarray

    def skin(self, vertices_mm: np.ndarray, arm_mm: np.ndarray) -> np.ndarray:
        """The vertices [U + 1, 3] of a body.

        Args:
            vertices_mm: float64 [V, 3] of the whole skin.
            arm_mm: float64 [3]. From the wrist to the elbow; the end bulges by a twentieth of it.
        """
        skin = vertices_mm[self.kept]
        skin[self.loop, 1] = skin[self.lowest, 1]
        return np.vstack([skin, skin[self.loop].mean(0) + 0.05 * arm_mm])


def cut(vertices_mm: np.ndarray, quads: np.ndarray, lowest_mm: float) -> Stump:
    """The ``Stump`` of the quads that lie above y = ``lowest_mm`` with all corners.

    Args:
        vertices_mm: float64 [V, 3].
        quads: int [Q, 4]. Counter-clockwise as seen from outside.
        lowest_mm: float.

    Raises ValueError if the edge of the cut is not one closed line.
    """
    quads = quads[(vertices_mm[quads, 1] > lowest_mm).all(1)]
    kept, quads = np.unique(quads, return_inverse=True)
    triangles = triangles_of(quads.reshape(-1, 4))
    border = _border(triangles)
    fan = [(end, start, len(kept)) for start, end in border.items()]
    loop = np.array(list(border))
    lowest = loop[np.argmin(vertices_mm[kept[loop], 1])]
    return Stump(kept, loop, int(lowest), np.vstack([triangles, fan]))


def _border(triangles):
    """{start: end} of the edges that belong to one triangle only."""
    edges = {edge: None for a, b, c in triangles.tolist() for edge in ((a, b), (b, c), (c, a))}
    border = {start: end for start, end in edges if (end, start) not in edges}
    place, met = next(iter(border), None), set()
    while place in border and place not in met:
        met.add(place)
        place = border[place]
    if not border or len(met) != len(border):
        raise ValueError("the edge of the cut is not one closed line")
    return border
