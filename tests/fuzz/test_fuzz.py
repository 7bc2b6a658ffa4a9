"""The short run, and bugs put in to see that the run finds them."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cecalc import errors, selection
from cecalc.input import arguments, json, layout, nested
from cecalc.input import csv as rows
from tests.fuzz import engines
from tests.fuzz.damage import damaged
from tests.fuzz.session import GROWTH, MESSAGE_BYTES, Session, Tried, fault_of
from tests.fuzz.shell import Ran, Shell
from tests.fuzz.targets import every

INPUTS = 200
"""For each target."""


@pytest.fixture(params=[10.0])
def shell(request: pytest.FixtureRequest) -> Iterator[Shell]:
    with Shell(request.param) as made:
        yield made


def _faults(session: Session, inputs: int = INPUTS) -> Iterator[str]:
    """What is wrong with the first inputs of the plain mutator."""
    made = itertools.islice(engines.mutated(session.target, 0, session.tells_new), inputs)
    checked = ((session.check(tried), tried) for tried in made)
    return (f"{fault} with {tried}" for fault, tried in checked if fault is not None)


@pytest.mark.parametrize("name", every())
def test_nothing_is_found(name: str, shell: Shell, tmp_path: Path) -> None:
    session = Session(every()[name], shell, tmp_path)
    assert list(_faults(session)) == []
    assert session.grown < GROWTH
    counts, is_read = session.counts, any(way.reference for way in session.target.ways)
    assert counts["tried"] == INPUTS and counts["status 0"] > 5
    assert not is_read or counts["verified"] > max(5, counts["abstained"])


@pytest.mark.parametrize("engine", [engines.mutate, engines.by_hypothesis])
def test_the_engines_keep_what_they_find_small(
    engine: Callable[[Session, float, int], None],
    shell: Shell,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(arguments, "parse", _fails_at("]", nested.parse))
    keep = tmp_path / "keep"
    keep.mkdir()
    session = Session(every()["inline"], shell, tmp_path, keep)
    engine(session, 2.0, 0)
    assert session.found
    for kind, tried in session.found.items():
        assert "raises IndexError" in kind and len(tried.data) < 12
    found = [path.read_bytes() for path in keep.glob("*.input")]
    again = [Tried.decoded(encoded, session.target) for encoded in found]
    assert sorted(map(repr, again)) == sorted(map(repr, session.found.values()))


def _fails_at(text: str, parse: Callable[..., Any]) -> Callable[..., Any]:
    def failing(said: str, **options: Any) -> Any:
        return parse(said[len(said) :][0] if text in said else said, **options)

    return failing


def _drops_the_last(self: rows.RowForm, block: Any) -> Iterator[Any]:
    rows = list(RECORDS(self, block))
    yield from rows[:-1] if len(rows) > 1 else rows


FOUND = selection._found


def _drops_the_first(*given: Any) -> Any:
    return FOUND(*given)[-1:]


def _fills_up(self: rows.RowForm, block: Any) -> Iterator[Any]:
    for record in rows._records(block, self.delimiter):
        yield replace(record, cells=[*record.cells, *["0"] * self.fields][: self.fields])


def _reads_nothing(text: str) -> float:
    return float(text or 0)


def _in_file_order(_: Any, target: Any, *__: Any, **___: Any) -> Any:
    return target


def _waits(text: str, **_: Any) -> Any:
    time.sleep(3)
    return text


RECORDS = rows.RowForm.records
BUGS: dict[str, tuple[str, Any, str, Any, str]] = {
    "last row": ("csv", rows.RowForm, "records", _drops_the_last, "different: "),
    "class order": ("csv", layout._Header, "_matched", _in_file_order, "different: "),
    "short rows": ("csv", rows.RowForm, "records", _fills_up, "accepted, though no rows, ragged"),
    "other keys": ("json", json, "unique", dict, "accepted, though no JSON"),
    "no grammar": ("inline", nested, "read_number", _reads_nothing, "accepted, though no number"),
    "ranges": ("columns", selection, "_found", _drops_the_first, "different: "),
    "clipped": ("csv", errors, "excerpt", lambda text: f"'{text * 20}\n'", "a message of"),
    "exception": ("inline", arguments, "parse", _fails_at("]", nested.parse), "raises IndexError"),
}  # fmt: skip


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_is_found(
    bug: str, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, place, attribute, wrong, fault = BUGS[bug]
    monkeypatch.setattr(place, attribute, wrong)
    if bug == "clipped":
        monkeypatch.setattr(errors, "MESSAGE_BYTES", 10**6)
    found = _faults(Session(every()[name], shell, tmp_path), 10 * INPUTS)
    assert any(text.startswith(fault) for text in found)


@pytest.mark.parametrize("shell", [0.2], indirect=True)
def test_a_hang_is_found(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json, "loads", _waits)
    found = list(_faults(Session(every()["json"], shell, tmp_path), 1))
    assert len(found) == 1 and found[0].startswith("raises Hang at input/")


ERROR = b"cecalc: error: x\n"
OUTCOMES = {
    "status": (Ran(7, b"", ERROR, None, 0), "status 7"),
    "memory": (Ran(0, b"", b"", None, GROWTH + 1), "memory"),
    "no line end": (Ran(3, b"", ERROR[:-1], None, 0), "standard error ends"),
    "long": (Ran(3, b"", b"cecalc: error: " + b"x" * MESSAGE_BYTES + b"\n", None, 0), "a message"),
    "not ASCII": (Ran(3, b"", b"cecalc: error: \xe9\n", None, 0), "standard error has"),
    "warning": (Ran(0, b"", b"x.py:3: RuntimeWarning\n", None, 0), "standard error has"),
    "two errors": (Ran(3, b"", ERROR * 2, None, 0), "not one error"),
    "no error": (Ran(3, b"", b"", None, 0), "not one error"),
    "two hints": (Ran(3, b"", ERROR + b"cecalc: hint: y\n" * 2, None, 0), "not one error"),
    "an error all the same": (Ran(0, b"", ERROR, None, 0), "an error with status 0"),
    "output": (Ran(3, b"{}\n", ERROR, None, 0), "standard output on an error"),
}


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_an_outcome_that_may_not_be_is_found(outcome: str) -> None:
    ran, fault = OUTCOMES[outcome]
    assert (fault_of(ran, every()["csv"], []) or "").startswith(fault)


def test_rows_may_stand_on_standard_output_only_whole() -> None:
    csv, arguments = every()["csv"], ["-f", "csv"]
    assert fault_of(Ran(3, b"a\n1\n", ERROR, None, 0), csv, arguments) is None
    assert fault_of(Ran(3, b"a\n1", ERROR, None, 0), csv, arguments) is not None


def test_damage_depends_on_its_seed_alone() -> None:
    data = [way.seeds[0] for target in every().values() for way in target.ways]
    first, again = ([damaged(random.Random(i), d, data) for i, d in enumerate(data)]
                    for _ in "ab")  # fmt: skip
    assert first == again
    assert first != data
