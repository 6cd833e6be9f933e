"""Another project's package called ``datasets``, as Hugging Face's is, in place of ours."""

import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture
def other(tmp_path):
    (tmp_path / "other/datasets").mkdir(parents=True)
    (tmp_path / "other/datasets/__init__.py").write_text("class Dataset: pass\n")
    return tmp_path / "other"


def start(folder, path, *arguments):
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env={"PYTHONPATH": str(path)}, capture_output=True, text=True)


def hidden(other):
    return (
        f"crossinfonet's package datasets is hidden by another project's, {other / 'datasets/__init__.py'}; "
        "give crossinfonet a virtual environment of its own\n"
    )


@pytest.mark.parametrize("module", ["crossinfo", "crossinfo.metrics"])
def test_a_program_gets_an_import_error_that_names_the_file(other, tmp_path, module):
    (tmp_path / "train.py").write_text(f"import {module}\n")
    done = start(tmp_path, f"{other}:{ROOT}", "train.py")
    assert done.returncode == 1 and done.stderr.endswith(f"\nImportError: {hidden(other)}")


def test_a_program_that_expects_it_can_go_on(other, tmp_path):
    program = "try: import crossinfo\nexcept ImportError: print('without')"
    assert start(tmp_path, f"{other}:{ROOT}", "-c", program).stdout == "without\n"


def test_a_module_run_as_a_command_ends_with_one_line_and_status_2(other, tmp_path):
    done = start(tmp_path, f"{other}:{ROOT}", "-m", "crossinfo.predict", "--help")
    assert (done.returncode, done.stderr) == (2, f"error: {hidden(other)}") and not done.stdout


@pytest.mark.parametrize("script", ["train", "evaluate"])
def test_an_installed_script_whose_datasets_were_overwritten_says_so(other, tmp_path, script):
    shutil.copytree(ROOT / "crossinfo", tmp_path / "crossinfo", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "datasets", tmp_path / "datasets", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(other / "datasets", tmp_path / "datasets", dirs_exist_ok=True)
    shutil.copy(ROOT / f"{script}.py", tmp_path)
    for arguments in ([f"{script}.py", "--help"], ["-m", script, "--help"]):
        done = start(tmp_path, "", *arguments)
        assert (done.returncode, done.stderr) == (2, f"error: {hidden(tmp_path)}")


def test_a_missing_package_is_called_missing(tmp_path):
    shutil.copytree(ROOT / "crossinfo", tmp_path / "crossinfo", ignore=shutil.ignore_patterns("__pycache__"))
    done = start(tmp_path, "", "-S", "-c", "import sys; sys.modules['wrapt'] = sys; import crossinfo")
    assert "ImportError: crossinfonet's package datasets is missing; give" in done.stderr


def test_a_folder_of_data_called_datasets_hides_nothing(tmp_path):
    (tmp_path / "datasets/nyu").mkdir(parents=True)
    done = start(tmp_path, ROOT, "-c", "import crossinfo.metrics")
    assert (done.returncode, done.stderr) == (0, "")
