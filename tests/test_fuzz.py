"""Ten thousand altered files: each is read as usual, or refused in one line that names it.

The mutations are the same in every run (Hypothesis, derandomised); what once failed is kept as an example of
the test of its module.
"""

import dataclasses
import json
import os
import resource
import signal

import cv2
import numpy as np
import pytest
import scipy.io

from crossinfo import card, config
from crossinfo.metrics import angles, prediction_files
from datasets import centres, hands17, icvl, msra, nyu, registry
from datasets.errors import InputError
from datasets.io import depth_png, png, shard_files
from datasets.records import Reader

hypothesis = pytest.importorskip("hypothesis", reason="needs hypothesis (pip install -e '.[test]')")
st = hypothesis.strategies
pytestmark = pytest.mark.slow

EXAMPLES = 700
CPU_SECONDS = 5
MEMORY = 1 << 30
WORDS = [
    b"nan", b"inf", b"1e300", b"-1e308", b"1e-320", b"9" * 5000, b"-1", b"0", b"null", b"true", b"[" * 5000,
    b'{"a":' * 2000, b'""', b"invalid", b"\x1b]0;title\x07", b"\n", b"\r\r\n", b" ", b"\t", b"\x00",
    b"\xff\xfe", b"../../etc/passwd.png", b"\xc2\xb2", b"0x10", b"1_0", b",", b"1" * 400, b"\xe2\x80\xae",
]  # fmt: skip
POSE = " ".join("1.5 -2.5 -300.25".split() * 21)
NAME = "201403121135/image_0000.png"


def mutations():
    """Lists of changes (kind, place in [0, 1), length, content)."""
    content = st.one_of(st.sampled_from(WORDS), st.binary(min_size=1, max_size=8))
    place = st.integers(0, 2**20 - 1).map(lambda number: number / 2**20)
    kinds = st.sampled_from(["replace", "insert", "delete", "repeat", "cut", "flip"])
    return st.lists(st.tuples(kinds, place, st.integers(1, 64), content), min_size=1, max_size=4)


def mutated(content, changes):
    """The bytes with every change in turn."""
    for kind, place, length, new in changes:
        at = int(place * (len(content) + 1))
        head, middle, tail = content[:at], content[at : at + length], content[at + length :]
        content = {
            "replace": head + new + content[at + len(new) :],
            "insert": head + new + middle + tail,
            "delete": head + tail,
            "repeat": head + middle * 3 + tail,
            "cut": head,
            "flip": head
            + bytes([content[at] ^ 1 << length % 8 if at < len(content) else 0])
            + content[at + 1 :],
        }[kind]
    return content


def png_bytes(image):
    return cv2.imencode(".png", image)[1].tobytes()


def mat_bytes(path):
    arrays = np.full((3, 2, 36, 3), 300.0)
    scipy.io.savemat(path, {"joint_xyz": arrays, "joint_uvd": arrays}, do_compression=True)
    return path.read_bytes()


def two_frames():
    reader = Reader()
    reader.names = ["a.png", "b.png"]
    return reader


def done_file(path):
    path.rename(shard_files.done_path(path.parent, 0))
    shard_files.is_done(path.parent, 0, lambda about: about["indices"] + [])


def settings_file(path):
    from crossinfo.training import settings

    path.rename(path.with_name("config.json"))
    network = dataclasses.replace(config.VARIANTS["compact"])
    run = config.RunConfig(
        "msra", "d", "compact", network, "gt", None, None, (1.0,), 1.0, 0.1, None, 1, 0, "float32", "test",
        registry.ReaderOptions(),
    )  # fmt: skip
    settings.check_settings(run, path.parent)
    settings.check_data({"train": "a"}, path.parent)


def epochs_table(path):
    from crossinfo.training import progress

    progress._read(path)


def gesture(path):
    folder = path.parent / "P0/1"
    folder.mkdir(parents=True)
    path.rename(folder / "joint.txt")
    (folder / "000000_depth.bin").touch()
    msra.MsraReader(path.parent, "test")


ICVL_CARD = card.card_for("compact", registry.get("icvl"), 250, "com", np.zeros((16, 3)))
DEPTH = np.arange(240 * 320, dtype=np.uint16).reshape(240, 320)
# What is read: (its bytes, or function of a path that gives them; how it is read from a path).
TARGETS = {
    "msra joint.txt": (f"1\n{POSE}\n".encode(), gesture),
    "msra depth": (np.array([320, 240, 0, 0, 2, 2], "<u4").tobytes() + b"\0\0\0\x43" * 4, msra.read_depth),
    "icvl labels": (f"{NAME} {'160 120 300 ' * 16}\n".encode() * 3, icvl.read_labels),
    "hands17 labels": (f"a.png\t{'1 2 300 ' * 21}\n".encode() * 40, hands17.read_labels),
    "hands17 boxes": (b"a.png 1 2 3 4\nb.png 5 6 7 8\n", hands17.read_boxes),
    "nyu mat": (mat_bytes, nyu.read_labels),
    "png of a dataset": (png_bytes(DEPTH), lambda path: png.read_depth16(path, (240, 320))),
    "png of a user": (png_bytes(DEPTH[:9, :7]), depth_png.read_depth_png),
    "centres": (b"1 2 300\ninvalid\n", lambda path: centres.from_file(path, two_frames(), True)),
    "named centres": (
        b"b.png 1 2 300\na.png 4 5 600\n",
        lambda path: centres.from_file(path, two_frames(), True),
    ),
    "predictions": (f"{'160 120 300 ' * 16}\n".encode(), lambda path: prediction_files.read(path, 16)),
    "names": (b"a.png\nb.png\n", prediction_files.read_names),
    "angles": (b"1.5 2.5\n-3 4\n", angles.read),
    "card": (ICVL_CARD.to_json().encode(), card.read),
    "done-file": (b'{"indices": [0, 1], "skipped": [["a", "b"]], "bytes": 3}', done_file),
    "settings": (b'{"dataset": "msra", "variant": {"network": {"joints": 21}}, "data": {}}', settings_file),
    "table of epochs": (b"epoch,loss\n0,1.5\n1,1.25\n", epochs_table),
}


@pytest.fixture
def limits():
    """At most a gigabyte more than there is, and five seconds of a processor for each file."""
    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    memory = resource.getrlimit(resource.RLIMIT_AS)
    handler = signal.signal(signal.SIGVTALRM, hung)
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, memory[1]))
    yield
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, handler)
    resource.setrlimit(resource.RLIMIT_AS, memory)


def hung(*signal_):
    raise TimeoutError(f"not done in {CPU_SECONDS} s")


@pytest.mark.parametrize("name", TARGETS)
def test_an_altered_file_is_read_or_refused_in_one_line(name, tmp_path_factory, limits):
    content, read = TARGETS[name]
    if callable(content):
        content = content(tmp_path_factory.mktemp("whole") / "a.mat")

    @hypothesis.settings(max_examples=EXAMPLES, derandomize=True, database=None, deadline=None)
    @hypothesis.given(mutations())
    def check(changes):
        path = tmp_path_factory.mktemp("altered") / "a.png"
        path.write_bytes(mutated(content, changes))
        signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS)
        try:
            read(path)
        except InputError as error:
            assert os.fspath(path.parent) in str(error) and len(str(error)) < 2000
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    check()


def test_an_unaltered_file_of_each_kind_is_read(tmp_path_factory):
    for content, read in TARGETS.values():
        path = tmp_path_factory.mktemp("whole") / "a.png"
        path.write_bytes(content(path.with_suffix(".mat")) if callable(content) else content)
        if read is settings_file:
            with pytest.raises(InputError, match="made with other settings"):
                read(path)
        else:
            read(path)


def test_a_json_text_is_a_value_or_a_value_error():
    from datasets.io import json_files

    @hypothesis.settings(max_examples=EXAMPLES, derandomize=True, database=None, deadline=None)
    @hypothesis.given(mutations())
    def check(changes):
        try:
            json_files.parse(mutated(json.dumps({"a": [1, {"b": None}, "c\u202e"]}).encode(), changes))
        except ValueError:
            pass

    check()
