"""Heat maps of joints (section 3.1)."""
# ruff: noqa: D102 (Keras' methods are described by each class's docstring)

import keras

from crossinfo.layers.blocks import ConvolutionBlock
from crossinfo.layers.normalization import registered
from crossinfo.layers.pyramid import Resize


@registered
class HeatmapHead(keras.layers.Layer):
    """One heat map per joint: 3 x 3 convolution without activation, resized (section 3.1).

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
        joints: int,
        size: tuple[int, int],
        grid: str = "half_pixel",
        normalisation: str | None = None,
        initializer: str = "glorot_uniform",
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
