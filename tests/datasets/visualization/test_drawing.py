import cv2
import numpy as np
import pytest

from datasets import skeletons
from datasets.visualization import drawing

CAMERA = np.float32([200, 200, 60, 40])


def test_nearer_is_brighter_and_no_measurement_has_its_own_colour():
    depth_mm = np.float32([[0, np.nan, 400, 500, 600, 3000]])
    picture = drawing.depth_picture(depth_mm, 400, 600)
    assert picture.dtype == np.uint8
    assert picture[0, :2].tolist() == [list(drawing.NO_DEPTH)] * 2
    grey = picture[0, 2:, 0].astype(int)
    assert (np.diff(grey) < 0).all()
    assert grey[0] - grey[2] > 150


@pytest.mark.parametrize("depth_mm", [np.zeros((4, 5)), np.full((4, 5), 700.0), np.full((1, 1), 1.0)])
def test_a_frame_without_range_is_still_a_picture(depth_mm):
    assert drawing.depth_picture(depth_mm).shape == (*depth_mm.shape, 3)


def test_crop_background_is_no_measurement():
    picture = drawing.crop_picture(np.float32([[[-1.0], [0.0], [0.99], [1.0]]]))
    assert picture[0, 3].tolist() == list(drawing.NO_DEPTH)
    assert picture[0, 0, 0] > picture[0, 1, 0] > picture[0, 2, 0] > 50


@pytest.mark.parametrize("scale", [1, 4])
def test_joints_land_on_their_pixels(scale):
    joints_uv = np.full((21, 2), 10.0)
    joints_uv[8] = 90, 60
    picture = drawing.draw_skeleton(
        np.zeros((80 * scale, 120 * scale, 3), np.uint8), joints_uv, skeletons.MSRA, scale=scale
    )
    middle = 60 * scale + scale // 2, 90 * scale + scale // 2
    assert picture[middle].tolist() == list(drawing.FINGERS["middle"])
    assert not picture[: 5 * scale].any()
    assert not picture[70 * scale :].any()


def test_one_colour_for_the_whole_pose():
    joints_uv = np.random.default_rng(0).uniform(20, 60, (14, 2))
    picture = drawing.draw_skeleton(np.zeros((80, 80, 3), np.uint8), joints_uv, skeletons.NYU, drawing.TRUTH)
    colours = np.unique(picture.reshape(-1, 3), axis=0)
    assert list(drawing.TRUTH) in colours.tolist()
    ratio = colours[:, 0] / np.maximum(colours[:, 2], 1)
    assert ratio[colours[:, 2] > 50] == pytest.approx(drawing.TRUTH[0] / drawing.TRUTH[2], abs=0.05)


@pytest.mark.parametrize("skeleton", [skeletons.MSRA, skeletons.NYU, skeletons.ICVL])
def test_every_finger_has_its_colour(skeleton):
    angle = np.linspace(0, 6, len(skeleton))
    joints_uv = 200 + 150 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    picture = drawing.draw_skeleton(np.zeros((400, 400, 3), np.uint8), joints_uv, skeleton)
    found = np.unique(picture.reshape(-1, 3), axis=0).tolist()
    for finger, colour in drawing.FINGERS.items():
        assert list(colour) in found, finger


def test_joints_without_a_place_are_left_out():
    joints_uv = np.full((21, 2), 40.0)
    joints_uv[4], joints_uv[8], joints_uv[12] = np.nan, np.inf, 1e9
    picture = drawing.draw_skeleton(np.zeros((80, 80, 3), np.uint8), joints_uv, skeletons.MSRA)
    assert picture[40, 40].any()
    assert not picture[:20].any()


def test_small_pictures_grow_by_a_whole_factor_and_large_ones_stay():
    small = np.arange(60 * 100 * 3, dtype=np.uint32).reshape(60, 100, 3).astype(np.uint8)
    grown, factor = drawing.enlarge(small, 480)
    assert (grown.shape, factor) == ((300, 500, 3), 5)
    np.testing.assert_array_equal(grown[2::5, 2::5], small)
    assert drawing.enlarge(np.zeros((480, 640, 3), np.uint8))[1] == 1


def test_an_overlay_shows_frame_and_crop_with_the_pose_in_both():
    depth_mm = np.zeros((80, 120), np.float32)
    depth_mm[30:50, 50:70] = 400
    joints_mm = np.tile(np.float32([0, 0, 400]), (21, 1))
    poses = [(joints_mm, drawing.ESTIMATE)]
    picture = drawing.overlay(depth_mm, CAMERA, [0, 0, 400], 100.0, poses, skeletons.MSRA, "frame 1")
    assert picture.shape == (480, 480 + 480, 3)
    assert picture[40 * 4 + 2, 60 * 4 + 2].tolist() == list(drawing.ESTIMATE)
    zoom = picture[:, 480:]
    assert zoom[242, 242].tolist() == list(drawing.ESTIMATE)
    assert zoom[240, 150, 0] > 80
    assert picture[:28].any()


def test_a_picture_is_written_with_its_colours(tmp_path):
    picture = np.zeros((4, 6, 3), np.uint8)
    picture[:] = 255, 128, 0
    drawing.write_png(tmp_path / "a.png", picture)
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "a.png"))[..., ::-1], picture)
