"""Calling a network by signature. Files of every form are opened in ``test_loading`` and ``test_litert``."""

import numpy as np
import pytest
import tensorflow as tf

from crossinfo.inference.predictor import Predictor
from datasets.errors import InputError


class Frames:
    """Stands for a LiteRT file of frames."""

    shapes = {"depth": (4, 6), "camera": (4,)}
    outputs = ("valid",)

    def __call__(self, depth, camera):
        return {"valid": depth.max(axis=(1, 2)) > camera[:, 0]}


class Crops:
    """Stands for a LiteRT file of crops, whose joints are all the crop's centre."""

    shapes = {"crop": (96, 96, 1)}

    def __call__(self, crop):
        return {"joints": np.zeros((len(crop), 14, 3), np.float32)}


def test_lists_and_arrays_go_in_and_arrays_come_out(tiny_model):
    predictor = Predictor.of_litert("frames", tiny_model.card, Frames())
    found = predictor.call("serving_default", depth=[[[1.0] * 6] * 4], camera=np.float64([[0, 0, 0, 0]]))
    assert found["valid"].tolist() == [True]
    with pytest.raises(InputError, match="frames: no signature 'crop' in this form of the network"):
        predictor.call("crop", crop=np.zeros((1, 96, 96, 1)))


def test_joints_at_the_crops_centre_are_the_hands_centre(tiny_model):
    predictor = Predictor.of_litert("crops", tiny_model.card, Crops())
    depth = np.full((1, 60, 80), 1500, np.float32)
    depth[0, 20:40, 30:50] = 400
    camera = [[100, 100, 40, 30]]
    for signature, more in (("serving_default", {}), ("centred", {"centre_mm": [[1, 2, 410]]})):
        found = predictor.call(signature, depth=depth, camera=camera, **more)
        assert found["valid"].tolist() == [True]
        np.testing.assert_allclose(found["joints_mm"][0], np.tile(found["centre_mm"], (14, 1)), atol=1e-3)
    np.testing.assert_array_equal(found["centre_mm"], [[1, 2, 410]])


def test_a_keras_network_keeps_its_heat_maps_and_card(tiny_model):
    predictor = Predictor.of_network("tiny", tiny_model)
    assert (predictor.name, predictor.card, predictor.network) == ("tiny", tiny_model.card, tiny_model)


def test_what_a_signature_refuses_names_the_input(tiny_predictor):
    with pytest.raises(tf.errors.InvalidArgumentError, match="camera: fx, fy, cx, cy must be finite"):
        tiny_predictor.call("serving_default", depth=np.ones((1, 8, 8)), camera=[[0, 1, 2, 3]])
