"""A network behind the served signatures, whatever form it is in."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from crossinfo.card import ModelCard
from crossinfo.export import signatures
from crossinfo.inference.litert_runtime import Runner
from crossinfo.model import CrossInfoNet
from datasets import centres, crops
from datasets.errors import InputError

Signature = Callable[..., dict[str, tf.Tensor]]


class Predictor:
    """A network that is called by signature, the same from a Keras file, a SavedModel and a LiteRT file.

    Args:
        name: what reports call it.
        card: its model card.
        functions: {signature: function of tensors}.
        owner: what holds the functions' variables, which live as long as it does; None if there are none.
        network: the Keras network with its heat maps; None of an export, which has the pose alone.
    """

    def __init__(
        self,
        name: str,
        card: ModelCard,
        functions: Mapping[str, Signature],
        owner: Any = None,
        network: CrossInfoNet | None = None,
    ):
        self.name = name
        self.card = card
        self.network = network
        self._functions = functions
        self._owner = owner

    @classmethod
    def of_network(cls, name: str, network: CrossInfoNet) -> "Predictor":
        """A Keras network as it would be served."""
        model = signatures.ServedModel(network)
        return cls(name, network.card, model.signatures(), model, network)

    @classmethod
    def of_litert(cls, name: str, card: ModelCard, runner: Runner) -> "Predictor":
        """A LiteRT file.

        One of frames has ``serving_default`` alone; one of crops has ``crop``, ``serving_default`` and
        ``centred``, with TensorFlow finding the hand and cutting it out.

        Args:
            name: what reports call the network.
            card: ModelCard.
            runner: Runner of the open file.
        """

        def run(**tensors):
            outputs = runner(**{name: tensor.numpy() for name, tensor in tensors.items()})
            return {name: tf.constant(value) for name, value in outputs.items()}

        of_frames = "depth" in runner.shapes
        return cls(name, card, {"serving_default": run} if of_frames else _frame_signatures(run, card))

    def call(self, signature: str, **arrays: Any) -> dict[str, np.ndarray]:
        """Runs one of ``crossinfo.export.signatures.SIGNATURES`` on arrays or lists.

        Returns its outputs by name. Raises tf.errors.InvalidArgumentError, naming the input, for values
        that the signature refuses, and InputError for a signature that the network does not have.
        """
        if signature not in self._functions:
            raise InputError(f"{self.name}: a LiteRT file of frames has no signature {signature!r}")
        inputs = {
            name: tf.convert_to_tensor(value, tf.string if name == "image_bytes" else tf.float32)
            for name, value in arrays.items()
        }
        return {name: value.numpy() for name, value in self._functions[signature](**inputs).items()}


def _frame_signatures(crop, card):
    """The signatures of frames by the function of the signature ``crop``, and that itself."""

    def cubes_mm(depth):
        return tf.fill([len(depth)], card.cube_mm)

    def joints(depth, camera, centre_mm, valid):
        place = crops.CropPlace(centre_mm, camera, cubes_mm(depth))
        return signatures.joints(lambda crops: crop(crop=crops)["joints"], depth, place, valid)

    def centred(depth, camera, centre_mm):
        return joints(depth, camera, centre_mm, signatures.usable(centre_mm))

    def serving_default(depth, camera):
        return joints(depth, camera, *centres.mass(depth, camera, cubes_mm(depth)))

    return {"crop": crop, "centred": centred, "serving_default": serving_default}
