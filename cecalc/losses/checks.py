"""What is refused of logits, probabilities and targets, and what is worth a word about them.

Checks look at NumPy arrays as they were read, before anything is moved to a device: an index out of
range would poison a GPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from cecalc.model import Flags, Floats, Integers
from cecalc.notices import Notices
from cecalc.numbers import write_number
from cecalc.terms import NEAR, NanPolicy

ROUNDING = 1e-5
"""How far a row of probabilities may be from 1 without a word."""
TOLERANCE = 1e-2
"""How far it may be without being refused, as typed."""
BINARY = 1e-7
"""What a sum of typed numbers may be off besides, for being binary: stored as float32 at most."""
LOGARITHMS = 5.1e-5
"""The same for a sum of exponentials, where logarithms are typed with four decimals."""
INFINITE = "logit is inf"
"""The kind of rule that a logit breaks which overflowed."""
PREDICTED_SUM = "predicted sum"
"""The kind of rule that predictions break which are no distribution."""
CLASS_INDEX = "class index"
"""The kind of rule that a target breaks which is no class."""
CELL = "target cell"
"""The kind of rule that a target breaks which is no share of a class or cell."""
SAMPLE_WEIGHT = "sample weight"
"""The kind of rule that the weight of a row breaks."""
OUTSIDE = "probability outside"
"""The kind of rule that a prediction breaks which is no probability."""
ARE_LOGITS = "these look like logits: say so with --logits or --logits-cols"
_SURE = 20
"""A larger logit is 1, to nine digits."""
_ARE_PROBS = "these look like probabilities: say so with --probs or --probs-cols"


@dataclass(eq=False)
class BrokenRule(Exception):
    """Rows that break a rule; the caller knows their places."""

    rule: str
    """What is wrong with the first of them."""
    rows: Integers
    """All of them, as indices into the batch."""
    kind: str
    """What other rows' faults have to share to be counted with this one."""
    column: int | None = None
    """The class or cell of the first one, where it matters."""
    of_target: bool = False
    """Whether that column is one of the target's."""
    far: float = 0.0
    """How far outside 0..1 predictions are at most."""
    hint: str | None = None
    """What to try."""

    def __str__(self) -> str:
        return self.rule


def refuse(
    bad: Flags, used: Flags, rule: str, *, values: Floats | None = None, **known: Any
) -> None:
    """Raise `BrokenRule` where a bad cell is used.

    Parameters
    ----------
    bad, used : shape (N,) or (N, C)
    rule : what is wrong; `{}` in it becomes the first bad value of `values`
    known : more of the rule; its kind is the rule itself unless it is told
    """
    bad = bad & (used[:, None] if used.ndim < bad.ndim else used)
    if not bad.any():
        return
    places = np.argwhere(bad)
    first = tuple(places[0].tolist())
    text = rule if values is None else rule.format(write_number(values[first]))
    column = first[1] if bad.ndim > 1 else None
    raise BrokenRule(text, np.unique(places[:, 0]), column=column, **{"kind": rule} | known)


def ce_logits(logits: Floats, used: Flags, nan: NanPolicy) -> None:
    """Refuse logits that have no softmax: NaN, +inf, or −inf in every class.

    Parameters
    ----------
    logits : shape (N, C)
    used : shape (N,); ignored rows may hold anything

    Raises
    ------
    BrokenRule : one has none
    """
    bce_logits(logits, used, nan)
    refuse(logits == np.inf, used, INFINITE)
    refuse((logits == -np.inf).all(axis=-1), used, "all logits are -inf")


def bce_logits(logits: Floats, used: Flags, nan: NanPolicy) -> None:
    """Refuse NaN among the logits of cells; ±inf is a certain prediction.

    Parameters
    ----------
    logits : shape (N, M)
    used : shape (N,) or (N, M)

    Raises
    ------
    BrokenRule : a cell that counts is NaN
    """
    if nan is NanPolicy.ERROR:
        refuse(np.isnan(logits), used, "logit is nan", hint="--nan propagate lets it through")


def class_probs(probs: Floats, used: Flags, clip: float | None = None) -> Notices:
    """Refuse rows of probabilities that are none.

    Parameters
    ----------
    probs : shape (N, C)
    used : shape (N,)
    clip : how far from 0 and 1 they will be kept; else those outside are refused
    """
    drawn_in = probabilities(probs, np.broadcast_to(used[:, None], probs.shape), clip)
    rows = np.where(used[:, None], probs, 1.0 / probs.shape[-1])
    return Notices(predicted_off=sum_to_one(rows, "predicted"), drawn_in=drawn_in)


def class_log_probs(log_probs: Floats, used: Flags) -> Notices:
    """Refuse rows of log-probabilities that are none.

    Parameters
    ----------
    log_probs : shape (N, C), nats
    used : shape (N,)
    """
    refuse(np.isnan(log_probs), used, "log-probability is nan")
    above = (log_probs > 0) & used[:, None]
    first = log_probs[above.any(axis=-1)][:1]
    hint = _ARE_PROBS if ((first >= 0) & (first <= 1)).all() else ARE_LOGITS
    refuse(above, used, "log-probability above 0: {}", hint=hint, values=log_probs)
    rows = np.where(used[:, None], log_probs, -np.log(log_probs.shape[-1]))
    return Notices(predicted_off=sum_to_one(np.exp(rows), "predicted", rounding=LOGARITHMS))


def probabilities(probs: Floats, used: Flags, clip: float | None = None) -> int:
    """Refuse predictions outside [0, 1], but for those that `clip` draws in: how many are told.

    Parameters
    ----------
    probs, used : the same shape

    Raises
    ------
    BrokenRule : one is outside, or NaN
    """
    outside = used & ~((probs >= 0) & (probs <= 1))
    if not outside.any():
        return 0
    distance = np.maximum(-probs, probs - 1)
    bad = outside if clip is None else outside & ~(distance <= NEAR)
    if not bad.any():
        return int(np.count_nonzero(outside))
    rows, hint = probs[bad.any(axis=-1)], None
    if (rows[0] >= 0).all() and abs(rows[0].sum() - 100) <= 1:
        hint = "rows sum to 100: these look like percentages, divide by 100"
    elif rows.min() >= 0 and rows.size == len(rows) and _SURE < rows.max() <= 100:
        hint = "these look like percentages, divide by 100"
    far = float(distance[bad].max())  # NaN where one is
    known: dict[str, Any] = {"kind": OUTSIDE, "far": far, "hint": hint, "values": probs}
    refuse(bad, used, "probability {} outside 0..1", **known)
    return 0


def notes_ce(logits: Floats, shares: Floats, used: Flags, label_smoothing: float) -> Notices:
    """What a masked class does to rows whose target gives a share to every class.

    Parameters
    ----------
    logits : shape (N, C)
    shares : shape (N, C) or (C,), the target as it is mixed: smoothed, times the class weights
    used : shape (N,)
    """
    masked = (logits == -np.inf) & used[:, None]
    if label_smoothing > 0 and (masked & (shares > 0)).any():
        return Notices(smoothed=True)
    return Notices(masked=bool((masked & (shares == 0)).any()))


def notes_bce(probs: Floats, target: Floats, used: Flags) -> Notices:
    """Where the clamp of `torch.nn.BCELoss` decides.

    Parameters
    ----------
    probs, target, used : shape (N, M)
    """
    wrong = used & (((probs == 0) & (target > 0)) | ((probs == 1) & (target < 1)))
    return Notices(clamped=int(np.count_nonzero(wrong)))


def index_target(target: Floats, classes: int, ignore_index: float) -> tuple[Integers, Flags]:
    """Class numbers and which rows count.

    Parameters
    ----------
    target : shape (N,)
    classes : C
    ignore_index : the value that leaves a row out

    Returns
    -------
    index : shape (N,), 0…C−1, 0 where ignored
    used : shape (N,)

    Raises
    ------
    BrokenRule : a target is no integer in 0…C−1

    Examples
    --------
    >>> index_target(np.asarray([2.0, -100.0]), 3, -100)
    (array([2, 0]), array([ True, False]))
    """
    used = target != ignore_index
    refuse_target = partial(refuse, used=used, values=target, kind=CLASS_INDEX, of_target=True)
    refuse_target(np.isnan(target), rule="target is nan")
    refuse_target(np.floor(target) != target, rule="target {} is not a class index")
    is_outside = (target < 0) | (target >= classes)
    refuse_target(is_outside, rule=f"target {{}} outside 0..{classes - 1}")
    return np.where(used, target, 0).astype(np.int64), used


def distribution(target: Floats) -> Notices:
    """Refuse rows that are no distribution over the classes; notice where one is merely close.

    Parameters
    ----------
    target : shape (N, C)

    Raises
    ------
    BrokenRule : a share is outside [0, 1], or a row does not sum to 1 within 1 %
    """
    cell_target(target, np.ones(target.shape, dtype=bool))
    return Notices(target_off=sum_to_one(target, "target", of_target=True))


def cell_target(target: Floats, used: Flags) -> None:
    """Refuse targets of cells outside [0, 1].

    Parameters
    ----------
    target, used : shape (N, M)
    """
    outside = ~((target >= 0) & (target <= 1))
    refuse(outside, used, "target {} outside 0..1", kind=CELL, values=target, of_target=True)


def sample_weight(weight: Floats | None) -> None:
    """Refuse weights of rows that are negative or not finite.

    Parameters
    ----------
    weight : shape (N,), or None
    """
    if weight is None:
        return
    bad = ~(np.isfinite(weight) & (weight >= 0))
    rule = "sample weight {} is not finite and at least 0"
    refuse(bad, np.ones_like(bad), rule, kind=SAMPLE_WEIGHT, values=weight)


def are_one(sums: Floats, rounding: float = BINARY) -> Flags:
    """Which sums are 1 within 1 %, as typed.

    >>> are_one(np.asarray([0.33 + 0.33 + 0.33, 0.9899]))
    array([ True, False])
    """
    near: Flags = np.abs(sums - 1.0) <= TOLERANCE + rounding
    return near


def sum_to_one(
    shares: Floats, what: str, *, of_target: bool = False, rounding: float = BINARY
) -> float:
    """Refuse rows of shares that do not sum to 1 within 1 %.

    Parameters
    ----------
    shares : shape (N, C), within [0, 1]
    what : whose shares they are, for the message
    rounding : how far a sum may be from what was typed

    Returns
    -------
    how far the worst row is from 1, where that is more than rounding; else 0

    Raises
    ------
    BrokenRule : a row does not
    """
    sums = shares.sum(axis=-1)
    bad = np.flatnonzero(~are_one(sums, rounding))
    if bad.size:
        row = shares[bad[0]]
        rule = f"{what} probabilities sum to {row.sum():.6g}, not 1"
        hint = None
        if of_target and np.isin(row, (0, 1)).all():
            hint = "several classes at once (multi-hot) belong to bce"
        raise BrokenRule(rule, bad, kind=f"{what} sum", of_target=of_target, hint=hint)
    worst = float(np.abs(sums - 1.0).max(initial=0.0))
    return worst if worst > ROUNDING else 0.0
