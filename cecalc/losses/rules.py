"""What a broken rule is, and the two rules that targets and predictions share.

Checks look at NumPy arrays as they were read, before anything is moved to a device: an index out of
range would poison a GPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cecalc.model import Flags, Floats, Integers
from cecalc.numbers import write_number

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
