import pytest

from datasets.io import json_files


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, "", "{", "nul", b"\xff\xfe\xfd", "9" * 5000]
)
def test_what_is_no_json_is_a_value_error(text):
    with pytest.raises(ValueError):
        json_files.parse(text)


@pytest.mark.parametrize("text", ["[1]", "3", '"a"', "null", "[" * 100_000])
def test_a_file_has_to_hold_an_object(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(ValueError):
        json_files.read_object(path)
    path.write_text('{"a": [1, null]}')
    assert json_files.read_object(path) == {"a": [1, None]}


def test_a_missing_file_is_told_apart(tmp_path):
    with pytest.raises(FileNotFoundError):
        json_files.read_object(tmp_path / "a.json")
