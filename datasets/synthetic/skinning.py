"""The skin of a posed hand: vertices follow their bones (linear blend skinning, with half-way bones)."""

import numpy as np

from datasets.synthetic import asset


def skin(
    vertices_mm: np.ndarray, rotations: np.ndarray, heads_mm: np.ndarray, places_mm: np.ndarray
) -> np.ndarray:
    """Vertices of the posed skin.

    A half-way bone turns about the second bone's head by the mean of its two bones' rotations, which keeps
    the flesh of a bent joint from collapsing.

    Args:
        vertices_mm: float32 [V, 3] in rest.
        rotations: float64 [22, 3, 3]. Of each bone, from rest.
        heads_mm: float64 [22, 3]. The point that each bone turns about, in rest.
        places_mm: float64 [22, 3]. Where that point comes to lie.

    Returns:
        float32 [V, 3].
    """
    data = asset.load()
    first, second = data.pairs.T
    u, _, vt = np.linalg.svd(rotations[first] + rotations[second])
    rotations = np.concatenate([rotations, u @ vt])
    heads_mm = np.concatenate([heads_mm, heads_mm[second]])
    places_mm = np.concatenate([places_mm, places_mm[second]])
    shifts = places_mm - np.einsum("bij,bj->bi", rotations, heads_mm)
    transforms = np.concatenate([rotations, shifts[..., None]], -1).astype(np.float32)
    blended = (data.weights @ transforms.reshape(-1, 12)).reshape(-1, 3, 4)
    return np.einsum("vij,vj->vi", blended[..., :3], vertices_mm) + blended[..., 3]
