"""The served model: depth frames in, joints in mm out, as the four signatures of the exported graph.

The same functions run in memory (``inference``) and in TensorFlow Serving. They find the hand, cut it out
and put the joints back with the operations that made the training crops.

Legend: B frames, J joints; ``camera`` float32 [B, 4] = fx, fy, cx, cy in pixels; depth in mm, where 0,
negative and non-finite mean no measurement. A frame without a hand gives ``valid`` false and zeros.
"""

import functools
from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from crossinfo.card import ModelCard
from crossinfo.export import folding
from crossinfo.localisation import whole_frame
from crossinfo.localisation.network import PARTS, Localiser
from crossinfo.model import CrossInfoNet
from datasets import centres, crops, geometry, registry, targets
from datasets.errors import InputError
from datasets.io.depth_png import MAX_PIXELS

SIGNATURES = ("serving_default", "png", "centred", "crop")
# With a localiser there is one more.
HANDS = "hands"
MOST_HANDS = 2

# No depth camera comes near, and the frames of a request are padded to the largest.
MAX_FRAME_PIXELS = 16_000_000
BOUNDS = f"a request may hold at most {MAX_PIXELS} pixels, a frame {MAX_FRAME_PIXELS}"

DEPTH = tf.TensorSpec([None, None, None], tf.float32, "depth")
CAMERA = tf.TensorSpec([None, 4], tf.float32, "camera")
CENTRE = tf.TensorSpec([None, 3], tf.float32, "centre_mm")
VALID = tf.TensorSpec([None], tf.bool, "valid")
CROP = tf.TensorSpec([None, crops.CROP_SIZE, crops.CROP_SIZE, 1], tf.float32, "crop")
IMAGE_BYTES = tf.TensorSpec([None], tf.string, "image_bytes")


def _graph(*specs):
    """Makes a method a graph function. Nothing here needs autograph, which would double the time to export.

    A server feeds whatever shape it is sent, and a kernel that meets a rank it does not expect may end the
    process: so shapes are checked inside the graph.
    """

    def decorate(function):
        @functools.wraps(function)
        def checked(self, *tensors):
            pairs = zip(tensors, specs, strict=True)
            return function(self, *(tf.ensure_shape(tensor, spec.shape) for tensor, spec in pairs))

        return tf.function(checked, input_signature=specs, autograph=False)

    return decorate


class ServedModel(tf.Module):
    """A trained ``CrossInfoNet`` behind the four signatures, as ``crossinfo.export.folding`` makes it.

    Args:
        model: network with a card. Its weights are copied.
        weights: "float32", or "float16": kernels are kept in half the space; the arithmetic stays float32.
        localiser: what finds hands for a network of upright hands; None for any other network, which takes
            the nearest object of a hand's size.
        hand: "auto", or "right" or "left": every hand that the localiser finds is taken for one of this side.

    Raises InputError if the model has no card: without it, the cube is unknown; if it needs a localiser and
    there is none; or if a weight is too large for float16.
    """

    def __init__(
        self,
        model: CrossInfoNet,
        weights: str = "float32",
        localiser: Localiser | None = None,
        hand: str = "auto",
    ):
        super().__init__(name="crossinfonet")
        if model.card is None:
            raise InputError(
                "the model has no card, so its cube and joint names are unknown; train it or give it one"
            )
        if model.card.upright and localiser is None:
            raise InputError("the model sees hands turned upright, which takes a localiser")
        self.card = model.card
        # Bare variables and functions of them: the export holds no Keras object and needs no Keras.
        pose = folding.fold(model)
        self._weights = [_variable(weight, weights) for weight in pose.weights]
        self._hand = lambda crop: pose.stateless_call(_floats(self._weights), [], crop)[0]["hand"]
        self._networks = None
        if localiser is not None:
            folded = folding.fold_localiser(localiser)
            parts = {name: folded.part(name) for name in PARTS}
            self._part_weights = {
                name: [_variable(weight, weights) for weight in part.weights] for name, part in parts.items()
            }
            functions = {name: functools.partial(self._part, part, name) for name, part in parts.items()}
            self._networks = networks(functions, self._pose, model.card, hand)
            # A graph of the instance: an export traces every graph of the class, also where it cannot be.
            self.hands = _graph(DEPTH, CAMERA)(ServedModel._two_hands).__get__(self, ServedModel)

    def signatures(self) -> dict[str, Callable[..., dict[str, tf.Tensor]]]:
        """{name: tf.function}: what ``tf.saved_model.save`` takes."""
        names = SIGNATURES if self._networks is None else (*SIGNATURES, HANDS)
        return {name: getattr(self, name) for name in names}

    @_graph(DEPTH, CAMERA)
    def serving_default(self, depth: tf.Tensor, camera: tf.Tensor) -> dict[str, tf.Tensor]:
        """Frames [B, H, W] and cameras -> ``joints_mm``, ``joints_uvd`` [B, J, 3], ``centre_mm``, ``valid``.

        With a localiser also ``confidence`` float32 [B] and ``is_left`` bool [B], of the most confident hand.
        Raises tf.errors.InvalidArgumentError naming ``depth`` or ``camera``.
        """
        with tf.control_dependencies(_check_frames(depth, camera)):
            if self._networks is not None:
                return _first(whole_frame.estimate(self._networks, depth, camera, hands=1))
            centre_mm, valid = centres.mass(depth, camera, self._cubes(camera))
        return self._joints(depth, camera, centre_mm, valid)

    def _two_hands(self, depth, camera):
        """Frames [B, H, W] and cameras -> as ``serving_default``, of two hands: ``joints_mm`` [B, 2, J, 3].

        Only with a localiser. The most confident hand comes first.
        """
        with tf.control_dependencies(_check_frames(depth, camera)):
            return whole_frame.estimate(self._networks, depth, camera, MOST_HANDS)

    @_graph(IMAGE_BYTES, CAMERA)
    def png(self, image_bytes: tf.Tensor, camera: tf.Tensor) -> dict[str, tf.Tensor]:
        """16-bit grey PNGs in mm [B], also of different sizes, and cameras -> as ``serving_default``.

        Raises tf.errors.InvalidArgumentError naming ``image_bytes`` or ``camera``.
        """
        return self.serving_default(decode_png(image_bytes), camera)

    @_graph(DEPTH, CAMERA, CENTRE)
    def centred(self, depth: tf.Tensor, camera: tf.Tensor, centre_mm: tf.Tensor) -> dict[str, tf.Tensor]:
        """As ``serving_default`` with the caller's hand centres [B, 3] in mm.

        ``valid`` is false where the centre is not in front of the camera or its crop is all background.

        Args:
            depth: float32 [B, H, W] in mm.
            camera: float32 [B, 4]: fx, fy, cx, cy in pixels.
            centre_mm: float32 [B, 3].
        """
        checks = _check_frames(depth, camera) + [_one_row_per_frame(depth, centre_mm, "centre_mm")]
        with tf.control_dependencies(checks):
            if self._networks is not None:
                return _first(whole_frame.estimate_at(self._networks, depth, camera, centre_mm))
            valid = centres.usable(centre_mm)
        return self._joints(depth, camera, centre_mm, valid)

    @_graph(CROP)
    def crop(self, crop: tf.Tensor) -> dict[str, tf.Tensor]:
        """Crops [B, 96, 96, 1] in [-1, 1] -> ``joints`` [B, J, 3]: (joint - centre) / (cube / 2)."""
        return {"joints": self._pose(crop)}

    @_graph(CROP)
    def _pose(self, crop):
        filled = tf.debugging.Assert(tf.size(crop) > 0, ["crop: the batch is empty"])
        with tf.control_dependencies([filled]):
            return targets.unflatten(self._hand(crop))

    def _part(self, part, name, tensor):
        return part.stateless_call(_floats(self._part_weights[name]), [], tensor)[0]

    def _cubes(self, camera):
        return tf.fill(tf.shape(camera)[:1], self.card.cube_mm)

    @_graph(DEPTH, CAMERA, CENTRE, VALID)
    def _joints(self, depth, camera, centre_mm, valid):
        return joints(self._pose, depth, crops.CropPlace(centre_mm, camera, self._cubes(camera)), valid)


def networks(
    parts: Mapping[str, whole_frame.Function],
    pose: whole_frame.Function,
    card: ModelCard,
    side: str = "auto",
) -> whole_frame.Networks:
    """The two networks of a whole frame.

    Args:
        parts: the localiser's, by the names of ``PARTS``; functions of tensors, see ``whole_frame.Networks``.
        pose: function of tensors.
        card: of the pose network.
        side: "auto", or "right" or "left": what every hand is taken for.
    """
    (wrist,), (middle_root,) = registry.get(card.dataset).skeleton.palm_axis
    locate, check, judge = (parts[name] for name in PARTS)
    return whole_frame.Networks(locate, check, judge, pose, card.cube_mm, wrist, middle_root, side)


def _floats(weights):
    return [tf.cast(weight, tf.float32) for weight in weights]


def _first(outputs):
    """The outputs of one hand per frame, without the axis of hands."""
    return {name: value[:, 0] for name, value in outputs.items()}


def joints(
    pose: Callable[[tf.Tensor], tf.Tensor], depth: tf.Tensor, place: crops.CropPlace, valid: tf.Tensor
) -> dict[str, tf.Tensor]:
    """Crop about the centres, network, and back to mm; zeros where not ``valid``.

    Args:
        pose: function of crops [B, 96, 96, 1] -> normalised joints [B, J, 3].
        depth: float32 [B, H, W] in mm.
        place: centres, cameras and cubes of B crops.
        valid: bool [B]; a centre that is not valid is not looked at.

    Returns the outputs of ``serving_default``.
    """
    place = place._replace(
        centre_mm=tf.where(valid[:, None], place.centre_mm, tf.constant(centres.STAND_IN_MM))
    )
    crop = crops.crop(depth, place)
    joints_mm = crops.denormalise_joints(pose(crop), place)
    joints_uvd = geometry.project(joints_mm, place.camera)
    valid &= tf.reduce_any(crop < crops.BACKGROUND, axis=[1, 2, 3])
    # A joint in the camera's own plane has no pixel.
    valid &= tf.reduce_all(tf.math.is_finite(joints_mm) & tf.math.is_finite(joints_uvd), axis=[1, 2])
    shown = valid[:, None]
    return {
        "joints_mm": tf.where(shown[..., None], joints_mm, 0.0),
        "joints_uvd": tf.where(shown[..., None], joints_uvd, 0.0),
        "centre_mm": tf.where(shown, place.centre_mm, 0.0),
        "valid": valid,
    }


def _variable(weight, dtype):
    """A weight of a Keras model as a variable of its own; biases stay float32, they take no space."""
    value = weight.numpy()
    kept = value if value.ndim == 1 else value.astype(dtype)
    if not np.isfinite(kept).all():
        raise InputError(f"`weights`={dtype}: {weight.path} holds a weight that is not finite in {dtype}")
    return tf.Variable(kept, trainable=False, name=weight.path.replace("/", "."))


def decode_png(image_bytes: tf.Tensor) -> tf.Tensor:
    """PNG files [B] of 16-bit grey -> float32 [B, H, W]; smaller frames get rows and columns of zeros.

    Raises tf.errors.InvalidArgumentError naming ``image_bytes`` for anything else, and for more than
    ``MAX_PIXELS`` in all, before anything is decoded.
    """
    with tf.control_dependencies(_check_png(image_bytes)):
        size = _png_size(image_bytes)
    small = tf.debugging.Assert(
        _small(tf.size(image_bytes), size) & tf.reduce_all(size > 0),
        [f"image_bytes: {BOUNDS}; its frames are padded to", size],
    )

    def decode(file):
        image = tf.io.decode_png(file, channels=1, dtype=tf.uint16)[..., 0]
        missing = size - tf.shape(image)
        return tf.pad(tf.cast(image, tf.float32), [[0, missing[0]], [0, missing[1]]])

    with tf.control_dependencies([small]):
        spec = tf.TensorSpec([None, None], tf.float32)
        return tf.map_fn(decode, image_bytes, fn_output_signature=spec)


def _check_png(image_bytes):
    """Checks signature, bit depth and colour type, which stand at fixed offsets in every PNG."""
    start = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
    long_enough = tf.strings.length(image_bytes) >= 33
    head = tf.where(long_enough, image_bytes, " " * 33)
    grey_16_bit = tf.strings.substr(head, 24, 2) == b"\x10\x00"
    good = long_enough & (tf.strings.substr(head, 0, 16) == start) & grey_16_bit
    message = "image_bytes: expected 16-bit one-channel PNG files with depth in mm; wrong at"
    return [
        tf.debugging.Assert(tf.size(image_bytes) > 0, ["image_bytes: the batch is empty"]),
        tf.debugging.Assert(tf.reduce_all(good), [message, tf.where(~good)[:, 0]]),
    ]


def _png_size(image_bytes):
    """(height, width) int32 [2] that holds every frame."""
    sizes = tf.io.decode_raw(tf.strings.substr(image_bytes, 16, 8), tf.int32, little_endian=False)
    return tf.reduce_max(sizes, axis=0)[::-1]


def _check_frames(depth, camera):
    """Assertions about depth [B, H, W] and camera [B, 4], each naming its input."""
    good = tf.reduce_all(tf.math.is_finite(camera), axis=1) & tf.reduce_all(camera[:, :2] > 0, axis=1)
    message = "camera: fx, fy, cx, cy must be finite with positive focal lengths; wrong at"
    return [
        tf.debugging.Assert(tf.reduce_all(good), [message, tf.where(~good)[:, 0], camera]),
        tf.debugging.Assert(tf.size(depth) > 0, ["depth: no frames or no pixels; shape", tf.shape(depth)]),
        tf.debugging.Assert(
            _small(tf.shape(depth)[0], tf.shape(depth)[1:]), [f"depth: {BOUNDS}; shape", tf.shape(depth)]
        ),
        _one_row_per_frame(depth, camera, "camera"),
    ]


def _small(frames, size):
    """Whether so many frames of (height, width) are within the bounds. A header may claim any size."""
    pixels = tf.reduce_prod(tf.cast(size, tf.float64))
    return (pixels <= MAX_FRAME_PIXELS) & (pixels * tf.cast(frames, tf.float64) <= MAX_PIXELS)


def _one_row_per_frame(depth, rows, name):
    equal = tf.shape(depth)[0] == tf.shape(rows)[0]
    return tf.debugging.Assert(
        equal, [f"{name}: expected one row per frame; shapes", tf.shape(rows), tf.shape(depth)]
    )
