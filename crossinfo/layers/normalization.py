"""Batch normalisation as Keras layers, and how every layer here is registered."""
# ruff: noqa: D102 (Keras' methods are described by each class's docstring)

import keras
import tensorflow as tf

# The authors' release; the paper gives no numbers.
MOMENTUM = 0.9
EPSILON = 1e-5
# "exact" was once an implementation of its own and stands in files of that time: now the same layer.
NORMALISATIONS = ("fused", "exact")

registered = keras.saving.register_keras_serializable(package="crossinfo")


def make_normalisation(name: str | None, dtype: str | keras.DTypePolicy) -> "FusedBatchNormalization | None":
    """The batch normalisation of a block; None for no normalisation, ValueError for an unknown name."""
    if name is None:
        return None
    if name not in NORMALISATIONS:
        raise ValueError(f"normalisation must be one of {NORMALISATIONS}. Received: normalisation={name!r}")
    return FusedBatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, dtype=dtype, name="normalisation")


@registered
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Keras' batch normalisation on TensorFlow's fused kernel.

    Keras 3 composes it of many small operations; the fused kernel trains `compact` 1.4 x as fast on a CPU. It
    has no double precision: under "float64" the layer is composed after all. Statistics are at least float32.
    In training the batch is normalised by its biased variance, and the moving variance follows the unbiased
    one. A batch statistic that is not finite, because half precision overflowed, leaves its moving
    statistic as it was.

    `momentum` is read whenever `call` is traced: with 0, a pass in training mode makes the moving statistics
    those of its batch.

    Input: `(batch, channels)` or `(batch, height, width, channels)`. Output: the same shape, compute dtype.
    """

    def call(self, inputs, training=None, mask=None):
        training = bool(training and self.trainable)
        normalise = self._composed if self.compute_dtype == "float64" else self._fused
        x, mean, variance = normalise(inputs, training)
        if training:
            self._move(self.moving_mean, mean)
            self._move(self.moving_variance, variance)
        return x

    def _fused(self, inputs, training):
        """(normalised inputs, mean, unbiased variance): the batch's in training, else the moving ones."""
        flat = len(inputs.shape) == 2
        x, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs[:, None, None, :] if flat else inputs,
            scale=self._float(self.gamma),
            offset=self._float(self.beta),
            mean=[] if training else self._float(self.moving_mean),
            variance=[] if training else self._float(self.moving_variance),
            epsilon=self.epsilon,
            is_training=training,
        )
        return x[:, 0, 0] if flat else x, mean, variance

    def _composed(self, inputs, training):
        """What `_fused` computes, in operations that exist in double precision."""
        mean, variance = self.moving_mean.value, self.moving_variance.value
        unbiased = variance
        if training:
            mean, variance = tf.nn.moments(inputs, list(range(len(inputs.shape) - 1)))
            count = tf.cast(tf.size(inputs) // inputs.shape[-1], inputs.dtype)
            unbiased = variance * (count / tf.maximum(count - 1, 1))
        x = tf.nn.batch_normalization(inputs, mean, variance, self.beta.value, self.gamma.value, self.epsilon)
        return x, mean, unbiased

    def _float(self, variable):
        return keras.ops.cast(variable, "float32")

    def _move(self, variable, value):
        moved = variable * self.momentum + value * (1.0 - self.momentum)
        variable.assign(tf.where(tf.math.is_finite(value), moved, variable))


@registered
class ExactBatchNormalization(FusedBatchNormalization):
    """What files of earlier versions call the layer in networks of "exact" normalisation."""
