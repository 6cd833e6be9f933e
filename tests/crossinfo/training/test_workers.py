"""Two real worker processes: one set of files, and lost or stopped workers."""

import signal

import pytest

from tests.helpers.training_processes import Training, assert_same_results, metrics

pytestmark = pytest.mark.slow
EPOCHS = 3


def train(work_dir, data_dir):
    return Training(work_dir, data_dir, f"--epochs={EPOCHS}", workers=2)


@pytest.fixture(scope="module")
def whole(msra_root, tmp_path_factory):
    """The directory of an unbroken run."""
    work_dir = tmp_path_factory.mktemp("workers") / "run"
    training = train(work_dir, msra_root)
    assert training.wait() == [0, 0], training.errors(0) + training.errors(1)
    return work_dir


def test_two_workers_leave_one_set_of_files(whole):
    left = {path.name for path in whole.iterdir()}
    expected = {"checkpoints", "config.json", "export", "metrics.csv", "model.keras", "report", "shards"}
    assert left == {*expected, "tensorboard"}
    assert [row["epoch"] for row in metrics(whole)] == ["0", "1", "2"]
    assert len(list((whole / "tensorboard").iterdir())) == 1


def test_a_killed_worker_ends_the_other_and_both_go_on(whole, msra_root, tmp_path):
    training = train(tmp_path / "run", msra_root)
    training.wait_for_step(9)
    training.processes[1].kill()
    assert training.wait() == [2, -signal.SIGKILL]
    assert "error: another worker has ended or cannot be reached" in training.errors(0)
    assert "Traceback" not in training.errors(0)
    assert train(tmp_path / "run", msra_root).wait() == [0, 0]
    assert_same_results(whole, tmp_path / "run")


def test_a_stopped_worker_stops_all_with_everything_saved(whole, msra_root, tmp_path):
    training = train(tmp_path / "run", msra_root)
    training.wait_for_step(9)
    training.processes[1].terminate()
    assert training.wait() == [130, 130]
    assert "everything is saved" in training.errors(0) and "everything is saved" in training.errors(1)
    assert train(tmp_path / "run", msra_root).wait() == [0, 0]
    assert_same_results(whole, tmp_path / "run")
