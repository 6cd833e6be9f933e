"""Which crops int8 is calibrated on."""

import cv2
import numpy as np
import pytest

from crossinfo.export import calibration
from datasets import registry, shards, synthetic
from datasets.errors import InputError
from datasets.geometry import Camera

CAMERA = Camera(475, 475, 160, 120)


@pytest.fixture
def images(tmp_path):
    """Three frames with a hand and one without."""
    paths = [tmp_path / f"{index}.png" for index in range(4)]
    for index, path in enumerate(paths[:3]):
        depth_mm = synthetic.frame(3, index).depth_mm
        cv2.imwrite(str(path), depth_mm.round().astype(np.uint16))
    empty = np.zeros((240, 320), np.uint16)
    empty[5, 5] = 700
    cv2.imwrite(str(paths[3]), empty)
    return paths


def test_depth_pngs_give_a_crop_for_each_hand(images):
    found = calibration.image_crops(images, CAMERA, 250.0)
    assert found.shape == (3, 96, 96, 1)
    assert found.min() < 0 and found.max() == 1


def test_of_many_depth_pngs_some_are_taken_evenly(images, monkeypatch):
    monkeypatch.setattr(calibration, "CALIBRATION_FRAMES", 2)
    first_and_last = calibration.image_crops(images[:3], CAMERA, 250.0)
    np.testing.assert_array_equal(first_and_last, calibration.image_crops(images[:3:2], CAMERA, 250.0))


def test_depth_pngs_without_a_hand_are_refused(images):
    with pytest.raises(InputError, match="`calibration`=.*: a hand was found in none"):
        calibration.image_crops(images[3:], CAMERA, 250.0)


def test_a_folder_without_training_crops_is_refused(images, tmp_path):
    assert calibration.shard_files(tmp_path) == []
    with pytest.raises(InputError, match="`calibration`=.*holds no training crops.*`camera`"):
        calibration.training_crops(tmp_path, 21)


def test_a_runs_training_crops_are_found_by_any_of_its_paths(tmp_path, msra_root):
    dataset = registry.get("msra")
    source = shards.Source("msra", str(msra_root), "train", "com", (dataset.cube_mm,))
    kept = shards.prepare(source, tmp_path / "run/shards", workers=0)
    (tmp_path / "run/model.keras").touch()
    for path in ("run", "run/shards", "run/model.keras"):
        found = calibration.training_crops(tmp_path / path, len(dataset.skeleton))
        assert found.shape == (min(kept.frames, calibration.CALIBRATION_FRAMES), 96, 96, 1)
