import json

import cv2
import numpy as np
import pytest

from datasets import command_line, inspect, registry, synthetic
from datasets.visualization import cropped_frame, drawing

KEYS = ["name", "camera", "joints_mm", "joints_uvd", "centre_mm", "cube_mm"]


@pytest.fixture(scope="module")
def hands17_root(tmp_path_factory):
    root = tmp_path_factory.mktemp("data") / "hands17"
    synthetic.write("hands17", 18, 1, root, workers=1)
    return root


def status(capsys, *flags):
    """(exit status, lines on standard output, the line on standard error)."""
    with pytest.raises(SystemExit) as end:
        command_line.run(inspect.COMMAND, inspect.main, list(map(str, flags)))
    printed = capsys.readouterr()
    return end.value.code, printed.out.splitlines(), printed.err.strip()


def inspected(capsys, root, output, *flags, dataset="msra"):
    """The records printed by an inspection that succeeds."""
    code, lines, error = status(
        capsys, f"--dataset={dataset}", f"--data_dir={root}", f"--output={output}", *flags
    )
    assert (code, error) == (0, "")
    return [json.loads(line) for line in lines]


def test_the_record_is_printed_as_one_object(capsys, msra_root, tmp_path):
    [found] = inspected(capsys, msra_root, tmp_path / "a.png", "--split=test", "--index=2", "--centre=gt")
    record = registry.MSRA.open(msra_root, "test")[2]
    assert list(found) == KEYS
    assert found["name"] == record.name and found["cube_mm"] == 175.0
    assert found["camera"] == pytest.approx([241.42, 241.42, 160, 120], abs=1e-3)
    np.testing.assert_allclose(found["joints_mm"], record.joints_mm, atol=1e-4)
    np.testing.assert_allclose(found["centre_mm"], record.joints_mm.mean(axis=0), atol=1e-4)
    x, y, z = record.joints_mm.astype(float).T
    uvd = np.stack([160 + 241.42 * x / z, 120 + 241.42 * y / z, z], axis=1)
    np.testing.assert_allclose(found["joints_uvd"], uvd, atol=1e-3)


def test_the_picture_shows_the_joints_and_the_heat_maps(capsys, msra_root, tmp_path):
    output = tmp_path / "deep" / "a.png"
    [found] = inspected(
        capsys, msra_root, output, "--split=test", "--index=2", "--cube_mm=300", "--centre=gt"
    )
    drawn = cv2.imread(str(output))[..., ::-1]
    record, skeleton = registry.MSRA.open(msra_root, "test")[2], registry.MSRA.skeleton
    _, scale = drawing.enlarge(drawing.depth_picture(record.depth_mm))
    for finger, colour in drawing.FINGERS.items():
        u, v, _ = np.multiply(found["joints_uvd"][skeleton.joints.index(f"{finger}_tip")], scale).astype(int)
        around = drawn[v - scale : v + 2 * scale, u - scale : u + 2 * scale].reshape(-1, 3)
        assert list(colour) in around.tolist(), finger

    side, head = cropped_frame.TILE_SIDE, cropped_frame.HEAD
    tiles = drawn[-3 * (side + head) :, : 7 * side].reshape(3, side + head, 7, side, 3)
    tiles = tiles.transpose(0, 2, 1, 3, 4).reshape(21, side + head, side, 3)[:, head:].astype(int)
    _, heatmaps = cropped_frame.crop_and_heatmaps(
        cropped_frame.locate(registry.MSRA, record, "gt", cube_mm=300)
    )
    for tile, joint in zip(tiles, skeleton.palm + skeleton.finger, strict=True):
        cells = (tile[..., 0] - tile[..., 2]).reshape(24, side // 24, 24, side // 24).sum(axis=(1, 3))
        peak = np.unravel_index(heatmaps[..., joint].argmax(), (24, 24))
        assert np.abs(np.subtract(np.unravel_index(cells.argmax(), (24, 24)), peak)).max() <= 1


def test_the_cube_and_the_centre_can_be_chosen(capsys, msra_root, tmp_path):
    truth_mm = registry.MSRA.open(msra_root, "test").joints_mm.mean(axis=1)
    lines = [f"{x} {-y} {z}" for x, y, z in truth_mm + [1, 2, 3]]
    path = tmp_path / "centres.txt"
    path.write_text("\n".join([*lines[:-1], "invalid"]) + "\n")
    flags = "--split=test", f"--centre_file={path}", "--cube_mm=230"
    [found] = inspected(capsys, msra_root, tmp_path / "a.png", "--index=0", *flags)
    np.testing.assert_allclose(found["centre_mm"], truth_mm[0] + [1, 2, 3], atol=1e-3)
    assert found["cube_mm"] == 230
    [none] = inspected(capsys, msra_root, tmp_path / "a.png", "--index=14", *flags)
    assert none["centre_mm"] is None and none["joints_mm"]


def test_hidden_labels_are_null(capsys, hands17_root, tmp_path):
    flags = "--split=test", "--index=0"
    [found] = inspected(capsys, hands17_root, tmp_path / "a.png", *flags, dataset="hands17")
    assert found["joints_mm"] is None and found["joints_uvd"] is None and len(found["centre_mm"]) == 3
    assert cv2.imread(str(tmp_path / "a.png")).shape == (480, 640 + 480, 3)  # frame and crop alone
    code, _, error = status(
        capsys,
        "--dataset=hands17",
        f"--data_dir={hands17_root}",
        *flags,
        "--centre=gt",
        f"--output={tmp_path}/b.png",
    )
    assert code == 2 and "labels of image_D00000001.png are hidden" in error
    assert not (tmp_path / "b.png").exists()


def test_a_sheet_shows_frames_that_the_seed_picks(capsys, msra_root, tmp_path):
    sheet = "--split=train", "--count=3"
    first = inspected(capsys, msra_root, tmp_path / "a.png", *sheet, "--seed=4")
    again = inspected(capsys, msra_root, tmp_path / "b.png", *sheet, "--seed=4")
    other = inspected(capsys, msra_root, tmp_path / "c.png", *sheet, "--seed=5")
    assert len({record["name"] for record in first}) == 3 and first == again != other
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    # Frame, crop and heat maps, half as large; two frames a row.
    assert cv2.imread(str(tmp_path / "a.png")).shape == (2 * 240, 2 * (320 + 240 + 240), 3)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--index=15"], "--index=15: expected 0 to 14"),
        (["--count=16"], "--count=16: the split has 15 frames"),
        ([], "--index or --count"),
        (["--index=0", "--count=2"], "--index or --count"),
        (["--index=0", "--centre=file"], "only with --centre_file"),
        (["--index=0", "--centre=com", "--centre_file=x"], "without --centre_file"),
        (["--index=0", "--output=a.jpg"], "--output=a.jpg"),
        (["--index=0", "--data_dir="], "--data_dir is required for --dataset=synthetic"),
    ],
)
def test_mistakes_are_one_line_and_nothing_is_written(capsys, msra_root, tmp_path, flags, said):
    code, lines, error = status(
        capsys,
        "--dataset=synthetic",
        f"--data_dir={msra_root}",
        "--split=test",
        f"--output={tmp_path}/a.png",
        *flags,
    )
    assert (code, lines) == (2, [])
    assert said in error and len(error.splitlines()) == 1
    assert not list(tmp_path.iterdir())
