import pytest

from datasets import command_line
from datasets.errors import InputError


def define(flag_values):
    data = command_line.Group(flag_values, "Data")
    data.string("data_dir", None, "where the data are", required=True)
    data.choice("centre", "com", ("gt", "file", "com"), "where the hand is")
    data.strings("predictions", [], "text files")
    run = command_line.Group(flag_values, "Run")
    run.integer("epochs", 110, "how long", lower=1, upper=1000)
    run.number("rate", 0.5, "how fast", lower=0.0)
    run.switch("resume", True, "go on where it stopped")


COMMAND = command_line.Command("python thing.py", "Does one thing.", define)
FLAGS = ["data_dir", "centre", "predictions", "epochs", "rate", "resume"]


def run(*argv, main=lambda values: None):
    """The exit status of the command."""
    with pytest.raises(SystemExit) as end:
        command_line.run(COMMAND, main, list(argv))
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
    command_line.parse(COMMAND, ["--data_dir=d", "--epochs=3"])
    values = command_line.parse(COMMAND, ["--data_dir=e"])
    assert (values.epochs, values.rate, values.resume, values.centre) == (110, 0.5, True, "com")


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        (["--data_dir=d", "--epoch=3"], "unknown flag --epoch. Did you mean: epochs ?"),
        (["--data_dir=d", "--epochs=many"], "--epochs=many: is not a whole number"),
        (["--data_dir=d", "--epochs=0"], "--epochs=0: 0 is not an integer in the range [1, 1000]"),
        (["--data_dir=d", "--rate=fast"], "--rate=fast: is not a number"),
        (["--data_dir=d", "--rate=-1"], "--rate=-1"),
        (["--data_dir=d", "--centre=middle"], "--centre=middle: is not one of gt|file|com"),
        (["--data_dir=d", "--resume=perhaps"], "--resume=perhaps: is neither true nor false"),
        ([], "--data_dir is required; see python thing.py --help"),
        (["--data_dir="], "--data_dir=: is empty"),
        (["--data_dir=d", "--rate=nan"], "--rate=nan: is not finite"),
        (["--data_dir=d", "--rate=inf"], "--rate=inf: is not finite"),
        (["--data_dir=d", "stray"], "unexpected argument 'stray'"),
    ],
)
def test_a_wrong_flag_is_one_line_that_names_it_and_status_2(argv, named, capsys):
    assert run(*argv, main=raising(AssertionError("main must not run"))) == 2
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1
    assert err.startswith(f"error: {named}")


@pytest.mark.parametrize("argv", [["--help"], ["--help", "--data_dir=d"], ["--help", "--epoch=3"]])
def test_help_lists_every_flag_under_its_heading_and_ends_with_zero(argv, capsys):
    assert run(*argv, main=raising(AssertionError("main must not run"))) == 0
    out, err = capsys.readouterr()
    assert err == "" and out.startswith("usage: python thing.py") and "Does one thing." in out
    places = [out.index(f"--{name}=" if name != "resume" else "--[no]resume") for name in FLAGS]
    assert places == sorted(places)
    assert places[2] < out.index("Run:") < places[3]


def test_help_says_choices_kinds_and_defaults():
    text = command_line.parse(COMMAND, ["--help", "--data_dir=d"]) and COMMAND.help()
    for line in (
        "--centre=gt|file|com", "where the hand is (default: com)", "--epochs=INTEGER", "--rate=NUMBER",
        "how fast (default: 0.5)", "--data_dir=TEXT", "go on where it stopped (default: on)",
    ):  # fmt: skip
        assert line in text
    assert "text files\n" in text and "None" not in text


def test_bad_input_is_one_line_and_status_2(capsys):
    assert run("--data_dir=d", main=raising(InputError("a.txt, line 3:\n 2 numbers"))) == 2
    assert capsys.readouterr() == ("", "error: a.txt, line 3: 2 numbers\n")


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("`data_dir`=/x: no such folder", "--data_dir=/x: no such folder"),
        ("`centre`=file goes only with `predictions`", "--centre=file goes only with --predictions"),
        ("cannot `resume` from /x", "cannot --resume from /x"),
        ("`reader`: 3 frames, `epoch`=4", "reader: 3 frames, epoch=4"),
        ("/data/`x y`.txt: no such file", "/data/`x y`.txt: no such file"),
    ],
)
def test_a_librarys_arguments_are_printed_as_the_commands_flags(message, line, capsys):
    assert command_line.with_flags(message, COMMAND) == line
    assert run("--data_dir=d", main=raising(InputError(message))) == 2
    assert capsys.readouterr() == ("", f"error: {line}\n")


def test_the_machines_errors_are_one_line_and_status_2(capsys):
    assert run("--data_dir=d", main=raising(PermissionError(13, "Permission denied", "/x/y"))) == 2
    assert capsys.readouterr().err == "error: [Errno 13] Permission denied: '/x/y'\n"


def test_a_bug_stays_a_traceback():
    with pytest.raises(ZeroDivisionError):
        command_line.run(COMMAND, lambda values: 1 / 0, ["--data_dir=d"])


@pytest.mark.parametrize(("said", "line"), [("", "stopped."), ("all is saved", "stopped. all is saved")])
def test_ctrl_c_is_status_130_and_one_line(said, line, capsys):
    assert run("--data_dir=d", main=raising(KeyboardInterrupt(said))) == 130
    assert capsys.readouterr().err.strip() == line
