"""Pictures to check by eye: depth, the crop that a network sees, and skeletons over both.

Pictures are uint8 [H, W, 3] in R, G, B. Pixel positions count from the middle of the first pixel.
"""

import os
from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np

from datasets import geometry
from datasets.io import atomic

# Ground truth and estimate as in the paper's figure 8.
TRUTH, ESTIMATE = (40, 90, 255), (235, 45, 45)
PALM = (255, 255, 255)
FINGERS = {
    "thumb": (255, 110, 80),
    "index": (255, 210, 60),
    "middle": (90, 220, 100),
    "ring": (70, 190, 255),
    "little": (220, 120, 255),
}
NO_DEPTH = (24, 28, 48)
LEAST_SIDE = 480
# Height of the strip that ``write_note`` darkens.
NOTE_HEIGHT = 28
# OpenCV draws at fractions of a pixel when positions come as integers with this many binary places.
FRACTION_BITS = 4


Colour = tuple[int, int, int]


class SkeletonLike(Protocol):
    """What is drawn of a skeleton: a ``Skeleton`` or a ``ModelCard``.

    Attributes:
        joints: names of the J joints.
        bones: pairs of joint indices.
    """

    joints: Sequence[str]
    bones: Sequence[tuple[int, int]]


def depth_picture(
    depth_mm: np.ndarray, near_mm: float | None = None, far_mm: float | None = None
) -> np.ndarray:
    """Grey picture of a depth frame, near bright and far dark; no measurement is dark blue.

    Args:
        depth_mm: float [H, W] in mm; 0 or non-finite = no measurement.
        near_mm: float or None. Near end of the range with full contrast, such as the hand's cube; None
            takes the frame's own without its outliers.
        far_mm: float or None. Far end. What lies behind stays visible, in the darkest quarter.
    """
    depth_mm = np.asarray(depth_mm, np.float32)
    seen = np.isfinite(depth_mm) & (depth_mm > 0)
    picture = np.full((*depth_mm.shape, 3), NO_DEPTH, np.uint8)
    if seen.any():
        low, high = np.percentile(depth_mm[seen], (2, 98))
        near_mm, far_mm = low if near_mm is None else near_mm, high if far_mm is None else far_mm
        grey = np.interp(depth_mm[seen], [near_mm, far_mm, max(4 * far_mm, far_mm + 1)], [245, 80, 40])
        picture[seen] = np.round(grey)[:, None].astype(np.uint8)
    return picture


def crop_picture(crop: np.ndarray) -> np.ndarray:
    """Network input [96, 96] or [96, 96, 1] in [-1, 1] -> grey picture; background is dark blue."""
    crop = np.asarray(crop, np.float32).reshape(crop.shape[:2])
    return depth_picture(np.where(crop < 1, crop + 2, 0), 1, 3)


def enlarge(picture: np.ndarray, least_side: int = LEAST_SIDE) -> tuple[np.ndarray, int]:
    """(picture with its longer side at least ``least_side``, whole factor by which it grew)."""
    factor = max(1, -(-least_side // max(picture.shape[:2])))
    return picture.repeat(factor, axis=0).repeat(factor, axis=1), factor


def draw_skeleton(
    picture: np.ndarray,
    joints_uv: np.ndarray,
    skeleton: SkeletonLike,
    colour: Colour | None = None,
    scale: int = 1,
) -> np.ndarray:
    """Draws joints and bones into a picture, anti-aliased.

    Args:
        picture: uint8 [H, W, 3], changed in place and returned.
        joints_uv: [J, >=2], pixels of the picture before it was enlarged.
        skeleton: Skeleton or ModelCard.
        colour: (R, G, B) for all of it, such as ``TRUTH``; None gives each finger its own.
        scale: int. Factor by which the picture was enlarged.
    """
    spots, drawable = _fixed_point(joints_uv, scale)
    size = max(picture.shape[:2])
    thickness, radius = max(1, size // 300), max(2, size // 160)
    for first, second in skeleton.bones:
        if drawable[first] and drawable[second]:
            paint = colour or _finger_colour(skeleton.joints[first], skeleton.joints[second])
            ends = spots[first].tolist(), spots[second].tolist()
            cv2.line(picture, *ends, paint, thickness, cv2.LINE_AA, FRACTION_BITS)
    for joint in np.flatnonzero(drawable):
        paint = colour or _finger_colour(skeleton.joints[joint])
        at = spots[joint].tolist()
        cv2.circle(picture, at, radius << FRACTION_BITS, paint, cv2.FILLED, cv2.LINE_AA, FRACTION_BITS)
    return picture


def _fixed_point(joints_uv, scale):
    """(positions in the enlarged picture as OpenCV's fixed-point integers [J, 2], which can be drawn [J])."""
    spots = ((np.asarray(joints_uv, np.float64)[:, :2] + 0.5) * scale - 0.5) * 2**FRACTION_BITS
    drawable = (np.abs(spots) < 2**20).all(axis=1)
    return np.where(drawable[:, None], np.round(spots), 0).astype(int), drawable


def _finger_colour(*names):
    """Colour of the first joint that belongs to a finger; the palm's if none does."""
    fingers = (name.partition("_")[0] for name in names)
    return next((FINGERS[finger] for finger in fingers if finger in FINGERS), PALM)


def write_note(picture: np.ndarray, text: str) -> np.ndarray:
    """Writes one line of text on a dark strip along the upper edge; in place, and returned."""
    if text:
        picture[:NOTE_HEIGHT] = picture[:NOTE_HEIGHT] // 4
        cv2.putText(picture, text, (8, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.55, PALM, 1, cv2.LINE_AA)
    return picture


def overlay(
    depth_mm: np.ndarray,
    camera: np.ndarray,
    centre_mm: np.ndarray,
    cube_mm: float,
    poses: Sequence[tuple[np.ndarray, Colour | None]],
    skeleton: SkeletonLike,
    note: str = "",
) -> np.ndarray:
    """One frame with its poses, and beside it the crop that the network sees, with the same poses.

    Args:
        depth_mm: float32 [H, W].
        camera: float32 [4].
        centre_mm: float32 [3].
        cube_mm: float.
        poses: list of (joints_mm [J, 3], colour or None), drawn in this order.
        skeleton: Skeleton or ModelCard.
        note: str. Written on the frame.

    Returns a picture, enlarged where the frame is small.
    """
    camera = np.asarray(camera, np.float32)
    crop, matrix = _cut(depth_mm, camera, centre_mm, cube_mm)
    frame, scale = enlarge(depth_picture(depth_mm, centre_mm[2] - cube_mm / 2, centre_mm[2] + cube_mm / 2))
    zoom, crop_scale = enlarge(crop_picture(crop))
    _outline(frame, matrix, scale)
    for joints_mm, colour in poses:
        uvd = geometry.project(np.asarray(joints_mm, np.float32), camera)
        draw_skeleton(frame, uvd, skeleton, colour, scale)
        draw_skeleton(zoom, geometry.apply_affine(matrix, uvd), skeleton, colour, crop_scale)
    return beside(write_note(frame, note), zoom)


def _cut(depth_mm, camera, centre_mm, cube_mm):
    """(crop [96, 96, 1], frame -> crop map [3, 3]), by the operations that feed the network."""
    from datasets import crops  # imports TensorFlow, which the rest of this module does without

    depth_mm, centre_mm = np.asarray(depth_mm, np.float32), np.asarray(centre_mm, np.float32)
    place = crops.CropPlace(centre_mm[None], camera[None], np.float32([cube_mm]))
    return crops.crop(depth_mm[None], place)[0].numpy(), crops.frame_to_crop(place)[0].numpy()


def _outline(picture, matrix, scale):
    """Marks the crop's window in an enlarged frame."""
    corners = np.float64([[0, 0, 0], [96, 96, 0]]) - 0.5
    ends, _ = _fixed_point(geometry.apply_affine(geometry.invert_affine(matrix), corners), scale)
    cv2.rectangle(picture, ends[0].tolist(), ends[1].tolist(), PALM, 1, cv2.LINE_AA, FRACTION_BITS)


def beside(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Two pictures side by side, the lower one filled up below."""
    height = max(left.shape[0], right.shape[0])
    filled = [np.pad(p, ((0, height - p.shape[0]), (0, 0), (0, 0))) for p in (left, right)]
    return np.concatenate(filled, axis=1)


def write_png(path: str | os.PathLike, picture: np.ndarray):
    """Writes a picture as a PNG file, completely or not at all."""
    _, data = cv2.imencode(".png", picture[..., ::-1])
    with atomic.atomic_write(path, "wb") as file:
        file.write(data.tobytes())
