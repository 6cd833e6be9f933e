"""The demo's HTTP application."""

import concurrent.futures
import csv
import http.client
import io
import itertools
import os
import socket
import struct
import sys
import threading
import urllib.parse
import urllib.request
import zlib

import cv2
import numpy as np
import pytest

from crossinfo.inference import prediction
from crossinfo.inference.depth_inputs import DepthFrames
from tests.helpers.demo_server import post_frame, query, running

testclient = pytest.importorskip(
    "starlette.testclient", reason="needs starlette and httpx ([demo] and [test])"
)
pytest.importorskip("uvicorn", reason="needs uvicorn (pip install -e '.[demo]')")

from crossinfo.demo import answers, app, samples  # noqa: E402

HOST = "http://127.0.0.1:8080"
PNG = {"content-type": "image/png"}


@pytest.fixture(scope="module")
def synthetic():
    return samples.create()


@pytest.fixture(scope="module")
def client(tiny_predictor, synthetic):
    with testclient.TestClient(app.create(tiny_predictor, synthetic), HOST) as opened:
        yield opened


def estimate(client, sample, data=None, **others):
    body = sample.png if data is None else data
    return client.post("/estimate", params=query(sample, **others), content=body, headers=PNG)


def with_header(png, **fields):
    """The PNG with other numbers in its header, and the checksum that goes with them."""
    names = ("width", "height", "bits", "colour", "compression", "filter", "interlace")
    values = dict(zip(names, struct.unpack(">IIBBBBB", png[16:29]), strict=True)) | fields
    head = b"IHDR" + struct.pack(">IIBBBBB", *values.values())
    return png[:12] + head + struct.pack(">I", zlib.crc32(head)) + png[33:]


def picture(kind, dtype, *channels):
    return cv2.imencode(kind, np.full((30, 40, *channels), 200, dtype))[1].tobytes()


@pytest.mark.parametrize("number", range(4))
def test_the_answer_is_that_of_predict(client, tiny_predictor, synthetic, tmp_path, number):
    sample = synthetic[number]
    (tmp_path / "my hand.png").write_bytes(sample.png)
    image = [tmp_path / "my hand.png"]
    frames = DepthFrames(image, sample.camera, hand=sample.hand)
    pose = prediction.predict(tiny_predictor, frames, tmp_path / "out")[0]
    answer = estimate(client, sample).raise_for_status().json()
    assert answer["valid"] and pose.valid
    for name in ("joints_mm", "joints_uvd", "centre_mm"):
        np.testing.assert_allclose(answer[name], getattr(pose, name), atol=0.01)
    written = (tmp_path / "out" / "joints.csv").read_text(encoding="utf-8")
    ours, theirs = (list(csv.reader(io.StringIO(text))) for text in (answer["csv"], written))
    assert ours[0] == theirs[0] and len(ours) == len(theirs) == 15
    assert [row[:2] for row in ours] == [row[:2] for row in theirs]
    values = [np.float64([row[2:] for row in rows[1:]]) for rows in (ours, theirs)]
    np.testing.assert_allclose(*values, atol=0.01)
    x, y, z = answer["centre_mm"]
    camera, side = sample.camera, 250 * sample.camera.fx / z
    middle = [camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy]
    np.testing.assert_allclose(np.add(answer["window"][:2], side / 2), middle, atol=1)
    np.testing.assert_allclose(answer["window"][2:], side, atol=1)
    assert answer["size"] == [320, 240] and answer["picture"].startswith("data:image/png;base64,")


def test_the_depth_scale_is_applied(client, synthetic):
    depth = cv2.imdecode(np.frombuffer(synthetic[0].png, np.uint8), cv2.IMREAD_UNCHANGED)
    scaled = estimate(client, synthetic[0], samples.encode_png(depth * np.uint16(8)), depth_scale=0.125)
    np.testing.assert_allclose(
        scaled.json()["joints_mm"], estimate(client, synthetic[0]).json()["joints_mm"], atol=0.01
    )


def test_a_frame_without_a_hand_is_an_answer(client, synthetic):
    depth = np.zeros((30, 40), np.uint16)
    depth[3, 3] = 700
    answer = estimate(client, synthetic[0], samples.encode_png(depth)).raise_for_status().json()
    assert not answer["valid"] and answer["window"] is None and not np.any(answer["joints_mm"])
    assert len(answer["csv"].splitlines()) == 15


BAD_FILES = {
    "empty body": (lambda png: b"", "empty"),
    "text": (lambda png: b"hello" * 20, "not a PNG"),
    "JPEG": (lambda png: picture(".jpg", np.uint8), "not a PNG"),
    "8 bits": (lambda png: picture(".png", np.uint8), "found 8 bits"),
    "colour": (lambda png: picture(".png", np.uint16, 3), "colour"),
    "header alone": (lambda png: png[:33], "damaged"),
    "cut off": (lambda png: png[: len(png) // 2], "damaged"),
    "one byte wrong": (lambda png: png[:200] + bytes([png[200] ^ 1]) + png[201:], "damaged"),
    "huge claim": (lambda png: with_header(png, width=2**31 - 1, height=2**31 - 1), "pixels"),
    "larger claim": (lambda png: with_header(png, width=4000, height=3000), "damaged"),
    "no pixels": (lambda png: with_header(png, width=0), "pixels"),
    "no measurement": (lambda png: samples.encode_png(np.zeros((9, 9), np.uint16)), "no depth"),
}  # fmt: skip


@pytest.mark.parametrize("bad", BAD_FILES)
def test_a_bad_file_is_one_clear_line_and_the_next_one_works(client, synthetic, bad):
    damaged, message = BAD_FILES[bad]
    answer = estimate(client, synthetic[0], damaged(synthetic[0].png))
    error = answer.json()["error"]
    assert answer.status_code == 400
    assert message in error and error.startswith("my hand:") and "\n" not in error
    assert estimate(client, synthetic[0]).json()["valid"]


def test_a_bomb_is_refused_before_it_is_decoded(client, synthetic, monkeypatch):
    """A few kilobytes that claim, and hold, more pixels than are taken."""
    depth = np.zeros((4097, 4096), np.uint16)
    depth[0, 0] = 1
    bomb = samples.encode_png(depth)
    assert len(bomb) < 10**6 and depth.size > answers.MAX_PIXELS
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("decoded"))
    assert "4096 x 4097 pixels" in estimate(client, synthetic[0], bomb).json()["error"]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        *((field, "nan", field) for field in (*answers.CAMERA, "depth_scale")),
        ("fx", "", "fx: enter a number"), ("fx", "inf", "fx"), ("fx", "0", "positive focal"),
        ("fy", "-3", "positive focal"), ("hand", "both", "hand=both"),
        ("fx", "1e-300", "positive focal"), ("cx", "1e300", "finite"), ("cx", "363,9", "'363,9'"),
        ("depth_scale", "0", "depth_scale"), ("depth_scale", "-1", "depth_scale"),
        ("fx", "<b>" * 99, "<b><b>"),
    ],
)  # fmt: skip
def test_a_wrong_number_is_one_clear_line(client, synthetic, field, value, message):
    answer = estimate(client, synthetic[0], **{field: value})
    error = answer.json()["error"]
    assert answer.status_code == 400 and message in error and len(error) < 250 and "\n" not in error


@pytest.mark.parametrize("value", ["1e-30", "1e30", "-1e30"])
@pytest.mark.parametrize("field", [*answers.CAMERA, "depth_scale"])
def test_absurd_numbers_do_no_harm(client, synthetic, field, value):
    answer = estimate(client, synthetic[0], **{field: value})
    assert answer.status_code == 400 or np.isfinite(answer.json()["joints_mm"]).all()


def test_a_missing_number_is_named(client, synthetic):
    answer = client.post("/estimate", content=synthetic[0].png, headers=PNG)
    assert answer.status_code == 400 and answer.json()["error"].startswith("fx:")


def test_random_bytes_never_break_it(client, synthetic):
    rng = np.random.default_rng(0)
    for _ in range(40):
        data = bytearray(synthetic[0].png)
        for place in rng.integers(8, len(data), 3):
            data[place] = rng.integers(256)
        # A right checksum lets the damage through to the decoder.
        length = struct.unpack(">I", data[33:37])[0]
        data[41 + length : 45 + length] = struct.pack(">I", zlib.crc32(bytes(data[37 : 41 + length])))
        assert estimate(client, synthetic[0], bytes(data)).status_code in (200, 400)


def test_names_are_short_and_harmless(client, synthetic):
    for name, stem in (
        ("../../etc/passwd", "passwd"),
        ("", "frame"),
        ("a\nb.png", "ab"),
        ("x" * 999, "x" * 100),
    ):
        assert estimate(client, synthetic[0], name=name).json()["frame"] == stem


def test_another_sites_page_is_refused(client, synthetic):
    for host in ("evil.example", "evil.example:8080", "127.0.0.1.evil.example", ""):
        assert client.get("/", headers={"host": host}).status_code == 400
    for host in ("localhost:8080", "127.0.0.1", "[::1]:8080"):
        assert client.get("/", headers={"host": host}).status_code == 200
    asked = {"origin": "http://evil.example", "access-control-request-method": "POST"}
    for answer in (client.options("/estimate", headers=asked), client.get("/samples/0.png", headers=asked)):
        assert not [name for name in answer.headers if name.startswith("access-control")]
    plain = client.post("/estimate", params=query(synthetic[0]), content=synthetic[0].png)
    assert plain.status_code == 415 and "image/png" in plain.json()["error"]


def test_every_file_of_the_page_is_there_with_its_policy(client):
    for path, (*_, kind) in app.FILES.items():
        answer = client.get(path)
        assert answer.status_code == 200 and answer.headers["content-type"].startswith(kind)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
    about = client.get("/about.json").json()
    assert len(about["joints"]) == 14 and len(about["samples"]) == 4
    for path in ("/demo.py", "/../setup.py", "/samples/9.png", "/docs"):
        assert client.get(path).status_code == 404


class Slow:
    """A predictor that answers only once ``answering`` is set."""

    finds_hands = False

    def __init__(self, served):
        self.name, self.card, self._served = served.name, served.card, served
        self.answering, self.at_once, self.most = threading.Event(), 0, 0

    def call(self, *args, **inputs):
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        self.answering.wait(30)
        self.at_once -= 1
        return self._served.call(*args, **inputs)


def test_frames_are_processed_one_by_one_and_too_many_are_turned_away(tiny_predictor, synthetic):
    slow = Slow(tiny_predictor)
    with (
        running(app.create(slow, synthetic, limits=app.Limits(requests=3))) as port,
        concurrent.futures.ThreadPoolExecutor(8) as pool,
    ):
        sent = [pool.submit(post_frame, port, synthetic[0], synthetic[0].png) for _ in range(8)]
        # The queue holds three, so five are turned away before the first one is answered.
        turned_away = [done.result() for done in itertools.islice(concurrent.futures.as_completed(sent), 5)]
        slow.answering.set()
        statuses = sorted(response.result()[0] for response in sent)
        assert statuses == [200] * 3 + [503] * 5 and slow.most == 1
        assert all(status == 503 and "too many frames" in text for status, text in turned_away)
        assert post_frame(port, synthetic[0], synthetic[0].png)[0] == 200


def test_large_and_late_uploads_are_turned_away_unread(tiny_predictor, synthetic):
    limits = app.Limits(body_bytes=2**20, seconds=0.3)
    with running(app.create(tiny_predictor, synthetic, limits=limits)) as port:
        status, text = post_frame(port, synthetic[0], b"x", length=2**20 + 1)
        assert status == 413 and "larger than 1 MiB" in text
        assert post_frame(port, synthetic[0], b"x", length=100)[0] == 408
        chunked = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        parts = (b"x" * 2**18 for _ in range(5))
        address = f"/estimate?{urllib.parse.urlencode(query(synthetic[0]))}"
        chunked.request("POST", address, parts, PNG, encode_chunked=True)
        assert chunked.getresponse().status == 413
        chunked.close()
        with socket.create_connection(("127.0.0.1", port)) as gone:
            gone.sendall(
                f"POST {address} HTTP/1.1\r\nhost: localhost\r\ncontent-type: image/png\r\n".encode()
            )
            gone.sendall(b"content-length: 1000\r\n\r\nxx")
        assert post_frame(port, synthetic[0], synthetic[0].png)[0] == 200


def test_the_python_side_opens_no_file_to_write(client, synthetic):
    opened, watching = [], [True]

    def hook(event, args):
        if watching[0] and event == "open" and isinstance(args[2], int):
            if args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                opened.append(args[0])

    sys.addaudithook(hook)
    try:
        assert estimate(client, synthetic[0]).status_code == 200
        assert estimate(client, synthetic[0], b"bad" * 2**20).status_code == 400
    finally:
        watching[0] = False
    assert opened == []
