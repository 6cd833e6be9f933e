import json

import numpy as np

from crossinfo.card import ModelCard, card_for
from datasets import registry


def test_json_gives_the_same_card_back():
    card = card_for("compact", registry.get("icvl"), 250, "com", np.arange(48).reshape(16, 3) / 10)
    assert ModelCard.from_dict(json.loads(card.to_json())) == card


def test_a_card_tells_joints_groups_and_cube():
    card = card_for("paper", registry.get("nyu"), 250, "file", np.zeros((14, 3)))
    assert len(card.joints) == 14 and len(card.palm) + len(card.finger) == 14
    assert card.cube_mm == 250.0 and card.centre == "file" and card.mean_pose[13] == (0.0, 0.0, 0.0)
