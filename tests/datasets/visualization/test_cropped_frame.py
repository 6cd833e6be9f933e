import dataclasses

import numpy as np
import pytest

from datasets import centres, crops, registry, synthetic, targets
from datasets.errors import InputError
from datasets.visualization import cropped_frame


def test_centre_and_cube_are_those_asked_for():
    record = synthetic.frame(1, 0)
    frame = cropped_frame.locate(registry.MSRA, record, "gt")
    np.testing.assert_allclose(frame.centre_mm, record.joints_mm.mean(axis=0), rtol=1e-6)
    assert frame.cube_mm == 175.0
    given_mm = np.float32([1, 2, 300])
    frame = cropped_frame.locate(registry.MSRA, record, "file", given_mm, cube_mm=230)
    assert frame.centre_mm.tolist() == [1, 2, 300] and frame.cube_mm == 230
    invalid = cropped_frame.locate(registry.MSRA, record, "file", np.float32([np.nan] * 3))
    assert invalid.centre_mm is None


def test_hidden_labels_have_no_ground_truth_centre():
    record = dataclasses.replace(synthetic.frame(1, 0), joints_mm=None)
    with pytest.raises(InputError, match=f"`centre`=gt: the labels of {record.name} are hidden"):
        cropped_frame.locate(registry.MSRA, record, "gt")


def test_crop_and_heat_maps_are_those_of_the_pipeline(msra_root):
    record = registry.MSRA.open(msra_root, "test")[0]
    frame = cropped_frame.locate(registry.MSRA, record, "com")
    camera, cube = np.asarray(record.camera)[None], np.float32([175])
    centre_mm, _ = centres.mass(record.depth_mm[None], camera, cube)
    np.testing.assert_allclose(frame.centre_mm, centre_mm[0], atol=1e-3)
    crop, heatmaps = cropped_frame.crop_and_heatmaps(frame)
    place = crops.CropPlace(centre_mm, camera, cube)
    np.testing.assert_array_equal(crop, crops.crop(record.depth_mm[None], place)[0])
    crop_px = crops.joints_to_crop(record.joints_mm[None], place)
    np.testing.assert_array_equal(heatmaps, targets.encode_heatmaps(crop_px)[0])


def test_a_frame_without_a_hand_is_drawn_all_the_same():
    record = synthetic.frame(1, 0)
    empty = cropped_frame.CroppedFrame(record, None, 200.0)
    assert cropped_frame.describe(empty)["centre_mm"] is None
    assert cropped_frame.picture(empty, registry.MSRA.skeleton).shape == (480, 640, 3)
    assert cropped_frame.sheet([empty], registry.MSRA.skeleton).shape == (240, 320, 3)
