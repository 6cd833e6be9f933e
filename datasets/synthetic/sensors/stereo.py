"""Two cameras (RealSense D400): windows that smooth edges, holes, noise that grows with distance squared."""

import cv2
import numpy as np

from datasets.geometry import Camera
from datasets.synthetic.sensors import noise

BASELINE_MM = 50.0
NOISE_PER_MM = (1e-6, 6e-6)  # times distance squared
OUTLINE_MM = 40.0
STEP_MM = (0.5, 2.0)


def measure(depth_mm: np.ndarray, camera: Camera, rng: np.random.Generator) -> np.ndarray:
    """A measurement of true depth by matching windows of two pictures.

    Args:
        depth_mm: float32 [H, W], 0 where nothing is.
        camera: Camera.
        rng: numpy Generator. Draws the window and how noisy the scene is, as well as the noise.

    Returns:
        float32 [H, W] in whole millimetres, 0 where nothing was measured.
    """
    value = noise.ragged(_windows(depth_mm, int(rng.choice([3, 5]))), rng, rng.uniform(0.3, 1.0))
    sd = np.float32(rng.uniform(*NOISE_PER_MM)) * value * value
    value += sd * noise.blotches(rng, value.shape, rng.uniform(2, 4))
    value += sd * np.float32(0.3) * rng.standard_normal(value.shape, np.float32)
    value = noise.stepped(value, rng.uniform(*STEP_MM))
    return noise.rounded(value, ~_holes(depth_mm, camera, rng))


def _windows(depth_mm, pixels):
    """Surfaces averaged over a window; outlines moved outwards, for the nearer side wins a window."""
    kernel = np.ones((pixels, pixels), np.uint8)
    near = cv2.erode(np.where(depth_mm > 0, depth_mm, noise.FAR_MM), kernel)
    even = cv2.dilate(depth_mm, kernel) - near < OUTLINE_MM
    value = np.where(even & (depth_mm > 0), noise.mean(depth_mm, pixels), near)
    return np.where(near < noise.FAR_MM, value, 0).astype(np.float32)


def _holes(depth_mm, camera, rng):
    """Blots without texture, what one of the cameras does not see, and the band at its border."""
    level = rng.uniform(2.2, 3.2)
    near, far = noise.span(depth_mm)
    outline = far - near > OUTLINE_MM
    holes = noise.blotches(rng, depth_mm.shape, rng.uniform(4, 12)) > level - outline * np.float32(1.0)
    if rng.random() < 0.6:
        holes |= noise.shadow(depth_mm, -camera.fx * BASELINE_MM)
    if rng.random() < 0.5:
        holes[:, : int(rng.integers(4, 24))] = True
    return holes
