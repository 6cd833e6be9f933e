import numpy as np
import pytest

from crossinfo.card import card_for
from crossinfo.evaluation import evaluator
from datasets import registry, shards

CARD = card_for("compact", registry.get("msra"), 200, "com", np.full((21, 3), 0.25))


def answer_middle(crop):
    """A network that always answers the crop's middle, moved back by a quarter of the cube."""
    return np.tile(np.float32([0, 0, 0.5]), (len(crop), 21, 1))


@pytest.fixture(scope="package")
def split(msra_root, tmp_path_factory):
    """MSRA's test split of 15 frames."""
    source = shards.Source("msra", str(msra_root), "test", "com", (200.0,))
    return evaluator.Split(source, source.open(), tmp_path_factory.mktemp("shards"), 0)


@pytest.fixture(scope="package")
def predictions(split):
    """``answer_middle`` on ``split``. Read only."""
    return evaluator.predict(evaluator.crop_function(answer_middle), split.shard_set, CARD, batch_size=4)
