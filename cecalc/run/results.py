"""What `ce`, `bce`, `softmax` and `sigmoid` collect: rows, a few of them, or groups; a report.

A group (`--by`) is as exact as the whole: its sums lose nothing, so that blocks and threads change
no digit, and the groups' numerators add up to the whole's.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from cecalc.compute import Settings, outcome_of
from cecalc.compute.backend import Backend
from cecalc.errors import DataError, Place, excerpt
from cecalc.exact import ONE, ZERO, ExactSum
from cecalc.items import CellLosses, Groups, Header, Item, Losses, Outcome, Pictured, Report
from cecalc.model import Batch, Floats, Integers
from cecalc.numbers import write_number
from cecalc.output import columns
from cecalc.ranking import Ranking, order_of
from cecalc.request import Rank, Request
from cecalc.run.collectors import Collector, Job, Setup, Summed
from cecalc.run.settings import header_of, settings_of
from cecalc.selection import split
from cecalc.summary import Summary
from cecalc.terms import Hint, Reduction, Task

Key = tuple[str, ...]
BINS = 15
EDGES = np.arange(1, BINS) / BINS
"""Between the bins of probabilities; each belongs to the bin that it ends."""


def results(setup: Setup) -> Job[Summed]:
    """Outcomes (or groups) of one loss or activation, and for losses a report.

    Raises
    ------
    UsageError, DataError : an option does not go with the input
    """
    request, first = setup.request, setup.first
    settings = settings_of(request, setup.schema, first)
    header = header_of(setup.schema, first, settings, request.rank)
    arithmetic = setup.arithmetic

    def compute(batch: Batch) -> Summed:
        outcome = outcome_of(batch, settings, arithmetic)
        return Summed(outcome, Summary.of(outcome, header))

    names, gathered = gathering(request, header)
    reported = [_Reported(header, settings, arithmetic)] if settings.task.is_loss else []
    setup = replace(setup, remarks=(*setup.remarks, *_taken(header, request)))
    return Job(setup, replace(header, by=names), settings, compute, [gathered, *reported])


def picturing(setup: Setup) -> Job[Summed]:
    """The results, and of a loss what its pictures show."""
    job = results(setup)
    classes = _classes(replace(job.header, reduction=Reduction.MEAN))
    pictured = [_Picturing(classes)] * job.header.task.is_loss
    return replace(job, collectors=[*job.collectors, *pictured])


def _taken(header: Header, request: Request) -> Iterator[Hint]:
    """Names of our columns that are asked for, and are the input's."""
    asked = {part for _, part in split(request.input.passed_on or "") if request.by is None}
    for name in sorted(asked & {*(header.schema.fields or ())} & columns.results(header)):
        rule = f"{excerpt(name)} is the input's own column"
        yield Hint(f"{rule}; ours is {columns.PREFIX}{name}, or as --prefix says")


def gathering(request: Request, header: Header) -> tuple[tuple[str, ...] | None, Collector[Summed]]:
    """The columns that make groups, if any do, and what gathers rows or groups."""
    if request.by is None:
        return None, _Every() if request.rank is None else _Ranked(Ranking(request.rank))
    is_named = header.has_originals and columns.CLASS in (header.schema.fields or ())
    is_of_cells = not (is_named or columns.by_row(header))
    parts = split(request.by)
    if is_of_cells and len(parts) > 1 and (False, columns.CLASS) in parts:
        rule = "--by: class, which here is a column of cells, goes with no other column"
        raise DataError(rule, place=Place(source=header.schema.source))
    if is_of_cells and request.by == columns.CLASS:
        return (columns.CLASS,), replace(_classes(header), rank=request.rank)
    try:
        keys = columns.chosen(columns.keys(header), header, request.by, "--by")
    except DataError as error:
        raise error.at(source=header.schema.source) from None
    names = tuple(column.name for column in keys)

    def keys_of(outcome: Outcome) -> list[Key]:
        return list(zip(*(column.precise(outcome) for column in keys), strict=True))

    return names, Grouping(header, keys_of, request.rank)


class _Every(Collector[Summed]):
    """Every row, as it comes."""

    def add(self, summed: Summed, _given: Batch) -> Iterable[Item]:
        return (summed.outcome,)


@dataclass
class _Ranked(Collector[Summed]):
    """The rows of the highest or lowest losses."""

    ranking: Ranking

    def add(self, summed: Summed, _given: Batch) -> Iterable[Item]:
        if isinstance(summed.outcome, Losses):
            self.ranking.add(summed.outcome)
        return ()

    def finish(self, _total: Summary) -> Iterable[Item]:
        return self.ranking.outcomes()


@dataclass
class _Reported(Collector[Summed]):
    """The report of all rows."""

    header: Header
    settings: Settings
    arithmetic: Backend

    def finish(self, total: Summary) -> Iterable[Item]:
        found = total.finish(self.header, self.settings.weight, self.arithmetic.label)
        return (replace(found, signature="|".join(self._signature(found, total))),)

    def _signature(self, report: Report, total: Summary) -> Iterator[str]:
        """What the loss depends on; options that are seldom given, where they are."""
        header, request = self.header, self.settings.request
        cells = report.cells_ignored
        yield from ("cecalc:" + report.version.rpartition(".")[0], header.task, header.reduction)
        yield from (f"N={report.rows_given}", f"C={header.width}", f"target={header.target_form}")
        yield f"weight={self._weights(total) if header.has_weights else 'no'}"
        yield f"eps={write_number(header.label_smoothing)}"
        yield f"ignored={report.rows_ignored if header.task is Task.CE else cells}"
        yield from [f"clip={request.clip}"] * (request.clip is not None)
        yield from ["clamp=no"] * request.no_clamp
        yield from ["unchecked"] * request.unchecked
        yield self.arithmetic.dtype

    def _weights(self, total: Summary) -> str:
        """A digest of the weights: of those of rows, of what each class has of them."""
        of_rows = sorted((label, part.value()) for label, part in total.label_weights.items())
        of_classes = (self.settings.weight, self.settings.pos_weight)
        listed = [None if weight is None else weight.tolist() for weight in of_classes]
        told = repr((listed, of_rows, total.weights.value() if self.header.has_row_weight else 0))
        return f"{zlib.crc32(told.encode()):08x}"


@dataclass
class Grouping(Collector[Summed]):
    """The groups of rows, or of each class's cells, seen so far."""

    header: Header
    keys: Callable[[Losses], Sequence[Key]]
    """A key for each row, or for each column of cells."""
    rank: Rank | None = None
    by_cell: bool = False
    """Whether the columns of a row's cells are the groups, instead of the rows' keys."""
    groups: dict[Key, Summary] = field(default_factory=dict)

    def add(self, summed: Summed, _given: Batch) -> Iterable[Item]:
        """Look at one more batch."""
        losses, numbers = summed.outcome, dict[Key, int]()
        if not isinstance(losses, Losses):
            return ()
        keys = self.keys(losses)
        group = np.asarray([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)
        summaries = _summaries(losses, group, len(numbers), by_cell=self.by_cell)
        for key, part in zip(numbers, summaries, strict=True):
            known = self.groups.get(key)
            self.groups[key] = part if known is None else known.merge(part)
        return ()

    def finish(self, _total: Summary) -> Iterable[Groups]:
        """The groups, highest (or lowest) loss first; those with no row that counts stand last."""
        keys, groups = list(self.groups), list(self.groups.values())
        is_sum = self.header.reduction is Reduction.SUM
        sums = [(group.numerator, ExactSum(ONE) if is_sum else group.weights) for group in groups]
        losses = np.asarray([numerator.over(weights) for numerator, weights in sums])
        is_unused = np.asarray([not group.rows_used for group in groups])
        rank = self.rank or Rank(len(groups))
        is_late, ascending = order_of(losses, lowest=rank.lowest)
        chosen = np.lexsort((ascending, is_late, is_unused))[: rank.count].tolist()
        found = [groups[i] for i in chosen]
        whole = sum((group.numerator for group in groups), ZERO)
        has_cells = self.header.task is Task.BCE and self.header.width > 1 and not self.by_cell
        first = np.lexsort((*order_of(losses, lowest=False)[::-1], is_unused))[0]
        worst = None if is_unused[first] else (", ".join(keys[first]), float(losses[first]))
        cells = _ratios([(g.cells_correct, g.cells_used) for g in found]) if has_cells else None
        shares = [math.nan if whole.special else g.numerator.over(whole) for g in found]
        yield Groups(
            keys=[keys[i] for i in chosen],
            total=len(groups),
            rows=np.asarray([g.rows_used for g in found], np.int64),
            loss=losses[chosen],
            share=np.asarray(shares),
            accuracy=_ratios([(g.correct, g.rows_used) for g in found]),
            cell_accuracy=cells,
            worst=worst,
        )


@dataclass
class _Picturing(Collector[Summed]):
    """What the pictures show of the rows so far; of cells, where a row has several."""

    classes: Grouping
    losses: Counter[int] = field(default_factory=Counter)
    unbounded: int = 0
    bins: Floats = field(default_factory=lambda: np.zeros((3, BINS)))

    def add(self, summed: Summed, given: Batch) -> Iterable[Item]:
        """Look at one more batch."""
        losses = summed.outcome
        if isinstance(losses, Losses):
            loss, p, right = _each(losses)
            self.classes.add(summed, given)
            self.unbounded += int(np.count_nonzero(np.isinf(loss)))
            loss = np.clip(loss[np.isfinite(loss)], Pictured.LEAST, Pictured.MOST)
            self.losses.update(np.floor(np.log2(loss) * Pictured.STEPS).astype(int).tolist())
            known = ~np.isnan(p)
            bins = np.searchsorted(EDGES, p[known])
            terms = (np.ones_like(bins), p[known], right[known])
            self.bins += [np.bincount(bins, each, BINS) for each in terms]
        return ()

    def finish(self, total: Summary) -> Iterable[Item]:
        """What they show."""
        (classes,) = self.classes.finish(total)
        yield Pictured(self.losses, self.unbounded, self.bins, classes)


def _each(losses: Losses) -> tuple[Floats, Floats, Floats]:
    """Of each row that counts its loss without weights, p of what it predicts, and whether that is
    right; of each cell its loss, p of 1, and whether it is 1.
    """
    if isinstance(losses, CellLosses):
        used = losses.cell_used
        return losses.cell_unweighted[used], losses.probs[used], losses.batch.truth[used]
    used = losses.used
    right = losses.correct[used].astype(np.float64)
    return losses.loss_unweighted[used], losses.p_prediction[used], right


def _classes(header: Header) -> Grouping:
    """Losses by the class of the target."""
    if not columns.by_row(header):
        labels = [(label,) for label in header.labels]
        return Grouping(header, lambda _: labels, by_cell=True)
    of = columns.keys(header)[-1]
    return Grouping(header, lambda losses: [(label,) for label in of.precise(losses)])


def _ratios(pairs: Sequence[tuple[int, int]]) -> Floats:
    return np.asarray([part / whole if whole else np.nan for part, whole in pairs])


def _summaries(losses: Losses, group: Integers, count: int, *, by_cell: bool) -> list[Summary]:
    """A batch's part of each of its groups; of a column of cells, each one is a row."""
    if isinstance(losses, CellLosses):
        used = rows, cells = np.nonzero(losses.cell_used)
        loss, correct = losses.cell_loss[used], losses.cell_correct[used]
    else:
        rows = cells = np.flatnonzero(losses.used)
        loss, correct = losses.loss[rows], losses.correct[rows]
    term = group[cells if by_cell else rows]
    of_rows = (term, term[correct])
    if not by_cell:
        of_rows = group[losses.used], group[losses.used & losses.correct]
    numbers = (np.bincount(of, minlength=count) for of in (*of_rows, term, term[correct]))
    rows_used, right, cells_used, cells_right = (found.tolist() for found in numbers)
    weights = [ExactSum(number * ONE) for number in cells_used]
    if losses.weight is not None:
        weights = ExactSum.by_group(losses.weight[rows], term, count)
    numerators = ExactSum.by_group(loss, term, count)
    return [
        Summary(
            rows_used=rows_used[g],
            correct=right[g],
            cells_used=cells_used[g],
            cells_correct=cells_right[g],
            numerator=numerators[g],
            weights=weights[g],
        )
        for g in range(count)
    ]
