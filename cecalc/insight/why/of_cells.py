"""What mistakes make of cells that have labels of their own."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from cecalc.insight.why.forms import BCE
from cecalc.insight.why.known import POS_WEIGHTS, Known
from cecalc.insight.why.measured import Measured
from cecalc.insight.why.misread import Misread
from cecalc.insight.why.mistakes import MISTAKES, POSITIVE, Mistake, free
from cecalc.insight.why.plan import Plan
from cecalc.insight.why.tally import Tally
from cecalc.insight.why.trained import batched, overflown, rounded


def losses(
    tally: Tally, plan: Plan, misread: Sequence[Misread], known: Known
) -> Iterator[Measured]:
    """The right loss first, then what each mistake makes of it."""
    cells = tally.rows_given * plan.classes

    def measured(mistake: Mistake | None, loss: float, count: float = cells) -> Measured:
        return Measured(mistake, loss, count, is_of_cells=True)

    plain = tally.totals[BCE, "given"].loss
    right = plain if plan.weight is None else tally.totals[BCE, "weight"].loss
    yield measured(None, right)
    yield from _weighted(tally, plan, cells)
    if known.is_weight_free:
        yield from _some_pos_weight(tally, cells)
    yield from _smoothed(tally, known, cells)
    yield from batched(tally.batches, cells, is_of_cells=True)
    read = _read(tally)
    for one in misread:
        if one.form == BCE and one.reading != "given":
            yield measured(one.mistake, read[one.reading])
        elif one.form.is_of_cells:
            yield measured(one.mistake, tally.totals[one.form, "given"].loss)
        elif plan.classes > 1:
            total = tally.totals[one.form, "given"]
            yield Measured(one.mistake, total.loss, tally.rows_given)
    if plan.classes == 1:
        yield from _of_one(tally)
    yield from _baselines(tally, cells)
    yield from rounded(right / cells)
    yield from overflown(tally)


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


def _smoothed(tally: Tally, known: Known, cells: int) -> Iterator[Measured]:
    const, every, given = (tally.totals[BCE, name].loss for name in ("const", "every", "given"))
    name = "label smoothing towards 1/2"
    for eps in (known.label_smoothing, *known.smoothings):
        if eps:
            loss = const + (1 - eps) * (given - const) + eps / 2 * every
            mistake = MISTAKES[name]
            if eps != known.label_smoothing:
                mistake = free(name, 16, f"epsilon = {eps:g}", mistake.fix)
            yield Measured(mistake, loss, cells, is_of_cells=True)


def _some_pos_weight(tally: Tally, cells: int) -> Iterator[Measured]:
    """Usual weights of the cells whose target is 1, and the one that balances them."""
    ones, zeros = (tally.totals[BCE, name].loss for name in ("ones", "zeros"))
    balance = (cells - tally.ones) / tally.ones if tally.ones else 1.0
    for weight in (balance, *POS_WEIGHTS):
        mistake = free("weights", 17, f"pos_weight={weight:.4g}", POSITIVE)
        yield Measured(mistake, zeros + weight * ones, cells, is_of_cells=True)


def _weighted(tally: Tally, plan: Plan, cells: int) -> Iterator[Measured]:
    if plan.weight is None:
        return
    weight, positive, negative = (
        tally.totals[BCE, name] for name in ("weight", "pos_weight", "neg_weight")
    )
    for name, loss, count in (
        ("pos_weight", positive.loss, cells),
        ("BCE without the weights", tally.totals[BCE, "given"].loss, cells),
        ("divided by the weights", weight.loss, weight.weight),
        ("pos_weight, divided by the weights", positive.loss, positive.weight),
        ("the weight on the zeros", negative.loss, cells),
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


def _baselines(tally: Tally, cells: int) -> Iterator[Measured]:
    """What models print that have learnt nothing."""
    yield Measured(MISTAKES["a uniform guess"], math.log(2), 1, is_final=True)
    if cells > 1 and 0 < tally.ones < cells:
        share = tally.ones / cells
        entropy = -share * math.log(share) - (1 - share) * math.log1p(-share)
        yield Measured(MISTAKES["the shares of the labels"], entropy, 1, is_final=True)
