"""The numbers alone, in full, for a script: `-q`."""

from __future__ import annotations

from collections.abc import Iterator

from cecalc.items import CellLosses, Header, Item, Outcome, Report, RowLosses
from cecalc.numbers import write_number, write_rows
from cecalc.output import columns
from cecalc.request import EVERYTHING, Screen, Selection
from cecalc.terms import Reduction


def render(items: Iterator[Item], _screen: Screen, _: Selection = EVERYTHING) -> Iterator[str]:
    """The loss; a line per row where there is no one number."""
    header, rest = columns.stream_of(items)
    for item in rest:
        yield text_of(header, item)


def text_of(header: Header, item: Item) -> str:
    """What one item adds."""
    prints_rows = not header.task.is_loss or header.reduction is Reduction.NONE
    if isinstance(item, Outcome) and prints_rows:
        return _lines(item)
    if isinstance(item, Report) and item.loss is not None:
        return write_number(item.loss) + "\n"
    return ""


def _lines(outcome: Outcome) -> str:
    """A line for each row; 0 for what is ignored, as torch has it."""
    if isinstance(outcome, RowLosses):
        rows = write_rows(outcome.loss[:, None], outcome.used[:, None], "0")
    elif isinstance(outcome, CellLosses):
        rows = write_rows(outcome.cell_loss, outcome.cell_used, "0")
    else:
        rows = write_rows(outcome.probs)
    return "".join(",".join(row) + "\n" for row in rows)
