import shutil

import keras
import numpy as np
import pytest

from crossinfo import model
from crossinfo.card import card_for
from crossinfo.config import NetworkConfig
from crossinfo.export import packaged, saved_model
from crossinfo.inference import loading
from crossinfo.inference.predictor import Predictor
from datasets import registry, shards
from tests.helpers import pretrained_folder

SMALL = {
    "stem_filters": 4, "stage_filters": (2, 2, 2, 2), "stage_units": (1, 1, 1, 1), "pyramid_filters": 8,
    "block_filters": 4, "dense_units": 8, "dropout": 0.5, "initializer": "he_normal",
}  # fmt: skip


def make_tiny_model():
    """A CrossInfoNet of few weights for NYU's 14 joints, with a card and with joints near the hand."""
    keras.utils.set_random_seed(7)
    card = card_for("compact", registry.get("nyu"), 250.0, "com", np.zeros((14, 3)))
    made = model.build(NetworkConfig(14, 9, 5, **SMALL), card=card)
    hand = made.get_layer("hand").dense
    hand.kernel.assign(hand.kernel * 0.1)
    hand.bias.assign(np.linspace(-0.4, 0.4, 42))
    return made


@pytest.fixture(scope="session")
def tiny_model():
    return make_tiny_model()


@pytest.fixture(scope="session")
def tiny_predictor(tiny_model):
    return Predictor.of_network("tiny", tiny_model)


@pytest.fixture(scope="session")
def export_base(tiny_model, tmp_path_factory):
    """A folder with one exported version; read only."""
    base = tmp_path_factory.mktemp("served") / "hands"
    saved_model.export(tiny_model, base)
    return base


@pytest.fixture(scope="session")
def pretrained_networks():
    """(pose network of upright hands, localiser), of random weights."""
    return pretrained_folder.make_networks()


@pytest.fixture(scope="session")
def pretrained_dir(pretrained_networks, tmp_path_factory):
    """A pretrained folder with the files of ``crossinfo/weights``; read only."""
    pytest.importorskip("ai_edge_quantizer", reason="needs ai-edge-quantizer, of the extra litert")
    folder = tmp_path_factory.mktemp("pretrained") / "hands"
    packaged.write(*pretrained_networks, folder)
    return folder


@pytest.fixture(scope="session")
def hands_predictor(pretrained_dir):
    """The LiteRT file of ``pretrained_dir``: what finds hands without minutes of making graphs."""
    return loading.load_predictor(pretrained_dir / packaged.LITERT_FILE)


@pytest.fixture(scope="session")
def train_set(msra_root, tmp_path_factory):
    """Forty training frames, cropped."""
    source = shards.Source("msra", str(msra_root), "train", "com", (200.0,), max_frames=40)
    return shards.prepare(source, tmp_path_factory.mktemp("shards"), workers=0)


@pytest.fixture(scope="module")
def chromium():
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="needs playwright (pip install -e '.[test]')"
    )
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.skip("needs a chromium on PATH (apt-get install chromium)")
    with sync_api.sync_playwright() as playwright:
        # In a container, whose user is root, Chromium's own sandbox cannot start.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
