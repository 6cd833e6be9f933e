"""Any depth frame -> a small picture of one size, with what the localiser has to know of the camera.

Legend: B frames; camera float32 [B, 4] = fx, fy, cx, cy in pixels; depth in mm, where 0, negative and
non-finite mean no measurement.
"""

import tensorflow as tf

from datasets import crops
from datasets.geometry import Array

HEIGHT, WIDTH = 128, 160
CHANNELS = 3
# What lies beyond is room, not hand.
FAR_MM = 2000.0


def fit(depth_mm: Array, camera: Array) -> tuple[tf.Tensor, tf.Tensor]:
    """Shrinks or enlarges frames to fill the canvas, keeping their shape; nearest neighbour.

    Args:
        depth_mm: float32 [B, H, W].
        camera: float32 [B, 4].

    Returns:
        canvas float32 [B, 128, 160] in mm, 0 where nothing is measured or the frame does not reach; and the
        canvas' camera float32 [B, 4].
    """
    size = tf.cast(tf.shape(depth_mm)[1:], tf.float32)
    scale = tf.minimum(HEIGHT / size[0], WIDTH / size[1])
    rows, in_height = _source(HEIGHT, tf.shape(depth_mm)[1], scale)
    columns, in_width = _source(WIDTH, tf.shape(depth_mm)[2], scale)
    canvas = tf.gather(tf.gather(depth_mm, rows, axis=1), columns, axis=2)
    shown = (in_height[:, None] & in_width)[None] & crops.measured(canvas)
    canvas = tf.where(shown, canvas, 0.0)
    focal, centre = camera[:, :2] * scale, (camera[:, 2:] + 0.5) * scale - 0.5
    return canvas, tf.concat([focal, centre], axis=1)


def _source(length, limit, scale):
    """Frame index of each canvas row or column, and whether the frame reaches there."""
    position = tf.cast(tf.floor((tf.range(length, dtype=tf.float32) + 0.5) / scale), tf.int32)
    return tf.minimum(position, limit - 1), position < limit


def features(canvas_mm: Array, canvas_camera: Array) -> tf.Tensor:
    """The localiser's input: whether measured, depth in metres, and log2 of pixels per 100 mm.

    Args:
        canvas_mm: float32 [B, 128, 160].
        canvas_camera: float32 [B, 4].

    Returns:
        float32 [B, 128, 160, 3].
    """
    seen = canvas_mm > 0
    depth = tf.where(seen, tf.minimum(canvas_mm, FAR_MM), FAR_MM)
    focal = tf.reduce_mean(canvas_camera[:, :2], axis=1)[:, None, None]
    pixels = tf.math.log(100.0 * focal / tf.maximum(depth, 50.0)) / tf.math.log(2.0)
    near = tf.cast(seen & (canvas_mm < FAR_MM), tf.float32)
    return tf.stack([near, depth / 1000.0, pixels / 4.0], axis=-1)
