"""The house: which room may import which, read from the code itself."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent / "cecalc"
MODULES = sorted(HOUSE.rglob("*.py"))
ROOMS = {
    "sources", "backend", "losses", "compute", "insight", "summary", "views", "writer", "guide",
}  # fmt: skip
MAY_IMPORT = {
    "compute": {"backend", "losses"},
    "groups": {"summary"},
    "insight": {"losses"},
}
"""What joins rooms besides `flow` and what stands at the door."""
FLAGS = {"cli", "options", "completion", "telling"}
AT_THE_DOOR = FLAGS | {"requests", "scalars", "outputs", "flow", "__main__", "__init__"}
"""These may see every room."""


def _name(path: Path) -> str:
    return ".".join(("cecalc", *path.relative_to(HOUSE).with_suffix("").parts))


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _rooms(names: set[str]) -> set[str]:
    return {name.split(".")[1] for name in names if name.startswith("cecalc.")} & ROOMS


IMPORTS = {_name(path): _imports(path) for path in MODULES}
"""What each module imports; it is parsed once."""


def test_rooms_import_no_other_room() -> None:
    others = {}
    for name, imports in IMPORTS.items():
        room = name.split(".")[1]
        if room not in AT_THE_DOOR:
            others[name] = _rooms(imports) - {room} - MAY_IMPORT.get(room, set())
    assert len(others) > 100
    assert {name: rooms for name, rooms in others.items() if rooms} == {}


def test_only_the_door_parses_flags() -> None:
    parsing = {name.split(".")[1] for name in IMPORTS if "typer" in _packages(name)}
    assert parsing <= FLAGS and "cli" in parsing


def test_only_two_files_name_torch() -> None:
    named = {name for name in IMPORTS if "torch" in _packages(name)}
    assert named == {"cecalc.backend", "cecalc.sources.torch_file"}


def _packages(module: str) -> set[str]:
    return {name.split(".")[0] for name in IMPORTS[module]}


def test_top_level_holds_what_was_agreed() -> None:
    agreed = {"pyproject.toml", "README.md", "LICENSE", "cecalc", "tests", "samples"}
    found = {path.name for path in HOUSE.parent.iterdir() if not path.name.startswith(".")}
    assert {name for name in found if not name.endswith(".egg-info")} <= agreed | {"build"}


def test_public_names_exist() -> None:
    import cecalc

    assert all(getattr(cecalc, name) for name in cecalc.__all__)
    with pytest.raises(AttributeError, match="no attribute 'crossentropy'"):
        _ = cecalc.crossentropy
