"""A few rows worked out as in a textbook: what is given, its probabilities, the loss by class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from rich.table import Table
from rich.text import Text

from cecalc.errors import visible
from cecalc.items import CellLosses, Header, Losses, RowLosses
from cecalc.numbers import aligned, brief, rounded
from cecalc.output import columns
from cecalc.output.drawing import flush, ruled, styled
from cecalc.terms import Kind, Reduction, TargetForm

ROWS, CLASSES = 6, 8
"""More rows or classes than these are not worked out."""
MARK = "▸"


Line = Sequence[str]
"""A line of a row's working: its name, a text per class, and what stands at their right."""


@dataclass(frozen=True)
class Block:
    """The working of one row."""

    heading: Line
    lines: Sequence[Line]
    marked: frozenset[int]
    """The classes that the target names."""


def tables(blocks: Sequence[Block]) -> list[Table]:
    """Each block drawn, with columns at the same places in all; all have as many."""
    headings = zip(*(block.heading for block in blocks), strict=True)
    bodies = zip(*(line for block in blocks for line in block.lines), strict=True)
    columns = [
        flush([*heading, *(aligned(body) if c else body)], "right" if c else "left")
        for c, (heading, body) in enumerate(zip(headings, bodies, strict=True))
    ]
    lines = zip(*columns, strict=True)
    heads = list(islice(lines, len(blocks)))
    return [
        _table(block, head, islice(lines, len(block.lines)))
        for block, head in zip(blocks, heads, strict=True)
    ]


def _table(block: Block, heading: Line, lines: Iterable[Line]) -> Table:
    table, last = ruled(), len(heading) - 1
    is_strong = [c in (0, last) or c - 1 in block.marked for c in range(len(heading))]
    for text, strong in zip(heading, is_strong, strict=True):
        table.add_column(styled(text, "bold" if strong else "dim"), no_wrap=True)
    for name, *cells in lines:
        styles = zip(cells, is_strong[1:], strict=True)
        title = styled(name, "dim" if any(map(str.strip, cells)) else "bold")
        table.add_row(title, *(_cell(text, strong) for text, strong in styles))
    return table


def _cell(text: str, is_marked: bool) -> Text:
    if is_marked:
        return styled(text, "bold")
    return styled(text, "dim" if text.strip(" 0.") == "" else "")


def _end_title(header: Header) -> str:
    how = "sum" if header.reduction is Reduction.SUM else "mean"
    return f"{'loss' if columns.by_row(header) else how} (nats)"


def block(header: Header, outcome: Losses) -> Block:
    """The working of a row."""
    if isinstance(outcome, CellLosses):
        lines = _binary(header, outcome)
    else:
        lines = _multiclass(header, outcome)
    marked = _marked(outcome)
    labels = [(MARK if c in marked else "") + visible(x) for c, x in enumerate(header.labels)]
    heading = [columns.row_title(header, outcome), *labels, _end_title(header)]
    return Block(heading, list(lines), marked)


def _marked(outcome: Losses) -> frozenset[int]:
    if isinstance(outcome, CellLosses):
        cells = zip(_row(outcome.batch.target), _row(outcome.cell_used), strict=True)
        return frozenset(c for c, (target, used) in enumerate(cells) if used and target >= 0.5)
    return frozenset(map(int, _row(outcome.target_class) if outcome.used[0] else ()))


def _line(name: str, values: Iterable[float], end: str = "") -> Line:
    return [name, *map(rounded, values), end]


def _multiclass(header: Header, outcome: RowLosses) -> Iterator[Line]:
    yield from _given(header, outcome, "softmax")
    blank = [""] * header.width
    if not outcome.used[0]:
        yield ["target", *blank, columns.IGNORED]
        return
    target = _shares(header, outcome)
    name = "smoothed" if header.label_smoothing else "target"
    yield [name, *map(brief, target), ""]
    pairs = zip(target, _row(outcome.surprisal), strict=True)
    terms = [y * nats if y else 0.0 for y, nats in pairs]  # nothing times infinity is nothing
    total = rounded(sum(terms))
    yield _line("−y·ln p", terms, total)
    loss = _end(outcome.loss_unweighted)
    if total != loss:  # a dtype that rounds
        yield ["loss", *blank, loss]
    if header.has_weights:
        yield ["weighted", *blank, _end(outcome.loss)]


def _binary(header: Header, outcome: CellLosses) -> Iterator[Line]:
    yield from _given(header, outcome, "sigmoid")
    yield ["target", *map(brief, _row(outcome.batch.target)), ""]
    is_used = outcome.used[0]
    if header.has_weights:
        end = _end(outcome.loss_unweighted) if is_used else ""
        yield ["unweighted", *_losses(outcome.cell_unweighted, outcome), end]
    end = _end(outcome.loss) if is_used else columns.IGNORED
    yield ["loss", *_losses(outcome.cell_loss, outcome), end]


def _losses(losses: Any, outcome: CellLosses) -> list[str]:
    cells = zip(_row(losses), _row(outcome.cell_used), strict=True)
    return [rounded(loss) if counts else columns.IGNORED for loss, counts in cells]


def _end(losses: Any) -> str:
    return rounded(_row(losses)[0])


def _given(header: Header, outcome: Losses, activation: str) -> Iterator[Line]:
    kind = header.schema.kind
    yield _line(kind.value.replace("_", " "), _row(outcome.batch.values))
    if kind is not Kind.PROBS:
        yield _line(activation if kind is Kind.LOGITS else "probs", _row(outcome.probs))


def _shares(header: Header, outcome: RowLosses) -> list[float]:
    """What the target gives to each class, smoothed."""
    if header.target_form is TargetForm.INDEX:
        right = _row(outcome.target_class)[0]
        shares = [float(c == right) for c in range(header.width)]
    else:
        shares = _row(outcome.batch.target)
    spread = header.label_smoothing
    return [share * (1 - spread) + spread / header.width for share in shares]


def _row(array: Any) -> list[float]:
    """The only row of an outcome's array, as a list."""
    return array[:1].ravel().tolist()  # type: ignore[no-any-return]
