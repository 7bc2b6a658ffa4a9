"""What a column is, and how its cells are written: in full for programs, rounded for people."""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cecalc.errors import visible
from cecalc.model import Flags, Groups, Outcome
from cecalc.numbers import brief, rounded, write_numbers

RIGHT, WRONG = "✓", "✗"


class Sort(enum.Enum):
    """What the values of a column are, and so how they are written."""

    NUMBER = enum.auto()
    NUMBERS = enum.auto()
    """Shape (N, C): a list in each row."""
    COUNT = enum.auto()
    CLASS = enum.auto()
    FLAG = enum.auto()
    TEXT = enum.auto()
    CELL = enum.auto()
    """A cell of the input as it was read: text, or a value of JSON."""


@dataclass(frozen=True)
class Column:
    """One column: what it is called, where its values come from, which of them count."""

    name: str
    """Its name in csv, tsv, jsonl and json."""
    title: str
    """Its name for people."""
    sort: Sort
    of: Callable[[Any], Any]
    """From an outcome (or groups) to a value for each row."""
    unit: str = ""
    used: Callable[[Any], Flags] | None = None
    """Which values count; None where all do."""
    blank: str = ""
    """What people see where a value does not count."""
    names: Mapping[float, str] = field(default_factory=dict)
    """The names of the classes, by number."""

    @property
    def heading(self) -> str:
        """The title with its unit."""
        return f"{self.title} ({self.unit})" if self.unit else self.title

    @property
    def is_words(self) -> bool:
        """Whether its texts come from the input and may hold any character."""
        if self.sort is Sort.CLASS:
            return bool(self.names)
        return self.sort in (Sort.TEXT, Sort.CELL)

    def precise(self, outcome: Outcome | Groups) -> list[str]:
        """A text per row that loses nothing; empty where the value does not count."""
        return self._texts(outcome, _PRECISE, "")

    def shown(self, outcome: Outcome | Groups) -> list[str]:
        """A text per row for people, safe on a terminal."""
        texts = self._texts(outcome, _SHOWN, self.blank)
        return list(map(visible, texts)) if self.is_words else texts

    def _texts(self, outcome: Outcome | Groups, formatting: _Formatting, blank: str) -> list[str]:
        values = self.of(outcome)
        if values is None:
            return [""] * outcome.size
        texts = formatting[self.sort](values, self.names)
        used = None if self.used is None else self.used(outcome)
        if used is None or used.all():
            return texts
        return [text if u else blank for text, u in zip(texts, used.tolist(), strict=True)]


def _names(values: Any, names: Mapping[float, str]) -> list[str]:
    texts = _counts(values, names)
    if not names:
        return texts
    # An ignored target such as -100 names no class and stays a number.
    return [names.get(v, text) for v, text in zip(values.tolist(), texts, strict=True)]


def _counts(values: Any, _: Mapping[float, str]) -> list[str]:
    if values.dtype.kind == "f":
        return write_numbers(values.tolist())
    return list(map(str, values.tolist()))


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _flags(true: str, false: str) -> Callable[[Any, Mapping[float, str]], list[str]]:
    return lambda values, _: [true if value else false for value in values.tolist()]


_Formatting = dict[Sort, Callable[[Any, Mapping[float, str]], list[str]]]
_BOTH: _Formatting = {
    Sort.CLASS: _names,
    Sort.TEXT: lambda values, _: list(values),
    Sort.CELL: lambda values, _: list(map(_cell, values)),
}
_PRECISE: _Formatting = _BOTH | {
    Sort.COUNT: _counts,
    Sort.NUMBER: lambda values, _: write_numbers(values.tolist()),
    Sort.FLAG: _flags("true", "false"),
}
_SHOWN: _Formatting = _BOTH | {
    Sort.COUNT: lambda values, _: [brief(value) for value in values.tolist()],
    Sort.NUMBER: lambda values, _: [rounded(value) for value in values.tolist()],
    Sort.FLAG: _flags(RIGHT, WRONG),
}
