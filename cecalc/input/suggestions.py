"""What a table whose names do not settle it may be: options that would, the likeliest first."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from cecalc.input import names as known
from cecalc.input.glimpses import Glimpse
from cecalc.request import InputRequest
from cecalc.selection import quoted
from cecalc.terms import NEAR, Kind, Task

_NEGATIVE = re.compile("(^|[^0-9])0$|neg(ative)?$|(^|_)(no|false)$")
"""The end of a name that is of what is not the case."""
_INPUTS = re.compile("features?|feat|x|labels?|class|rank")
"""Words in the name of a column of numbers that is none of a model's scores."""


def ways(
    fields: Sequence[str],
    head: Callable[[int], Sequence[Any]],
    request: InputRequest,
    *,
    values: bool,
    target: bool,
    readings: Sequence[tuple[str, ...]] | None = None,
) -> tuple[tuple[str, ...], ...]:
    """Options that say which columns are the values and which the target, as far as none does.

    Parameters
    ----------
    fields, head : the names of the columns, and what they hold in the first rows
    values, target : whether they are looked for
    readings : the options for the values, where they are known
    """
    choice = request.columns
    columns = [Glimpse.of(i, name, head(i)) for i, name in enumerate(fields) if name.strip()]
    if readings is None:
        is_known = choice.values or choice.confidence or not values
        readings = [()] if is_known else [*_of_values(columns, request.task)]
    is_said = choice.target is not None or choice.targets is not None or not target
    found = []
    of_target = [()] if is_said or _has_target(fields) else [*_of_target(columns, request.task)]
    for options in readings[:4]:
        found += [(*options, *more) for more in of_target[:3]]
    return tuple(option for option in found if option)


def _has_target(fields: Sequence[str]) -> bool:
    return len(known.targets_among(fields, range(len(fields)))) == 1


def _of_values(columns: Sequence[Glimpse], task: Task) -> Iterator[tuple[str, ...]]:
    """The values: columns with a name in common, or one; probabilities where they can be."""
    if task is Task.BCE or task is Task.SIGMOID:
        scores = [c for c in columns if c.numbers and (known.is_unclear(c.name) or c.is_score)]
        scores = [c for c in scores if _is_output(c)] or scores
        scores.sort(
            key=lambda c: (
                *(not known.is_unclear(c.name), c.truth is not None, c.is_whole),
                _NEGATIVE.search(known.plain(c.name)) is not None,
            )
        )
        groups = [[column] for column in scores]
    else:
        groups = [*_families(columns)]
    for group in groups:
        names = known.specification([c.name for c in group], [c.name for c in columns])
        distance = max(c.distance for c in group)
        clip = ("--clip=float64",) if 0 < distance <= NEAR and task.is_loss else ()
        for kind in _kinds(group, distance):
            yield (f"{kind.option}-cols={names}", *(clip if kind is Kind.PROBS else ()))


def _is_output(column: Glimpse) -> bool:
    """Whether its name says that it is a model's, whatever that may be."""
    return known.is_unclear(column.name) or column.is_certainty or column.is_predicted


def _kinds(group: Sequence[Glimpse], distance: float) -> tuple[Kind, ...]:
    """What columns may hold whose values are at most so far outside 0..1, the likelier first."""
    said = {kind for column in group if (kind := known.kind_of(column.name)) is not None}
    if len(said) == 1:
        return tuple(said)
    if distance > NEAR:
        return (Kind.LOGITS,)
    is_told = distance > 0 or all(column.is_chance for column in group)
    return (Kind.PROBS,) if is_told else (Kind.PROBS, Kind.LOGITS)


def _families(columns: Sequence[Glimpse]) -> Iterator[list[Glimpse]]:
    """Columns of numbers with a beginning or an end in common, the likeliest first; else all
    scores whose rows sum to 1, or that are called like what another column holds.
    """
    by_part = defaultdict[tuple[str, str], list[Glimpse]](list)
    columns = [column for column in columns if not column.has(_INPUTS)]
    for column in columns:
        if column.numbers is None:
            continue
        for part in known.parts(column.name):
            by_part[part].append(column)
    several = [group for group in by_part.values() if len(group) > 1]
    several = [group for group in several if any(not column.is_whole for column in group)]
    several.sort(key=lambda g: (not _sums_to_one(g), not any(map(_is_output, g)), -len(g)))
    yield from several
    scores = [column for column in columns if column.is_score]
    names = {column.name for column in scores}
    is_named = any(names and names >= c.classes > set() for c in columns if c.numbers is None)
    if len(scores) > 1 and scores not in several and (is_named or _sums_to_one(scores)):
        yield scores


def _sums_to_one(group: Sequence[Glimpse]) -> bool:
    """Whether the rows of columns sum to 1, about."""
    rows = zip(*(column.numbers or () for column in group), strict=True)
    return all(abs(sum(row) - 1) <= NEAR for row in rows)


def _of_target(columns: Sequence[Glimpse], task: Task) -> Iterator[tuple[str, ...]]:
    """The target: by words in its name, then by what it holds."""
    fitting = [column for column in columns if _may_be_target(column, task)]
    named = [column for column in fitting if column.truth is not None]
    for column in sorted(named, key=lambda column: column.truth or 0):
        yield (f"--target-col={quoted(column.name)}",)


def _may_be_target(column: Glimpse, task: Task) -> bool:
    different = set(column.texts)
    if not different or column.is_predicted:
        return False
    if task is Task.BCE:
        return column.is_share or len(different) == 2
    is_text = column.numbers is None
    return column.is_whole or (is_text and len(different) <= max(2, len(column.texts) // 2 + 1))
