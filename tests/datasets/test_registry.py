import dataclasses
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from datasets import registry
from datasets.errors import InputError
from datasets.hands17 import Hands17Reader
from datasets.icvl import IcvlReader
from datasets.msra import MsraReader
from datasets.nyu import NyuReader


def test_every_dataset_of_the_flag_is_there_under_its_own_name():
    assert {name: registry.get(name).name for name in registry.DATASETS} == {
        name: name for name in ("synthetic", "icvl", "nyu", "msra", "hands17")
    }


@pytest.mark.parametrize(
    "name, joints, cube_mm", [("msra", 21, 175), ("nyu", 14, 250), ("icvl", 16, 250), ("hands17", 21, 220)]
)
def test_skeletons_and_test_cubes(name, joints, cube_mm):
    dataset = registry.get(name)
    assert (len(dataset.skeleton), dataset.cube_mm) == (joints, cube_mm)


def test_training_cubes_of_the_release():
    assert registry.get("nyu").train_cubes_mm == (250, 260, 270, 280, 290, 300)
    assert registry.get("msra").train_cubes_mm == (150, 160, 170, 180, 190, 200)


def test_icvl_is_read_by_one_camera_and_scored_by_another():
    icvl = registry.get("icvl")
    np.testing.assert_array_equal(np.asarray(icvl.camera, float), [241.42, 241.42, 160, 120])
    np.testing.assert_array_equal(np.asarray(icvl.metric_camera, float), [240.99, 240.96, 160, 120])


def test_an_unknown_dataset_names_the_argument():
    with pytest.raises(InputError, match="`dataset`=mrsa: not known; choose from synthetic, icvl"):
        registry.get("mrsa")


@pytest.mark.parametrize(
    "name, reader",
    [("msra", MsraReader), ("nyu", NyuReader), ("icvl", IcvlReader), ("hands17", Hands17Reader)],
)
def test_readers_use_the_registered_camera_and_skeleton(name, reader):
    dataset = registry.get(name)
    assert reader.camera == dataset.camera and reader.skeleton == dataset.skeleton


def test_the_authors_networks_and_the_files_of_the_field_have_their_own_axes_and_centres():
    datasets = [registry.get(name) for name in ("nyu", "msra", "icvl", "hands17")]
    assert [dataset.released.centre for dataset in datasets] == ["file", "gt", "gt", "com"]
    assert [dataset.released.y_up for dataset in datasets] == [True, True, False, False]
    assert [dataset.files_y_up for dataset in datasets] == [True, True, False, False]
    assert registry.get("synthetic").released is None


def test_facts_of_a_dataset_are_of_its_own_splits():
    for dataset in registry.DATASETS.values():
        assert set(dataset.joint_depth_mm) <= {"train", "test"}
        assert all(0 < near < far for near, far in dataset.joint_depth_mm.values())
        parts = [set(counts) for counts in dataset.published_counts.values()]
        assert parts and all(part == parts[0] for part in parts)
    assert [name for name, dataset in registry.DATASETS.items() if dataset.known_bad] == ["msra"]


def test_the_page_on_datasets_tells_the_registered_facts():
    page = (pathlib.Path(registry.__file__).parent / "README.md").read_text(encoding="utf-8")
    lines = [line for line in page.splitlines() if line.startswith("|")]
    rows = {
        cells[0]: cells[1:] for cells in ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines)
    }
    for column, name in enumerate(name.strip("`") for name in rows["`--dataset`"]):
        dataset = registry.get(name)
        said = {title: cells[column] for title, cells in rows.items() if len(cells) == 4}
        assert said[""].startswith(dataset.title)
        assert f"({dataset.landing_page})" in said["where to get it"]
        height, width = dataset.size
        assert said["frame"].startswith(f"{width} x {height}")
        camera = [float(number) for number in said["fx, fy, cx, cy"].split(", ")]
        assert camera == list(dataclasses.astuple(dataset.camera))
        skeleton = dataset.skeleton
        counts = f"{len(skeleton)} = {len(skeleton.palm)} + {len(skeleton.finger)}"
        assert said["joints: palm + finger"] == counts
        for near, far in dataset.joint_depth_mm.values():
            assert f"{near} to {far}" in said["joint depth, mm"]
        assert said["crop cube, mm"].split(";")[0] == f"{dataset.cube_mm:.0f}"


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("name, title", [("nyu", "NYU"), ("icvl", "ICVL"), ("hands17", "HANDS 2017")])
def test_each_dataset_is_looked_for_by_its_own_reader(tmp_path, name, title, split):
    with pytest.raises(InputError, match=f"`data_dir`=.*: no {title} data; expected .*found an empty folder"):
        registry.get(name).open(tmp_path, split)


def test_nyus_test_split_shows_two_people():
    subjects = registry.get("nyu").subjects(8252)
    assert list(subjects) == ["s1", "s2"]
    np.testing.assert_array_equal(subjects["s1"], np.arange(2440))
    np.testing.assert_array_equal(subjects["s2"], np.arange(2440, 8252))


def test_nyus_people_are_known_by_the_frames_numbers():
    numbers = (2441, 1, 2440, 8252)
    subjects = registry.get("nyu").subjects(4, [f"test/depth_1_{number:07d}.png" for number in numbers])
    assert {name: frames.tolist() for name, frames in subjects.items()} == {"s1": [1, 2], "s2": [0, 3]}


@pytest.mark.parametrize(
    "names", [None, ["test/depth_1_0000001.png", "mine.png"], ["train/depth_1_0000001.png"]]
)
def test_nyus_people_are_not_guessed(names):
    assert registry.get("nyu").subjects(8251, names) == {}


@pytest.mark.parametrize("name", ["msra", "synthetic"])
def test_msras_people_are_known_by_the_frames_names(name):
    names = ["P8/TIP/000001_depth.bin", "P0/1/000000_depth.bin", "P8/1/000002_depth.bin"]
    subjects = registry.get(name).subjects(3, names)
    assert {name: frames.tolist() for name, frames in subjects.items()} == {"P0": [1], "P8": [0, 2]}


@pytest.mark.parametrize(
    "name, names",
    [
        ("msra", None),
        ("msra", ["P0/1/000000_depth.bin", "P9/1/000000_depth.bin"]),
        ("icvl", ["a"]),
        ("hands17", ["a"]),
    ],
)
def test_people_that_are_not_known_are_left_out(name, names):
    assert registry.get(name).subjects(8252, names) == {}


@pytest.mark.parametrize("name", ["msra", "synthetic"])
def test_options_reach_the_reader(tmp_path, name):
    with pytest.raises(InputError, match="`data_dir`"):
        registry.get(name).open(tmp_path, "train")
    (tmp_path / "P0/1").mkdir(parents=True)
    (tmp_path / "P0/1/joint.txt").write_text("0\n")
    with pytest.raises(InputError, match="`test_subject`=5"):
        registry.get(name).open(tmp_path, "test", registry.ReaderOptions(test_subject=5))


def test_what_is_slow_to_import_waits_until_a_file_is_read():
    slow = {"tensorflow", "h5py", "scipy"}
    program = f"import sys, datasets.registry; print(sorted({slow} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
