"""Information sharing between the palm and the finger branch (section 3.3)."""
# ruff: noqa: D102 (Keras' methods are described by each class's docstring)

import keras

from crossinfo.layers.normalization import registered


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
