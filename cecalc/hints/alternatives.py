"""Other readings of the same rows: where targets fit one of them far better, that is a hint."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from cecalc.errors import excerpt
from cecalc.hints.evidence import Head
from cecalc.hints.likelihood import Fit, OfCells, OfClasses, fit_of, log_probabilities, normalised
from cecalc.hints.values import end_at, stop_at
from cecalc.losses import activations
from cecalc.model import Floats, Integers
from cecalc.terms import Hint, Kind, Task

COLUMNS_COMPARED = 2**12
"""With more columns of cells than this, their order is not looked at."""
_NEWTON_STEPS = 12
_CLOSEST = 2.0**-24
_AT_MOST = 3
"""How many classes are named."""


@dataclass(frozen=True)
class Alternative:
    """Another way to read the rows."""

    hint: Callable[[str], Hint]
    """The hint, from what its loss is in words."""
    loss: float
    """Its loss, nats in all."""
    choice: float = 0.0
    """What choosing it among others costs, nats."""
    least: float = math.inf
    """What it has to be better than besides, nats in all."""
    is_plain: bool = False
    """Whether the values show it by themselves: then it need only beat what was asked for."""

    @property
    def bet(self) -> float:
        """What counts against the predictions."""
        return self.loss + self.choice


def misread(head: Head) -> Hint | None:
    """The reading that the targets fit far better than the one that was asked for, if any."""
    fit = fit_of(head)
    if fit is None:
        return None
    ways = (_rows, _orders, _transposed, _negated, _kinds)[: 1 if fit.is_narrow else None]
    readings = [reading for way in ways for reading in way(fit, head)]
    best = min(readings, key=lambda reading: reading.bet)
    bound = best.bet + fit.needed + math.log(len(readings))
    if fit.loss() <= bound:
        return None
    if not best.is_plain and (best.least <= bound or fit.least() <= bound):
        return None
    means = (total / fit.count for total in (best.loss, fit.loss()))
    return best.hint("about {:.3g} instead of {:.3g} nats".format(*means))


def _orders(fit: Fit, head: Head) -> Iterator[Alternative]:
    """The columns in another order; 0 and 1 exchanged."""
    columns, here = fit.log_p.shape[1], head.where
    if isinstance(fit, OfCells):
        yield Alternative(partial(_flipped, here), fit.loss(target=1 - fit.target))
        if columns > COLUMNS_COMPARED or fit.target.shape[0] * columns**2 > 2**28:
            return
    own, cost = fit.costs()
    if own.size < 2:
        return
    labels = head.header.labels
    places = {label: place for place, label in enumerate(sorted(labels))}
    named: dict[str, Integers] = {
        "one lower": own - 1,
        "one higher": own + 1,
        "in reverse": columns - 1 - own,
        "in the order of text": np.asarray([places[labels[c]] for c in own]),
    }
    for order, meant in named.items():
        if (meant == own).all() or meant.min() < 0 or meant.max() >= columns:
            continue
        yield Alternative(partial(_ordered, order, here), _total(cost, meant))
    meant = _matched(cost)
    if set(meant[meant != own].tolist()) != set(own[meant != own].tolist()):
        return  # a class taken for one that has no rows here is misjudged, not misplaced
    choices = math.lgamma(columns + 1) - math.lgamma(columns - own.size + 1)
    moved = [
        f"{excerpt(labels[a])} fits column {excerpt(labels[b])}"
        for a, b in sorted(zip(own.tolist(), meant.tolist(), strict=True))
        if a != b
    ]
    listed = ", ".join(moved[:_AT_MOST]) + (", ..." if len(moved) > _AT_MOST else "")
    yield Alternative(partial(_mixed, listed, here), _total(cost, meant), choices)


def _matched(cost: Floats) -> Integers:
    """A column of its own for each row of `cost`, the cheapest of those that are left."""
    left, meant = np.array(cost), np.empty(len(cost), np.int64)
    for row in range(len(cost)):
        meant[row] = left[row].argmin()
        left[:, meant[row]] = np.inf
    return meant


def _total(cost: Floats, meant: Integers) -> float:
    return float(np.take_along_axis(cost, meant[:, None], axis=1).sum())


def _rows(fit: Fit, head: Head) -> Iterator[Alternative]:
    """The targets of rows before or after."""
    for by in (1, -1, 2, -2):
        yield Alternative(partial(_off_by, by, head), fit.loss(fit.shifted(by, head.sequence)))


def _transposed(fit: Fit, head: Head) -> Iterator[Alternative]:
    """Rows and columns exchanged, where there are as many."""
    rows, columns = head.values.shape
    if not head.is_all or rows != columns:
        return
    raw = log_probabilities(head, head.numbers.T, head.header.schema.kind)
    yield Alternative(partial(_other_axis, head), fit.loss(fit.tempered(raw)))


def _negated(fit: Fit, head: Head) -> Iterator[Alternative]:
    """Costs or distances, of which the least is meant; for bce this is 0 and 1 exchanged."""
    if isinstance(fit, OfClasses) and head.header.schema.kind is Kind.LOGITS:
        raw = log_probabilities(head, -head.numbers, Kind.LOGITS)
        yield Alternative(partial(_costs, head.where), fit.loss(fit.tempered(raw)))


def _kinds(fit: Fit, head: Head) -> Iterator[Alternative]:
    """Logits that are probabilities, or logarithms of them."""
    values = head.values[head.rows_used]
    if head.header.schema.kind is not Kind.LOGITS:
        return
    is_bce = head.header.task is Task.BCE
    if end_at(values, 0, 1):
        kind, is_plain = Kind.PROBS, stop_at(values, 0, 1)
    elif is_bce and end_at(values, -math.inf, 0):
        kind, is_plain = Kind.LOG_PROBS, stop_at(values, -math.inf, 0)
    else:
        return
    if is_bce:
        raw = log_probabilities(head, head.numbers, kind)
        hint, least = partial(_twice_sigmoid, kind, head), _scaled(head, fit)
    else:
        raw, hint, least = _odds(head.numbers), partial(_sigmoid_first, head), math.inf
    yield Alternative(hint, fit.loss(fit.tempered(raw)), least=least, is_plain=is_plain)


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
    give probabilities.
    """
    z, t = head.numbers[fit.used], fit.target[fit.used].astype(np.float64)
    design = np.stack([z, np.ones_like(z)])
    weights = np.zeros(2)
    for _ in range(_NEWTON_STEPS):
        p = activations.sigmoid(weights @ design)
        curvature = (design * (p * (1 - p))) @ design.T + 1e-9 * np.eye(2)
        weights = weights + np.linalg.solve(curvature, design @ (t - p))
    z = weights @ design
    return float((np.logaddexp(0, z) - t * z).sum())


def _other_axis(head: Head, words: str) -> Hint:
    seen = f"the targets fit the transposed {_noun(head)} far better"
    why = f"{words}; as many rows as columns do not tell which axis is which"
    return Hint(seen, why, "--transpose", 11)


def _noun(head: Head) -> str:
    return head.header.schema.kind.replace("_", "-")


def _costs(here: str, words: str) -> Hint:
    seen = f"the targets fit the negated logits far better{here}"
    return Hint(seen, f"{words}; costs or distances are no scores", "negate them")


def _flipped(here: str, words: str) -> Hint:
    seen = f"the targets fit the other way round far better{here}"
    return Hint(seen, f"{words} with 0 and 1 exchanged", "exchange them, or negate the logits", 19)


def _ordered(order: str, here: str, words: str) -> Hint:
    if order.startswith("one "):
        is_lower = order == "one lower"
        seen = f"the targets fit the class {order} far better{here}"
        fix = "labels that start at 1: subtract 1" if is_lower else "labels without 0: add 1"
        return Hint(seen, words, fix, 6)
    seen = f"the targets fit the columns {order} far better{here}"
    fix = "bring them into the order of the classes: --logits-cols, --classes"
    return Hint(seen, words, fix, 19)


def _mixed(listed: str, here: str, words: str) -> Hint:
    seen = f"the targets fit the columns in another order far better{here}"
    fix = "bring them into the order of the classes: --logits-cols, --classes"
    return Hint(seen, f"{words} where {listed}", fix, 19)


def _off_by(by: int, head: Head, words: str) -> Hint:
    rows = f"{abs(by)} {'row' if abs(by) == 1 else 'rows'} {'before' if by > 0 else 'after'}"
    seen = f"the targets fit the {_noun(head)} {rows} far better{head.where}"
    pair = (f"[:-{by}]", f"[{by}:]") if by > 0 else (f"[{-by}:]", f"[:{by}]")
    why = f"{words}; a shift of tokens, or two files out of step"
    return Hint(seen, why, "pair {}{} with target{}".format(_noun(head), *pair), 14)


def _sigmoid_first(head: Head, words: str) -> Hint:
    seen = f"the logits are within 0..1 and fit far better as probabilities{head.where}"
    why = f"{words}; a softmax of them never gets near 0"
    return Hint(seen, why, "give what stood before the sigmoid (or softmax)", 1)


def _twice_sigmoid(kind: Kind, head: Head, words: str) -> Hint:
    if kind is Kind.PROBS:
        seen = f"the logits are within 0..1 and fit far better as probabilities{head.where}"
        why = f"{words}; a second sigmoid leaves at least 0.3133 in each cell"
        return Hint(seen, why, "say so with --probs or --probs-cols", 12)
    seen = f"the logits are at most 0 and fit far better as log-probabilities{head.where}"
    return Hint(seen, f"{words}", "give what stood before the log-softmax or log-sigmoid", 12)
