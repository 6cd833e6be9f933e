"""The roll-out on a server that obeys at once: an error at every moment of it, and other people's edits."""

import pytest

from crossinfo.serving import models_config, rollout, stages
from datasets import command_line
from datasets.errors import InputError
from tests.crossinfo.client.scenes import hand_frame, png

FAKE_CONFIG = """model_config_list {
  config {
    name: "hand"
    model_version_policy { specific { versions: 1 } }
    version_labels { key: "stable" value: 1 }
  }
}
"""


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "one of --export_dir and --version is required"),
        (["--export_dir=x", "--version=3"], "one of --export_dir and --version is required"),
        (["--version=3", "--input=gone"], "--input=gone: no such file"),
        (["--version=3", "--config=gone"], "gone: no such file"),
        (["--version=3", "--model_name=foot"], "expected one model foot, found 0"),
    ],
)
def test_a_mistake_gets_one_line_before_anything_happens(tmp_path, capsys, monkeypatch, flags, message):
    (tmp_path / "frame.png").write_bytes(png(hand_frame()))
    (tmp_path / "models.config").write_text(FAKE_CONFIG)
    monkeypatch.chdir(tmp_path)
    common = ["--server=h:1", "--config=models.config", "--model=m", "--input=frame.png", "--camera=1,1,1,1"]
    with pytest.raises(SystemExit) as stop:
        command_line.run(rollout.COMMAND, rollout.main, [*common, *flags])
    error = capsys.readouterr().err
    assert stop.value.code == 2 and message in error and error.count("\n") == 1
    assert (tmp_path / "models.config").read_text() == FAKE_CONFIG


class FakeServer:
    """Obeys a file at once, and raises an error at one of the calls to it or of the edits, after it."""

    def __init__(self, config, fails_at=None, error=None):
        self.config, self.calls, self._fails_at, self._error = config, 0, fails_at, error

    def connect(self, server, model):
        return FakeRemote(self, model)

    def called(self):
        self.calls += 1
        if self.calls == self._fails_at:
            raise self._error
        return models_config.read(self.config, "hand")


class FakeRemote:
    def __init__(self, server, model):
        self._server, self._model = server, model

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def version(self):
        config = self._server.called()
        if self._model.label not in config.labels:
            raise InputError("Unrecognized servable version label")
        return config.labels[self._model.label]

    def states(self):
        return dict.fromkeys(self._server.called().versions, ("AVAILABLE", ""))

    def check(self):
        self._server.called()


def roll(tmp_path, monkeypatch, fails_at=None, error=None):
    """(the fake server, the file) after a roll-out of version 2."""
    config = tmp_path / "models.config"
    config.write_text(FAKE_CONFIG)
    fake = FakeServer(config, fails_at, error)
    write = models_config.write

    def write_and_count(path, text):
        write(path, text)
        fake.called()

    monkeypatch.setattr(models_config, "write", write_and_count)
    monkeypatch.setattr(stages, "connect", fake.connect)
    monkeypatch.setattr(stages, "LOOK_S", 0)
    try:
        stages.Rollout("h:1", config, report=lambda line: None).run(2, FakeRemote.check)
    finally:
        monkeypatch.undo()
    return fake, config


@pytest.mark.parametrize(
    "error",
    [
        ConnectionError("gone"),
        TimeoutError("late"),
        OSError("5 mm"),
        KeyboardInterrupt(),
        ZeroDivisionError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_at_any_moment_leaves_the_file_as_it_was(tmp_path, monkeypatch, error):
    fake, config = roll(tmp_path, monkeypatch)
    assert models_config.read(config, "hand").labels == {"stable": 2, "canary": 2}
    assert fake.calls == 1 + 3 * 3 + 1
    for moment in range(1, fake.calls + 1):
        with pytest.raises(type(error)):
            roll(tmp_path, monkeypatch, moment, error)
        assert config.read_text() == FAKE_CONFIG, f"at call {moment}"


def test_a_version_that_the_server_gives_up_ends_it(tmp_path, monkeypatch):
    """Not what it remembers of an earlier attempt, but what it says after the edit."""
    config = tmp_path / "models.config"
    config.write_text(FAKE_CONFIG)
    monkeypatch.setattr(stages, "connect", FakeServer(config).connect)
    monkeypatch.setattr(stages, "LOOK_S", 0)
    states = iter([("END", "cut"), ("END", "cut"), ("LOADING", ""), ("END", "cut")])
    monkeypatch.setattr(FakeRemote, "states", lambda remote: {2: next(states)})
    with pytest.raises(OSError, match="h:1: version 2 cannot be loaded: cut; rolled back"):
        stages.Rollout("h:1", config, report=lambda line: None).run(2, FakeRemote.check)
    assert next(states, None) is None and config.read_text() == FAKE_CONFIG


def test_another_ones_edit_meanwhile_survives_the_way_back(tmp_path, monkeypatch):
    config = tmp_path / "models.config"
    config.write_text(FAKE_CONFIG)
    monkeypatch.setattr(stages, "connect", FakeServer(config).connect)

    def check(remote):
        config.write_text("# somebody else's\n" + config.read_text())
        raise OSError("bad")

    with pytest.raises(OSError, match="bad; rolled back"):
        stages.Rollout("h:1", config, report=lambda line: None).run(2, check)
    assert config.read_text() == "# somebody else's\n" + FAKE_CONFIG


def test_a_file_that_another_one_broke_meanwhile_is_restored(tmp_path, monkeypatch):
    config = tmp_path / "models.config"
    config.write_text(FAKE_CONFIG)
    monkeypatch.setattr(stages, "connect", FakeServer(config).connect)

    def check(remote):
        config.write_text("{")
        raise OSError("bad")

    with pytest.raises(OSError, match="bad; rolled back"):
        stages.Rollout("h:1", config, report=lambda line: None).run(2, check)
    assert config.read_text() == FAKE_CONFIG


def test_the_file_has_to_be_the_servers(tmp_path, monkeypatch):
    config, other = tmp_path / "models.config", tmp_path / "other.config"
    config.write_text(FAKE_CONFIG)
    other.write_text(FAKE_CONFIG.replace("versions: 1", "versions: 5").replace("value: 1", "value: 5"))
    monkeypatch.setattr(stages, "connect", FakeServer(other).connect)
    with pytest.raises(InputError, match="stable is 1, but h:1 answers by 5; is it the file"):
        stages.Rollout("h:1", config)


def test_what_is_stable_already_is_not_rolled_out(tmp_path, monkeypatch):
    config = tmp_path / "models.config"
    config.write_text(FAKE_CONFIG)
    monkeypatch.setattr(stages, "connect", FakeServer(config).connect)
    with pytest.raises(InputError, match="stable is version 1 already"):
        stages.Rollout("h:1", config).run(1, FakeRemote.check)
