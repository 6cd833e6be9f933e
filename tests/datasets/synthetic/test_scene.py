"""Frames: determinism and options."""

import concurrent.futures
import multiprocessing

import numpy as np
import pytest

from datasets import synthetic
from datasets.errors import InputError
from datasets.geometry import project
from datasets.skeletons import MSRA
from datasets.synthetic.scene import CAMERA, SIZE, subject_and_gesture

EXACT = synthetic.Options(noise=False)


def frame_bytes(seed, index):
    record = synthetic.frame(seed, index)
    return record.name, record.depth_mm.tobytes(), record.joints_mm.tobytes()


def test_a_frame_depends_on_seed_and_index_alone():
    forwards = [frame_bytes(7, index) for index in (0, 3, 500)]
    backwards = [frame_bytes(7, index) for index in (500, 3, 0)]
    assert forwards == backwards[::-1]
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
        assert pool.submit(frame_bytes, 7, 500).result() == forwards[2]
    assert frame_bytes(8, 500)[1:] != forwards[2][1:]


def test_a_frame_is_a_record_of_msras_kind():
    record = synthetic.frame(0, 9 * 17 * 2 + 9 + 4)
    assert record.name == "P4/2/000002_depth.bin"
    assert record.depth_mm.shape == SIZE and record.depth_mm.dtype == np.float32
    assert record.joints_mm.shape == (21, 3) and record.joints_mm.dtype == np.float32
    assert record.camera == CAMERA


def test_frames_go_round_all_subjects_and_gestures_without_meeting():
    places = [subject_and_gesture(index) for index in range(9 * 17 * 3)]
    assert len(set(places)) == len(places)
    assert {place[2] for place in places} == {0, 1, 2}


def test_finger_bones_of_one_subject_are_constant_and_those_of_others_differ():
    # The palm's arch moves the knuckles against the wrist.
    first, second = np.array([bone for bone in MSRA.bones if 0 not in bone]).T
    joints_mm = np.array([synthetic.frame(0, index).joints_mm for index in (0, 9, 900, 1)])
    lengths = np.linalg.norm(joints_mm[:, first] - joints_mm[:, second], axis=-1)
    np.testing.assert_allclose(lengths[:3], np.tile(lengths[0], (3, 1)), atol=1e-3)
    assert np.abs(lengths[3] - lengths[0]).max() > 0.5


@pytest.mark.parametrize("index", range(6))
def test_joints_lie_behind_the_visible_surface(index):
    record = synthetic.frame(0, index, EXACT)
    uvd = project(record.joints_mm, np.asarray(CAMERA))
    columns, rows = np.rint(uvd[:, :2]).astype(int).T
    surface = record.depth_mm[rows, columns]
    assert (surface > 0).all()
    assert (uvd[:, 2] > surface).all()


def test_the_stump_is_cut_and_a_forearm_goes_on():
    areas = []
    for forearm in (False, True):
        options = synthetic.Options(noise=False, forearm=forearm)
        records = [synthetic.frame(0, index, options) for index in range(12)]
        areas.append(sum((record.depth_mm > 0).sum() for record in records))
    assert areas[1] > 1.2 * areas[0]
    np.testing.assert_array_equal(records[-1].joints_mm, synthetic.frame(0, 11, EXACT).joints_mm)


@pytest.mark.parametrize("index", range(8))
def test_a_background_fills_the_frame_behind_the_hand(index):
    bare = synthetic.frame(0, index, EXACT).depth_mm
    filled = synthetic.frame(0, index, synthetic.Options(noise=False, background=True)).depth_mm
    np.testing.assert_array_equal(filled[bare > 0], bare[bare > 0])
    assert filled[bare == 0].min() > bare.max()
    assert filled.max() < 5000


def test_an_unknown_view_is_refused():
    with pytest.raises(InputError, match="`views`=above: expected one of msra, any"):
        synthetic.Options(views="above")
