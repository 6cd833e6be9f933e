"""The stages of a roll-out on a running server: a version is loaded, and the labels move to it, or back.

A label can only move to a version that is loaded, and a configuration that breaks this is refused as a whole.
So the version comes first and the labels one by one, each step waiting for the server to show the one before.
"""

import contextlib
import pathlib
import signal
import threading
import time
from collections.abc import Callable, Iterator

from crossinfo.client import Model, Remote, connect
from crossinfo.serving import models_config
from crossinfo.serving.models_config import ModelsConfig
from datasets.errors import InputError

STABLE, CANARY = "stable", "canary"
LOOK_S = 0.5


class Rollout:
    """One version of a model on its way to ``stable``.

    Args:
        server: Address of the server, as ``connect`` takes it.
        config: The server's ``models.config``.
        model: Name of the model.
        timeout_s: How long to wait for each of the server's steps.
        report: Takes one line per step.

    Raises InputError if the file has no such model or label, or if the server does not serve by it.
    """

    def __init__(
        self,
        server: str,
        config: pathlib.Path,
        model: str = "hand",
        timeout_s: float = 180.0,
        report: Callable[[str], None] = print,
    ):
        self.server = server
        self.config = config
        self.model = model
        self.timeout_s = timeout_s
        self._report = report
        self.before = models_config.read(config, model)
        if STABLE not in self.before.labels:
            raise InputError(f"{config}: model {model} has no label {STABLE}")
        with self.connect(label=STABLE) as remote:
            served = remote.version()
        if served != self.before.labels[STABLE]:
            raise InputError(
                f"{config}: {STABLE} is {self.before.labels[STABLE]}, but {server} answers by {served}; "
                "is it the file that this server reads?"
            )

    def connect(self, **choice) -> Remote:
        """The model on the server by ``version`` or ``label``, as ``Model`` takes them."""
        return connect(self.server, Model(self.model, **choice))

    def run(self, version: int, check: Callable[[Remote], None]) -> None:
        """Loads the version, moves ``canary`` and then ``stable`` to it, and checks it before and after each.

        Args:
            version: Its number; the server finds it in the model's folder.
            check: Raises an error if the model that it is given answers wrongly.

        Whatever goes wrong, Ctrl-C included, labels and versions are put back before the error is raised.
        """
        if version == self.before.labels[STABLE]:
            raise InputError(f"{self.config}: {STABLE} is version {version} already")
        try:
            self._load(version)
            with self.connect(version=version) as remote:
                check(remote)
            for label in (CANARY, STABLE):
                self._move(label, version)
                with self.connect(label=label) as remote:
                    check(remote)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(self._roll_back(version)) from None
        except (InputError, OSError) as error:
            raise type(error)(f"{error}; {self._roll_back(version)}") from None
        except BaseException:
            self._roll_back(version)
            raise

    def _edit(self, change: Callable[[ModelsConfig], ModelsConfig]) -> None:
        models_config.write(self.config, change(models_config.read(self.config, self.model)))

    def _load(self, version):
        with self.connect() as remote:
            known = remote.states().get(version)
            self._edit(lambda config: config.with_version(version))
            self._report(f"{self.config}: version {version} added; waiting for {self.server} to load it")

            def loaded():
                nonlocal known
                state, message = remote.states().get(version, ("unknown to the server", ""))
                # What the server remembers of an earlier attempt is not about this one.
                if state == "END" and message and (state, message) != known:
                    raise OSError(f"{self.server}: version {version} cannot be loaded: {message}")
                if state != "END":
                    known = None
                return state == "AVAILABLE" or state

            self._wait(loaded, f"version {version} is")

    def _move(self, label, version):
        self._edit(lambda config: config.with_label(label, version))
        self._report(f"{self.config}: {label} moved to {version}; waiting for {self.server}")
        with self.connect(label=label) as remote:
            self._wait(lambda: _answers(remote, version), f"label {label} is")

    def _wait(self, look: Callable[[], bool | str], what: str) -> None:
        """Waits until ``look()`` is True; what it says instead goes into the error."""
        end = time.monotonic() + self.timeout_s
        while (seen := look()) is not True:
            if time.monotonic() > end:
                raise OSError(
                    f"{self.server}: {what} {seen} after {self.timeout_s:g} s: the server still works on it, "
                    "cannot load it, refuses the file or does not read it; its log says which"
                )
            time.sleep(LOOK_S)

    def _roll_back(self, version):
        """Puts labels and versions back, waits for the server if it is there, and says what became of it."""
        with _undisturbed():
            try:
                now = models_config.read(self.config, self.model)
                back = self._put_back(now, version)
            except InputError:
                now, back = None, self.before
            if back == now:
                return "nothing was changed"
            try:
                models_config.write(self.config, back)
            except OSError as error:
                return f"{self.config} could not be put back ({error}): edit it by hand"
        stable = self.before.labels[STABLE]
        note = f"rolled back: in {self.config} {STABLE} is {stable}"
        if now is not None and now.labels.get(STABLE) == stable:
            return note
        try:
            with self.connect(label=STABLE) as remote:
                self._wait(lambda: _answers(remote, stable), f"label {STABLE} is")
        except (InputError, OSError):
            return f"{note}; {self.server} does not show it yet"
        return f"{note}, and {self.server} shows it"

    def _put_back(self, config, version):
        """Labels and versions of before, in a file that somebody else may have edited meanwhile."""
        for label in (CANARY, STABLE):
            if label not in self.before.labels:
                config = config.without_label(label)
            elif config.labels.get(label) != self.before.labels[label]:
                config = config.with_label(label, self.before.labels[label])
        return config if version in self.before.versions else config.without_version(version)


def _answers(remote, version):
    """True if the version answers, or else what does."""
    try:
        answering = remote.version()
    except InputError as error:
        return f"not there ({error})"
    return answering == version or f"version {answering}"


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl-C and requests to stop wait until the end of the block."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught = []
    kept = {
        each: signal.signal(each, lambda *signal_: caught.append(signal_))
        for each in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for each, handler in kept.items():
            signal.signal(each, handler)
