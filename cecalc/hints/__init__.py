"""Hints: what looks wrong in an input that breaks no rule. They change no number."""

from __future__ import annotations

from collections.abc import Iterator

from cecalc.hints.alternatives import misread
from cecalc.hints.evidence import Head, Totals
from cecalc.hints.values import head_hints, total_hints
from cecalc.terms import Hint

_GUESSING = 27
_OTHER_NUMBERS = {1, 11, 12}
"""What values look like is told once, whether by their sums or by how they fit."""
_EXPLAINS = _OTHER_NUMBERS | {9}
"""What explains a loss above that of guessing, beside another reading of the rows."""


def hints(head: Head, totals: Totals | None) -> Iterator[Hint]:
    """Everything that looks wrong, the causes before what follows from them.

    Parameters
    ----------
    head : the first rows
    totals : what all rows add up to, for losses
    """
    found = list(head_hints(head))
    entries = {hint.entry for hint in found}
    yield from found
    if totals is None:
        return
    other = misread(head)
    if other is not None and not (entries & _OTHER_NUMBERS and other.entry in _OTHER_NUMBERS):
        yield other
    is_explained = other is not None or entries & _EXPLAINS
    yield from (h for h in total_hints(totals) if not (is_explained and h.entry == _GUESSING))
