"""Installing beside another project's package called ``datasets``."""

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]
# setup.py where the packages installed are those of another folder.
PROGRAM = """
import runpy, sys, sysconfig
folder = sys.argv.pop()
sysconfig.get_path = lambda *_, **__: folder
sys.argv = ["setup.py", "--name"]
runpy.run_path("setup.py", run_name="__main__")
"""


def install(folder, name, package):
    """What is left of an installed project with one empty package."""
    (folder / package).mkdir(exist_ok=True)
    (folder / package / "__init__.py").touch()
    info = folder / f"{name}-1.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\n")
    (info / "RECORD").write_text(f"{package}/__init__.py,,\n")


def setup(folder):
    pytest.importorskip("setuptools")
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, folder], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", ["datasets", "other-project"])
def test_a_project_with_a_package_of_the_same_name_is_named(tmp_path, name):
    install(tmp_path, name, "datasets")
    done = setup(tmp_path)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert f"so has {name} 1.5 in {tmp_path / 'datasets'}; install crossinfonet into a vi" in done.stderr


@pytest.mark.parametrize(("name", "package"), [("crossinfonet", "datasets"), ("datasets", "other")])
def test_this_project_and_packages_of_other_names_are_no_obstacle(tmp_path, name, package):
    install(tmp_path, name, package)
    done = setup(tmp_path)
    assert done.returncode == 0 and done.stdout.split()[-1] == "crossinfonet"
