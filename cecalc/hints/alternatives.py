"""Other readings of the same rows: where targets fit one of them far better, that is a hint."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from cecalc.errors import count, excerpt
from cecalc.hints.evidence import FEW, Fit, Head, fit_of, log_probabilities, name_order, normalised
from cecalc.items import Header
from cecalc.losses import activations
from cecalc.model import Floats, Integers
from cecalc.selection import quoted
from cecalc.terms import Hint, Kind, Task

COLUMNS_COMPARED = 2**12
"""With more columns of cells than this, their order is not looked at."""
_NEWTON_STEPS = 12
_CLOSE = 0.05
_CLOSEST = 2.0**-24
_AT_MOST = 3
"""How many classes are named."""
_BETTER = "the targets fit the {} far better".format
_REORDER = "bring them into the order of the classes: {}-cols, --classes".format


@dataclass(frozen=True)
class Alternative:
    """Another way to read the rows."""

    loss: float
    """Its loss, nats in all."""
    hint: Hint
    """That it may be meant; of why, what stands behind the two losses."""
    choice: float = 0.0
    """What choosing it among others costs, nats."""
    least: float = math.inf
    """What it has to be better than besides, nats in all."""
    is_evident: bool = False
    """Whether the values show it by themselves: then it need only beat what was asked for."""


def misread(head: Head) -> Hint | None:
    """The reading that the targets fit far better than the one that was asked for, if any."""
    fit = fit_of(head)
    if fit is None:
        return None
    ways = (_rows, _orders, _transposed, _negated, _kinds)[: 1 if fit.is_narrow else None]
    readings = [reading for way in ways for reading in way(fit, head)]
    best = min(readings, key=lambda reading: reading.loss + reading.choice)
    bound = best.loss + best.choice + fit.needed + math.log(len(readings))
    if fit.loss() <= bound:
        return None
    if not best.is_evident and (best.least <= bound or fit.least() <= bound):
        return None
    losses = f"about {best.loss / fit.count:.3g} instead of {fit.loss() / fit.count:.3g} nats"
    return replace(best.hint, seen=best.hint.seen + head.where, why=f"{losses}{best.hint.why}")


def _rows(fit: Fit, head: Head) -> Iterator[Alternative]:
    """The targets of rows before or after."""
    noun, why = _noun(head), "; a shift of tokens, or two files out of step"
    for by in (1, -1, 2, -2):
        seen = _BETTER(f"{noun} {count(abs(by), 'row')} {'before' if by > 0 else 'after'}")
        ours, theirs = (f"[:-{by}]", f"[{by}:]") if by > 0 else (f"[{-by}:]", f"[:{by}]")
        hint = Hint(seen, why, f"pair {noun}{ours} with target{theirs}", 14)
        yield Alternative(fit.loss(fit.shifted(by, head.sequence)), hint)


def _noun(head: Head) -> str:
    return head.header.schema.kind.replace("_", "-")


def _orders(fit: Fit, head: Head) -> Iterator[Alternative]:
    """The columns in another order; 0 and 1 exchanged."""
    columns = fit.log_p.shape[1]
    if fit.target.ndim == 2:
        why, fix = " with 0 and 1 exchanged", "exchange them, or negate the logits"
        hint = Hint(_BETTER("other way round"), why, fix, 19)
        yield Alternative(fit.loss(target=1 - fit.target), hint)
        if columns > COLUMNS_COMPARED or fit.target.shape[0] * columns**2 > 2**28:
            return
    own, cost = fit.costs()
    if own.size < 2:
        return
    labels = head.header.labels
    reorder = _REORDER(head.header.schema.kind.option)
    orders: list[tuple[str, Integers, str, int]] = [
        ("class one lower", own - 1, "labels that start at 1: subtract 1", 6),
        ("class one higher", own + 1, "labels without 0: add 1", 6),
        ("columns in reverse", columns - 1 - own, reorder, 19),
        ("columns in the order of text", name_order(labels)[own], reorder, 19),
    ]
    for order, meant, fix, entry in orders:
        if (meant != own).any() and meant.min() >= 0 and meant.max() < columns:
            way = _reversed(head.header) if order == "columns in reverse" else ()
            hint = Hint(_BETTER(order), "", fix, entry, way)
            yield Alternative(_total(cost, meant), hint)
    meant = _matched(cost)
    if set(meant[meant != own].tolist()) != set(own[meant != own].tolist()):
        return  # a class taken for one that has no rows here is misjudged, not misplaced
    choices = math.lgamma(columns + 1) - math.lgamma(columns - own.size + 1)
    moved = [
        f"{excerpt(labels[a])} fits column {excerpt(labels[b])}"
        for a, b in sorted(zip(own.tolist(), meant.tolist(), strict=True))
        if a != b
    ]
    why = f" where {', '.join(moved[:_AT_MOST])}{', ...' if len(moved) > _AT_MOST else ''}"
    hint = Hint(_BETTER("columns in another order"), why, reorder, 19)
    yield Alternative(_total(cost, meant), hint, choices)


def _reversed(header: Header) -> tuple[str, ...]:
    """What names the columns of a table in reverse, for targets of ce that are indices."""
    schema = header.schema
    names = [name for _, name in schema.columns]
    if header.task is not Task.CE or len(names) < 2 or all(map(str.isdigit, header.labels)):
        return ()
    named = ",".join(quoted(name) for name in reversed(names))
    return f"{schema.kind.option}-cols={named}", "--target-as=index"


def _matched(cost: Floats) -> Integers:
    """A column of its own for each row of `cost`, the cheapest of those that are left."""
    left, meant = np.array(cost), np.empty(len(cost), np.int64)
    for row in range(len(cost)):
        meant[row] = left[row].argmin()
        left[:, meant[row]] = np.inf
    return meant


def _total(cost: Floats, meant: Integers) -> float:
    return float(np.take_along_axis(cost, meant[:, None], axis=1).sum())


def _transposed(fit: Fit, head: Head) -> Iterator[Alternative]:
    """Rows and columns exchanged, where there are as many."""
    rows, columns = head.values.shape
    if head.is_all and rows == columns:
        raw = log_probabilities(head, head.numbers.T, head.header.schema.kind)
        why = "; as many rows as columns do not tell which axis is which"
        hint = Hint(_BETTER(f"transposed {_noun(head)}"), why, "--transpose", 11)
        yield Alternative(fit.loss(fit.tempered(raw)), hint)


def _negated(fit: Fit, head: Head) -> Iterator[Alternative]:
    """Costs or distances, of which the least is meant; for bce this is 0 and 1 exchanged."""
    if head.header.task is Task.CE and head.header.schema.kind is Kind.LOGITS:
        raw = log_probabilities(head, -head.numbers, Kind.LOGITS)
        why = "; costs or distances are no scores"
        hint = Hint(_BETTER("negated logits"), why, "negate them")
        yield Alternative(fit.loss(fit.tempered(raw)), hint)


def _kinds(fit: Fit, head: Head) -> Iterator[Alternative]:
    """Logits that are probabilities, or logarithms of them."""
    values, is_bce = head.values[head.rows_used], head.header.task is Task.BCE
    if head.header.schema.kind is not Kind.LOGITS:
        return
    probs = "the logits are within 0..1 and fit far better as probabilities"
    if ((values >= 0) & (values <= 1)).all():
        is_evident = _is_close(values, 0, 1)
        if is_bce:
            why = "; a second sigmoid leaves at least 0.3133 in each cell"
            hint = Hint(probs, why, "say so with --probs or --probs-cols", 12)
            raw = log_probabilities(head, head.numbers, Kind.PROBS)
        else:
            fix = "give what stood before the sigmoid (or softmax)"
            hint = Hint(probs, "; a softmax of them never gets near 0", fix, 1)
            raw = _odds(head.numbers)
    elif is_bce and (values <= 0).all():
        is_evident = _is_close(values, -math.inf, 0)
        seen = "the logits are at most 0 and fit far better as log-probabilities"
        hint = Hint(seen, "", "give what stood before the log-softmax or log-sigmoid", 12)
        raw = log_probabilities(head, head.numbers, Kind.LOG_PROBS)
    else:
        return
    least = _scaled(head, fit) if is_bce else math.inf
    yield Alternative(fit.loss(fit.tempered(raw)), hint, least=least, is_evident=is_evident)


@np.errstate(invalid="ignore")  # −inf is not close to −inf
def _is_close(values: Floats, low: float, high: float) -> bool:
    """Whether values that never pass an end come close to it.

    A logit that close to 0 (or 1) is about as likely to lie on the other side: so many of them on
    one side have a chance of 2⁻²⁰.
    """
    close = (np.abs(values - low) <= _CLOSE) | (np.abs(values - high) <= _CLOSE)
    return int(np.count_nonzero(close)) >= FEW


@np.errstate(all="ignore")  # what is not used may hold anything
def _odds(sigmoids: Floats) -> Floats:
    """What sigmoids say of classes of which one is true, ln P: the softmax of what they came from.

    Shares of 0 or 1 are as certain as the last digit of float32.
    """
    inside = np.clip(sigmoids, _CLOSEST, 1 - _CLOSEST)
    return normalised(np.log(inside / (1 - inside)))


def _scaled(head: Head, fit: Fit) -> float:
    """The loss of the best a·z + b, nats in all: what logits that are weak or off explain.

    Without it, a model that is regularised until its logits all lie between 0 and 1 would seem to
    give probabilities. A logit of −inf costs nothing here, whatever a and b.
    """
    used = fit.used & np.isfinite(head.numbers)
    z, t = head.numbers[used], fit.target[used].astype(np.float64)
    design = np.stack([z, np.ones_like(z)])
    weights = np.zeros(2)
    for _ in range(_NEWTON_STEPS):
        p = activations.sigmoid(weights @ design)
        curvature = (design * (p * (1 - p))) @ design.T + 1e-9 * np.eye(2)
        weights = weights + np.linalg.solve(curvature, design @ (t - p))
    z = weights @ design
    return float((np.logaddexp(0, z) - t * z).sum())
