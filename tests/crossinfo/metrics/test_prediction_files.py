import numpy as np
import pytest

from crossinfo.metrics import prediction_files
from datasets import hands17, registry
from datasets.errors import InputError
from datasets.geometry import project
from tests.helpers import shared

MSRA, NYU, ICVL, HANDS17 = map(registry.get, ("msra", "nyu", "icvl", "hands17"))


def poses_mm(dataset, frames=4, seed=0):
    """Joints [frames, J, 3] in mm before the camera."""
    shape = (frames, len(dataset.skeleton), 3)
    return np.random.default_rng(seed).uniform((-60, -60, 250), (60, 60, 350), shape)


def write_uvd(path, dataset, joints_mm):
    prediction_files.write(path, project(joints_mm, np.asarray(dataset.metric_camera, np.float64)))
    return path


def write_lines(path, lines):
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def test_what_is_written_is_read_back(tmp_path):
    uvd = np.arange(4 * 2 * 3).reshape(4, 2, 3) * 1.25 - 3
    prediction_files.write(tmp_path / "a.txt", uvd)
    again = prediction_files.read(tmp_path / "a.txt", joints=2, frames=4)
    assert again.dtype == np.float64
    np.testing.assert_array_equal(again, uvd)


def test_a_row_is_u_v_d_joint_after_joint(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"1 2 300 4.5 5 600 \r\n7 8 900 1 2 3\r\n\r\n")
    uvd = prediction_files.read(tmp_path / "a.txt", joints=2)
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
        ("1 2 3 4 5 6\n", "expected 2 rows, one per frame, found 1"),
        ("1 2 3 4 5 6\n" * 3, "expected 2 rows, one per frame, found 3"),
    ],
)
def test_a_wrong_file_is_named(tmp_path, text, message):
    path = tmp_path / "mine.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as error:
        prediction_files.read(path, joints=2, frames=2)
    assert str(error.value).startswith(str(path))


@pytest.mark.parametrize("dataset", [NYU, ICVL], ids=lambda dataset: dataset.name)
def test_pixels_become_millimetres_by_the_metrics_camera(tmp_path, dataset):
    joints_mm = poses_mm(dataset)
    found_mm, names = prediction_files.read_joints(write_uvd(tmp_path / "a.txt", dataset, joints_mm), dataset)
    np.testing.assert_allclose(found_mm, joints_mm, atol=1e-4)
    assert names is None


@pytest.mark.parametrize("dataset, up", [(MSRA, -1), (NYU, -1), (ICVL, 1), (HANDS17, 1)])
def test_millimetres_are_in_the_axes_of_the_datasets_files(tmp_path, dataset, up):
    prediction_files.write_xyz(tmp_path / "a.txt", poses_mm(dataset), dataset)
    np.testing.assert_allclose(
        prediction_files.read(tmp_path / "a.txt", len(dataset.skeleton)),
        poses_mm(dataset) * (1, up, 1),
        atol=1e-4,
    )
    found_mm, _ = prediction_files.read_joints(tmp_path / "a.txt", dataset, "xyz")
    np.testing.assert_allclose(found_mm, poses_mm(dataset), atol=1e-4)


def test_a_submission_comes_back_with_its_names(tmp_path):
    names = [f"image_D{number:08d}.png" for number in (3, 1, 2, 9)]
    joints_mm = poses_mm(HANDS17)
    joints_mm[2] = 0  # no hand was found
    hands17.write_submission(tmp_path / "a.txt", names, joints_mm)
    found_mm, found_names = prediction_files.read_joints(tmp_path / "a.txt", HANDS17, "submission")
    np.testing.assert_allclose(found_mm, joints_mm, atol=1e-4)
    assert found_names == names


def test_methods_are_read_under_their_files_names(tmp_path):
    labels = write_uvd(tmp_path / "labels.txt", ICVL, poses_mm(ICVL))
    paths = [write_uvd(tmp_path / f"{name}.txt", ICVL, poses_mm(ICVL, seed=1)) for name in ("b.v2", "a")]
    truth_mm, methods, names = prediction_files.read_methods(ICVL, labels, paths)
    np.testing.assert_allclose(truth_mm, poses_mm(ICVL), atol=1e-4)
    np.testing.assert_allclose(methods["b.v2"], poses_mm(ICVL, seed=1), atol=1e-4)
    assert list(methods) == ["b.v2", "a"] and names is None


def test_frames_of_another_list_are_matched_by_name(tmp_path):
    labels = write_uvd(tmp_path / "labels.txt", MSRA, poses_mm(MSRA, 3))
    names = [f"P1/4/{number:06d}_depth.bin" for number in (7, 8, 9)]
    # Another release: another order, and a frame more.
    paths = [write_uvd(tmp_path / "mine.txt", MSRA, poses_mm(MSRA, 4)[[2, 3, 0, 1]] + 1)]
    others = [names[2], "P1/4/000499_depth.bin", names[0], names[1]]
    lists = (write_lines(tmp_path / "old.txt", names), write_lines(tmp_path / "new.txt", others))
    # Same seed, so that the first three frames of four are those of three.
    np.testing.assert_array_equal(poses_mm(MSRA, 4)[:3], poses_mm(MSRA, 3))
    truth_mm, methods, found_names = prediction_files.read_methods(MSRA, labels, paths, "uvd", *lists)
    np.testing.assert_allclose(methods["mine"] - truth_mm, 1, atol=2e-4)
    assert found_names == names


def test_submissions_are_matched_by_name(tmp_path):
    names = [f"image_D{number:08d}.png" for number in range(4)]
    hands17.write_submission(tmp_path / "labels.txt", names[:3], poses_mm(HANDS17)[:3])
    hands17.write_submission(tmp_path / "mine.txt", names[::-1], poses_mm(HANDS17)[::-1] + 1)
    truth_mm, methods, found_names = prediction_files.read_methods(
        HANDS17, tmp_path / "labels.txt", [tmp_path / "mine.txt"], "submission"
    )
    np.testing.assert_allclose(methods["mine"] - truth_mm, 1, atol=2e-4)
    assert found_names == names[:3]


def test_labels_with_a_list_and_predictions_without_one_stand_row_by_row(tmp_path):
    labels = write_uvd(tmp_path / "labels.txt", MSRA, poses_mm(MSRA))
    names = write_lines(tmp_path / "names.txt", "abcd")
    found = prediction_files.read_methods(MSRA, labels, [labels], label_names=names)
    np.testing.assert_array_equal(found[0], found[1]["labels"])
    assert found[2] == ["a", "b", "c", "d"]


ROW = "1 2 300 " * 14


@pytest.mark.parametrize(
    "content, message",
    [
        (ROW + "\n" + "1 2 300 " * 13 + "\n", "line 2: expected 42 numbers, found 39"),
        (
            f"{ROW}\n",
            "expected 2 rows, one per frame, found 1; where the rows follow another list, give "
            "`label_names` and `prediction_names`",
        ),
        (f"{ROW}\n" * 3, "expected 2 rows, one per frame, found 3"),
        (f"{ROW}\n{ROW.replace('300', 'nan', 1)}\n", "line 2: 'nan' is not a finite number"),
        (f"{ROW}\n{ROW.replace('300', '3OO', 1)}\n", "line 2: '3OO' is not a number"),
        ("", "the file is empty"),
    ],
)
@pytest.mark.parametrize("format", ["uvd", "xyz"])
def test_a_methods_wrong_file_is_named(tmp_path, content, message, format):
    (tmp_path / "labels.txt").write_text(f"{ROW}\n" * 2)
    (tmp_path / "mine.txt").write_text(content)
    with pytest.raises(InputError, match=f"^{tmp_path}/mine.txt.*{message}") as error:
        prediction_files.read_methods(NYU, tmp_path / "labels.txt", [tmp_path / "mine.txt"], format)
    assert "\n" not in str(error.value)


def test_windows_line_ends_are_accepted(tmp_path):
    (tmp_path / "labels.txt").write_bytes(b"\xef\xbb\xbf" + f"{ROW}\r\n{ROW}\r\n\r\n".encode())
    (tmp_path / "names.txt").write_bytes(b"a\r\nb\r\n")
    paths = [tmp_path / "labels.txt"]
    truth_mm, _, names = prediction_files.read_methods(
        NYU, paths[0], paths, label_names=tmp_path / "names.txt"
    )
    assert truth_mm.shape == (2, 14, 3) and names == ["a", "b"]


def test_negative_depths_in_millimetres_are_refused(tmp_path):
    # MSRA's own label files look along -z.
    write_lines(tmp_path / "a.txt", [f"{'1 2 300 ' * 21}", f"{'1 2 -300 ' * 21}"])
    with pytest.raises(InputError, match="a.txt, line 2: a joint lies behind the camera; z must point away"):
        prediction_files.read_joints(tmp_path / "a.txt", MSRA, "xyz")


@pytest.mark.parametrize(
    "paths, message", [([], "name at least one"), (["x/a.txt", "y/a.txt"], "both be called a")]
)
def test_methods_need_names_of_their_own(paths, message):
    with pytest.raises(InputError, match=f"`predictions`: .*{message}"):
        prediction_files.method_names(paths)


def lists_of(tmp_path, label_names, prediction_names):
    """Arguments of ``read_methods`` for as many NYU frames as there are names."""
    labels, mine = (
        write_lines(tmp_path / f"{name}.txt", [ROW] * len(names))
        for name, names in (("labels", label_names), ("mine", prediction_names))
    )
    lists = (
        write_lines(tmp_path / f"{x}_list.txt", y)
        for x, y in (("labels", label_names), ("mine", prediction_names))
    )
    return NYU, labels, [mine], "uvd", *lists


@pytest.mark.parametrize(
    "label_names, prediction_names, message",
    [
        ("abcd", "dxa", "mine_list.txt: no row for the frame b; 2 of 4 frames are missing"),
        ("abca", "abc", "labels_list.txt, line 4: the frame a is already in line 1"),
        ("abc", "abcc", "mine_list.txt, line 4: the frame c is already in line 3"),
        ("abc", "a c", "mine_list.txt, line 2: expected a frame's name, found a blank line"),
    ],
)
def test_lists_of_names_that_do_not_fit_are_named(tmp_path, label_names, prediction_names, message):
    with pytest.raises(InputError, match=message):
        prediction_files.read_methods(*lists_of(tmp_path, label_names, prediction_names))


@pytest.mark.parametrize("which, path", [(4, "labels_list"), (5, "mine")])
def test_a_list_of_another_length_is_named(tmp_path, which, path):
    arguments = lists_of(tmp_path, "abc", "abc")
    write_lines(arguments[which], "abcd" if which == 4 else "ab")
    with pytest.raises(InputError, match=f"{path}.txt: expected . rows, one per frame, found ."):
        prediction_files.read_methods(*arguments)


def test_an_empty_list_and_a_list_alone_are_refused(tmp_path):
    dataset, labels, paths, format, names, others = lists_of(tmp_path, "abc", "abc")
    with pytest.raises(InputError, match="mine_list.txt: goes only with `label_names`"):
        prediction_files.read_methods(dataset, labels, paths, format, None, others)
    write_lines(names, "")
    with pytest.raises(InputError, match="labels_list.txt: the file is empty"):
        prediction_files.read_methods(dataset, labels, paths, format, names)


@pytest.mark.parametrize(
    "lines, message",
    [
        ([], "the file is empty"),
        (["a.png" + " 1" * 63, "b.png" + " 1" * 62], "line 2: expected 63 numbers, found 62"),
        (["a.png" + " 1" * 62 + " nan"], "line 1: 'nan'"),
        (["a.png" + " 1" * 63, "", "a.png" + " 1" * 63], "line 3: the frame a.png is already in line 1"),
        (["a.png" + " -1" * 63], "line 1: a joint lies behind the camera"),
        (["../a.png" + " 1" * 63], "line 1: '../a.png' is refused"),
    ],
)
def test_a_wrong_submission_is_named(tmp_path, lines, message):
    write_lines(tmp_path / "a.txt", lines)
    with pytest.raises(InputError, match=f"^{tmp_path}/a.txt.*{message}"):
        prediction_files.read_joints(tmp_path / "a.txt", HANDS17, "submission")


def test_a_submission_is_hands17s_and_has_its_own_names(tmp_path):
    with pytest.raises(InputError, match="a.txt: submission is HANDS 2017's format; use uvd or xyz for nyu"):
        prediction_files.read_joints(tmp_path / "a.txt", NYU, "submission")
    with pytest.raises(InputError, match="list.txt: a submission's own lines have the frames' names"):
        prediction_files.read_methods(HANDS17, "a.txt", ["a.txt"], "submission", tmp_path / "list.txt")


def test_a_frame_without_a_hand_stays_zeros(tmp_path):
    write_lines(tmp_path / "a.txt", ["0 0 0 " * 14])
    for format in ("uvd", "xyz"):
        np.testing.assert_array_equal(prediction_files.read_joints(tmp_path / "a.txt", NYU, format)[0], 0)


def test_msras_published_list_names_its_nine_subjects():
    names = prediction_files.read_names(shared.path("published/msra/msra_test_list.txt"), 76375)
    counts = {name: len(frames) for name, frames in MSRA.subjects(len(names), names).items()}
    assert list(counts) == [f"P{number}" for number in range(9)]
    assert tuple(counts.values()) == (8499, 8492, 8412, 8488, 8500, 8497, 8497, 8498, 8492)
