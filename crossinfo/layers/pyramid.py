"""The feature pyramid, and the resizing between its levels (section 3.1, figure 2)."""
# ruff: noqa: D102 (Keras' methods are described by each class's docstring)

import keras
import numpy as np
import tensorflow as tf

from crossinfo.layers.blocks import ConvolutionBlock
from crossinfo.layers.normalization import registered

GRIDS = ("half_pixel", "tf1")


@registered
class Resize(keras.layers.Layer):
    """Bilinear resizing to a fixed size.

    Args:
        size: (height, width), ints.
        grid: "half_pixel", Keras' sampling grid; or "tf1", source = i x scale, the authors' release.

    Input: `(batch, any, any, channels)`. Output: `(batch, height, width, channels)`, compute dtype. The
    sides of the input must be known when the layer is called.
    """

    def __init__(self, size: tuple[int, int], grid: str = "half_pixel", **kwargs):
        super().__init__(**kwargs)
        if grid not in GRIDS:
            raise ValueError(f"grid must be one of {GRIDS}. Received: grid={grid!r}")
        self.size = tuple(size)
        self.grid = grid

    def call(self, inputs):
        if tuple(inputs.shape[1:3]) == self.size:
            return inputs
        if self.compute_dtype == "float64":
            return self._resize_by_matrices(inputs)
        # XLA's gradient of this operation is float32 only (TensorFlow 2.21): half precision goes around.
        resized = tf.raw_ops.ResizeBilinear(
            images=keras.ops.cast(inputs, "float32"),
            size=self.size,
            half_pixel_centers=self.grid == "half_pixel",
        )
        return keras.ops.cast(resized, self.compute_dtype)

    def _resize_by_matrices(self, inputs):
        """ResizeBilinear in double precision: the operation always gives float32, but is faster."""
        rows, columns = (
            tf.constant(bilinear_matrix(source, length, self.grid), inputs.dtype)
            for source, length in zip(inputs.shape[1:3], self.size, strict=True)
        )
        resized = tf.einsum("ih,bhwc->biwc", rows, inputs)
        return tf.einsum("jw,biwc->bijc", columns, resized)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.size, input_shape[-1])

    def get_config(self):
        return {**super().get_config(), "size": self.size, "grid": self.grid}


def bilinear_matrix(source: int, length: int, grid: str) -> np.ndarray:
    """Weights of bilinear resizing along one axis, without anti-aliasing.

    Args:
        source: pixels before.
        length: pixels after.
        grid: see `Resize`.

    Returns:
        float64 [length, source]. Each row has at most two weights, which add up to 1.
    """
    half = 0.5 if grid == "half_pixel" else 0.0
    position = (np.arange(length) + half) * (source / length) - half
    position = np.clip(position, 0, source - 1)
    return np.maximum(0, 1 - np.abs(position[:, None] - np.arange(source)))


@registered
class FeaturePyramid(keras.layers.Layer):
    """Merges the stages of the backbone from the top down (section 3.1, figure 2).

    Each stage goes through a lateral 1 x 1 convolution; the level above is resized to it, goes through a
    linear 1 x 1 convolution and is added.

    Args:
        filters: int. Channels of every level.
        grid: see `Resize`.
        normalisation, initializer: see `ConvolutionBlock`.

    Inputs: list of feature maps `(batch, height, width, channels)`, fine to coarse.
    Outputs: list of as many levels `(batch, height, width, filters)`, fine to coarse.
    """

    def __init__(
        self,
        filters: int,
        grid: str = "half_pixel",
        normalisation: str | None = "fused",
        initializer: str = "glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters = filters
        self.grid = grid
        self.normalisation = normalisation
        self.initializer = initializer

    def build(self, input_shape):
        self.laterals = [self._convolution(f"lateral{i}") for i in range(1, len(input_shape) + 1)]
        self.merges = [self._convolution(f"merge{i}", None) for i in range(1, len(input_shape))]
        self.resizes = [
            Resize(shape[1:3], self.grid, dtype=self.dtype_policy, name=f"resize{i}")
            for i, shape in enumerate(input_shape[:-1], 1)
        ]
        for lateral, shape in zip(self.laterals, input_shape, strict=True):
            lateral.build(shape)
        for merge, shape in zip(self.merges, input_shape, strict=False):
            merge.build((*shape[:3], self.filters))
        self.built = True

    def _convolution(self, name, activation="relu"):
        return ConvolutionBlock(
            self.filters,
            activation=activation,
            normalisation=self.normalisation,
            initializer=self.initializer,
            dtype=self.dtype_policy,
            name=name,
        )

    def call(self, inputs, training=None):
        levels = [self.laterals[-1](inputs[-1], training=training)]
        for i in reversed(range(len(inputs) - 1)):
            above = self.merges[i](self.resizes[i](levels[0]), training=training)
            levels.insert(0, self.laterals[i](inputs[i], training=training) + above)
        return levels

    def compute_output_shape(self, input_shape):
        return [(*shape[:3], self.filters) for shape in input_shape]

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "grid": self.grid,
            "normalisation": self.normalisation,
            "initializer": self.initializer,
        }
