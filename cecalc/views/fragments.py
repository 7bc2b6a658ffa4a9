"""Members of JSON objects as text, for a whole batch at a time; never NaN, never Infinity."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cecalc.numerals import write_number
from cecalc.records import Groups, Outcome
from cecalc.views.column import Column, Sort
from cecalc.views.columns import IGNORED
from cecalc.views.digits import write_rows

if TYPE_CHECKING:
    from cecalc.records import Flags


_is_number = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?").fullmatch


_BLANKS = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


def quoted(text: str) -> str:
    """A JSON string, its letters kept as they are."""
    return json.dumps(text, ensure_ascii=False)


def member(name: str, value: float | str | bool | None) -> str:
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
