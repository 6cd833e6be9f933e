"""A pretraining from nothing to two ``.keras`` files."""

import os
import pathlib

import keras
import numpy as np

from crossinfo import config, model
from crossinfo.pretrain import package, renderer
from crossinfo.pretrain.localiser import LocaliserStage
from crossinfo.pretrain.pose import PoseStage
from crossinfo.pretrain.settings import Settings
from crossinfo.pretrain.stage import Stage
from datasets.io import atomic

# Persons and pictures of validation come from another seed.
HELD_OUT_SEED = 1_000_003
LOCALISER_FILE = "localiser.keras"
POSE_FILE = "pose.keras"


class Pretraining:
    """The two stages in one folder; what is finished is not done again.

    Args:
        settings: Settings.
        work_dir: folder; made if missing.
        workers: int. Rendering processes.
        machine: config.Machine of the pose stage, the default's if None.
    """

    def __init__(
        self,
        settings: Settings,
        work_dir: str | os.PathLike,
        workers: int = 1,
        machine: config.Machine | None = None,
    ):
        self.settings = settings
        self.work_dir = pathlib.Path(work_dir)
        self.workers = workers
        self.machine = machine or config.Machine()

    def train(self) -> None:
        """Leaves both networks and the folder ``weights``; raises KeyboardInterrupt, all saved, on Ctrl-C."""
        self.settings.write(self.work_dir)
        with renderer.Renderer(self.work_dir / "pictures", self.settings, self.workers) as rendered:
            self._train("localiser", LOCALISER_FILE, rendered)
            self._train("pose", POSE_FILE, rendered)
        package.write(self.work_dir, self.settings)

    def _train(self, kind, file, rendered):
        if (self.work_dir / file).exists():
            return
        keras.utils.set_random_seed(self.settings.seed)
        chunks, visits = (getattr(self.settings, f"{kind}_{name}") for name in ("chunks", "visits"))
        frames = len(next(iter(rendered.chunk(kind, 0).values())))
        steps = max(frames * visits // self.settings.batch_size, 1)
        schedule = config.ScheduleConfig(
            epochs=chunks,
            batch_size=self.settings.batch_size,
            learning_rate=self.settings.learning_rate,
            curve="cosine",
        )
        stage = self._stage(kind, schedule, steps)
        Stage(stage, self.settings, chunks, visits, self.work_dir / kind).run(rendered)
        model.save(stage.snapshot, self.work_dir / file)

    def _stage(self, kind, schedule, steps):
        held_out = self.held_out()[kind]
        if kind == "localiser":
            return LocaliserStage(schedule, steps, held_out)
        return PoseStage(self.settings.variant, schedule, steps, held_out, self.machine)

    def held_out(self) -> dict[str, dict[str, np.ndarray]]:
        """Arrays of held-out pictures {kind: arrays}, rendered once."""
        folder = self.work_dir / "held_out"
        paths = {kind: renderer.chunk_path(folder, kind, 0) for kind in renderer.KINDS}
        if not all(path.exists() for path in paths.values()):
            arrays = renderer.render(self.settings.seed + HELD_OUT_SEED, 0, self.settings.validation_pictures)
            for kind, path in paths.items():
                with atomic.atomic_write(path, "wb") as file:
                    np.savez(file, **arrays[kind])
        return {kind: renderer.load(path) for kind, path in paths.items()}
