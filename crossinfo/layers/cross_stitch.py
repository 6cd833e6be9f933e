"""The cross-stitch unit: information sharing that is learned channel by channel (figure 5a)."""
# ruff: noqa: D102 (Keras' methods are described by each class's docstring)

import keras
import numpy as np

from crossinfo.layers.normalization import registered


@registered
class CrossStitch(keras.layers.Layer):
    """Cross-stitch unit: each branch goes on with a learned mix of both (figure 5a).

    Of Misra et al., "Cross-stitch Networks for Multi-task Learning", CVPR 2016
    (https://arxiv.org/abs/1604.03539), equation (1): every channel has a 2 x 2 matrix of its own,
    `palm' = mix[0, 0] * palm + mix[0, 1] * finger` and `finger' = mix[1, 0] * palm + mix[1, 1] * finger`.

    Args:
        own: float in [0, 1]. A branch's share of its own mix at the start; the other branch's is 1 - own.

    Inputs: `[palm, finger]`, both `(batch, ..., channels)`, of one shape.
    Outputs: `(palm, finger)`, of that shape.
    """

    def __init__(self, own: float = 0.9, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= own <= 1:
            raise ValueError(f"own must be a share between 0 and 1. Received: own={own!r}")
        self.own = own

    def build(self, input_shape):
        channels = self.compute_output_shape(input_shape)[0][-1]
        start = np.array([[self.own, 1 - self.own], [1 - self.own, self.own]])[..., None]
        self.mix = self.add_weight(
            name="mix",
            shape=(2, 2, channels),
            initializer=lambda shape, dtype: keras.ops.cast(np.broadcast_to(start, shape), dtype),
        )
        self.built = True

    def call(self, inputs):
        palm, finger = inputs
        mix = keras.ops.convert_to_tensor(self.mix)
        return mix[0, 0] * palm + mix[0, 1] * finger, mix[1, 0] * palm + mix[1, 1] * finger

    def compute_output_shape(self, input_shape):
        if not isinstance(input_shape, list | tuple) or len(input_shape) != 2:
            raise ValueError(f"CrossStitch takes two inputs, [palm, finger]. Received shapes: {input_shape}")
        palm, finger = (tuple(shape) for shape in input_shape)
        if palm != finger or palm[-1] is None:
            raise ValueError(
                "CrossStitch takes two inputs of one shape with a known number of channels. "
                f"Received shapes: {palm}, {finger}"
            )
        return palm, finger

    def get_config(self):
        return {**super().get_config(), "own": self.own}
