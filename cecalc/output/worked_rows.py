"""A few rows worked out as in a textbook: what is given, its probabilities, the loss by class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from rich.table import Table
from rich.text import Text

from cecalc.errors import visible
from cecalc.model import CellLosses, Header, Losses, RowLosses
from cecalc.numbers import aligned, brief, rounded
from cecalc.output import columns
from cecalc.output.drawing import flush, ruled, styled
from cecalc.terms import Kind, Reduction, TargetForm

ROWS, CLASSES = 6, 8
"""More rows or classes than these are not worked out."""
MARK = "▸"


@dataclass(frozen=True)
class WorkedLine:
    """One line of a row's working: a text per class, and what stands at its right."""

    name: str
    cells: Sequence[str]
    end: str = ""

    @property
    def texts(self) -> list[str]:
        """The line from left to right."""
        return [self.name, *self.cells, self.end]


@dataclass(frozen=True)
class Block:
    """The working of one row."""

    heading: WorkedLine
    lines: Sequence[WorkedLine]
    marked: frozenset[int]
    """The classes that the target names."""


def fits(header: Header, rows: int) -> bool:
    """Whether there is little enough to work out."""
    return header.task.is_loss and rows <= ROWS and header.width <= CLASSES


def tables(blocks: Sequence[Block]) -> list[Table]:
    """Each block drawn, with columns at the same places in all; all have as many."""
    by_column = [_column(blocks, c) for c in range(len(blocks[0].heading.texts))]
    return [
        _table(block, texts)
        for block, texts in zip(blocks, zip(*by_column, strict=True), strict=True)
    ]


def _column(blocks: Sequence[Block], c: int) -> list[list[str]]:
    """The texts of one column in each block, the heading first."""
    lines = [line.texts[c] for block in blocks for line in block.lines]
    headings = [block.heading.texts[c] for block in blocks]
    texts = flush(headings + (aligned(lines) if c else lines), "right" if c else "left")
    bodies = iter(texts[len(blocks) :])
    return [
        [heading, *islice(bodies, len(block.lines))]
        for heading, block in zip(texts, blocks, strict=False)
    ]


def _table(block: Block, texts: Sequence[list[str]]) -> Table:
    table = ruled()
    is_strong = [c == 0 or c == len(texts) - 1 or c - 1 in block.marked for c in range(len(texts))]
    for column, strong in zip(texts, is_strong, strict=True):
        table.add_column(styled(column[0], "bold" if strong else "dim"), no_wrap=True)
    for name, *cells in zip(*(column[1:] for column in texts), strict=True):
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
    lines = (
        _binary(header, outcome)
        if isinstance(outcome, CellLosses)
        else _multiclass(header, outcome)
    )
    marked = _marked(outcome)
    labels = [(MARK if c in marked else "") + visible(x) for c, x in enumerate(header.labels)]
    return Block(
        WorkedLine(columns.row_title(header, outcome), labels, _end_title(header)),
        list(lines),
        marked,
    )


def _marked(outcome: Losses) -> frozenset[int]:
    if isinstance(outcome, CellLosses):
        cells = zip(_row(outcome.batch.target), _row(outcome.cell_used), strict=True)
        return frozenset(c for c, (target, used) in enumerate(cells) if used and target >= 0.5)
    return frozenset(map(int, _row(outcome.target_class) if outcome.used[0] else ()))


def _line(name: str, values: Iterable[float], end: str = "") -> WorkedLine:
    return WorkedLine(name, list(map(rounded, values)), end)


def _multiclass(header: Header, outcome: RowLosses) -> Iterator[WorkedLine]:
    yield from _given(header, outcome, "softmax")
    blank = [""] * header.width
    if not outcome.used[0]:
        yield WorkedLine("target", blank, columns.IGNORED)
        return
    target = _shares(header, outcome)
    name = "smoothed" if header.label_smoothing else "target"
    yield WorkedLine(name, list(map(brief, target)))
    pairs = zip(target, _row(outcome.surprisal), strict=True)
    terms = [y * nats if y else 0.0 for y, nats in pairs]  # nothing times infinity is nothing
    total = rounded(sum(terms))
    yield _line("−y·ln p", terms, total)
    loss = _end(outcome.loss_unweighted)
    if total != loss:  # a dtype that rounds
        yield WorkedLine("loss", blank, loss)
    if header.has_weights:
        yield WorkedLine("weighted", blank, _end(outcome.loss))


def _binary(header: Header, outcome: CellLosses) -> Iterator[WorkedLine]:
    yield from _given(header, outcome, "sigmoid")
    yield WorkedLine("target", list(map(brief, _row(outcome.batch.target))))
    is_used = outcome.used[0]
    if header.has_weights:
        end = _end(outcome.loss_unweighted) if is_used else ""
        yield WorkedLine("unweighted", _losses(outcome.cell_unweighted, outcome), end)
    end = _end(outcome.loss) if is_used else columns.IGNORED
    yield WorkedLine("loss", _losses(outcome.cell_loss, outcome), end)


def _losses(losses: Any, outcome: CellLosses) -> list[str]:
    cells = zip(_row(losses), _row(outcome.cell_used), strict=True)
    return [rounded(loss) if counts else columns.IGNORED for loss, counts in cells]


def _end(losses: Any) -> str:
    (loss,) = _row(losses)
    return rounded(loss)


def _given(header: Header, outcome: Losses, activation: str) -> Iterator[WorkedLine]:
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
