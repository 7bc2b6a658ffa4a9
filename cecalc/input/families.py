"""Columns of numbers that belong together: one for each class."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence

from cecalc.input import names as known
from cecalc.input.glimpses import Glimpse
from cecalc.terms import NEAR, Kind

_SURE = 20
"""A larger logit is 1, to nine digits."""
_INPUTS = "features?|feat|x|labels?|class|rank"
"""Words in the name of a column of numbers that is none of a model's scores."""


def likely(columns: Sequence[Glimpse]) -> list[list[Glimpse]]:
    """Columns of numbers that are called like what another one holds, those with a beginning or an
    end in common, the likeliest first, then all scores together: those whose rows sum to 1, else
    those that are not called like inputs, and all scores only where they are called like classes.
    """
    texts = [column for column in columns if column.numbers is None]
    called = [[c for c in columns if c.numbers and c.name.strip() in t.classes] for t in texts]
    loose = [column for column in columns if column.is_score and not column.has(_INPUTS)]
    groups = sorted(by_affix(columns).values(), key=lambda g: (not any(map(is_output, g)), -len(g)))
    groups = [group for group in (*groups, loose) if len(group) > 1]
    groups = [group for group in groups if not all(column.is_whole for column in group)]
    if complete := [group for group in (*called, *groups) if len(group) > 1 and sums_to_one(group)]:
        return complete
    names = {column.name.strip() for column in loose}
    is_named = any(names >= column.classes > set() for column in texts)
    groups = [group for group in groups if not any(column.has(_INPUTS) for column in group)]
    return [group for group in groups if is_named or group is not loose]


def by_affix(columns: Sequence[Glimpse]) -> dict[tuple[str, str], list[Glimpse]]:
    """Columns of numbers by the beginnings and ends of their names."""
    found = defaultdict[tuple[str, str], list[Glimpse]](list)
    for column in columns:
        for part in known.affixes(column.name) if column.numbers is not None else ():
            found[part].append(column)
    return found


def sums_to_one(group: Sequence[Glimpse], of: Callable[[float], float] = float) -> bool:
    """Whether the rows of columns, or what is made of them, sum to 1, about."""
    rows = rows_of(group)
    return bool(rows) and all(abs(sum(map(of, row)) - 1) <= NEAR for row in rows)


def rows_of(group: Sequence[Glimpse]) -> list[tuple[float, ...]]:
    """The rows of columns; of none where one of them holds something else than numbers."""
    return [*zip(*(column.numbers or () for column in group), strict=False)]


def distance(group: Sequence[Glimpse]) -> float:
    """How far outside 0..1 values are at most."""
    return max(column.distance for column in group)


def kinds(group: Sequence[Glimpse]) -> tuple[Kind, ...]:
    """What columns may hold, the likelier first."""
    far = distance(group)
    said = {kind for column in group if (kind := known.kind_of(column.name)) is not None}
    if len(said) == 1:
        return tuple(said)
    if far > NEAR:
        if are_percent(group):
            return ()
        is_log = max(map(max, rows_of(group)), default=1.0) <= 0 and sums_to_one(group, math.exp)
        return (Kind.LOG_PROBS if is_log else Kind.LOGITS,)
    is_complete = len(group) > 1 and sums_to_one(group)
    is_told = far > 0 or is_complete or all(column.is_chance for column in group)
    return (Kind.PROBS,) if is_told else (Kind.PROBS, Kind.LOGITS)


def are_percent(group: Sequence[Glimpse]) -> bool:
    """Whether values are percentages: rows of several that sum to 100, or some too large to be
    logits of one.
    """
    rows = rows_of(group)
    if not rows or min(map(min, rows)) < 0 or len({*map(len, rows)}) > 1:
        return False
    if len(group) > 1:
        return all(abs(sum(row) - 100) <= 1 for row in rows)
    return _SURE < max(map(max, rows)) <= 100


def is_output(column: Glimpse) -> bool:
    """Whether its name says that it is a model's, whatever that may be."""
    return known.is_unclear(column.name) or column.is_certainty or known.is_predicted(column.name)
