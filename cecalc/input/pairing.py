"""What options give beside a table: joined to its rows by ids, or in step with them."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import NamedTuple

from cecalc.errors import DataError, Place, excerpt
from cecalc.input.classes import HEAD
from cecalc.input.extra_arrays import ExtraArray, refuse_unpaired
from cecalc.input.files import Files
from cecalc.input.names import IDS, is_of_rows, plain
from cecalc.input.table import Table
from cecalc.input.target_reader import TargetReader, open_extras
from cecalc.model import Floats
from cecalc.numbers import is_number
from cecalc.selection import quoted

Held = tuple[ExtraArray, Floats]
"""What stands beside the rows of a table, and all of its numbers."""
_COMPARED = 8
"""How many columns of each of two tables are looked at."""


def beside(table: Table, reader: TargetReader) -> list[Held]:
    """What options gave beside a table, joined to its rows where both carry ids.

    Raises
    ------
    DataError : ids contradict each other, or one of the rows has another order
    """
    has_ids, choice = table.layout.id is not None, reader.request.columns
    with Files() as files:
        found = [extra for extra in open_extras(reader, files, has_ids=has_ids) if extra]
        refuse_unpaired((), found)
        extras = list[ExtraArray]()
        for each in found:
            extra = each.joined() if has_ids else each
            if extra.join is None:
                extra = _in_step(extra, table)
            elif extra.table is not None and choice.id is None:
                _refuse_contradiction(table, extra.table)
            extras.append(extra)
        return [(extra, extra.held()) for extra in extras]


def _refuse_contradiction(table: Table, other: Table) -> None:
    """Refuse ids of different names where both tables have one of the same name; and those of one
    name where another one that both have says otherwise.
    """
    tables = table, other
    places = [{plain(name): i for i, name in enumerate(t.fields)} for t in tables]
    shared = [name for name in IDS if all(name in found for found in places)]
    used = {plain(t.fields[t.layout.id]) for t in tables if t.layout.id is not None}

    def differ(second: str) -> bool:
        """Whether an id stands beside another one of that name here than there."""
        ours, theirs = (
            zip(*(map(str, t.head(found[name])) for name in (shared[0], second)), strict=True)
            for t, found in zip(tables, places, strict=True)
        )
        known = dict(theirs)
        return any(known.get(key, name) != name for key, name in ours)

    if shared and (len(used) > 1 or any(map(differ, shared[1:]))):
        names = [quoted(table.fields[places[0][name]]) for name in shared]
        raise DataError(
            f"both tables have {' and '.join(map(excerpt, names))}: which one joins the rows?",
            place=Place(table.source),
            hint="name it with --join",
            ways=tuple((f"--join={name}",) for name in names),
        )


def _in_step(extra: ExtraArray, table: Table) -> ExtraArray:
    """What stands beside a table row by row, as far as the columns show that both have.

    Raises
    ------
    DataError : one of them tells rows apart, and has another order
    """
    other, ways = extra.table, list[tuple[str, ...]]()
    if other is None:
        return extra
    for ours, theirs in itertools.product(_telling(table, other), _telling(other, table)):
        is_same = ours.name == theirs.name
        is_told = 0 < _needed(ours, theirs) <= len({*ours.head} & {*theirs.head})
        if not (is_same or is_told):
            continue
        column = quoted(ours.name) if ours.name.strip() else f"{ours.number}"
        if not (is_same and ours.name.strip()):
            column += f"={quoted(theirs.name) if theirs.name.strip() else theirs.number}"
        ways.append((f"--join={column}",))
        for row, pair in enumerate(zip(ours.head, theirs.head, strict=False)):
            if is_told and pair[0] != pair[1]:
                rule = f"{excerpt(pair[0])} beside {excerpt(pair[1])} of {extra.source}"
                rename = ", or rename it in one of the tables" if is_same else ""
                raise DataError(
                    f"{rule}, whose rows have another order",
                    place=Place(table.source, column=ours.name, number=ours.number, row=row),
                    hint=f"join them by that column with --join{rename}",
                    ways=(ways[-1],),
                )
    return replace(extra, table=None, ways=tuple(ways) if len(ways) == 1 else ())


class _Telling(NamedTuple):
    """A column that tells rows apart."""

    number: int
    """1-based."""
    name: str
    head: list[str]

    @property
    def is_count(self) -> bool:
        """Whether it numbers the rows."""
        return self.head in ([*map(str, range(n, n + len(self.head)))] for n in range(2))


def _telling(table: Table, other: Table) -> list[_Telling]:
    """The first columns that tell rows apart and have no other use; those first that both have."""
    used = {*table.layout.used} - {table.layout.id}
    free = [(i, name) for i, name in enumerate(table.fields) if i not in used]
    free.sort(key=lambda column: column[1] not in other.fields)
    heads = (_Telling(i + 1, n, [*map(str, table.head(i))]) for i, n in free[:_COMPARED])
    return [column for column in heads if len({*column.head}) == len(column.head) > 0]


def _needed(ours: _Telling, theirs: _Telling) -> int:
    """How many of our rows have to be among theirs to be the same ones; 0 where nothing tells."""
    every = len(ours.head)
    if ours.name != theirs.name and is_number(ours.head[0]):
        in_order = _Telling(0, "", sorted(ours.head, key=lambda text: (len(text), text)))
        are_of_rows = is_of_rows(ours.name) and is_of_rows(theirs.name)
        return every if are_of_rows or not in_order.is_count else 0
    return every if len(theirs.head) < HEAD or ours.is_count or theirs.is_count else 1
