"""A pretraining from nothing to two ``.keras`` files."""

import contextlib
import functools
import os
import pathlib

import keras

from crossinfo import config, model
from crossinfo.export.packaged import LOCALISER_FILE, POSE_FILE
from crossinfo.pretrain import contents, package, renderer
from crossinfo.pretrain.checks import ChecksStage
from crossinfo.pretrain.localiser import LocaliserStage
from crossinfo.pretrain.pose import PoseStage
from crossinfo.pretrain.renderer import Renderer
from crossinfo.pretrain.settings import Settings
from crossinfo.pretrain.side import SideStage
from crossinfo.pretrain.stage import Stage

# Persons and pictures of validation come from another seed.
HELD_OUT_SEED = 1_000_003
# And those on which the checker learns what the finder does with pictures that it was not trained on.
PROPOSALS_SEED = 2_000_003
# The localiser after each of its stages.
FOUND_FILE, CHECKED_FILE = "localiser/localiser.keras", "checks/localiser.keras"


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
        with self._pictures() as pictures:
            self._train("localiser", FOUND_FILE, pictures, self._localiser_stage)
            with self._proposals() as proposals:
                self._train("checks", CHECKED_FILE, proposals, self._checks_stage)
            self._train("pose", POSE_FILE, pictures, self._pose_stage)
            self._train("side", LOCALISER_FILE, pictures, self._side_stage)
        package.write(self.work_dir, self.settings)

    def _pictures(self):
        chunks = max(span.chunks for span in self.settings.spans.values() if span.arrays in contents.KINDS)
        make = functools.partial(contents.pictures, self.settings.seed, self.settings.chunk_pictures)
        return Renderer(self.work_dir / "pictures", make, contents.KINDS, chunks, self.workers)

    def _proposals(self):
        """Rendered only as long as they are needed."""
        if (self.work_dir / CHECKED_FILE).exists():
            return contextlib.nullcontext()
        make = functools.partial(
            contents.proposals,
            self.work_dir / FOUND_FILE,
            self.settings.seed + PROPOSALS_SEED,
            self.settings.chunk_pictures,
        )
        chunks = self.settings.checks_chunks
        return Renderer(self.work_dir / "proposals", make, (contents.CHECKS,), chunks, self.workers)

    def _train(self, kind, file, rendered, make_stage):
        """Trains one stage, unless its network is there."""
        if (self.work_dir / file).exists():
            return
        keras.utils.set_random_seed(self.settings.seed)
        span = self.settings.spans[kind]
        frames = len(next(iter(rendered.chunk(span.arrays, 0).values())))
        steps = max(frames * span.visits // self.settings.batch_size, 1)
        schedule = config.ScheduleConfig(
            epochs=span.chunks,
            batch_size=self.settings.batch_size,
            learning_rate=self.settings.learning_rate,
            curve="cosine",
        )
        stage = make_stage(schedule, steps)
        Stage(stage, self.settings, span, self.work_dir / kind).run(rendered)
        model.save(stage.snapshot, self.work_dir / file)

    def _localiser_stage(self, schedule, steps):
        return LocaliserStage(schedule, steps, self.held_out("localiser"))

    def _checks_stage(self, schedule, steps):
        return ChecksStage(self._load(FOUND_FILE), schedule, steps, self.held_out("checks"))

    def _pose_stage(self, schedule, steps):
        return PoseStage(self.settings.variant, schedule, steps, self.held_out("pose"), self.machine)

    def _side_stage(self, schedule, steps):
        localiser, pose = self._load(CHECKED_FILE), self._load(POSE_FILE)
        return SideStage(localiser, pose, schedule, steps, self.held_out("pose"))

    def _load(self, file):
        return keras.saving.load_model(self.work_dir / file, compile=False)

    def held_out(self, kind: str) -> renderer.Arrays:
        """Arrays of held-out pictures for one of "localiser", "checks" and "pose", rendered once."""
        folder, seed = self.work_dir / "held_out", self.settings.seed + HELD_OUT_SEED
        path = renderer.chunk_path(folder, kind, 0)
        if not path.exists():
            size = self.settings.validation_pictures
            make = functools.partial(contents.pictures, seed)
            if kind == contents.CHECKS:
                make = functools.partial(contents.proposals, self.work_dir / FOUND_FILE, seed)
            renderer.write(folder, 0, make(size, 0))
        return renderer.load(path)
