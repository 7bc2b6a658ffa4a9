"""The house: which room may import which, read from the code itself."""

from __future__ import annotations

import ast
import re
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent / "cecalc"
TREES = {
    ".".join(("cecalc", *path.relative_to(HOUSE).with_suffix("").parts)): ast.parse(
        path.read_text()
    )
    for path in sorted(HOUSE.rglob("*.py"))
}
"""The modules, each parsed once."""
ROOMS = {
    "python": {"cli", "input", "run", "output", "hints", "explain", "mistakes"},
    "cli": {"input", "run", "output", "hints", "explain", "mistakes", "guide"},
    "hints": {"run", "compute", "losses"},
    "explain": {"run", "compute", "losses", "output"},
    "mistakes": {"run", "compute", "losses", "output"},
    "run": {"input", "compute", "losses", "output"},
    "compute": {"losses"},
    "input": set[str](),
    "losses": set[str](),
    "output": set[str](),
    "guide": set[str](),
}
"""The rooms, and which others each may import; what is at the top level, any room may."""


_VIEW = re.compile(r"cecalc\.[a-z_.]+:[a-z_]+")
"""What is imported by its name when it is used."""


def _imports(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Constant) and _VIEW.fullmatch(str(node.value)):
            found.add(str(node.value).replace(":", "."))
    return found


def _room(name: str) -> str:
    """The room of a module, or of what it defines; empty at the top level."""
    parts = name.split(".")
    return parts[1] if parts[0] == "cecalc" and parts[1:2] and parts[1] in ROOMS else ""


def test_rooms_import_only_what_they_may() -> None:
    for name, tree in TREES.items():
        room = _room(name)
        seen = {_room(other) for other in _imports(tree)} - {room, ""}
        if room:
            assert seen <= ROOMS[room], name
        elif name != "cecalc.__main__":
            assert seen <= {"losses", "python"} and (not seen or name == "cecalc.__init__"), name


def _edges(name: str) -> set[str]:
    """The modules that a module imports, at whatever time; what a package holds is the package's
    own only where it is no module.
    """
    found = set()
    for other in _imports(TREES[name]):
        outer = other.rpartition(".")[0]
        modules = other, f"{other}.__init__", outer, f"{outer}.__init__"
        found |= set([module for module in modules if module in TREES][:1])
    return found - {name}


def test_imports_make_no_circle() -> None:
    edges = {name: _edges(name) for name in TREES}
    assert "cecalc.output.table" in edges["cecalc.output.__init__"]  # lazy ones count
    TopologicalSorter(edges).prepare()  # raises CycleError, which names the modules of one


def test_a_class_name_stands_once() -> None:
    names = Counter(
        node.name
        for tree in TREES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    )
    assert {name for name, number in names.items() if number > 1} == set()


def test_modules_are_at_most_450_lines() -> None:
    lines = {name: len(_path(name).read_text().splitlines()) for name in TREES}
    assert {name for name, number in lines.items() if number > 450} == set()


def test_functions_are_at_most_40_lines_without_their_docstring() -> None:
    long = {
        (name, node.name)
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and _length(node) > 40
    }
    assert long == set()


def _path(name: str) -> Path:
    return HOUSE.parent.joinpath(*name.split(".")).with_suffix(".py")


def _length(function: ast.FunctionDef) -> int:
    """The lines of a function without its docstring."""
    first = function.body[0]
    told = 0
    if ast.get_docstring(function) is not None:
        told = (first.end_lineno or 0) - first.lineno + 1
    return (function.end_lineno or 0) - function.lineno + 1 - told


def test_only_the_command_line_parses_flags() -> None:
    for name, tree in TREES.items():
        knows = {other.split(".")[0] for other in _imports(tree)} & {"typer"}
        assert not knows or _room(name) == "cli", name


def test_only_two_files_name_torch() -> None:
    named = {
        name
        for name, tree in TREES.items()
        if any(other.split(".")[0] == "torch" for other in _imports(tree))
    }
    assert named == {"cecalc.compute.backend", "cecalc.input.arrays.torch"}


def test_top_level_holds_what_was_agreed() -> None:
    agreed = {"pyproject.toml", "README.md", "LICENSE", "cecalc", "tests", "samples"}
    found = {path.name for path in HOUSE.parent.iterdir() if not path.name.startswith(".")}
    assert {name for name in found if not name.endswith(".egg-info")} <= agreed | {"build"}


def test_public_names_exist() -> None:
    import cecalc

    assert all(getattr(cecalc, name) for name in cecalc.__all__)
    with pytest.raises(AttributeError, match="no attribute 'crossentropy'"):
        _ = cecalc.crossentropy
