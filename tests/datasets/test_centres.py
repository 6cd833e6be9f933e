import numpy as np
import pytest
import tensorflow as tf

from datasets import centres, geometry, records
from datasets.crops import CropPlace
from datasets.errors import InputError

CUBE = np.float32([200])
SIZES = [(240, 320), (480, 640), (424, 512), (172, 224), (60, 80), (720, 1280)]
PLACES = [(-50, 30, 350), (40, -20, 600), (10, 25, 1000)]


def camera_of(shape):
    """A camera of about 57 degrees for a frame size [H, W]."""
    height, width = shape
    return np.float32([0.92 * width, 0.92 * width, width / 2, height / 2])


def frame(shape, *places, wall_mm=2000.0, radius_mm=45.0):
    """Domes of a hand's size, nearest first to none, in front of a wall (0: no wall)."""
    depth_mm = np.full(shape, wall_mm, np.float32)
    v, u = np.mgrid[: shape[0], : shape[1]]
    rays = geometry.unproject(np.stack([u, v, np.ones_like(u)], -1).astype(float), camera_of(shape))
    for x, y, z in places:
        aside = np.hypot(rays[..., 0] * z - x, rays[..., 1] * z - y)
        dome_mm = z - 0.3 * np.sqrt(np.maximum(radius_mm**2 - aside**2, 0))
        nearer = (depth_mm == 0) | (dome_mm < depth_mm)
        depth_mm = np.where((aside < radius_mm) & nearer, dome_mm, depth_mm)
    return depth_mm.astype(np.float32)


def speckled(depth_mm, share=0.005, seed=0):
    """Stray measurements anywhere, and as many holes."""
    rng = np.random.default_rng(seed)
    stray, hole = rng.random((2, *depth_mm.shape)) < share
    depth_mm = np.where(stray, rng.uniform(100, 3000, depth_mm.shape), depth_mm)
    return np.where(hole, 0, depth_mm).astype(np.float32)


def mass(*frames):
    """``centres.mass`` of frames of one size -> (centres, valid) in NumPy."""
    depth_mm = np.stack(frames)
    cameras = np.tile(camera_of(depth_mm.shape[1:]), (len(frames), 1))
    return [found.numpy() for found in centres.mass(depth_mm, cameras, np.tile(CUBE, len(frames)))]


def assert_near(centre_mm, place, atol_mm=6.0):
    """Across the view at the place; in depth within the dome."""
    np.testing.assert_allclose(centre_mm[:2], place[:2], atol=atol_mm)
    assert place[2] - 16 < centre_mm[2] < place[2] + 2


def test_one_step_is_the_authors(golden):
    found_mm, _ = centres.refine(golden.depth_mm, golden.place("start"))
    found_uvd = geometry.project(found_mm.numpy()[:, None], golden.camera)[0, 0]
    np.testing.assert_allclose(found_uvd, golden["com_centre_uvd"], atol=0.01)


def test_one_step_measures_the_area_it_sees():
    shape = (480, 640)
    depth_mm = np.zeros(shape, np.float32)
    depth_mm[220:260, 300:340] = 588.8  # fx = fy = 588.8: a pixel is 1 mm there
    place = CropPlace(np.float32([[0, 0, 588.8]]), camera_of(shape)[None], CUBE)
    centre_mm, area_mm2 = centres.refine(depth_mm[None], place)
    np.testing.assert_allclose(centre_mm[0], [-0.5, -0.5, 588.8], atol=1e-3)
    np.testing.assert_allclose(area_mm2, [1600], rtol=1e-5)


def test_a_step_in_an_empty_cube_stays():
    start_mm = np.float32([[0, 0, 900]])
    place = CropPlace(start_mm, camera_of((60, 80))[None], CUBE)
    found_mm, area_mm2 = centres.refine(np.full((1, 60, 80), 2000, np.float32), place)
    np.testing.assert_array_equal(found_mm, start_mm)
    np.testing.assert_array_equal(area_mm2, [0])


@pytest.mark.parametrize("shape", SIZES)
def test_a_hand_before_a_wall_is_found_in_any_frame_size(shape):
    found_mm, valid = mass(*(frame(shape, place) for place in PLACES))
    assert valid.tolist() == [True] * 3
    for centre_mm, place in zip(found_mm, PLACES, strict=True):
        assert_near(centre_mm, place)


@pytest.mark.parametrize("shape", SIZES)
def test_speckle_and_holes_change_little(shape):
    found_mm, valid = mass(*(speckled(frame(shape, place)) for place in PLACES))
    assert valid.tolist() == [True] * 3
    for centre_mm, place in zip(found_mm, PLACES, strict=True):
        np.testing.assert_allclose(centre_mm, place, atol=16)


def test_no_wall_is_needed():
    found_mm, valid = mass(frame((240, 320), PLACES[1], wall_mm=0))
    assert valid[0]
    assert_near(found_mm[0], PLACES[1])


@pytest.mark.parametrize("nothing", [0.0, np.nan, np.inf, -np.inf, -500.0])
def test_depth_that_is_no_measurement_counts_as_none(nothing):
    there = frame((240, 320), PLACES[1])
    holes = np.where(there == 2000, nothing, there).astype(np.float32)
    expected, _ = mass(frame((240, 320), PLACES[1], wall_mm=0))
    found_mm, valid = mass(holes, np.full_like(there, nothing))
    np.testing.assert_array_equal(found_mm[0], expected[0])
    np.testing.assert_array_equal(found_mm[1], [0, 0, 0])
    assert valid.tolist() == [True, False]


def test_what_is_smaller_than_a_hand_is_not_one():
    found_mm, valid = mass(frame((480, 640), (0, 0, 500), wall_mm=0, radius_mm=12))
    assert not valid[0] and not found_mm.any()


def test_the_nearer_of_two_is_taken():
    near, far = (-150, 0, 600), (150, 20, 900)
    for places in ((near, far), (far, near)):
        found_mm, valid = mass(frame((240, 320), *places))
        assert valid[0]
        assert_near(found_mm[0], near)


def test_frames_of_a_batch_do_not_touch_each_other():
    frames = [
        frame((240, 320), PLACES[0]),
        np.zeros((240, 320), np.float32),
        speckled(frame((240, 320), PLACES[2])),
    ]
    found_mm, valid = mass(*frames)
    assert valid.tolist() == [True, False, True]
    for depth_mm, centre_mm in zip(frames, found_mm, strict=True):
        np.testing.assert_allclose(centre_mm, mass(depth_mm)[0][0], atol=1e-3)


def test_eager_graph_and_tf_data_give_the_same():
    depth_mm = np.stack([speckled(frame((240, 320), place)) for place in PLACES])
    values = depth_mm, np.tile(camera_of((240, 320)), (3, 1)), np.tile(CUBE, 3)
    expected = centres.mass(*values)
    any_size = tf.function(
        centres.mass, input_signature=[tf.TensorSpec(s) for s in ([None] * 3, [None, 4], [None])]
    )
    piped = next(iter(tf.data.Dataset.from_tensors(values).map(centres.mass)))
    for found in (any_size(*values), piped):
        np.testing.assert_allclose(found[0], expected[0], atol=1e-3)
        np.testing.assert_array_equal(found[1], expected[1])


def test_ground_truth_is_the_mean_of_the_joints():
    joints_mm = np.float32([[[0, 0, 500], [10, 20, 700]], [[1, 1, 1], [3, 3, 3]]])
    np.testing.assert_array_equal(centres.ground_truth(joints_mm), [[5, 10, 600], [2, 2, 2]])


@pytest.fixture
def centre_file(tmp_path):
    path = tmp_path / "centres.txt"
    path.write_text("1.5 2 300\ninvalid\n-4 -5 600.25\n")
    return path


def reader_of(frames, joints_mm=None):
    """What ``from_file`` needs of a reader, for frames a, b, c, ..."""
    reader = records.Reader()
    reader.names, reader.joints_mm = tuple("abcdefghijklmnopqrstuvwxyz"[:frames]), joints_mm
    return reader


@pytest.mark.parametrize(("y_up", "sign"), [(False, 1), (True, -1)])
def test_a_file_of_centres_is_read_y_down(centre_file, y_up, sign):
    found_mm = centres.from_file(centre_file, reader_of(3), y_up)
    assert found_mm.dtype == np.float32
    np.testing.assert_array_equal(found_mm[[0, 2]], [[1.5, sign * 2, 300], [-4, sign * -5, 600.25]])
    assert np.isnan(found_mm[1]).all()


def test_a_file_with_another_number_of_lines_is_refused(centre_file):
    with pytest.raises(InputError, match="centres.txt: expected 4 centres, one per frame, found 3"):
        centres.from_file(centre_file, reader_of(4), False)


@pytest.mark.parametrize("line", ["1 2", "1 2 x", "1 2 nan"])
def test_a_bad_line_is_named(centre_file, line):
    centre_file.write_text(f"1 2 3\n{line}\n")
    with pytest.raises(InputError, match="centres.txt, line 2: "):
        centres.from_file(centre_file, reader_of(2), False)


def test_lines_with_names_are_matched_by_name(centre_file):
    centre_file.write_text("b 4 5 6\nz 9 9 9\nc invalid\na 1 2 3\n")
    found_mm = centres.from_file(centre_file, reader_of(3), False)
    np.testing.assert_array_equal(found_mm[:2], [[1, 2, 3], [4, 5, 6]])
    assert np.isnan(found_mm[2]).all()
    with pytest.raises(InputError, match="no centre for the frame d"):
        centres.from_file(centre_file, reader_of(4), False)


def test_rows_of_other_frames_are_refused(centre_file):
    joints_mm = np.float32([[[0, 0, 300]] * 21, [[400, 0, 300]] * 21])
    centre_file.write_text("0 0 310\n390 0 300\n")
    assert len(centres.from_file(centre_file, reader_of(2, joints_mm), False)) == 2
    centre_file.write_text("390 0 300\n0 0 310\n")
    with pytest.raises(
        InputError, match="2 of 2 centres lie over 150 mm from their labels, the first is that of a"
    ):
        centres.from_file(centre_file, reader_of(2, joints_mm), False)
