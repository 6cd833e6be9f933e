"""Building blocks as Keras layers: convolution, dense and residual blocks.

Images are NHWC. Every block hands its dtype policy to its children, so that mixed precision reaches
them, and is registered under the package `crossinfo`, so that saved models find it again.
"""
# ruff: noqa: D102 (Keras' methods are described by each class's docstring)

import keras

from crossinfo.layers.normalization import make_normalisation, registered


def make_initializer(name: str) -> keras.Initializer:
    """A fresh kernel initializer: "normal" is N(0, 0.01) (section 3.5), any other name is Keras' own."""
    if name == "normal":
        return keras.initializers.RandomNormal(stddev=0.01)
    return keras.initializers.get(name)


@registered
class ConvolutionBlock(keras.layers.Layer):
    """Convolution, batch normalisation, activation.

    A strided kernel wider than 1 is padded with (k - 1) / 2 zeros on each side, as the release does.

    Args:
        filters: int. Output channels.
        kernel_size, strides: int. `kernel_size` is odd.
        activation: str or None. A Keras activation.
        normalisation: str or None, see `make_normalisation`; None puts a bias in its place.
        initializer: str, see `make_initializer`.

    Input: `(batch, height, width, channels)`.
    Output: `(batch, ceil(height / strides), ceil(width / strides), filters)`.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int = 1,
        strides: int = 1,
        activation: str | None = "relu",
        normalisation: str | None = "fused",
        initializer: str = "glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.activation = activation
        self.normalisation = normalisation
        self.initializer = initializer
        # A strided 1 x 1 kernel's pixels are picked before the convolution: the gradient of the strided one
        # corrupts memory for some widths (8 to 16 channels, for one) in TensorFlow 2.21 on CPUs.
        self.picked = strides > 1 and kernel_size == 1
        self.padded = strides > 1 and kernel_size > 1
        self.convolution = keras.layers.Conv2D(
            filters,
            kernel_size,
            1 if self.picked else strides,
            padding="valid" if self.padded else "same",
            use_bias=normalisation is None,
            kernel_initializer=make_initializer(initializer),
            dtype=self.dtype_policy,
            name="convolution",
        )
        self.batch_norm = make_normalisation(normalisation, self.dtype_policy)

    def build(self, input_shape):
        self.convolution.build(input_shape)
        if self.batch_norm:
            self.batch_norm.build(self.compute_output_shape(input_shape))
        self.built = True

    def call(self, inputs, training=None):
        x = inputs
        if self.picked:
            x = x[:, :: self.strides, :: self.strides]
        if self.padded:
            margin = (self.kernel_size - 1) // 2
            x = keras.ops.pad(x, ((0, 0), (margin, margin), (margin, margin), (0, 0)))
        x = self.convolution(x)
        if self.batch_norm:
            x = self.batch_norm(x, training=training)
        return keras.activations.get(self.activation)(x)

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        return (batch, _strided(height, self.strides), _strided(width, self.strides), self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "activation": self.activation,
            "normalisation": self.normalisation,
            "initializer": self.initializer,
        }


@registered
class DenseBlock(keras.layers.Layer):
    """Fully connected layer, batch normalisation, activation, dropout (section 3.2).

    With `activation=None` and `dropout=0` it is an output layer: the joints' coordinates.

    Args:
        units: int. Width.
        activation: str or None. A Keras activation.
        dropout: float. Share of units dropped in training.
        normalisation: str or None, see `make_normalisation`; None puts a bias in its place.
        initializer: str, see `make_initializer`.

    Input: `(batch, features)`. Output: `(batch, units)`.
    """

    def __init__(
        self,
        units: int,
        activation: str | None = "relu",
        dropout: float = 0.0,
        normalisation: str | None = "fused",
        initializer: str = "glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.units = units
        self.activation = activation
        self.dropout = dropout
        self.normalisation = normalisation
        self.initializer = initializer
        self.dense = keras.layers.Dense(
            units,
            use_bias=normalisation is None,
            kernel_initializer=make_initializer(initializer),
            dtype=self.dtype_policy,
            name="dense",
        )
        self.batch_norm = make_normalisation(normalisation, self.dtype_policy)
        self.drop = keras.layers.Dropout(dropout, dtype=self.dtype_policy, name="drop") if dropout else None

    def build(self, input_shape):
        self.dense.build(input_shape)
        if self.batch_norm:
            self.batch_norm.build(self.compute_output_shape(input_shape))
        self.built = True

    def call(self, inputs, training=None):
        x = self.dense(inputs)
        if self.batch_norm:
            x = self.batch_norm(x, training=training)
        x = keras.activations.get(self.activation)(x)
        return self.drop(x, training=training) if self.dropout else x

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "activation": self.activation,
            "dropout": self.dropout,
            "normalisation": self.normalisation,
            "initializer": self.initializer,
        }


@registered
class ResidualBlock(keras.layers.Layer):
    """Bottleneck residual block (section 3.1; He et al., https://arxiv.org/abs/1512.03385).

    1 x 1, 3 x 3 (strided), 1 x 1 convolutions, added to the shortcut, then ReLU. The shortcut is a 1 x 1
    projection where the channels change, else the input itself, every `strides`-th pixel.

    Args:
        filters: int. Output channels.
        base_filters: int. Channels of the two inner convolutions.
        strides: int.
        normalisation: str, see `make_normalisation`.
        initializer: str, see `make_initializer`.

    Input: `(batch, height, width, channels)`.
    Output: `(batch, ceil(height / strides), ceil(width / strides), filters)`.
    """

    def __init__(
        self,
        filters: int,
        base_filters: int,
        strides: int = 1,
        normalisation: str | None = "fused",
        initializer: str = "glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters = filters
        self.base_filters = base_filters
        self.strides = strides
        self.normalisation = normalisation
        self.initializer = initializer
        self.shortcut = None
        self.conv1 = self._block("conv1", base_filters)
        self.conv2 = self._block("conv2", base_filters, kernel_size=3, strides=strides)
        self.conv3 = self._block("conv3", filters, activation=None)

    def _block(self, name, filters, **kwargs):
        return ConvolutionBlock(
            filters,
            normalisation=self.normalisation,
            initializer=self.initializer,
            dtype=self.dtype_policy,
            name=name,
            **kwargs,
        )

    def build(self, input_shape):
        if input_shape[-1] != self.filters:
            self.shortcut = self._block("shortcut", self.filters, strides=self.strides, activation=None)
            self.shortcut.build(input_shape)
        shape = input_shape
        for block in (self.conv1, self.conv2, self.conv3):
            block.build(shape)
            shape = block.compute_output_shape(shape)
        self.built = True

    def call(self, inputs, training=None):
        x = self.conv1(inputs, training=training)
        x = self.conv2(x, training=training)
        x = self.conv3(x, training=training)
        if self.shortcut is not None:
            shortcut = self.shortcut(inputs, training=training)
        else:
            shortcut = inputs[:, :: self.strides, :: self.strides]
        return keras.ops.relu(x + shortcut)

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        return (batch, _strided(height, self.strides), _strided(width, self.strides), self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "base_filters": self.base_filters,
            "strides": self.strides,
            "normalisation": self.normalisation,
            "initializer": self.initializer,
        }


def _strided(length, strides):
    return None if length is None else -(-length // strides)
