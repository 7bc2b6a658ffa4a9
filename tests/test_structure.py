"""The house: which room may import which, read from the code itself."""

from __future__ import annotations

import ast
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
    "cli": {"input", "run", "output", "hints", "explain", "why", "guide"},
    "run": {"input", "compute", "losses", "output", "hints", "explain", "why"},
    "explain": {"run", "compute", "losses", "output", "hints"},
    "why": {"run", "compute", "losses", "output", "hints"},
    "hints": {"compute", "losses"},
    "compute": {"losses"},
    "input": set[str](),
    "losses": set[str](),
    "output": set[str](),
    "guide": set[str](),
}
"""The rooms, and which others each may import; what is at the top level, any room may."""


def _imports(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
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
        elif name not in ("cecalc.__main__", "cecalc.model"):
            assert seen <= {"losses"} and (not seen or name == "cecalc.__init__"), name


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
