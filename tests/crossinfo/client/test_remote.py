"""A served model called over both protocols: signatures, versions and labels, retries and deadlines."""

import threading

import numpy as np
import pytest

from crossinfo.client import Model, connect, remote, transport
from datasets.errors import InputError
from tests.crossinfo.client.conftest import KINDS, LACKING
from tests.crossinfo.client.scenes import CAMERA, POSE, hand_frame, png
from tests.crossinfo.client.scripted_servers import SERVERS, Script, closed_port, scripted

DEPTH = np.stack([hand_frame(), hand_frame(at=(10, 12)), np.zeros((60, 80), np.float32)])
CROP = np.zeros((1, 96, 96, 1), np.float32)
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
    with server.connect(protocol) as client:
        found = client.call(signature, **REQUESTS[signature])
    assert_same(found, newest.call(signature, **REQUESTS[signature]))
    if signature != "crop":
        assert found["valid"].tolist() == [True, True, False]


@pytest.mark.parametrize(
    "choice", [{"version": 1}, {"label": "stable"}, {"version": 2}, {"label": "canary"}], ids=str
)
def test_a_version_or_label_is_what_answers(server, newest, stable, protocol, choice):
    inputs = REQUESTS["png"]
    with server.connect(protocol, Model("hand", **choice)) as client:
        found = client.call("png", **inputs)
    right = stable if choice in ({"version": 1}, {"label": "stable"}) else newest
    assert_same(found, right.call("png", **inputs))


@pytest.mark.parametrize(
    ("choice", "version"), [({"label": "stable"}, 1), ({"label": "canary"}, 2), ({"version": 1}, 1), ({}, 2)]
)
def test_the_version_that_answers_is_known(server, protocol, choice, version):
    with server.connect(protocol, Model("hand", **choice)) as client:
        assert client.version() == version


def test_a_label_that_is_not_there_has_no_version(server, protocol):
    with server.connect(protocol, Model("hand", label="absent")) as client:
        with pytest.raises(InputError, match="Unrecognized servable version label: absent"):
            client.version()
    with server.connect(protocol, Model("hand", version=9)) as client:
        with pytest.raises(InputError, match="Servable not found"):
            client.version()


def test_states_are_those_of_all_versions(server, protocol):
    with server.connect(protocol, Model("hand", label="stable")) as client:
        assert client.states() == {1: ("AVAILABLE", ""), 2: ("AVAILABLE", "")}
    with server.connect(protocol, Model("foot")) as client:
        with pytest.raises(InputError, match="foot"):
            client.states()


@pytest.mark.parametrize("which", LACKING, ids=lambda which: which.__name__)
def test_the_projects_own_tests_run_on_the_official_server(which):
    """All tests that take ``server`` run on TensorFlow Serving itself where it can be started."""
    if LACKING[which]:
        pytest.skip(f"needs {LACKING[which]}")
    assert which in KINDS


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
    with server.connect(protocol, model) as client:
        with pytest.raises(InputError, match=f"{server.address(protocol)}: .*({message})") as error:
            client.call("png", **REQUESTS["png"])
    assert "\n" not in str(error.value)


def test_threads_share_one_client(server, newest, protocol):
    """Each asks about its own frame, and gets its own answer."""
    frames = [hand_frame(at=(5 + 3 * i, 5 + 5 * i)) for i in range(12)]
    found = [None] * len(frames)
    with server.connect(protocol, connections=4) as client:

        def ask(index):
            for _ in range(3):
                found[index] = client.call("png", image_bytes=[png(frames[index])], camera=CAMERA)

        threads = [threading.Thread(target=ask, args=[index]) for index in range(len(frames))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for frame, answer in zip(frames, found, strict=True):
        expected = newest.call("serving_default", depth=frame[None], camera=CAMERA)
        for name in POSE:
            np.testing.assert_allclose(answer[name], expected[name], atol=0.05)


@pytest.fixture
def short_pauses(monkeypatch):
    monkeypatch.setattr(remote, "FIRST_PAUSE_S", 0.01)


@pytest.mark.parametrize("status", ["UNAVAILABLE", "RESOURCE_EXHAUSTED Server Threadpool Exhausted"])
def test_a_server_that_is_away_or_busy_is_tried_again(protocol, short_pauses, status):
    with scripted(protocol, status, status, retries=2) as (client, script):
        assert client.call("crop", crop=CROP)["joints"].shape == (1, 1, 3)
    assert script.seen == 3


def test_retries_end(protocol, short_pauses):
    with scripted(protocol, *["UNAVAILABLE"] * 9, retries=2) as (client, script):
        with pytest.raises(ConnectionError, match="not available .*said UNAVAILABLE.*is the server running"):
            client.call("crop", crop=CROP)
    assert script.seen == 3


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("INVALID_ARGUMENT", InputError),
        ("NOT_FOUND", InputError),
        ("RESOURCE_EXHAUSTED quota", InputError),
        ("INTERNAL", OSError),
    ],
)
def test_no_other_failure_is_tried_again(protocol, status, error):
    with scripted(protocol, status, status) as (client, script):
        with pytest.raises(error, match=f"said {status}"):
            client.call("crop", crop=CROP)
        assert script.seen == 1


def test_the_deadline_ends_a_call_before_the_server_answers(protocol):
    answering = threading.Event()
    with scripted(protocol, answering, deadline_s=0.3) as (client, script):
        with pytest.raises(TimeoutError, match="no answer within the deadline"):
            client.call("crop", crop=CROP)
        # The server would still be waiting.
        answering.set()
    assert script.seen == 1


def test_a_pause_past_the_deadline_is_not_waited_for(protocol, monkeypatch):
    monkeypatch.setattr(remote, "FIRST_PAUSE_S", 1e6)
    monkeypatch.setattr(remote, "LONGEST_PAUSE_S", 1e6)
    with scripted(protocol, "UNAVAILABLE", deadline_s=20) as (client, script):
        with pytest.raises(ConnectionError, match="said UNAVAILABLE"):
            client.call("crop", crop=CROP)
    assert script.seen == 1


def test_pauses_double_up_to_a_limit():
    *pauses_s, last = remote.retry_pauses(8)
    assert last is None and len(pauses_s) == 8
    for attempt, pause_s in enumerate(pauses_s):
        longest = min(0.1 * 2**attempt, 2.0)
        assert longest / 2 <= pause_s <= longest


@pytest.mark.parametrize("scheme", ["", "http://"])
def test_a_closed_port_is_not_available(scheme, short_pauses):
    with closed_port() as port, connect(f"{scheme}127.0.0.1:{port}", Model("hand"), retries=2) as client:
        with pytest.raises(
            ConnectionError, match=f"{scheme}127.0.0.1:{port}: not available .*refused"
        ) as error:
            client.call("crop", crop=CROP)
    assert "\n" not in str(error.value)


def test_a_server_that_comes_up_is_found(protocol, short_pauses, monkeypatch):
    """The first tries meet a closed port."""
    script, scheme = Script(), "" if protocol == "rpc" else "http://"
    results, failed = [], threading.Event()
    retry_pauses = remote.retry_pauses

    def watched_pauses(retries):
        for attempt, pause_s in enumerate(retry_pauses(retries)):
            if attempt > 0:
                failed.set()
            yield pause_s

    monkeypatch.setattr(remote, "retry_pauses", watched_pauses)

    def ask():
        address = f"{scheme}127.0.0.1:{port}"
        with connect(address, Model("hand"), retries=1000, deadline_s=60) as client:
            results.append(client.call("crop", crop=CROP))

    with closed_port() as port:
        asker = threading.Thread(target=ask)
        asker.start()
        assert failed.wait(60)
        with SERVERS[protocol](script, port):
            asker.join(60)
    assert results and script.seen == 1


def test_a_request_that_is_too_large_is_not_sent(protocol, monkeypatch):
    monkeypatch.setattr(transport, "MAX_MESSAGE_BYTES", 2**14)
    with scripted(protocol) as (client, script):
        with pytest.raises(InputError, match="the request has .* MiB, the limit is"):
            client.call("crop", crop=CROP)
        assert script.seen == 0


@pytest.mark.parametrize("server", ["localhost", "localhost:port", "ftp://h:1", "http://", "host:8500/x", ""])
def test_an_address_is_checked(server):
    with pytest.raises(InputError, match="expected host:port for gRPC, or http://host:port"):
        connect(server, Model("hand"))
