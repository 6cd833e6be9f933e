"""A time-of-flight camera (Kinect V2, Azure Kinect): flying pixels, rounded hollows, noise by angle."""

import numpy as np

from datasets.geometry import Camera
from datasets.synthetic.sensors import noise

NOISE_NEAR_MM = 0.6
NOISE_PER_MM = 1.2e-6  # times distance squared
# A step in depth beyond this is an outline, where a pixel gets light from both sides.
OUTLINE_MM = 25.0
HOLLOW_PIXELS = 7


def measure(depth_mm: np.ndarray, camera: Camera, rng: np.random.Generator) -> np.ndarray:
    """A measurement of true depth by time of flight.

    Args:
        depth_mm: float32 [H, W], 0 where nothing is.
        camera: Camera.
        rng: numpy Generator.

    Returns:
        float32 [H, W] in whole millimetres, 0 where nothing was measured.
    """
    value = _flying(_hollows(depth_mm, rng.uniform(0.2, 0.8)), rng)
    lost = value <= 0
    tilt = noise.steepness(depth_mm, camera)
    sd = (NOISE_NEAR_MM + NOISE_PER_MM * depth_mm * depth_mm) * (1 + np.float32(0.3) * tilt)
    value += sd * noise.correlated(rng, depth_mm.shape)
    lost |= noise.chance(rng, depth_mm.shape) < np.float32(0.001) + np.float32(0.03) * (tilt > 4)
    return noise.rounded(value, ~lost)


def _hollows(depth_mm, share):
    """Light that was reflected twice fills hollows, in part."""
    rise = noise.mean(depth_mm, HOLLOW_PIXELS) - depth_mm
    hollow = (depth_mm > 0) & (rise < 0) & (rise > -OUTLINE_MM)
    return depth_mm + np.where(hollow, np.float32(share) * rise, 0)


def _flying(depth_mm, rng):
    """Pixels on outlines get a depth between both sides or are lost; before nothing, they drift backwards."""
    near, far = noise.span(depth_mm)
    draw = noise.chance(rng, depth_mm.shape)
    between = near + (far - near) * noise.chance(rng, depth_mm.shape) ** 2
    outline = (depth_mm > 0) & (far - near > OUTLINE_MM)
    value = np.where(outline & (draw < rng.uniform(0.2, 0.7)), between, depth_mm)
    # Some cameras leave flying pixels out.
    value[outline & (noise.chance(rng, draw.shape) < rng.uniform(-0.5, 1))] = 0
    rim = noise.beside_nothing(depth_mm) & (depth_mm > 0)
    drift = np.where(draw < 0.35, -value, np.where(draw < 0.5, draw * 200, 0))
    return np.where(rim, value + drift, value)
