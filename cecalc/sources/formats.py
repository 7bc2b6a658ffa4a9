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
from cecalc.sources.blocks import BLANK, TextBlock, cut
from cecalc.sources.columns import Wanted
from cecalc.sources.files import Stream, open_stream
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
    stream = open_stream(path, files, encoding=request.encoding, max_bytes=request.max_bytes)
    head = stream.head()
    form = request.format
    if form is InputFormat.AUTO:
        form = SUFFIXES.get(PurePath(path).suffix.lower(), form)
    if form is InputFormat.AUTO and head.lstrip()[:1] in (b"{", b"["):
        form = InputFormat.JSON
    if form in (InputFormat.JSON, InputFormat.JSONL):
        return _json(stream, request, wanted, is_lines=form is InputFormat.JSONL)
    sniffed = delimited.sniff_delimiter(head.split(b"\n")[0])
    delimiter = {InputFormat.TSV: "\t", InputFormat.CSV: ","}.get(form, sniffed)
    return delimited.open_table(stream, request.delimiter or delimiter, request, wanted)


def _json(
    stream: Stream, request: InputRequest, wanted: Wanted, *, is_lines: bool
) -> Table | Document:
    """A document; JSON lines where a second value follows the first line's."""
    blocks, seen = cut(stream, quoted=False), list[TextBlock]()
    filled = list[tuple[int, str]]()
    for block in blocks:
        seen.append(block)
        lines = ((number, line) for number, line in block.lines() if line.strip(BLANK))
        filled += itertools.islice(lines, 2 - len(filled))
        if len(filled) == 2:
            break
    if not filled:
        what = "no data rows" if is_lines else "file is empty"
        raise DataError(what, place=Place(source=stream.name))
    every = itertools.chain(seen, blocks)
    if is_lines or (len(filled) == 2 and _is_value(filled[0][1])):
        return json_rows.from_lines(every, request, wanted)
    whole = ((n, line) for block in every for n, line in block.lines() if line.strip(BLANK))
    value = _document(stream.name, whole, request)
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return json_rows.from_array(stream.name, value, request, wanted)
    return Document(stream.name, value)


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
