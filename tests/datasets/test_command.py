import os
import subprocess
import sys

import pytest

from datasets import command
from datasets.errors import InputError


def define(flag_values):
    data = command.Group(flag_values, "Data")
    data.string("data_dir", None, "where the data are", required=True)
    data.choice("centre", "com", ("gt", "file", "com"), "where the hand is")
    data.strings("predictions", [], "text files")
    run = command.Group(flag_values, "Run")
    run.integer("epochs", 110, "how long", lower=1, upper=1000)
    run.number("rate", 0.5, "how fast", lower=0.0)
    run.switch("resume", True, "go on where it stopped")


COMMAND = command.Command("python thing.py", "Does one thing.", define)
FLAGS = ["data_dir", "centre", "predictions", "epochs", "rate", "resume"]


def run(*argv, main=lambda values: None):
    """The exit status of the command."""
    with pytest.raises(SystemExit) as end:
        command.run(COMMAND, main, list(argv))
    return end.value.code


def raising(error):
    def main(values):
        raise error

    return main


def test_a_command_gets_its_values_and_ends_with_zero():
    got = []
    argv = [
        "--data_dir=d",
        "--epochs=3",
        "--rate=0.25",
        "--noresume",
        "--predictions=a.txt,b.txt",
        "--centre",
        "gt",
    ]
    assert run(*argv, main=got.append) == 0
    (values,) = got
    assert (values.data_dir, values.epochs, values.rate, values.resume) == ("d", 3, 0.25, False)
    assert (values.predictions, values.centre) == (["a.txt", "b.txt"], "gt")


def test_defaults_hold_and_calls_do_not_touch_each_other():
    command.parse(COMMAND, ["--data_dir=d", "--epochs=3"])
    values = command.parse(COMMAND, ["--data_dir=e"])
    assert (values.epochs, values.rate, values.resume, values.centre) == (110, 0.5, True, "com")


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        (["--data_dir=d", "--epoch=3"], "epoch"),
        (["--data_dir=d", "--epochs=many"], "epochs"),
        (["--data_dir=d", "--epochs=0"], "epochs"),
        (["--data_dir=d", "--rate=-1"], "rate"),
        (["--data_dir=d", "--centre=middle"], "centre"),
        ([], "--data_dir: has to be given"),
        (["--data_dir="], "--data_dir=: is empty"),
        (["--data_dir=d", "--rate=nan"], "--rate=nan: is not finite"),
        (["--data_dir=d", "--rate=inf"], "--rate=inf: is not finite"),
        (["--data_dir=d", "stray"], "'stray'"),
    ],
)
def test_a_wrong_flag_is_one_line_that_names_it_and_status_2(argv, named, capsys):
    assert run(*argv, main=raising(AssertionError("main must not run"))) == 2
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1
    assert err.startswith("error: ") and named in err


@pytest.mark.parametrize("argv", [["--help"], ["--help", "--data_dir=d"], ["--help", "--epoch=3"]])
def test_help_lists_every_flag_under_its_heading_and_ends_with_zero(argv, capsys):
    assert run(*argv, main=raising(AssertionError("main must not run"))) == 0
    out, err = capsys.readouterr()
    assert err == "" and out.startswith("usage: python thing.py") and "Does one thing." in out
    places = [out.index(f"--{name}=" if name != "resume" else "--[no]resume") for name in FLAGS]
    assert places == sorted(places)
    assert places[2] < out.index("Run:") < places[3]


def test_help_says_choices_kinds_and_defaults():
    text = command.parse(COMMAND, ["--help", "--data_dir=d"]) and COMMAND.help()
    for line in (
        "--centre=gt|file|com", "where the hand is (default: com)", "--epochs=INTEGER", "--rate=NUMBER",
        "how fast (default: 0.5)", "--data_dir=TEXT", "go on where it stopped (default: on)",
    ):  # fmt: skip
        assert line in text
    assert "text files\n" in text and "None" not in text


def test_bad_input_is_one_line_and_status_2(capsys):
    assert run("--data_dir=d", main=raising(InputError("a.txt, line 3:\n 2 numbers"))) == 2
    assert capsys.readouterr() == ("", "error: a.txt, line 3: 2 numbers\n")


def test_the_machines_errors_are_one_line_and_status_2(capsys):
    assert run("--data_dir=d", main=raising(PermissionError(13, "Permission denied", "/x/y"))) == 2
    assert capsys.readouterr().err == "error: [Errno 13] Permission denied: '/x/y'\n"


def test_a_bug_stays_a_traceback():
    with pytest.raises(ZeroDivisionError):
        command.run(COMMAND, lambda values: 1 / 0, ["--data_dir=d"])


@pytest.mark.parametrize(("said", "line"), [("", "stopped."), ("all is saved", "stopped. all is saved")])
def test_ctrl_c_is_status_130_and_one_line(said, line, capsys):
    assert run("--data_dir=d", main=raising(KeyboardInterrupt(said))) == 130
    assert capsys.readouterr().err.strip() == line


def test_tensorflow_is_imported_without_a_word():
    code = "from datasets import command; print(command.import_tensorflow().__name__)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "0"},
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "tensorflow", "")
