"""What mistakes make of rows that have one class, or one distribution, each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from cecalc.why.loss_variants import BCE, CE, Scores, Variant
from cecalc.why.plan import Plan
from cecalc.why.recipe import MISTAKES, SMOOTHED, WEIGHTED, Measured, Misread, free
from cecalc.why.recipes_any import batched, overflown, rounded, undefined
from cecalc.why.sums import RowsOfBlock, Total
from cecalc.why.tally import Tally

_SHIFTED = {
    "next": "targets one row later",
    "previous": "targets one row earlier",
    "after_next": "targets two rows later",
}


def losses(
    tally: Tally, plan: Plan, misread: Sequence[Misread], right: Measured
) -> Iterator[Measured]:
    """The right loss first, then what each mistake makes of it."""
    yield right
    if not tally.rows_used:
        yield from undefined(tally)
        return
    yield from _smoothed(tally, plan)
    yield from _weighted(tally, plan)
    yield from batched(tally.batches, tally.rows_used)
    yield from _misread(tally, plan, misread)
    for reading, name in _SHIFTED.items():
        total = tally.totals.get((CE, reading))
        if total is not None and total.rows:
            yield _of(name, total)
    yield from _ignored(tally, plan)
    if plan.weight is None and not plan.smoothing:
        yield from _soft(tally)
    yield from _axes(tally, plan)
    if (second := tally.totals.get((CE, "second"))) is not None:
        yield _of("one of two logits", second)
    yield from _baselines(tally, plan)
    yield from rounded(right.mean)
    yield from overflown(tally)
    yield from undefined(tally)


def _of(name: str, total: Total) -> Measured:
    return Measured(MISTAKES[name], total.loss, total.weight)


def _misread(tally: Tally, plan: Plan, misread: Sequence[Misread]) -> Iterator[Measured]:
    for one in misread:
        total = tally.totals.get((one.form, one.reading))
        if total is None or not total.rows:
            continue
        if not one.form.is_of_cells:
            yield Measured(one.mistake, total.loss, total.weight)
        else:
            yield Measured(one.mistake, total.loss, total.rows * plan.classes, is_of_cells=True)


def _smoothed(tally: Tally, plan: Plan) -> Iterator[Measured]:
    """Other conventions, and none; or, where it is not known, usual ones."""
    own, every = (tally.totals.get((CE, name)) for name in ("unsmoothed", "every"))
    if own is None or every is None or plan.classes < 2:
        return

    def smooth(eps: float) -> float:
        return (1 - eps) * own.loss + eps / plan.classes * every.loss

    to_others = plan.classes / (plan.classes - 1)
    """Epsilon over the other classes alone is so much more over all."""
    if eps := plan.known.label_smoothing:
        share = eps / plan.classes * (every.loss - own.loss)
        for name, loss in (
            ("label smoothing left out", own.loss),
            ("label smoothing over C - 1", smooth(eps * to_others)),
            ("smoothed targets that sum to more than 1", own.loss + share),
            ("smoothed targets that sum to less than 1", (1 - eps) * own.loss + share),
        ):
            yield Measured(MISTAKES[name], loss, own.weight)
    for eps in plan.known.smoothings:
        for name, value, loss in (
            ("label smoothing", f"label_smoothing={eps:g}", smooth(eps)),
            ("label smoothing over C - 1", f"epsilon = {eps:g}", smooth(eps * to_others)),
        ):
            yield Measured(free(name, 16, value, SMOOTHED), loss, own.weight)


def _weighted(tally: Tally, plan: Plan) -> Iterator[Measured]:
    if plan.known.is_weight_free and tally.by_class is not None and tally.counts is not None:
        there = tally.counts > 0
        each = float((tally.by_class[there] / tally.counts[there]).sum())
        mistake = free("weights", 3, "weight = N / (C * rows of the class)", WEIGHTED)
        yield Measured(mistake, each, int(there.sum()))
    if plan.weight is None:
        return
    given = tally.totals[CE, "given"]
    yield Measured(MISTAKES["weighted, divided by rows"], given.loss, given.rows)
    yield _of("weights left out", tally.totals[CE, "unweighted"])
    if given.weight == given.rows and tally.counts is not None:  # torch divides by rows here
        over = float(tally.counts @ plan.weight)
        yield Measured(MISTAKES["soft targets, divided by the weights"], given.loss, over)
    for reading in ("weight", "pos_weight"):
        if (total := tally.totals.get((BCE, reading))) is not None:
            cells = total.rows * plan.classes
            mistake = MISTAKES[f"BCE on one-hot targets, {reading}"]
            yield Measured(mistake, total.loss, cells, is_of_cells=True)


def _ignored(tally: Tally, plan: Plan) -> Iterator[Measured]:
    given, rows = tally.totals[CE, "given"], tally.rows_given
    if tally.rows_used == rows:
        return
    yield Measured(MISTAKES["ignored rows in the denominator"], given.loss, rows)
    if (there := tally.totals.get((CE, "ignored"))) is not None:
        name = "-1 as the last class" if plan.ignored == -1 else "ignored rows counted"
        yield Measured(MISTAKES[name], given.loss + there.loss, given.weight + there.weight)
    if (without := tally.totals.get((CE, "without"))) is not None:
        yield _of("the ignored class out of the softmax", without)


def _soft(tally: Tally) -> Iterator[Measured]:
    """What KL divergence makes of distributions."""
    if not tally.entropy:
        return
    rows, plain = tally.rows_used, tally.totals.get((Variant("softmax", "nll"), "given"))
    loss = tally.totals[CE, "given"].loss
    yield Measured(MISTAKES["KL divergence"], loss - tally.entropy, rows)
    if plain is not None:
        name = "KLDivLoss on probabilities"
        yield Measured(MISTAKES[name], plain.loss - tally.entropy, rows)
    raw = tally.totals.get((Variant("logits", "nll"), "given"))
    if raw is not None:
        yield Measured(MISTAKES["KLDivLoss on logits"], raw.loss - tally.entropy, rows)
    if (swapped := tally.totals.get((CE, "swapped"))) is not None:
        yield _of("prediction and soft target swapped", swapped)
    yield Measured(MISTAKES["the floor of soft targets"], tally.entropy, rows)


def _axes(tally: Tally, plan: Plan) -> Iterator[Measured]:
    """Softmax over another axis: its log-sum-exp, less the logits of the targets."""
    nll = tally.totals.get((Variant("logits", "nll"), "given"))
    if nll is not None and plan.weight is None and tally.rows_given > 1:
        assert tally.columns is not None and tally.counts is not None
        lse, counts = tally.columns.lse, tally.counts
        there = counts > 0
        by_column = nll.loss + float(counts[there] @ lse[there])
        peak = float(lse.max())
        whole = peak + math.log(float(np.exp(lse - peak).sum()))
        for name, loss in (
            ("softmax over the batch", by_column),
            ("softmax over everything", nll.loss + float(counts.sum()) * whole),
        ):
            yield Measured(MISTAKES[name], loss, tally.rows_used)
    if tally.kept and tally.kept[0].is_index and plan.weight is None:
        rows = tally.kept[0]
        for more in tally.kept[1:]:
            rows = rows.joined(more)
        yield from _laid_out(rows, tally, plan)


def _laid_out(rows: RowsOfBlock, tally: Tally, plan: Plan) -> Iterator[Measured]:
    """All rows, laid out wrongly."""

    def wrong(name: str, logits: object) -> Measured:
        loss = CE.of(Scores(np.ascontiguousarray(logits, dtype=np.float64))).at(rows.index)
        return Measured(MISTAKES[name], float(loss[rows.used].sum()), tally.rows_used)

    with np.errstate(all="ignore"):
        if rows.place is None and rows.size == plan.classes:
            yield wrong("transposed logits", rows.logits)
        if rows.place is not None and rows.size > tally.samples:
            shape = tally.samples, rows.size // tally.samples, plan.classes
            viewed = rows.logits.reshape(shape).transpose(0, 2, 1).reshape(-1, plan.classes)
            yield wrong("view without permute", viewed.T)


def _baselines(tally: Tally, plan: Plan) -> Iterator[Measured]:
    """What models print that have learnt nothing, and perplexities of rows."""
    yield Measured(MISTAKES["a uniform guess"], math.log(plan.classes), 1, is_final=True)
    if tally.counts is not None and tally.rows_used > 1:
        share = tally.counts[tally.counts > 0] / tally.counts.sum()
        entropy = -float(share @ np.log(share))
        yield Measured(MISTAKES["the shares of the labels"], entropy, 1, is_final=True)
    each = MISTAKES["the mean of perplexities"]
    yield Measured(each, tally.exponentials, tally.rows_used, is_final=True)
