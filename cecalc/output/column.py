"""What a column is, and how its cells are written: in full for programs, rounded for people."""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

from cecalc.errors import visible
from cecalc.items import Groups, Header, Outcome
from cecalc.model import Flags
from cecalc.numbers import brief, rounded, write_numbers

RIGHT, WRONG = "✓", "✗"
View = Literal["table", "csv", "jsonl", "json"]
"""Which formats show the same columns: Markdown those of the table, TSV those of CSV."""


class Sort(enum.Enum):
    """What the values of a column are, and so how they are written."""

    NUMBER = enum.auto()
    NUMBERS = enum.auto()
    """Shape (N, C): a column each in a table and in CSV, a list in JSON."""
    COUNT = enum.auto()
    COUNTS = enum.auto()
    """Shape (N, K): a column each everywhere."""
    CLASS = enum.auto()
    FLAG = enum.auto()
    TEXT = enum.auto()
    CELL = enum.auto()
    """A cell of the input as it was read: text, or a value of JSON."""
    OBJECTS = enum.auto()
    """In JSON, an object for each cell of a row."""


class Role(enum.Enum):
    """What a column is there for."""

    NAME = enum.auto()
    """To tell rows apart."""
    GIVEN = enum.auto()
    """To say what else the input says."""
    RESULT = enum.auto()
    """To say what was computed; it never hides a column of the input that has its name."""


@dataclass(frozen=True)
class Style:
    """How the values of columns become texts."""

    text: Callable[[str], str]
    cell: Callable[[Any], str]
    numbers: Callable[[Sequence[float]], list[str]] = write_numbers
    counts: Callable[[Sequence[float]], list[str]] = write_numbers
    false: str = "false"
    true: str = "true"


@dataclass(frozen=True)
class Column:
    """One column: what it is called, where its values come from, where and when it is there."""

    name: str
    """Its name in csv, tsv, jsonl and json; of numbers, that of their list in JSON."""
    title: str
    """Its name for people."""
    sort: Sort
    of: Callable[[Any], Any]
    """From an outcome (or groups) to a value for each row."""
    role: Role = Role.RESULT
    unit: str = ""
    used: Callable[[Any], Flags] | None = None
    """Which values count; None where all do."""
    blank: str = ""
    """What people see where a value does not count."""
    each: str = ""
    """What the names of single numbers begin with."""
    when: Callable[[Header], bool] = lambda _: True
    """For which runs it is there."""
    in_table: Callable[[Header], bool] = lambda _: True
    """For which of them the table has it."""
    table: int = 0
    """Its place among the columns of the table; 0 where it is not there."""
    need: int = 5
    """How soon it goes where a terminal is narrow: 0 for never, else the highest first."""
    csv: int = 0
    jsonl: int = 0
    json: int = 0
    is_asked: bool = False
    """Whether it is there only where `--select` names it."""
    is_sparse: bool = False
    """Whether JSON leaves it out of the rows where it says nothing."""
    labels: Sequence[str] = ()
    """What single numbers are called: the classes, or coordinates."""
    is_lone: bool = False
    """Whether a row has one number, that needs no label."""
    names: Mapping[float, str] = field(default_factory=dict)
    """The names of the classes, by number."""

    @property
    def heading(self) -> str:
        """The title with its unit."""
        return f"{self.title} ({self.unit})" if self.unit else self.title

    @property
    def is_words(self) -> bool:
        """Whether its texts come from the input and may hold any character."""
        return bool(self.names) or self.sort in (Sort.TEXT, Sort.CELL)

    @property
    def field_names(self) -> list[str]:
        """Its names in CSV: of numbers, one for each class."""
        if self.sort is not Sort.NUMBERS:
            return [self.name]
        return [self.each] if self.is_lone else [part.name for part in self.split()]

    def texts(self, rows: Outcome | Groups, style: Style, blank: str = "") -> list[str]:
        """A text per row; `blank` where the value does not count."""
        values = self.of(rows)
        if values is None:
            return [blank] * rows.size
        texts = self._written(values, style)
        used = None if self.used is None else self.used(rows)
        if used is None or used.all():
            return texts
        return [text if u else blank for text, u in zip(texts, used.tolist(), strict=True)]

    def _written(self, values: Any, style: Style) -> list[str]:
        if self.sort in (Sort.TEXT, Sort.CELL):
            return list(map(style.text if self.sort is Sort.TEXT else style.cell, values))
        listed = values.tolist()
        if self.sort is Sort.FLAG:
            return [style.true if value else style.false for value in listed]
        write = {Sort.NUMBER: style.numbers, Sort.COUNT: style.counts}.get(self.sort, write_numbers)
        texts = write(listed)
        if not self.names:
            return texts
        # An ignored target such as -100 names no class and stays a number.
        names = {number: style.text(name) for number, name in self.names.items()}
        return [names.get(value, text) for value, text in zip(listed, texts, strict=True)]

    def precise(self, rows: Outcome | Groups) -> list[str]:
        """A text per row that loses nothing; empty where the value does not count."""
        return self.texts(rows, _PRECISE)

    def split(self) -> list[Column]:
        """A column for each of the numbers that a row has."""
        sort = Sort.COUNT if self.sort is Sort.COUNTS else Sort.NUMBER
        prefix = f"{self.each}_" if self.each else ""
        return [
            replace(
                self,
                name=f"{prefix}{label}",
                title=label,
                sort=sort,
                of=partial(_at, self.of, c),
                used=self.used and partial(_at, self.used, c),
            )
            for c, label in enumerate(self.labels)
        ]


def _at(array: Callable[[Any], Any], c: int, rows: Any) -> Any:
    return array(rows)[:, c]


def cell_text(value: Any) -> str:
    """A cell of the input as a text.

    >>> [cell_text(value) for value in ("a", None, [1, True])]
    ['a', '', '[1, true]']
    """
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


_PRECISE = Style(str, cell_text)
PEOPLE = Style(
    visible,
    lambda value: visible(cell_text(value)),
    lambda values: list(map(rounded, values)),
    lambda values: list(map(brief, values)),
    WRONG,
    RIGHT,
)
"""Rounded, and safe on a terminal."""
