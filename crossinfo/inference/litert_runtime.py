"""Running a LiteRT file. TensorFlow is not needed."""

import os
from typing import TYPE_CHECKING

import numpy as np

from datasets.errors import InputError

if TYPE_CHECKING:
    from ai_edge_litert.interpreter import Interpreter


def interpreter_class() -> type["Interpreter"]:
    """``ai_edge_litert``'s Interpreter; raises InputError if the package is not installed."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        raise InputError("LiteRT needs ai-edge-litert: pip install 'crossinfonet[litert]'") from None
    return Interpreter


def interpreter(
    path: str | os.PathLike | None = None, content: bytes | None = None, threads: int | None = None
) -> "Interpreter":
    """An interpreter of a file or of its content.

    Args:
        path: of the file, or None.
        content: of the file, where there is no path.
        threads: how many it may use; None lets it choose.

    Raises InputError if ai-edge-litert is missing, or the file is damaged.
    """
    try:
        return interpreter_class()(path and str(path), model_content=content, num_threads=threads)
    except (ValueError, RuntimeError):
        raise InputError(f"{path}: not a LiteRT file, or damaged; export it again") from None


class Runner:
    """A LiteRT file as a function of batches, which it runs frame by frame.

    Arguments as of ``interpreter``, which raises the same errors.

    Attributes:
        shapes: {input: its shape for one frame}; None for a side of any length, to which the interpreter
            adapts as soon as a frame differs from the one before.
        outputs: names of the outputs.
    """

    def __init__(
        self, path: str | os.PathLike | None = None, content: bytes | None = None, threads: int | None = None
    ):
        self._path = path
        self._call = interpreter(path, content, threads).get_signature_runner()
        details = self._call.get_input_details()
        self.shapes = {name: _sides(detail["shape_signature"][1:]) for name, detail in details.items()}
        self.outputs = tuple(self._call.get_output_details())

    def __call__(self, **arrays: np.ndarray) -> dict[str, np.ndarray]:
        """Outputs by name, one row per frame; raises InputError for frames of another size."""
        for name, array in arrays.items():
            if not _fits(array.shape[1:], self.shapes[name]):
                raise InputError(
                    f"{self._path}: {name} of {self.shapes[name]} only. Received: {array.shape[1:]}"
                )
        frames = zip(*arrays.values(), strict=True)
        outputs = [
            self._call(**{name: value[None] for name, value in zip(arrays, frame, strict=True)})
            for frame in frames
        ]
        return {name: np.concatenate([output[name] for output in outputs]) for name in outputs[0]}


def _sides(sizes):
    """A shape with None for what is open."""
    return tuple(None if size < 0 else int(size) for size in sizes)


def _fits(shape, sides):
    return len(shape) == len(sides) and all(
        size > 0 and side in (None, size) for size, side in zip(shape, sides, strict=True)
    )
