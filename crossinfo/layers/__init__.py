"""What the network is built from, as Keras layers registered under the package ``crossinfo``."""

from crossinfo.layers.blocks import ConvolutionBlock, DenseBlock, ResidualBlock
from crossinfo.layers.cross_connection import CrossConnection
from crossinfo.layers.cross_stitch import CrossStitch
from crossinfo.layers.heatmap_head import HeatmapHead
from crossinfo.layers.normalization import ExactBatchNormalization, FusedBatchNormalization
from crossinfo.layers.pyramid import FeaturePyramid, Resize

__all__ = [
    "ConvolutionBlock",
    "CrossConnection",
    "CrossStitch",
    "DenseBlock",
    "ExactBatchNormalization",
    "FeaturePyramid",
    "FusedBatchNormalization",
    "HeatmapHead",
    "ResidualBlock",
    "Resize",
]
