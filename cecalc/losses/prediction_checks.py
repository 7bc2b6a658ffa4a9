"""What is refused of logits and probabilities, and what is worth a word about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cecalc.losses.notices import Notices
from cecalc.losses.rules import (
    INFINITE,
    LOGARITHMS,
    BrokenRule,
    Leniency,
    are_one,
    refuse,
    sum_to_one,
)

if TYPE_CHECKING:
    from cecalc.records import Flags, Floats


def ce_logits(logits: Floats, used: Flags, lenient: Leniency) -> None:
    """Refuse logits that have no softmax: NaN, +inf, or −inf in every class.

    Parameters
    ----------
    logits : shape (N, C)
    used : shape (N,); ignored rows may hold anything

    Raises
    ------
    BrokenRule : one has none
    """
    if lenient.unchecked:
        return
    if not lenient.nan:
        refuse(np.isnan(logits), used, "logit is nan", hint="--nan propagate lets it through")
    refuse(logits == np.inf, used, INFINITE)
    masked = used & (logits == -np.inf).all(axis=-1)
    if masked.any():
        raise BrokenRule("all logits are -inf", np.flatnonzero(masked))


def bce_logits(logits: Floats, used: Flags, lenient: Leniency) -> None:
    """Refuse NaN among the logits of cells; ±inf is a certain prediction.

    Parameters
    ----------
    logits, used : shape (N, M)

    Raises
    ------
    BrokenRule : a cell that counts is NaN
    """
    if not (lenient.unchecked or lenient.nan):
        refuse(np.isnan(logits), used, "logit is nan", hint="--nan propagate lets it through")


def class_probs(probs: Floats, used: Flags, lenient: Leniency) -> Notices:
    """Refuse rows of probabilities that are none.

    Parameters
    ----------
    probs : shape (N, C)
    used : shape (N,)
    """
    probabilities(probs, np.broadcast_to(used[:, None], probs.shape), lenient)
    kept = np.where(used[:, None], probs, 1.0 / probs.shape[-1])
    return Notices(predicted_off=0.0 if lenient.unchecked else sum_to_one(kept, "predicted"))


def class_log_probs(log_probs: Floats, used: Flags, lenient: Leniency) -> Notices:
    """Refuse rows of log-probabilities that are none.

    Parameters
    ----------
    log_probs : shape (N, C), nats
    used : shape (N,)
    """
    if lenient.unchecked:
        return Notices()
    refuse(np.isnan(log_probs), used, "log-probability is nan")
    above = (log_probs > 0) & used[:, None]
    first = log_probs[above.any(axis=-1)][:1]
    inside = ((first >= 0) & (first <= 1)).all()
    what = "probabilities" if inside else "logits"
    option = "probs" if inside else "logits"
    hint = f"these look like {what}: say so with --{option} or --{option}-cols"
    refuse(above, used, "log-probability above 0: {}", hint=hint, shown=log_probs)
    kept = np.where(used[:, None], log_probs, -np.log(log_probs.shape[-1]))
    return Notices(predicted_off=sum_to_one(np.exp(kept), "predicted", rounding=LOGARITHMS))


def probabilities(probs: Floats, used: Flags, lenient: Leniency) -> None:
    """Refuse predictions outside [0, 1].

    Parameters
    ----------
    probs, used : the same shape

    Raises
    ------
    BrokenRule : one is outside, or NaN
    """
    if lenient.unchecked:
        return
    outside = ~((probs >= 0) & (probs <= 1))
    bad = (outside & used).any(axis=-1)
    if not bad.any():
        return
    first = probs[bad][0]
    like_logits = bool(((first < -0.01) | (first > 1.01)).any())
    hint = "these look like logits: say so with --logits or --logits-cols" if like_logits else None
    if (first >= 0).all() and abs(first.sum() - 100) <= 1:
        hint = "rows sum to 100: these look like percentages, divide by 100"
    refuse(outside, used, "probability {} outside 0..1", hint=hint, shown=probs)


def infinite_hint(stored: str | None, dtype: str) -> str | None:
    """What a logit of inf comes from, given the dtypes it is stored and computed in."""
    if stored in ("float16", "bfloat16"):
        return f"stored as {stored}, where it overflowed: store logits in float32"
    if dtype == "float16":
        return "float16 ends at 65504: --dtype float32 or float64"
    return None


def sum_hint(columns: Floats | None, rows: int) -> str | None:
    """What rows of probabilities that do not sum to 1 look like, given the sums of the columns."""
    if columns is None or rows < 2 or columns.size < 2 or not np.isfinite(columns).all():
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
    shares : shape (N, C), the target as it is mixed: smoothed, times the class weights
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
