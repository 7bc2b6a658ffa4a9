"""The long command finds what it is told to look at: a move of modules or tests shows here."""

from __future__ import annotations

import ast

import pytest

from tests.mutation.mutants import OPERATORS, places
from tests.mutation.places import PARTS, PLACES, ROOT, modules, parts_of


def test_every_path_is_there() -> None:
    assert not [path for path in modules() if not path.is_file()]
    named = {tuple(test.split("::")) for tests in PLACES.values() for test in tests}
    for file, *name in named:
        assert all(f"def {test}(" in (ROOT / file).read_text() for test in name)
    assert not [file for file, *_ in named if not (ROOT / file).is_file()]
    assert len(modules()) > len(PLACES)
    for module, parts in PARTS.items():
        there = {getattr(node, "name", "") for node in ast.parse((ROOT / module).read_text()).body}
        assert set(parts) <= there


def test_faults_are_planted_where_code_runs() -> None:
    pytest.importorskip("cosmic_ray")
    module = next(path for path in modules() if path.name == "figures.py")
    some = places(module, parts_of(module))
    found = [mutant for place in some if (mutant := place.planted()) is not None]
    assert {mutant.operator for mutant in found} <= set(OPERATORS)
    assert len({mutant.text for mutant in found}) == len(found) > 20
    assert not [mutant.change for mutant in found if "float & None" in mutant.change]
