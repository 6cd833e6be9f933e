"""A process that is killed again and again ends with the results of one that is not."""

import random
import time

import pytest

from tests.helpers.training_processes import Training, assert_same_results


@pytest.mark.slow
def test_three_kills_change_nothing(msra_root, tmp_path):
    whole = Training(tmp_path / "whole", msra_root, "--epochs=3")
    assert whole.wait() == [0], whole.errors(0)
    moments = random.Random(7)
    for step in (2, 7, 15):
        training = Training(tmp_path / "killed", msra_root, "--epochs=3")
        training.wait_for_step(step)
        time.sleep(moments.uniform(0, 0.5))
        training.processes[0].kill()
        training.wait()
    assert Training(tmp_path / "killed", msra_root, "--epochs=3").wait() == [0]
    assert_same_results(tmp_path / "whole", tmp_path / "killed")
