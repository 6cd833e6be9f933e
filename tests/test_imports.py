"""Who imports whom: one direction over the whole tree, and no circles. Imports inside functions count."""

import ast
import functools
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[1]

# From the top down; a module imports what stands below it, or what stands in its own room.
ROOMS = (
    ("crossinfo/cli.py",),
    ("train.py", "evaluate.py", "setup.py", "crossinfo/predict.py", "crossinfo/import_release.py"),
    ("crossinfo/table1.py",),
    ("crossinfo/benchmark",),
    ("crossinfo/demo",),
    ("crossinfo/serving",),
    ("crossinfo/client",),
    ("crossinfo/flags.py",),
    ("crossinfo/pretrain",),
    ("crossinfo/training",),
    ("crossinfo/evaluation",),
    ("crossinfo/pretrained.py",),
    ("crossinfo/inference",),
    ("crossinfo/export", "crossinfo/reports"),
    ("crossinfo/release_checkpoint.py",),
    ("crossinfo/model.py", "crossinfo/localisation"),
    ("crossinfo/layers", "crossinfo/metrics", "crossinfo/losses.py"),
    ("crossinfo/card.py",),
    ("crossinfo/config.py",),
    ("datasets/inspect.py", "datasets/figures.py"),
    ("datasets/check",),
    ("datasets/data_flags.py",),
    ("datasets/pipeline.py",),
    ("datasets/shards.py",),
    ("datasets/visualization",),
    ("datasets/registry.py", "datasets/synthetic"),
    ("datasets/icvl.py", "datasets/nyu.py", "datasets/msra.py", "datasets/hands17.py"),
    ("datasets/centres.py", "datasets/augment.py", "datasets/targets.py"),
    ("datasets/crops.py", "datasets/records.py"),
    ("datasets/opencv_nearest.py",),
    ("datasets/command_line.py",),
    ("datasets/io",),
    ("datasets/geometry.py", "datasets/skeletons.py"),
    ("datasets/runtime.py",),
    ("datasets/errors.py",),
)
# A command in a folder stands with the commands, whatever its folder's place.
COMMAND = "__main__.py"


def files():
    """Every source file, relative to the root."""
    found = (
        path for pattern in ("*.py", "crossinfo/**/*.py", "datasets/**/*.py") for path in ROOT.glob(pattern)
    )
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


@functools.cache
def imports(path):
    """Project files that a file imports, wherever in it."""
    targets = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            targets |= {file_of(name.name) for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            for name in node.names:
                # The name is a module of that package, or something defined in it.
                targets.add(file_of(f"{node.module}.{name.name}") or file_of(node.module))
    return targets - {None, path}


@functools.cache
def file_of(module):
    """The project's file of a dotted module name, or None."""
    base = module.replace(".", "/")
    return next((path for path in (f"{base}.py", f"{base}/__init__.py") if (ROOT / path).is_file()), None)


def room(path):
    """(place of its room from the top, the room)."""
    if path.endswith(COMMAND):
        return 1, path
    for place, rooms in enumerate(ROOMS):
        for name in rooms:
            if path == name or path.startswith(name + "/"):
                return place, name
    raise AssertionError(f"{path} stands in no room: add it to ROOMS")


def packages(path):
    """The two packages' own __init__ say nothing and may be imported by all."""
    return path in ("crossinfo/__init__.py", "datasets/__init__.py")


@pytest.mark.parametrize("path", [path for path in files() if not packages(path)])
def test_imports_point_downwards(path):
    place, own = room(path)
    for target in imports(path):
        if packages(target):
            continue
        below, other = room(target)
        assert below > place or other == own, f"{path} imports {target}"


def circles(graph):
    """Nodes that can be reached from themselves."""

    def reached(node):
        seen, waiting = set(), list(graph[node])
        while waiting:
            following = waiting.pop()
            if following not in seen:
                seen.add(following)
                waiting += graph[following]
        return seen

    return sorted(node for node in graph if node in reached(node))


def test_no_files_import_each_other():
    assert not circles({path: imports(path) for path in files()})


def top_folder(path):
    """A package's folder with all below it; a file of a package's root is judged by itself."""
    return "/".join(path.split("/")[:2])


def test_no_folders_import_each_other():
    graph = {}
    for path in files():
        if packages(path) or path.endswith(COMMAND):
            continue
        own = top_folder(path)
        targets = graph.setdefault(own, set())
        for target in imports(path):
            if top_folder(target) != own and not packages(target):
                targets.add(top_folder(target))
    graph = {node: targets & graph.keys() for node, targets in graph.items()}
    assert not circles(graph)


def test_a_circle_is_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]


@pytest.mark.parametrize(("package", "most"), [("crossinfo", 14), ("datasets", 22)])
def test_the_packages_roots_stay_small(package, most):
    modules = [path for path in (ROOT / package).glob("*.py") if path.name != "__init__.py"]
    assert len(modules) <= most
