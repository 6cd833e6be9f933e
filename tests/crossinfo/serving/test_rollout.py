"""The roll-out on a server that reads its file: whatever happens, ``stable`` never means a bad version."""

import shutil
import threading

import numpy as np
import pytest

from crossinfo.client import Model
from crossinfo.export import saved_model
from crossinfo.inference import loading
from crossinfo.serving import models_config, rollout, stages
from datasets import command_line
from tests.crossinfo.client.conftest import serving
from tests.crossinfo.client.scenes import hand_frame, png
from tests.crossinfo.conftest import make_tiny_model

CUBE_MM = 250.0
OFTEN = "--model_config_file_poll_wait_seconds=1"


@pytest.fixture(scope="module")
def place(kind, versions, tmp_path_factory):
    """(server, folder) of a server with versions 1 and 2; in the folder also the network to roll out."""
    folder = tmp_path_factory.mktemp("rollout")
    shutil.copytree(versions, folder / "hand")
    model = make_tiny_model()
    hand = model.get_layer("hand").dense
    hand.bias.assign(hand.bias * 0.5)
    model.save(folder / "model.keras")
    # Version 7: every joint 5 mm aside, where half the cube is 1. Version 8: half a graph.
    hand.bias.assign(hand.bias + np.tile([5 / (CUBE_MM / 2), 0, 0], 14))
    saved_model.export(model, folder / "hand", version=7)
    graph = saved_model.export(model, folder / "hand", version=8) / "saved_model.pb"
    graph.write_bytes(graph.read_bytes()[: graph.stat().st_size // 2])
    (folder / "frame.png").write_bytes(png(hand_frame()))
    with serving(kind, folder / "hand", folder, OFTEN) as server:
        yield server, folder


class Watch(threading.Thread):
    """What the file and the server's labels say from moment to moment; the file is whole at every one."""

    def __init__(self, server, config):
        super().__init__(daemon=True)
        self.seen, self.wrong = {"stable": set(), "canary": set()}, []
        self._server, self._config, self._over = server, config, threading.Event()

    def run(self):
        with self._server.connect("rest", Model("hand", label="stable"), retries=0) as remote:
            while not self._over.wait(0.05):
                try:
                    for label, version in models_config.read(self._config, "hand").labels.items():
                        self.seen[label].add(version)
                    self.seen["stable"].add(remote.version())
                except ConnectionError:
                    pass
                except Exception as error:  # whatever a reader could stumble over
                    self.wrong.append(error)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        self._over.set()
        self.join()
        assert not self.wrong


def run(place, *flags):
    server, folder = place
    common = [
        f"--server={server.rpc}", f"--config={folder / 'models.config'}", f"--model={folder / 'model.keras'}",
        f"--input={folder / 'frame.png'}", "--camera=100,110,40,30",
    ]  # fmt: skip
    with pytest.raises(SystemExit) as stop:
        command_line.run(rollout.COMMAND, rollout.main, [*common, *flags])
    return stop.value.code


def labels(place):
    server, _ = place
    found = {}
    for label in ("stable", "canary"):
        with server.connect("rpc", Model("hand", label=label)) as remote:
            found[label] = remote.version()
    return found


def fails(place, capsys, *flags):
    """The one line that a roll-out fails with, after which the file is as it was."""
    config = place[1] / "models.config"
    before, standing = config.read_bytes(), labels(place)
    with Watch(place[0], config) as watch:
        assert run(place, *flags) == 2
    assert config.read_bytes() == before
    for label in ("stable", "canary"):
        assert watch.seen[label] == {standing[label]}, "no label ever meant another version"
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def test_joints_5_mm_from_predicts_never_get_a_label(place, capsys):
    error = fails(place, capsys, "--version=7")
    assert "frame.png: a joint lies 5.00 mm from predict's, 0.5 mm are allowed; rolled back" in error


def test_a_truncated_version_never_gets_a_label(place, capsys):
    error = fails(place, capsys, "--version=8", "--timeout_s=5")
    assert "version 8 is LOADING after 5 s" in error and "its log says which; rolled back" in error


def test_a_version_that_is_not_there_never_gets_a_label(place, capsys):
    assert "version 99 is unknown to the server after 3 s" in fails(
        place, capsys, "--version=99", "--timeout_s=3"
    )


def test_a_good_version_gets_both_labels(place, capsys):
    """Last but one: what follows starts from it. The next free number is 9."""
    server, folder = place
    with Watch(server, folder / "models.config") as watch:
        assert run(place, f"--export_dir={folder / 'hand'}") == 0
    assert watch.seen == {"stable": {1, 9}, "canary": {2, 9}}
    assert labels(place) == {"stable": 9, "canary": 9}
    config = models_config.read(folder / "models.config", "hand")
    assert config.versions == [1, 2, 9] and config.labels == {"stable": 9, "canary": 9}
    expected = loading.load_predictor(folder / "model.keras").call(
        "serving_default", depth=hand_frame()[None], camera=np.float32([[100, 110, 40, 30]])
    )
    with server.connect("rpc", Model("hand", label="stable")) as remote:
        found = remote.call("serving_default", depth=hand_frame()[None], camera=[[100, 110, 40, 30]])
    np.testing.assert_allclose(found["joints_mm"], expected["joints_mm"], atol=0.05)
    assert f"to roll back, put stable on 1 in {folder / 'models.config'}" in capsys.readouterr().out


def test_a_server_that_dies_in_the_middle_finds_the_old_file_when_it_comes_back(place):
    """Last, since it is gone after that. It dies when canary has moved."""
    server, folder = place
    config = folder / "models.config"
    before = config.read_bytes()

    def kill(line):
        if "canary" in line:
            server.process.kill()
            server.process.wait()

    rolling = stages.Rollout(server.rpc, config, report=kill)
    with Watch(server, config) as watch:
        with pytest.raises(ConnectionError, match="rolled back: .* stable is 9"):
            rolling.run(1, lambda remote: remote.version())
    assert config.read_bytes() == before
    assert watch.seen["stable"] == {9}
