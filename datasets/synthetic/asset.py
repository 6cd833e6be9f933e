"""The hand that all others vary: MakeHuman's right hand and forearm, reduced (``assets/README.md``)."""

import dataclasses
import functools
import pathlib

import numpy as np

FILE = pathlib.Path(__file__).parent / "assets" / "hand.npz"
BONES = 22
# Bones of the forearm: its elbow side and its wrist side.
FOREARM = slice(0, 2)
_MEAN_STEP = 200


@dataclasses.dataclass(frozen=True, eq=False)
class Asset:
    """Points are mm per 100 mm of hand length: V of the skin, 21 joints in MSRA's order, the elbow.

    Args:
        mean: float64 [V + 22, 3]. The mean hand in rest.
        basis: float64 [K, V + 22, 3]. Directions of shape.
        triangles: int32 [T, 3]. Counter-clockwise seen from outside.
        weights: float32 [V, 38]. Skin weights of 22 bones and 16 half-way bones; every row sums to 1.
        pairs: int [16, 2]. The two bones that a half-way bone lies between.
        adults: float64 [2, K]. Mean coefficients of men and women.
        spread: float64 [K, K]. Coefficients = mean + spread @ standard normal numbers.
        child: float64 [K]. Mean coefficients of children.
        child_spread: float64 [K, K].
        thumb_hinge: float64 [3]. Bending axis of the thumb in rest.
    """

    mean: np.ndarray
    basis: np.ndarray
    triangles: np.ndarray
    weights: np.ndarray
    pairs: np.ndarray
    adults: np.ndarray
    spread: np.ndarray
    child: np.ndarray
    child_spread: np.ndarray
    thumb_hinge: np.ndarray

    @functools.cached_property
    def vertices(self) -> int:
        """Number of vertices of the skin."""
        return len(self.weights)

    @functools.cached_property
    def lined_triangles(self) -> np.ndarray:
        """int32 [T + I, 3]. The triangles, and the forearm's once more as seen from its inside."""
        arm = self.weights[:, FOREARM].sum(1) > 0.5
        inside = self.triangles[arm[self.triangles].all(1)][:, ::-1]
        return np.concatenate([self.triangles, inside])


@functools.cache
def load() -> Asset:
    """The asset, read once."""
    with np.load(FILE, allow_pickle=False) as file:
        data = {name: file[name] for name in file.files}
    weights = data["weights"].astype(np.float32)
    return Asset(
        mean=data["mean"] / _MEAN_STEP,
        basis=data["basis"] * data["basis_step"].astype(np.float64)[:, None, None],
        triangles=data["triangles"].astype(np.int32),
        weights=weights / weights.sum(1, keepdims=True),
        pairs=data["pairs"].astype(np.intp),
        adults=data["sexes"].astype(np.float64),
        spread=data["spread"].astype(np.float64),
        child=data["child"].astype(np.float64),
        child_spread=data["child_spread"].astype(np.float64),
        thumb_hinge=data["thumb_hinge"].astype(np.float64),
    )
