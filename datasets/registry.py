"""What is known of each dataset: its reader, skeleton, cameras and cubes."""

import dataclasses
import re
from collections.abc import Callable

import numpy as np

from datasets import skeletons
from datasets.errors import InputError
from datasets.geometry import Camera
from datasets.skeletons import Skeleton


@dataclasses.dataclass(frozen=True)
class ReaderOptions:
    """What a user may choose about reading; each reader takes what concerns it.

    Args:
        test_subject: int. MSRA: the subject left out, 0 to 8.
        drop_bad: bool. MSRA: leave out frames whose labels are known to be wrong.
        icvl_frames: "original" or "all". ICVL: train without or with the rotated copies.
        check_files: bool. ICVL, NYU, HANDS 2017: look for every frame's picture on opening; False reads
            labels alone.
    """

    test_subject: int = 0
    drop_bad: bool = False
    icvl_frames: str = "original"
    check_files: bool = True


@dataclasses.dataclass(frozen=True)
class Dataset:
    """One dataset.

    Args:
        name: str. As in ``--dataset``.
        skeleton: Skeleton.
        camera: Camera. To read the dataset by: pixels <-> mm of its depth and labels.
        metric_camera: Camera. To score the field's text files by. Not always ``camera``: the evaluation
            standard (awesome-hand-pose-estimation) fixed other digits for ICVL than the readers
            use (0.008 mm on the mean), and published numbers are made with the standard's.
        cube_mm: float. Side of the crop cube for tests, as in the authors' release.
        train_cubes_mm: tuple of floats. The release drew a training frame's cube from these.
        opener: function (data_dir, split, ReaderOptions) -> Reader.
        centre_file_y_up: bool. Axes of published files in mm (V2V-PoseNet's centres, and predictions as
            ``x y z``): y up or y down.
        submission: function (path, names, joints_mm) or None. Writes what its benchmark takes in, where
            the test labels are hidden.
        subjects_of: function (frames, names) -> {name: indices} or None, for ``subjects``.
    """

    name: str
    skeleton: Skeleton
    camera: Camera
    metric_camera: Camera
    cube_mm: float
    train_cubes_mm: tuple
    opener: Callable
    centre_file_y_up: bool = False
    submission: Callable | None = None
    subjects_of: Callable | None = None

    def open(self, data_dir, split, options=None):
        """Reader of one split ("train" or "test"). Raises InputError naming the flag or file."""
        return self.opener(data_dir, split, options or ReaderOptions())

    def subjects(self, frames, names=None):
        """Which test frames show which person.

        Args:
            frames: int. How many there are.
            names: sequence of their names, or None.

        Returns {subject: int64 indices}: NYU's ``s1`` and ``s2`` by the frames' numbers, or by their order
        where all 8,252 are there; MSRA's ``P0`` to ``P8`` by name. ``{}`` where unknown.
        """
        return self.subjects_of(frames, names) if self.subjects_of else {}


def _open_msra(data_dir, split, options):
    from datasets.msra import MsraReader

    return MsraReader(data_dir, split, options.test_subject, options.drop_bad)


def _open_nyu(data_dir, split, options):
    from datasets.nyu import NyuReader

    return NyuReader(data_dir, split, options.check_files)


def _open_icvl(data_dir, split, options):
    from datasets.icvl import IcvlReader

    return IcvlReader(data_dir, split, options.icvl_frames, options.check_files)


def _open_hands17(data_dir, split, options):
    from datasets.hands17 import Hands17Reader

    return Hands17Reader(data_dir, split, options.check_files)


def _submit_hands17(path, names, joints_mm):
    from datasets.hands17 import write_submission

    write_submission(path, names, joints_mm)


NYU_TEST_FRAMES = 8252


def _nyu_subjects(frames, names):
    from datasets.nyu import SECOND_SUBJECT

    if names is None:
        numbers = range(1, frames + 1) if frames == NYU_TEST_FRAMES else ()
        return _grouped(["s1" if number <= SECOND_SUBJECT else "s2" for number in numbers])
    found = [re.fullmatch(r"(?:test/)?depth_1_(\d{7})\.png", name) for name in names]
    return _grouped([match and ("s1" if int(match[1]) <= SECOND_SUBJECT else "s2") for match in found])


def _msra_subjects(frames, names):
    found = [re.match(r"(P[0-8])/", name) for name in names or ()]
    return _grouped([match and match[1] for match in found])


def _grouped(subjects):
    """{subject: indices} of the subject of each frame; ``{}`` if that of any frame is None."""
    if None in subjects:
        return {}
    return {name: np.flatnonzero(np.array(subjects) == name) for name in sorted(set(subjects))}


def _range(first, last):
    return tuple(float(cube) for cube in range(first, last + 1, 10))


MSRA = Dataset(
    name="msra",
    skeleton=skeletons.MSRA,
    camera=Camera(241.42, 241.42, 160.0, 120.0),
    metric_camera=Camera(241.42, 241.42, 160.0, 120.0),
    cube_mm=175.0,
    train_cubes_mm=_range(150, 200),
    opener=_open_msra,
    centre_file_y_up=True,
    subjects_of=_msra_subjects,
)

NYU = Dataset(
    name="nyu",
    skeleton=skeletons.NYU,
    camera=Camera(588.03, 587.07, 320.0, 240.0),
    metric_camera=Camera(588.03, 587.07, 320.0, 240.0),
    cube_mm=250.0,
    train_cubes_mm=_range(250, 300),
    opener=_open_nyu,
    centre_file_y_up=True,
    subjects_of=_nyu_subjects,
)

ICVL = Dataset(
    name="icvl",
    skeleton=skeletons.ICVL,
    camera=Camera(241.42, 241.42, 160.0, 120.0),
    metric_camera=Camera(240.99, 240.96, 160.0, 120.0),
    cube_mm=250.0,
    train_cubes_mm=(250.0,),
    opener=_open_icvl,
)

HANDS17 = Dataset(
    name="hands17",
    skeleton=skeletons.HANDS17,
    camera=Camera(475.065948, 475.065857, 315.944855, 245.287079),
    metric_camera=Camera(475.065948, 475.065857, 315.944855, 245.287079),
    cube_mm=220.0,
    train_cubes_mm=(220.0,),
    opener=_open_hands17,
    submission=_submit_hands17,
)

# The embedded data are written in MSRA's own format, so that the default run reads what a user would have.
# Its cube is larger: an open hand about its centre of mass does not fit into 175 mm.
SYNTHETIC = dataclasses.replace(MSRA, name="synthetic", cube_mm=200.0)

DATASETS = {dataset.name: dataset for dataset in (SYNTHETIC, ICVL, NYU, MSRA, HANDS17)}


def get(name):
    """The ``Dataset`` called ``name``; raises InputError naming ``--dataset`` otherwise."""
    if name not in DATASETS:
        raise InputError(f"--dataset={name}: not known; choose from {', '.join(DATASETS)}")
    return DATASETS[name]
