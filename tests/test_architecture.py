"""What holds for the whole source: who imports whom, sizes, docstrings, nothing executed from data."""

import ast
import functools
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.py", "crossinfo/**/*.py", "datasets/**/*.py")
    for path in ROOT.glob(pattern)
)
PACKAGES = [path for path in SOURCES if "/" in path]
EVERYTHING = SOURCES + sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("tests/**/*.py"))
DEFINITIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
FLAG_READERS = {"datasets/command_line.py"}
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "joblib", "marshal", "shelve", "yaml"}
# Keras' contract of a layer: these methods say no more than their base's documentation.
LAYER_METHODS = {"build", "call", "compute_output_shape", "get_config"}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}


@functools.cache
def tree(path):
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def imported(path):
    """Dotted names of all that a file imports, wherever it does."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{name.name}" for name in node.names)


def test_there_is_something_to_check():
    assert {"datasets/crops.py", "crossinfo/model.py", "train.py"} <= set(SOURCES)


@pytest.mark.parametrize("path", [path for path in PACKAGES if path.startswith("datasets/")])
def test_datasets_never_imports_crossinfo(path):
    assert not [name for name in imported(path) if name.split(".")[0] == "crossinfo"]


@pytest.mark.parametrize("path", PACKAGES)
def test_flags_are_read_in_commands_only(path):
    assert path in FLAG_READERS or not [name for name in imported(path) if name.split(".")[0] == "absl"]


@pytest.mark.parametrize("path", SOURCES)
def test_nothing_from_data_is_executed(path):
    assert not {name.split(".")[0] for name in imported(path)} & FORBIDDEN_MODULES
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            assert not (isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS), node.lineno
            for word in node.keywords:
                unpickles = word.arg == "allow_pickle" and getattr(word.value, "value", True)
                assert not unpickles, node.lineno


@pytest.mark.parametrize("path", EVERYTHING)
def test_no_file_is_over_400_lines_and_no_function_over_60(path):
    assert len((ROOT / path).read_text(encoding="utf-8").splitlines()) <= 400
    functions = [node for node in ast.walk(tree(path)) if isinstance(node, FUNCTIONS)]
    assert not [node.name for node in functions if node.end_lineno - node.lineno >= 60]


def public(node):
    """Public classes, functions and methods below a module, not those inside functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, DEFINITIONS) and not child.name.startswith("_"):
            if not (isinstance(node, ast.ClassDef) and child.name in LAYER_METHODS):
                yield child
            if isinstance(child, ast.ClassDef):
                yield from public(child)


@pytest.mark.parametrize("path", SOURCES)
def test_every_public_thing_has_a_docstring(path):
    assert ast.get_docstring(tree(path))
    assert not [node.name for node in public(tree(path)) if not ast.get_docstring(node)]


@pytest.mark.parametrize("path", SOURCES)
def test_no_module_is_a_drawer_of_utilities(path):
    assert not {"utils", "util", "helpers", "common", "misc"} & set(Path(path).with_suffix("").parts)
