import json

import cv2
import numpy as np
import pytest

from datasets import centres, command_line, crops, inspect, registry, synthetic, targets
from datasets.visualization import views

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
    [found] = inspected(capsys, msra_root, output, "--split=test", "--index=2", "--cube_mm=300")
    drawn = cv2.imread(str(output))[..., ::-1]
    u, v, _ = np.array(found["joints_uvd"][12])  # the frame is drawn twice as large
    at = np.round([2 * v, 2 * u]).astype(int)
    assert drawn[at[0], at[1]].tolist() == [70, 190, 255]  # the ring finger's colour
    heat = (drawn[480:].astype(int) - drawn[480:, :, ::-1]).max(axis=-1) > 100
    tiles = heat.reshape(3, views.TILE_SIDE + views.HEAD, 7, views.TILE_SIDE)
    assert (tiles.sum(axis=(1, 3)) > 0).all()  # one peak a joint


def test_crop_and_heat_maps_are_those_of_the_pipeline(msra_root):
    record = registry.MSRA.open(msra_root, "test")[0]
    view = views.look(registry.MSRA, record, "com")
    camera, cube = np.asarray(record.camera)[None], np.float32([175])
    centre_mm, _ = centres.mass(record.depth_mm[None], camera, cube)
    np.testing.assert_allclose(view.centre_mm, centre_mm[0], atol=1e-3)
    crop, heatmaps = views.crop_and_heatmaps(view)
    place = crops.CropPlace(centre_mm, camera, cube)
    np.testing.assert_array_equal(crop, crops.crop(record.depth_mm[None], place)[0])
    crop_px = crops.joints_to_crop(record.joints_mm[None], place)
    np.testing.assert_array_equal(heatmaps, targets.encode_heatmaps(crop_px)[0])


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


def test_a_frame_without_a_hand_is_drawn_all_the_same():
    record = synthetic.frame(1, 0)
    empty = views.View(record, None, 200.0)
    assert views.describe(empty)["centre_mm"] is None
    assert views.picture(empty, registry.MSRA.skeleton).shape == (480, 640, 3)
    assert views.sheet([empty], registry.MSRA.skeleton).shape == (240, 320, 3)


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
        (["--count=16"], "--count=16: the test split has 15 frames"),
        ([], "--index or --count"),
        (["--index=0", "--count=2"], "--index or --count"),
        (["--index=0", "--centre=file"], "only with --centre_file"),
        (["--index=0", "--centre=com", "--centre_file=x"], "without --centre_file"),
        (["--index=0", "--output=a.jpg"], "--output=a.jpg"),
        (["--index=0", "--data_dir="], "--data_dir: needed"),
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
