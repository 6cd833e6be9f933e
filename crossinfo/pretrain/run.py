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
from crossinfo.pretrain.side import SideStage
from crossinfo.pretrain.stage import Stage
from datasets.io import atomic

# Persons and pictures of validation come from another seed.
HELD_OUT_SEED = 1_000_003
LOCALISER_FILE = "localiser.keras"
POSE_FILE = "pose.keras"


class Pretraining:
    """The stages in one folder; what is finished is not done again.

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
        without_judge = pathlib.Path("localiser", LOCALISER_FILE)
        with renderer.Renderer(self.work_dir / "pictures", self.settings, self.workers) as rendered:
            self._train("localiser", without_judge, rendered, self._localiser_stage)
            self._train("pose", POSE_FILE, rendered, self._pose_stage)
            self._train("side", LOCALISER_FILE, rendered, self._side_stage, without_judge)
        package.write(self.work_dir, self.settings)

    def _train(self, kind, file, rendered, make_stage, *more):
        """Trains one stage, unless its network is there."""
        if (self.work_dir / file).exists():
            return
        keras.utils.set_random_seed(self.settings.seed)
        span = self.settings.spans[kind]
        frames = len(next(iter(rendered.chunk(span.arrays, span.first).values())))
        steps = max(frames * span.visits // self.settings.batch_size, 1)
        schedule = config.ScheduleConfig(
            epochs=span.chunks,
            batch_size=self.settings.batch_size,
            learning_rate=self.settings.learning_rate,
            curve="cosine",
        )
        stage = make_stage(schedule, steps, self.held_out()[span.arrays], *more)
        Stage(stage, self.settings, span, self.work_dir / kind).run(rendered)
        model.save(stage.snapshot, self.work_dir / file)

    def _localiser_stage(self, schedule, steps, held_out):
        return LocaliserStage(schedule, steps, held_out)

    def _pose_stage(self, schedule, steps, held_out):
        return PoseStage(self.settings.variant, schedule, steps, held_out, self.machine)

    def _side_stage(self, schedule, steps, held_out, without_judge):
        localiser, pose = (
            keras.saving.load_model(self.work_dir / file, compile=False)
            for file in (without_judge, POSE_FILE)
        )
        return SideStage(localiser, pose, schedule, steps, held_out)

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
