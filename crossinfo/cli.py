"""``python -m crossinfo.cli`` writes ``flags.md``, the page of every command's flags."""

import pathlib

from crossinfo import flags, import_release, predict, table1
from crossinfo.benchmark import __main__ as benchmark
from crossinfo.client import __main__ as client
from crossinfo.demo import __main__ as demo
from crossinfo.export import __main__ as export
from crossinfo.pretrain import __main__ as pretrain
from crossinfo.serving import rollout
from datasets import figures, inspect
from datasets.check import __main__ as check
from datasets.command_line import Command, described, spelling
from datasets.synthetic import __main__ as synthetic
from datasets.synthetic import contact_sheet
from datasets.synthetic.recipe import __main__ as recipe

COMMANDS = (
    flags.TRAIN,
    flags.EVALUATE,
    predict.COMMAND,
    demo.COMMAND,
    export.COMMAND,
    client.COMMAND,
    rollout.COMMAND,
    benchmark.COMMAND,
    import_release.COMMAND,
    table1.COMMAND,
    pretrain.COMMAND,
    check.COMMAND,
    inspect.COMMAND,
    synthetic.COMMAND,
    contact_sheet.COMMAND,
    recipe.COMMAND,
    figures.COMMAND,
)


def flags_page(commands: tuple[Command, ...] = COMMANDS) -> str:
    """The text of ``flags.md``: each command with a table of its flags, heading by heading."""
    lines = ["# Flags", "", "Written by `python -m crossinfo.cli`; do not edit.", ""]
    for command in commands:
        lines += [f"## `{command.usage}`", "", command.summary, ""]
        for heading, group in command.groups():
            lines += [f"**{heading}**", "", "| flag | meaning |", "| --- | --- |"]
            lines += [f"| `{_cell(spelling(flag))}` | {_cell(described(flag))} |" for flag in group]
            lines.append("")
    return "\n".join(lines)


def _cell(text):
    return text.replace("|", "\\|")


if __name__ == "__main__":
    pathlib.Path("flags.md").write_text(flags_page(), encoding="utf-8")
    print("wrote flags.md")
