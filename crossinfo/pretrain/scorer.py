"""Scoring a pair of networks on pictures of other persons, half of them taken with a camera that no training
picture was taken with; the sensors are those of the training.

The networks are scored as they are exported (``export.signatures.ServedModel``).

Legend: B pictures of one size, J joints.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from crossinfo.export.signatures import ServedModel
from crossinfo.localisation.network import Localiser
from crossinfo.model import CrossInfoNet
from crossinfo.pretrain import contents
from crossinfo.pretrain.scores import FOUND_MM, HELD_OUT, MISS_MM, TRAINED, HandScore, Scores
from datasets import centres, crops, registry
from datasets.crops import CropPlace
from datasets.synthetic import devices, scene
from datasets.synthetic.scene import Picture

# Persons and pictures come from other seeds than those of training and of validation.
SEED = 3_000_017
PICTURES, EMPTY_PICTURES = 2000, 500
EMPTY = "empty"
_FIRST_EMPTY = 10_000_000
_BATCH_PIXELS = 32 * 240 * 320


class Shown(NamedTuple):
    """A picture to be scored.

    Args:
        number: int.
        picture: Picture.
        camera: ``TRAINED`` or ``HELD_OUT``.
    """

    number: int
    picture: Picture
    camera: str


def measure(
    model: CrossInfoNet,
    localiser: Localiser,
    seed: int = SEED,
    pictures: int = PICTURES,
    empty_pictures: int = EMPTY_PICTURES,
) -> Scores:
    """Scores of a pair of networks.

    Args:
        model: pose network of upright hands, with its card.
        localiser: Localiser.
        seed: int. Of persons and pictures.
        pictures: int. How many with hands.
        empty_pictures: int. How many without.
    """
    scorer = Scorer(model, localiser)
    hands, false, empty = [], 0, 0
    with tqdm(total=pictures + empty_pictures, unit="picture", desc="scores", disable=None) as bar:
        for batch in batches(_shown(seed, range(pictures), *(n for n in scene.SCENES if n != EMPTY))):
            scored, wrong = scorer.with_hands(batch)
            hands += scored
            false += wrong
            bar.update(len(batch))
        for batch in batches(_shown(seed, range(_FIRST_EMPTY, _FIRST_EMPTY + empty_pictures), EMPTY)):
            empty += scorer.empty(batch)
            bar.update(len(batch))
    hands.sort(key=lambda hand: hand.picture)
    return Scores(seed, tuple(hands), pictures, false, empty_pictures, empty)


def _shown(seed, numbers, *scenes):
    """Pictures of some scenes; every other one is taken with the held-out camera."""
    options = dataclasses.replace(contents.OPTIONS, scenes=scenes)
    for number in numbers:
        device, camera = (devices.HELD_OUT_DEVICE, HELD_OUT) if number % 2 else (None, TRAINED)
        yield Shown(number, scene.picture(seed, number, options, device), camera)


def batches(shown: Iterable[Shown]) -> Iterator[list[Shown]]:
    """Pictures in batches of one size each."""
    waiting: dict[tuple[int, ...], list[Shown]] = {}
    for one in shown:
        shape = one.picture.depth_mm.shape
        batch = waiting.setdefault(shape, [])
        batch.append(one)
        if len(batch) * one.picture.depth_mm.size >= _BATCH_PIXELS:
            yield waiting.pop(shape)
    yield from waiting.values()


def error_mm(joints_mm: np.ndarray, labels_mm: np.ndarray) -> float:
    """Mean distance of joints [J, 3] from their labels."""
    return float(np.linalg.norm(joints_mm - labels_mm, axis=-1).mean())


class Scorer:
    """A pair of networks, and what is asked of them.

    Args:
        model: pose network of upright hands, with its card.
        localiser: Localiser.
    """

    def __init__(self, model: CrossInfoNet, localiser: Localiser):
        self._served = ServedModel(model, localiser=localiser)
        self._cube_mm = model.card.cube_mm
        (self._wrist,), (self._root,) = registry.get(model.card.dataset).skeleton.palm_axis
        self._about_labels = tf.function(self._about_labels_of, reduce_retracing=True)
        self._mass = tf.function(centres.mass, reduce_retracing=True)

    def found(self, depth_mm: np.ndarray, camera: np.ndarray) -> dict[str, np.ndarray]:
        """Hands of frames float32 [B, H, W] with cameras [B, 4], as the signature ``hands`` gives them."""
        outputs = self._served.hands(tf.constant(depth_mm), tf.constant(camera))
        return {name: value.numpy() for name, value in outputs.items()}

    def about_labels(
        self, depth_mm: np.ndarray, camera: np.ndarray, joints_mm: np.ndarray, is_left: np.ndarray
    ) -> np.ndarray:
        """Joints [B, J, 3] from one crop about the labels.

        Args:
            depth_mm: float32 [B, H, W].
            camera: float32 [B, 4].
            joints_mm: float32 [B, J, 3]. The labels.
            is_left: bool [B].
        """
        return self._about_labels(*map(tf.constant, (depth_mm, camera, joints_mm, is_left))).numpy()

    def _about_labels_of(self, depth_mm, camera, joints_mm, is_left):
        angle = crops.upright_angle(joints_mm, camera, self._wrist, self._root)
        cube_mm = tf.fill(tf.shape(angle), self._cube_mm)
        place = CropPlace(tf.reduce_mean(joints_mm, axis=1), camera, cube_mm, angle)
        seen_mm, place = crops.mirrored(depth_mm, place, is_left)
        joints = self._served.crop(crops.crop(seen_mm, place))["joints"]
        return crops.mirror_joints(crops.denormalise_joints(joints, place), is_left)

    def about_mass(self, depth_mm: np.ndarray, camera: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Joints [B, J, 3] with the centre of mass as a caller's centre, and whether there are any, [B]."""
        depth_mm, camera = tf.constant(depth_mm), tf.constant(camera)
        centre_mm, _ = self._mass(depth_mm, camera, tf.fill([depth_mm.shape[0]], self._cube_mm))
        outputs = self._served.centred(depth_mm, camera, centre_mm)
        return outputs["joints_mm"].numpy(), outputs["valid"].numpy()

    def empty(self, batch: Sequence[Shown]) -> int:
        """In how many pictures of one size, all without a hand, one is found."""
        return int(self.found(*_arrays(batch))["valid"].any(1).sum())

    def with_hands(self, batch: Sequence[Shown]) -> tuple[list[HandScore], int]:
        """The hands' scores in pictures of one size, and how many detections are near no hand."""
        depth_mm, camera = _arrays(batch)
        found, (mass_mm, massive) = self.found(depth_mm, camera), self.about_mass(depth_mm, camera)
        gt_mm = iter(self._labelled(batch, depth_mm, camera))
        scored, false = [], 0
        for row, one in enumerate(batch):
            detections = {name: value[row] for name, value in found.items()}
            alone = len(one.picture.hands) == 1 and not one.picture.ignored
            for posed, which in zip(one.picture.hands, _matches(detections, one.picture), strict=True):
                com_mm = error_mm(mass_mm[row], posed.joints_mm) if massive[row] else MISS_MM
                errors = {
                    "gt_mm": error_mm(next(gt_mm), posed.joints_mm),
                    "com_mm": com_mm if alone else np.nan,
                }
                scored.append(_scored(one, posed, detections, which, errors))
            false += _false(detections, one.picture)
        return scored, false

    def _labelled(self, batch, depth_mm, camera):
        """Joints about the labels of all hands of a batch, in order."""
        hands = [posed for one in batch for posed in one.picture.hands]
        if not hands:
            return []
        rows = np.repeat(np.arange(len(batch)), [len(one.picture.hands) for one in batch])
        labels = np.stack([posed.joints_mm for posed in hands]).astype(np.float32)
        return self.about_labels(
            depth_mm[rows], camera[rows], labels, np.array([posed.is_left for posed in hands])
        )


def _arrays(batch):
    """Depth [B, H, W] and cameras [B, 4] of pictures of one size."""
    depth_mm = np.stack([one.picture.depth_mm for one in batch]).astype(np.float32)
    return depth_mm, np.stack([np.asarray(one.picture.camera, np.float32) for one in batch])


def _distances(detections, hands):
    """From each detection to each hand's mean joint, [K, N]; infinite where nothing is detected."""
    middles = np.array([centres.ground_truth(posed.joints_mm) for posed in hands]).reshape(1, -1, 3)
    distance = np.linalg.norm(detections["centre_mm"][:, None] - middles, axis=-1)
    return np.where(detections["valid"][:, None], distance, np.inf)


def _matches(detections, picture):
    """The detection of each hand, or None; the nearest pairs come first, and none is taken twice."""
    distance = _distances(detections, picture.hands)
    matches = [None] * len(picture.hands)
    for _ in matches:
        which, hand = np.unravel_index(distance.argmin(), distance.shape)
        if distance[which, hand] < FOUND_MM:
            matches[hand] = int(which)
            distance[which], distance[:, hand] = np.inf, np.inf
    return matches


def _false(detections, picture):
    """How many detections are near no hand, labelled or left out."""
    distance = _distances(detections, picture.hands + picture.ignored)
    near = (distance < FOUND_MM).any(1)
    return int((detections["valid"] & ~near).sum())


def _scored(one, posed, detections, which, errors):
    """The score of one hand, found as detection ``which`` or not at all."""
    middle_mm = centres.ground_truth(posed.joints_mm)
    found = which is not None
    return HandScore(
        picture=one.number,
        scene=one.picture.scene,
        camera=one.camera,
        is_left=bool(posed.is_left),
        found=found,
        side=found and bool(detections["is_left"][which]) == bool(posed.is_left),
        centre_mm=float(np.linalg.norm(detections["centre_mm"][which] - middle_mm)) if found else np.nan,
        refined_mm=error_mm(detections["joints_mm"][which], posed.joints_mm) if found else np.nan,
        **errors,
    )
