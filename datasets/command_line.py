"""How every command reads its flags, reports bad input and ends.

One ``Command`` holds a command's flags in groups; ``run`` parses them, prints a grouped ``--help``, and
turns a caller's mistake into one line on standard error and status 2. A bug stays a traceback.

Libraries know no flags: their errors name arguments in backticks, and ``run`` prints these as flags.
"""

import contextlib
import dataclasses
import math
import re
import signal
import sys
import textwrap
import threading
import types
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

from absl import flags

from datasets.errors import InputError
from datasets.io.wording import printable

FlagValues = flags.FlagValues

# absl's messages, and how they are printed.
_MESSAGES = {
    r"flag (--\w+)=None: .* other than None.*": r"\1 is required",
    r"flag (--\w+=.*): invalid literal for int.*": r"\1: is not a whole number",
    r"flag (--\w+=.*): could not convert string to float.*": r"\1: is not a number",
    r"flag (--\w+=.*): value should be one of <(.*)>": r"\1: is not one of \2",
    r"flag (--\w+=.*): .*Non-boolean argument.*": r"\1: is neither true nor false",
    r"Unknown command line flag '(.*?)'": r"unknown flag --\1",
    r"flag (--.*)": r"\1",
}


class Group:
    """Defines flags under one heading: ``Group(flag_values, "Data").string("data_dir", None, "...")``.

    Every method takes the flag's ``name``, its ``default`` (None: no value) and its ``help``. A ``required``
    flag has to be given, and numbers have to lie within ``lower`` and ``upper``.

    Args:
        flag_values: absl FlagValues that the flags are added to.
        title: str. The heading.
    """

    def __init__(self, flag_values: flags.FlagValues, title: str):
        self._common = {"flag_values": flag_values, "module_name": title}

    def string(self, name: str, default: str | None, help: str, required: bool = False):
        """A text flag. A required one may not be empty, as an unset shell variable would make it."""
        flags.DEFINE_string(name, default, help, required=required, **self._common)
        if required:
            self._check(name, lambda text: text != "", "is empty")

    def strings(self, name: str, default: Sequence[str], help: str):
        """A comma-separated list."""
        flags.DEFINE_list(name, default, help, **self._common)

    def choice(
        self, name: str, default: str | None, choices: Iterable[str], help: str, required: bool = False
    ):
        """One of several words."""
        flags.DEFINE_enum(name, default, list(choices), help, required=required, **self._common)

    def integer(
        self, name: str, default: int | None, help: str, lower: int | None = None, upper: int | None = None
    ):
        """A whole number, ``lower`` <= number <= ``upper``."""
        flags.DEFINE_integer(name, default, help, lower_bound=lower, upper_bound=upper, **self._common)

    def number(
        self,
        name: str,
        default: float | None,
        help: str,
        lower: float | None = None,
        upper: float | None = None,
    ):
        """A finite real number, ``lower`` <= number <= ``upper``."""
        flags.DEFINE_float(name, default, help, lower_bound=lower, upper_bound=upper, **self._common)
        self._check(name, lambda number: number is None or math.isfinite(number), "is not finite")

    def switch(self, name: str, default: bool | None, help: str):
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
    define: Callable[[flags.FlagValues], None]

    def flag_values(self) -> flags.FlagValues:
        """Fresh flags with their defaults; no global state."""
        values = flags.FlagValues()
        self.define(values)
        flags.DEFINE_boolean("help", False, "print this page", flag_values=values, module_name="Help")
        return values

    def groups(self) -> list[tuple[str, list[flags.Flag]]]:
        """[(heading, [absl Flag, ...]), ...] in the order of definition."""
        by_heading = self.flag_values().flags_by_module_dict()
        return [
            (heading, [flag for flag in group if flag.name != "help"])
            for heading, group in by_heading.items()
            if heading != "Help"
        ]

    def help(self) -> str:
        """The text of ``--help``."""
        lines = [f"usage: {self.usage} [--flag=value ...]", "", *textwrap.wrap(self.summary, 100)]
        for heading, group in self.groups():
            lines += ["", f"{heading}:"]
            for flag in group:
                lines.append(f"  {spelling(flag)}")
                lines += textwrap.wrap(
                    described(flag), 100, initial_indent=" " * 6, subsequent_indent=" " * 6
                )
        return "\n".join(lines)


def spelling(flag: flags.Flag) -> str:
    """How a flag is typed: ``--epochs=INTEGER``, ``--[no]resume``, ``--centre=gt|file|com``."""
    if flag.boolean:
        return f"--[no]{flag.name}"
    choices = getattr(flag.parser, "enum_values", None)
    kind = {"int": "INTEGER", "float": "NUMBER"}.get(flag.flag_type(), "TEXT")
    return f"--{flag.name}={'|'.join(choices) if choices else kind}"


def described(flag: flags.Flag) -> str:
    """A flag's help with its default, in one paragraph."""
    help, default = re.sub(r"^<[^>]*>: ", "", flag.help), flag.default
    if default is None or default == []:
        return help
    if flag.boolean:
        default = "on" if default else "off"
    elif isinstance(default, list):
        default = ",".join(default)
    return f"{help} (default: {default})"


def parse(command: Command, argv: Sequence[str]) -> types.SimpleNamespace:
    """A namespace with the value of every flag. Raises InputError on a wrong flag or a stray word."""
    values = command.flag_values()
    try:
        rest = values([command.usage, *argv])
    except flags.Error as error:
        if "--help" in argv:
            return types.SimpleNamespace(help=True)
        raise InputError(f"{_plain(error)}; see {command.usage} --help") from None
    if rest[1:]:
        raise InputError(f"unexpected argument {rest[1]!r}; flags are written --name=value, see --help")
    return types.SimpleNamespace(**values.flag_values_dict())


def _plain(error):
    message = _one_line(error)
    for pattern, replacement in _MESSAGES.items():
        if re.match(pattern, message):
            return re.sub(pattern, replacement, message, count=1)
    return message


def with_flags(message: str, command: Command) -> str:
    """A library's message as a command prints it.

    Libraries name their arguments in backticks. Where the command has a flag of that name,
    "`data_dir`=/x: no such folder" becomes "--data_dir=/x: no such folder"; elsewhere the backticks go.
    """
    names = {flag.name for _, group in command.groups() for flag in group}
    return re.sub(r"`(\w+)`", lambda match: f"--{match[1]}" if match[1] in names else match[1], message)


def run(
    command: Command, main: Callable[[types.SimpleNamespace], Any], argv: Sequence[str] | None = None
) -> NoReturn:
    """Runs ``main(values)`` as a command and exits: 0 done, 2 bad input, 130 stopped by Ctrl-C or SIGTERM.

    Args:
        command: Command.
        main: function of the parsed values, a namespace. Its InputError or OSError is printed as one line.
        argv: list of str; ``sys.argv`` without the program's name if None.
    """
    try:
        values = parse(command, sys.argv[1:] if argv is None else argv)
        if values.help:
            print(command.help())
        else:
            with _stopped_by_sigterm():
                main(values)
    except InputError as error:
        sys.exit(_report(with_flags(_one_line(error), command)))
    except OSError as error:
        # Disk full, no permission and the like are the machine's, not bugs; they name their file.
        sys.exit(_report(_one_line(error)))
    except MemoryError as error:
        sys.exit(_report(f"there is not enough memory; {_one_line(error)}".rstrip("; ")))
    except KeyboardInterrupt as stop:
        print(f"\nstopped. {printable(stop)}".rstrip(), file=sys.stderr)
        sys.exit(130)
    sys.exit(0)


@contextlib.contextmanager
def _stopped_by_sigterm():
    """SIGTERM stops the block as Ctrl-C does, so that it tidies up."""
    before = signal.getsignal(signal.SIGTERM)
    if before is signal.SIG_DFL and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        if before is signal.SIG_DFL and signal.getsignal(signal.SIGTERM) is signal.default_int_handler:
            signal.signal(signal.SIGTERM, before)


def _report(line):
    print(f"error: {printable(line)}", file=sys.stderr)
    return 2


def _one_line(error):
    return " ".join(str(error).split())
