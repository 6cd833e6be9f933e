"""MSRA15: nine subjects, seventeen gestures, cropped depth as raw floats.

``P0/1/000000_depth.bin`` is six little-endian uint32 (image width and height, then the hand's box left,
top, right, bottom, half-open and counted from 0) and the box's depth as float32 in mm, row by row.
``P0/1/joint.txt`` is the number of frames, then one line per frame of 21 x (x y z) in mm, **y up and z
towards the camera**; the reader reverses both. Format: Sun et al., CVPR 2015, and the field's readers.
"""

import os
import pathlib
import re
from collections.abc import Iterable, Sequence

import numpy as np

from datasets.errors import InputError
from datasets.geometry import Camera
from datasets.io import layout, tables
from datasets.records import Reader
from datasets.skeletons import MSRA

CAMERA = Camera(241.42, 241.42, 160.0, 120.0)
SIZE = (240, 320)
ROOT = "cvpr15_MSRAHandGestureDB"
SUBJECTS = tuple(f"P{number}" for number in range(9))
# In the order of the field's lists, which is a plain text sort.
GESTURES = tuple("1 2 3 4 5 6 7 8 9 I IP L MP RP T TIP Y".split())

_HEADER_BYTES = 24
_COUNT_DIGITS = 9
_LINE_BYTES = 2 * 3 * 21  # the shortest line: digits and what parts them

# Frames of each subject. The two public copies differ, so rows of one's lists do not fit the other.
COPIES = {
    "old": (8499, 8492, 8412, 8488, 8500, 8497, 8497, 8498, 8492),
    "new": (8499, 8499, 8406, 8498, 8500, 8497, 8498, 8498, 8496),
}


def _frame_name(gesture, number):
    return f"{gesture}/{number:06d}_depth.bin"


# Wrong labels known in the field (DeepPrior's list). The field's metric counts these frames all the same.
KNOWN_BAD = frozenset(
    _frame_name(gesture, number)
    for gesture, numbers in {
        "P2/TIP": (172, 173, 174),
        "P2/MP": (173, 174, 175, *range(345, 355), 356, 359, 360),
        "P3/T": (120, 489),
        "P8/4": (168,),
    }.items()
    for number in numbers
)


def release(counts: Iterable[int]) -> str:
    """Name of the public copy with these frame counts of P0 to P8: "old", "new", or else "other"."""
    counts = tuple(counts)
    return next((name for name, known in COPIES.items() if known == counts), "other")


def subjects(frames: int, names: Sequence[str] | None) -> list[str | None]:
    """Subject of each frame, by its name ("P0/1/000000_depth.bin"); None where it begins otherwise."""
    del frames
    matches = [re.match(r"(P[0-8])/", name) for name in names or ()]
    return [match and match[1] for match in matches]


class MsraReader(Reader):
    """One split of MSRA15 with one subject left out for the test.

    Args:
        data_dir: path. Holds ``P0`` to ``P8``, or the folder ``cvpr15_MSRAHandGestureDB`` with them.
            Subjects may be missing, but not the test subject.
        split: "train" (all but the test subject) or "test" (the test subject).
        test_subject: int from 0 to 8.
        drop_bad: bool. Leave out ``KNOWN_BAD``.

    Attributes:
        release: str. "old", "new" or "other", by the frame counts of all subjects.

    Raises InputError naming the argument or file if something is missing or contradicts itself.
    """

    skeleton = MSRA
    camera = CAMERA

    def __init__(
        self,
        data_dir: str | os.PathLike,
        split: str = "train",
        test_subject: int = 0,
        drop_bad: bool = False,
    ):
        layout.check_split(split)
        self.root = _root(data_dir)
        counts = {subject: _frame_counts(self.root, subject) for subject in SUBJECTS}
        self.release = release(sum(gestures.values()) for gestures in counts.values())
        chosen = _split_subjects(self.root, counts, split, test_subject)
        frames = {gesture: n for subject in chosen for gesture, n in counts[subject].items()}
        names = [_frame_name(gesture, number) for gesture, n in frames.items() for number in range(n)]
        joints_mm = np.concatenate([_read_joints(self.root, gesture, n) for gesture, n in frames.items()])
        keep = [i for i, name in enumerate(names) if not (drop_bad and name in KNOWN_BAD)]
        self.names = [names[i] for i in keep]
        self.joints_mm = joints_mm[keep]
        self.subjects = [name.split("/")[0] for name in self.names]

    def read_depth(self, index: int) -> np.ndarray:
        """Depth of frame ``index`` as float32 [240, 320] in mm, 0 outside the hand's box.

        Raises InputError naming the file if its header, length or values cannot be right.
        """
        return read_depth(self.root / self.names[index])


def read_depth(path: str | os.PathLike) -> np.ndarray:
    """One ``*_depth.bin`` -> float32 [240, 320] in mm; raises InputError naming the file."""
    try:
        with open(path, "rb") as file:
            # A longer file is not read, however long it is.
            content, size = file.read(_HEADER_BYTES + 4 * SIZE[0] * SIZE[1]), os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    left, top, right, bottom = _box(content, size, path)
    box_mm = np.frombuffer(content, "<f4", offset=_HEADER_BYTES).reshape(bottom - top, right - left)
    if not ((box_mm >= 0) & tables.within_bounds(box_mm)).all():
        raise InputError(f"{path}: depth holds NaN, infinite or negative values; the file is damaged")
    depth_mm = np.zeros(SIZE, np.float32)
    depth_mm[top:bottom, left:right] = box_mm
    return depth_mm


def _box(content, size, path):
    """The header's box, checked against the image and against the file's length."""
    if len(content) < _HEADER_BYTES:
        raise InputError(f"{path}: expected a header of {_HEADER_BYTES} bytes, found {len(content)} bytes")
    width, height, *box = np.frombuffer(content, "<u4", count=6).tolist()
    left, top, right, bottom = box
    if (height, width) != SIZE:
        raise InputError(f"{path}: expected an image of 320 x 240, the header says {width} x {height}")
    if not (left <= right <= width and top <= bottom <= height):
        raise InputError(f"{path}: the header's box {box} does not lie inside 320 x 240")
    expected = _HEADER_BYTES + 4 * (right - left) * (bottom - top)
    if size != expected:
        raise InputError(f"{path}: expected {expected} bytes, found {size}; the file is damaged")
    return box


def _root(data_dir):
    """The folder that holds the subjects."""
    for root in (pathlib.Path(data_dir), pathlib.Path(data_dir) / ROOT):
        if any((root / subject).is_dir() for subject in SUBJECTS):
            return root
    raise InputError(
        f"`data_dir`={data_dir}: no MSRA data; expected the folders P0 to P8, or {ROOT} with them inside"
    )


def _frame_counts(root, subject):
    """{"P0/1": frames, ...} from the first lines of a subject's ``joint.txt``, in the field's order."""
    gestures = [f"{subject}/{gesture}" for gesture in GESTURES if (root / subject / gesture).is_dir()]
    return {gesture: _frame_count(root / gesture / "joint.txt") for gesture in gestures}


def _frame_count(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            first, size = file.readline(_COUNT_DIGITS + 10).strip(), os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    if not (first.isascii() and first.isdigit() and len(first) <= _COUNT_DIGITS):
        raise InputError(f"{path}, line 1: expected the number of frames, found {first!r}")
    if int(first) > size // _LINE_BYTES:
        raise InputError(f"{path}, line 1: gives {int(first)} frames, but the file is too small for them")
    return int(first)


def _split_subjects(root, counts, split, test_subject):
    """Subjects of a split that have frames."""
    test = f"P{test_subject}"
    if not counts.get(test):
        raise InputError(f"`test_subject`={test_subject}: no gesture folders in {root / test}")
    chosen = [name for name in SUBJECTS if counts[name] and (name == test) == (split == "test")]
    if not any(sum(counts[name].values()) for name in chosen):
        raise InputError(f"`data_dir`={root}: no frames for the {split} split with test subject {test}")
    return chosen


def _read_joints(root, gesture, count):
    """Labels of one gesture as float32 [count, 21, 3], y down and z forward; checks frames against files."""
    path = root / gesture / "joint.txt"
    lines = tables.read_lines(path)[1:]
    if len(lines) != count:
        raise InputError(f"{path}: line 1 gives {count} frames, found {len(lines)} lines of joints")
    found = {entry.name for entry in (root / gesture).glob("*_depth.bin")}
    expected = {pathlib.Path(_frame_name(gesture, number)).name for number in range(count)}
    if found != expected:
        odd = min(found ^ expected)
        state = "missing" if odd in expected else "unexpected"
        raise InputError(f"{path}: says {count} frames, found {len(found)} depth files; {odd} is {state}")
    table = tables.number_table(lines, 3 * len(MSRA), path, first_line=2)
    joints_mm = table.reshape(-1, len(MSRA), 3) * (1, -1, -1)
    if (joints_mm[..., 2] <= 0).any():
        frame = np.argwhere(joints_mm[..., 2] <= 0)[0, 0]
        raise InputError(f"{path}, line {frame + 2}: a joint lies behind the camera; z must be negative")
    return joints_mm.astype(np.float32)
