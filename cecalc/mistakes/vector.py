"""What can be said of a list of numbers, one for each row, as `reduction='none'` prints them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from cecalc.errors import DataError, count
from cecalc.items import Report
from cecalc.mistakes.diagnosis import Diagnosis, Typed
from cecalc.mistakes.recipes import Recipe, recipes, sums_of
from cecalc.mistakes.sums import Plan
from cecalc.mistakes.tally import Tally, tally_of
from cecalc.mistakes.verdict import chance, in_words, match_of

RIGHT = ("nothing wrong", "the sum")
"""What the loss of a row is called, weighted and summed over its cells too."""
_UNCOUNTED = "nothing counted"
_LISTED = 12
"""How many rows are named."""
Row = Mapping[str, Recipe]
"""What every mistake makes of a row."""


def diagnosis_of_rows(asked: Sequence[str], tally: Tally, plan: Plan, report: Report) -> Diagnosis:
    """Which mistake makes all numbers, and which rows agree with their own loss.

    Raises
    ------
    DataError : there are not as many numbers as rows, or too many rows to hold
    """
    typed, rows = [Typed.of(text) for text in asked], _rows(tally, plan)
    if not tally.rows_used:
        raise DataError("every row is ignored: there is no loss of any to compare with")
    if len(typed) != len(rows):
        raise DataError(f"{count(len(typed), 'number')} for {count(len(rows), 'row')}")
    pairs = [*zip(rows, typed, strict=True)]
    agree = [n for n, pair in enumerate(pairs) if any(_makes(name, *pair) for name in RIGHT)]
    made = {name: sum(_makes(name, *pair) for pair in pairs) for row in rows for name in row}
    first = next(row for row in rows if _UNCOUNTED not in row)
    if is_right := len(agree) == len(rows):
        group = [first[RIGHT[0]]]
    else:
        group = [first[name] for name, n in made.items() if n == len(rows) and name not in RIGHT]
    found = [match_of(group, sums_of(tally, plan), report)] if group else []
    if is_right:
        found = [replace(found[0], says=("it is the loss of each row",), entries=())]
    mean = math.fsum(each.value for each in typed) / len(typed)
    return Diagnosis(
        typed=Typed(f"a list of {len(typed)} numbers", mean, 4),
        report=report,
        size=in_words(report),
        matches=found,
        tried=len(made),
        chance=math.prod(chance(each, [*row.values()]) for row, each in pairs),
        rows=_named(agree, len(rows)) + ("" if found else _partly(made)),
    )


def _rows(tally: Tally, plan: Plan) -> list[Row]:
    """Every recipe of every row, by its name."""
    whole = tally.ends.whole if tally.ends else None
    if whole is None:
        raise DataError("a list of numbers is compared with few rows, not with so many")
    first = np.zeros(1, np.int64)
    each = (replace(whole.part(slice(n, n + 1)), place=first) for n in range(whole.size))
    return [
        {each.name: each for each in recipes(sums_of(tally_of(row, plan), plan))} for row in each
    ]


def _makes(name: str, row: Row, typed: Typed) -> bool:
    """Whether a mistake makes the number of a row."""
    if _UNCOUNTED in row:  # torch prints 0 for it
        return not typed.value or math.isnan(typed.value)
    return name in row and typed.fits(row[name].value)


def _named(agree: Sequence[int], rows: int) -> str:
    """Which rows have the loss that was typed."""
    if len(agree) in (0, rows):
        return f"{'none' if not agree else 'all'} of {count(rows, 'row')} agree with cecalc"
    more = ", …" if agree[_LISTED:] else ""
    return f"{len(agree)} of {rows} agree with cecalc: {', '.join(map(str, agree[:_LISTED]))}{more}"


def _partly(made: Mapping[str, int]) -> str:
    """The mistake that makes the most numbers, where it makes more than one."""
    best = max(made, key=lambda name: made[name])
    return "" if best in RIGHT or made[best] < 2 else f"; {best} makes {made[best]} of them"
