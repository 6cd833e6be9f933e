"""A pretrained folder whose networks have few, random weights and find hands in every frame with depth."""

import dataclasses

import keras
import numpy as np

from crossinfo import model
from crossinfo.card import card_for
from crossinfo.config import NetworkConfig
from crossinfo.localisation.network import Localiser
from datasets import registry

SMALL = {
    "stem_filters": 4, "stage_filters": (2, 2, 2, 2), "stage_units": (1, 1, 1, 1), "pyramid_filters": 8,
    "block_filters": 4, "dense_units": 8, "initializer": "he_normal",
}  # fmt: skip


def make_networks(seed=6):
    """(pose network of upright hands, localiser)."""
    keras.utils.set_random_seed(seed)
    card = card_for("compact", registry.get("synthetic"), 200.0, "gt", np.zeros((21, 3)))
    pose = model.build(NetworkConfig(21, 6, 15, **SMALL), card=dataclasses.replace(card, upright=True))
    hand = pose.get_layer("hand").dense
    hand.kernel.assign(hand.kernel * 0.01)
    # Neither all in one place nor far from the centre, and upright.
    joints = np.random.default_rng(seed).uniform(-0.4, 0.4, (21, 3))
    joints[[0, 5]] = [[0, 0.5, 0], [0, -0.5, 0]]
    hand.bias.assign(joints.ravel())
    localiser = Localiser()
    # Peaks where the picture says so, near the cell and the depth of its surface.
    _scale(localiser.get_layer("maps"), [1, 0.02, 0.02, 0.01, 1, 1], [1, 0, 0, 0.2, 0.1, 0])
    # Checks that are sure of a hand and move the crop little.
    _scale(localiser.get_layer("check"), [0.5, 1, 0.1, 0.1, 0.05, 0.05, 0.05], [2, 0, 1, 0, 0, 0, 0])
    return pose, localiser


def _scale(layer, factors, bias):
    layer.kernel.assign(layer.kernel * np.float32(factors))
    layer.bias.assign(np.float32(bias))


def frame(size=(120, 160), seed=0):
    """Depth float32 [H, W] in mm: two bumps before a wall that is not flat."""
    v, u = np.mgrid[: size[0], : size[1]] / size[0]
    wall = 900 + 60 * np.sin(5 * u + seed) + 40 * np.cos(7 * v)
    for at_u, at_v in ((0.4, 0.5), (1.0, 0.4)):
        wall -= 250 * np.exp(-((u - at_u) ** 2 + (v - at_v) ** 2) / 0.02)
    return wall.astype(np.float32)


def camera(size=(120, 160)):
    """fx, fy, cx, cy of a camera for frames of that size."""
    return (1.2 * size[0], 1.2 * size[0], size[1] / 2, size[0] / 2)
