"""Smaller LiteRT files: the network's weights in 16 bits, or weights and activations in 8-bit integers.

Only operations under the network's name scope are touched: depth in millimetres and pixel positions need
their 24 bits. In ``int8`` the stem, the two fine stages and the joints that the output layer gives stay
float: they cause most of the error and hold few of the weights (docs/export.md has the figures).
"""

import contextlib
import io
from typing import Any

import numpy as np
from tqdm import tqdm

from datasets.errors import InputError

# Of an activation's name, the smallest and largest value and more, as the quantizer gives it.
Ranges = dict[str, dict[str, Any]]

PRECISIONS = ("none", "float16", "int8")
SCOPE = "network"
# A network that is run several times in one graph has numbered scopes.
NETWORK = f"{SCOPE}(_\\d+)?/"
FIRST = f"{NETWORK}(stem|stage1|stage2)"
LAST = f"{NETWORK}hand(_\\d+)?/"
CALIBRATION_FRAMES = 200


def float16(content: bytes) -> bytes:
    """A float LiteRT file with the network's kernels as float16; arithmetic stays float32."""
    library, ops, algorithms = _library()
    quantizer = library.Quantizer(content)
    for op in (ops.CONV_2D, ops.FULLY_CONNECTED):
        quantizer.add_weight_only_config(NETWORK, op, 16, algorithm_key=algorithms.FLOAT_CASTING)
    return _quantized(quantizer)


def int8(content: bytes, ranges: Ranges) -> bytes:
    """A float LiteRT file with the network in 8-bit integers; ``ranges`` as ``calibrate`` gives them."""
    return _quantized(_int8(content), ranges)


def calibrate(content: bytes, crops: np.ndarray) -> Ranges:
    """Range of each activation of a float LiteRT file of crops, over crops float32 [N, 96, 96, 1]."""
    quantizer, ranges = _int8(content), {}
    for crop in tqdm(crops, desc="calibrating", unit="frame", disable=None):
        with _silent():
            of_crop = quantizer.calibrate({"serving_default": [{"crop": crop[None]}]})
        for name, range in of_crop.items():
            known = ranges.setdefault(name, range)
            ranges[name] = {
                **range,
                "min": np.minimum(known["min"], range["min"]),
                "max": np.maximum(known["max"], range["max"]),
            }
    return ranges


def _int8(content):
    library, ops, algorithms = _library()
    quantizer = library.Quantizer(content)
    quantizer.add_static_config(NETWORK, ops.ALL_SUPPORTED, 8, 8)
    quantizer.update_quantization_recipe(FIRST, ops.ALL_SUPPORTED, algorithm_key=algorithms.NO_QUANTIZE)
    quantizer.add_dynamic_config(LAST, ops.FULLY_CONNECTED, 8)
    return quantizer


def _quantized(quantizer, ranges=None):
    with _silent():
        return bytes(quantizer.quantize(ranges).quantized_model)


def _library():
    try:
        from ai_edge_quantizer import qtyping, quantizer
    except ImportError:
        raise InputError("quantizing needs ai-edge-quantizer: pip install 'crossinfonet[litert]'") from None
    return quantizer, qtyping.TFLOperationName, quantizer.AlgorithmName


@contextlib.contextmanager
def _silent():
    """Without the library's own messages and its progress bar for every frame."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield
