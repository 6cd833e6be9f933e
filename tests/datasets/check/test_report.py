"""The command on healthy and on broken trees of every format."""

import shutil

import numpy as np
import pytest

from datasets import command_line, msra, synthetic
from datasets.check import __main__ as check


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
    assert f"{path}, line 1: gives 1 frames, but the file is too small" in fault_in(capsys, tree)


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


def test_a_folder_is_required(capsys):
    code, _, error = status(capsys, "--dataset=synthetic")
    assert code == 2 and "--data_dir is required for --dataset=synthetic" in error
    assert "python -m datasets.synthetic" in error


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


def test_options_reach_the_reader(capsys, msra_root):
    code, report, _ = status(capsys, "--dataset=msra", f"--data_dir={msra_root}", "--test_subject=4")
    assert code == 0
    assert any(line.split()[:2] == ["test", "P4"] for line in report.splitlines())


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
