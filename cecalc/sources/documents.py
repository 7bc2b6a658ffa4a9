"""JSON: one value in a document, or row objects one a line."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cecalc.errors import DataError, LimitError, Place
from cecalc.records import InputRequest, NanPolicy
from cecalc.sources import json_rows, memory, strict_json
from cecalc.sources.blocks import BLANK, TextBlock, cut
from cecalc.sources.columns import Wanted
from cecalc.sources.stream import Stream
from cecalc.sources.tables import Table

_ROOM = 4
"""How many times its own size a JSON document needs at least: its text, and numbers as objects."""
_BY_ROW = "JSON lines are read row by row, in little memory"


@dataclass(frozen=True)
class Document:
    """One JSON value that is no list of row objects."""

    source: str
    value: Any


def open_json(
    stream: Stream, request: InputRequest, wanted: Wanted, *, is_lines: bool
) -> Table | Document:
    """A document; JSON lines where a second value follows the first line's.

    Raises
    ------
    DataError : it is not JSON, or empty
    LimitError : it is more than there is room for
    """
    blocks, seen = cut(stream, quoted=False), list[TextBlock]()
    filled = list[tuple[int, str]]()
    for block in blocks:
        seen.append(block)
        lines = ((number, line) for number, line in block.lines() if line.strip(BLANK))
        try:
            filled += itertools.islice(lines, 2 - len(filled))
        except LimitError as error:  # of the length of a line
            error.hint = _BY_ROW
            raise
        if len(filled) == 2:
            break
    if not filled:
        what = "no data rows" if is_lines else "file is empty"
        raise DataError(what, place=Place(source=stream.name))
    every = itertools.chain(seen, blocks)
    if is_lines or (len(filled) == 2 and _is_value(filled[0][1])):
        return json_rows.from_lines(every, request, wanted)
    whole = ((n, line) for block in every for n, line in block.lines() if line.strip(BLANK))
    value = _document(stream.name, _within_memory(whole, stream.name), request)
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return json_rows.from_array(stream.name, value, request, wanted)
    return Document(stream.name, value)


def _within_memory(lines: Iterator[tuple[int, str]], name: str) -> Iterator[tuple[int, str]]:
    """The lines of a document, which is held as a whole and needs room for its numbers too."""
    size = 0
    try:
        for number, line in lines:
            size += len(line)
            if size * _ROOM > memory.room():
                raise MemoryError
            yield number, line
    except LimitError:  # which is a MemoryError too
        raise
    except MemoryError:
        raise _too_large(name) from None


def _too_large(name: str) -> LimitError:
    rule = "out of memory: a JSON document is read as a whole"
    return LimitError(rule, place=Place(source=name), hint=_BY_ROW)


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
    try:
        # Joined by one kind of line end, so that an error's line is one of these.
        whole = "\n".join(text.rstrip("\r\n") for text in texts)
        return strict_json.loads(whole, nan=request.nan is NanPolicy.PROPAGATE)
    except MemoryError:
        raise _too_large(name) from None
    except ValueError as error:
        line = strict_json.line_of(error, whole)
        place = Place(source=name, line=None if line is None else numbers[line - 1])
        value = getattr(error, "token", None)
        raise DataError(json_rows.reason(error, whole), place=place, value=value) from None
