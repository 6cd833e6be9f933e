"""What is the paper's own: heat-map heads and the cross connection; and the resizing between them."""
# ruff: noqa: D102 (Keras' methods are described by each class's docstring)

import keras
import tensorflow as tf

from crossinfo.blocks import ConvolutionBlock, registered

GRIDS = ("half_pixel", "tf1")


@registered
class Resize(keras.layers.Layer):
    """Bilinear resizing to a fixed size.

    Args:
        size: (height, width), ints.
        grid: "half_pixel", Keras' sampling grid; or "tf1", source = i x scale, the authors' release.

    Input: `(batch, any, any, channels)`. Output: `(batch, height, width, channels)`, compute dtype.
    """

    def __init__(self, size, grid="half_pixel", **kwargs):
        super().__init__(**kwargs)
        if grid not in GRIDS:
            raise ValueError(f"grid must be one of {GRIDS}. Received: grid={grid!r}")
        self.size = tuple(size)
        self.grid = grid

    def call(self, inputs):
        if tuple(inputs.shape[1:3]) == self.size:
            return inputs
        # XLA's gradient of this operation is float32 only (TensorFlow 2.21): half precision goes around.
        resized = tf.raw_ops.ResizeBilinear(
            images=keras.ops.cast(inputs, "float32"),
            size=self.size,
            half_pixel_centers=self.grid == "half_pixel",
        )
        return keras.ops.cast(resized, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.size, input_shape[-1])

    def get_config(self):
        return {**super().get_config(), "size": self.size, "grid": self.grid}


@registered
class HeatmapHead(keras.layers.Layer):
    """One heat map a joint: 3 x 3 convolution without activation, resized (section 3.1).

    Args:
        joints: int. Heat maps.
        size: (height, width) of the heat maps, ints.
        grid: see `Resize`.
        normalisation: str or None, see `make_normalisation`; None puts a bias in its place.
        initializer: str, see `make_initializer`.

    Input: `(batch, any, any, channels)`. Output: `(batch, height, width, joints)`.
    """

    def __init__(
        self,
        joints,
        size,
        grid="half_pixel",
        normalisation=None,
        initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.joints = joints
        self.size = tuple(size)
        self.grid = grid
        self.normalisation = normalisation
        self.initializer = initializer
        self.convolution = ConvolutionBlock(
            joints,
            3,
            activation=None,
            normalisation=normalisation,
            initializer=initializer,
            dtype=self.dtype_policy,
            name="convolution",
        )
        self.resize = Resize(size, grid, dtype=self.dtype_policy, name="resize")

    def build(self, input_shape):
        self.convolution.build(input_shape)
        self.resize.build(self.convolution.compute_output_shape(input_shape))
        self.built = True

    def call(self, inputs, training=None):
        return self.resize(self.convolution(inputs, training=training))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.size, self.joints)

    def get_config(self):
        return {
            **super().get_config(),
            "joints": self.joints,
            "size": self.size,
            "grid": self.grid,
            "normalisation": self.normalisation,
            "initializer": self.initializer,
        }


@registered
class CrossConnection(keras.layers.Layer):
    """Information sharing between the palm and the finger branch (section 3.3, algorithm 1, lines 2 and 3).

    What is not palm is finger, and the reverse: `F- = T - P0`, `P- = T - F0`, `P1 = [P0, P-]`,
    `F1 = [F0, F-]`, joined along the channels.

    Inputs: `[P0, F0, T]`, each `(batch, height, width, channels)`.
    Outputs: `(P1, F1)`, each `(batch, height, width, 2 * channels)`.
    """

    def call(self, inputs):
        palm, finger, shared = inputs
        palm_residual, finger_residual = shared - finger, shared - palm
        return (
            keras.ops.concatenate([palm, palm_residual], axis=-1),
            keras.ops.concatenate([finger, finger_residual], axis=-1),
        )

    def compute_output_shape(self, input_shape):
        *rest, channels = input_shape[0]
        shape = (*rest, 2 * channels)
        return shape, shape
