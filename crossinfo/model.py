"""CrossInfoNet: a functional Keras model from a depth crop to joints and heat maps (figures 2 and 6)."""

import dataclasses
import os

import keras

from crossinfo.card import ModelCard
from crossinfo.config import NetworkConfig
from crossinfo.layers import CrossConnection, CrossStitch, FeaturePyramid, HeatmapHead
from crossinfo.layers.blocks import ConvolutionBlock, DenseBlock, ResidualBlock
from crossinfo.layers.normalization import registered
from datasets.crops import CROP_SIZE
from datasets.io import atomic
from datasets.targets import HEATMAP_SIZE

MODEL_FILE = "model.keras"


@registered
class CrossInfoNet(keras.Model):
    """The whole network. Saved files hold its `NetworkConfig`, and give back the model with its policy.

    Args:
        network: `NetworkConfig`, or its fields as a dict.
        card: `ModelCard`, its fields as a dict, or None before training.
        dtype: str or dtype policy: "float32", "mixed_float16", "mixed_bfloat16" or "float64".

    Input: `(batch, 96, 96, 1)`, depth normalised to [-1, 1]; cast to the output's dtype.
    Outputs: dict of `hand (batch, 3A)`, `palm (batch, 3P)`, `finger (batch, 3F)`: normalised x, y, z
    joint by joint; and, with heat-map guidance, `hand_heatmap (batch, 24, 24, A)`, `palm_heatmap`,
    `finger_heatmap`. They are float64 under "float64", where nothing is computed in less, else float32.
    """

    def __init__(self, network, card=None, dtype="float32", name="crossinfonet", **kwargs):
        if isinstance(network, dict):
            network = NetworkConfig.from_dict(network)
        if isinstance(card, dict):
            card = ModelCard.from_dict(card)
        if card is not None and len(card.joints) != network.joints:
            raise ValueError(f"the card names {len(card.joints)} joints, the network has {network.joints}")
        policy = keras.dtype_policies.get(dtype)
        crop = keras.Input((CROP_SIZE, CROP_SIZE, 1), dtype=_head_dtype(policy), name="crop")
        super().__init__(crop, _Graph(network, policy).outputs(crop), name=name, **kwargs)
        # keras.Model ignores dtype; without this a reloaded model would lose its policy.
        self.dtype_policy = policy
        self.network = network
        self.card = card

    def get_config(self):
        """The network's fields, the policy and the name: what rebuilds the same model."""
        return {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": self.dtype_policy.name,
            "network": dataclasses.asdict(self.network),
            "card": self.card and dataclasses.asdict(self.card),
        }


def build(network: NetworkConfig, precision: str = "float32", card: ModelCard | None = None) -> CrossInfoNet:
    """A `CrossInfoNet` with fresh weights.

    Args:
        network: its sizes and switches.
        precision: "float32"; "mixed_float16" or "mixed_bfloat16", which compute in half precision but keep
            variables and outputs in float32; or "float64", double precision from input to outputs, for
            checks.
        card: facts that travel with a trained network.
    """
    return CrossInfoNet(network, card, precision)


def save(model: keras.Model, path: str | os.PathLike) -> None:
    """Writes a `.keras` file, whole or not at all."""
    with atomic.unfinished(path, folder=True) as folder:
        model.save(folder / MODEL_FILE)  # Keras asks for this ending
        os.replace(folder / MODEL_FILE, path)


def inference(model: CrossInfoNet) -> keras.Model:
    """The part of a `CrossInfoNet` that computes `hand` only, sharing its weights: no heat-map heads."""
    pose = keras.Model(model.input, {"hand": model.output["hand"]}, name="pose")
    pose.dtype_policy = model.dtype_policy
    return pose


def _head_dtype(policy):
    """The dtype of the network's input and outputs."""
    return "float64" if policy.compute_dtype == "float64" else "float32"


class _Graph:
    """Lays the network's layers, in the paper's order, with one configuration and one dtype policy."""

    def __init__(self, config, policy):
        self.config = config
        self.common = {
            "normalisation": config.normalisation,
            "initializer": config.initializer,
            "dtype": policy,
        }
        self.policy = policy
        # Output layers are never in half precision: their sums would overflow or lose millimetres.
        self.head = {
            "initializer": config.initializer,
            "normalisation": config.normalisation if config.normalise_outputs else None,
            "dtype": _head_dtype(policy),
        }

    def outputs(self, crop):
        """Symbolic crop -> dict of symbolic outputs."""
        config = self.config
        fine, shared = self.pyramid(self.stages(crop))
        palm, finger = (self.residual(shared, f"{branch}_features") for branch in ("palm", "finger"))
        heatmaps = self.heatmaps(fine, palm, finger) if config.heatmap_guidance else {}
        palm, finger = self.branches(palm, finger, shared)
        both = keras.layers.Concatenate(dtype=self.policy, name="hand_dense")([palm, finger])
        return {
            "hand": self.coordinates(both, config.joints, "hand"),
            "palm": self.coordinates(palm, config.palm_joints, "palm"),
            "finger": self.coordinates(finger, config.finger_joints, "finger"),
            **heatmaps,
        }

    def stages(self, crop):
        """Backbone: crop -> feature maps of 24, 12, 6 and 3 pixels (figure 2)."""
        config, found = self.config, []
        x = ConvolutionBlock(config.stem_filters, 5, 2, name="stem", **self.common)(crop)
        x = keras.layers.MaxPooling2D(3, 1, "same", dtype=self.policy, name="stem_pool")(x)
        for stage, (base, units) in enumerate(zip(config.stage_filters, config.stage_units, strict=True), 1):
            for unit in range(1, units + 1):
                block = ResidualBlock(
                    4 * base,
                    base,
                    strides=2 if unit == units else 1,
                    name=f"stage{stage}_unit{unit}",
                    **self.common,
                )
                x = block(x)
            found.append(x)
        return found

    def pyramid(self, stages):
        """Feature pyramid -> (24 x 24 level, or None without heat maps; `T` = the 12 x 12 level)."""
        config = self.config
        pyramid = FeaturePyramid(config.pyramid_filters, config.resize_grid, name="pyramid", **self.common)
        if config.heatmap_guidance:
            fine, shared, *_ = pyramid(stages)
            return fine, shared
        return None, pyramid(stages[1:])[0]

    def heatmaps(self, fine, palm, finger):
        """Heat-map guidance (sections 3.1, 3.4): all joints from the fine level, groups from `P0`, `F0`."""
        config = self.config
        features = {
            "hand": self.residual(fine, "hand_heatmap_features"),
            "palm": self.convolution(palm, "palm_heatmap_features"),
            "finger": self.convolution(finger, "finger_heatmap_features"),
        }
        joints = {"hand": config.joints, "palm": config.palm_joints, "finger": config.finger_joints}
        return {
            f"{part}_heatmap": HeatmapHead(
                joints[part],
                (HEATMAP_SIZE, HEATMAP_SIZE),
                config.resize_grid,
                name=f"{part}_heatmap",
                **self.head,
            )(features[part])
            for part in features
        }

    def branches(self, palm, finger, shared):
        """Sharing, second blocks and fully connected layers of both: `P0`, `F0`, `T` -> `f_p`, `f_f`.

        The blocks are the baseline's (figure 3) whatever is shared. The cross connection stands between a
        branch's two residual blocks (figure 6); a cross-stitch unit follows each pair of them (figure 5a).
        Heat maps are of `P0` and `F0`, before any sharing.
        """
        sharing = self.config.sharing
        if sharing == "stitch":
            palm, finger = self.stitch(palm, finger, "features_stitch")
            palm, finger = self.residual(palm, "palm_refined"), self.residual(finger, "finger_refined")
            palm, finger = self.stitch(palm, finger, "refined_stitch")
            return self.dense(palm, "palm"), self.dense(finger, "finger")
        if sharing == "cross":
            cross_connection = CrossConnection(dtype=self.policy, name="cross_connection")
            palm, finger = cross_connection([palm, finger, shared])
        return self.branch(palm, "palm"), self.branch(finger, "finger")

    def branch(self, x, name):
        """One sub-task's refinement and fully connected layers (figure 6): `P1` -> `f_p`, `F1` -> `f_f`."""
        return self.dense(self.residual(x, f"{name}_refined"), name)

    def dense(self, x, name):
        """One sub-task's fully connected layers (figure 6): `P2` -> `f_p`, `F2` -> `f_f`."""
        x = keras.layers.MaxPooling2D(2, dtype=self.policy, name=f"{name}_pool")(x)
        x = keras.layers.Flatten(dtype=self.policy, name=f"{name}_flat")(x)
        for layer in (1, 2):
            x = DenseBlock(
                self.config.dense_units,
                dropout=self.config.dropout,
                name=f"{name}_dense{layer}",
                **self.common,
            )(x)
        return x

    def stitch(self, palm, finger, name):
        """Cross-stitch unit."""
        return CrossStitch(dtype=self.policy, name=name)([palm, finger])

    def coordinates(self, x, joints, name):
        """Output layer: three coordinates per joint."""
        return DenseBlock(3 * joints, activation=None, name=name, **self.head)(x)

    def residual(self, x, name):
        """The 3 x 3 residual block of the paper's figures, to the pyramid's width."""
        config = self.config
        return ResidualBlock(config.pyramid_filters, config.block_filters, name=name, **self.common)(x)

    def convolution(self, x, name, activation="relu"):
        """1 x 1 convolution to the pyramid's width."""
        return ConvolutionBlock(self.config.pyramid_filters, activation=activation, name=name, **self.common)(
            x
        )
