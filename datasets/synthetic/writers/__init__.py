"""Synthetic frames in each dataset's own format, one module per format.

Every module has ``write(folder, frames, seed, options, workers)`` and a ``DEVICE`` where its camera is not
MSRA15's.
"""

from datasets.synthetic.writers import hands17, icvl, msra, nyu

WRITERS = {"msra": msra.write, "nyu": nyu.write, "icvl": icvl.write, "hands17": hands17.write}
FORMATS = tuple(WRITERS)

__all__ = ["FORMATS", "WRITERS"]
