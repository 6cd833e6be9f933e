"""The localiser: a small fully convolutional Keras model from a canvas to maps of hands."""

import keras

from crossinfo.layers.blocks import ConvolutionBlock, ResidualBlock
from crossinfo.layers.normalization import registered
from crossinfo.localisation import canvas

STRIDE = 8
ROWS, COLUMNS = canvas.HEIGHT // STRIDE, canvas.WIDTH // STRIDE
# Channels of the maps: confidence, place in the cell (2), depth, angle (cos, sin), left hand.
MAPS = 7
WIDTHS = (12, 24, 48, 96, 96)
UNITS = (0, 1, 2, 2, 2)  # residual blocks at each of them
HEAD_WIDTH = 48


@registered
class Localiser(keras.Model):
    """Maps of hands over a canvas, see ``detection`` for what they mean.

    Args:
        widths: five ints. Channels at 1/2, 1/4, 1/8, 1/16 and 1/32 of the canvas.
        head_width: int. Channels at 1/8, where the maps are.
        normalisation: str or None, as of the layers' blocks.

    Input: `(batch, 128, 160, 3)`, ``canvas.features``. Output: `(batch, 16, 20, 7)`.
    """

    def __init__(
        self, widths=WIDTHS, head_width=HEAD_WIDTH, normalisation="fused", name="localiser", **kwargs
    ):
        features = keras.Input((canvas.HEIGHT, canvas.WIDTH, canvas.CHANNELS), name="features")
        common = {"normalisation": normalisation, "initializer": "he_normal"}
        super().__init__(features, _maps(features, widths, head_width, common), name=name, **kwargs)
        self.widths = tuple(widths)
        self.head_width = head_width
        self.normalisation = normalisation

    def get_config(self):
        """What rebuilds the same model."""
        return {
            "name": self.name,
            "trainable": self.trainable,
            "widths": self.widths,
            "head_width": self.head_width,
            "normalisation": self.normalisation,
        }


def _maps(features, widths, head_width, common):
    x, levels = features, []
    for level, (width, units) in enumerate(zip(widths, UNITS, strict=True), 1):
        x = ConvolutionBlock(width, 3, 2, name=f"down{level}", **common)(x)
        for unit in range(1, units + 1):
            x = ResidualBlock(width, width // 2, name=f"level{level}_unit{unit}", **common)(x)
        levels.append(
            ConvolutionBlock(head_width, 1, name=f"lateral{level}", **common)(x) if level > 2 else None
        )
    # From the coarsest level, which sees the whole canvas, back to the maps' 1/8.
    x = levels[4]
    for level in (4, 3):
        x = keras.layers.UpSampling2D(2, name=f"up{level}")(x)
        x = keras.layers.Add(name=f"merged{level}")([x, levels[level - 1]])
        x = ResidualBlock(head_width, head_width // 2, name=f"mixed{level}", **common)(x)
    x = ConvolutionBlock(head_width, 3, name="head", **common)(x)
    return keras.layers.Conv2D(MAPS, 1, name="maps")(x)
