"""A projector beside a camera (Astra, Kinect V1): one-sided shadows, steps, a measured law of noise."""

import numpy as np

from datasets.geometry import Camera
from datasets.synthetic.sensors import noise

BASELINE_MM = (25.0, 75.0)
# Steps at one metre.
STEP_MM = (0.5, 3.0)
# An Orbbec Astra's.
LEAST_SD_MM, SD_AT_1M, POWER = 2.0, 1.9, 2.36
SHORT = 0.989
# Better cameras have so little of it.
NOISE_SHARE = (0.3, 1.0)


def sd_mm(depth_mm: np.ndarray) -> np.ndarray:
    """Standard deviation of a measurement at a depth, of the noisiest of these cameras."""
    return np.maximum(LEAST_SD_MM, SD_AT_1M * (depth_mm / 1000) ** POWER)


def measure(depth_mm: np.ndarray, camera: Camera, rng: np.random.Generator) -> np.ndarray:
    """A measurement of true depth by a projected pattern.

    Args:
        depth_mm: float32 [H, W], 0 where nothing is.
        camera: Camera.
        rng: numpy Generator. Draws which side the projector is on, how far, the steps, and whether the
            camera reads 1 % short, as well as the noise.

    Returns:
        float32 [H, W] in whole millimetres, 0 where nothing was measured.
    """
    baseline = rng.uniform(*BASELINE_MM) * rng.choice([-1, 1])
    dark = noise.shadow(depth_mm, camera.fx * baseline)
    value = noise.ragged(np.where(dark, 0, depth_mm), rng, rng.uniform(0.1, 0.5))
    share = np.float32(rng.uniform(*NOISE_SHARE))
    value += np.where(value > 0, share * sd_mm(value) * noise.correlated(rng, value.shape), 0)
    value = noise.stepped(value, rng.uniform(*STEP_MM))
    if rng.random() < 0.3:
        value *= np.float32(SHORT)
    rim = noise.beside_nothing(depth_mm)
    tilt = noise.steepness(depth_mm, camera)
    lost = np.float32(0.001) + np.float32(0.15) * rim + np.float32(0.1) * (tilt > 3)
    return noise.rounded(value, noise.chance(rng, value.shape) >= lost)
