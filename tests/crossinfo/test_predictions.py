import numpy as np
import pytest

from crossinfo import predictions
from datasets.errors import InputError


def test_what_is_written_is_read_back(tmp_path):
    uvd = np.arange(4 * 2 * 3).reshape(4, 2, 3) * 1.25 - 3
    predictions.write(tmp_path / "a.txt", uvd)
    again = predictions.read(tmp_path / "a.txt", joints=2, frames=4)
    assert again.dtype == np.float64
    np.testing.assert_array_equal(again, uvd)


def test_a_row_is_u_v_d_joint_after_joint(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"1 2 300 4.5 5 600 \r\n7 8 900 1 2 3\r\n\r\n")
    uvd = predictions.read(tmp_path / "a.txt", joints=2)
    np.testing.assert_array_equal(uvd, [[[1, 2, 300], [4.5, 5, 600]], [[7, 8, 900], [1, 2, 3]]])


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ("1 2 3 4 5 6\n1 2 3 4 5\n", "line 2: expected 6 numbers, found 5"),
        ("1 2 3 4 5 6 7 8 9\n1 2 3 4 5 6\n", "line 1: expected 6 numbers, found 9"),
        ("1 2 3 4 5 6\n\n1 2 3 4 5 6\n", "line 2: expected 6 numbers, found 0"),
        ("1 2 3 4 5 6\n1 2 nan 4 5 6\n", "line 2: 'nan'"),
        ("1 2 inf 4 5 6\n1 2 3 4 5 6\n", "line 1: 'inf'"),
        ("1 2 3 4 5 6\n1 2 3 4 5 6px\n", "line 2: '6px' is not a number"),
        ("1 2 3 4 5 6\n", "expected 2 rows, one a frame, found 1"),
        ("1 2 3 4 5 6\n" * 3, "expected 2 rows, one a frame, found 3"),
    ],
)
def test_a_wrong_file_is_named(tmp_path, text, message):
    path = tmp_path / "mine.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as error:
        predictions.read(path, joints=2, frames=2)
    assert str(error.value).startswith(str(path))
