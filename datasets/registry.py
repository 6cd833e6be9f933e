"""All that is known of each dataset, in one ``Dataset`` object for each.

A reader's module knows its file format alone; whatever else depends on the dataset is asked of the object
here, which takes the format's own numbers, such as the camera, from the reader's module.
"""

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from datasets import hands17, icvl, msra, nyu, skeletons
from datasets.errors import InputError
from datasets.geometry import Camera
from datasets.records import Reader
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
class ReleasedNetwork:
    """The authors' network for one dataset, as their program trained and saved it.

    Args:
        centre: str. How its crops were centred: "gt", "file" or "com".
        y_up: bool. Whether its outputs have y up.
        joint_order: tuple of J ints or None. Its index of each of the skeleton's joints; None where the
            orders are the same.
    """

    centre: str
    y_up: bool = False
    joint_order: tuple[int, ...] | None = None


@dataclasses.dataclass(frozen=True)
class Dataset:
    """The facts of one dataset.

    Args:
        name: str. As in ``--dataset``.
        title: str. As people write it.
        landing_page: str. Where its authors offer it.
        skeleton: Skeleton.
        opener: function (data_dir, split, ReaderOptions) -> Reader.
        size: (height, width) of a frame.
        camera: Camera. To read the dataset by: pixels <-> mm of its depth and labels.
        metric_camera: Camera. To score the field's text files by. Not always ``camera``: the evaluation
            standard (awesome-hand-pose-estimation) fixed other digits for ICVL than the readers
            use (0.008 mm on the mean), and published numbers are made with the standard's.
        cube_mm: float. Side of the crop cube for tests, as in the authors' release.
        train_cubes_mm: tuple of floats. The release drew a training frame's cube from these.
        published_counts: {public copy: {part: frames}}. A part is a split, a subject or a test sequence.
        joint_depth_mm: {split: (nearest, farthest)}. Depth of the joints as published or measured on
            published labels; NYU's training range is not.
        known_bad: set of names of frames whose labels are known to be wrong.
        files_y_up: bool. Axes of published files in mm (V2V-PoseNet's centres, and predictions as
            ``x y z``): y up or y down.
        released: ReleasedNetwork or None, where the authors released none.
        submission: function (path, names, joints_mm) or None. Writes what its benchmark takes in, where
            the test labels are hidden.
        subjects_of: function (frames, names) -> subject of each test frame, None where it is unknown.
    """

    name: str
    title: str
    landing_page: str
    skeleton: Skeleton
    opener: Callable[[os.PathLike, str, ReaderOptions], Reader]
    size: tuple[int, int]
    camera: Camera
    metric_camera: Camera
    cube_mm: float
    train_cubes_mm: tuple[float, ...]
    published_counts: Mapping[str, Mapping[str, int]]
    joint_depth_mm: Mapping[str, tuple[float, float]]
    known_bad: frozenset[str] = frozenset()
    files_y_up: bool = False
    released: ReleasedNetwork | None = None
    submission: Callable[[os.PathLike, Sequence[str], np.ndarray], None] | None = None
    subjects_of: Callable[[int, Sequence[str] | None], Sequence[str | None]] | None = None

    def open(
        self, data_dir: str | os.PathLike, split: str, options: ReaderOptions = ReaderOptions()
    ) -> Reader:
        """Reader of one split.

        Args:
            data_dir: path of the folder as its archive unpacks.
            split: "train" or "test".
            options: ReaderOptions.

        Raises InputError naming the argument or file.
        """
        return self.opener(data_dir, split, options)

    def subjects(self, frames: int, names: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        """Which test frames show which person.

        Args:
            frames: int. How many there are.
            names: sequence of their names, or None.

        Returns {subject: int64 indices}: NYU's ``s1`` and ``s2`` by the frames' numbers, or by their order
        where all 8,252 are there; MSRA's ``P0`` to ``P8`` by name. ``{}`` where that of any is unknown.
        """
        subjects = self.subjects_of(frames, names) if self.subjects_of else []
        if None in subjects:
            return {}
        return {name: np.flatnonzero(np.array(subjects) == name) for name in sorted(set(subjects))}


def _steps_of_10(first, last):
    return tuple(float(cube) for cube in range(first, last + 1, 10))


MSRA = Dataset(
    name="msra",
    title="MSRA",
    landing_page="https://jimmysuen.github.io/txt/cvpr15_MSRAHandGestureDB_readme.txt",
    skeleton=skeletons.MSRA,
    opener=lambda data_dir, split, options: msra.MsraReader(
        data_dir, split, options.test_subject, options.drop_bad
    ),
    size=msra.SIZE,
    camera=msra.CAMERA,
    metric_camera=msra.CAMERA,
    cube_mm=175.0,
    train_cubes_mm=_steps_of_10(150, 200),
    published_counts={
        name: dict(zip(msra.SUBJECTS, counts, strict=True)) for name, counts in msra.COPIES.items()
    },
    joint_depth_mm={"train": (122, 599), "test": (122, 599)},
    known_bad=msra.KNOWN_BAD,
    files_y_up=True,
    released=ReleasedNetwork(centre="gt", y_up=True),
    subjects_of=msra.subjects,
)

NYU = Dataset(
    name="nyu",
    title="NYU",
    landing_page="https://jonathantompson.github.io/NYU_Hand_Pose_Dataset.htm",
    skeleton=skeletons.NYU,
    opener=lambda data_dir, split, options: nyu.NyuReader(data_dir, split, options.check_files),
    size=nyu.SIZE,
    camera=nyu.CAMERA,
    metric_camera=nyu.CAMERA,
    cube_mm=250.0,
    train_cubes_mm=_steps_of_10(250, 300),
    published_counts={"published": {"train": 72757, "test": nyu.TEST_FRAMES}},
    joint_depth_mm={"test": (518, 1169)},
    files_y_up=True,
    released=ReleasedNetwork(centre="file", y_up=True),
    subjects_of=nyu.subjects,
)

_ICVL_TEST = {"test_seq_1": 702, "test_seq_2": 894}

ICVL = Dataset(
    name="icvl",
    title="ICVL",
    landing_page="https://labicvl.github.io/hand.html",
    skeleton=skeletons.ICVL,
    opener=lambda data_dir, split, options: icvl.IcvlReader(
        data_dir, split, options.icvl_frames, options.check_files
    ),
    size=icvl.SIZE,
    camera=icvl.CAMERA,
    metric_camera=Camera(240.99, 240.96, 160.0, 120.0),
    cube_mm=250.0,
    train_cubes_mm=(250.0,),
    published_counts={
        "original": {"train": 22067, **_ICVL_TEST},
        # One row more in a centre file that others published for the same frames.
        "original, 22,068": {"train": 22068, **_ICVL_TEST},
        "all": {"train": 331006, **_ICVL_TEST},
    },
    joint_depth_mm={"train": (158, 571), "test": (190, 453)},
    released=ReleasedNetwork(centre="gt"),
)

HANDS17 = Dataset(
    name="hands17",
    title="HANDS 2017",
    landing_page="http://icvl.ee.ic.ac.uk/hands17/challenge/",
    skeleton=skeletons.HANDS17,
    opener=lambda data_dir, split, options: hands17.Hands17Reader(data_dir, split, options.check_files),
    size=hands17.SIZE,
    camera=hands17.CAMERA,
    metric_camera=hands17.CAMERA,
    cube_mm=220.0,
    train_cubes_mm=(220.0,),
    published_counts={"published": {"train": 957032, "test": 295510}},
    joint_depth_mm={"train": (139, 907)},
    # The authors do not say how they centred its crops; their demo takes the centre of mass.
    released=ReleasedNetwork(centre="com", joint_order=hands17.TO_MSRA),
    submission=hands17.write_submission,
)

# The embedded data are written in MSRA's own format, so that the default run reads what a user would have.
# Its cube is larger: an open hand about its centre of mass does not fit into 175 mm.
SYNTHETIC = dataclasses.replace(
    MSRA,
    name="synthetic",
    title="Synthetic hands",
    landing_page="",
    cube_mm=200.0,
    joint_depth_mm={},
    known_bad=frozenset(),
    released=None,
)

DATASETS = {dataset.name: dataset for dataset in (SYNTHETIC, ICVL, NYU, MSRA, HANDS17)}


def get(name: str) -> Dataset:
    """The ``Dataset`` called ``name``; raises InputError naming ``dataset`` otherwise."""
    if name not in DATASETS:
        raise InputError(f"`dataset`={name}: not known; choose from {', '.join(DATASETS)}")
    return DATASETS[name]
