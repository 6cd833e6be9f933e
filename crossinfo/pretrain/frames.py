"""What the two networks see of synthetic pictures, as arrays.

Legend: N pictures, M crops; J joints in MSRA's order; angles as of ``crops.CropPlace``. Left hands and all
about them are mirrored in the crops, so that the pose network knows right hands only.
"""

from collections.abc import Callable, Iterable

import numpy as np
import tensorflow as tf

from crossinfo.localisation import canvas
from datasets import centres, crops, geometry, skeletons
from datasets.crops import CropPlace
from datasets.geometry import Camera
from datasets.synthetic.scene import Picture

Propose = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]

CUBE_MM = 240.0
(WRIST,), (MIDDLE_ROOT,) = skeletons.MSRA.palm_axis
LABELS = 3  # hands of one picture that the localiser is told of at most
CROPS_PER_HAND = 2
# How far off the crop of a hand may be: most are a little off, some as far as a localiser's first guess.
NEAR_MM, NEAR_DEGREES = 9.0, 8.0
FAR_SHARE, FAR_MM, FAR_DEGREES = 0.2, 40.0, 45.0
CUBE_SPREAD = 0.08
# The same for the crops that the localiser checks, which are about its own first guesses.
CHECK_NEAR_MM, CHECK_NEAR_DEGREES = 18.0, 20.0
CHECK_FAR_SHARE, CHECK_FAR_MM = 0.25, 60.0
SECOND_HAND_SHARE = 0.2
NO_HAND_MM = 120.0
# A proposed place is a hand's, or none's; what lies between is left out.
AT_HAND_MM, AWAY_MM = 75.0, 110.0
POINTS = 48
NO_HAND_SHARES = (0.25, 0.2, 0.55)
RING_MM = (80.0, 140.0)


def localiser_arrays(pictures: Iterable[Picture], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Canvases and crops to check, with labels as of ``localisation.targets``.

    Args:
        pictures: pictures.
        rng: numpy Generator of the crops' places.

    Returns:
        ``canvas`` uint16 [N, 128, 160] in mm, ``camera`` float32 [N, 4] of the canvas, ``centre_mm``
        [N, 3, 3], ``angle``, ``weight`` [N, 3]; ``crop`` float16 [N, 2, 96, 96, 1], ``hand``, ``is_left``,
        ``turn`` [N, 2], ``shift`` [N, 2, 3].
    """
    rows = [{**_canvas_row(picture), **_check_row(picture, rng)} for picture in pictures]
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def _canvas_row(picture):
    small, camera = _fit(picture.depth_mm[None], _row(picture.camera))
    row = {"canvas": np.rint(small[0]).astype(np.uint16), "camera": camera.numpy()[0]}
    row |= {"centre_mm": np.zeros((LABELS, 3), np.float32)}
    row |= {name: np.zeros(LABELS, np.float32) for name in ("angle", "weight")}
    labelled = [(hand, 1.0) for hand in picture.hands] + [(hand, -1.0) for hand in picture.ignored]
    for place, (hand, weight) in enumerate(labelled[:LABELS]):
        row["centre_mm"][place] = centres.ground_truth(hand.joints_mm)
        row["angle"][place] = upright_angle(hand.joints_mm, picture.camera)
        row["weight"][place] = weight
    return row


def _check_row(picture, rng):
    """Two crops: of a hand, or of what is none; and of what is none, or of a hand."""
    hands = picture.hands
    chosen = [hands[rng.integers(len(hands))] if hands else None, None]
    if hands and rng.random() < SECOND_HAND_SHARE:
        chosen[1] = hands[rng.integers(len(hands))]
    return _checks(picture, [_check_place(picture, hand, rng) for hand in chosen])


def _checks(picture, rows):
    """The crops of rows (place, label), with the labels."""
    names = ("centre_mm", "cube_mm", "angle")
    places = {name: np.stack([place[name] for place, _ in rows]).astype(np.float32) for name in names}
    places["camera"] = np.repeat(_row(picture.camera), len(rows), 0)
    labels = {name: np.stack([label[name] for _, label in rows]) for name in rows[0][1]}
    return {"crop": _crop(picture.depth_mm[None], places).numpy().astype(np.float16), **labels}


def _label(picture=None, hand=None, place=None):
    """What a crop at a place shows: a hand, or nothing that matters."""
    label = {"hand": hand is not None, "is_left": False, "turn": 0.0, "shift": np.zeros(3)}
    if hand is not None:
        at = (
            np.float32(value)[None] for value in (place["centre_mm"], picture.camera, CUBE_MM, place["angle"])
        )
        middle_mm = np.float32(centres.ground_truth(hand.joints_mm))[None, None]
        label["shift"] = _normalised(middle_mm, *at)[0, 0]
        label["turn"] = wrapped(upright_angle(hand.joints_mm, picture.camera) - place["angle"])
        label["is_left"] = hand.is_left
    return {name: np.float32(value) for name, value in label.items()}


def wrapped(angle: float) -> float:
    """The same angle within -pi .. pi."""
    return (angle + np.pi) % (2 * np.pi) - np.pi


def _check_place(picture, hand, rng):
    """Place of a crop near a hand, or of None anywhere away from hands; and what it shows."""
    place = {"cube_mm": CUBE_MM, "angle": rng.uniform(-np.pi, np.pi)}
    if hand is None:
        place["centre_mm"] = _away_from_hands(picture, rng)
        return place, _label()
    far = rng.random() < CHECK_FAR_SHARE
    shift_mm = rng.uniform(-CHECK_FAR_MM, CHECK_FAR_MM, 3) if far else rng.normal(0, CHECK_NEAR_MM, 3)
    turn = rng.uniform(-np.pi, np.pi) if far else np.radians(rng.normal(0, CHECK_NEAR_DEGREES))
    place["centre_mm"] = centres.ground_truth(hand.joints_mm) + shift_mm
    place["angle"] = upright_angle(hand.joints_mm, picture.camera) - turn
    return place, _label(picture, hand, place)


def _away_from_hands(picture, rng):
    """A point on or a little behind a surface, far from all hands: any, the nearest or the most hand-like."""
    depth_mm, camera = picture.depth_mm, picture.camera
    rows, columns = np.nonzero((depth_mm > 0) & (depth_mm < canvas.FAR_MM))
    middles_mm = _middles(picture)
    if not len(rows):
        return np.array([0.0, 0.0, rng.uniform(200, 1500)])
    chosen = rng.integers(len(rows), size=POINTS)
    u, v = columns[chosen], rows[chosen]
    z = depth_mm[v, u] + rng.uniform(0, 50, POINTS)
    points = geometry.unproject(np.stack([u, v, z], 1)[None], _row(camera))[0]
    away = (np.linalg.norm(points[:, None] - middles_mm, axis=-1) > NO_HAND_MM).all(1)
    if not away.any():
        return points[0] + [0, 0, 2 * NO_HAND_MM]
    points = points[away]
    kind = rng.choice(3, p=NO_HAND_SHARES)
    if kind == 0:
        return points[0]
    return points[points[:, 2].argmin() if kind == 1 else _aloneness(picture, points, rng).argmax()]


def _middles(picture):
    """Mean joints of all hands of a picture, first those that are to be found, [N, 3]."""
    hands = (*picture.hands, *picture.ignored)
    return np.array([centres.ground_truth(hand.joints_mm) for hand in hands]).reshape(-1, 3)


def _aloneness(picture, points, rng):
    """How much of a ring about each point is empty or far behind it: much for heads, feet, small things."""
    height, width = picture.depth_mm.shape
    angle = np.arange(12) * (2 * np.pi / 12)
    ring = np.stack([np.cos(angle), np.sin(angle), 0 * angle], 1) * rng.uniform(*RING_MM)
    u, v, z = np.moveaxis(geometry.project(points[:, None] + ring, _row(picture.camera)), -1, 0)
    u, v = np.rint(u), np.rint(v)
    inside = (u >= 0) & (u < width) & (v >= 0) & (v < height)
    depth_mm = picture.depth_mm[np.where(inside, v, 0).astype(int), np.where(inside, u, 0).astype(int)]
    return (inside & ((depth_mm == 0) | (depth_mm > z + 100))).mean(1)


@tf.function(
    input_signature=[
        tf.TensorSpec([None, None, 3]),
        tf.TensorSpec([None, 3]),
        tf.TensorSpec([None, 4]),
        tf.TensorSpec([None]),
        tf.TensorSpec([None]),
    ],
    autograph=False,
)
def _normalised(joints_mm, centre_mm, camera, cube_mm, angle):
    return crops.normalise_joints(joints_mm, CropPlace(centre_mm, camera, cube_mm, angle))


@tf.function(input_signature=[tf.TensorSpec([1, None, None]), tf.TensorSpec([1, 4])], autograph=False)
def _fit(depth_mm, camera):
    return canvas.fit(depth_mm, camera)


def upright_angle(joints_mm: np.ndarray, camera: Camera) -> float:
    """``crops.upright_angle`` of one hand [J, 3]."""
    return float(_upright(np.float32(joints_mm)[None], _row(camera))[0])


@tf.function(input_signature=[tf.TensorSpec([1, None, 3]), tf.TensorSpec([1, 4])], autograph=False)
def _upright(joints_mm, camera):
    return crops.upright_angle(joints_mm, camera, WRIST, MIDDLE_ROOT)


def proposal_arrays(
    pictures: Iterable[Picture], propose: Propose, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Crops at the places that a finder proposes, and near hands, as ``targets.CheckLabels``.

    Args:
        pictures: pictures.
        propose: function of frames [1, H, W] and cameras [1, 4] -> (centres [K, 3], angles [K]).
        rng: numpy Generator.

    Returns:
        ``crop`` float16 [M, 96, 96, 1]; ``hand``, ``is_left``, ``turn`` [M], ``shift`` [M, 3].
    """
    parts = [_proposals(picture, propose, rng) for picture in pictures]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _proposals(picture, propose, rng):
    centres_mm, angles = propose(picture.depth_mm[None], _row(picture.camera))
    rows = [_proposal(picture, centre, angle) for centre, angle in zip(centres_mm, angles, strict=True)]
    rows = [row for row in rows if row is not None]
    rows += [_check_place(picture, hand, rng) for hand in picture.hands] or [_check_place(picture, None, rng)]
    return _checks(picture, rows)


def _proposal(picture, centre_mm, angle):
    """(place, label) of a proposed place; None where it is neither at a hand nor away from all."""
    place = {"cube_mm": CUBE_MM, "angle": angle, "centre_mm": centre_mm}
    distances = np.linalg.norm(_middles(picture) - centre_mm, axis=1)
    if (distances > AWAY_MM).all():
        return place, _label()
    nearest = int(distances.argmin())
    if distances[nearest] > AT_HAND_MM or nearest >= len(picture.hands):
        return None
    return place, _label(picture, picture.hands[nearest], place)


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
        "centre_mm": centres.ground_truth(joints_mm) + shift_mm,
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
    return crops.crop(depth_mm, CropPlace(centre_mm, camera, cube_mm, angle))


def _row(camera):
    return np.asarray(camera, np.float32)[None]
