"""What is in a chunk: pictures of a seed as the networks see them."""

import functools
import os

import keras
import numpy as np
import tensorflow as tf

from crossinfo.localisation import canvas, detection, whole_frame
from crossinfo.pretrain import frames
from crossinfo.pretrain.renderer import Arrays
from datasets.synthetic import Options, scene

OPTIONS = Options(views="any", scenes=scene.SCENES, sensor="mixed", poses="natural")
# What is taken for a hand by mistake: mostly parts of persons, and things.
HARD = Options(views="any", scenes=(*scene.SCENES, *2 * ("body", "empty")), sensor="mixed", poses="natural")
KINDS = ("localiser", "pose")
CHECKS = "checks"


def pictures(seed: int, size: int, number: int) -> dict[str, Arrays]:
    """A chunk for the localiser and for the pose network.

    Args:
        seed: int.
        size: int. Pictures of a chunk.
        number: int. The chunk's.
    """
    rng = np.random.default_rng([seed, number, 7])
    shown = [scene.picture(seed, index, OPTIONS) for index in range(number * size, (number + 1) * size)]
    return {"localiser": frames.localiser_arrays(shown, rng), "pose": frames.pose_arrays(shown, rng)}


def proposals(localiser: str | os.PathLike, seed: int, size: int, number: int) -> dict[str, Arrays]:
    """A chunk for the checker: crops at what the localiser's finder takes for hands.

    Args:
        localiser: path of the trained localiser.
        seed, size, number: as ``pictures`` takes them.
    """
    rng = np.random.default_rng([seed, number, 8])
    shown = (scene.picture(seed, index, HARD) for index in range(number * size, (number + 1) * size))
    return {CHECKS: frames.proposal_arrays(shown, _finder(localiser), rng)}


@functools.cache
def _finder(localiser):
    locate = keras.saving.load_model(localiser, compile=False).part("maps")

    @tf.function(input_signature=[tf.TensorSpec([1, None, None]), tf.TensorSpec([1, 4])], autograph=False)
    def propose(depth_mm, camera):
        canvas_mm, canvas_camera = canvas.fit(depth_mm, camera)
        maps = locate(canvas.features(canvas_mm, canvas_camera), training=False)
        return detection.places(maps, canvas_mm, canvas_camera, whole_frame.PLACES)

    def places(depth_mm, camera):
        found = propose(depth_mm, camera)
        return found.centre_mm[0].numpy(), found.angle[0].numpy()

    return places
