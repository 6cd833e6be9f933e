"""MSRA files: every byte parsed here, and worker independence."""

import struct

import numpy as np
import pytest

from datasets import synthetic
from datasets.synthetic.writers import msra

FRAMES = 200


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    output = tmp_path_factory.mktemp("msra") / "data"
    synthetic.write("msra", FRAMES, 3, output, workers=1)
    return output


def parse_depth(content):
    """A depth file by the format's description alone."""
    width, height, left, top, right, bottom = struct.unpack("<6I", content[:24])
    image = np.zeros((height, width), np.float32)
    values = struct.unpack(f"<{(right - left) * (bottom - top)}f", content[24:])
    image[top:bottom, left:right] = np.reshape(values, (bottom - top, right - left))
    return image, (left, top, right, bottom)


@pytest.mark.parametrize("index", [0, 77, 160])
def test_depth_files_hold_the_frames_depth_in_its_tightest_box(written, index):
    record = synthetic.frame(3, index)
    image, (left, top, right, bottom) = parse_depth((written / record.name).read_bytes())
    assert image.shape == (240, 320)
    np.testing.assert_array_equal(image, record.depth_mm)
    for border in (image[top, :], image[bottom - 1, :], image[:, left], image[:, right - 1]):
        assert border.any()


def test_joint_files_count_their_frames_and_hold_joints_with_y_up_and_z_negative(written):
    lines = (written / "P0" / "1" / "joint.txt").read_text().splitlines()
    assert lines[0] == "2" and len(lines) == 3
    for line, index in zip(lines[1:], (0, 9 * 17), strict=True):
        expected = synthetic.frame(3, index)
        x, y, z = np.array(line.split(), float).reshape(21, 3).T
        assert (z < 0).all()
        np.testing.assert_allclose(np.stack([x, -y, -z], -1), expected.joints_mm, atol=0.01)
        # The format's own projection must land on the hand.
        u, v = 160 + 241.42 * x / -z, 120 - 241.42 * y / -z
        assert (expected.depth_mm[np.rint(v).astype(int), np.rint(u).astype(int)] > 0).mean() > 0.8


def test_every_frame_has_one_file_and_numbers_have_no_gaps(written):
    depth_files = list(written.rglob("*_depth.bin"))
    assert len(depth_files) == FRAMES
    counts = {p.parent: int(p.read_text().split()[0]) for p in written.rglob("joint.txt")}
    assert sum(counts.values()) == FRAMES and len(counts) == 9 * 17
    for folder, count in counts.items():
        assert sorted(p.name for p in folder.glob("*.bin")) == [f"{i:06d}_depth.bin" for i in range(count)]


def test_the_number_of_workers_does_not_change_a_byte(written, digest, tmp_path):
    synthetic.write("msra", FRAMES, 3, tmp_path / "two", workers=2)
    assert digest(tmp_path / "two") == digest(written)


def test_an_empty_depth_image_has_an_empty_box():
    image, box = parse_depth(msra.depth_bytes(np.zeros((240, 320), np.float32)))
    assert box == (0, 0, 0, 0) and not image.any()
