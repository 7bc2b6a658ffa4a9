"""Every fault of the table is shown by a test, and no test names another."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import FAULTS

MARKING = {path for path in Path(__file__).parent.rglob("test_*.py") if "fault" in path.read_text()}


def test_every_fault_is_shown(request: pytest.FixtureRequest) -> None:
    items = request.session.items
    marked = {str(n) for item in items for m in item.iter_markers("fault") for n in m.args}
    assert sorted(marked - FAULTS.keys()) == []
    is_part = request.config.option.keyword or request.config.option.markexpr
    if is_part or not {item.path for item in items} >= MARKING:
        pytest.skip("only a part of the tests was asked for")
    assert sorted(FAULTS.keys() - marked) == []
