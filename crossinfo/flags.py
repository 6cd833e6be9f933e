"""The flags of ``train.py`` and ``evaluate.py``, and the one way from flags to settings."""

import dataclasses
import os
from types import SimpleNamespace

from crossinfo import config
from datasets import data_flags as shared
from datasets import registry
from datasets.command_line import Command, FlagValues, Group
from datasets.errors import InputError

SYNTHETIC_FRAMES = 9000
PRETRAINED = "pretrained"
REFINED = "refined"
WORKERS = "Processes that prepare frames; 0 prepares them in the main process. Default: one per core."


def data_flags(flag_values: FlagValues, refined: bool = False) -> None:
    """Defines which frames to take, and where the hand is taken to be; perhaps where the network finds it."""
    data = Group(flag_values, "Data")
    synthetic = "Without it, synthetic data are generated in WORK_DIR/data."
    shared.define_dataset(data, "synthetic", synthetic, all_subjects=True)
    if not refined:
        shared.define_centre(data)
        return
    data.choice(
        "centre", None, (*shared.CENTRES, REFINED),
        "Where the hand is: ground truth (numbers are then not comparable with others'), a file, the centre "
        "of mass, or where a network that finds hands finds it (as these numbers are: it sees the whole "
        "frame). Default: file if --centre_file is given, else com.",
    )  # fmt: skip
    shared.define_centre_file(data)


def run_flags(flag_values: FlagValues) -> None:
    """Defines what to train on and how: ``train.py``'s flags but work_dir, seed, switches and init_from."""
    data_flags(flag_values)
    data = Group(flag_values, "Data")
    data.string(
        "train_centre_file", None,
        "Centres of the training split. Default: --centre_file, whose lines then begin with frame names.",
    )  # fmt: skip
    data.integer("max_frames", None, "Train on at most this many frames, evenly spread.", lower=1)
    data.number(
        "validation_fraction", 0.05, "Share of the training frames held out to pick the best epoch.", 0.0, 0.5
    )
    data.number("cube_mm", None, "Side of the crop cube in mm. Default: the dataset's.", 1.0, 10_000.0)
    shared.define_icvl_frames(data)
    data.switch("drop_bad", False, "MSRA: train without the frames whose labels are known to be wrong.")
    data.integer(
        "synthetic_frames", SYNTHETIC_FRAMES, "Number of frames to generate without --data_dir.", lower=10
    )
    network = Group(flag_values, "Network")
    network.choice(
        "variant", "paper", config.VARIANTS,
        "paper: as published; release: as in the authors' program; medium, compact: small, for CPUs.",
    )  # fmt: skip
    training = Group(flag_values, "Training")
    training.integer("epochs", None, "Number of epochs. Default: the variant's.", lower=1)
    training.integer("batch_size", None, "Frames per step over all devices. Default: the variant's.", lower=1)
    training.number("learning_rate", None, "Initial learning rate. Default: the variant's.", lower=1e-9)
    training.choice(
        "select_on", "validation", ("validation", "test"),
        "Split that picks the best epoch. The authors picked it on the test split; the report states which.",
    )  # fmt: skip
    machine_flags(flag_values)


def machine_flags(flag_values: FlagValues) -> None:
    """Defines how to compute: the fields of ``config.Machine``, precision and the cache."""
    machine = Group(flag_values, "Machine")
    machine.choice(
        "precision", "float32", config.PRECISIONS,
        "Keras dtype policy. Output layers and losses are float32 in all of them.",
    )  # fmt: skip
    machine.switch("tensor_float_32", True, "Let GPUs use TensorFloat-32 for float32 products: faster.")
    machine.switch("jit_compile", None, "Compile the step with XLA. Default: on if there is a GPU.")
    machine.choice(
        "augment_on", "auto", config.AUGMENT_ON,
        "Augment and make targets in tf.data (host) or in the compiled step (device); "
        "auto: device if there is a GPU.",
    )  # fmt: skip
    machine.choice(
        "strategy", "auto", config.STRATEGIES,
        "auto: all GPUs of this machine; multi_worker: the machines listed in TF_CONFIG.",
    )  # fmt: skip
    machine.number("connect_minutes", 1.0, "multi_worker: longest wait for all workers to start.", lower=0.0)
    machine.switch("deterministic", False, "Use deterministic operations only: reproducible, slower on GPUs.")
    machine.number(
        "checkpoint_minutes", 10.0, "Longest time between two checkpoints within an epoch.", lower=0.0
    )
    machine.string(
        "cache_dir", None, "Folder of cropped frames, shared between runs. Default: WORK_DIR/shards."
    )
    machine.integer("workers", None, WORKERS, lower=0)


def _train_flags(flag_values):
    run = Group(flag_values, "Run")
    run.string(
        "work_dir", None, "Output folder of this run; the same command resumes an interrupted run.", True
    )
    run.integer(
        "seed", 0, "Random seed for data, shuffling, augmentation, weights and dropout.", 0, 2**31 - 1
    )
    run_flags(flag_values)
    network = Group(flag_values, "Network")
    network.choice(
        "sharing", None, config.SHARING,
        "What the branches share: cross, the paper's cross connection; stitch, cross-stitch units in its "
        "place (figure 5a); none, the baseline refinement (table 1). Default: cross.",
    )  # fmt: skip
    network.switch(
        "cross_connection", None, "On: the same as --sharing=cross. Off: the same as --sharing=none."
    )
    network.switch("heatmap_guidance", True, "Off: no heat-map heads (table 1).")
    network.string(
        "init_from", None,
        "WORK_DIR or model.keras of a trained network to fine-tune, or pretrained for the package's own; its "
        "layers must be the same, but for the last ones where the joints are others.",
    )  # fmt: skip


def _evaluate_flags(flag_values):
    network = Group(flag_values, "A network")
    network.string(
        "model", None,
        "WORK_DIR, model.keras, exported SavedModel or a model.tflite. Default: the pretrained networks of "
        "this package, for datasets of their 21 joints.",
    )  # fmt: skip
    data_flags(flag_values, refined=True)
    network.switch("by_centre", True, "Also report the error for each other centre mode the data allow.")
    files = Group(flag_values, "Or text files")
    files.string("labels", None, "Labels in the field's format: one frame per line, u v d of each joint.")
    files.strings("predictions", [], "Files of predictions, separated by commas, one per method.")
    files.choice(
        "format", "uvd", ("uvd", "xyz", "submission"),
        "Format of labels and predictions: u v d (pixel, pixel, mm); x y z in mm; or HANDS 2017's, "
        "file name and x y z.",
    )  # fmt: skip
    files.string("label_names", None, "Names of the labelled frames, one per line, in the labels' order.")
    files.string("prediction_names", None, "The same for the predictions. Default: --label_names.")
    files.string(
        "angles", None, "Yaw and pitch of each frame's hand in degrees. Default: computed from the labels."
    )
    report = Group(flag_values, "Report")
    report.string("report_dir", None, "Output folder of the report.", True)
    report.string("cache_dir", None, "Folder of cropped frames. Default: REPORT_DIR/shards.")
    report.integer("workers", None, WORKERS, lower=0)


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


def run_config(values: SimpleNamespace) -> config.RunConfig:
    """``config.RunConfig`` from the values of ``TRAIN``'s flags. Raises InputError naming a flag."""
    settings = run_settings(values)
    variant = settings.variant.with_switches(_sharing(values), values.heatmap_guidance)
    return dataclasses.replace(settings, variant=variant, init_from=_init_from(values.init_from))


def _sharing(values):
    """``NetworkConfig.sharing`` from its two flags."""
    if values.cross_connection is None:
        return values.sharing or "cross"
    sharing = config.sharing_for(values.cross_connection)
    if values.sharing not in (None, sharing):
        switch = "--cross_connection" if values.cross_connection else "--nocross_connection"
        raise InputError(
            f"{switch} means --sharing={sharing}, not --sharing={values.sharing}; give one of the two"
        )
    return sharing


def run_settings(values: SimpleNamespace) -> config.RunConfig:
    """``config.RunConfig`` of the full network from ``run_flags`` and ``seed``. Raises InputError."""
    dataset = registry.get(values.dataset)
    variant = config.variant_for(values.variant, dataset.skeleton)
    changes = {name: getattr(values, name) for name in ("epochs", "batch_size", "learning_rate")}
    changes = {name: value for name, value in changes.items() if value is not None}
    schedule = dataclasses.replace(variant.schedule, **changes)
    train_cubes_mm = dataset.train_cubes_mm if values.variant == "release" else (dataset.cube_mm,)
    return config.RunConfig(
        dataset=values.dataset,
        data_dir=_absolute(values.data_dir),
        variant_name=values.variant,
        variant=dataclasses.replace(variant, schedule=schedule),
        centre=centre_mode(values),
        centre_file=_absolute(values.centre_file),
        train_centre_file=_absolute(values.train_centre_file or values.centre_file),
        train_cubes_mm=(values.cube_mm,) if values.cube_mm else train_cubes_mm,
        test_cube_mm=values.cube_mm or dataset.cube_mm,
        validation_fraction=values.validation_fraction if values.select_on == "validation" else 0.0,
        max_frames=values.max_frames,
        synthetic_frames=values.synthetic_frames,
        seed=values.seed,
        precision=values.precision,
        select_on=values.select_on,
        options=shared.reader_options(values.test_subject, values.icvl_frames, values.drop_bad),
    )


def machine(values: SimpleNamespace) -> config.Machine:
    """``config.Machine`` from the values of ``machine_flags``."""
    names = (field.name for field in dataclasses.fields(config.Machine))
    return config.Machine(**{name: getattr(values, name) for name in names})


def all_subjects(values: SimpleNamespace) -> bool:
    """Whether ``--test_subject=all``. Raises InputError for a dataset that is not MSRA."""
    if values.test_subject != shared.ALL_SUBJECTS:
        return False
    if registry.get(values.dataset).opener is not registry.MSRA.opener:
        raise InputError(f"--test_subject=all: {values.dataset} does not have MSRA's nine subjects")
    if values.centre_file:
        raise InputError("--test_subject=all: a --centre_file is for one subject; run them one by one")
    return True


def centre_mode(values: SimpleNamespace) -> str:
    """``data_flags.centre_mode`` of the values of ``data_flags``."""
    return shared.centre_mode(values.centre, values.centre_file)


def reader_options(values: SimpleNamespace) -> registry.ReaderOptions:
    """Options of a test split's reader from the values of ``data_flags``."""
    return shared.reader_options(values.test_subject)


def test_source(values: SimpleNamespace, data_dir: str):
    """``shards.Source`` of the test split from the values of ``data_flags``; its cube is the network's."""
    from datasets import shards

    return shards.Source(
        dataset=values.dataset,
        data_dir=data_dir,
        part="test",
        centre=centre_mode(values),
        centre_file=values.centre_file,
        cubes_mm=(),
        options=reader_options(values),
    )


def _init_from(path):
    """A path made absolute; what is no path stays as it is."""
    return path if path == PRETRAINED or str(path).startswith("hf://") else _absolute(path)


def _absolute(path):
    return path and os.path.abspath(path)
