"""What is refused of logits and probabilities, and what is worth a word about them."""

from __future__ import annotations

from functools import partial

import numpy as np

from cecalc.losses.rules import (
    INFINITE,
    LOGARITHMS,
    are_one,
    refuse,
    sum_to_one,
)
from cecalc.model import Flags, Floats, Integers
from cecalc.notices import Notices
from cecalc.numbers import write_number
from cecalc.terms import NanPolicy

_ARE_LOGITS = "these look like logits: say so with --logits or --logits-cols"
_ARE_PROBS = "these look like probabilities: say so with --probs or --probs-cols"


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


def class_probs(probs: Floats, used: Flags) -> Notices:
    """Refuse rows of probabilities that are none.

    Parameters
    ----------
    probs : shape (N, C)
    used : shape (N,)
    """
    probabilities(probs, np.broadcast_to(used[:, None], probs.shape))
    rows = np.where(used[:, None], probs, 1.0 / probs.shape[-1])
    return Notices(predicted_off=sum_to_one(rows, "predicted"))


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
    hint = _ARE_PROBS if ((first >= 0) & (first <= 1)).all() else _ARE_LOGITS
    refuse(above, used, "log-probability above 0: {}", hint=hint, values=log_probs)
    rows = np.where(used[:, None], log_probs, -np.log(log_probs.shape[-1]))
    return Notices(predicted_off=sum_to_one(np.exp(rows), "predicted", rounding=LOGARITHMS))


def probabilities(probs: Floats, used: Flags) -> None:
    """Refuse predictions outside [0, 1].

    Parameters
    ----------
    probs, used : the same shape

    Raises
    ------
    BrokenRule : one is outside, or NaN
    """
    outside = ~((probs >= 0) & (probs <= 1))
    bad = (outside & used).any(axis=-1)
    if not bad.any():
        return
    first = probs[bad][0]
    hint = _ARE_LOGITS if ((first < -0.01) | (first > 1.01)).any() else None
    if (first >= 0).all() and abs(first.sum() - 100) <= 1:
        hint = "rows sum to 100: these look like percentages, divide by 100"
    refuse(outside, used, "probability {} outside 0..1", hint=hint, values=probs)


def infinite_hint(stored: str | None, dtype: str) -> str | None:
    """What a logit of inf comes from, given the dtypes it is stored and computed in."""
    if stored in ("float16", "bfloat16"):
        return f"stored as {stored}, where it overflowed: store logits in float32"
    if dtype == "float16":
        return "float16 ends at 65504: --dtype float32 or float64"
    return None


def sum_hint(columns: Floats, rows: int) -> str | None:
    """What rows of probabilities that do not sum to 1 look like, given the sums of the columns."""
    if rows < 2 or columns.size < 2 or not np.isfinite(columns).all():
        return None
    if are_one(columns).all():
        return (
            "each column sums to 1: a softmax over the rows, or rows that are columns: --transpose"
        )
    if are_one(columns.sum()):
        return "all of them together sum to 1: a softmax over the whole array"
    return None


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


CLASS_INDEX = "class index"
"""The kind of rule that a target breaks which is no class."""
CELL = "target cell"
"""The kind of rule that a target breaks which is no share of a class or cell."""
SAMPLE_WEIGHT = "sample weight"
"""The kind of rule that the weight of a row breaks."""


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


def range_hint(low: float, high: float, classes: int) -> str | None:
    """What targets out of range look like, given the lowest and highest of all of them."""
    if low < 0:
        return f"negative targets: leave rows out with --ignore-index {write_number(low)}"
    labels = f"{classes + 1} labels, and {classes} classes"
    ends: dict[tuple[float, float], str] = {
        (0, classes): f"targets run from 0 to {classes}: {labels}",
        (0, 255): "targets are 0 and 255: looks like a mask of grey levels",
        (1, classes): f"targets run from 1 to {classes}: looks 1-based, subtract 1",
    }
    return ends.get((low, high))


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


def cell_hint(low: float, high: float, *, signs: bool, from_one: bool) -> str | None:
    """What targets of cells out of range look like.

    Parameters
    ----------
    low, high : the lowest and highest of all of them
    signs, from_one : whether all are -1 or 1; 1 or 2
    """
    if signs:
        return "targets are -1 and 1: map them with (t + 1) / 2"
    if from_one:
        return "targets are 1 and 2: subtract 1"
    if low >= 0 and high == 255:
        return "targets up to 255: looks like grey levels, divide by 255"
    if low >= 0 and 2 < high < 255:
        what = "class numbers belong to ce, grey levels are divided by 255"
        return f"targets up to {write_number(high)}: {what}"
    return None


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
