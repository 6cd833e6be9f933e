"""A network of few weights and its trainer: what tests of training share."""

import dataclasses

import keras
import numpy as np

from crossinfo import config, model
from crossinfo.card import card_for
from crossinfo.training import trainer
from datasets import registry, skeletons

TINY = dict(
    stem_filters=4,
    stage_filters=(2, 2, 2, 2),
    stage_units=(1, 1, 1, 1),
    pyramid_filters=8,
    block_filters=4,
    dense_units=16,
    dropout=0.2,
)
CARD = card_for("compact", registry.get("msra"), 200.0, "com", np.zeros((21, 3)))


def tiny_variant(dropout=0.2, **schedule):
    """The compact variant with a tiny network; keyword arguments change its schedule."""
    variant = config.variant_for("compact", skeletons.MSRA)
    return dataclasses.replace(
        variant,
        network=dataclasses.replace(variant.network, **{**TINY, "dropout": dropout}),
        schedule=dataclasses.replace(
            variant.schedule, **{"epochs": 2, "batch_size": 8, "augmentation": "paper", **schedule}
        ),
    )


def make_trainer(variant, steps, precision="float32", **machine):
    """A Trainer of MSRA's joints on fixed initial weights; keyword arguments are ``config.Machine``'s."""
    keras.utils.set_random_seed(3)
    return trainer.Trainer(
        lambda: model.build(variant.network, precision, CARD),
        variant,
        skeletons.MSRA,
        steps,
        precision,
        config.Machine(**machine),
    )
