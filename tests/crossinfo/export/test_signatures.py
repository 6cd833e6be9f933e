import cv2
import numpy as np
import pytest
import tensorflow as tf

from crossinfo import model
from crossinfo.card import card_for
from crossinfo.config import NetworkConfig
from crossinfo.export import signatures
from datasets import centres, crops, registry
from datasets.errors import InputError
from datasets.geometry import project

CAMERA = np.float32([300, 310, 160, 120])
CUBE = 250.0
OUTPUTS = {"joints_mm", "joints_uvd", "centre_mm", "valid"}


def hand_frame(shape=(240, 320), at=(120, 150), radius=32, depth_mm=520.0):
    """A ball-like object in front of a wall at 1500 mm, on whole millimetres."""
    v, u = np.mgrid[: shape[0], : shape[1]]
    distance = np.hypot(v - at[0], u - at[1])
    ball = np.round(depth_mm - 30 * np.cos(np.minimum(distance / radius, 1) * np.pi / 2) + 0.1 * u)
    return np.where(distance < radius, ball, 1500).astype(np.float32)


def png(depth_mm):
    return cv2.imencode(".png", depth_mm.astype(np.uint16))[1].tobytes()


def expected(model, depth, camera, centre_mm=None):
    """The same pose composed from the data functions and the whole Keras model."""
    depth, camera = tf.constant(depth), tf.constant(camera)
    cube_mm = tf.fill([len(depth)], CUBE)
    if centre_mm is None:
        centre_mm, _ = centres.mass(depth, camera, cube_mm)
    crop = crops.crop(depth, crops.CropPlace(tf.constant(centre_mm), camera, cube_mm))
    hand = model(crop, training=False)["hand"].numpy()
    joints_mm = hand.reshape(len(depth), -1, 3) * CUBE / 2 + np.asarray(centre_mm)[:, None]
    return joints_mm, np.asarray(centre_mm)


def assert_empty(found, rows):
    assert not found["valid"][rows].any()
    for name in OUTPUTS:
        assert not found[name][rows].any(), name


@pytest.mark.parametrize(("batch", "shape"), [(1, (240, 320)), (3, (240, 320)), (2, (424, 512))])
def test_serving_default_is_centre_crop_network_and_back_to_mm(tiny_model, tiny_predictor, batch, shape):
    depth = np.stack([hand_frame(shape, (100 + 9 * i, 140 + 13 * i)) for i in range(batch)])
    camera = np.tile(CAMERA, (batch, 1)) + np.arange(batch, dtype=np.float32)[:, None]
    found = tiny_predictor.call("serving_default", depth=depth, camera=camera)
    joints_mm, centre_mm = expected(tiny_model, depth, camera)
    assert set(found) == OUTPUTS
    assert found["valid"].tolist() == [True] * batch
    np.testing.assert_allclose(found["joints_mm"], joints_mm, atol=1e-2)
    np.testing.assert_allclose(found["centre_mm"], centre_mm, atol=1e-3)
    np.testing.assert_allclose(found["joints_uvd"], project(found["joints_mm"], camera), rtol=1e-5)
    assert np.ptp(found["joints_mm"][0], axis=0).min() > 10


def test_the_centre_lies_on_the_hand(tiny_predictor):
    found = tiny_predictor.call("serving_default", depth=hand_frame()[None], camera=CAMERA[None])
    at = [(150 - CAMERA[2]) * 515 / CAMERA[0], 0, 515]
    np.testing.assert_allclose(found["centre_mm"][0], at, atol=20)


@pytest.mark.parametrize(
    "depth",
    [
        np.zeros((240, 320)),
        np.full((240, 320), np.nan),
        np.full((240, 320), -np.inf),
        np.full((240, 320), np.inf),
        np.full((240, 320), -500.0),
        np.full((1, 1), 500.0),
        np.full((1, 1), 0.0),
        np.pad([[500.0]], 50),
    ],
    ids=["zeros", "nan", "minus inf", "inf", "negative", "one pixel", "one empty pixel", "speckle"],
)
def test_a_frame_without_a_hand_is_invalid_and_zero(tiny_predictor, depth):
    found = tiny_predictor.call("serving_default", depth=depth[None], camera=CAMERA[None])
    assert_empty(found, [0])


def test_rows_of_a_mixed_batch_do_not_touch_each_other(tiny_predictor):
    holes = hand_frame(at=(90, 200))
    holes[80:85], holes[:, 30] = np.nan, np.inf
    depth = np.stack([hand_frame(), np.zeros((240, 320)), holes])
    camera = np.tile(CAMERA, (3, 1))
    found = tiny_predictor.call("serving_default", depth=depth, camera=camera)
    assert found["valid"].tolist() == [True, False, True]
    assert_empty(found, [1])
    for row in (0, 2):
        alone = tiny_predictor.call("serving_default", depth=depth[row : row + 1], camera=CAMERA[None])
        np.testing.assert_allclose(found["joints_mm"][row], alone["joints_mm"][0], atol=1e-2)


def test_non_finite_depth_equals_no_measurement(tiny_predictor):
    zeros, holes = hand_frame(), hand_frame()
    zeros[110:115], holes[110:115] = 0, np.nan
    found = [
        tiny_predictor.call("serving_default", depth=d[None], camera=CAMERA[None]) for d in (zeros, holes)
    ]
    np.testing.assert_array_equal(found[0]["joints_mm"], found[1]["joints_mm"])


def test_png_frames_of_different_sizes_equal_their_depth(tiny_predictor):
    frames = [hand_frame((240, 320)), hand_frame((200, 400), depth_mm=700.0)]
    found = tiny_predictor.call("png", image_bytes=[png(f) for f in frames], camera=[CAMERA, CAMERA])
    assert found["valid"].all()
    for row, frame in enumerate(frames):
        alone = tiny_predictor.call("serving_default", depth=frame[None], camera=CAMERA[None])
        for name in OUTPUTS:
            np.testing.assert_allclose(found[name][row], alone[name][0], rtol=1e-3, atol=0.5, err_msg=name)


def test_png_keeps_all_sixteen_bits():
    values = np.uint16([[0, 255, 256], [5000, 40000, 65535]])
    found = signatures.decode_png(tf.constant([png(values), png(values[:1, :2])])).numpy()
    np.testing.assert_array_equal(found[0], values)
    np.testing.assert_array_equal(found[1], [[0, 255, 0], [0, 0, 0]])


def test_centred_cuts_about_the_callers_centre(tiny_model, tiny_predictor):
    depth, camera = hand_frame()[None], CAMERA[None]
    centre_mm = np.float32([[-30, 12, 540]])
    found = tiny_predictor.call("centred", depth=depth, camera=camera, centre_mm=centre_mm)
    joints_mm, _ = expected(tiny_model, depth, camera, centre_mm)
    np.testing.assert_allclose(found["joints_mm"], joints_mm, atol=1e-2)
    np.testing.assert_array_equal(found["centre_mm"], centre_mm)


def test_centred_frames_without_a_usable_centre_are_invalid(tiny_predictor):
    centre_mm = [[0, 0, 0], [0, 0, -500], [np.nan, 0, 500], [0, 0, np.inf], [0, 0, 300], [0, 0, 1e-30]]
    depth = np.tile(hand_frame(), (6, 1, 1))
    found = tiny_predictor.call("centred", depth=depth, camera=np.tile(CAMERA, (6, 1)), centre_mm=centre_mm)
    assert_empty(found, slice(0, 5))
    assert np.isfinite(found["joints_uvd"]).all()


def test_crop_gives_normalised_joints(tiny_model, tiny_predictor):
    crop = np.random.default_rng(0).uniform(-1, 1, (3, 96, 96, 1)).astype(np.float32)
    hand = tiny_model(crop, training=False)["hand"].numpy()
    found = tiny_predictor.call("crop", crop=crop)
    assert set(found) == {"joints"}
    np.testing.assert_allclose(found["joints"], hand.reshape(3, 14, 3), atol=1e-5)


@pytest.mark.parametrize(
    "camera", [[0, 300, 1, 1], [300, -1, 1, 1], [np.nan, 1, 1, 1], [300, 300, np.inf, 1]]
)
@pytest.mark.parametrize("signature", ["serving_default", "png", "centred"])
def test_a_wrong_camera_is_refused_by_name(tiny_predictor, signature, camera):
    inputs = {
        "serving_default": {"depth": hand_frame()[None]},
        "png": {"image_bytes": [png(hand_frame())]},
        "centred": {"depth": hand_frame()[None], "centre_mm": [[0, 0, 500]]},
    }
    with pytest.raises(tf.errors.InvalidArgumentError, match="camera: fx, fy, cx, cy must be finite"):
        tiny_predictor.call(signature, camera=[camera], **inputs[signature])


def test_rows_must_match_the_frames(tiny_predictor):
    depth = np.stack([hand_frame()] * 2)
    with pytest.raises(tf.errors.InvalidArgumentError, match="camera: expected one row per frame"):
        tiny_predictor.call("serving_default", depth=depth, camera=[CAMERA])
    with pytest.raises(tf.errors.InvalidArgumentError, match="centre_mm: expected one row per frame"):
        tiny_predictor.call("centred", depth=depth, camera=[CAMERA] * 2, centre_mm=[[0, 0, 500]])


@pytest.mark.parametrize(
    ("signature", "inputs", "name"),
    [
        ("serving_default", {"depth": np.zeros((0, 9, 9)), "camera": np.zeros((0, 4))}, "depth: no frames"),
        (
            "serving_default",
            {"depth": np.zeros((1, 0, 9)), "camera": [CAMERA]},
            "depth: no frames or no pixels",
        ),
        ("png", {"image_bytes": [], "camera": np.zeros((0, 4))}, "image_bytes: the batch is empty"),
        ("crop", {"crop": np.zeros((0, 96, 96, 1))}, "crop: the batch is empty"),
    ],
)
def test_nothing_to_work_on_is_refused_by_name(tiny_predictor, signature, inputs, name):
    with pytest.raises(tf.errors.InvalidArgumentError, match=name):
        tiny_predictor.call(signature, **inputs)


GOOD = png(np.full((4, 4), 500))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text " * 20,
        cv2.imencode(".png", np.ones((4, 4), np.uint8))[1].tobytes(),
        cv2.imencode(".png", np.ones((4, 4, 3), np.uint16))[1].tobytes(),
        cv2.imencode(".jpg", np.ones((9, 9), np.uint8))[1].tobytes(),
    ],
    ids=["empty", "text", "8 bits", "colour", "jpeg"],
)
def test_anything_but_a_16_bit_grey_png_is_refused(tiny_predictor, data):
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"image_bytes: expected 16-bit.*\[1\]"):
        tiny_predictor.call("png", image_bytes=[GOOD, data], camera=[CAMERA] * 2)


def test_a_cut_off_png_is_refused(tiny_predictor):
    with pytest.raises(tf.errors.InvalidArgumentError, match="PNG"):
        tiny_predictor.call("png", image_bytes=[png(hand_frame())[:-200]], camera=[CAMERA])


def test_a_png_that_claims_to_be_enormous_is_refused_before_it_is_decoded(tiny_predictor):
    huge = GOOD[:16] + (2**31 - 1).to_bytes(4, "big") * 2 + GOOD[24:]
    with pytest.raises(tf.errors.InvalidArgumentError, match="image_bytes: a request may hold at most"):
        tiny_predictor.call("png", image_bytes=[huge], camera=[CAMERA])


def test_a_model_without_a_card_is_refused():
    class Bare:
        card = None

    with pytest.raises(InputError, match="no card"):
        signatures.ServedModel(Bare())


def test_a_half_precision_model_serves_float32():
    skeleton = registry.get("nyu")
    network = NetworkConfig(14, 9, 5, 4, (2, 2, 2, 2), (1, 1, 1, 1), 8, 4, 8)
    card = card_for("compact", skeleton, CUBE, "com", np.zeros((14, 3)))
    module = signatures.ServedModel(model.build(network, "mixed_float16", card))
    found = module.serving_default(tf.constant(hand_frame()[None]), tf.constant(CAMERA[None]))
    assert {found[name].dtype for name in OUTPUTS - {"valid"}} == {tf.float32}
    # Fresh weights of 0.01 and unbiased output layers put every joint close to the centre.
    np.testing.assert_allclose(found["joints_mm"][0], np.tile(found["centre_mm"], (14, 1)), atol=5)
