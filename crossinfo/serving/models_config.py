"""``models.config``, the file that tells TensorFlow Serving which versions to load and where labels point.

It is edited statement by statement, so that its comments and its order stay as they were written.
"""

import dataclasses
import functools
import os
import pathlib
import re

from datasets.errors import InputError
from datasets.io import atomic

_TOKEN = re.compile(r"""(?P<blank>\s+|\#[^\n]*)|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|[\w.+-]+|\S""")
_CLOSING = {"{": "}", "<": ">"}
_DEEPEST = 20


@dataclasses.dataclass(frozen=True)
class _Statement:
    """``name: value`` or ``name { children }``, where it lies in the text, and its value's place there."""

    name: str
    value: str = ""
    children: tuple["_Statement", ...] = ()
    start: int = 0
    end: int = 0
    span: tuple[int, int] = (0, 0)

    def all(self, name):
        return [child for child in self.children if child.name == name]

    def get(self, name):
        found = self.all(name)
        if len(found) != 1:
            raise InputError(f"expected one {name} in {self.name}, found {len(found)}")
        return found[0]


@dataclasses.dataclass(frozen=True)
class ModelsConfig:
    """The text of a ``models.config``, and one of the models in it.

    Args:
        text: The file's text.
        model: Name of the model.

    Reading and editing raise InputError for a text that is not understood, and for a model that is missing
    or has no list of ``specific`` versions.
    """

    text: str
    model: str

    @property
    def versions(self) -> list[int]:
        """The versions to load, in the order of the file."""
        return [_number(statement) for statement in self._versions]

    @property
    def labels(self) -> dict[str, int]:
        """{label: version}."""
        return {label: _number(statement.get("value")) for label, statement in self._labels.items()}

    def with_version(self, version: int) -> "ModelsConfig":
        """With one more version to load."""
        if version in self.versions:
            return self
        last = self._versions[-1]
        return self._with_copy(last, {last.span: str(version)})

    def without_version(self, version: int) -> "ModelsConfig":
        """Without that version."""
        return self._without([each for each in self._versions if _number(each) == version])

    def with_label(self, label: str, version: int) -> "ModelsConfig":
        """With the label on that version, whether the label is new or not."""
        if label in self._labels:
            start, end = self._labels[label].get("value").span
            return dataclasses.replace(self, text=self.text[:start] + str(version) + self.text[end:])
        if not self._labels:
            raise InputError(f"model {self.model} has no version_labels")
        last = list(self._labels.values())[-1]
        return self._with_copy(
            last, {last.get("key").span: f'"{label}"', last.get("value").span: str(version)}
        )

    def without_label(self, label: str) -> "ModelsConfig":
        """Without that label."""
        return self._without([self._labels[label]] if label in self._labels else [])

    @functools.cached_property
    def _model(self):
        models = [
            config
            for models in _parsed(self.text).all("model_config_list")
            for config in models.all("config")
            if _word(config.get("name")) == self.model
        ]
        if len(models) != 1:
            raise InputError(f"expected one model {self.model}, found {len(models)}")
        return models[0]

    @functools.cached_property
    def _versions(self):
        policies = self._model.all("model_version_policy")
        chosen = [specific for policy in policies for specific in policy.all("specific")]
        versions = [version for specific in chosen for version in specific.all("versions")]
        if not versions:
            raise InputError(f"model {self.model} has no list of specific versions")
        return versions

    @functools.cached_property
    def _labels(self):
        return {_word(statement.get("key")): statement for statement in self._model.all("version_labels")}

    def _with_copy(self, statement, changes):
        """With a copy of a statement after itself, in lines of its own, with other values at some spans."""
        start, end = self._lines(statement)
        copy, place = "", start
        for (first, last), value in sorted(changes.items()):
            copy, place = copy + self.text[place:first] + value, last
        copy += self.text[place:end]
        if not copy.endswith("\n"):
            copy = " " + copy
        return dataclasses.replace(self, text=self.text[:end] + copy + self.text[end:])

    def _without(self, statements):
        text = self.text
        for statement in sorted(statements, key=lambda each: each.start, reverse=True):
            start, end = self._lines(statement)
            if not text[start:end].endswith("\n") and text[start - 1 : start] == " ":
                start -= 1
            text = text[:start] + text[end:]
        return dataclasses.replace(self, text=text)

    def _lines(self, statement):
        """The place of a statement's whole lines if they hold nothing else, or else of itself."""
        start = self.text.rfind("\n", 0, statement.start) + 1
        newline = self.text.find("\n", statement.end)
        end = len(self.text) if newline < 0 else newline + 1
        rest = self.text[start : statement.start] + self.text[statement.end : end].partition("#")[0]
        alone = not rest.strip() and newline >= 0
        return (start, end) if alone else (statement.start, statement.end)


def read(path: str | os.PathLike, model: str) -> ModelsConfig:
    """The file, with both lists of the model checked; raises InputError naming it."""
    try:
        config = ModelsConfig(pathlib.Path(path).read_text(encoding="utf-8"), model)
        config.versions, config.labels  # noqa: B018 (they raise)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (InputError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {error}") from None
    return config


def write(path: str | os.PathLike, config: ModelsConfig) -> None:
    """Puts the text in the file's place at once: whoever reads it meanwhile finds the old or the new text."""
    # The file itself, not a link to it, is replaced.
    path = pathlib.Path(path).resolve()
    mode = path.stat().st_mode
    with atomic.atomic_write(path) as file:
        file.write(config.text)
        file.flush()
        os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())


def _parsed(text):
    """The whole text as one statement."""
    tokens = [match for match in _TOKEN.finditer(text) if match["blank"] is None]
    children, place = _statements(tokens, 0, None, 0)
    return _Statement("the file", children=children)


def _statements(tokens, place, closing, depth):
    """(statements, place after the closing token) of ``tokens`` from ``place`` on."""
    found = []
    while place < len(tokens) and tokens[place][0] != closing:
        start, name = tokens[place].start(), tokens[place][0]
        place += 1
        if place < len(tokens) and tokens[place][0] == ":":
            place += 1
        if not re.fullmatch(r"[A-Za-z_]\w*", name) or place == len(tokens) or depth > _DEEPEST:
            raise InputError(f"not understood from {name!r} on")
        value = tokens[place]
        if value[0] == "[":
            raise InputError(f"{name}: write a list as one statement per value")
        place, children = place + 1, ()
        if value[0] in _CLOSING:
            children, place = _statements(tokens, place, _CLOSING[value[0]], depth + 1)
        end = tokens[place - 1].end()
        found.append(_Statement(name, value[0], children, start, end, value.span()))
        if place < len(tokens) and tokens[place][0] in (",", ";"):
            place += 1
    if closing and place == len(tokens):
        raise InputError(f"a {closing} is missing at the end")
    return tuple(found), place + bool(closing)


def _word(statement):
    if statement.value[:1] not in "\"'" or "\\" in statement.value:
        raise InputError(f"{statement.name}: expected a plain text in quotes, found {statement.value}")
    return statement.value[1:-1]


def _number(statement):
    if not statement.value.isdecimal():
        raise InputError(f"{statement.name}: expected a version number, found {statement.value}")
    return int(statement.value)
