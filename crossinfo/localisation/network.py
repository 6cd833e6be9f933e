"""The localiser: a small Keras model in three parts, each of which looks more closely than the one before.

The finder is fully convolutional, from a canvas to maps of hands. The checker takes the crop at a place that
the finder names and tells whether it is a hand and how to put the crop right. The judge takes joints that the
pose network, which knows right hands only, made of a crop and of its mirror image, and tells a right hand
from an impossible one: a left hand taken for a right one bends its fingers backwards.
"""

import keras

from crossinfo.layers.blocks import ConvolutionBlock, DenseBlock, ResidualBlock
from crossinfo.layers.normalization import registered
from crossinfo.localisation import canvas
from datasets.crops import CROP_SIZE

STRIDE = 8
ROWS, COLUMNS = canvas.HEIGHT // STRIDE, canvas.WIDTH // STRIDE
# Channels of the maps: confidence, place in the cell (2), depth, angle (cos, sin).
MAPS = 6
# A check: hand, left hand, turn (cos, sin), shift (3).
CHECKS = 7
FINDER_WIDTHS = (12, 24, 48, 96, 96)
FINDER_UNITS = (0, 1, 2, 2, 2)  # residual blocks at each of them
HEAD_WIDTH = 48
CHECKER_WIDTHS = (12, 24, 48, 80, 96)
CHECKER_UNITS = (0, 1, 2, 1, 0)
CHECKER_DENSE = 96
JUDGE_DENSE = (96, 96)
JOINTS = 21


# Each part's output, and the input that it is computed from.
PARTS = {"maps": "features", "check": "crop", "right": "joints"}


@registered
class Localiser(keras.Model):
    """Maps of hands over a canvas, and checks of crops; see ``detection`` for what they mean.

    Args:
        normalisation: str or None, as of the layers' blocks.

    Inputs: dict of `features (batch, 128, 160, 3)`, ``canvas.features``; `crop (batch, 96, 96, 1)`, depth
    crops as the pose network takes them; and `joints (batch, 21, 3)`, normalised, as it gives them. The
    batches may differ in size.
    Outputs: dict of `maps (batch, 16, 20, 6)`, `check (batch, 7)` and `right (batch, 1)`.
    """

    def __init__(self, normalisation="fused", name="localiser", **kwargs):
        features = keras.Input((canvas.HEIGHT, canvas.WIDTH, canvas.CHANNELS), name="features")
        crop = keras.Input((CROP_SIZE, CROP_SIZE, 1), name="crop")
        joints = keras.Input((JOINTS, 3), name="joints")
        common = {"normalisation": normalisation, "initializer": "he_normal"}
        outputs = {"maps": _maps(features, common), "check": _check(crop, common), "right": _right(joints)}
        inputs = {"features": features, "crop": crop, "joints": joints}
        super().__init__(inputs, outputs, name=name, **kwargs)
        self.normalisation = normalisation

    def get_config(self):
        """What rebuilds the same model."""
        return {"name": self.name, "trainable": self.trainable, "normalisation": self.normalisation}

    def part(self, output: str) -> keras.Model:
        """One part, a key of ``PARTS``, as a model of its own that shares the weights."""
        return keras.Model(self.input[PARTS[output]], self.output[output], name=output)


def _maps(features, common):
    x, levels = features, {}
    for level, (width, units) in enumerate(zip(FINDER_WIDTHS, FINDER_UNITS, strict=True), 1):
        x = _level(x, "finder", level, width, units, common)
        if level > 2:
            levels[level] = ConvolutionBlock(HEAD_WIDTH, 1, name=f"finder_lateral{level}", **common)(x)
    # From the coarsest level, which sees the whole canvas, back to the maps' 1/8.
    x = levels[5]
    for level in (4, 3):
        x = keras.layers.UpSampling2D(2, name=f"finder_up{level}")(x)
        x = keras.layers.Add(name=f"finder_merged{level}")([x, levels[level]])
        x = ResidualBlock(HEAD_WIDTH, HEAD_WIDTH // 2, name=f"finder_mixed{level}", **common)(x)
    x = ConvolutionBlock(HEAD_WIDTH, 3, name="finder_head", **common)(x)
    return keras.layers.Conv2D(MAPS, 1, name="maps")(x)


def _check(crop, common):
    x = crop
    for level, (width, units) in enumerate(zip(CHECKER_WIDTHS, CHECKER_UNITS, strict=True), 1):
        x = _level(x, "checker", level, width, units, common)
    x = keras.layers.Flatten(name="checker_flat")(x)
    x = DenseBlock(CHECKER_DENSE, name="checker_dense", **common)(x)
    return keras.layers.Dense(CHECKS, name="check")(x)


def _right(joints):
    x = keras.layers.Flatten(name="judge_flat")(joints)
    for layer, units in enumerate(JUDGE_DENSE, 1):
        x = keras.layers.Dense(units, "relu", name=f"judge_dense{layer}")(x)
    return keras.layers.Dense(1, name="right")(x)


def _level(x, part, level, width, units, common):
    """Half the size: a strided convolution and residual blocks."""
    x = ConvolutionBlock(width, 3, 2, name=f"{part}_down{level}", **common)(x)
    for unit in range(1, units + 1):
        x = ResidualBlock(width, width // 2, name=f"{part}_level{level}_unit{unit}", **common)(x)
    return x
