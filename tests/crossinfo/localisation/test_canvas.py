"""Frames on the canvas: nothing is moved in space, and what is not measured stays so."""

import numpy as np
import pytest
import tensorflow as tf

from crossinfo.localisation import canvas
from datasets import geometry


@pytest.mark.parametrize("size", [(240, 320), (480, 640), (424, 512), (640, 480), (60, 80), (128, 160)])
def test_a_point_stays_where_it_is_in_space(size):
    height, width = size
    camera = tf.constant([[0.9 * width, 0.95 * width, 0.45 * width, 0.55 * height]])
    v, u = int(0.4 * height), int(0.6 * width)
    depth_mm = np.zeros((1, height, width), np.float32)
    spread = int(np.ceil(max(height / canvas.HEIGHT, width / canvas.WIDTH)))
    depth_mm[0, v : v + spread, u : u + spread] = 700

    small, small_camera = canvas.fit(depth_mm, camera)

    rows, columns = np.nonzero(small[0].numpy())
    seen = tf.constant([[[columns.mean(), rows.mean(), 700.0]]], tf.float32)
    where = geometry.unproject(seen, small_camera).numpy()[0, 0]
    middle = (spread - 1) / 2
    true = geometry.unproject(tf.constant([[[u + middle, v + middle, 700.0]]]), camera).numpy()[0, 0]
    pixel_mm = 700 / small_camera.numpy()[0, 0]
    assert np.abs(where - true).max() <= pixel_mm


def test_what_the_frame_does_not_reach_and_what_is_not_measured_is_zero():
    depth_mm = np.full((2, 100, 100), 500, np.float32)
    depth_mm[0, :50], depth_mm[1, :50] = np.nan, -3
    small, _ = canvas.fit(depth_mm, tf.constant([[100.0, 100, 50, 50]] * 2))
    assert not small[:, :60].numpy().any()
    assert not small[:, :, canvas.HEIGHT + 1 :].numpy().any()
    assert (small[:, 66:, :120].numpy() == 500).all()


def test_features_tell_metric_size_and_have_no_infinities():
    canvas_mm = np.zeros((1, canvas.HEIGHT, canvas.WIDTH), np.float32)
    canvas_mm[0, :, :80] = 500
    canvas_mm[0, :, 120:] = 60_000
    near, depth, size = np.moveaxis(
        canvas.features(canvas_mm, tf.constant([[120.0, 120, 80, 64]]))[0].numpy(), -1, 0
    )
    assert near[0, 0] == 1 and near[0, 100] == 0 and near[0, 150] == 0
    assert depth[0, 0] == 0.5 and depth[0, 100] == depth[0, 150] == 2.0
    assert size[0, 0] == pytest.approx(np.log2(24) / 4)  # 100 mm are 24 pixels
    assert np.isfinite(size).all()
