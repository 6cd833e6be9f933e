"""The network's blocks as Keras layers: convolution, dense and residual blocks, resizing, the cross connection.

Images are NHWC. Every block hands its dtype policy to its children, so that mixed precision reaches
them, and is registered under the package ``crossinfo``, so that saved models find it again.
"""

import keras
import tensorflow as tf

# The authors' release; the paper gives no numbers.
NORMALISATION = {"momentum": 0.9, "epsilon": 1e-5}
GRIDS = ("half_pixel", "tf1")

registered = keras.saving.register_keras_serializable(package="crossinfo")


def make_initializer(name):
    """A fresh kernel initializer: "normal" is N(0, 0.01) (section 3.5), any other name is Keras' own."""
    if name == "normal":
        return keras.initializers.RandomNormal(stddev=0.01)
    return keras.initializers.get(name)


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
        if self.grid == "half_pixel":
            return keras.ops.image.resize(inputs, self.size, interpolation="bilinear")
        resized = tf.raw_ops.ResizeBilinear(images=inputs, size=self.size)
        return keras.ops.cast(resized, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.size, input_shape[-1])

    def get_config(self):
        return {**super().get_config(), "size": self.size, "grid": self.grid}


@registered
class ConvolutionBlock(keras.layers.Layer):
    """Convolution, batch normalisation, activation.

    A strided kernel wider than 1 is padded with (k - 1) / 2 zeros on each side, as the release does.

    Args:
        filters: int. Output channels.
        kernel_size, strides: int. `kernel_size` is odd.
        activation: str or None. A Keras activation.
        normalise: bool. Batch normalisation; a bias in its place if False.
        initializer: str, see `make_initializer`.

    Input: `(batch, height, width, channels)`.
    Output: `(batch, ceil(height / strides), ceil(width / strides), filters)`.
    """

    def __init__(
        self,
        filters,
        kernel_size=1,
        strides=1,
        activation="relu",
        normalise=True,
        initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.activation = activation
        self.normalise = normalise
        self.initializer = initializer
        self.padded = strides > 1 and kernel_size > 1
        self.convolution = keras.layers.Conv2D(
            filters,
            kernel_size,
            strides,
            padding="valid" if self.padded else "same",
            use_bias=not normalise,
            kernel_initializer=make_initializer(initializer),
            dtype=self.dtype_policy,
            name="convolution",
        )
        self.normalisation = _normalisation(self) if normalise else None

    def build(self, input_shape):
        self.convolution.build(input_shape)
        if self.normalise:
            self.normalisation.build(self.compute_output_shape(input_shape))
        self.built = True

    def call(self, inputs, training=None):
        x = inputs
        if self.padded:
            margin = (self.kernel_size - 1) // 2
            x = keras.ops.pad(x, ((0, 0), (margin, margin), (margin, margin), (0, 0)))
        x = self.convolution(x)
        if self.normalise:
            x = self.normalisation(x, training=training)
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
            "normalise": self.normalise,
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
        normalise: bool. Batch normalisation; a bias in its place if False.
        initializer: str, see `make_initializer`.

    Input: `(batch, features)`. Output: `(batch, units)`.
    """

    def __init__(
        self,
        units,
        activation="relu",
        dropout=0.0,
        normalise=True,
        initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.units = units
        self.activation = activation
        self.dropout = dropout
        self.normalise = normalise
        self.initializer = initializer
        self.dense = keras.layers.Dense(
            units,
            use_bias=not normalise,
            kernel_initializer=make_initializer(initializer),
            dtype=self.dtype_policy,
            name="dense",
        )
        self.normalisation = _normalisation(self) if normalise else None
        self.drop = keras.layers.Dropout(dropout, dtype=self.dtype_policy, name="drop") if dropout else None

    def build(self, input_shape):
        self.dense.build(input_shape)
        if self.normalise:
            self.normalisation.build(self.compute_output_shape(input_shape))
        self.built = True

    def call(self, inputs, training=None):
        x = self.dense(inputs)
        if self.normalise:
            x = self.normalisation(x, training=training)
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
            "normalise": self.normalise,
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
        initializer: str, see `make_initializer`.

    Input: `(batch, height, width, channels)`.
    Output: `(batch, ceil(height / strides), ceil(width / strides), filters)`.
    """

    def __init__(self, filters, base_filters, strides=1, initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.base_filters = base_filters
        self.strides = strides
        self.initializer = initializer
        self.shortcut = None
        self.conv1 = self._block("conv1", base_filters)
        self.conv2 = self._block("conv2", base_filters, kernel_size=3, strides=strides)
        self.conv3 = self._block("conv3", filters, activation=None)

    def _block(self, name, filters, **kwargs):
        return ConvolutionBlock(
            filters, initializer=self.initializer, dtype=self.dtype_policy, name=name, **kwargs
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
            "initializer": self.initializer,
        }


@registered
class HeatmapHead(keras.layers.Layer):
    """One heat map a joint: 3 x 3 convolution without activation, resized (section 3.1).

    Args:
        joints: int. Heat maps.
        size: (height, width) of the heat maps, ints.
        grid: see `Resize`.
        normalise: bool. Batch normalisation on this output layer; a bias in its place if False.
        initializer: str, see `make_initializer`.

    Input: `(batch, any, any, channels)`. Output: `(batch, height, width, joints)`.
    """

    def __init__(
        self,
        joints,
        size,
        grid="half_pixel",
        normalise=False,
        initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.joints = joints
        self.size = tuple(size)
        self.grid = grid
        self.normalise = normalise
        self.initializer = initializer
        self.convolution = ConvolutionBlock(
            joints,
            3,
            activation=None,
            normalise=normalise,
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
            "normalise": self.normalise,
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


def _normalisation(layer):
    return keras.layers.BatchNormalization(**NORMALISATION, dtype=layer.dtype_policy, name="normalisation")


def _strided(length, strides):
    return None if length is None else -(-length // strides)
