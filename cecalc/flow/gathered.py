"""What a run passes on to the views: every row, the highest or lowest few, or groups of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from cecalc.errors import DataError
from cecalc.groups import Grouping
from cecalc.ranking import Ranking
from cecalc.records import Header, Item, Outcome, Rank, Request
from cecalc.views import columns, shown
from cecalc.views.column import Column


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
    if request.by == columns.CLASS and not columns.by_row(header):
        return _ByClass(Grouping(header, by_cell=True), request.rank)
    if request.by is not None:
        return _ByGroup(_key_columns(request.by, header), Grouping(header), request.rank)
    return _Every() if request.rank is None else _Ranked(Ranking(request.rank))


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
class _ByGroup:
    """The sums of the rows that have the same values in some columns."""

    columns: list[Column]
    grouping: Grouping
    rank: Rank | None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def add(self, outcome: Outcome) -> Iterator[Item]:
        texts = [column.precise(outcome) for column in self.columns]
        self.grouping.add(outcome, list(zip(*texts, strict=True)))
        yield from ()

    def finish(self) -> Iterator[Item]:
        yield self.grouping.finish(self.rank)


@dataclass
class _ByClass:
    """The sums of each class's cells, where a row has one for each."""

    grouping: Grouping
    rank: Rank | None
    names: tuple[str, ...] | None = (columns.CLASS,)

    def add(self, outcome: Outcome) -> Iterator[Item]:
        self.grouping.add(outcome, [(label,) for label in self.grouping.header.labels])
        yield from ()

    def finish(self) -> Iterator[Item]:
        yield self.grouping.finish(self.rank)


def _key_columns(specification: str, header: Header) -> list[Column]:
    """The columns of the input and of the result that are asked for."""
    own = columns.identity(header)
    if columns.by_row(header):
        target = shown.target(header)
        own += [
            target,
            columns.prediction(header),
            columns.CORRECT,
            replace(target, name=columns.CLASS),
        ]
    try:
        return columns.chosen(own, header, specification, "--by")
    except DataError as error:
        raise error.at(source=header.schema.source) from None
