"""The weights that a training starts from: another network's, where ``--init_from`` names one."""

import numpy as np

from crossinfo.config import RunConfig
from crossinfo.inference import loading
from crossinfo.model import CrossInfoNet
from datasets.errors import InputError
from datasets.registry import Dataset

# ``init_from`` that names the networks of this package.
PRETRAINED = "pretrained"
# Their size is that of the joints or of a group of them.
LAYERS_OF_JOINTS = ("hand", "palm", "finger", "hand_heatmap", "palm_heatmap", "finger_heatmap")


def weights(settings: RunConfig, fresh: CrossInfoNet, dataset: Dataset) -> list[np.ndarray]:
    """Weights of a new network: those of ``init_from``, and fresh ones for other joints, which is printed.

    Args:
        settings: of the run, with ``init_from``.
        fresh: the network that is going to be trained, with initial weights.
        dataset: what it is going to be trained on.

    Raises InputError naming ``init_from`` if its layers are others.
    """
    source = None if settings.init_from == PRETRAINED else settings.init_from
    first = loading.load_model(source)
    given, new = first.get_weights(), fresh.get_weights()
    names = [_layer(weight) for weight in fresh.weights]
    other = first.card.joints != dataset.skeleton.joints
    kept_fresh = [other and name in LAYERS_OF_JOINTS for name in names]
    fits = [_layer(weight) for weight in first.weights] == names and all(
        old.shape == values.shape or is_fresh
        for old, values, is_fresh in zip(given, new, kept_fresh, strict=True)
    )
    if not fits:
        raise InputError(
            f"`init_from`={settings.init_from}: its layers are not those of "
            f"`variant`={settings.variant_name} on {dataset.name}; it is "
            f"{first.card.variant}, trained on {first.card.dataset}"
        )
    if other:
        print(
            f"init_from: {settings.init_from} has other joints than {dataset.name}; the layers that give "
            "joints and heat maps start from fresh weights"
        )
    triples = zip(given, new, kept_fresh, strict=True)
    return [values if is_fresh else old for old, values, is_fresh in triples]


def _layer(weight):
    """The outermost layer that a weight belongs to."""
    return weight.path.split("/")[0]
