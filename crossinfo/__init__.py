"""CrossInfoNet in TensorFlow 2 / Keras 3: hand joints in millimetres from one depth frame."""

import importlib
import sys

import wrapt

_KERAS_MODULES = ("crossinfo.blocks", "crossinfo.layers", "crossinfo.model")


def _register_layers(imported):
    """Makes a saved model's classes known to Keras, as soon as the caller has Keras.

    Importing them at once would import TensorFlow, which takes seconds and which the metrics do without.
    While one of them is being imported itself, the import of all waits for its end.
    """
    others = (sys.modules[name] for name in _KERAS_MODULES if name in sys.modules)
    if not any(other.__spec__._initializing for other in others if other is not imported):
        importlib.import_module("crossinfo.model")


for _name in ("keras", *_KERAS_MODULES):
    wrapt.register_post_import_hook(_register_layers, _name)
