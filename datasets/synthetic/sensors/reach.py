"""What sends back too little light: far things, and dark cloth, hair and furniture."""

import numpy as np

from datasets.synthetic.sensors import noise


def far_lost(rng: np.random.Generator, depth_mm: np.ndarray, reach_mm: float) -> np.ndarray:
    """The picture without what is farther than a reach, with a ragged border.

    Args:
        rng: numpy Generator.
        depth_mm: float32 [H, W].
        reach_mm: float.
    """
    spread = np.float32(rng.uniform(0.02, 0.15))
    ragged = 1 + spread * np.abs(noise.blotches(rng, depth_mm.shape, rng.uniform(2, 10)))
    return np.where(depth_mm < np.float32(reach_mm) * ragged, depth_mm, np.float32(0))


def dark_lost(rng: np.random.Generator, depth_mm: np.ndarray, bright: np.ndarray) -> np.ndarray:
    """The picture with pixels lost in some regions, a few of them or all.

    Args:
        rng: numpy Generator.
        depth_mm: float32 [H, W].
        bright: bool [H, W]. Where nothing is lost: skin.
    """
    region = noise.blotches(rng, depth_mm.shape, rng.uniform(15, 90)) > rng.uniform(0.6, 2.0)
    speckles = noise.blotches(rng, depth_mm.shape, rng.uniform(1, 3)) < rng.uniform(-1.5, 2.5)
    return np.where(region & speckles & ~bright, np.float32(0), depth_mm)
