"""The columns of groups, in every format: what a group is, its loss, its size, its accuracy."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from operator import attrgetter
from typing import Any

from cecalc.errors import count
from cecalc.model import Groups, Header
from cecalc.output import columns
from cecalc.output.column import Column, Sort
from cecalc.request import Selection
from cecalc.terms import Reduction


def _with_rows(groups: Groups) -> Any:
    return groups.rows > 0


def _with_share(groups: Groups) -> Any:
    return groups.share == groups.share


COLUMNS = (
    Column("loss", "loss", Sort.NUMBER, attrgetter("loss"), unit="nats, {how}", used=_with_rows),
    Column("rows", "rows", Sort.COUNT, attrgetter("rows")),
    Column("accuracy", "accuracy", Sort.NUMBER, attrgetter("accuracy"), used=_with_rows),
    Column("cell_accuracy", "cell accuracy", Sort.NUMBER, attrgetter("cell_accuracy"),
           used=_with_rows),
    Column("share", "of all loss", Sort.NUMBER, attrgetter("share"), used=_with_share),
)  # fmt: skip
"""All of them stand in every format, each where its figure is there."""


def of(header: Header, groups: Groups, selection: Selection) -> list[Column]:
    """The columns, or those that are asked for."""
    by = header.by or ()
    how = "sum" if header.reduction is Reduction.SUM else "mean"
    keys = [Column(name, name, Sort.CELL, partial(_key, k)) for k, name in enumerate(by)]
    ours = [column for column in COLUMNS if column.of(groups) is not None]
    prefix = columns.prefix_of({column.name for column in ours}, set(by), selection)
    ours = [replace(c, name=prefix + c.name, unit=c.unit.format(how=how)) for c in ours]
    every = [*keys, *ours]
    return every if selection.columns is None else columns.picked(every, selection.columns)


def _key(k: int, groups: Groups) -> list[str]:
    return [key[k] for key in groups.keys]


def note(groups: Groups, header: Header) -> str:
    """Which groups stand in a table."""
    lowest = header.rank is not None and header.rank.lowest
    which = "lowest" if lowest else "highest"
    if groups.size == groups.total:
        return f"{count(groups.total, 'group')}, {which} loss first"
    return f"the {which} losses, {groups.size} of {groups.total} groups"
