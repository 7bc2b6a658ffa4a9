"""What each record of CSV and of JSON lines consists of: the input's fields, then ours."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from cecalc.model import Groups, Header, Outcome
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
    """From an outcome (or groups) to the fields of each row, joined; in Parquet, to the array of
    each field.
    """
    bulk: Callable[[Any, Places], Any] | None = None
    """The same as an Arrow array, for many rows."""
    titles: Sequence[str] | None = None
    """The names as they are written, where the input's header spells them."""
    places: Places = None

    def picked(self, places: Sequence[int]) -> Fields:
        """Some of these fields."""
        titles = None if self.titles is None else [self.titles[i] for i in places]
        names = [self.names[i] for i in places]
        return replace(self, names=names, titles=titles, places=places)

    def rows(self, outcome: Outcome | Groups) -> list[Any]:
        """What they are in these rows."""
        return self.texts(outcome, self.places)


def added(
    header: Header,
    view: Literal["csv", "jsonl"],
    theirs: Iterable[Fields],
    reserved: Callable[[Column], Iterable[str]],
    selection: Selection,
) -> list[Column]:
    """Our columns, under names that keep clear of the input's.

    Parameters
    ----------
    theirs : the input's fields
    reserved : the names that a column takes
    """
    given = {name for part in theirs for name in part.names}
    every = [column for column in columns.of(header, view) if column.role is Role.RESULT]
    found = columns.offered(every, given, selection)
    names = {name for column in found for name in reserved(column)}
    prefix = columns.prefix_of(names, given, selection)
    return [replace(c, name=prefix + c.name, each=prefix + c.each) for c in found]


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
