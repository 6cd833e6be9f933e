"""The localiser's outputs -> places and hands, by outputs made by hand."""

import numpy as np
import tensorflow as tf

from crossinfo.localisation import canvas, detection
from crossinfo.localisation.detection import Hands
from crossinfo.localisation.network import COLUMNS, MAPS, ROWS, STRIDE
from datasets import crops, geometry

CAMERA = tf.constant([[120.0, 120.0, 79.5, 63.5]])


def maps_of(*peaks):
    """Maps with peaks (row, column, logit, across, down, depth, angle)."""
    maps = np.zeros((1, ROWS, COLUMNS, MAPS), np.float32)
    maps[..., 0] = -9
    for row, column, logit, across, down, depth, angle in peaks:
        maps[0, row, column] = [logit, across, down, depth, np.cos(angle), np.sin(angle)]
    return maps


def wall(depth_mm=600.0):
    return tf.fill([1, canvas.HEIGHT, canvas.WIDTH], depth_mm)


def test_a_peak_is_a_place_in_space():
    hands = detection.places(maps_of((5, 12, 3.0, 0.25, -0.5, -1.5, 2.5)), wall(), CAMERA, 1)
    pixel = [(12 + 0.5 + 0.25) * STRIDE - 0.5, (5 + 0.5 - 0.5) * STRIDE - 0.5, 600 - 150]
    expected = geometry.unproject(tf.constant([[pixel]], tf.float32), CAMERA)
    np.testing.assert_allclose(hands.centre_mm, expected, rtol=1e-5)
    np.testing.assert_allclose(hands.angle, [[2.5]], rtol=1e-5)
    np.testing.assert_allclose(hands.confidence, [[1 / (1 + np.exp(-3.0))]], rtol=1e-5)


def test_places_come_by_confidence_and_only_peaks_are_places():
    peaks = maps_of((8, 3, 1.0, 0, 0, 0, 0), (8, 16, 4.0, 0, 0, 0, 0.5), (8, 15, 3.5, 0, 0, 0, 0))
    hands = detection.places(peaks, wall(), CAMERA, 3)
    np.testing.assert_allclose(hands.confidence[0, :2], 1 / (1 + np.exp([-4.0, -1.0])), rtol=1e-5)
    assert hands.confidence[0, 2] < 0.001 and hands.angle[0, 0] == 0.5


def test_the_reference_is_the_nearest_thing_about_a_cell():
    canvas_mm = np.full((1, canvas.HEIGHT, canvas.WIDTH), 900, np.float32)
    canvas_mm[0, 40, 40], canvas_mm[0, 41, 41] = 300, 0
    reference = detection.reference_mm(tf.constant(canvas_mm)).numpy()[0]
    assert (reference[4:7, 4:7] == 300).all() and reference[3, 5] == 900
    assert (detection.reference_mm(tf.zeros_like(wall())).numpy() == canvas.FAR_MM).all()


def test_a_check_moves_and_turns_the_place_as_its_labels_are_made():
    place = crops.CropPlace(
        tf.constant([[30.0, -20, 500]]),
        tf.constant([[240.0, 240, 160, 120]]),
        tf.constant([240.0]),
        tf.constant([0.8]),
    )
    hand_mm = tf.constant([[[50.0, -5, 520]]])
    shift = crops.normalise_joints(hand_mm, place)[:, 0]
    check = tf.concat([[[2.0, -1, np.cos(0.3), np.sin(0.3)]], shift], axis=1)
    hands = detection.checked(check, place)
    np.testing.assert_allclose(hands.centre_mm, hand_mm[:, 0], atol=0.01)
    np.testing.assert_allclose(hands.angle, [1.1], rtol=1e-5)
    np.testing.assert_allclose(hands.confidence, [1 / (1 + np.exp(-2.0))], rtol=1e-5)


def test_the_second_hand_is_the_most_confident_that_is_not_the_first_again():
    centre_mm = tf.constant([[[0.0, 0, 500], [200, 0, 500], [10, 0, 500]]])
    confidence = tf.constant([[0.9, 0.6, 0.8]])
    hands = Hands(centre_mm, tf.constant([[1.0, 2, 3]]), confidence)
    both = detection.best(hands, 2)
    assert both.angle.numpy().tolist() == [[1, 2]]
    assert detection.best(hands, 1).angle.numpy().tolist() == [[1]]
    alone = detection.best(hands._replace(centre_mm=tf.zeros_like(centre_mm)), 2)
    assert alone.confidence.numpy()[0, 1] == 0
