"""``python -m crossinfo.pretrain``: trains the localiser and the pose network on synthetic pictures."""

import dataclasses
from types import SimpleNamespace

from crossinfo import config
from crossinfo.pretrain.settings import Settings
from datasets.command_line import Command, Group, run
from datasets.runtime import import_tensorflow

DEFAULT = Settings()


def _define(values):
    group = Group(values, "Run")
    group.string("work_dir", None, "Output folder; the same command resumes an interrupted run.", True)
    group.integer("seed", DEFAULT.seed, "Random seed of persons, scenes, weights and order.", 0, 2**31 - 1)
    group.integer("workers", 1, "Processes that render beside the training.", lower=1)
    group = Group(values, "Training")
    group.integer("chunk_pictures", DEFAULT.chunk_pictures, "Pictures rendered as one chunk.", lower=16)
    group.integer(
        "localiser_chunks", DEFAULT.localiser_chunks, "Chunks the localiser is trained on.", lower=1
    )
    group.integer("side_chunks", DEFAULT.side_chunks, "Chunks the judge of sides is trained on.", lower=1)
    group.integer("checks_chunks", DEFAULT.checks_chunks, "Chunks its checker is trained on.", lower=1)
    group.integer("pose_chunks", DEFAULT.pose_chunks, "Chunks the pose network is trained on.", lower=1)
    group.integer(
        "localiser_visits", DEFAULT.localiser_visits, "How often the localiser sees each chunk.", lower=1
    )
    group.integer("checks_visits", DEFAULT.checks_visits, "How often the checker sees each chunk.", lower=1)
    group.integer("pose_visits", DEFAULT.pose_visits, "How often the pose network sees each chunk.", lower=1)
    group.choice("variant", DEFAULT.variant, config.VARIANTS, "The pose network.")
    group.integer("batch_size", DEFAULT.batch_size, "Pictures or crops per step.", lower=2)
    group.number("learning_rate", DEFAULT.learning_rate, "Initial learning rate.", lower=1e-9)
    group.integer(
        "validation_pictures", DEFAULT.validation_pictures, "Held-out pictures of other persons.", lower=16
    )


COMMAND = Command(
    usage="python -m crossinfo.pretrain",
    summary="Trains the localiser and the pose network on synthetic pictures rendered beside the training.",
    define=_define,
)


def main(values: SimpleNamespace) -> None:
    """Runs the command on parsed flags."""
    import_tensorflow()
    from crossinfo.pretrain.run import Pretraining

    names = (field.name for field in dataclasses.fields(Settings))
    settings = Settings(**{name: getattr(values, name) for name in names})
    Pretraining(settings, values.work_dir, values.workers).train()


if __name__ == "__main__":
    run(COMMAND, main)
