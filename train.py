"""Trains CrossInfoNet: ``python train.py --dataset=synthetic --variant=compact --work_dir=runs/quick``."""

from crossinfo import flags
from datasets import command_line, runtime


def main(values):
    """Flags -> settings -> one call."""
    settings = flags.run_config(values)
    runtime.import_tensorflow()
    from crossinfo.training import run

    train = run.train_all_subjects if flags.all_subjects(values) else run.train
    try:
        train(settings, values.work_dir, flags.machine(values), values.cache_dir)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("everything is saved; the same command goes on from here") from None


if __name__ == "__main__":
    command_line.run(flags.TRAIN, main)
