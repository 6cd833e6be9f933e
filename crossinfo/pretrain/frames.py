"""What the two networks see of synthetic pictures, as arrays.

Legend: N pictures, M crops; J joints in MSRA's order; angles as of ``crops.CropPlace``. Left hands and all
about them are mirrored in the crops, so that the pose network knows right hands only.
"""

from collections.abc import Iterable

import numpy as np
import tensorflow as tf

from crossinfo.localisation import canvas
from datasets import crops
from datasets.geometry import Camera
from datasets.synthetic.scene import Picture

CUBE_MM = 240.0
WRIST, MIDDLE_ROOT = 0, 5
LABELS = 3  # hands of one picture that the localiser is told of at most
CROPS_PER_HAND = 2
# How far off the crop of a hand may be: most are a little off, some as far as a localiser's first guess.
NEAR_MM, NEAR_DEGREES = 9.0, 8.0
FAR_SHARE, FAR_MM, FAR_DEGREES = 0.2, 40.0, 45.0
CUBE_SPREAD = 0.08


def localiser_arrays(pictures: Iterable[Picture]) -> dict[str, np.ndarray]:
    """Canvases and labels.

    Returns:
        ``canvas`` uint16 [N, 128, 160] in mm, ``camera`` float32 [N, 4] of the canvas, and labels as of
        ``localisation.targets``: ``centre_mm`` [N, 3, 3], ``angle``, ``is_left``, ``weight`` [N, 3].
    """
    rows = [_localiser_row(picture) for picture in pictures]
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def _localiser_row(picture):
    small, camera = _fit(picture.depth_mm[None], _row(picture.camera))
    row = {"canvas": np.rint(small[0]).astype(np.uint16), "camera": camera.numpy()[0]}
    row |= {"centre_mm": np.zeros((LABELS, 3), np.float32)}
    row |= {name: np.zeros(LABELS, np.float32) for name in ("angle", "is_left", "weight")}
    labelled = [(hand, 1.0) for hand in picture.hands] + [(hand, -1.0) for hand in picture.ignored]
    for place, (hand, weight) in enumerate(labelled[:LABELS]):
        row["centre_mm"][place] = hand.joints_mm.mean(0)
        row["angle"][place] = upright_angle(hand.joints_mm, picture.camera)
        row["is_left"][place] = hand.is_left
        row["weight"][place] = weight
    return row


@tf.function(input_signature=[tf.TensorSpec([1, None, None]), tf.TensorSpec([1, 4])], autograph=False)
def _fit(depth_mm, camera):
    return canvas.fit(depth_mm, camera)


def upright_angle(joints_mm: np.ndarray, camera: Camera) -> float:
    """``crops.upright_angle`` of one hand [J, 3]."""
    return float(_upright(np.float32(joints_mm)[None], _row(camera))[0])


@tf.function(input_signature=[tf.TensorSpec([1, None, 3]), tf.TensorSpec([1, 4])], autograph=False)
def _upright(joints_mm, camera):
    return crops.upright_angle(joints_mm, camera, WRIST, MIDDLE_ROOT)


def pose_arrays(pictures: Iterable[Picture], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Crops about each visible hand, a little off, and what belongs to them.

    Args:
        pictures: pictures; those without a hand give nothing.
        rng: numpy Generator of the places.

    Returns:
        ``crop`` float16 [M, 96, 96, 1]; ``joints_mm`` float32 [M, J, 3]; ``camera`` [M, 4], ``centre_mm``
        [M, 3], ``cube_mm`` [M], ``angle`` [M]; all as seen in the mirror for left hands.
    """
    parts = [_hand_crops(picture, hand, rng) for picture in pictures for hand in picture.hands]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _hand_crops(picture, hand, rng):
    depth_mm, camera, joints_mm = seen_as_right(picture.depth_mm, picture.camera, hand)
    places = {
        "camera": np.repeat(_row(camera), CROPS_PER_HAND, 0),
        **_places(joints_mm, upright_angle(joints_mm, camera), rng),
    }
    return {
        "crop": _crop(depth_mm[None], places).numpy().astype(np.float16),
        "joints_mm": np.repeat(joints_mm[None], CROPS_PER_HAND, 0),
        **places,
    }


def seen_as_right(depth_mm: np.ndarray, camera: Camera, hand) -> tuple[np.ndarray, Camera, np.ndarray]:
    """Depth, camera and the hand's joints; in the mirror if it is a left hand."""
    if not hand.is_left:
        return depth_mm, camera, hand.joints_mm
    mirrored = Camera(camera.fx, camera.fy, depth_mm.shape[1] - 1 - camera.cx, camera.cy)
    return depth_mm[:, ::-1], mirrored, hand.joints_mm * np.float32([-1, 1, 1])


def _places(joints_mm, angle, rng):
    """Centres, cubes and angles of the crops of one hand."""
    far = rng.random(CROPS_PER_HAND) < FAR_SHARE
    near = rng.normal(0, NEAR_MM, (CROPS_PER_HAND, 3))
    shift_mm = np.where(far[:, None], rng.uniform(-FAR_MM, FAR_MM, (CROPS_PER_HAND, 3)), near)
    turn = np.where(
        far,
        rng.uniform(-FAR_DEGREES, FAR_DEGREES, CROPS_PER_HAND),
        rng.normal(0, NEAR_DEGREES, CROPS_PER_HAND),
    )
    cube_mm = CUBE_MM * rng.uniform(1 - CUBE_SPREAD, 1 + CUBE_SPREAD, CROPS_PER_HAND)
    places = {
        "centre_mm": joints_mm.mean(0) + shift_mm,
        "cube_mm": cube_mm,
        "angle": angle + np.radians(turn),
    }
    return {name: value.astype(np.float32) for name, value in places.items()}


def _crop(depth_mm, places):
    repeated = np.repeat(np.ascontiguousarray(depth_mm), len(places["cube_mm"]), 0)
    return _cropped(repeated, *(places[name] for name in ("centre_mm", "camera", "cube_mm", "angle")))


@tf.function(
    input_signature=[
        tf.TensorSpec([None, None, None]),
        tf.TensorSpec([None, 3]),
        tf.TensorSpec([None, 4]),
        tf.TensorSpec([None]),
        tf.TensorSpec([None]),
    ],
    autograph=False,
)
def _cropped(depth_mm, centre_mm, camera, cube_mm, angle):
    return crops.crop(depth_mm, crops.CropPlace(centre_mm, camera, cube_mm, angle))


def _row(camera):
    return np.asarray(camera, np.float32)[None]
