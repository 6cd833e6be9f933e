"""Settings as frozen dataclasses: the four variants, and a run's whole configuration, to and from JSON.

``paper`` follows the paper, and the authors' release where the paper is silent; ``release`` is the
authors' program to the number; ``compact`` is the same topology made small for CPUs and quick starts;
``medium`` lies between, with the capacity for hands seen from all sides.
"""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from datasets.errors import InputError
from datasets.registry import ReaderOptions
from datasets.skeletons import Skeleton

PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")
STRATEGIES = ("auto", "one_device", "mirrored", "multi_worker")
AUGMENT_ON = ("auto", "host", "device")
SHARING = ("cross", "stitch", "none")
MAX_SIZE = 65536
_SIZES = (
    "joints", "palm_joints", "finger_joints", "stem_filters", "pyramid_filters", "block_filters",
    "dense_units",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class NetworkConfig:
    """Everything that shapes the network; equal configurations build equal networks.

    Args:
        joints, palm_joints, finger_joints: int. A, P, F of the paper; A = P + F.
        stem_filters: int. Channels of the first 5 x 5 convolution.
        stage_filters: tuple of 4 ints. Base depths of the residual stages; a stage has 4 x as many outputs.
        stage_units: tuple of 4 ints. Residual blocks per stage; the last one has the stride.
        pyramid_filters: int. Channels of the pyramid and of ``T`` (256 in the paper).
        block_filters: int. Base depth of the residual blocks after the pyramid.
        dense_units: int. Width of the two fully connected layers of each branch.
        dropout: float. Share of units dropped after each of them.
        sharing: what the branches share. "cross": the cross connection (section 3.3); "stitch": cross-stitch
            units (figure 5a); "none": nothing, the paper's baseline refinement (section 3.2). Files of
            earlier versions say `cross_connection`, see ``from_dict``.
        heatmap_guidance: bool. False: no heat-map heads (table 1, "Base" and "Cross").
        normalisation: "fused", batch normalisation; or None, biases instead. "exact", found in older files,
            means "fused".
        normalise_outputs: bool. Batch normalisation on output layers too, instead of a bias.
        resize_grid: "half_pixel" (Keras) or "tf1" (the release's sampling grid).
        initializer: "normal" (N(0, 0.01), the paper) or "glorot_uniform" (the release).
    """

    joints: int = 21
    palm_joints: int = 6
    finger_joints: int = 15
    stem_filters: int = 32
    stage_filters: tuple[int, int, int, int] = (16, 32, 64, 64)
    stage_units: tuple[int, int, int, int] = (3, 4, 6, 3)
    pyramid_filters: int = 256
    block_filters: int = 128
    dense_units: int = 2048
    dropout: float = 0.6
    sharing: str = "cross"
    heatmap_guidance: bool = True
    normalisation: str | None = "fused"
    normalise_outputs: bool = False
    resize_grid: str = "half_pixel"
    initializer: str = "normal"

    def __post_init__(self):
        # JSON gives lists back.
        for name in ("stage_filters", "stage_units"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        self._check_sizes()
        if self.joints != self.palm_joints + self.finger_joints:
            raise ValueError(
                "joints must be palm_joints + finger_joints. Received: "
                f"{self.joints}, {self.palm_joints}, {self.finger_joints}"
            )
        if self.sharing not in SHARING:
            raise ValueError(f"sharing must be one of {SHARING}. Received: sharing={self.sharing!r}")

    def _check_sizes(self):
        sizes = [getattr(self, name) for name in _SIZES]
        for name in ("stage_filters", "stage_units"):
            if len(getattr(self, name)) != 4:
                raise ValueError(f"{name} must be 4 whole numbers. Received: {getattr(self, name)!r:.80}")
            sizes += getattr(self, name)
        for size in sizes:
            if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= MAX_SIZE:
                raise ValueError(f"sizes must be whole numbers from 1 to {MAX_SIZE}. Received: {size!r:.80}")
        if isinstance(self.dropout, bool) or not isinstance(self.dropout, int | float):
            raise ValueError(f"dropout must be a number. Received: {self.dropout!r:.80}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be from 0 to below 1. Received: {self.dropout}")

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "NetworkConfig":
        """From a dict as JSON gives it, of this or an earlier version."""
        return cls(**current_names(fields))

    @property
    def cross_connection(self) -> bool:
        """Whether the branches share by the cross connection."""
        return self.sharing == "cross"


def sharing_for(cross_connection: bool) -> str:
    """What the switch ``cross_connection``, the older spelling of ``NetworkConfig.sharing``, means."""
    return "cross" if cross_connection else "none"


def current_names(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A network's fields as they are named now: `sharing` in place of an earlier `cross_connection`."""
    fields = dict(fields)
    if "cross_connection" in fields:
        fields["sharing"] = sharing_for(fields.pop("cross_connection"))
    return fields


@dataclasses.dataclass(frozen=True)
class LossConfig:
    """Weights of equation (7).

    Args:
        heatmap_weight: float. alpha.
        joint_weight: float. beta.
        factor: float. 1 for the paper; 1/4 for the release (its 0.5, and the 1/2 in ``l2_loss``).
        weight_decay: float. Times sum(w^2) / 2 over kernels.
    """

    heatmap_weight: float = 0.01
    joint_weight: float = 1.0
    factor: float = 1.0
    weight_decay: float = 1e-5


@dataclasses.dataclass(frozen=True)
class ScheduleConfig:
    """How long and how fast to train (section 3.5).

    Args:
        epochs, batch_size: int.
        learning_rate: float. Adam's, at the start.
        decay: float. The learning rate's factor per epoch ("exponential"); unused by "cosine".
        curve: "exponential" (the paper) or "cosine" (to zero at the last step, after a short warm-up).
        augmentation: "paper", "mild" or "release", a key of ``datasets.augment.SAMPLERS``.
        statistics_frames: int. Training frames over which batch normalisation's statistics are renewed
            before validation and export, see ``crossinfo.training.statistics``; 0 keeps the moving averages.
    """

    epochs: int = 110
    batch_size: int = 128
    learning_rate: float = 1e-3
    decay: float = 0.96
    curve: str = "exponential"
    augmentation: str = "paper"
    statistics_frames: int = 1280


@dataclasses.dataclass(frozen=True)
class Variant:
    """A network with the losses and schedule it is trained by."""

    network: NetworkConfig
    loss: LossConfig
    schedule: ScheduleConfig

    def with_switches(self, sharing: str, heatmap_guidance: bool) -> "Variant":
        """The same variant as one of table 1's rows: ``sharing`` is one of ``SHARING``."""
        network = dataclasses.replace(self.network, sharing=sharing, heatmap_guidance=heatmap_guidance)
        return dataclasses.replace(self, network=network)


_ON_CPUS = ScheduleConfig(epochs=6, batch_size=32, learning_rate=2e-3, curve="cosine", augmentation="mild")
VARIANTS = {
    "paper": Variant(NetworkConfig(), LossConfig(), ScheduleConfig()),
    "release": Variant(
        NetworkConfig(
            dense_units=1024,
            dropout=0.4,
            normalise_outputs=True,
            resize_grid="tf1",
            initializer="glorot_uniform",
        ),
        LossConfig(factor=0.25),
        ScheduleConfig(epochs=200, augmentation="release", statistics_frames=0),
    ),
    "medium": Variant(
        NetworkConfig(
            stem_filters=16,
            stage_filters=(12, 24, 32, 48),
            stage_units=(2, 2, 2, 2),
            pyramid_filters=64,
            block_filters=32,
            dense_units=512,
            dropout=0.0,
        ),
        LossConfig(),
        _ON_CPUS,
    ),
    "compact": Variant(
        NetworkConfig(
            stem_filters=16,
            stage_filters=(8, 16, 24, 32),
            stage_units=(1, 1, 1, 1),
            pyramid_filters=48,
            block_filters=24,
            dense_units=256,
            dropout=0.0,
        ),
        LossConfig(),
        _ON_CPUS,
    ),
}


def variant_for(
    name: str,
    skeleton: Skeleton,
    cross_connection: bool = True,
    heatmap_guidance: bool = True,
    sharing: str | None = None,
) -> Variant:
    """A variant sized for a skeleton.

    Args:
        name: key of ``VARIANTS``.
        skeleton: its joints, palm and fingers size the outputs.
        cross_connection, heatmap_guidance: the switches of table 1.
        sharing: one of ``SHARING``; None leaves the choice to ``cross_connection``.

    Raises InputError if there is no such variant, or if ``sharing`` contradicts ``cross_connection=False``.
    """
    if name not in VARIANTS:
        raise InputError(f"`variant`={name}: unknown; choose from {', '.join(VARIANTS)}")
    network = dataclasses.replace(
        VARIANTS[name].network,
        joints=len(skeleton),
        palm_joints=len(skeleton.palm),
        finger_joints=len(skeleton.finger),
    )
    if not cross_connection and sharing not in (None, "none"):
        raise InputError(f"`cross_connection`=False contradicts `sharing`={sharing}; give one of the two")
    variant = dataclasses.replace(VARIANTS[name], network=network)
    return variant.with_switches(sharing or sharing_for(cross_connection), heatmap_guidance)


@dataclasses.dataclass(frozen=True)
class RunConfig:
    """One training run: what it trains, on what, and how it is judged. ``config.json`` of a work directory.

    Args:
        dataset: str. Name in the registry.
        data_dir: str or None. None: synthetic data, made under the work directory.
        variant_name: str. A key of ``VARIANTS``.
        variant: Variant. Sized for the dataset, with the user's changes.
        centre: "gt", "file" or "com".
        centre_file, train_centre_file: str or None. Files of the test and the training split's centres.
        train_cubes_mm: tuple of floats. Each training frame gets one of these crop cubes.
        test_cube_mm: float.
        validation_fraction: float. Share of training frames held out to pick the best epoch.
        max_frames: int or None. Greatest number of training frames.
        synthetic_frames: int. Number of frames to generate without ``data_dir``.
        seed: int. Random seed for data, shuffling, augmentation, weights and dropout.
        precision: str. A Keras dtype policy.
        select_on: "validation" or "test".
        options: ReaderOptions.
        init_from: str or None. Path of a trained network whose weights to start from.
    """

    dataset: str
    data_dir: str | None
    variant_name: str
    variant: Variant
    centre: str
    centre_file: str | None
    train_centre_file: str | None
    train_cubes_mm: tuple[float, ...]
    test_cube_mm: float
    validation_fraction: float
    max_frames: int | None
    synthetic_frames: int
    seed: int
    precision: str
    select_on: str
    options: ReaderOptions
    init_from: str | None = None


@dataclasses.dataclass(frozen=True)
class Machine:
    """How to compute, which may change when a run is resumed.

    It changes the speed, and the results only as another seed would: rounding (XLA, precision of products,
    order of sums) and random numbers (dropout under XLA or with another number of replicas).

    Args:
        strategy: one of ``STRATEGIES``; "auto" takes all GPUs of this machine.
        augment_on: "host", inside tf.data; "device", inside the compiled step; or "auto": device if there
            is a GPU.
        jit_compile: bool or None. Whether to compile with XLA; None compiles if there is a GPU.
        workers: int or None. Processes that crop frames, see ``datasets.shards.prepare``.
        connect_minutes: float. Longest time to wait for the other workers of "multi_worker" to start.
        tensor_float_32: bool. Let GPUs round the factors of float32 products to 10 bits, which is faster.
        deterministic: bool. Use deterministic operations only, which are slower on a GPU.
        checkpoint_minutes: float. Longest time between two checkpoints within an epoch.
    """

    strategy: str = "auto"
    augment_on: str = "auto"
    jit_compile: bool | None = None
    workers: int | None = None
    connect_minutes: float = 1.0
    tensor_float_32: bool = True
    deterministic: bool = False
    checkpoint_minutes: float = 10.0


def to_json(config: NetworkConfig | RunConfig) -> str:
    """A dataclass as indented JSON text."""
    return json.dumps(dataclasses.asdict(config), indent=2) + "\n"
