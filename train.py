"""Trains CrossInfoNet: ``python train.py --dataset=synthetic --variant=compact --work_dir=runs/quick``."""

from crossinfo import cli
from datasets import command


def main(values):
    """Flags -> settings -> one call."""
    run = cli.run_config(values)
    command.import_tensorflow()
    from crossinfo import runs, training

    machine = training.Machine(values.strategy, values.augment_on, values.jit_compile, values.workers)
    train = runs.train_all_subjects if cli.all_subjects(values) else runs.train
    try:
        train(run, values.work_dir, machine)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("everything is saved; the same command goes on from here") from None


if __name__ == "__main__":
    command.run(cli.TRAIN, main)
