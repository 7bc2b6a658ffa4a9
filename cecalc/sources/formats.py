"""Which format an input has: from --input-format, its suffix, or its first bytes."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from cecalc.errors import DataError, Place
from cecalc.records import InputFormat, InputRequest, NanPolicy
from cecalc.sources import delimited, json_rows, strict_json
from cecalc.sources.columns import Wanted
from cecalc.sources.files import Text, open_text
from cecalc.sources.tables import Table

SUFFIXES = {
    ".csv": InputFormat.CSV,
    ".tsv": InputFormat.TSV,
    ".json": InputFormat.JSON,
    ".jsonl": InputFormat.JSONL,
    ".ndjson": InputFormat.JSONL,
}


@dataclass(frozen=True)
class Document:
    """One JSON value that is no list of row objects."""

    source: str
    value: Any


def opened(request: InputRequest, path: str, wanted: Wanted, files: ExitStack) -> Table | Document:
    """The input at `path`, as far as its columns or its one value; `files` closes it.

    Raises
    ------
    InputError, DataError, LimitError : as the format's own reader says
    """
    text = open_text(path, files, encoding=request.encoding, max_bytes=request.max_bytes)
    head = text.head().removeprefix(b"\xef\xbb\xbf")
    form = request.format
    if form is InputFormat.AUTO:
        form = SUFFIXES.get(PurePath(path).suffix.lower(), form)
    if form is InputFormat.AUTO and head.lstrip()[:1] in (b"{", b"["):
        form = InputFormat.JSON
    if form is InputFormat.JSONL:
        rows = json_rows.from_lines(text.name, enumerate(text.lines(), 1), request)
        return json_rows.open_table(text.name, rows, request, wanted)
    if form is InputFormat.JSON:
        return _json(text, request, wanted)
    sniffed = delimited.sniff_delimiter(head.split(b"\n")[0])
    delimiter = {InputFormat.TSV: "\t", InputFormat.CSV: ","}.get(form, sniffed)
    return delimited.open_table(text, request.delimiter or delimiter, request, wanted)


def _json(text: Text, request: InputRequest, wanted: Wanted) -> Table | Document:
    """A document; JSON lines where a second value follows the first line's."""
    filled = ((text.line, line) for line in text.lines() if line.strip())
    first = next(filled, None)
    if first is None:
        raise DataError("file is empty", place=Place(source=text.name))
    second = next(filled, None)
    lines = itertools.chain(
        [first], filled if second is None else itertools.chain([second], filled)
    )
    if second is not None and _is_value(first[1]):
        rows = json_rows.from_lines(text.name, lines, request)
        return json_rows.open_table(text.name, rows, request, wanted)
    value = _document(text.name, lines, request)
    if isinstance(value, list) and value and isinstance(value[0], dict):
        rows = json_rows.from_array(text.name, value)
        return json_rows.open_table(text.name, rows, request, wanted)
    return Document(text.name, value)


def _is_value(line: str) -> bool:
    """Whether a line is a whole JSON value, or fails to be one before its end."""
    try:
        json.loads(line)
    except json.JSONDecodeError as error:
        return error.pos < len(line.rstrip())
    except (ValueError, RecursionError):
        return False
    return True


def _document(name: str, lines: Iterator[tuple[int, str]], request: InputRequest) -> Any:
    numbers, texts = zip(*lines, strict=True)
    whole = "".join(texts)
    try:
        return strict_json.loads(whole, nan=request.nan is NanPolicy.PROPAGATE)
    except ValueError as error:
        line = strict_json.line_of(error, whole)
        place = Place(source=name, line=None if line is None else numbers[line - 1])
        raise DataError(json_rows.reason(error, whole), place=place) from None
