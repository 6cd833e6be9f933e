import dataclasses
import json

import numpy as np
import pytest

from crossinfo import card as cards
from crossinfo.card import ModelCard, card_for
from datasets import registry
from datasets.errors import InputError


def test_json_gives_the_same_card_back():
    card = card_for("compact", registry.get("icvl"), 250, "com", np.arange(48).reshape(16, 3) / 10)
    assert ModelCard.from_dict(json.loads(card.to_json())) == card


def test_a_card_tells_joints_groups_and_cube():
    card = card_for("paper", registry.get("nyu"), 250, "file", np.zeros((14, 3)))
    assert len(card.joints) == 14 and len(card.palm) + len(card.finger) == 14
    assert card.cube_mm == 250.0 and card.centre == "file" and card.mean_pose[13] == (0.0, 0.0, 0.0)


WHOLE = dataclasses.asdict(card_for("compact", registry.get("icvl"), 250, "com", np.zeros((16, 3))))


@pytest.mark.parametrize(
    "changed",
    [
        {"variant": 3}, {"dataset": None}, {"skeleton": ["icvl"]}, {"centre": {}}, {"selected_on": 1.0},
        {"as_released": "no"}, {"upright": 1}, {"weights": 7}, {"joints": []}, {"joints": "names"},
        {"joints": [1] * 16}, {"joints": ["a\x1b"] * 16}, {"joints": WHOLE["joints"][:9]},
        {"joints": ["a"] * 5000}, {"bones": [[0, 16]]}, {"bones": [[-1, 0]]}, {"bones": [[0, 1, 2]]},
        {"bones": [0, 1]}, {"bones": 3}, {"bones": None}, {"palm": [16]}, {"palm": ["a"]}, {"palm": [True]},
        {"finger": 2}, {"cube_mm": 0}, {"cube_mm": "250"}, {"cube_mm": float("nan")}, {"cube_mm": 1e300},
        {"cube_mm": True}, {"mean_pose": [[0, 0, 0]]}, {"mean_pose": [[0, 0]] * 16}, {"mean_pose": 1},
        {"mean_pose": [[0, 0, float("inf")]] * 16}, {"mean_pose": [[0, 0, "1"]] * 16},
    ],
)  # fmt: skip
def test_a_card_that_cannot_be_right_is_refused_with_its_file(tmp_path, changed):
    path = tmp_path / "crossinfo.json"
    path.write_text(json.dumps(WHOLE))
    assert cards.read(path).dataset == "icvl"
    path.write_text(json.dumps({**WHOLE, **changed}))
    with pytest.raises(InputError, match=f"^{path}: damaged .*; export the model again$"):
        cards.read(path)


@pytest.mark.parametrize(
    "field", [name for name in WHOLE if name not in ("as_released", "upright", "weights")]
)
def test_a_card_without_a_fact_is_refused(tmp_path, field):
    path = tmp_path / "crossinfo.json"
    path.write_text(json.dumps({name: value for name, value in WHOLE.items() if name != field}))
    with pytest.raises(InputError, match=f"damaged .*{field}"):
        cards.read(path)


@pytest.mark.parametrize(
    "text", ["", "[]", "3", "{" * 100_000, '{"joints": ' + "[" * 5000 + "]" * 5000 + "}"]
)
def test_what_is_no_card_is_refused(tmp_path, text):
    path = tmp_path / "crossinfo.json"
    path.write_text(text)
    with pytest.raises(InputError, match=f"^{path}: damaged"):
        cards.read(path)


def test_the_digest_tells_weights_apart():
    weights = [np.zeros((2, 3), np.float32), np.ones(4, np.float32)]
    digest = cards.weights_digest(weights)
    assert digest == cards.weights_digest([value.copy() for value in weights]) and len(digest) == 16
    moved = [weights[0], np.nextafter(weights[1], 2)]
    others = [moved, weights[::-1], [weights[0].T, weights[1]], [weights[0].astype("f8"), weights[1]]]
    assert digest not in {cards.weights_digest(other) for other in others}
