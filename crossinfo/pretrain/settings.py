"""What a pretraining is made of."""

import dataclasses
import json
import os
import pathlib
from typing import NamedTuple

from datasets.errors import InputError
from datasets.io import atomic

FILE = "pretrain.json"


class Span(NamedTuple):
    """The chunks of one stage.

    Args:
        arrays: "localiser", "checks" or "pose", which of a chunk's files is read.
        chunks: int. How many chunks, from the first on.
        visits: int. How many chunks the stage trains on at a time: each is seen so often before it goes.
    """

    arrays: str
    chunks: int
    visits: int


@dataclasses.dataclass(frozen=True)
class Settings:
    """A pretraining run. The same settings give the same pictures, in the same order.

    Args:
        seed: int. Persons, poses, scenes, weights and order.
        chunk_pictures: int. Pictures rendered as one file, and trained on together.
        localiser_chunks, checks_chunks, pose_chunks, side_chunks: int. Length of the stages in chunks. The
            checks have chunks of their own.
        localiser_visits, checks_visits, pose_visits: int. See ``Span``.
        variant: str. The pose network, a key of ``config.VARIANTS``.
        batch_size: int.
        learning_rate: float. Adam's, decayed to zero along a cosine.
        validation_pictures: int. Pictures of other persons on which the networks are judged.
    """

    seed: int = 0
    chunk_pictures: int = 512
    localiser_chunks: int = 100
    checks_chunks: int = 24
    pose_chunks: int = 400
    side_chunks: int = 60
    localiser_visits: int = 5
    checks_visits: int = 4
    pose_visits: int = 3
    variant: str = "compact"
    batch_size: int = 64
    learning_rate: float = 1e-3
    validation_pictures: int = 500

    @property
    def spans(self) -> dict[str, Span]:
        """The chunks of each stage, by its name."""
        return {
            "localiser": Span("localiser", self.localiser_chunks, self.localiser_visits),
            "checks": Span("checks", self.checks_chunks, self.checks_visits),
            "pose": Span("pose", self.pose_chunks, self.pose_visits),
            "side": Span("pose", self.side_chunks, 1),
        }

    def write(self, work_dir: str | os.PathLike) -> None:
        """Writes ``pretrain.json``; raises InputError if the folder was made with other settings."""
        path = pathlib.Path(work_dir, FILE)
        fields = dataclasses.asdict(self)
        if path.exists():
            before = json.loads(path.read_text(encoding="utf-8"))
            changed = [name for name in fields if before.get(name) != fields[name]]
            if changed:
                raise InputError(
                    f"{path}: made with `{changed[0]}`={before.get(changed[0])}, and now it is "
                    f"{fields[changed[0]]}; use the old value or another `work_dir`"
                )
        with atomic.atomic_write(path) as file:
            file.write(json.dumps(fields, indent=2) + "\n")
