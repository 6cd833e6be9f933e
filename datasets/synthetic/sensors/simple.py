"""A plain depth camera: independent noise, steps of 1 mm, lost edges and holes."""

import numpy as np

from datasets.geometry import Camera

STEP_MM = 1.0
NOISE_NEAR_MM = 0.3
NOISE_PER_MM = 4e-6  # times distance squared


def measure(depth_mm: np.ndarray, camera: Camera, rng: np.random.Generator) -> np.ndarray:
    """A noisy measurement of true depth.

    Noise grows with the square of the distance, from 0.3 mm near to 1.3 mm at half a metre. Pixels
    on outlines and on surfaces seen at a grazing angle are lost by chance, and a few others anywhere.

    Args:
        depth_mm: float32 [H, W], 0 where nothing is.
        camera: Camera.
        rng: numpy Generator.

    Returns:
        float32 [H, W] in whole millimetres, 0 where nothing was measured.
    """
    noisy = np.zeros_like(depth_mm)
    rows, columns = box_of(depth_mm)
    true = depth_mm[rows, columns]
    sd = NOISE_NEAR_MM + NOISE_PER_MM * true * true
    value = true + sd * rng.standard_normal(true.shape, np.float32)
    kept = (true > 0) & (rng.random(true.shape, np.float32) >= _loss(true, camera.fx))
    noisy[rows, columns] = np.where(kept, np.rint(value / STEP_MM) * STEP_MM, 0)
    return noisy


def box_of(depth_mm: np.ndarray) -> tuple[slice, slice]:
    """The measured part of a depth image as two slices (rows, columns); empty if nothing is measured."""
    spans = []
    for axis in (1, 0):
        hit = np.flatnonzero(depth_mm.any(axis))
        spans.append(slice(int(hit[0]), int(hit[-1]) + 1) if len(hit) else slice(0, 0))
    return tuple(spans)


def _loss(true, focal):
    """Chance of each pixel to be lost, float32 [H, W]."""
    padded = np.pad(true, 1)
    step = np.zeros_like(true)
    edge = np.zeros(true.shape, bool)
    for neighbour in (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]):
        edge |= neighbour == 0
        np.maximum(step, np.abs(neighbour - true), out=step, where=neighbour > 0)
    # Depth step over the pixel's width in mm: the tangent of the angle between ray and surface normal.
    steepness = step * focal / np.maximum(true, 1)
    return np.clip(0.05 * (steepness - 4), 0.0005, 0.4) + np.float32(0.15) * edge
