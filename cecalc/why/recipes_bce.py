"""What mistakes make of cells that have labels of their own."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from cecalc.why.loss_variants import BCE
from cecalc.why.plan import POS_WEIGHTS, Plan
from cecalc.why.recipe import MISTAKES, POSITIVE, Measured, Misread, Mistake, free
from cecalc.why.recipes_any import batched, rounded, undefined
from cecalc.why.tally import Tally


def losses(
    tally: Tally, plan: Plan, misread: Sequence[Misread], right: Measured
) -> Iterator[Measured]:
    """The right loss first, then what each mistake makes of it."""
    cells = tally.cells_used

    def measured(mistake: Mistake, loss: float, count: float = cells) -> Measured:
        return Measured(mistake, loss, count, is_of_cells=True)

    yield right
    if not cells:
        yield from undefined(tally)
        return
    yield from _weighted(tally, plan)
    yield from _smoothed(tally, plan)
    yield from batched(tally.batches, cells, is_of_cells=True)
    read = _read(tally)
    for one in misread:
        total = tally.totals.get((one.form, "given"))
        if one.form == BCE and one.reading != "given":
            yield measured(one.mistake, read[one.reading])
        elif total is not None and one.form.is_of_cells:
            yield measured(one.mistake, total.loss)
        elif total is not None and plan.classes > 1:
            yield Measured(one.mistake, total.loss, tally.rows_given)
    if tally.cells_used < tally.cells_given:
        name = "ignored cells in the denominator"
        yield measured(MISTAKES[name], right.total, tally.cells_given)
    elif plan.classes == 1:
        yield from _of_one(tally)
    yield from _baselines(tally)
    yield from rounded(right.mean)
    yield from undefined(tally)


def _read(tally: Tally) -> dict[str, float]:
    """The sums for targets that were meant otherwise: the loss is linear in them."""
    const, every, given = (tally.totals[BCE, name].loss for name in ("const", "every", "given"))
    slope = given - const
    return {
        "times_255": const + 255 * slope,
        "plus_one": const + slope + every,
        "signs": const + 2 * slope - every,
        "exchanged": const + every - slope,
    }


def _smoothed(tally: Tally, plan: Plan) -> Iterator[Measured]:
    const, every, given = (tally.totals[BCE, name].loss for name in ("const", "every", "given"))
    name, known = "label smoothing towards 1/2", plan.known
    for eps in (known.label_smoothing, *known.smoothings):
        if eps:
            loss = const + (1 - eps) * (given - const) + eps / 2 * every
            mistake = MISTAKES[name]
            if eps != known.label_smoothing:
                mistake = free(name, 16, f"epsilon = {eps:g}", mistake.fix)
            yield Measured(mistake, loss, tally.cells_used, is_of_cells=True)


def _weighted(tally: Tally, plan: Plan) -> Iterator[Measured]:
    """Weights of the columns, or of the cells whose target is 1; usual ones where not known."""
    sums, cells = tally.totals, tally.cells_used
    if plan.known.is_weight_free:
        ones, zeros = sums[BCE, "ones"].loss, sums[BCE, "zeros"].loss
        balance = (cells - tally.ones) / tally.ones if tally.ones else 1.0
        for usual in (balance, *POS_WEIGHTS):
            mistake = free("weights", 17, f"pos_weight={usual:.4g}", POSITIVE)
            yield Measured(mistake, zeros + usual * ones, cells, is_of_cells=True)
    if plan.weight is None:
        return
    weight, positive = sums[BCE, "weight"], sums[BCE, "pos_weight"]
    for name, loss, count in (
        ("pos_weight", positive.loss, cells),
        ("BCE without the weights", sums[BCE, "given"].loss, cells),
        ("divided by the weights", weight.loss, weight.weight),
        ("pos_weight, divided by the weights", positive.loss, positive.weight),
        ("the weight on the zeros", sums[BCE, "neg_weight"].loss, cells),
    ):
        yield Measured(MISTAKES[name], loss, count, is_of_cells=True)


def _of_one(tally: Tally) -> Iterator[Measured]:
    """What becomes of one score per row beside what has two axes."""
    rows = tally.rows_given
    const, every = (tally.totals[BCE, name].loss for name in ("const", "every"))
    if rows > 1:
        crossed = const * rows + tally.ones * every
        yield Measured(MISTAKES["(N, 1) beside (N,)"], crossed, rows**2, is_of_cells=True)
    yield Measured(MISTAKES["softmax of one column"], 0.0, 1, is_final=True)


def _baselines(tally: Tally) -> Iterator[Measured]:
    """What models print that have learnt nothing."""
    cells = tally.cells_used
    yield Measured(MISTAKES["a uniform guess"], math.log(2), 1, is_final=True)
    if cells > 1 and 0 < tally.ones < cells:
        share = tally.ones / cells
        entropy = -share * math.log(share) - (1 - share) * math.log1p(-share)
        yield Measured(MISTAKES["the shares of the labels"], entropy, 1, is_final=True)
