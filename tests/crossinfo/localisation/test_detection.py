"""Maps -> hands, by maps made by hand."""

import numpy as np
import tensorflow as tf

from crossinfo.localisation import canvas, detection
from crossinfo.localisation.network import COLUMNS, MAPS, ROWS, STRIDE
from datasets import geometry

CAMERA = tf.constant([[120.0, 120.0, 79.5, 63.5]])


def maps_of(*hands):
    """Maps with hands (row, column, logit, across, down, depth, angle, left)."""
    maps = np.zeros((1, ROWS, COLUMNS, MAPS), np.float32)
    maps[..., 0] = -9
    for row, column, logit, across, down, depth, angle, left in hands:
        maps[0, row, column] = [logit, across, down, depth, np.cos(angle), np.sin(angle), left]
    return maps


def wall(depth_mm=600.0):
    return tf.fill([1, canvas.HEIGHT, canvas.WIDTH], depth_mm)


def test_a_peak_is_a_hand_in_space():
    hands = detection.find(maps_of((5, 12, 3.0, 0.25, -0.5, -1.5, 2.5, -4.0)), wall(), CAMERA, hands=1)
    pixel = [(12 + 0.5 + 0.25) * STRIDE - 0.5, (5 + 0.5 - 0.5) * STRIDE - 0.5, 600 - 150]
    expected = geometry.unproject(tf.constant([[pixel]], tf.float32), CAMERA)
    np.testing.assert_allclose(hands.centre_mm, expected, rtol=1e-5)
    np.testing.assert_allclose(hands.angle, [[2.5]], rtol=1e-5)
    np.testing.assert_allclose(hands.confidence, [[1 / (1 + np.exp(-3.0))]], rtol=1e-5)
    assert not hands.is_left.numpy().any()


def test_two_hands_come_by_confidence_and_a_shoulder_of_the_first_is_not_the_second():
    left = (8, 3, 1.0, 0, 0, 0, 0, 5.0)
    right = (8, 16, 4.0, 0, 0, 0, 0, -5.0)
    shoulder = (8, 14, 3.0, 1.5, 0, 0, 0, -5.0)
    hands = detection.find(maps_of(left, right, shoulder), wall(), CAMERA)
    assert hands.is_left.numpy().tolist() == [[False, True]]
    assert hands.confidence[0, 0] > hands.confidence[0, 1] > 0.7


def test_one_hand_leaves_the_second_without_confidence():
    hands = detection.find(maps_of((8, 3, 4.0, 0, 0, 0, 0, 0)), wall(), CAMERA)
    assert hands.confidence.numpy()[0, 1] < 0.001


def test_the_reference_is_the_nearest_thing_about_a_cell():
    canvas_mm = np.full((1, canvas.HEIGHT, canvas.WIDTH), 900, np.float32)
    canvas_mm[0, 40, 40], canvas_mm[0, 41, 41] = 300, 0
    reference = detection.reference_mm(tf.constant(canvas_mm)).numpy()[0]
    assert (reference[4:7, 4:7] == 300).all() and reference[3, 5] == 900
    assert (detection.reference_mm(tf.zeros_like(wall())).numpy() == canvas.FAR_MM).all()
