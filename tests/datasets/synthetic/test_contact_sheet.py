import cv2
import pytest

from datasets import command_line
from datasets.synthetic import contact_sheet, scene


def test_the_sheet_has_a_row_per_scene_and_a_column_per_sensor(tmp_path):
    path = tmp_path / "sheet.png"
    with pytest.raises(SystemExit) as end:
        command_line.run(contact_sheet.COMMAND, contact_sheet.main, [f"--output={path}", "--seed=3"])
    assert end.value.code == 0
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    height, width = contact_sheet.TILE
    assert picture.shape[1] == 5 * width
    assert picture.shape[0] > len(scene.SCENES) * height
    exact, simple = (picture[:, start : start + width] for start in (0, width))
    assert (exact != simple).any()
