import cv2
import numpy as np
import pytest

from datasets.errors import InputError
from datasets.synthetic.scene import subject_and_gesture
from datasets.synthetic.writers import splits


@pytest.mark.parametrize("frames", [18, 26, 27, 200])
def test_numbers_have_no_gaps_and_agree_with_the_counts(frames):
    counts = splits.counts(frames)
    places = [splits.split_of(index) for index in range(frames)]
    for split in ("train", "test"):
        assert [number for found, number in places if found == split] == list(range(counts[split]))
    assert sum(counts.values()) == frames and abs(counts["test"] - frames / 9) < 1


def test_the_test_split_is_one_subject_in_all_gestures():
    test = [index for index in range(9 * 17) if splits.split_of(index)[0] == "test"]
    assert {subject_and_gesture(index)[0] for index in test} == {8}
    assert len({subject_and_gesture(index)[1] for index in test}) == 17


def test_too_few_frames_are_refused():
    with pytest.raises(InputError, match="`frames`=17: this format needs at least 18"):
        splits.counts(17)


def test_pictures_are_written_in_whole_millimetres(tmp_path):
    depth_mm = np.array([[0, 499.6], [500.4, 65535]], np.float32)
    splits.write_png(tmp_path / "a/b.png", splits.millimetres(depth_mm))
    read = cv2.imread(str(tmp_path / "a/b.png"), cv2.IMREAD_UNCHANGED)
    assert read.dtype == np.uint16 and read.tolist() == [[0, 500], [500, 65535]]
