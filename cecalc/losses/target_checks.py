"""What is refused of targets and weights of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cecalc.losses.notices import Notices
from cecalc.losses.rules import BrokenRule, Leniency, refuse, sum_to_one
from cecalc.numerals import write_number

if TYPE_CHECKING:
    from cecalc.records import Flags, Floats, Integers

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
    if low == 0 and high == classes:
        return f"targets run from 0 to {classes}: {classes + 1} labels, and {classes} classes"
    if low < 0:
        return f"negative targets: leave rows out with --ignore-index {write_number(low)}"
    return None


def distribution(target: Floats, lenient: Leniency) -> Notices:
    """Refuse rows that are no distribution over the classes; notice where one is merely close.

    Parameters
    ----------
    target : shape (N, C)

    Raises
    ------
    BrokenRule : a share is outside [0, 1], or a row does not sum to 1 within 1 %
    """
    if lenient.unchecked:
        return Notices()
    cell_target(target, np.ones(target.shape, dtype=bool), lenient)
    return Notices(target_off=sum_to_one(target, "target", of_target=True))


def cell_target(target: Floats, used: Flags, lenient: Leniency) -> None:
    """Refuse targets of cells outside [0, 1].

    Parameters
    ----------
    target, used : shape (N, M)
    """
    if lenient.unchecked:
        return
    outside = ~((target >= 0) & (target <= 1))
    refuse(outside, used, "target {} outside 0..1", kind=CELL, shown=target, of_target=True)


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
    if bad.any():
        first = write_number(weight[bad][0])
        rule = f"sample weight {first} is not finite and at least 0"
        raise BrokenRule(rule, np.flatnonzero(bad), kind=SAMPLE_WEIGHT)
