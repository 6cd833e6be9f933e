"""Counting what a network computes."""

import keras
import numpy as np
import tensorflow as tf


def operations(model: keras.Model) -> int:
    """Floating-point operations per frame: 2 x the multiply-adds of all convolutions and dense layers."""
    frame = tf.TensorSpec([1, *model.input_shape[1:]])
    graph = tf.function(lambda x: model(x, training=False)).get_concrete_function(frame).graph
    return sum(
        2 * int(np.prod(op.outputs[0].shape)) * int(np.prod(op.inputs[1].shape[:-1]))
        for op in _needed(graph.outputs)
        if op.type in ("Conv2D", "MatMul")
    )


def _needed(tensors):
    """Operations that these tensors depend on: what TensorFlow runs, which prunes the rest."""
    needed, waiting = set(), [tensor.op for tensor in tensors]
    while waiting:
        op = waiting.pop()
        if op not in needed:
            needed.add(op)
            waiting += [tensor.op for tensor in op.inputs] + list(op.control_inputs)
    return needed
