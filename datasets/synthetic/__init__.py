"""The embedded default: an articulated right hand, rendered to depth, in each dataset's real format."""

from datasets.errors import InputError
from datasets.io.atomic import atomic_directory
from datasets.synthetic import hands17_writer, icvl_writer, msra_writer, nyu_writer
from datasets.synthetic.frames import Options, frame

# Every writer is a function of (folder, frames, seed, options, workers).
WRITERS = {
    "msra": msra_writer.write,
    "nyu": nyu_writer.write,
    "icvl": icvl_writer.write,
    "hands17": hands17_writer.write,
}
FORMATS = tuple(WRITERS)


def write(format, frames, seed, output, workers=None, **options):
    """Writes a synthetic dataset; the same arguments give the same bytes, whatever ``workers`` is.

    Args:
        format: str, one of ``FORMATS``.
        frames: int >= 1.
        seed: int >= 0.
        output: path of a folder that is made; it appears only when it is whole.
        workers: int. Processes; all processors if None.
        **options: fields of ``Options``.

    Raises InputError if the format is not known, ``output`` exists and is not empty, or a value is wrong.
    """
    if format not in WRITERS:
        raise InputError(f"--format={format}: not known; choose from {', '.join(WRITERS)}")
    if frames < 1:
        raise InputError(f"--frames={frames}: at least one frame is needed")
    if seed < 0:
        raise InputError(f"--seed={seed}: must not be negative")
    chosen = Options(**options)
    with atomic_directory(output) as folder:
        WRITERS[format](folder, frames, seed, chosen, workers)


__all__ = ["FORMATS", "WRITERS", "Options", "frame", "write"]
