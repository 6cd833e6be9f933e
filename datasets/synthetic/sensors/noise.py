"""What the sensors share: correlated noise, edges, shadows, steps. All images are float32 [H, W]."""

import cv2
import numpy as np

from datasets.geometry import Camera

# A pixel of no measurement where the nearest is sought.
FAR_MM = np.float32(1e6)
_KERNEL = np.ones((3, 3), np.uint8)


def chance(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Uniform numbers in 0 .. 1, one per pixel."""
    return rng.random(shape, np.float32)


def blotches(rng: np.random.Generator, shape: tuple[int, int], pixels: float) -> np.ndarray:
    """Smooth noise of mean 0 and standard deviation 1: a small field enlarged.

    Args:
        rng: numpy Generator.
        shape: (height, width).
        pixels: float >= 1. By how much it is enlarged.
    """
    height, width = (int(np.ceil(length / pixels)) + 1 for length in shape)
    field = rng.standard_normal((height, width), np.float32)
    field = cv2.resize(field, None, fx=pixels, fy=pixels, interpolation=cv2.INTER_LINEAR)
    # Enlarging linearly averages neighbours: 2 / 3 of the variance is left along each axis.
    return field[: shape[0], : shape[1]] * np.float32(1.5)


def correlated(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Noise of mean 0 and standard deviation 1 in blocks of 2 to 4 pixels, with a fine part."""
    noise = blotches(rng, shape, rng.uniform(2, 4)) * np.float32(0.8)
    noise += rng.standard_normal(shape, np.float32) * np.float32(0.6)
    return noise


def span(depth_mm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nearest (``FAR_MM`` if there is none) and farthest depth measured in each pixel's 3 x 3."""
    near = cv2.erode(np.where(depth_mm > 0, depth_mm, FAR_MM), _KERNEL)
    return near, cv2.dilate(depth_mm, _KERNEL)


def beside_nothing(depth_mm: np.ndarray) -> np.ndarray:
    """Whether something without a measurement lies in a pixel's 3 x 3, bool [H, W]."""
    return cv2.erode(depth_mm, _KERNEL) == 0


def mean(depth_mm: np.ndarray, pixels: int) -> np.ndarray:
    """Mean of what is measured in a window of ``pixels`` x ``pixels``, 0 where nothing is."""
    measured = (depth_mm > 0).astype(np.float32)
    window = (pixels, pixels)
    return cv2.blur(depth_mm, window) / np.maximum(cv2.blur(measured, window), np.float32(1e-3))


def steepness(depth_mm: np.ndarray, camera: Camera) -> np.ndarray:
    """Tangent of the angle between a pixel's ray and its surface's normal, at most 5."""
    across = cv2.Sobel(depth_mm, cv2.CV_32F, 1, 0, ksize=1)
    down = cv2.Sobel(depth_mm, cv2.CV_32F, 0, 1, ksize=1)
    tangent = cv2.magnitude(across, down) * np.float32(camera.fx / 2) / np.maximum(depth_mm, np.float32(1))
    return np.minimum(tangent, np.float32(5))


def ragged(depth_mm: np.ndarray, rng: np.random.Generator, pixels: float) -> np.ndarray:
    """The picture with outlines that waver by about ``pixels``: each pixel takes a near one's value."""
    height, width = depth_mm.shape
    x = blotches(rng, depth_mm.shape, 2.5) * np.float32(pixels) + np.arange(width, dtype=np.float32)
    y = blotches(rng, depth_mm.shape, 2.5) * np.float32(pixels)
    y += np.arange(height, dtype=np.float32)[:, None]
    return cv2.remap(depth_mm, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)


def shadow(depth_mm: np.ndarray, focal_and_baseline: float) -> np.ndarray:
    """What a second eye or a projector beside the camera does not see, bool [H, W].

    Args:
        depth_mm: float32 [H, W].
        focal_and_baseline: float, pixels times mm. Positive: it stands to the right, and what it misses
            lies left of near things; negative: the other way round.
    """
    flip = -1 if focal_and_baseline < 0 else 1
    depth_mm = depth_mm[:, ::flip]
    columns = np.arange(depth_mm.shape[1], dtype=np.float32)
    measured = depth_mm > 0
    place = columns - np.float32(abs(focal_and_baseline)) / np.where(measured, depth_mm, np.float32(1))
    place[~measured] = FAR_MM
    # Its rays come in the order of their columns; what lies behind a column farther right is hidden.
    ahead = np.minimum.accumulate(place[:, ::-1], axis=1)[:, ::-1]
    hidden = np.zeros_like(measured)
    hidden[:, :-1] = measured[:, :-1] & (place[:, :-1] > ahead[:, 1:])
    return hidden[:, ::flip]


def stepped(depth_mm: np.ndarray, step_mm: float) -> np.ndarray:
    """Depth in steps that grow with its square: steps of disparity.

    Args:
        depth_mm: float32 [H, W], positive where it is measured.
        step_mm: float. The step at one metre.
    """
    steps = np.float32(1e6 / step_mm)
    return np.where(depth_mm > 0, steps / np.maximum(np.rint(steps / np.maximum(depth_mm, 1)), 1), 0)


def rounded(depth_mm: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Whole millimetres where ``kept``, else 0."""
    return np.where(kept & (depth_mm > 0), np.rint(depth_mm), np.float32(0))
