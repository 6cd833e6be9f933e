import shutil

import numpy as np
import pytest

from datasets import command_line, geometry, msra, nyu, registry, skeletons, synthetic
from datasets.check import __main__ as check
from datasets.check import counts, findings, places, poses, sample, source
from datasets.errors import InputError
from datasets.records import Reader
from tests.helpers import shared

UP_AND_TOWARDS = (1, -1, -1)


@pytest.fixture
def tree(msra_root, tmp_path):
    """A copy that a test may break."""
    return shutil.copytree(msra_root, tmp_path / "msra")


def status(capsys, *flags):
    """(exit status, report, the line on standard error)."""
    with pytest.raises(SystemExit) as end:
        command_line.run(check.COMMAND, check.main, ["--frames=0", "--workers=1", *map(str, flags)])
    printed = capsys.readouterr()
    return end.value.code, printed.out, printed.err.strip()


def fault_in(capsys, root, *flags):
    """The one line of a failing check of an MSRA tree."""
    code, _, error = status(capsys, "--dataset=msra", f"--data_dir={root}", *flags)
    assert code == 2 and len(error.splitlines()) == 1, error
    return error


def edit_joints(path, row, change):
    """Changes one frame's joints [21, 3] in a joint.txt."""
    lines = path.read_text().splitlines()
    joints = change(np.array(lines[row + 1].split(), float).reshape(21, 3))
    lines[row + 1] = " ".join(f"{value:.4f}" for value in joints.ravel())
    path.write_text("\n".join(lines) + "\n")


def test_a_healthy_tree_passes_and_is_told_from_the_published(capsys, msra_root):
    code, report, error = status(capsys, "--dataset=synthetic", f"--data_dir={msra_root}")
    assert (code, error) == (0, "")
    assert "release: other" in report and "published counts" in report
    assert "FAULT" not in report and report.rstrip().endswith("would be right.")
    rows = [line.split() for line in report.splitlines()]
    assert ["P1", "15", "8,492", "or", "8,499", "0.0%", "0"] in rows
    assert [row[:4] for row in rows if row[1:2] in (["gt"], ["com"])] == [
        ["train", "gt", "120", "100.0%"], ["train", "com", "120", "100.0%"],
        ["test", "gt", "15", "100.0%"], ["test", "com", "15", "100.0%"],
    ]  # fmt: skip


def test_a_frame_that_is_cut_off(capsys, tree):
    path = tree / "P3" / "4" / "000000_depth.bin"
    path.write_bytes(path.read_bytes()[:-40])
    assert str(path) in fault_in(capsys, tree)


def test_missing_frames_are_called_partly_unpacked(capsys, tree):
    (tree / "P0" / "5" / "000000_depth.bin").unlink()
    (tree / "P8" / "7" / "joint.txt").unlink()
    error = fault_in(capsys, tree)
    assert "only partly unpacked: 2 files are missing in 2 folders" in error
    assert "P0/5/000000_depth.bin" in error and "unpack or download it again" in error


def test_a_missing_subject(capsys, tree):
    shutil.rmtree(tree / "P6")
    assert "no frames of P6; the data are only partly unpacked" in fault_in(capsys, tree)


def test_a_label_file_that_is_cut_off(capsys, tree):
    path = tree / "P2" / "1" / "joint.txt"
    path.write_text(path.read_text().splitlines()[0] + "\n")
    assert f"{path}: line 1 gives 1 frames, found 0 lines" in fault_in(capsys, tree)


def test_a_label_behind_the_camera(capsys, tree):
    path = tree / "P0" / "L" / "joint.txt"
    edit_joints(path, 0, lambda joints: joints * [1, 1, -1])
    error = fault_in(capsys, tree)
    assert f"{path}, line 2" in error and "behind the camera" in error


def test_a_bone_of_impossible_length(capsys, tree):
    def stretch(joints):
        joints[4] += 5 * (joints[4] - joints[3])
        return joints

    edit_joints(tree / "P5" / "3" / "joint.txt", 0, stretch)
    error = fault_in(capsys, tree)
    assert "subject P5: a bone of" in error and "P5/3/000000_depth.bin" in error


def test_labels_that_do_not_lie_on_the_hands(capsys, tree):
    for path in (tree / "P0").glob("*/joint.txt"):
        edit_joints(path, 0, lambda joints: joints * [-1, 1, 1] + [0, 0, -120])
    assert "labels and frames do not belong together" in fault_in(capsys, tree)


def test_labels_in_another_unit(capsys, tree):
    for path in tree.glob("P*/*/joint.txt"):
        edit_joints(path, 0, lambda joints: joints / 10)
    assert "published are 122 to 599 mm" in fault_in(capsys, tree)


@pytest.mark.parametrize("root", ["P0", "nowhere"])
def test_a_wrong_root_is_told_once(capsys, tree, root):
    code, report, error = status(capsys, "--dataset=msra", f"--data_dir={tree / root}")
    assert code == 2 and f"--data_dir={tree / root}: no MSRA data; expected" in error
    assert report.count("no MSRA data") == 1


def test_synthetic_needs_a_folder(capsys):
    code, _, error = status(capsys, "--dataset=synthetic")
    assert code == 2 and "--data_dir" in error and "python -m datasets.synthetic" in error


def write_centres(path, root, shift=0, mode="test"):
    """V2V-PoseNet's format, y up, 10 mm in front of the joints' mean."""
    truth_mm = msra.MsraReader(root, mode).joints_mm.mean(axis=1) - [0, 0, 10]
    np.savetxt(path, np.roll(truth_mm, shift, axis=0) * [1, -1, 1], fmt="%.3f")
    return path


def test_a_centre_file_is_measured(capsys, msra_root, tmp_path):
    path = write_centres(tmp_path / "centres.txt", msra_root)
    _, report, _ = status(capsys, "--dataset=msra", f"--data_dir={msra_root}", f"--centre_file={path}")
    row = next(line.split() for line in report.splitlines() if line.split()[1:2] == ["file"])
    assert row[:6] == ["test", "file", "15", "100.0%", "10.0", "10.0"]


def test_a_misaligned_centre_file_is_named(capsys, msra_root, tmp_path):
    path = write_centres(tmp_path / "centres.txt", msra_root, shift=1)
    error = fault_in(capsys, msra_root, f"--centre_file={path}")
    assert str(path) in error and "misaligned" in error


def test_a_centre_file_with_other_rows_is_named(capsys, msra_root, tmp_path):
    path = write_centres(tmp_path / "centres.txt", msra_root, mode="test")
    error = fault_in(capsys, msra_root, f"--train_centre_file={path}")
    assert f"{path}: expected 120 centres" in error and "found 15" in error


class Frames(Reader):
    """A reader of labels alone."""

    skeleton, camera = skeletons.MSRA, registry.MSRA.camera

    def __init__(self, names, joints_mm, subjects=None):
        self.names, self.joints_mm = names, np.asarray(joints_mm, np.float32)
        self.subjects = subjects or [name.split("/")[0] for name in names]


def made_split(reader, centre_file=None, name="test", dataset=registry.MSRA, size=(240, 320)):
    none = np.zeros(0)
    sample = sample.Sample(0, (), none.astype(int), size, none.astype(bool), none, np.zeros((0, 3)))
    return sample.Split(name, dataset, reader, sample, centre_file)


def wandering_hands(folders, frames):
    """(names, joints): a hand that wanders slowly, as in a video."""
    rng = np.random.default_rng(0)
    names = [f"P0/{folder}/{i:06d}_depth.bin" for folder in folders for i in range(frames)]
    middle = np.cumsum(rng.normal(0, 4, (len(names), 3)), axis=0) + [0, 0, 400]
    return names, middle[:, None] + rng.normal(0, 30, (1, 21, 3))


def test_a_row_too_many_shifts_a_centre_file_from_there_on(tmp_path):
    names, joints_mm = wandering_hands("12", 300)
    reader = Frames(names, joints_mm)
    given_mm = joints_mm.mean(axis=1)
    given_mm[300:] = np.roll(given_mm[300:], 3, axis=0)  # as a centre file of another release
    noisy_mm = given_mm + np.random.default_rng(1).normal(0, 5, given_mm.shape) - [0, 0, 20]
    [(first, last, lag)] = places.shifted_runs(made_split(reader), noisy_mm)
    assert (first, last, lag) == (300, 600, 3)
    path = tmp_path / "centres.txt"
    np.savetxt(path, noisy_mm * [1, -1, 1])
    found = places.check_centres(made_split(reader, path))[1]
    faults = [finding for finding in found if finding.level == findings.FAULT]
    assert len(faults) == 1 and "fit frames 3 rows before" in faults[0].what and names[300] in faults[0].what


def test_published_centres_of_nyu_are_aligned_and_shifted_ones_are_not():
    folder = shared.path("published/nyu")
    uvd = np.loadtxt(folder / "nyu_test_groundtruth_label.txt").reshape(-1, 14, 3)
    truth_mm = geometry.unproject(uvd, np.asarray(nyu.CAMERA, np.float64)).mean(axis=1)
    given_mm = np.loadtxt(folder / "center_test_refined.txt") * [1, -1, 1]
    assert np.linalg.norm(given_mm - truth_mm, axis=1).mean() == pytest.approx(21.2, abs=0.1)
    assert places.best_lag(given_mm, truth_mm) == 0
    assert places.best_lag(np.roll(given_mm, -4, axis=0), truth_mm) == -4


@pytest.mark.parametrize("name", ["old", "new"])
def test_the_published_releases_of_msra_are_named(name):
    names = [f"{s}/1/{i}" for s, n in zip(msra.SUBJECTS, msra.RELEASES[name], strict=True) for i in range(n)]
    both = [[n for n in names if n.startswith("P0") == test] for test in (False, True)]
    splits = [made_split(Frames(part, np.ones((len(part), 21, 3)))) for part in both]
    assert counts.release("msra", counts.counted(splits)) == name
    assert counts.check_counts(splits, True) == []
    short = [splits[0], made_split(Frames(both[1][:-7], np.ones((len(both[1]) - 7, 21, 3))))]
    [fault] = counts.check_counts(short, True)
    assert fault.level == findings.FAULT
    assert f"P0 has {len(both[1]) - 7:,} of 8,499 frames" in fault.what


@pytest.mark.parametrize(
    ("dataset", "part", "frames"),
    [
        ("nyu", "train", [72757]),
        ("icvl", "train", [22067, 22068, 331006]),
        ("icvl", "test_seq_2", [894]),
        ("hands17", "test", [295510]),
        ("msra", "P1", [8492, 8499]),
    ],
)
def test_published_counts(dataset, part, frames):
    assert counts.expected(dataset, part) == frames


@pytest.mark.parametrize(("dropped", "level"), [(2, findings.NOTE), (30, findings.FAULT)])
def test_labels_without_a_picture(dropped, level):
    names, joints_mm = wandering_hands("1", 3000)
    reader = Frames(names, joints_mm)
    reader.dropped = dropped
    [finding] = counts.check_dropped(made_split(reader, name="train"))
    assert finding.level == level and f"{dropped} of {3000 + dropped:,}" in finding.what


def test_single_wrong_labels_are_a_warning_and_known_ones_a_note():
    names, joints_mm = wandering_hands(["X"], 300)
    joints_mm[7, 4] += 500
    [finding] = poses.check_bones(made_split(Frames(names, joints_mm)))
    assert finding.level == findings.WARNING and names[7] in finding.what
    names[7] = "P3/T/000120_depth.bin"
    known = made_split(Frames(names, joints_mm, ["P0"] * 300))
    assert poses.check_bones(known) == []
    [note] = counts.check_known_bad(known)
    assert note.level == findings.NOTE and "1 frames" in note.what and "--drop_bad" in note.todo


def test_hands_outside_the_frame():
    names, joints_mm = wandering_hands("1", 200)
    joints_mm = joints_mm - joints_mm.mean(axis=1, keepdims=True) + [0, 0, 400]
    assert poses.check_inside_frame(made_split(Frames(names, joints_mm))) == []
    joints_mm[5] += [900, 0, 0]
    [finding] = poses.check_inside_frame(made_split(Frames(names, joints_mm)))
    assert finding.level == findings.WARNING and names[5] in finding.what
    joints_mm[5:15] += [900, 0, 0]
    fault = poses.check_inside_frame(made_split(Frames(names, joints_mm)))[0]
    assert fault.level == findings.FAULT and "10 frames" in fault.what


def test_a_joint_meets_the_depth_around_its_pixel():
    depth_mm = np.zeros((1, 20, 30), np.float32)
    depth_mm[0, 10, 15] = 500
    uvd = np.float32(
        [[[15, 10, 520], [16, 11, 480], [17, 10, 500], [15, 10, 560], [-5, 10, 500], [np.nan] * 3]]
    )
    assert sample.near_depth(depth_mm, uvd).tolist() == [[True, True, False, False, False, False]]


def test_frames_are_spread_over_a_split():
    assert sample.spread(10, 0).tolist() == list(range(10))
    assert sample.spread(1000, 3).tolist() == [0, 500, 999]
    assert sample.spread(2, 500).tolist() == [0, 1]


def test_threads_measure_what_one_does(msra_root):
    reader = registry.MSRA.open(msra_root, "train")
    cubes = sample.cubes_mm(registry.MSRA, reader)
    one, three = (sample.measure(reader, cubes, 0, workers) for workers in (1, 3))
    assert one.asked == 120 and one.size == (240, 320)
    np.testing.assert_array_equal(one.indices, np.arange(120))
    np.testing.assert_array_equal(one.com_mm, three.com_mm)
    np.testing.assert_array_equal(one.on_hand, three.on_hand)


def test_the_worst_comes_first_and_is_told_once():
    note = findings.Finding(findings.NOTE, "train", "a")
    faults = [findings.Finding(findings.FAULT, name, "b", "mend") for name in ("train", "test")]
    first, second = findings.ranked([note, *faults])
    assert (first.split, first.what, str(first)) == ("train, test", "b", "b: mend") and second == note


def test_options_reach_the_reader(capsys, msra_root):
    code, report, _ = status(capsys, "--dataset=msra", f"--data_dir={msra_root}", "--test_subject=4")
    assert code == 0
    assert any(line.split()[:2] == ["test", "P4"] for line in report.splitlines())
    with pytest.raises(InputError, match="--data_dir"):
        source.chosen(command_line.parse(check.COMMAND, ["--dataset=nyu"]))


@pytest.fixture(scope="module")
def png_trees(tmp_path_factory):
    """A small healthy tree of each format that keeps its frames as PNGs."""
    folder = tmp_path_factory.mktemp("trees")
    for name in ("nyu", "icvl", "hands17"):
        synthetic.write(name, 36, 5, folder / name, workers=1)
    return folder


@pytest.fixture(params=["nyu", "icvl", "hands17"])
def png_tree(request, png_trees, tmp_path):
    """A copy of one of them that a test may break."""
    return shutil.copytree(png_trees / request.param, tmp_path / request.param)


def test_the_other_formats_pass_too(capsys, png_tree):
    code, report, error = status(capsys, f"--dataset={png_tree.name}", f"--data_dir={png_tree}")
    assert (code, error) == (0, "")
    assert ("hidden" in report) == (png_tree.name == "hands17")


def png_fault(capsys, root):
    code, _, error = status(capsys, f"--dataset={root.name}", f"--data_dir={root}")
    assert code == 2 and len(error.splitlines()) == 1, error
    return error


def test_half_downloaded_frames_are_named_as_such(capsys, png_tree):
    for path in sorted(png_tree.rglob("*.png"))[::2]:
        path.unlink()
    assert "only partly unpacked" in png_fault(capsys, png_tree)


def test_a_picture_that_is_cut_off_is_named(capsys, png_tree):
    tests = {"nyu": "dataset/test", "icvl": "Testing", "hands17": "frame"}[png_tree.name]
    path = sorted((png_tree / tests).rglob("*.png"))[-1]
    path.write_bytes(path.read_bytes()[:-30])
    error = png_fault(capsys, png_tree)
    assert "1 of 4 frames cannot be read" in error and str(path) in error


def test_a_root_one_level_too_deep_is_told_the_right_one(capsys, png_tree):
    below = png_tree / {"nyu": "dataset/train", "icvl": "Training", "hands17": "training"}[png_tree.name]
    right = png_tree / "dataset" if png_tree.name == "nyu" else png_tree
    code, _, error = status(capsys, f"--dataset={png_tree.name}", f"--data_dir={below}")
    assert code == 2 and f"use --data_dir={right}" in error
