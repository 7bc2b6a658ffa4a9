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
from cecalc.selection import select
from cecalc.terms import Reduction


def of(header: Header, groups: Groups, selection: Selection) -> list[Column]:
    """The columns, or those that are asked for."""
    assert header.by is not None
    unit = "nats, sum" if header.reduction is Reduction.SUM else "nats, mean"
    cells = [] if groups.cell_accuracy is None else ["cell_accuracy"]
    keys = [Column(name, name, Sort.CELL, partial(_key, k)) for k, name in enumerate(header.by)]
    ours = [
        Column("loss", "loss", Sort.NUMBER, attrgetter("loss"), unit, _with_rows),
        Column("rows", "rows", Sort.COUNT, attrgetter("rows")),
        *(
            Column(name, name.replace("_", " "), Sort.NUMBER, attrgetter(name), used=_with_rows)
            for name in ("accuracy", *cells)
        ),
        Column("share", "of all loss", Sort.NUMBER, attrgetter("share"), used=_with_share),
    ]
    prefix = columns.prefix_of({column.name for column in ours}, set(header.by), selection)
    every = [*keys, *(replace(column, name=prefix + column.name) for column in ours)]
    if selection.columns is None:
        return every
    names = [column.name for column in every]
    return [every[i] for i in select(names, selection.columns, "--select")]


def _key(k: int, groups: Any) -> list[str]:
    return [key[k] for key in groups.keys]


def _with_rows(groups: Any) -> Any:
    return groups.rows > 0


def _with_share(groups: Any) -> Any:
    return groups.share == groups.share


def note(groups: Groups, header: Header) -> str:
    """Which groups stand in a table."""
    lowest = header.rank is not None and header.rank.lowest
    which = "lowest" if lowest else "highest"
    if groups.size == groups.total:
        return f"{count(groups.total, 'group')}, {which} loss first"
    return f"the {which} losses, {groups.size} of {groups.total} groups"
