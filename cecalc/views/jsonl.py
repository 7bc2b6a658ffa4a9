"""JSON lines: an object per row, the input's own members first, then ours; no summary."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter

from cecalc.records import Header, Item, Outcome, Screen
from cecalc.views import columns, fragments
from cecalc.views.column import Column, Sort

Bodies = Callable[[Outcome], list[str]]
"""The input's members of each object of a batch, with the opening brace, without the closing."""

_is_number = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?").fullmatch


def render(items: Iterator[Item], _screen: Screen) -> Iterator[str]:
    """One object per line and row."""
    header, rest = columns.stream_of(items)
    added = _added(header)
    reserved = _reserved(added)
    bodies: Bodies | None = None
    prefix = ""
    for outcome in rest:
        if not isinstance(outcome, Outcome):
            continue
        if bodies is None:
            names, bodies = _bodies(header, outcome)
            prefix = columns.free_prefix(reserved, names)
        _check(header, outcome, {prefix + name for name in reserved})
        parts = [fragments.members(column, outcome, prefix) for column in added]
        ours = map(", ".join, zip(*parts, strict=True))
        ends = fragments.ignored(outcome.used, prefix)
        yield "".join(
            f"{body}, {our}{end}}}\n"
            for body, our, end in zip(bodies(outcome), ours, ends, strict=True)
        )


def _added(header: Header) -> list[Column]:
    if not header.task.is_loss:
        return [Column("values", "values", Sort.NUMBERS, attrgetter("probs"))]
    losses = columns.losses(header)
    if columns.by_row(header):
        return [*losses, columns.prediction(header), columns.P_TARGET, columns.CORRECT]
    used = attrgetter("cell_used")
    return [*losses, Column("cells", "cells", Sort.NUMBERS, attrgetter("cell_loss"), used=used)]


def _reserved(added: list[Column]) -> set[str]:
    names = {column.name for column in added}
    return names | {f"{name}_status" for name in names} | {"status"}


def _check(header: Header, outcome: Outcome, reserved: set[str]) -> None:
    """A later object must not bring a key that the first one left to us."""
    for row, original in enumerate(outcome.batch.originals or ()):
        if not isinstance(original.cells, Mapping):
            return
        if not reserved.isdisjoint(original.cells):
            key = min(reserved.intersection(original.cells))
            rule = f"the key '{key}', which the first row has not, would stand twice"
            hint = f"give the first row '{key}' too, and ours get the prefix {columns.PREFIX}"
            raise columns.row_error(header, outcome, row, rule, hint)


def _bodies(header: Header, first: Outcome) -> tuple[set[str], Bodies]:
    """The names of the input's members, and what writes them for each batch."""
    originals = first.batch.originals
    if not originals:
        return _synthesised(header)
    if isinstance(originals[0].cells, Mapping):
        return set(originals[0].cells), _spliced
    names = header.schema.fields or ()
    return set(names), _fields(names)


def _spliced(outcome: Outcome) -> list[str]:
    # A line end inside an object can only stand between its members, where a blank does as well.
    return [
        original.text.rstrip()[:-1].rstrip().replace("\r", " ").replace("\n", " ")
        for original in outcome.batch.originals or ()
    ]


def _fields(names: tuple[str, ...]) -> Bodies:
    keys = [fragments.quoted(name) + ": " for name in names]
    return lambda outcome: [
        "{" + ", ".join(map(_field, keys, original.cells))
        for original in outcome.batch.originals or ()
    ]


def _field(key: str, cell: str) -> str:
    return key + (cell if _is_number(cell) else fragments.quoted(cell))


def _synthesised(header: Header) -> tuple[set[str], Bodies]:
    """Objects as our own reader would read them, for input that had no rows of text."""
    given = _given(header)

    def bodies(outcome: Outcome) -> list[str]:
        parts = [fragments.members(column, outcome) for column in given]
        return ["{" + ", ".join(row) for row in zip(*parts, strict=True)]

    return {column.name for column in given}, bodies


def _given(header: Header) -> list[Column]:
    kind = header.schema.kind.value
    return [
        *columns.identity(header),
        Column(kind, kind, Sort.NUMBERS, attrgetter("batch.values")),
        *([columns.target(header)] if header.target_form is not None else []),
        *([columns.SAMPLE_WEIGHT] if header.has_sample_weight else []),
    ]
