"""How every command reads its flags, reports bad input and ends.

One ``Command`` holds a command's flags in groups; ``run`` parses them, prints a grouped ``--help``, and
turns a caller's mistake into one line on standard error and status 2. A bug stays a traceback.
"""

import dataclasses
import math
import re
import sys
import textwrap
import types
from collections.abc import Callable

from absl import flags

from datasets.errors import InputError

# absl's messages in this project's words.
_WORDS = {
    r"flag (--\w+)=None: .* other than None.*": r"\1 is required",
    r"flag (--\w+=.*): invalid literal for int.*": r"\1: is not a whole number",
    r"flag (--\w+=.*): could not convert string to float.*": r"\1: is not a number",
    r"flag (--\w+=.*): value should be one of <(.*)>": r"\1: is not one of \2",
    r"flag (--\w+=.*): .*Non-boolean argument.*": r"\1: is neither true nor false",
    r"Unknown command line flag '(.*?)'": r"unknown flag --\1",
    r"flag (--.*)": r"\1",
}


class Group:
    """Defines flags under one heading: ``Group(values, "Data").string("data_dir", None, "...")``."""

    def __init__(self, flag_values, title):
        self._common = {"flag_values": flag_values, "module_name": title}

    def string(self, name, default, help, required=False):
        """A text flag; one that is required may not be empty, as an unset variable makes it."""
        flags.DEFINE_string(name, default, help, required=required, **self._common)
        if required:
            self._check(name, lambda text: text != "", "is empty")

    def strings(self, name, default, help):
        """A comma-separated list."""
        flags.DEFINE_list(name, default, help, **self._common)

    def choice(self, name, default, choices, help, required=False):
        """One of several words."""
        flags.DEFINE_enum(name, default, list(choices), help, required=required, **self._common)

    def integer(self, name, default, help, lower=None, upper=None):
        """A whole number, bounded."""
        flags.DEFINE_integer(name, default, help, lower_bound=lower, upper_bound=upper, **self._common)

    def number(self, name, default, help, lower=None, upper=None):
        """A real number, finite and bounded."""
        flags.DEFINE_float(name, default, help, lower_bound=lower, upper_bound=upper, **self._common)
        self._check(name, lambda number: number is None or math.isfinite(number), "is not finite")

    def switch(self, name, default, help):
        """``--name`` or ``--noname``."""
        flags.DEFINE_boolean(name, default, help, **self._common)

    def _check(self, name, good, problem):
        flags.register_validator(name, good, problem, flag_values=self._common["flag_values"])


@dataclasses.dataclass(frozen=True)
class Command:
    """One command: how it is called, what it does in one sentence, and its flags.

    Args:
        usage: str, e.g. ``python train.py``.
        summary: str. One sentence.
        define: function of an ``absl.flags.FlagValues`` that defines the flags through ``Group``s.
    """

    usage: str
    summary: str
    define: Callable

    def flag_values(self):
        """Fresh flags with their defaults, no global state."""
        values = flags.FlagValues()
        self.define(values)
        flags.DEFINE_boolean("help", False, "print this page", flag_values=values, module_name="Help")
        return values

    def groups(self):
        """[(heading, [absl Flag, ...]), ...] in the order of definition."""
        by_heading = self.flag_values().flags_by_module_dict()
        return [
            (heading, [flag for flag in found if flag.name != "help"])
            for heading, found in by_heading.items()
            if heading != "Help"
        ]

    def help(self):
        """The text of ``--help``."""
        lines = [f"usage: {self.usage} [--flag=value ...]", "", *textwrap.wrap(self.summary, 100)]
        for heading, found in self.groups():
            lines += ["", f"{heading}:"]
            for flag in found:
                lines.append(f"  {spelling(flag)}")
                lines += textwrap.wrap(
                    described(flag), 100, initial_indent=" " * 6, subsequent_indent=" " * 6
                )
        return "\n".join(lines)


def spelling(flag):
    """How a flag is typed: ``--epochs=INTEGER``, ``--[no]resume``, ``--centre=gt|file|com``."""
    if flag.boolean:
        return f"--[no]{flag.name}"
    choices = getattr(flag.parser, "enum_values", None)
    kind = {"int": "INTEGER", "float": "NUMBER"}.get(flag.flag_type(), "TEXT")
    return f"--{flag.name}={'|'.join(choices) if choices else kind}"


def described(flag):
    """A flag's help with its default, in one paragraph."""
    help, default = re.sub(r"^<[^>]*>: ", "", flag.help), flag.default
    if default is None or default == []:
        return help
    if flag.boolean:
        default = "on" if default else "off"
    elif isinstance(default, list):
        default = ",".join(default)
    return f"{help} (default: {default})"


def parse(command, argv):
    """Parses ``argv`` into a namespace of values. Raises InputError on a wrong flag or a stray word."""
    values = command.flag_values()
    try:
        rest = values([command.usage, *argv])
    except flags.Error as error:
        if "--help" in argv:
            return types.SimpleNamespace(help=True)
        raise InputError(f"{_in_plain_words(error)}; see {command.usage} --help") from None
    if rest[1:]:
        raise InputError(f"unexpected argument {rest[1]!r}; flags are written --name=value, see --help")
    return types.SimpleNamespace(**values.flag_values_dict())


def _in_plain_words(error):
    message = _one_line(error)
    for absl_words, words in _WORDS.items():
        if re.match(absl_words, message):
            return re.sub(absl_words, words, message, count=1)
    return message


def run(command, main, argv=None):
    """Runs ``main(values)`` as a command and exits: 0 done, 2 bad input, 130 stopped by Ctrl-C."""
    try:
        values = parse(command, sys.argv[1:] if argv is None else argv)
        if values.help:
            print(command.help())
        else:
            main(values)
    except InputError as error:
        sys.exit(_report(error))
    except OSError as error:
        # Disk full, no permission and the like are the machine's, not bugs; they name their file.
        sys.exit(_report(error))
    except KeyboardInterrupt as stop:
        print(f"\nstopped. {stop}".rstrip(), file=sys.stderr)
        sys.exit(130)
    sys.exit(0)


def _report(error):
    print(f"error: {_one_line(error)}", file=sys.stderr)
    return 2


def _one_line(error):
    return " ".join(str(error).split())
