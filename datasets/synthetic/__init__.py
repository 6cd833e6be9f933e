"""The embedded default: a hand rendered to depth, in each dataset's real format or as pictures of a room."""

import os

from datasets.errors import InputError
from datasets.io.atomic import atomic_directory
from datasets.synthetic.scene import Options, Picture, PosedHand, frame, picture, refuse_empty
from datasets.synthetic.writers import FORMATS, WRITERS


def write(
    format: str,
    frames: int,
    seed: int,
    output: str | os.PathLike,
    workers: int | None = None,
    **options: str | bool | tuple[str, ...],
):
    """Writes a synthetic dataset; the same arguments give the same bytes, whatever ``workers`` is.

    Args:
        format: str. One of ``FORMATS``.
        frames: int >= 1.
        seed: int >= 0.
        output: path of a folder to make; it appears only when it is complete.
        workers: int or None. Processes; None takes one per core.
        **options: fields of ``Options``.

    Raises InputError if the format is unknown, ``output`` exists and is not empty, or a value is wrong.
    """
    if format not in WRITERS:
        raise InputError(f"`format`={format}: unknown; choose from {', '.join(WRITERS)}")
    if frames < 1:
        raise InputError(f"`frames`={frames}: at least one frame is needed")
    if seed < 0:
        raise InputError(f"`seed`={seed}: must not be negative")
    chosen = Options(**options)
    refuse_empty(chosen)
    with atomic_directory(output) as folder:
        WRITERS[format](folder, frames, seed, chosen, workers)


__all__ = ["FORMATS", "WRITERS", "Options", "Picture", "PosedHand", "frame", "picture", "write"]
