"""The packaged networks on a hand with another skin, other joints, poses and views than the generator's."""

import keras
import pytest

from crossinfo.export import packaged
from crossinfo.inference import loading
from crossinfo.pretrain.scorer import Scorer
from crossinfo.pretrain.scores import figures
from tests.helpers import other_hand, shared

POSE, LOCALISER = (packaged.FOLDER / name for name in (packaged.POSE_FILE, packaged.LOCALISER_FILE))
HAND = "assets/generic-hand/right.glb"


@pytest.mark.slow
@pytest.mark.skipif(not POSE.is_file(), reason="needs crossinfo/weights, which are not there")
def test_errors_of_another_hand():
    path = shared.path(HAND)
    localiser = keras.saving.load_model(LOCALISER, compile=False, safe_mode=True)
    scored = other_hand.scores(Scorer(loading.load_model(POSE), localiser), path)
    print("\n" + other_hand.report(scored))
    values = figures(scored)
    # Its own joints lie elsewhere than the labels that the networks learned.
    assert values["gt_mean_mm"] < 22
    assert values["refined_mean_mm"] < 32
    assert values["found"] > 0.9
