"""How a server takes new versions, labels and configurations; measured, like ``test_as_measured.py``."""

import re
import shutil
import threading
import time

import pytest

from crossinfo.client import Model
from datasets.errors import InputError
from datasets.io import atomic
from tests.crossinfo.client.conftest import serving
from tests.crossinfo.client.scenes import CAMERA, hand_frame, png

PNG = {"image_bytes": [png(hand_frame())], "camera": CAMERA}


class Rolling:
    """A server that reads its configuration every second, with the folder of its versions."""

    def __init__(self, server, base, config):
        self.server, self.base, self.config, self.original = server, base, config, config.read_text()

    def add(self, number):
        """A version on disk, whole at once."""
        with atomic.atomic_directory(self.base / str(number)) as folder:
            shutil.copytree(self.base / "1", folder, dirs_exist_ok=True)

    def edit(self, versions=(1, 2), stable=1, canary=2):
        """Replaces the configuration."""
        lines = "\n        ".join(f"versions: {number}" for number in versions)
        text = re.sub(r"versions: 1\s+versions: 2", lines, self.original)
        text = re.sub(r'("stable"\s+value:) 1', rf"\1 {stable}", text)
        self.write(re.sub(r'("canary"\s+value:) 2', rf"\1 {canary}", text))

    def write(self, text):
        with atomic.atomic_write(self.config) as file:
            file.write(text)

    def version(self, label=None):
        try:
            with self.server.connect("rest", Model("hand", label=label)) as remote:
                return remote.version()
        except InputError:
            return None

    def states(self):
        with self.server.connect("rest") as remote:
            return remote.states()

    def answers(self):
        """The versions of stable, of canary and of no label."""
        return [self.version("stable"), self.version("canary"), self.version()]

    def logged(self, pattern):
        return len(re.findall(pattern, self.server.log.read_text()))


def until(look):
    end = time.monotonic() + 600
    while not look():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.fixture(scope="module")
def running(kind, versions, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rolling")
    base = shutil.copytree(versions, folder / "hand")
    often = ("--model_config_file_poll_wait_seconds=1", "--load_retry_interval_micros=200000")
    with serving(kind, base, folder, *often) as server:
        yield Rolling(server, base, folder / "models.config")


@pytest.fixture
def rolling(running):
    """Both labels stand where they stood before each test and after it."""
    yield running
    running.edit()
    until(lambda: running.answers() == [1, 2, 2])


@pytest.fixture
def asked(rolling):
    """Requests to stable, to canary and to no label go on during the test; their outcomes."""
    outcomes, over = [], threading.Event()

    def ask(label):
        with rolling.server.connect("rpc", Model("hand", label=label), retries=0) as remote:
            while not over.wait(0.05):
                try:
                    outcomes.append(remote.call("png", **PNG)["valid"].tolist())
                except Exception as error:  # whatever it is, it is one too many
                    outcomes.append(error)

    threads = [threading.Thread(target=ask, args=[label]) for label in ("stable", "canary", None)]
    for thread in threads:
        thread.start()
    yield outcomes
    over.set()
    for thread in threads:
        thread.join()


def test_roll_out_and_back_in_steps_loses_no_request(rolling, asked):
    """A label goes back and its version goes away in one edit."""
    rolling.add(3)
    rolling.edit(versions=(1, 2, 3))
    until(lambda: rolling.states().get(3) == ("AVAILABLE", ""))
    assert rolling.answers() == [1, 2, 3]
    rolling.edit(versions=(1, 2, 3), canary=3)
    until(lambda: rolling.version("canary") == 3)
    rolling.edit(versions=(1, 2, 3), canary=3, stable=3)
    until(lambda: rolling.version("stable") == 3)
    rolling.edit()
    until(lambda: rolling.answers() == [1, 2, 2])
    assert len(asked) > 10 and all(outcome == [True] for outcome in asked)


def test_roll_out_of_a_version_and_its_label_in_one_edit_is_refused(rolling):
    rolling.add(4)
    rolling.edit(versions=(1, 2, 4), canary=4)
    until(lambda: rolling.logged("version 4 of model hand, which is not currently available") >= 2)
    assert 4 not in rolling.states() and rolling.answers() == [1, 2, 2]


def test_roll_out_with_a_label_to_a_missing_version_is_refused(rolling):
    rolling.edit(stable=9)
    until(lambda: rolling.logged("version 9 of model hand, which is not currently available") >= 2)
    assert rolling.answers() == [1, 2, 2]


def test_roll_out_by_a_file_that_cannot_be_read_changes_nothing(rolling):
    rolling.write("model_config_list {")
    until(lambda: rolling.logged("ModelServerConfig") >= 2)
    assert rolling.answers() == [1, 2, 2]


def test_roll_out_of_a_truncated_version_shows_loading_without_a_message(rolling):
    rolling.add(5)
    graph = rolling.base / "5/saved_model.pb"
    graph.write_bytes(graph.read_bytes()[: graph.stat().st_size // 2])
    rolling.edit(versions=(1, 2, 5))
    until(lambda: rolling.logged(r"version: 5\} failed") >= 2)
    assert rolling.states()[5] == ("LOADING", "") and rolling.answers() == [1, 2, 2]


def test_roll_out_of_a_missing_version_waits_for_it(rolling):
    """A label may stand on it if it is new, and then has no metadata, by which its health is told."""
    rolling.write(
        rolling.original.replace("versions: 2", "versions: 2 versions: 6").replace("canary", "next")
    )
    rolling.write(re.sub(r'("next"\s+value:) 2', r"\1 6", rolling.config.read_text()))
    until(lambda: rolling.version("canary") is None)
    with rolling.server.connect("rest", Model("hand", label="next")) as remote:
        with pytest.raises(InputError, match="Servable not found"):
            remote.version()
    assert 6 not in rolling.states()
    rolling.add(6)
    until(lambda: rolling.states().get(6) == ("AVAILABLE", ""))
