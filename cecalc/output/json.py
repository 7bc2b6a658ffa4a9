"""Members of JSON objects as text, for a whole batch at a time; never NaN, never Infinity."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from cecalc.model import CellLosses, Flags, Groups, Header, Item, Outcome, Report
from cecalc.numbers import write_number, write_rows
from cecalc.output import columns, figures, groups
from cecalc.output.column import Column, Sort
from cecalc.output.columns import IGNORED
from cecalc.request import Screen, Selection
from cecalc.selection import select
from cecalc.terms import Task

_is_number = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?").fullmatch


_BLANKS = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


def quoted(text: str) -> str:
    """A JSON string, its letters kept as they are."""
    return json.dumps(text, ensure_ascii=False)


def member(name: str, value: float | str | bool | Collection[Any] | None) -> str:
    """One member; a number that JSON does not know is null with its status beside it.

    >>> member("loss", float("inf"))
    '"loss": null, "loss_status": "inf"'
    """
    key = quoted(name)
    if isinstance(value, float) and not math.isfinite(value):
        return f"{key}: null, {quoted(name + '_status')}: {quoted(str(value))}"
    if isinstance(value, float):
        return f"{key}: {write_number(value)}"
    return f"{key}: {json.dumps(value, ensure_ascii=False)}"


def cell(value: Any) -> str:
    """A cell of the input as a JSON value; a text that is a number is one.

    >>> cell("1.50"), cell("a"), cell([1, None])
    ('1.50', '"a"', '[1, null]')
    """
    if isinstance(value, str) and _is_number(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def apart(text: str) -> Iterator[tuple[str, str]]:
    r"""The members of a JSON object, each as it was written, on one line.

    >>> dict(apart('{"a": 1.50, "b\\u0021" : [1,\n2]}'))
    {'a': '"a": 1.50', 'b!': '"b\\u0021" : [1, 2]'}
    """
    at = _after_blanks(text, text.index("{") + 1)
    while text[at] == '"':
        key, end = _DECODER.raw_decode(text, at)
        _, end = _DECODER.raw_decode(text, _after_blanks(text, _after_blanks(text, end) + 1))
        yield key, text[at:end].replace("\r", " ").replace("\n", " ")
        at = _after_blanks(text, end)
        if text[at] == "}":
            return
        at = _after_blanks(text, at + 1)


def _after_blanks(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    assert match is not None
    return match.end()


def members(column: Column, outcome: Outcome | Groups, prefix: str = "") -> list[str]:
    """A column's member in each row; null where the value does not count."""
    name = prefix + column.name
    if column.sort is Sort.NUMBERS:
        return _lists(name, column.of(outcome), column.used and column.used(outcome))
    texts = _literals(column, outcome)
    key = quoted(name)
    if column.sort is not Sort.NUMBER:
        return [f"{key}: {text or 'null'}" for text in texts]
    return [
        f"{key}: {text}" if text and text[-1].isdigit() else _missing(name, text) for text in texts
    ]


def _lists(name: str, array: Any, used: Any) -> list[str]:
    """A member that is a list in each row of an array of shape (N, C), null where not used."""
    import numpy as np

    key = quoted(name)
    flaw = f", {quoted(name + '_status')}: {quoted('non-finite')}"
    counts = np.isfinite(array)
    is_flawed = (~counts if used is None else used & ~counts).any(axis=1).tolist()
    usable = counts if used is None else counts & used
    rows = zip(write_rows(array, usable, "null"), is_flawed, strict=True)
    return [f"{key}: [{', '.join(row)}]{flaw if flawed else ''}" for row, flawed in rows]


def ignored(used: Flags, prefix: str = "") -> list[str]:
    """What ends each object: a comma and the status where it is ignored."""
    status = f", {quoted(prefix + 'status')}: {quoted(IGNORED)}"
    return ["" if is_used else status for is_used in used.tolist()]


def _missing(name: str, text: str) -> str:
    key = quoted(name)
    return f"{key}: null, {quoted(name + '_status')}: {quoted(text)}" if text else f"{key}: null"


def _literals(column: Column, outcome: Outcome | Groups) -> list[str]:
    if column.sort is Sort.CELL:
        return list(map(cell, column.of(outcome)))
    texts = column.precise(outcome)
    if column.sort is Sort.TEXT:
        return list(map(quoted, texts))
    if column.sort is Sort.CLASS and column.names:
        return _named(texts, {name: quoted(name) for name in column.names.values()})
    return texts


def _named(texts: list[str], names: Mapping[str, str]) -> list[str]:
    return [names.get(text, text) for text in texts]


Members = Mapping[str, str]
"""A row's members by their keys, each as it is written: ``"loss": 1.5``."""


@dataclass(frozen=True)
class Theirs:
    """What the input gives each object."""

    names: set[str]
    """The keys of the first one."""
    bodies: Callable[[Outcome], list[str]]
    """All its members, joined, for each row of a batch."""
    members: Callable[[Outcome, Collection[str]], list[Members]]
    """Those with certain keys, apart."""


def render_lines(items: Iterator[Item], _screen: Screen, selection: Selection) -> Iterator[str]:
    """One object per line and row."""
    header, rest = columns.stream_of(items)
    added = _added(header)
    reserved = _reserved(added)
    theirs: Theirs | None = None
    prefix = ""
    chosen: list[str] | None = None
    for outcome in rest:
        if isinstance(outcome, Groups):
            yield "".join(
                map("{}\n".format, objects(groups.of(header, outcome, selection), outcome))
            )
        if not isinstance(outcome, Outcome):
            continue
        if theirs is None:
            theirs = _theirs(header, outcome)
            prefix = columns.prefix_of(reserved, theirs.names, selection)
            chosen = _chosen(theirs, outcome, added, prefix, selection)
        if not selection.only_added:
            _check(header, outcome, {prefix + name for name in reserved})
        parts = [members(column, outcome, prefix) for column in added]
        ends = ignored(outcome.used, prefix)
        if chosen is None:
            bodies = [] if selection.only_added else [theirs.bodies(outcome)]
            ours = map(", ".join, zip(*bodies, *parts, strict=True))
            yield "".join(f"{{{our}{end}}}\n" for our, end in zip(ours, ends, strict=True))
        else:
            yield "".join(_picked(theirs, outcome, prefix, added, parts, ends, chosen))


def objects(columns: list[Column], rows: Outcome | Groups) -> list[str]:
    """An object for each row, of one member for each column."""
    parts = [members(column, rows) for column in columns]
    return [f"{{{', '.join(row)}}}" for row in zip(*parts, strict=True)]


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


def _chosen(
    theirs: Theirs, outcome: Outcome, added: list[Column], prefix: str, selection: Selection
) -> list[str] | None:
    """The keys that are asked for, of those that the first row has or ours may have."""
    if selection.columns is None:
        return None
    first = theirs.members(outcome, theirs.names)[0]
    ours = [prefix + name for name in (*(column.name for column in added), "status")]
    names = ours if selection.only_added else [*first, *ours]
    return [names[i] for i in select(names, selection.columns, "--select")]


def _picked(
    theirs: Theirs,
    outcome: Outcome,
    prefix: str,
    added: list[Column],
    parts: list[list[str]],
    ends: list[str],
    chosen: list[str],
) -> Iterator[str]:
    names = [prefix + column.name for column in added]
    given = theirs.members(outcome, set(chosen))
    for body, end, *ours in zip(given, ends, *parts, strict=True):
        members = {**body, **dict(zip(names, ours, strict=True))}
        if end:
            members[f"{prefix}status"] = end.removeprefix(", ")
        yield f"{{{', '.join(members[name] for name in chosen if name in members)}}}\n"


def _theirs(header: Header, first: Outcome) -> Theirs:
    originals = first.batch.originals
    if not originals:
        return _synthesised(header)
    if isinstance(originals[0].cells, Mapping):
        return Theirs(set(originals[0].cells), _spliced, _apart)
    return _fields(_keys(header.schema.fields or ()))


def _keys(names: tuple[str, ...]) -> tuple[str, ...]:
    """A key for each column; of several without a name, their numbers."""
    if names.count("") < 2:
        return names
    prefix = "column_"
    while any(name.startswith(prefix) for name in names):
        prefix = f"_{prefix}"
    return tuple(name or f"{prefix}{number}" for number, name in enumerate(names, 1))


def _spliced(outcome: Outcome) -> list[str]:
    # A line end inside an object can only stand between its members, where a blank does as well.
    return [
        original.text.strip()[1:-1].rstrip().replace("\r", " ").replace("\n", " ")
        for original in outcome.batch.originals or ()
    ]


def _apart(outcome: Outcome, keys: Collection[str]) -> list[Members]:
    members = (apart(original.text) for original in outcome.batch.originals or ())
    return [{key: text for key, text in row if key in keys} for row in members]


def _fields(names: tuple[str, ...]) -> Theirs:
    keys = [quoted(name) + ": " for name in names]

    def texts(outcome: Outcome) -> Iterator[list[str]]:
        for original in outcome.batch.originals or ():
            pairs = zip(keys, original.cells, strict=True)
            yield [key + cell(text) for key, text in pairs]

    def members(outcome: Outcome, wanted: Collection[str]) -> list[Members]:
        places = [(i, name) for i, name in enumerate(names) if name in wanted]
        rows = (original.cells for original in outcome.batch.originals or ())
        return [{name: keys[i] + cell(row[i]) for i, name in places} for row in rows]

    return Theirs(set(names), lambda outcome: list(map(", ".join, texts(outcome))), members)


def _synthesised(header: Header) -> Theirs:
    """Objects as our own reader would read them, for input that had no rows of text."""
    given = _given(header)
    names = [column.name for column in given]

    def rows(outcome: Outcome) -> Iterator[tuple[str, ...]]:
        return zip(*(members(column, outcome) for column in given), strict=True)

    return Theirs(
        set(names),
        lambda outcome: list(map(", ".join, rows(outcome))),
        lambda outcome, _: [dict(zip(names, row, strict=True)) for row in rows(outcome)],
    )


def _given(header: Header) -> list[Column]:
    kind = header.schema.kind.value
    return [
        *columns.identity(header),
        Column(kind, kind, Sort.NUMBERS, attrgetter("batch.values")),
        *([columns.target(header)] if header.target_form is not None else []),
        *([columns.SAMPLE_WEIGHT] if header.has_sample_weight else []),
    ]


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
    summary = [member(key, value) for key, value in _summary(header, report)]
    yield ("\n  ],\n  " if rows else "\n  ") + ",\n  ".join(summary) + "\n}\n"


def _summary(header: Header, report: Report | None) -> Iterator[tuple[str, figures.Value]]:
    if report is not None:
        yield from figures.members(report)
    else:
        yield "values", "log_probs" if header.log else "probs"
        yield "input", header.schema.kind.value
        yield "source", header.schema.source


def _rows(
    header: Header, chosen: list[Column], outcome: Outcome, selection: Selection
) -> list[str]:
    parts = [
        _cells(header, outcome, column.name)
        if isinstance(outcome, CellLosses) and column.of is _CELLS.of
        else members(column, outcome)
        for column in chosen
    ]
    ends = [""] * outcome.batch.size
    if header.task.is_loss and selection.columns is None:
        ends = ignored(outcome.used)
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


def _cells(header: Header, outcome: CellLosses, name: str) -> list[str]:
    """The member `cells`: an object for each cell of each row."""
    correct, used = outcome.cell_correct, outcome.cell_used
    labels = [""] if header.width == 1 and not header.schema.classes else list(header.labels)
    by_cell = [
        _cell(outcome, c, label, correct[:, c], used[:, c]) for c, label in enumerate(labels)
    ]
    rows = zip(*by_cell, strict=True)
    return [f"{quoted(name)}: [{', '.join(row)}]" for row in rows]


def _statuses(used: Flags) -> list[str | None]:
    return [None if is_used else columns.IGNORED for is_used in used.tolist()]


def _cell(outcome: Outcome, c: int, label: str, correct: Flags, used: Flags) -> list[str]:
    cell = [
        columns.cell("target", "target", "batch.target", c),
        columns.cell("p", "p", "probs", c),
        columns.cell("loss", "loss", "cell_loss", c, "cell_used"),
        Column("correct", "correct", Sort.FLAG, lambda _: correct, used=lambda _: used),
    ]
    parts = [members(column, outcome) for column in cell]
    start = f'{{"class": {quoted(label)}, ' if label else "{"
    ends = ignored(used)
    rows = map(", ".join, zip(*parts, strict=True))
    return [f"{start}{row}{end}}}" for row, end in zip(rows, ends, strict=True)]
