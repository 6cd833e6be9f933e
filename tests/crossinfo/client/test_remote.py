"""The client against a server over real sockets: every signature, version and label, both protocols."""

import threading

import numpy as np
import pytest

from crossinfo.client import Model
from datasets.errors import InputError
from tests.crossinfo.client.conftest import KINDS, LACKING
from tests.crossinfo.client.scenes import CAMERA, POSE, hand_frame, png

DEPTH = np.stack([hand_frame(), hand_frame(at=(10, 12)), np.zeros((60, 80), np.float32)])
CAMERAS = np.repeat(CAMERA, 3, axis=0)
REQUESTS = {
    "serving_default": {"depth": DEPTH, "camera": CAMERAS},
    "png": {"image_bytes": [png(depth) for depth in DEPTH], "camera": CAMERAS},
    "centred": {"depth": DEPTH, "camera": CAMERAS, "centre_mm": np.float32([[5, 0, 410]] * 3)},
    "crop": {"crop": np.linspace(-1, 1, 2 * 96 * 96, dtype=np.float32).reshape(2, 96, 96, 1)},
}


def assert_same(found, expected):
    assert set(found) == set(expected)
    for name, value in expected.items():
        assert found[name].dtype == value.dtype, name
        np.testing.assert_allclose(found[name], value, atol=0.05 if "joints_" in name else 1e-3)


@pytest.mark.parametrize("signature", REQUESTS)
def test_a_signature_answers_as_it_does_here(server, newest, protocol, signature):
    with server.connect(protocol) as remote:
        found = remote.call(signature, **REQUESTS[signature])
    assert_same(found, newest.call(signature, **REQUESTS[signature]))
    if signature != "crop":
        assert found["valid"].tolist() == [True, True, False]


@pytest.mark.parametrize(
    "choice", [{"version": 1}, {"label": "stable"}, {"version": 2}, {"label": "canary"}], ids=str
)
def test_a_version_or_label_is_what_answers(server, newest, stable, protocol, choice):
    inputs = REQUESTS["png"]
    with server.connect(protocol, Model("hand", **choice)) as remote:
        found = remote.call("png", **inputs)
    right = stable if choice in ({"version": 1}, {"label": "stable"}) else newest
    assert_same(found, right.call("png", **inputs))


@pytest.mark.parametrize("kind", LACKING, ids=lambda kind: kind.__name__)
def test_the_official_server_is_among_those_tested(kind):
    """All tests that take ``server`` run on TensorFlow Serving itself where it can be started."""
    if LACKING[kind]:
        pytest.skip(f"needs {LACKING[kind]}")
    assert kind in KINDS


def test_the_two_versions_differ(newest, stable):
    found = [each.call("png", **REQUESTS["png"])["joints_mm"][0] for each in (newest, stable)]
    assert np.abs(found[0] - found[1]).max() > 10


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Model("foot"), "foot"),
        (Model("hand/../hand"), "hand|Malformed"),
        (Model("hand", version=7), "7"),
        (Model("hand", label="old"), "old"),
    ],
    ids=str,
)
def test_a_model_that_is_not_there_is_the_callers_mistake(server, protocol, model, message):
    with server.connect(protocol, model) as remote:
        with pytest.raises(InputError, match=f"{server.address(protocol)}: .*({message})") as error:
            remote.call("png", **REQUESTS["png"])
    assert "\n" not in str(error.value)


def test_threads_share_one_client(server, newest, protocol):
    """Each asks about its own frame, and gets its own answer."""
    frames = [hand_frame(at=(5 + 3 * i, 5 + 5 * i)) for i in range(12)]
    found = [None] * len(frames)
    with server.connect(protocol, connections=4) as remote:

        def ask(index):
            for _ in range(3):
                found[index] = remote.call("png", image_bytes=[png(frames[index])], camera=CAMERA)

        threads = [threading.Thread(target=ask, args=[index]) for index in range(len(frames))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for frame, answer in zip(frames, found, strict=True):
        expected = newest.call("serving_default", depth=frame[None], camera=CAMERA)
        for name in POSE:
            np.testing.assert_allclose(answer[name], expected[name], atol=0.05)
