"""The errors a person can meet, each with its exit status and its place.

Rooms raise what they know; the way up adds what only the caller knows (a file, a line). One border,
`cecalc.cli.main`, turns an error into a message and a status.
"""

from __future__ import annotations

import difflib
import enum
import json
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, replace
from typing import TypeAlias

Ways: TypeAlias = tuple[tuple[str, ...], ...]
"""What to change in a command line, one way or another: see `cecalc.cli.tries`."""
MESSAGE_BYTES = 400
EXCERPT_CHARACTERS = 40
PLACES_LISTED = 10
_CLOSE = 0.65
"""Of two names, how many of the letters have to be the same to take one for the other."""
_ACTING = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
"""The categories of characters that could act on a terminal."""


class Status(enum.IntEnum):
    """What the process says on its way out."""

    COMPLETE = 0
    """The whole result was computed and written."""
    DOES_NOT_HOLD = 1
    """A check that was asked for does not hold; never an error."""
    USAGE = 2
    """The command line cannot be understood or contradicts itself."""
    DATA = 3
    """The input was read, and breaks a rule."""
    INPUT = 4
    """The input could not be opened or read to its end."""
    OUTPUT = 5
    """The output could not be written in full."""
    LIMIT = 6
    """A declared limit, or the memory, was exceeded."""
    BUG = 70
    """A bug of ours."""


@dataclass(frozen=True)
class Place:
    """Where in the input something is."""

    source: str | None = None
    """A file name, `standard input`, or the option that held the value."""
    line: int | None = None
    """1-based physical line on which the row starts (the header is line 1)."""
    column: str | None = None
    """The column's name."""
    number: int | None = None
    """The column's 1-based number."""
    row: int | str | None = None
    """0-based row of the tensor (or its coordinates), for input that has no lines."""
    label: str | None = None
    """The class of a cell, where columns have no names."""

    def __str__(self) -> str:
        parts = []
        if self.source is not None:
            parts.append(self.source if self.line is None else f"{self.source}:{self.line}")
        if self.row is not None and self.line is None:
            label = "" if self.label is None else f", class {self.label}"
            parts.append(f"row {self.row}{label}")
        if self.column is not None:
            number = "" if self.number is None else f" ({self.number})"
            parts.append(f"column {excerpt(self.column)}{number}")
        return ": ".join(parts)


@dataclass(eq=False)
class CecalcError(Exception):
    """What a person is told."""

    status = Status.BUG
    rule: str
    """What is wrong."""
    _: KW_ONLY
    place: Place = Place()
    hint: str | None = None
    """What to try."""
    value: str | None = None
    """With what."""
    row: int | None = None
    """The 0-based row that the rule itself names, where the place names none."""
    ways: Ways = ()
    """What may settle it, the likeliest first."""
    tries: tuple[str, ...] = ()
    """The commands that do."""

    def at(self, **known: str | int | None) -> CecalcError:
        """The same error, its place filled in where it was still open."""
        missing = {key: value for key, value in known.items() if getattr(self.place, key) is None}
        self.place = replace(self.place, **missing)  # type: ignore[arg-type]
        return self

    def __str__(self) -> str:
        where = str(self.place)
        return f"{where}: {self.rule}" if where else self.rule


class UsageError(CecalcError):
    """The command line cannot be understood or contradicts itself."""

    status = Status.USAGE


class DataError(CecalcError, ValueError):
    """The input was read, and breaks a rule."""

    status = Status.DATA


class InputError(CecalcError, OSError):
    """The input could not be opened or read to its end."""

    status = Status.INPUT


class OutputError(CecalcError, OSError):
    """The output could not be written in full."""

    status = Status.OUTPUT


class LimitError(CecalcError, MemoryError):
    """A declared limit, or the memory, was exceeded."""

    status = Status.LIMIT


def reason(error: OSError | ValueError) -> str:
    """What the system says is wrong, without the name of the file."""
    number = getattr(error, "errno", None)
    return os.strerror(number) if number else str(error)


def count(number: int, what: str) -> str:
    """A number of things.

    >>> count(1, "row"), count(2, "class")
    ('1 row', '2 classes')
    """
    if number == 1:
        return f"1 {what}"
    return f"{number} {what}{'es' if what.endswith('s') else 's'}"


def visible(text: str) -> str:
    r"""`text` with every character that could act on a terminal shown as its escape.

    >>> visible("a\x1b[31m")
    'a\\x1b[31m'
    """
    with suppress(UnicodeEncodeError):  # where the locale is ASCII, an argument comes as bytes
        if not text.isprintable():
            text = text.encode(errors="surrogateescape").decode(errors="surrogateescape")
    return "".join(_escape(c) if unicodedata.category(c) in _ACTING else c for c in text)


def printable_ascii(text: str) -> str:
    r"""`text` with everything outside printable ASCII shown as its escape, for messages.

    >>> printable_ascii("é\n")
    '\\xe9\\x0a'
    """
    return "".join(c if " " <= c <= "~" else _escape(c) for c in text)


def excerpt(text: str) -> str:
    """A short quotation of input for a message.

    >>> excerpt("x3")
    "'x3'"
    """
    return f"'{printable_ascii(_clipped(text, EXCERPT_CHARACTERS))}'"


def suggestion(text: str, known: Iterable[str], quote: Callable[[str], str] = str) -> str:
    """What is said of a name that is not among the known ones: the nearest, where one is near.

    >>> suggestion("taget", ["id", "target"]), suggestion("x", ["id", "target"])
    ('; did you mean target?', '')
    """
    near = nearest(text, known)
    return "" if near is None else f"; did you mean {quote(near)}?"


def nearest(text: str, known: Iterable[str]) -> str | None:
    """The name that has nearly the same letters; None where none has.

    >>> nearest("logitts", ["logits"]), nearest("labels", ["logits"])
    ('logits', None)
    """
    return next(iter(difflib.get_close_matches(text, list(known), 1, _CLOSE)), None)


def message(error: CecalcError) -> str:
    """The lines standard error gets: one that names the fault, one that helps, and commands."""
    told = {"error": str(error), "hint": error.hint}
    lines = [line(kind, text) for kind, text in told.items() if text]
    return "\n".join([*lines, *(f"cecalc: try: {each}" for each in error.tries)])


def line(kind: str, text: str) -> str:
    """A line for standard error."""
    return _clipped(f"cecalc: {kind}: {printable_ascii(text)}", MESSAGE_BYTES)


def as_json(error: CecalcError) -> str:
    """The same facts as one JSON object on a line, null where there is none.

    >>> as_json(DataError("no data rows", place=Place(source="x.csv")))  # doctest: +ELLIPSIS
    '{"kind": "data", "status": 3, "rule": "no data rows", "hint": null, "try": [], ...}'
    """
    place = error.place
    is_option = (place.source or "").startswith("--")
    in_words = re.match if error.status is not Status.USAGE else re.search
    option = in_words(r"--[a-z-]+", place.source if is_option and place.source else error.rule)
    row = error.row if place.row is None and place.line is None else place.row
    row = int(row) if row is not None and str(row).isdecimal() else row
    facts: dict[str, str | int | list[str] | None] = {
        "kind": error.status.name.lower(),
        "status": int(error.status),
        "rule": error.rule,
        "hint": error.hint,
        "try": list(error.tries),
        "file": None if is_option else place.source,
        "option": option and option[0],
        "line": place.line,
        "row": row,
        "column": place.label if place.column is None else place.column,
        "column_number": place.number,
        "value": error.value,
    }
    return as_object(facts)


def as_object(facts: Mapping[str, str | float | list[str] | None]) -> str:
    """A JSON object on a line; what the data says in it is no longer than a message."""
    texts = {k: v for k, v in facts.items() if isinstance(v, str) and k != "file"}
    return json.dumps({**facts, **{k: _clipped(v, MESSAGE_BYTES) for k, v in texts.items()}})


def _clipped(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 3] + "..."


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # an undecodable byte of argv or a file name
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
