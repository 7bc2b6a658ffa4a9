"""The numbers alone, in full, for a script: `-q`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cecalc.model import Header, Item, Outcome, Report
from cecalc.numbers import write_number, write_rows
from cecalc.output import columns
from cecalc.request import Screen
from cecalc.terms import Reduction, Task


def render(items: Iterator[Item], _screen: Screen) -> Iterator[str]:
    """The loss; a line per row where there is no one number."""
    header, rest = columns.stream_of(items)
    for item in rest:
        yield text_of(header, item)


def text_of(header: Header, item: Item) -> str:
    """What one item adds."""
    prints_rows = not header.task.is_loss or header.reduction is Reduction.NONE
    if isinstance(item, Outcome) and prints_rows:
        return "".join(",".join(row) + "\n" for row in _rows(header, item))
    if isinstance(item, Report) and item.loss is not None:
        return write_number(item.loss) + "\n"
    return ""


def _rows(header: Header, outcome: Any) -> Iterator[list[str]]:
    """The numbers of each row; 0 for what is ignored, as torch has it."""
    if header.task is Task.CE:
        return write_rows(outcome.loss[:, None], outcome.used[:, None], "0")
    if header.task is Task.BCE:
        return write_rows(outcome.cell_loss, outcome.cell_used, "0")
    return write_rows(outcome.probs)
