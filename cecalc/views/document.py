"""One JSON object: its rows first, a line each, as they come; then the summary."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import TYPE_CHECKING

from cecalc.records import Groups, Header, Item, Outcome, Report, Screen, Task
from cecalc.views import Selection, columns, figures, fragments, groups
from cecalc.views.column import Column, Sort
from cecalc.views.jsonl import objects

if TYPE_CHECKING:
    from cecalc.records import Flags

_CELLS = Column("cells", "cells", Sort.NUMBERS, attrgetter("cell_loss"))
"""The place of the objects of a row's cells."""
_STATUS = Column("status", "status", Sort.CELL, lambda rows: _statuses(rows.used))
"""Why a row has no loss, null where it has one; unasked, only those rows that have none say it."""


def render(items: Iterator[Item], _screen: Screen, selection: Selection) -> Iterator[str]:
    """The object; without rows, the summary's keys alone."""
    header, rest = columns.stream_of(items)
    rows = selection.rows
    members = [] if header.by else _members(header, selection)
    name = "rows" if header.by is None else "groups"
    yield f'{{\n  "{name}": [' if rows else "{"
    report: Report | None = None
    separator = "\n    "
    for item in rest:
        if isinstance(item, Report):
            report = item
        elif isinstance(item, Groups) and rows:
            members = groups.of(header, item, selection)
            yield separator + ",\n    ".join(objects(members, item))
        elif isinstance(item, Outcome) and rows:
            yield separator + ",\n    ".join(_rows(header, members, item, selection))
            separator = ",\n    "
    summary = [fragments.member(key, value) for key, value in _summary(header, report)]
    yield ("\n  ],\n  " if rows else "\n  ") + ",\n  ".join(summary) + "\n}\n"


def _summary(header: Header, report: Report | None) -> Iterator[tuple[str, figures.Value]]:
    if report is not None:
        yield from figures.members(report)
    else:
        yield "values", "log_probs" if header.log else "probs"
        yield "input", header.schema.kind.value
        yield "source", header.schema.source


def _rows(
    header: Header, members: list[Column], outcome: Outcome, selection: Selection
) -> list[str]:
    parts = [
        _cells(header, outcome, column.name)
        if column.of is _CELLS.of
        else fragments.members(column, outcome)
        for column in members
    ]
    ends = [""] * outcome.batch.size
    if header.task.is_loss and selection.columns is None:
        ends = fragments.ignored(outcome.used)
    bodies = map(", ".join, zip(*parts, strict=True))
    return [f"{{{body}{end}}}" for body, end in zip(bodies, ends, strict=True)]


def _members(header: Header, selection: Selection) -> list[Column]:
    own = _columns(header)
    if header.task is Task.BCE:
        own.append(_CELLS)
    if selection.columns is not None and header.task.is_loss:
        own.append(_STATUS)
    return columns.selected(own, header, selection)


def _columns(header: Header) -> list[Column]:
    identity = columns.identity(header)
    if not header.task.is_loss:
        return [*identity, Column("values", "values", Sort.NUMBERS, attrgetter("probs"))]
    losses = columns.losses(header)
    weight = [columns.WEIGHT] if header.has_row_weight else []
    if not columns.by_row(header):
        return [*identity, *losses, *weight, columns.CORRECT]
    is_cell = header.task is Task.BCE
    target = columns.cell("target", "target", "batch.target", 0) if is_cell else None
    prediction = columns.prediction(header)
    ours = [*losses, *weight, columns.P_TARGET, prediction, columns.CORRECT]
    return [*identity, target or columns.target(header), *ours]


def _cells(header: Header, outcome: Outcome, name: str) -> list[str]:
    """The member `cells`: an object for each cell of each row."""
    correct, used = outcome.cell_correct, outcome.cell_used
    assert correct is not None and used is not None
    labels = [""] if header.width == 1 and not header.schema.classes else list(header.labels)
    by_cell = [
        _cell(outcome, c, label, correct[:, c], used[:, c]) for c, label in enumerate(labels)
    ]
    rows = zip(*by_cell, strict=True)
    return [f"{fragments.quoted(name)}: [{', '.join(row)}]" for row in rows]


def _statuses(used: Flags) -> list[str | None]:
    return [None if is_used else columns.IGNORED for is_used in used.tolist()]


def _cell(outcome: Outcome, c: int, label: str, correct: Flags, used: Flags) -> list[str]:
    cell = [
        columns.cell("target", "target", "batch.target", c),
        columns.cell("p", "p", "probs", c),
        columns.cell("loss", "loss", "cell_loss", c, "cell_used"),
        Column("correct", "correct", Sort.FLAG, lambda _: correct, used=lambda _: used),
    ]
    parts = [fragments.members(column, outcome) for column in cell]
    start = f'{{"class": {fragments.quoted(label)}, ' if label else "{"
    ends = fragments.ignored(used)
    rows = map(", ".join, zip(*parts, strict=True))
    return [f"{start}{row}{end}}}" for row, end in zip(rows, ends, strict=True)]
