"""The tally of some rows: every form and reading that a plan names, summed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from cecalc.insight.why.forms import BCE, CE, Form
from cecalc.insight.why.plan import Plan
from cecalc.insight.why.rows import NEIGHBOURS, Rows
from cecalc.insight.why.scores import Scores, by_class
from cecalc.insight.why.tally import KEPT, Tally
from cecalc.insight.why.totals import Batches, Columns, Span, Total

if TYPE_CHECKING:
    from cecalc.records import Floats

PIECE = 2**15
"""Values worked on at once, to stay in the cache."""
Named = tuple[tuple[Form, str], Total]
UNKNOWN = Total(math.nan, 1, 1.0)
"""Of a form that says nothing about such targets."""


@np.errstate(all="ignore")  # what overflows is what a mistake would have printed
def tally_of(rows: Rows, plan: Plan) -> Tally:
    """The sums over consecutive rows."""
    found = Tally()
    height = max(1, PIECE // plan.classes)
    for start in range(0, rows.size, height):
        found = found.plus(_piece(rows, slice(start, start + height), plan), plan)
    return found.plus(_ends(rows), plan)


def _ends(rows: Rows) -> Tally:
    """What is kept of rows besides sums."""
    return Tally(
        samples=rows.samples,
        kept=(rows,) if rows.logits.size <= KEPT else None,
        head=rows.part(slice(0, NEIGHBOURS)),
        tail=rows.part(slice(max(rows.size - NEIGHBOURS, 0), rows.size)),
    )


def _piece(rows: Rows, piece: slice, plan: Plan) -> Tally:
    """The sums over a piece that fits the cache."""
    scores = Scores(by_class(rows.logits[piece]))
    few = rows.part(piece)
    if plan.is_of_cells:
        return _of_cells(few, scores, plan)
    return _of_classes(rows, piece, few, scores, plan)


def _of_cells(rows: Rows, scores: Scores, plan: Plan) -> Tally:
    target = by_class(rows.target)
    totals = dict(_forms_of_cells(target, scores, plan))
    totals |= _weighted_cells(scores, target, plan)
    losses = BCE.of(scores).mixed(target)
    ones = np.ones(rows.size)
    batch = [losses, ones, ones * plan.classes]
    return Tally(
        rows_given=rows.size,
        rows_used=rows.size,
        totals=totals,
        ones=float(target.sum()),
        row_loss=Span.of(losses / plan.classes),
        peak=float(scores.logits.max()),
        has_infinite=bool(np.isinf(scores.logits).any()),
        batches={size: Batches.of(rows.start, size, batch) for size in plan.batch_sizes},
    )


def _forms_of_cells(target: Floats, scores: Scores, plan: Plan) -> Iterator[Named]:
    """Each form with the targets as they are, and what any linear change of them needs."""
    binary = bool(((target == 0) | (target == 1)).all())
    for form in plan.forms:
        if form.wants_binary and not binary:
            yield (form, "given"), UNKNOWN
            continue
        terms = form.of(scores)
        yield (form, "given"), Total.plain(terms.mixed(target))
        yield (form, "const"), Total.plain(terms.const)
        if form == BCE:
            yield (form, "every"), Total.plain(terms.every())


def _weighted_cells(scores: Scores, target: Floats, plan: Plan) -> Iterator[Named]:
    """What a weight of the columns makes of the right form, as `weight` and as `pos_weight`."""
    if plan.weight is None and not plan.splits:
        return
    positive = target * (scores.softplus - scores.logits)
    negative = (1.0 - target) * scores.softplus
    yield (BCE, "ones"), Total.plain(positive.sum(axis=0))
    yield (BCE, "zeros"), Total.plain(negative.sum(axis=0))
    if plan.weight is None:
        return
    weight = np.broadcast_to(plan.weight, (plan.classes,))[:, None]
    for name, of_ones, of_zeros in (
        ("weight", weight, weight),
        ("pos_weight", weight, np.ones_like(weight)),
        ("neg_weight", np.ones_like(weight), weight),
    ):
        loss = float((of_ones * positive + of_zeros * negative).sum())
        weights = float((of_ones * target + of_zeros * (1.0 - target)).sum())
        yield (BCE, name), Total(loss, target.shape[1], weights)


def _of_classes(rows: Rows, piece: slice, few: Rows, scores: Scores, plan: Plan) -> Tally:
    right = CE.of(scores)
    losses = right.at(few.index) if few.is_index else right.mixed(few.shares)
    losses = np.where(few.used, losses, 0.0)
    weights = plan.weights(few.index) if few.is_index else np.ones(few.size)
    totals = dict(_forms_of_classes(rows, piece, few, scores, plan))
    totals[CE, "unweighted"] = Total.of(losses, np.ones(few.size), few.used)
    totals |= _of_ignored(few, scores, plan)
    totals |= _of_form(few, scores, plan)
    own, peak = scores.logits[few.index, np.arange(few.size)], scores.peak
    batch = [weights * losses, few.used.astype(float), np.where(few.used, weights, 0.0)]
    return Tally(
        rows_given=few.size,
        rows_used=int(np.count_nonzero(few.used)),
        totals=totals,
        entropy=float(few.entropies.sum()),
        exponentials=float(np.exp(losses[few.used]).sum()),
        row_loss=Span.of(losses[few.used]),
        lse=Span.of(scores.lse),
        peak=Span.of(peak[few.used]).high,
        own=Span.of(own[few.used]).high,
        gap=Span.of((peak - own)[few.used]).high,
        has_infinite=bool(np.isinf(scores.logits).any()),
        counts=few.per_class(np.ones(few.size)),
        by_class=few.per_class(losses),
        columns=Columns.of(scores.logits),
        batches={size: Batches.of(few.start, size, batch) for size in plan.batch_sizes},
    )


def _forms_of_classes(
    rows: Rows, piece: slice, few: Rows, scores: Scores, plan: Plan
) -> Iterator[Named]:
    """Each form with the readings it is tried with."""
    for form in plan.forms:
        wide = form == CE or plan.every_reading
        terms = None if form.wants_binary and not few.is_one_hot else form.of(scores)
        if few.is_index:
            for reading, index, mask in rows.readings(piece, plan, wide=wide):
                assert terms is not None
                total = Total.of(terms.at(index), plan.weights(index), mask)
                yield (form, reading), total
        elif terms is None:
            yield (form, "given"), UNKNOWN
        else:
            found = terms.mixed(few.weighted(plan.weight))
            yield (form, "given"), Total.of(found, np.ones(few.size), few.used)
        if terms is not None and (form == CE or plan.smooths):
            every = np.where(few.used, terms.every(plan.weight), 0.0)
            yield (form, "every"), Total.plain(every)


def _of_form(few: Rows, scores: Scores, plan: Plan) -> Iterator[Named]:
    """Targets of one form taken for another, and one of two logits for both."""
    ones = np.ones(few.size)
    if few.is_index:
        terms = BCE.of(scores)
        losses = terms.const + few.index * terms.every()
        yield (BCE, "index"), Total.of(losses, ones, few.used)
    else:
        yield (CE, "largest"), Total.of(CE.of(scores).at(few.index), ones, few.used)
    if plan.classes == 2 and plan.weight is None:
        second = BCE.of(Scores(scores.logits[1:])).mixed(few.shares[1:])
        yield (CE, "second"), Total.of(second, ones, few.used)


def _of_ignored(few: Rows, scores: Scores, plan: Plan) -> Iterator[Named]:
    """What ignored rows would cost as a class, and the others without that class."""
    at = plan.ignored
    if at is None or not few.is_index or not -1 <= at < plan.classes:
        return
    ones, there = np.ones(few.size), np.full(few.size, at % plan.classes)
    yield (CE, "ignored"), Total.of(CE.of(scores).at(there), ones, ~few.used)
    if at >= 0 and plan.classes > 1:
        narrow = Scores(np.delete(scores.logits, at, axis=0))
        own = scores.logits[few.index, np.arange(few.size)]
        yield (CE, "without"), Total.of(narrow.lse - own, ones, few.used)
