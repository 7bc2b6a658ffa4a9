"""Members of JSON objects as text, for a whole batch at a time; never NaN, never Infinity."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from cecalc.items import Groups, Header, Item, Outcome, Report
from cecalc.numbers import write_number, write_rows
from cecalc.output import columns, figures
from cecalc.output.column import Column, Sort, Style
from cecalc.output.fields import Fields, Places, of_records
from cecalc.request import Screen, Selection

_is_number = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?").fullmatch


def quoted(value: Any) -> str:
    """A JSON value on one line, its letters kept as they are."""
    return json.dumps(value, ensure_ascii=False)


def member(name: str, value: Any) -> str:
    """One member; a number that JSON does not know is null with its status beside it.

    >>> member("loss", float("inf"))
    '"loss": null, "loss_status": "inf"'
    """
    if isinstance(value, float):
        if not math.isfinite(value):
            return _flawed(name, str(value))
        return f"{quoted(name)}: {write_number(value)}"
    if isinstance(value, np.ndarray):
        return _lists(name, value[None], None)[0]
    if isinstance(value, dict):
        return f"{quoted(name)}: {{{', '.join(each(value))}}}"
    return f"{quoted(name)}: {quoted(value)}"


def each(values: Mapping[str, Any]) -> Iterator[str]:
    """A member for each value, which may be a list, an array or an object itself."""
    return itertools.starmap(member, values.items())


def document(*members: str) -> str:
    """An object, each member on a line."""
    return "{\n  " + ",\n  ".join(members) + "\n}\n"


def listed(name: str, found: Sequence[str]) -> str:
    """A member that is a list of objects, each on a line."""
    lines = ",\n    ".join(found)
    return f"{quoted(name)}: [\n    {lines}\n  ]" if found else f"{quoted(name)}: []"


def _flawed(name: str, status: str) -> str:
    return f"{quoted(name)}: null, {quoted(name + '_status')}: {quoted(status)}"


def cell(value: Any) -> str:
    """A cell of the input as a JSON value; a text that is a number is one.

    >>> cell("1.50"), cell("a"), cell([1, None])
    ('1.50', '"a"', '[1, null]')
    """
    if isinstance(value, str) and _is_number(value):
        return value
    return quoted(value)


_STYLE = Style(quoted, cell)


def members(column: Column, rows: Outcome | Groups) -> list[str]:
    """A column's member in each row; null where the value does not count."""
    key = quoted(column.name)
    if column.sort is Sort.NUMBERS:
        return _lists(column.name, column.of(rows), column.used and column.used(rows))
    if column.sort is Sort.OBJECTS:
        return [f"{key}: [{', '.join(cells)}]" for cells in _cells(column, rows)]
    if column.is_sparse:
        values = column.of(rows)
        return ["" if value is None else f"{key}: {quoted(value)}" for value in values]
    texts = column.texts(rows, _STYLE, "null")
    if column.sort in (Sort.NUMBER, Sort.COUNT):
        return [
            f"{key}: {text}" if text[-1].isdigit() or text == "null" else _flawed(column.name, text)
            for text in texts
        ]
    return [f"{key}: {text}" for text in texts]


def objects(parts: list[list[str]]) -> list[str]:
    """An object for each row, of the members that are not empty."""
    parts = [part for part in parts if any(part)] or parts
    rows = zip(*parts, strict=True)
    if all(map(all, parts)):
        return [f"{{{', '.join(row)}}}" for row in rows]
    return [f"{{{', '.join(filter(None, row))}}}" for row in rows]


def _lists(name: str, array: Any, used: Any) -> list[str]:
    """A member that is a list in each row of an array of shape (N, C), null where not used."""
    key = quoted(name)
    flaw = f", {quoted(name + '_status')}: {quoted('non-finite')}"
    counts = np.isfinite(array)
    is_flawed = (~counts if used is None else used & ~counts).any(axis=1).tolist()
    usable = counts if used is None else counts & used
    rows = zip(write_rows(array, usable, "null"), is_flawed, strict=True)
    return [f"{key}: [{', '.join(row)}]{flaw if flawed else ''}" for row, flawed in rows]


def _cells(column: Column, rows: Outcome | Groups) -> Iterator[list[str]]:
    """The objects of each row's cells; a lone unnamed cell has no class."""
    parts = [members(part, rows) for part in columns.OF_CELL]
    width = len(column.labels)
    if not column.is_lone:
        parts = [[member("class", label) for label in column.labels] * rows.size, *parts]
    found = objects(parts)
    return (found[i : i + width] for i in range(0, len(found), width))


def render_lines(items: Iterator[Item], _screen: Screen, selection: Selection) -> Iterator[str]:
    """One object per line and row."""
    header, rest = columns.stream_of(items)
    fields: list[Fields] = []
    reserved: set[str] = set()
    for item in rest:
        if isinstance(item, Report) and not selection.rows:
            yield f"{{{', '.join(each(dict(figures.members(item))))}}}\n"
        if not (selection.rows and isinstance(item, Outcome | Groups)):
            continue
        if not fields:
            fields, reserved = of_records(header, item, "jsonl", selection, _field, _theirs)
        if isinstance(item, Outcome) and not selection.only_added:
            _check(header, item, reserved)
        yield "\n".join(objects([part.rows(item) for part in fields])) + "\n"


def _field(column: Column) -> Fields:
    status = [] if column.is_sparse else [f"{column.name}_status"]
    return Fields([column.name], lambda rows, _: members(column, rows), reserved=status)


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


def _theirs(header: Header, first: Outcome) -> list[Fields]:
    """The input's part of each object, where it had text."""
    if not (originals := first.batch.originals):
        return []
    if isinstance(cells := originals[0].cells, Mapping):
        keys = list(cells)
        return [Fields(keys, partial(_of_objects, keys))]
    keys = columns.distinct(header.schema.fields or ())
    return [Fields(keys, partial(_of_cells, keys))]


def _of_objects(keys: Sequence[str], outcome: Outcome, places: Places) -> list[str]:
    if places is None:
        # A line end inside can only stand between members, where a blank does as well.
        return [
            original.text.strip()[1:-1].rstrip().replace("\r", " ").replace("\n", " ")
            for original in outcome.batch.originals or ()
        ]
    names = [(keys[i], quoted(keys[i])) for i in places]
    return [
        ", ".join([f"{name}: {quoted(row[key])}" for key, name in names if key in row])
        for row in columns.input_cells(outcome)
    ]


def _of_cells(keys: Sequence[str], outcome: Outcome, places: Places) -> list[str]:
    wanted = range(len(keys)) if places is None else places
    names = [(i, quoted(keys[i])) for i in wanted]
    rows = columns.input_cells(outcome)
    return [", ".join([f"{name}: {cell(row[i])}" for i, name in names]) for row in rows]


def render(items: Iterator[Item], _screen: Screen, selection: Selection) -> Iterator[str]:
    """The object; without rows, the summary's keys alone."""
    header, rest = columns.stream_of(items)
    found = [] if header.by else columns.selected(header, "json", selection)
    name = "rows" if header.by is None else "groups"
    yield f'{{\n  "{name}": [' if selection.rows else "{"
    summary: dict[str, figures.Value] = {
        "values": "log_probs" if header.log else "probs",
        "input": header.schema.kind.value,
        "source": header.schema.source,
    }
    separator = "\n    "
    for item in rest:
        if isinstance(item, Report):
            summary = dict(figures.members(item))
        elif isinstance(item, Groups | Outcome) and selection.rows:
            if isinstance(item, Groups):
                found = columns.of_groups(header, item, selection)
            rows = objects([members(column, item) for column in found])
            yield separator + ",\n    ".join(rows)
            separator = ",\n    "
    start = "\n  ],\n  " if selection.rows else "\n  "
    yield start + ",\n  ".join(each(summary)) + "\n}\n"
