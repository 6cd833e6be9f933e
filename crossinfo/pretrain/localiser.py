"""Stage one: the localiser on whole pictures and on crops of them."""

import keras
import numpy as np
import tensorflow as tf

from crossinfo.config import ScheduleConfig
from crossinfo.localisation import canvas, detection, targets
from crossinfo.localisation.network import Localiser
from crossinfo.localisation.whole_frame import CONFIDENT, PLACES
from crossinfo.pretrain.means import Means
from crossinfo.training.statistics import StatisticsRenewer
from crossinfo.training.trainer import make_optimizer, tf_variables

# A picture is seen in the mirror by chance: left hands become right ones.
FLIP_SHARE = 0.5
NEAR_MM = 80.0
BATCH = 64
TRAINED = ("maps", "check")
X_MIRRORED = (-1.0, 1.0, 1.0)

Tensors = dict[str, tf.Tensor]


class LocaliserStage:
    """The localiser in training, see ``stage.Trainable``.

    Args:
        schedule: ScheduleConfig whose epochs are chunks.
        steps_per_chunk: int.
        held_out: arrays of held-out pictures, as of ``frames.localiser_arrays``.
    """

    kind = "localiser"

    def __init__(self, schedule: ScheduleConfig, steps_per_chunk: int, held_out: dict[str, np.ndarray]):
        self.network = Localiser()
        # Validated and saved: a copy whose batch statistics are renewed.
        self.snapshot = Localiser()
        self._optimizer = make_optimizer(schedule, steps_per_chunk, "float32")
        # The judge is trained on the pose network's joints, when there is one.
        self._parts = {name: self.network.part(name) for name in TRAINED}
        self._snapshot_parts = {name: self.snapshot.part(name) for name in TRAINED}
        self._variables = [v for part in self._parts.values() for v in part.trainable_variables]
        self._optimizer.build(self._variables)
        self._renewers = {name: StatisticsRenewer(part) for name, part in self._snapshot_parts.items()}
        self._held_out = held_out
        self._means = Means()
        self._train = tf.function(self._train_batch, reduce_retracing=True)
        self._infer = tf.function(self._outputs, reduce_retracing=True)

    def step(self, batch: dict[str, np.ndarray]) -> None:
        """One step on a batch of pictures."""
        self._means.add(self._train(as_tensors(batch)))

    def _train_batch(self, batch):
        batch = mirrored(batch, by_chance(tf.shape(batch["angle"])[:1], self._optimizer))
        with tf.GradientTape() as tape:
            outputs = _run(self._parts, _inputs(batch), training=True)
            losses = targets.map_losses(outputs["maps"], _labels(batch), batch["canvas"], batch["camera"])
            losses |= targets.check_losses(outputs["check"], _check_labels(batch))
            losses = {name: tf.reduce_mean(value) for name, value in losses.items()}
            total = tf.add_n(list(losses.values()))
        gradients = tape.gradient(total, self._variables)
        self._optimizer.apply_gradients(zip(gradients, self._variables, strict=True))
        return {**losses, "total": total}

    def means(self) -> dict[str, float]:
        """Mean losses since the last call."""
        return self._means.take()

    def validate(self, sample: list[dict[str, np.ndarray]]) -> dict[str, float]:
        """Figures of ``score_places`` and ``score_checks`` on the held-out pictures."""
        for copied, trained in zip(self.snapshot.weights, self.network.weights, strict=True):
            copied.assign(trained.value)
        for name, renewer in self._renewers.items():
            renewer.renew(_inputs(as_tensors(batch))[name] for batch in sample)
        found = [self._infer(batch) for batch in self._batches()]
        places = zip(*(hands for hands, _ in found), strict=True)
        hands = detection.Hands(*(np.concatenate(values) for values in places))
        check = np.concatenate([check for _, check in found])
        return score_places(hands, _labels(self._held_out)) | score_checks(
            check, _check_labels(self._held_out)
        )

    def _batches(self):
        for start in range(0, len(self._held_out["canvas"]), BATCH):
            yield as_tensors({name: value[start : start + BATCH] for name, value in self._held_out.items()})

    def _outputs(self, batch):
        outputs = _run(self._snapshot_parts, _inputs(batch), training=False)
        found = detection.places(outputs["maps"], batch["canvas"], batch["camera"], PLACES)
        return found, outputs["check"]

    def checkpoint(self) -> tf.train.Checkpoint:
        """Weights and optimizer."""
        return tf.train.Checkpoint(
            weights=tf_variables(self.network.variables), optimizer=tf_variables(self._optimizer.variables)
        )


def as_tensors(batch: dict[str, np.ndarray]) -> Tensors:
    """The arrays of a batch as float32 tensors."""
    return {name: tf.constant(value, tf.float32) for name, value in batch.items()}


def by_chance(shape: tf.Tensor, optimizer: keras.optimizers.Optimizer) -> tf.Tensor:
    """Which frames are seen in the mirror, bool; a function of the optimizer's step, also after a stop."""
    seed = tf.stack([0, tf.cast(optimizer.iterations.value, tf.int32)])
    return tf.random.stateless_uniform(shape, seed) < FLIP_SHARE


def _inputs(batch):
    """What each part sees of a batch of pictures, by the part's output."""
    return {
        "maps": canvas.features(batch["canvas"], batch["camera"]),
        "check": tf.reshape(batch["crop"], [-1, *batch["crop"].shape[2:]]),
    }


def _run(parts, seen, training):
    return {name: part(seen[name], training=training) for name, part in parts.items()}


def _labels(batch):
    return targets.Labels(*(batch[name] for name in targets.Labels._fields))


def _check_labels(batch):
    """Of all crops of a batch of pictures, one after the other."""
    names = targets.CheckLabels._fields
    reshape = np.reshape if isinstance(batch["turn"], np.ndarray) else tf.reshape
    return targets.CheckLabels(*(reshape(batch[name], (-1, 3)[: 1 + (name == "shift")]) for name in names))


def mirrored(batch: Tensors, flip: tf.Tensor) -> Tensors:
    """The batch with some pictures [B] as seen in a mirror."""
    wide = flip[:, None]
    camera = batch["camera"]
    seen = tf.concat([camera[:, :2], canvas.WIDTH - 1 - camera[:, 2:3], camera[:, 3:]], axis=1)
    return {
        **mirrored_checks(batch, tf.broadcast_to(wide, tf.shape(batch["turn"]))),
        "canvas": tf.where(wide[..., None], tf.reverse(batch["canvas"], [2]), batch["canvas"]),
        "camera": tf.where(wide, seen, camera),
        "centre_mm": tf.where(wide[..., None], batch["centre_mm"] * X_MIRRORED, batch["centre_mm"]),
        "angle": tf.where(wide, -batch["angle"], batch["angle"]),
        "weight": batch["weight"],
    }


def mirrored_checks(batch: Tensors, flip: tf.Tensor) -> Tensors:
    """Crops [..., 96, 96, 1] and what they show, with some of them, bool [...], as seen in a mirror."""
    crop = batch["crop"]
    return {
        "crop": tf.where(flip[..., None, None, None], tf.reverse(crop, [crop.shape.rank - 2]), crop),
        "hand": batch["hand"],
        "is_left": tf.where(flip, 1 - batch["is_left"], batch["is_left"]),
        "turn": tf.where(flip, -batch["turn"], batch["turn"]),
        "shift": tf.where(flip[..., None], batch["shift"] * X_MIRRORED, batch["shift"]),
    }


def score_places(hands: detection.Hands, labels: targets.Labels) -> dict[str, float]:
    """Of the maps' strongest places: share of hands near one of them, and how near.

    Returns:
        ``found``: share of labelled hands with a place within 80 mm; ``sure``: with one of at least even
        chance; ``centre_mm``, ``angle_degrees``: medians of those found; ``false``: places of at least even
        chance per picture that are near no hand.
    """
    labelled, present = labels.weight > 0, labels.weight != 0
    near = np.linalg.norm(hands.centre_mm[:, :, None] - labels.centre_mm[:, None], axis=-1) < NEAR_MM
    sure = hands.confidence >= CONFIDENT
    picture, place, label = np.nonzero(near & labelled[:, None])
    away = np.linalg.norm(hands.centre_mm[picture, place] - labels.centre_mm[picture, label], axis=-1)
    turn = np.abs(np.angle(np.exp(1j * (hands.angle[picture, place] - labels.angle[picture, label]))))
    return {
        "found": (near.any(1) & labelled).sum() / max(labelled.sum(), 1),
        "sure": ((near & sure[..., None]).any(1) & labelled).sum() / max(labelled.sum(), 1),
        "false": (sure & ~(near & present[:, None]).any(2)).sum() / len(sure),
        "centre_mm": float(np.median(away)) if len(away) else 0.0,
        "angle_degrees": float(np.degrees(np.median(turn))) if len(turn) else 0.0,
    }


def score_checks(check: np.ndarray, labels: targets.CheckLabels) -> dict[str, float]:
    """Of checks [N, 7]: shares of hands, other things and sides told right; medians of turn and shift."""
    hand = labels.hand > 0
    yes = check[:, 0] > 0
    turn = np.arctan2(check[hand, 3], check[hand, 2]) - labels.turn[hand]
    return {
        "hand_told": yes[hand].mean(),
        "other_told": 1 - yes[~hand].mean(),
        "side_told": ((check[hand, 1] > 0) == (labels.is_left[hand] > 0)).mean(),
        "turn_degrees": float(np.degrees(np.median(np.abs(np.angle(np.exp(1j * turn)))))),
        "shift": float(np.median(np.linalg.norm(check[hand, 4:7] - labels.shift[hand], axis=1))),
    }
