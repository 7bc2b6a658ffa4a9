"""A few rows worked out as in a textbook: what is given, its probabilities, the loss by class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from rich.table import Table
from rich.text import Text

from cecalc.errors import visible
from cecalc.model import CellLosses, Header, Losses, Outcome, RowLosses
from cecalc.numbers import aligned, brief, rounded
from cecalc.output import columns
from cecalc.output.drawing import flush, ruled, styled
from cecalc.terms import Kind, Reduction, TargetForm

ROWS, CLASSES = 6, 8
"""More rows or classes than these are not worked out."""
MARK = "▸"
_GIVEN = {Kind.LOGITS: "logits", Kind.PROBS: "probs", Kind.LOG_PROBS: "log probs"}


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


def drawings(header: Header, rows: Sequence[Losses]) -> list[Table]:
    """The working of each row, with columns at the same places in all."""
    return tables([_block(header, outcome) for outcome in rows])


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
    if columns.by_row(header):
        return columns.LOSS.heading
    how = "sum" if header.reduction is Reduction.SUM else "mean"
    return f"{how} ({columns.LOSS.unit})"


def _block(header: Header, outcome: Losses) -> Block:
    names = [f"{c.title} {c.shown(outcome)[0]}" for c in columns.shown_identity(header)]
    lines = (
        _binary(header, outcome)
        if isinstance(outcome, CellLosses)
        else _multiclass(header, outcome)
    )
    marked = _marked(outcome)
    labels = [(MARK if c in marked else "") + visible(x) for c, x in enumerate(header.labels)]
    return Block(WorkedLine(", ".join(names), labels, _end_title(header)), list(lines), marked)


def _marked(outcome: Losses) -> frozenset[int]:
    if isinstance(outcome, CellLosses):
        cells = zip(_row(outcome.batch.target), _row(outcome.cell_used), strict=True)
        return frozenset(c for c, (target, used) in enumerate(cells) if used and target >= 0.5)
    return frozenset(map(int, _row(outcome.target_class) if outcome.used[0] else ()))


def _multiclass(header: Header, outcome: RowLosses) -> Iterator[WorkedLine]:
    yield from _given(header, outcome, "softmax")
    if not outcome.used[0]:
        yield WorkedLine("target", [""] * header.width, columns.IGNORED)
        return
    target = _shares(header, outcome)
    name = "smoothed" if header.label_smoothing else "target"
    yield WorkedLine(name, list(map(brief, target)))
    terms = [_times(y, nats) for y, nats in zip(target, _row(outcome.surprisal), strict=True)]
    plain = _row(outcome.loss_unweighted)[0]
    total, loss = rounded(sum(terms)), rounded(plain)
    yield WorkedLine("−y·ln p", list(map(rounded, terms)), total)
    blank = [""] * header.width
    if total != loss:  # a dtype that rounds
        yield WorkedLine("loss", blank, loss)
    if header.has_weights:
        yield WorkedLine("weighted", blank, rounded(_row(outcome.loss)[0]))


def _binary(header: Header, outcome: CellLosses) -> Iterator[WorkedLine]:
    yield from _given(header, outcome, "sigmoid")
    yield WorkedLine("target", list(map(brief, _row(outcome.batch.target))))
    used = _row(outcome.cell_used)
    blank = columns.IGNORED
    if header.has_weights:
        yield WorkedLine("unweighted", _losses(outcome.cell_unweighted, used), _end(outcome, True))
    end = _end(outcome, False) if outcome.used[0] else blank
    yield WorkedLine("loss", _losses(outcome.cell_loss, used), end)


def _losses(losses: object, used: list[float]) -> list[str]:
    return [
        rounded(loss) if counts else columns.IGNORED
        for loss, counts in zip(_row(losses), used, strict=True)
    ]


def _end(outcome: Outcome, is_unweighted: bool) -> str:
    column = columns.UNWEIGHTED if is_unweighted else columns.LOSS
    return column.shown(outcome)[0]


def _given(header: Header, outcome: Outcome, activation: str) -> Iterator[WorkedLine]:
    yield WorkedLine(_GIVEN[header.schema.kind], list(map(rounded, _row(outcome.batch.values))))
    if header.schema.kind is Kind.PROBS:
        return
    name = activation if header.schema.kind is Kind.LOGITS else "probs"
    yield WorkedLine(name, list(map(rounded, _row(outcome.probs))))


def _shares(header: Header, outcome: RowLosses) -> list[float]:
    """What the target gives to each class, smoothed."""
    if header.target_form is TargetForm.INDEX:
        right = _row(outcome.target_class)[0]
        shares = [float(c == right) for c in range(header.width)]
    else:
        shares = _row(outcome.batch.target)
    spread = header.label_smoothing
    return [share * (1 - spread) + spread / header.width for share in shares]


def _times(share: float, nats: float) -> float:
    """Share · nats, where nothing times infinity is nothing."""
    return share * nats if share else 0.0


def _row(array: object) -> list[float]:
    """The only row of an outcome's array, as a list."""
    assert array is not None
    row = array[0].tolist()  # type: ignore[index]
    return row if isinstance(row, list) else [row]
