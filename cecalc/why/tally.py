"""What an input adds up to, for recipes: merged in the order of its rows, whatever their number."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from cecalc.model import Floats
from cecalc.why.loss_variants import BCE, CE, Scores, Variant, by_class
from cecalc.why.plan import Plan
from cecalc.why.sums import NEIGHBOURS, Batches, ColumnSums, Costs, RowsOfBlock, Span, Total

KEPT = 2**16
"""Up to how many values an input is kept whole, for what sums cannot tell."""


Totals = Mapping[tuple[Variant, str], Total]


@dataclass(frozen=True)
class Tally:
    """Counts and sums over rows; an empty one is neutral. Losses are in nats."""

    rows_given: int = 0
    rows_used: int = 0
    cells_given: int = 0
    cells_used: int = 0
    samples: int = 0
    """How many entries axis 0 has; fewer than rows where the input has more dimensions."""
    totals: Totals = field(default_factory=dict)
    """For each form and reading of the target."""
    ones: float = 0.0
    """Σ of the targets of cells."""
    entropy: float = 0.0
    """Σ of the entropies of the targets."""
    exponentials: float = 0.0
    """Σ exp(loss) of the right form."""
    row_loss: Span = field(default_factory=Span)
    """Of the right form, unweighted."""
    lse: Span = field(default_factory=Span)
    """Of the log-sum-exps of the rows: 0 where the logits are log-probabilities."""
    peak: float = -math.inf
    """The largest logit."""
    own: float = -math.inf
    """The largest logit of a target's class."""
    gap: float = -math.inf
    """How far at most the target's logit is below the largest of its row."""
    has_infinite: bool = False
    """Whether a logit is."""
    counts: Floats | None = None
    """Shape (C,): how much of the target each class has."""
    by_class: Floats | None = None
    """Shape (C,): what the rows of each class cost, unweighted."""
    columns: ColumnSums | None = None
    batches: Mapping[int, Batches] = field(default_factory=dict)
    """By their size."""
    kept: tuple[RowsOfBlock, ...] | None = ()
    """All rows, as long as they are few."""
    head: RowsOfBlock | None = None
    tail: RowsOfBlock | None = None
    """The first and the last few rows: targets are also read against their neighbours."""

    def plus(self, other: Tally, plan: Plan) -> Tally:
        """Both, without what lies where they meet."""
        batches = {
            size: self.batches.get(size, Batches()).merge(
                other.batches.get(size, Batches()), plan.rows_of(size)
            )
            for size in plan.known.batch_sizes
        }
        return Tally(
            rows_given=self.rows_given + other.rows_given,
            rows_used=self.rows_used + other.rows_used,
            cells_given=self.cells_given + other.cells_given,
            cells_used=self.cells_used + other.cells_used,
            samples=max(self.samples, other.samples),
            totals=_totals(self.totals, other.totals),
            ones=self.ones + other.ones,
            entropy=self.entropy + other.entropy,
            exponentials=self.exponentials + other.exponentials,
            row_loss=self.row_loss | other.row_loss,
            lse=self.lse | other.lse,
            peak=max(self.peak, other.peak),
            own=max(self.own, other.own),
            gap=max(self.gap, other.gap),
            has_infinite=self.has_infinite or other.has_infinite,
            counts=_sum(self.counts, other.counts),
            by_class=_sum(self.by_class, other.by_class),
            columns=_joined(self.columns, other.columns),
            batches=batches,
            kept=_few(self.kept, other.kept),
            head=self.head or other.head,
            tail=other.tail or self.tail,
        )

    def merge(self, other: Tally, plan: Plan) -> Tally:
        """The sums over both, in this order."""
        both = self.plus(other, plan)
        if self.tail is None or other.head is None or self.head is None or other.tail is None:
            return both
        seam = self.tail.joined(other.head)
        totals = dict(both.totals)
        for form, reading, total in _over_seam(seam, self.tail.size, plan):
            totals[form, reading] = totals[form, reading] + total
        head, tail = self.head, other.tail
        if head.size < NEIGHBOURS:
            head = head.joined(other.head).part(slice(0, NEIGHBOURS))
        if tail.size < NEIGHBOURS:
            whole = self.tail.joined(tail)
            tail = whole.part(slice(max(whole.size - NEIGHBOURS, 0), whole.size))
        return replace(both, totals=totals, head=head, tail=tail)


def _totals(a: Totals, b: Totals) -> Totals:
    """What both know; a form that says nothing about some rows says nothing of all."""
    if not a or not b:
        return b or a
    return {key: total + b[key] for key, total in a.items() if key in b}


def _sum(a: Floats | None, b: Floats | None) -> Floats | None:
    if a is None or b is None:
        return b if a is None else a
    return a + b


def _joined(a: ColumnSums | None, b: ColumnSums | None) -> ColumnSums | None:
    if a is None or b is None:
        return b if a is None else a
    return a | b


def _few(
    a: tuple[RowsOfBlock, ...] | None, b: tuple[RowsOfBlock, ...] | None
) -> tuple[RowsOfBlock, ...] | None:
    if a is None or b is None:
        return None
    return (*a, *b) if sum(rows.logits.size for rows in (*a, *b)) <= KEPT else None


@np.errstate(all="ignore")
def _over_seam(seam: RowsOfBlock, cut: int, plan: Plan) -> list[tuple[Variant, str, Total]]:
    """Neighbours that stand on both sides of a cut."""
    if plan.is_of_cells or not seam.is_index:
        return []
    scores, costs = Scores(by_class(seam.logits)), Costs(seam, plan)
    return [
        (form, reading, costs.read(form, form.of(scores), index, there))
        for form in (plan.forms if plan.known.deep else (CE,))
        for reading, index, there in seam.over(cut)
    ]


PIECE = 2**15
"""Values worked on at once, to stay in the cache."""
Named = tuple[tuple[Variant, str], Total]


@np.errstate(all="ignore")  # what overflows is what a mistake would have printed
def tally_of(rows: RowsOfBlock, plan: Plan) -> Tally:
    """The sums over consecutive rows."""
    found = Tally()
    height = max(1, PIECE // plan.classes)
    for start in range(0, rows.size, height):
        found = found.plus(_piece(rows, slice(start, start + height), plan), plan)
    return found.plus(_ends(rows), plan)


def _ends(rows: RowsOfBlock) -> Tally:
    """What is kept of rows besides sums."""
    return Tally(
        samples=rows.samples,
        kept=(rows,) if rows.logits.size <= KEPT else None,
        head=rows.part(slice(0, NEIGHBOURS)),
        tail=rows.part(slice(max(rows.size - NEIGHBOURS, 0), rows.size)),
    )


def _piece(rows: RowsOfBlock, piece: slice, plan: Plan) -> Tally:
    """The sums over a piece that fits the cache."""
    scores = Scores(by_class(rows.logits[piece]))
    few = rows.part(piece)
    if plan.is_of_cells:
        return _of_cells(few, scores, plan)
    return _of_classes(rows, piece, few, scores, plan)


def _of_cells(rows: RowsOfBlock, scores: Scores, plan: Plan) -> Tally:
    target = by_class(rows.target)
    weighted = _weighted_cells(rows, scores, target, plan)
    right = weighted["weight"][0] if plan.weight is not None else _plain(rows, scores, target)
    totals = dict(_forms_of_cells(rows, target, scores, plan))
    for name, (losses, weights) in weighted.items():
        totals[BCE, name] = Total(float(losses.sum()), rows.size, float(weights.sum()))
    cells = rows.cells_counted
    return Tally(
        rows_given=rows.size,
        rows_used=int(np.count_nonzero(rows.used)),
        cells_given=rows.size * plan.classes,
        cells_used=int(cells.sum()),
        totals=totals,
        ones=float(np.where(rows.counted_by_class, target, 0.0).sum()),
        row_loss=Span.of((right / np.maximum(cells, 1))[rows.used]),
        has_infinite=bool(np.isinf(scores.logits).any()),
        batches=_batches(rows, plan, [right, rows.used.astype(float), cells]),
    )


def _plain(rows: RowsOfBlock, scores: Scores, target: Floats) -> Floats:
    return BCE.of(scores).mixed(target, rows.counted_by_class)


def _forms_of_cells(
    rows: RowsOfBlock, target: Floats, scores: Scores, plan: Plan
) -> Iterator[Named]:
    """Each form with the targets as they are, and what any linear change of them needs."""
    counted, is_whole = rows.counted_by_class, rows.counted is None
    binary = bool(((target == 0) | (target == 1) | ~counted).all())
    for form in plan.forms:
        if form.wants_binary and not binary:
            continue
        if not form.is_of_cells and not is_whole:
            continue  # a row has no such loss without some of its cells
        terms = form.of(scores)
        yield (form, "given"), Total.plain(terms.mixed(target, counted))
        if form == BCE:
            yield (form, "const"), Total.plain(terms.const(counted))
            yield (form, "every"), Total.plain(terms.every(None, counted))


def _weighted_cells(
    rows: RowsOfBlock, scores: Scores, target: Floats, plan: Plan
) -> dict[str, tuple[Floats, Floats]]:
    """What weights of the columns make of the right form: losses and weights, shape (n,) each."""
    if plan.weight is None and not plan.known.is_weight_free:
        return {}
    terms, counted = BCE.of(scores), rows.counted_by_class
    assert terms.zeros is not None
    ones = np.where((target == 0) | ~counted, 0.0, target * terms.one(scores.logits))
    zeros = np.where((target == 1) | ~counted, 0.0, (1.0 - target) * terms.zeros)
    found = {"ones": (ones.sum(axis=0), ones), "zeros": (zeros.sum(axis=0), zeros)}
    if plan.weight is None:
        return found
    weight, one = plan.weight[:, None], np.ones((plan.classes, 1))
    for name, of_ones, of_zeros in (
        ("weight", weight, weight),
        ("pos_weight", weight, one),
        ("neg_weight", one, weight),
    ):
        losses = (of_ones * ones + of_zeros * zeros).sum(axis=0)
        weights = np.where(counted, of_ones * target + of_zeros * (1.0 - target), 0.0)
        found[name] = losses, weights.sum(axis=0)
    return found


def _of_classes(
    rows: RowsOfBlock, piece: slice, few: RowsOfBlock, scores: Scores, plan: Plan
) -> Tally:
    costs = Costs(few, plan)
    losses = np.where(few.used, costs.given(CE.of(scores)), 0.0)
    weights = plan.weights(few.index) if few.is_index else np.ones(few.size)
    totals = dict(_forms_of_classes(rows, piece, costs, scores))
    totals |= _without_options(costs, scores)
    totals |= _of_ignored(costs, scores)
    totals |= _of_form(costs, scores)
    own, peak = scores.logits[few.index, np.arange(few.size)], scores.peak
    plain = losses if plan.weight is None else _unweighted(few, scores, plan)
    batch = [losses, few.used.astype(float), np.where(few.used, weights, 0.0)]
    return Tally(
        rows_given=few.size,
        rows_used=int(np.count_nonzero(few.used)),
        totals=totals,
        entropy=float(few.entropies[few.used].sum()),
        exponentials=float(np.exp(plain[few.used]).sum()),
        row_loss=Span.of(plain[few.used]),
        lse=Span.of(scores.lse),
        peak=Span.of(peak[few.used]).high,
        own=Span.of(own[few.used]).high,
        gap=Span.of((peak - own)[few.used]).high,
        has_infinite=bool(np.isinf(scores.logits).any()),
        counts=few.per_class(np.ones(few.size)),
        by_class=few.per_class(plain),
        columns=ColumnSums.of(scores.logits),
        batches=_batches(few, plan, batch),
    )


def _unweighted(few: RowsOfBlock, scores: Scores, plan: Plan) -> Floats:
    costs = Costs(few, Plan(is_of_cells=False, classes=plan.classes, known=plan.known))
    return np.where(few.used, costs.given(CE.of(scores)), 0.0)


def _batches(rows: RowsOfBlock, plan: Plan, losses: list[Floats]) -> dict[int, Batches]:
    return {
        size: Batches.of(rows.batch_numbers(size), plan.rows_of(size), losses)
        for size in plan.known.batch_sizes
    }


def _forms_of_classes(
    rows: RowsOfBlock, piece: slice, costs: Costs, scores: Scores
) -> Iterator[Named]:
    """Each form with the readings it is tried with."""
    few, plan = costs.rows, costs.plan
    for form in plan.forms:
        if form.wants_binary and not few.is_one_hot:
            continue
        terms, wide = form.of(scores), form == CE or plan.known.deep
        if not few.is_index:
            yield (form, "given"), Total.of(costs.given(terms), np.ones(few.size), few.used)
            continue
        for reading, index, mask in rows.readings(piece, plan, wide=wide):
            yield (form, reading), costs.read(form, terms, index, mask)


def _without_options(costs: Costs, scores: Scores) -> Iterator[Named]:
    """The right form without weights and smoothing, and what smoothing is made of."""
    few, plan, terms = costs.rows, costs.plan, CE.of(scores)
    ones = np.ones(few.size)
    if plan.weight is not None:
        yield (CE, "unweighted"), Total.of(_unweighted(few, scores, plan), ones, few.used)
    if plan.smoothing or plan.known.smoothings:
        weights = plan.weights(few.index) if few.is_index else ones
        yield (CE, "unsmoothed"), Total.of(costs.unsmoothed(terms), weights, few.used)
        yield (CE, "every"), Total.of(terms.every(plan.weight), ones, few.used)


def _of_form(costs: Costs, scores: Scores) -> Iterator[Named]:
    """Targets of one form taken for another, and one of two logits for both."""
    few, plan, ones = costs.rows, costs.plan, np.ones(costs.rows.size)
    if plan.weight is not None:
        yield from _weighted_columns(costs, scores)
        return
    if few.is_index:
        terms = BCE.of(scores)
        losses = terms.const() + few.index * terms.every()
        yield (BCE, "index"), Total.of(losses, ones, few.used)
    else:
        losses = costs.of_index(CE.of(scores), few.index)
        yield (CE, "largest"), Total.of(losses, ones, few.used)
        total = scores.logits.sum(axis=0)
        swapped = Scores(few.shares).lse * total - (few.shares * scores.logits).sum(axis=0)
        yield (CE, "swapped"), Total.of(swapped, ones, few.used)
    if plan.classes == 2:
        second = BCE.of(Scores(scores.logits[1:])).mixed(few.shares[1:])
        yield (CE, "second"), Total.of(second, ones, few.used)


def _weighted_columns(costs: Costs, scores: Scores) -> Iterator[Named]:
    """Binary cross-entropy of one-hot targets, with the weights as torch reads them there."""
    few, plan, terms = costs.rows, costs.plan, BCE.of(scores)
    if not few.is_index or plan.weight is None or terms.zeros is None:
        return
    own = scores.logits[few.index, np.arange(few.size)]
    zeros = np.take_along_axis(terms.zeros, few.index[None, :], axis=0)[0]
    weighted = plan.weight @ terms.zeros
    of_own = plan.weights(few.index) * terms.one(own)
    ones = np.ones(few.size)
    losses = weighted - plan.weights(few.index) * zeros + of_own
    yield (BCE, "weight"), Total.of(losses, ones, few.used)
    yield (BCE, "pos_weight"), Total.of(terms.const() - zeros + of_own, ones, few.used)


def _of_ignored(costs: Costs, scores: Scores) -> Iterator[Named]:
    """What ignored rows would cost as a class, and the others without that class."""
    few, plan = costs.rows, costs.plan
    at = plan.ignored
    if at is None or not few.is_index or not -1 <= at < plan.classes:
        return
    there = np.full(few.size, at % plan.classes)
    losses = costs.of_index(CE.of(scores), there)
    yield (CE, "ignored"), Total.of(losses, plan.weights(there), ~few.used)
    if at >= 0 and plan.classes > 1 and plan.weight is None and not plan.smoothing:
        narrow = Scores(np.delete(scores.logits, at, axis=0))
        own = scores.logits[few.index, np.arange(few.size)]
        yield (CE, "without"), Total.of(narrow.lse - own, np.ones(few.size), few.used)
