"""The flags of ``train.py`` and ``evaluate.py``, and the one way from flags to settings."""

import dataclasses
import os

from crossinfo import config
from datasets import registry
from datasets.command_line import Command, Group
from datasets.errors import InputError


def data_flags(flag_values):
    """Which frames, and where the hand is taken to be."""
    data = Group(flag_values, "Data")
    data.choice("dataset", "synthetic", registry.DATASETS, "Which dataset.")
    data.string("data_dir", None, "Its root folder. Synthetic data without it are made under WORK_DIR/data.")
    data.choice(
        "centre", None, ("gt", "file", "com"),
        "Where the hand is: ground truth (numbers are then not comparable with others'), a file, or the "
        "centre of mass. Without it: file when --centre_file is given, else com.",
    )  # fmt: skip
    data.string(
        "centre_file", None, "The test split's centres: a line of x y z in mm, or name x y z, a frame."
    )
    data.choice(
        "test_subject", "0", (*map(str, range(9)), "all"),
        "MSRA: the subject left out for the test; all: nine runs, and the mean over their frames.",
    )  # fmt: skip


def _train_flags(flag_values):
    run = Group(flag_values, "Run")
    run.string("work_dir", None, "Where everything of this run goes; the same command goes on with it.", True)
    run.integer("seed", 0, "Of data, order, augmentation, weights and dropout.", 0, 2**31 - 1)
    run_flags(flag_values)
    network = Group(flag_values, "Network")
    network.switch("cross_connection", True, "Off: the paper's baseline refinement (table 1).")
    network.switch("heatmap_guidance", True, "Off: no heat-map heads (table 1).")
    network.string(
        "init_from", None,
        "WORK_DIR or model.keras of a trained network to fine-tune; its layers must be the same.",
    )  # fmt: skip


def run_flags(flag_values):
    """What to train on and how: all of ``train.py``'s flags but the run's place, seed and table 1's rows."""
    data_flags(flag_values)
    data = Group(flag_values, "Data")
    data.string(
        "train_centre_file", None,
        "The training split's centres. Without it --centre_file, whose lines then begin with frame names.",
    )  # fmt: skip
    data.integer("max_frames", None, "Train on at most so many frames, evenly spread.", lower=1)
    data.number("validation_fraction", 0.05, "Training frames set aside to pick the best epoch.", 0.0, 0.5)
    data.number("cube_mm", None, "Side of the crop cube; without it the dataset's own.", 1.0, 10_000.0)
    data.choice(
        "icvl_frames", "original", ("original", "all"), "ICVL: train without or with the rotated copies."
    )
    data.switch("drop_bad", False, "MSRA: train without the frames whose labels are known to be wrong.")
    data.integer(
        "synthetic_frames", SYNTHETIC_FRAMES, "How many frames to make without --data_dir.", lower=10
    )
    network = Group(flag_values, "Network")
    network.choice(
        "variant", "paper", config.VARIANTS, "paper; release: the authors' program; compact: CPUs."
    )
    training = Group(flag_values, "Training")
    training.integer("epochs", None, "Without it the variant's own.", lower=1)
    training.integer("batch_size", None, "Over all devices. Without it the variant's own.", lower=1)
    training.number("learning_rate", None, "At the start. Without it the variant's own.", lower=1e-9)
    training.choice(
        "select_on", "validation", ("validation", "test"),
        "What picks the best epoch. test is what the authors did; the report says so.",
    )  # fmt: skip
    machine = Group(flag_values, "Machine")
    machine.choice(
        "precision", "float32", config.PRECISIONS, "Keras dtype policy; heads and losses stay float32."
    )
    machine.switch("tensor_float_32", True, "Let GPUs multiply float32 numbers as TensorFloat-32: faster.")
    machine.switch("jit_compile", None, "Compile the step with XLA. Without it: where there is a GPU.")
    machine.choice(
        "augment_on", "auto", config.AUGMENT_ON,
        "Augment and make targets inside tf.data (host) or inside the step (device); auto: device on a GPU.",
    )  # fmt: skip
    machine.choice(
        "strategy", "auto", config.STRATEGIES,
        "auto: all GPUs of this machine; multi_worker: the machines in TF_CONFIG.",
    )  # fmt: skip
    machine.switch("deterministic", False, "Deterministic operations only: slower on a GPU, equal reruns.")
    machine.number(
        "checkpoint_minutes", 10.0, "Longest time between two checkpoints within an epoch.", lower=0.0
    )
    machine.string(
        "cache_dir", None, "Where cropped frames are kept for all runs; without it WORK_DIR/shards."
    )
    machine.integer("workers", None, WORKERS, lower=0)


def _evaluate_flags(flag_values):
    network = Group(flag_values, "A network")
    network.string("model", None, "WORK_DIR, model.keras, an exported SavedModel or a model.tflite of crops.")
    data_flags(flag_values)
    network.switch("by_centre", True, "Also the error by each other centre mode that the data allow.")
    files = Group(flag_values, "Or text files")
    files.string("labels", None, "Labels in the field's format: u v d a joint, a frame a line.")
    files.strings("predictions", [], "Files of predictions, separated by commas; any number of methods.")
    files.choice(
        "format", "uvd", ("uvd", "xyz", "submission"),
        "Of both: u v d (pixel, pixel, mm); x y z in mm; or HANDS 2017's file name and x y z.",
    )  # fmt: skip
    files.string("label_names", None, "The frames' names, a line a row of the labels.")
    files.string("prediction_names", None, "The same for the predictions where their list is another one.")
    files.string("angles", None, "Yaw and pitch of each frame's hand in degrees; without it from the labels.")
    report = Group(flag_values, "Report")
    report.string("report_dir", None, "Where the report goes.", True)
    report.string("cache_dir", None, "Where cropped frames are kept; without it REPORT_DIR/shards.")
    report.integer("workers", None, WORKERS, lower=0)


SYNTHETIC_FRAMES = 9000
WORKERS = "Processes that prepare frames, a core each; 0: none beside this one. Without it one a core."

TRAIN = Command(
    "python train.py",
    "Trains CrossInfoNet and leaves checkpoints, model.keras, export/1 and the test report in --work_dir.",
    _train_flags,
)
EVALUATE = Command(
    "python evaluate.py",
    "Scores a trained network on a dataset's test split, or text files of predictions against labels.",
    _evaluate_flags,
)


def run_config(values):
    """``config.RunConfig`` from the values of ``TRAIN``'s flags. Raises InputError naming a flag."""
    dataset = registry.get(values.dataset)
    variant = config.variant_for(
        values.variant, dataset.skeleton, values.cross_connection, values.heatmap_guidance
    )
    changes = {key: getattr(values, key) for key in ("epochs", "batch_size", "learning_rate")}
    changes = {key: value for key, value in changes.items() if value is not None}
    variant = dataclasses.replace(variant, schedule=dataclasses.replace(variant.schedule, **changes))
    cubes = (values.cube_mm,) if values.cube_mm else None
    return config.RunConfig(
        dataset=values.dataset,
        data_dir=_absolute(values.data_dir),
        variant_name=values.variant,
        variant=variant,
        centre=centre_mode(values),
        centre_file=_absolute(values.centre_file),
        train_centre_file=_absolute(values.train_centre_file or values.centre_file),
        train_cubes_mm=cubes
        or (dataset.train_cubes_mm if values.variant == "release" else (dataset.cube_mm,)),
        test_cube_mm=values.cube_mm or dataset.cube_mm,
        validation_fraction=values.validation_fraction if values.select_on == "validation" else 0.0,
        max_frames=values.max_frames,
        synthetic_frames=values.synthetic_frames,
        seed=values.seed,
        precision=values.precision,
        select_on=values.select_on,
        options=reader_options(values),
        init_from=_absolute(getattr(values, "init_from", None)),
    )


def machine(values):
    """``config.Machine`` from the values of ``TRAIN``'s flags."""
    names = (field.name for field in dataclasses.fields(config.Machine))
    return config.Machine(**{name: getattr(values, name) for name in names})


def all_subjects(values):
    """Whether ``--test_subject=all``. Raises InputError for a dataset that is not MSRA."""
    if values.test_subject != "all":
        return False
    if registry.get(values.dataset).opener is not registry.MSRA.opener:
        raise InputError(f"--test_subject=all: goes with MSRA's nine subjects, not with {values.dataset}")
    if values.centre_file:
        raise InputError("--test_subject=all: a --centre_file is of one subject; run them one by one")
    return True


def centre_mode(values):
    """``--centre``, or file when a file is given, else com: never gt unless asked for by name."""
    mode = values.centre or ("file" if values.centre_file else "com")
    if (mode == "file") != bool(values.centre_file):
        raise InputError(
            f"--centre={mode}: goes {'only with' if mode == 'file' else 'without'} --centre_file"
        )
    return mode


def reader_options(values):
    """``registry.ReaderOptions`` from flags."""
    subject = 0 if values.test_subject == "all" else int(values.test_subject)
    of_training = {key: getattr(values, key) for key in ("drop_bad", "icvl_frames") if hasattr(values, key)}
    return registry.ReaderOptions(test_subject=subject, **of_training)


def _absolute(path):
    return path and os.path.abspath(path)
