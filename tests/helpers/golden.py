"""The numbers of the authors' released program in `tests/golden`, whose README describes them."""

import functools
import pathlib
import zlib

import numpy as np

FOLDER = pathlib.Path(__file__).parents[1] / "golden"
# This project's name -> the golden files', for outputs and for losses.
OUTPUTS = {
    "hand": "hand",
    "palm": "palm",
    "finger": "finger",
    "hand_heatmap": "heatmap",
    "palm_heatmap": "palm_heatmap",
    "finger_heatmap": "finger_heatmap",
}
LOSSES = {
    "hand": "hand",
    "palm": "palm",
    "finger": "fing",
    "hand_heatmap": "ht",
    "palm_heatmap": "palm_ht",
    "finger_heatmap": "fing_ht",
}
RULES = {
    "gamma": lambda x: 1 + 0.1 * x,
    "moving_variance": lambda x: 1 + 0.2 * np.abs(x),
    "beta": lambda x: 0.1 * x,
    "moving_mean": lambda x: 0.1 * x,
    "weights": lambda x: x * np.sqrt(2 / np.prod(x.shape[:-1])),
}


@functools.cache
def release():
    """The released network's inputs, outputs, losses and gradient norms: {key: array}."""
    return _load("release_nyu_float64.npz")


@functools.cache
def preprocess():
    """The released preprocessing of six scenes: {key: array}."""
    return _load("preprocess.npz")


def shapes():
    """{TF1 name: shape} of all variables of the released network for NYU."""
    lines = (FOLDER / "variables_nyu.tsv").read_text().splitlines()[1:]
    return {name: tuple(map(int, shape.split("x"))) for name, shape in (line.split("\t") for line in lines)}


def weights(name, shape):
    """The float32 value that the golden run gave a variable."""
    x = np.random.RandomState(zlib.crc32(name.encode())).randn(*shape)
    return RULES[name.rsplit("/", 1)[-1]](x).astype(np.float32)


def deviation(found, expected):
    """The 2-norm of the difference, relative to that of the golden value."""
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


def _load(name):
    with np.load(FOLDER / name) as stored:
        return dict(stored)
