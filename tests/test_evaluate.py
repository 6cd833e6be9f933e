"""``evaluate.py`` on text files, and how it refuses mistakes. Networks: tests/test_command_line.py."""

import json

import pytest

import evaluate
from crossinfo.flags import EVALUATE
from datasets import command_line

ROW = "1 2 300 " * 14 + "\n"


@pytest.fixture
def run(tmp_path, capsys):
    """Runs ``evaluate.py`` with flags: (exit status, standard output, standard error)."""

    def run(*flags):
        with pytest.raises(SystemExit) as end:
            command_line.run(EVALUATE, evaluate.main, [f"--report_dir={tmp_path / 'report'}", *flags])
        return end.value.code, *capsys.readouterr()

    return run


@pytest.fixture
def labels(tmp_path):
    """NYU labels of two frames."""
    path = tmp_path / "labels.txt"
    path.write_text(ROW * 2)
    return path


def test_text_files_are_scored_and_shown_as_a_table(run, labels, tmp_path):
    (tmp_path / "mine.txt").write_text(ROW.replace("300", "310") * 2)
    files = f"--predictions={labels},{tmp_path / 'mine.txt'}"
    status, output, _ = run("--dataset=nyu", f"--labels={labels}", files)
    assert status == 0
    *table, last = output.splitlines()
    assert table[0].startswith("nyu, 2 frames, centre: unknown")
    assert [line.split()[0] for line in table[2:]] == ["labels", "mine"]
    assert last == f"written to {tmp_path / 'report'}: open report.html"
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert report["methods"]["labels"]["mean_error_mm"] == 0


@pytest.mark.parametrize(
    "flags, message",
    [
        (["--predictions={labels}"], "error: name either --model, or --labels with --predictions"),
        ([], "error: --data_dir is required for --dataset=nyu"),
        (["--model={tmp_path}", "--labels={labels}"], "error: name either --model, or --labels"),
        (["--labels={labels}"], "error: --predictions: name at least one file"),
        (["--labels={labels}", "--predictions={labels},x/labels.txt"], "would both be called labels"),
        (
            ["--labels={labels}", "--predictions={tmp_path}/short.txt"],
            "short.txt: expected 2 rows, one per frame, found 1; where the rows follow another list, give "
            "--label_names and --prediction_names",
        ),
        (
            ["--labels={labels}", "--predictions={labels}", "--prediction_names=list.txt"],
            "error: --prediction_names=list.txt: goes only with --label_names",
        ),
        (["--model={tmp_path}"], "error: --data_dir is required for --dataset=nyu"),
    ],
)
def test_a_mistake_is_one_line_that_names_flags(run, labels, tmp_path, flags, message):
    (tmp_path / "short.txt").write_text(ROW)
    status, _, error = run(
        "--dataset=nyu", *(flag.format(labels=labels, tmp_path=tmp_path) for flag in flags)
    )
    assert status == 2
    assert message in error and len(error.strip().splitlines()) == 1
    assert not (tmp_path / "report").exists()
