"""How a JSON object per row becomes a record of CSV: its keys are columns, its lists spread out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cecalc.numerals import write_number
from cecalc.records import Header, Outcome
from cecalc.views import columns

_SPREAD = {
    "logits": "logit",
    "probs": "prob",
    "log_probs": "log_prob",
    "target": "target",
    "label": "target",
    "y": "target",
}
"""Keys whose lists become one column per class, and what those columns' names begin with."""


@dataclass(frozen=True)
class Layout:
    """The columns that the keys of the first object ask for."""

    header: Header
    spread: dict[str, list[str]]
    """For each key in order: the names of its columns."""

    @classmethod
    def of(cls, first: Mapping[str, Any], header: Header) -> Layout:
        """The layout that the first row's object sets for all."""
        return cls(header, {key: _names(key, value, header) for key, value in first.items()})

    @property
    def names(self) -> list[str]:
        """The names of all columns."""
        return [name for names in self.spread.values() for name in names]

    def cells(self, outcome: Outcome) -> Iterator[Iterator[str]]:
        """The cells of each of a batch's objects."""
        for row, original in enumerate(outcome.batch.originals or ()):
            yield self._cells(original.cells, outcome, row)

    def _cells(self, cells: Any, outcome: Outcome, row: int) -> Iterator[str]:
        if cells.keys() != self.spread.keys():
            self._refuse("other keys", outcome, row)
        for key, names in self.spread.items():
            value = cells[key]
            values = list(_flat(value)) if names != [key] and isinstance(value, list) else [value]
            if len(values) != len(names):
                self._refuse(f"another number of values for '{key}'", outcome, row)
            yield from map(_text, values)

    def _refuse(self, what: str, outcome: Outcome, row: int) -> None:
        rule = f"the object has {what} than the first row's, so they do not make one table"
        hint = "--format jsonl writes each object as it came"
        raise columns.row_error(self.header, outcome, row, rule, hint)


def _names(key: str, value: Any, header: Header) -> list[str]:
    prefix = _SPREAD.get(key.replace("-", "_"))
    if prefix is None:
        return [key]
    if isinstance(value, list):
        matches = len(list(_flat(value))) == header.width
        return [f"{prefix}_{label}" for label in header.labels] if matches else [key]
    return [prefix]


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for part in value:
            yield from _flat(part)
    else:
        yield value


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float():
            return write_number(value)
        case _:
            return json.dumps(value, ensure_ascii=False)
