"""What a run passes on to the views: every row, the highest or lowest few, or groups of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from cecalc.errors import DataError, Place
from cecalc.model import Header, Item, Outcome
from cecalc.output import columns
from cecalc.output.column import Column
from cecalc.ranking import Ranking
from cecalc.request import Rank, Request
from cecalc.run.groups import Grouping
from cecalc.selection import split


class Gathered(Protocol):
    """Takes outcomes, and gives what the views get of them."""

    @property
    def names(self) -> tuple[str, ...] | None:
        """The columns that make groups, if any do."""

    def add(self, outcome: Outcome) -> Iterator[Item]:
        """What is passed on at once."""

    def finish(self) -> Iterator[Item]:
        """What is passed on when the last row is known."""


def gathering(request: Request, header: Header) -> Gathered:
    """What the command line asks for.

    Raises
    ------
    DataError : it names a column that is not there
    """
    if request.by is None:
        return _Every() if request.rank is None else _Ranked(Ranking(request.rank))
    is_named = header.has_originals and columns.CLASS in (header.schema.fields or ())
    is_of_cells = not (is_named or columns.by_row(header))
    parts = split(request.by)
    if is_of_cells and len(parts) > 1 and (False, columns.CLASS) in parts:
        rule = "--by: class, which here is a column of cells, goes with no other column"
        raise DataError(rule, place=Place(source=header.schema.source))
    if is_of_cells and request.by == columns.CLASS:
        labels: list[tuple[str, ...]] = [(label,) for label in header.labels]
        grouping = Grouping(header, by_cell=True)
        return _Grouped((columns.CLASS,), lambda _: labels, grouping, request.rank)
    keys = _key_columns(request.by, header)
    names = tuple(column.name for column in keys)
    return _Grouped(names, partial(_keys, keys), Grouping(header), request.rank)


class _Every:
    """Every row, as it comes."""

    names: tuple[str, ...] | None = None

    def add(self, outcome: Outcome) -> Iterator[Item]:
        yield outcome

    def finish(self) -> Iterator[Item]:
        yield from ()


@dataclass
class _Ranked:
    """The rows of the highest or lowest losses."""

    ranking: Ranking
    names: tuple[str, ...] | None = None

    def add(self, outcome: Outcome) -> Iterator[Item]:
        self.ranking.add(outcome)
        yield from ()

    def finish(self) -> Iterator[Item]:
        yield from self.ranking.outcomes()


@dataclass
class _Grouped:
    """The sums of groups of rows, or of each class's cells."""

    names: tuple[str, ...] | None
    keys: Callable[[Outcome], list[tuple[str, ...]]]
    """A key for each row, or for each column of cells."""
    grouping: Grouping
    rank: Rank | None

    def add(self, outcome: Outcome) -> Iterator[Item]:
        self.grouping.add(outcome, self.keys(outcome))
        yield from ()

    def finish(self) -> Iterator[Item]:
        yield self.grouping.finish(self.rank)


def _keys(of: list[Column], outcome: Outcome) -> list[tuple[str, ...]]:
    return list(zip(*(column.precise(outcome) for column in of), strict=True))


def _key_columns(specification: str, header: Header) -> list[Column]:
    """The columns of the input and of the result that are asked for."""
    try:
        return columns.chosen(columns.keys(header), header, specification, "--by")
    except DataError as error:
        raise error.at(source=header.schema.source) from None
