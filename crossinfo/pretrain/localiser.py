"""Stage one: the localiser on whole pictures."""

import numpy as np
import tensorflow as tf

from crossinfo.config import ScheduleConfig
from crossinfo.localisation import canvas, detection, targets
from crossinfo.localisation.network import Localiser
from crossinfo.training.statistics import StatisticsRenewer
from crossinfo.training.trainer import make_optimizer, tf_variables

LABELS = targets.Labels._fields
# Of the picture as a whole: what a turned camera, or a hand held the other way up, shows.
FLIP_SHARE = 0.5
STATISTICS_BATCHES = 16


class LocaliserStage:
    """The localiser in training, see ``stage.Trainable``.

    Args:
        schedule: ScheduleConfig whose epochs are chunks.
        steps_per_chunk: int.
        held_out: arrays of held-out pictures.
    """

    kind = "localiser"

    def __init__(self, schedule: ScheduleConfig, steps_per_chunk: int, held_out: dict[str, np.ndarray]):
        self.network = Localiser()
        self._optimizer = make_optimizer(schedule, steps_per_chunk, "float32")
        self._optimizer.build(self.network.trainable_variables)
        self._held_out = held_out
        self._sums: dict[str, float] = {}
        self._steps = 0
        self._seen: list[tf.Tensor] = []
        self._train = tf.function(self._train_batch, reduce_retracing=True)
        self._infer = tf.function(self._found, reduce_retracing=True)
        # Validated and saved: a copy whose batch statistics are renewed.
        self.snapshot = Localiser()
        self._renewer = StatisticsRenewer(self.snapshot)

    def step(self, batch: dict[str, np.ndarray]) -> None:
        """One step; the picture is mirrored by chance."""
        tensors = {name: tf.constant(value, tf.float32) for name, value in batch.items()}
        losses = self._train(tensors)
        self._steps += 1
        for name, value in losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        if len(self._seen) < STATISTICS_BATCHES:
            self._seen.append(canvas.features(tensors["canvas"], tensors["camera"]))

    def _train_batch(self, batch):
        batch = mirrored(batch, tf.random.uniform(tf.shape(batch["angle"])[:1]) < FLIP_SHARE)
        labels = targets.Labels(*(batch[name] for name in LABELS))
        features = canvas.features(batch["canvas"], batch["camera"])
        with tf.GradientTape() as tape:
            maps = self.network(features, training=True)
            losses = targets.losses(maps, labels, batch["canvas"], batch["camera"])
            losses = {name: tf.reduce_mean(value) for name, value in losses.items()}
            total = tf.add_n(list(losses.values()))
        variables = self.network.trainable_variables
        self._optimizer.apply_gradients(zip(tape.gradient(total, variables), variables, strict=True))
        return {**losses, "total": total}

    def means(self) -> dict[str, float]:
        """Mean losses since the last call."""
        means = {name: float(value) / max(self._steps, 1) for name, value in self._sums.items()}
        self._sums, self._steps = {}, 0
        return means

    def validate(self) -> dict[str, float]:
        """Shares of hands found, of sides and angles right, and false hands per picture; centres in mm."""
        for copied, trained in zip(self.snapshot.weights, self.network.weights, strict=True):
            copied.assign(trained.value)
        self._renewer.renew(self._seen)
        self._seen = []
        found = [self._infer(*batch) for batch in self._batches()]
        hands = detection.Hands(*(np.concatenate([hands[i] for hands in found]) for i in range(4)))
        return score(hands, targets.Labels(*(self._held_out[name] for name in LABELS)))

    def _batches(self, size=64):
        for start in range(0, len(self._held_out["canvas"]), size):
            yield [
                tf.constant(self._held_out[name][start : start + size], tf.float32)
                for name in ("canvas", "camera")
            ]

    def _found(self, canvas_mm, camera):
        maps = self.snapshot(canvas.features(canvas_mm, camera), training=False)
        return detection.find(maps, canvas_mm, camera)

    def checkpoint(self) -> tf.train.Checkpoint:
        """Weights and optimizer."""
        return tf.train.Checkpoint(
            weights=tf_variables(self.network.variables), optimizer=tf_variables(self._optimizer.variables)
        )


def mirrored(batch: dict[str, tf.Tensor], flip: tf.Tensor) -> dict[str, tf.Tensor]:
    """The batch with some pictures [B] as seen in a mirror: left hands become right ones."""
    wide = flip[:, None]
    camera = batch["camera"]
    turned = tf.concat([camera[:, :2], canvas.WIDTH - 1 - camera[:, 2:3], camera[:, 3:]], axis=1)
    return {
        "canvas": tf.where(wide[..., None], tf.reverse(batch["canvas"], [2]), batch["canvas"]),
        "camera": tf.where(wide, turned, camera),
        "centre_mm": tf.where(wide[..., None], batch["centre_mm"] * [-1.0, 1.0, 1.0], batch["centre_mm"]),
        "angle": tf.where(wide, -batch["angle"], batch["angle"]),
        "is_left": tf.where(wide, 1 - batch["is_left"], batch["is_left"]),
        "weight": batch["weight"],
    }


CONFIDENT = 0.5
NEAR_MM = 80.0


def score(hands: detection.Hands, labels: targets.Labels) -> dict[str, float]:
    """Figures of detections against labels.

    Returns:
        ``found``: share of labelled hands with a confident detection within 80 mm; ``both``: that of
        pictures with two hands in which both are found; ``false``: confident detections per picture that
        are near no hand; ``empty_false``: share of pictures without any hand that have one; ``centre_mm``:
        median distance; ``angle_degrees``: median; ``side``: share with the right side.
    """
    labelled, present = labels.weight > 0, labels.weight != 0
    confident = hands.confidence >= CONFIDENT
    distance = np.linalg.norm(hands.centre_mm[:, :, None] - labels.centre_mm[:, None], axis=-1)
    hit = (distance < NEAR_MM) & confident[..., None]
    matched = hit.any(1) & labelled
    false = confident & ~(hit & present[:, None]).any(2)
    at = np.argwhere(hit & labelled[:, None])
    picture, found, label = at.T
    turn = np.abs(np.angle(np.exp(1j * (hands.angle[picture, found] - labels.angle[picture, label]))))
    side = hands.is_left[picture, found] == (labels.is_left[picture, label] > 0)
    two, empty = labelled.sum(1) == 2, ~present.any(1)
    return {
        "found": matched.sum() / max(labelled.sum(), 1),
        "both": (matched.sum(1)[two] == 2).mean() if two.any() else 0.0,
        "false": false.sum() / len(false),
        "empty_false": confident[empty].any(1).mean() if empty.any() else 0.0,
        "centre_mm": float(np.median(distance[picture, found, label])) if len(at) else 0.0,
        "angle_degrees": float(np.degrees(np.median(turn))) if len(at) else 0.0,
        "side": side.mean() if len(at) else 0.0,
    }
