"""``Record``, one labelled depth frame, and ``Reader``, a dataset's sequence of them."""

import dataclasses
import os
import pathlib
from collections.abc import Sequence

import numpy as np

from datasets.geometry import Camera
from datasets.skeletons import Skeleton


def evenly_spread(count: int, wanted: int) -> np.ndarray:
    """At most ``wanted`` of ``count`` indices, evenly spread from the first to the last; int64, ascending."""
    return np.unique(np.linspace(0, count - 1, min(count, wanted)).round().astype(np.int64))


_DIGEST_ROWS = 10_000


@dataclasses.dataclass(frozen=True)
class Record:
    """One frame after its reader: y down, millimetres.

    Args:
        name: str. The frame's name in its dataset's own lists, e.g. ``P0/1/000000_depth.bin``.
        depth_mm: float32 [H, W]; 0 = no measurement.
        camera: Camera.
        joints_mm: float32 [J, 3] in camera space, or None where labels are hidden.
        cube_mm: float or None. Side of the crop cube where the dataset's protocol sets one for this
            frame; None means the dataset's default.
    """

    name: str
    depth_mm: np.ndarray
    camera: Camera
    joints_mm: np.ndarray | None
    cube_mm: float | None = None


class Reader(Sequence):
    """Frames of one split in the order of the field's lists; depth is read when asked for.

    A subclass sets the attributes below in ``__init__``, where it reads and checks all names and labels,
    and implements ``read_depth``. Indexing and iteration give ``Record``s.

    Attributes:
        skeleton: Skeleton.
        camera: Camera.
        names: sequence of N frame names.
        joints_mm: float32 [N, J, 3], or None where labels are hidden.
        subjects: sequence of N subject names, for per-subject figures and splits.
        originals: int64 [N] or None. For each frame the index of the frame that it is a copy of, e.g.
            rotated, or its own index. Frames with equal numbers show the same moment, so they must not be
            split between training and validation. None where there are no copies.
    """

    skeleton: Skeleton
    camera: Camera
    names: Sequence[str] = ()
    joints_mm: np.ndarray | None = None
    subjects: Sequence[str] = ()
    originals: np.ndarray | None = None

    def read_depth(self, index: int) -> np.ndarray:
        """Depth of frame ``index`` as float32 [H, W] in mm. Raises InputError naming the file."""
        raise NotImplementedError

    def cube_mm(self, index: int) -> float | None:
        """Side of the cube that the protocol sets for this frame, or None for the dataset's default."""
        del index

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Record:
        if not 0 <= index < len(self):
            raise IndexError(index)
        joints_mm = None if self.joints_mm is None else self.joints_mm[index]
        return Record(self.names[index], self.read_depth(index), self.camera, joints_mm, self.cube_mm(index))


def update_digest(digest, reader: Reader, centre_file: str | os.PathLike | None = None) -> None:
    """Takes what is known of a split's frames into a digest.

    Args:
        digest: of ``hashlib``.
        reader: its names and labels are taken.
        centre_file: path of the frames' centres, or None.
    """
    for first in range(0, len(reader), _DIGEST_ROWS):
        rows = "\n".join(reader.names[first : first + _DIGEST_ROWS])
        digest.update(("\n" * (first > 0) + rows).encode())
    for values in (reader.joints_mm, reader.originals):
        if values is not None:
            digest.update(np.ravel(values))
    if centre_file:
        digest.update(pathlib.Path(centre_file).read_bytes())
