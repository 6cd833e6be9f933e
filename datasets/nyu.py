"""NYU: three Kinects, 36 joints; the field takes view 1 and 14 of the joints.

``train`` and ``test`` hold ``depth_1_0000001.png`` and so on (RGB, depth in mm = 256 * green + blue) and
``joint_data.mat`` with ``joint_names``, ``joint_xyz`` and ``joint_uvd``, the last two [cameras, frames, 36,
3], xyz in mm with **y up**; the reader turns it down. Format: Tompson et al., ACM TOG 2014, and the
field's readers.
"""

import math
import os
import pathlib
import re
from collections.abc import Sequence

import numpy as np

from datasets.errors import InputError
from datasets.geometry import Camera
from datasets.io import layout, png, tables
from datasets.records import Reader
from datasets.skeletons import NYU

CAMERA = Camera(588.03, 587.07, 320.0, 240.0)
SIZE = (480, 640)
MAT = "joint_data.mat"
ARCHIVE = "dataset"
ALL_JOINTS = 36
# The field's 14, in the order of its lists.
JOINTS = (0, 3, 6, 9, 12, 15, 18, 21, 24, 25, 27, 30, 31, 32)
# The test frames from here on show another, smaller hand; others crop it with 5/6 of the cube.
SECOND_SUBJECT = 2440
SECOND_CUBE_MM = 250.0 * 5 / 6
TEST_FRAMES = 8252
# No compressed file holds more bytes than this many times its own size.
DEFLATE_RATIO = 1032


def subjects(frames: int, names: Sequence[str] | None) -> list[str | None]:
    """Subject of each test frame: "s1", or "s2" from frame ``SECOND_SUBJECT`` on.

    Args:
        frames: int. Without names, subjects are known if these are all of the test split's.
        names: sequence of names ("test/depth_1_0000001.png"), or None.

    Returns a list of str; None for a name of another form.
    """
    if names is None:
        numbers = range(1, frames + 1) if frames == TEST_FRAMES else ()
    else:
        matches = [re.fullmatch(r"(?:test/)?depth_1_(\d{7})\.png", name) for name in names]
        numbers = [match and int(match[1]) for match in matches]
    return [number and ("s1" if number <= SECOND_SUBJECT else "s2") for number in numbers]


class NyuReader(Reader):
    """One split of NYU, view 1.

    Args:
        data_dir: path of the folder that holds ``train`` and ``test``, or of its parent, if it is called
            ``dataset`` as in the archive. The other split may be absent.
        split: "train" or "test".
        check_files: bool. Look for every frame's picture now; False reads the labels alone.

    Attributes:
        subjects: "1", and "2" from test frame 2440 (counted from 0) on.

    Raises InputError naming the argument or file.
    """

    skeleton = NYU
    camera = CAMERA

    def __init__(self, data_dir: str | os.PathLike, split: str = "train", check_files: bool = True):
        layout.check_split(split)
        self.root = _root(data_dir, split)
        mat = self.root / split / MAT
        self.joints_mm = read_labels(mat)
        count = len(self.joints_mm)
        self.names = [f"{split}/depth_1_{number:07d}.png" for number in range(1, count + 1)]
        if check_files:
            _check_files(self.root, self.names, mat)
        first = count if split == "train" else min(count, SECOND_SUBJECT)
        self.subjects = ["1"] * first + ["2"] * (count - first)

    def read_depth(self, index: int) -> np.ndarray:
        """Depth of frame ``index`` as float32 [480, 640] in mm. Raises InputError naming the file."""
        return decode_depth(png.read_png(self.root / self.names[index], png.RGB8, SIZE))

    def cube_mm(self, index: int) -> float | None:
        """5/6 of 250 mm for subject 2, None (the dataset's default) for subject 1."""
        return SECOND_CUBE_MM if self.subjects[index] == "2" else None


def decode_depth(bgr: np.ndarray) -> np.ndarray:
    """A picture uint8 [H, W, 3], blue first -> float32 [H, W] in mm."""
    return bgr[..., 1].astype(np.float32) * 256 + bgr[..., 0]


def _root(data_dir, split):
    """The folder that holds the splits."""
    inner = pathlib.Path(data_dir, ARCHIVE)
    root = inner if (inner / split).is_dir() else data_dir
    return layout.expect_root(root, [split, f"{split}/{MAT}"], "NYU")


def _check_files(root, names, mat):
    """Raises InputError unless the frames of view 1 are those that have labels."""
    layout.expect_files(root, names, mat)
    found = {name for name in layout.listing(mat.parent) if name.startswith("depth_1_")}
    odd = found - {name.rpartition("/")[2] for name in names}
    if odd:
        raise InputError(
            f"{mat}: has labels for {len(names)} frames, found {len(found)} pictures; {min(odd)} has no label"
        )


def read_labels(path: str | os.PathLike) -> np.ndarray:
    """``joint_data.mat`` -> the field's 14 joints of view 1, float32 [N, 14, 3] in mm, y down.

    Takes the older MAT formats and v7.3. Raises InputError naming the file if it is missing or damaged,
    or if ``joint_xyz`` and ``joint_uvd`` are not both there as [cameras, N, 36, 3].
    """
    import h5py  # here and below: slow to import, and needed by this file alone

    try:
        joints_mm = _read_v73(path) if h5py.is_hdf5(os.fspath(path)) else _read_v5(path)
    except (InputError, MemoryError):
        raise
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except Exception as error:  # SciPy and h5py raise a dozen kinds of errors on damaged files.
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise InputError(f"{path}: not a MAT file, or damaged: {reason}") from None
    return _checked(joints_mm, path)


def _read_v5(path):
    """View 1 as [N, 14, 3] from MATLAB's older formats."""
    import scipy.io

    _check_shapes({name: shape for name, shape, _ in scipy.io.whosmat(path, appendmat=False)}, path)
    mat = scipy.io.loadmat(path, appendmat=False, variable_names=["joint_xyz"])
    return mat["joint_xyz"][0][:, JOINTS]


def _read_v73(path):
    """View 1 as [N, 14, 3] from an HDF5 file, in which MATLAB's axes are reversed."""
    import h5py

    with h5py.File(path, "r") as file:
        sets = {name: item for name, item in file.items() if isinstance(item, h5py.Dataset)}
        _check_shapes({name: item.shape[::-1] for name, item in sets.items()}, path)
        return sets["joint_xyz"][..., 0].T[:, JOINTS]


def _check_shapes(shapes, path):
    for name in ("joint_xyz", "joint_uvd"):
        if name not in shapes:
            keys = ", ".join(sorted(shapes)) or "nothing"
            raise InputError(
                f"{path}: expected the keys joint_xyz and joint_uvd, found {keys}; it is another file, or "
                "cut off"
            )
        shape = tuple(map(int, shapes[name]))
        if math.prod(shape) > DEFLATE_RATIO * os.stat(path).st_size:
            raise InputError(f"{path}: too small for {name} as {list(shape)}; it is damaged")
        if len(shape) != 4 or shape[2:] != (ALL_JOINTS, 3) or not shape[0] or not shape[1]:
            raise InputError(f"{path}: expected {name} as [cameras, frames, 36, 3], found {list(shape)}")
    if shapes["joint_xyz"] != shapes["joint_uvd"]:
        raise InputError(f"{path}: joint_xyz and joint_uvd do not have the same number of frames")


def _checked(joints_mm, path):
    if joints_mm.dtype.kind not in "fiu":
        raise InputError(f"{path}: expected joint_xyz as numbers, found {joints_mm.dtype}")
    joints_mm = joints_mm.astype(np.float32) * np.float32([1, -1, 1])
    wrong = ~tables.within_bounds(joints_mm).all(axis=(1, 2)) | (joints_mm[..., 2] <= 0).any(axis=1)
    if wrong.any():
        frame = np.flatnonzero(wrong)[0]
        raise InputError(f"{path}: frame {frame + 1}: a joint lies behind the camera or is not finite")
    return joints_mm
