"""The rules: what is refused before any loss is computed, and what is worth a word.

Checks look at NumPy arrays as they were read, before anything is moved to a device: an index out of
range would poison a GPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cecalc.errors import count
from cecalc.numerals import write_number

if TYPE_CHECKING:
    from cecalc.records import Flags, Floats, Integers

ROUNDING = 1e-5
"""How far a row of probabilities may be from 1 without a word."""
TOLERANCE = 1e-2
"""How far it may be without being refused."""


CLASS_INDEX = "class index"
"""The kind of rule that a target breaks which is no class."""


class BrokenRule(Exception):
    """Rows that break a rule; the caller knows their places.

    Parameters
    ----------
    rule : what is wrong with the first of them
    rows : all of them, as indices into the batch
    column : the class or cell of the first one, where it matters
    of_target : whether that column is one of the target's
    hint : what to try
    kind : what other rows' faults have to share to be counted with this one
    """

    def __init__(
        self,
        rule: str,
        rows: Integers,
        *,
        kind: str | None = None,
        column: int | None = None,
        of_target: bool = False,
        hint: str | None = None,
    ) -> None:
        super().__init__(rule)
        self.rule, self.rows, self.column = rule, rows, column
        self.of_target, self.hint, self.kind = of_target, hint, kind or rule


@dataclass(frozen=True)
class Leniency:
    """What is let through."""

    unchecked: bool = False
    """Compute as torch does where the rules refuse."""
    nan: bool = False
    """Let NaN logits through."""


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
    fractional = used & (np.floor(target) != target)  # NaN too
    if fractional.any():
        first = write_number(target[fractional][0])
        rule = "target is nan" if first == "nan" else f"target {first} is not a class index"
        raise _not_an_index(rule, fractional)
    outside = used & ((target < 0) | (target >= classes))
    if outside.any():
        first = write_number(target[outside][0])
        raise _not_an_index(f"target {first} outside 0..{classes - 1}", outside)
    return np.where(used, target, 0).astype(np.int64), used


def _not_an_index(rule: str, bad: Flags) -> BrokenRule:
    return BrokenRule(rule, np.flatnonzero(bad), kind=CLASS_INDEX, of_target=True)


def range_hint(low: float, high: float, classes: int) -> str | None:
    """What targets out of range look like, given the lowest and highest of all of them."""
    if low == 1 and high == classes:
        return f"targets run from 1 to {classes}: looks 1-based, subtract 1"
    if low == 0 and high == 255:
        return "targets are 0 and 255: looks like a mask of grey levels"
    if low < 0:
        return f"negative targets: leave rows out with --ignore-index {write_number(low)}"
    return None


def distribution(target: Floats, lenient: Leniency, *, what: str = "target") -> list[str]:
    """Refuse rows of C shares that are no distribution; say where one is merely close.

    Parameters
    ----------
    target : shape (N, C)

    Raises
    ------
    BrokenRule : a share is outside [0, 1], or a row does not sum to 1 within 1 %
    """
    if lenient.unchecked:
        return []
    _unit_interval(target, what, of_target=what == "target")
    off = np.abs(target.sum(axis=-1) - 1.0)
    bad = off > TOLERANCE
    if bad.any():
        row = int(np.argmax(bad))
        total = f"{target[row].sum():.6g}"
        hint = None
        if what == "target" and np.isin(target[row], (0, 1)).all():
            hint = "several classes at once (multi-hot) belong to bce"
        rule = f"{what} probabilities sum to {total}, not 1"
        raise BrokenRule(
            rule,
            np.flatnonzero(bad),
            kind=f"{what} sum",
            of_target=what == "target",
            hint=hint,
        )
    worst = float(off.max(initial=0.0))
    if worst > ROUNDING:
        return [f"{what} probabilities sum to 1 only within {worst:.1g}; used as they are"]
    return []


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
        _refuse(np.isnan(logits), used, "logit is nan", hint="--nan propagate lets it through")
    _refuse(logits == np.inf, used, "logit is inf")
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
        _refuse(np.isnan(logits), used, "logit is nan", hint="--nan propagate lets it through")


def class_probs(probs: Floats, used: Flags, lenient: Leniency) -> list[str]:
    """Refuse rows of probabilities that are none.

    Parameters
    ----------
    probs : shape (N, C)
    used : shape (N,)
    """
    probabilities(probs, np.broadcast_to(used[:, None], probs.shape), lenient)
    kept = np.where(used[:, None], probs, 1.0 / probs.shape[-1])
    return distribution(kept, lenient, what="predicted")


def class_log_probs(log_probs: Floats, used: Flags, lenient: Leniency) -> list[str]:
    """Refuse rows of log-probabilities that are none.

    Parameters
    ----------
    log_probs : shape (N, C), nats
    used : shape (N,)
    """
    if lenient.unchecked:
        return []
    _refuse(np.isnan(log_probs), used, "log-probability is nan")
    above = log_probs > 0
    inside = ((log_probs >= 0) & (log_probs <= 1)).all()
    what = "probabilities" if inside else "logits"
    option = "probs" if inside else "logits"
    hint = f"these look like {what}: say so with --{option} or --{option}-cols"
    _refuse(above, used, "log-probability above 0", hint=hint, shown=log_probs)
    kept = np.where(used[:, None], log_probs, -np.log(log_probs.shape[-1]))
    return distribution(np.exp(kept), lenient, what="predicted")


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
    like_logits = bool(
        (probs[outside & used] < -0.01).any() or (probs[outside & used] > 1.01).any()
    )
    hint = "these look like logits: say so with --logits or --logits-cols" if like_logits else None
    _refuse(outside, used, "probability outside 0..1", hint=hint, shown=probs)


def sample_weight(weight: Floats | None) -> None:
    """Refuse weights of rows that are negative or not finite.

    Parameters
    ----------
    weight : shape (N,), or None
    """
    if weight is None:
        return
    bad = ~(np.isfinite(weight) & (weight >= 0))
    if bad.any():
        first = write_number(weight[bad][0])
        rule = f"sample weight {first} is not finite and at least 0"
        raise BrokenRule(rule, np.flatnonzero(bad), kind="sample weight")


def cell_target(target: Floats, used: Flags, lenient: Leniency) -> None:
    """Refuse targets of cells outside [0, 1], and name the map that would fix them.

    Parameters
    ----------
    target, used : shape (N, M)
    """
    if lenient.unchecked:
        return
    outside = ~((target >= 0) & (target <= 1))
    found = target[used]
    hint = None
    if np.isin(found, (-1, 1)).all():
        hint = "targets are -1 and 1: map them with (t + 1) / 2"
    elif np.isin(found, (1, 2)).all():
        hint = "targets are 1 and 2: subtract 1"
    elif found.size and found.min() >= 0 and 2 < found.max() <= 255:
        hint = "targets up to 255: looks like grey levels, divide by 255"
    _refuse(outside, used, "target outside 0..1", hint=hint, shown=target, of_target=True)


def notes_ce(logits: Floats, shares: Floats, used: Flags, label_smoothing: float) -> list[str]:
    """What a masked class does to rows whose target gives a share to every class.

    Parameters
    ----------
    logits : shape (N, C)
    shares : shape (N, C), the target as it is mixed: smoothed, times the class weights
    used : shape (N,)
    """
    masked = (logits == -np.inf) & used[:, None]
    if label_smoothing > 0 and (masked & (shares > 0)).any():
        return ["-inf logits and label smoothing conflict: the loss of such a row is inf"]
    if (masked & (shares == 0)).any():
        return ["a -inf logit where the target is 0 costs nothing here; torch prints nan"]
    return []


def notes_bce(probs: Floats, target: Floats, used: Flags) -> list[str]:
    """Where the clamp of `torch.nn.BCELoss` decides.

    Parameters
    ----------
    probs, target, used : shape (N, M)
    """
    wrong = used & (((probs == 0) & (target > 0)) | ((probs == 1) & (target < 1)))
    if not wrong.any():
        return []
    cells = count(int(wrong.sum()), "cell")
    return [f"ln 0 in {cells}: clamped at -100, as torch does; --no-clamp gives inf"]


def _unit_interval(shares: Floats, what: str, *, of_target: bool) -> None:
    outside = ~((shares >= 0) & (shares <= 1))
    everywhere = np.ones(shares.shape, dtype=bool)
    _refuse(outside, everywhere, f"{what} outside 0..1", shown=shares, of_target=of_target)


def _refuse(
    bad: Flags,
    used: Flags,
    rule: str,
    *,
    hint: str | None = None,
    shown: Floats | None = None,
    of_target: bool = False,
) -> None:
    bad = bad & (used[:, None] if used.ndim < bad.ndim else used)
    if not bad.any():
        return
    rows = np.flatnonzero(bad.any(axis=-1))
    column = int(np.argmax(bad[rows[0]]))
    kind = rule
    if shown is not None:
        word, _, rest = rule.partition(" outside ")
        value = write_number(shown[rows[0], column])
        rule = f"{word} {value} outside {rest}" if rest else f"{rule}: {value}"
    raise BrokenRule(rule, rows, kind=kind, column=column, of_target=of_target, hint=hint)
