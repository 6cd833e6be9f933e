"""Batch normalisation's population statistics from training batches, in place of moving averages.

Moving averages look back some ten steps, at weights that have changed since. Averages over a fixed sample
of batches, all seen by the same weights, are what inference needs ("precise" statistics; Wu and Johnson,
"Rethinking 'Batch' in BatchNorm", https://arxiv.org/abs/2105.07576, section 3).
"""

from collections.abc import Iterable

import keras
import tensorflow as tf

from crossinfo.layers.normalization import MOMENTUM


class StatisticsRenewer:
    """Renews a network's moving statistics from crops.

    Args:
        network: CrossInfoNet, built without dropout: inference, which the statistics serve, has none.
    """

    def __init__(self, network: keras.Model):
        self._network = network
        moving = {
            variable.path: variable.value
            for variable in network.non_trainable_variables
            if variable.name in ("moving_mean", "moving_variance")
        }
        self._means = [value for path, value in moving.items() if path.endswith("moving_mean")]
        self._variances = [
            moving[path.removesuffix("mean") + "variance"] for path in moving if path.endswith("moving_mean")
        ]
        self._moments = tf.function(self._batch_moments, reduce_retracing=True)

    def renew(self, crops: Iterable[tf.Tensor]) -> None:
        """Sets mean and variance to those of the whole sample.

        Args:
            crops: batches of crops [B, 96, 96, 1], at least one.
        """
        count, sums = 0, None
        for batch in crops:
            count, moments = count + 1, self._moments(batch)
            sums = moments if sums is None else tf.nest.map_structure(tf.add, sums, moments)
        for mean, variance, first, second in zip(self._means, self._variances, *sums, strict=True):
            average = first / count
            mean.assign(tf.cast(average, mean.dtype))
            variance.assign(tf.cast(second / count - tf.square(average), variance.dtype))

    def _batch_moments(self, crops):
        """Float64 lists of this batch's means, and of its variances plus squared means."""
        for variable in (*self._means, *self._variances):
            variable.assign(tf.zeros_like(variable))
        self._network(crops, training=True)
        # Of zero, one step of the moving average keeps this share of the batch's own value.
        share = 1 - MOMENTUM
        means = [tf.cast(value, tf.float64) / share for value in self._means]
        variances = [tf.cast(value, tf.float64) / share for value in self._variances]
        return means, [v + tf.square(m) for v, m in zip(variances, means, strict=True)]
