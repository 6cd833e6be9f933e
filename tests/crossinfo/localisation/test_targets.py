"""The localiser's losses: least at the labels, and blind where they should be."""

import numpy as np
import tensorflow as tf

from crossinfo.localisation import canvas, detection, targets
from crossinfo.localisation.network import CHECKS, COLUMNS, MAPS, ROWS, STRIDE
from datasets import geometry

CAMERA = tf.constant([[120.0, 120.0, 79.5, 63.5]])
CANVAS = tf.fill([1, canvas.HEIGHT, canvas.WIDTH], 700.0)


def labels_of(*hands):
    """Labels of hands (centre_mm, angle, weight)."""
    columns = zip(*hands, strict=True)
    return targets.Labels(*(tf.constant([column], tf.float32) for column in columns))


def fitted(labels, steps=400):
    """Maps that minimise the losses."""
    maps = tf.Variable(tf.zeros([1, ROWS, COLUMNS, MAPS]))
    optimizer = tf.keras.optimizers.Adam(0.1)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.add_n(list(targets.map_losses(maps, labels, CANVAS, CAMERA).values()))
        optimizer.apply_gradients([(tape.gradient(loss, maps), maps)])

    for _ in range(steps):
        step()
    return maps


def test_the_maps_of_least_loss_give_the_labelled_hands_back():
    labels = labels_of(([-120, 40, 640], 0.7, 1), ([150, -60, 560], -2.2, 1), ([0, 0, 0], 0, 0))
    hands = detection.places(fitted(labels), CANVAS, CAMERA, 2)
    order = np.argsort(hands.centre_mm[0, :, 0])
    np.testing.assert_allclose(hands.centre_mm.numpy()[0, order], labels.centre_mm[0, :2], atol=8)
    np.testing.assert_allclose(hands.angle.numpy()[0, order], [0.7, -2.2], atol=0.05)
    assert hands.confidence.numpy().min() > 0.5


def test_a_hidden_hand_is_neither_wanted_nor_forbidden():
    labels = labels_of(([-120, 40, 640], 0.7, -1))
    u, v = ((geometry.project(labels.centre_mm, CAMERA)[0, 0, :2] + 0.5) / STRIDE).numpy()
    silent = np.zeros((1, ROWS, COLUMNS, MAPS), np.float32)
    silent[..., 0] = -12
    loud = silent.copy()
    loud[0, int(v), int(u), 0] = 12
    elsewhere = silent.copy()
    elsewhere[0, 12, 15, 0] = 12

    def heat(maps):
        return float(targets.map_losses(tf.constant(maps), labels, CANVAS, CAMERA)["heat"][0])

    assert heat(loud) < 0.01 and heat(silent) < 0.01 < 1 < heat(elsewhere)


def test_a_frame_without_hands_has_no_loss_but_heat():
    losses = targets.map_losses(
        tf.random.normal([1, ROWS, COLUMNS, MAPS]), labels_of(([0, 0, 0], 0, 0)), CANVAS, CAMERA
    )
    assert losses["heat"] > 0
    assert all(float(value[0]) == 0 for name, value in losses.items() if name != "heat")


def test_a_check_of_least_loss_tells_what_the_labels_say():
    labels = targets.CheckLabels(
        tf.constant([1.0, 1, 0]),
        tf.constant([1.0, 0, 0]),
        tf.constant([0.5, -3, 0]),
        tf.constant([[0.1, 0.2, -0.3]] * 3),
    )
    check = tf.Variable(tf.zeros([3, CHECKS]))
    optimizer = tf.keras.optimizers.Adam(0.05)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.add_n([tf.reduce_sum(value) for value in targets.check_losses(check, labels).values()])
        optimizer.apply_gradients([(tape.gradient(loss, check), check)])

    for _ in range(300):
        step()
    np.testing.assert_array_equal(np.sign(check[:, 0]), [1, 1, -1])
    np.testing.assert_array_equal(np.sign(check[:2, 1]), [1, -1])
    np.testing.assert_allclose(tf.atan2(check[:2, 3], check[:2, 2]), [0.5, -3], atol=0.1)
    np.testing.assert_allclose(check[:2, 4:], [[0.1, 0.2, -0.3]] * 2, atol=0.05)


def test_a_crop_without_a_hand_has_no_side_turn_or_shift():
    labels = targets.CheckLabels(*(tf.zeros(shape) for shape in ([4], [4], [4], [4, 3])))
    losses = targets.check_losses(tf.random.normal([4, CHECKS]), labels)
    assert float(tf.reduce_min(losses["hand"])) > 0
    assert all(not losses[name].numpy().any() for name in ("side", "turn", "shift"))
