"""What each record of CSV and of JSON lines consists of: the input's fields, then ours."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from cecalc.items import Groups, Header, Outcome
from cecalc.output import columns
from cecalc.output.column import Column, Role
from cecalc.request import Selection
from cecalc.selection import select

Places = Sequence[int] | None
"""Which of neighbouring fields are written; None for all, as they stand."""


@dataclass(frozen=True)
class Fields:
    """Neighbouring fields of each record: cells of CSV, or members of JSON objects."""

    names: Sequence[str]
    texts: Callable[[Any, Places], list[Any]]
    """From an outcome (or groups) to the fields of each row, joined; in Parquet, to an array of
    each field.
    """
    bulk: Callable[[Any, Any, Places], Any] | None = None
    """The same as an Arrow array, by the module `arrow_text`, which many rows alone are worth."""
    titles: Sequence[str] | None = None
    """The names as they are written, where the input's header spells them."""
    places: Places = None
    reserved: Sequence[str] = ()
    """What other names no field of the input may have beside these."""

    def picked(self, places: Sequence[int]) -> Fields:
        """Some of these fields."""
        titles = None if self.titles is None else [self.titles[i] for i in places]
        names = [self.names[i] for i in places]
        return replace(self, names=names, titles=titles, places=places)

    def rows(self, outcome: Outcome | Groups) -> list[Any]:
        """What they are in these rows."""
        return self.texts(outcome, self.places)


def of_records(
    header: Header,
    first: Outcome | Groups,
    view: Literal["csv", "jsonl"],
    selection: Selection,
    field: Callable[[Column], Fields],
    passed_on: Callable[[Header, Outcome], list[Fields]],
) -> tuple[list[Fields], set[str]]:
    """The fields that are asked for, and the names that ours take, which keep clear of the input's.

    Parameters
    ----------
    first : the first rows, or groups
    field : a column's
    passed_on : the input's; where it is none, they are columns as our reader reads
    """
    if isinstance(first, Groups):
        return list(map(field, columns.of_groups(header, first, selection))), set()
    every = columns.of(header, view)
    theirs = passed_on(header, first) or list(map(field, columns.given(header, every)))
    given = {name for part in theirs for name in part.names}
    found = columns.offered((c for c in every if c.role is Role.RESULT), given, selection)
    prefix = columns.prefix_of(_taken(map(field, found)), given, selection)
    ours = [field(replace(c, name=prefix + c.name, each=prefix + c.each)) for c in found]
    return written(theirs, ours, selection), _taken(ours)


def _taken(ours: Iterable[Fields]) -> set[str]:
    return {name for part in ours for name in (*part.names, *part.reserved)}


def written(theirs: list[Fields], ours: list[Fields], selection: Selection) -> list[Fields]:
    """The fields that are asked for; neighbours stay together."""
    every = ours if selection.only_added else [*theirs, *ours]
    if selection.columns is None:
        return every
    owners = [(fields, i) for fields in every for i in range(len(fields.names))]
    names = [fields.names[i] for fields, i in owners]
    chosen = [owners[i] for i in select(names, selection.columns, "--select")]
    runs = (list(run) for _, run in itertools.groupby(chosen, lambda owner: id(owner[0])))
    return [run[0][0].picked([i for _, i in run]) for run in runs]
