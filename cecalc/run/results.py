"""What `ce`, `bce`, `softmax` and `sigmoid` collect: rows, a few of them, or groups; a report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from cecalc.compute import Settings, outcome_of
from cecalc.errors import DataError, Place
from cecalc.model import Batch, Header, Item, Losses, Outcome
from cecalc.output import columns
from cecalc.ranking import Ranking
from cecalc.request import Request
from cecalc.run.collectors import Collector, Job, Setup, Summed
from cecalc.run.groups import Grouping
from cecalc.run.settings import header_of, settings_of
from cecalc.selection import split
from cecalc.summary import Summary


def results(setup: Setup) -> Job[Summed]:
    """Outcomes (or groups) of one loss or activation, and for losses a report.

    Raises
    ------
    UsageError, DataError : an option does not go with the input
    """
    request, first = setup.request, setup.first
    settings = settings_of(request, setup.schema, first)
    header = header_of(setup.schema, first, settings, request.rank)
    arithmetic = setup.arithmetic

    def compute(batch: Batch) -> Summed:
        outcome = outcome_of(batch, settings, arithmetic)
        return Summed(outcome, Summary.of(outcome, header))

    names, gathered = _gathering(request, header)
    is_loss = settings.task.is_loss
    reported = [_Reported(header, settings, arithmetic.label)] if is_loss else []
    return Job(setup, replace(header, by=names), settings, compute, [gathered, *reported])


def _gathering(
    request: Request, header: Header
) -> tuple[tuple[str, ...] | None, Collector[Summed]]:
    """The columns that make groups, if any do, and what gathers rows or groups."""
    if request.by is None:
        return None, _Every() if request.rank is None else _Ranked(Ranking(request.rank))
    is_named = header.has_originals and columns.CLASS in (header.schema.fields or ())
    is_of_cells = not (is_named or columns.by_row(header))
    parts = split(request.by)
    if is_of_cells and len(parts) > 1 and (False, columns.CLASS) in parts:
        rule = "--by: class, which here is a column of cells, goes with no other column"
        raise DataError(rule, place=Place(source=header.schema.source))
    if is_of_cells and request.by == columns.CLASS:
        labels: list[tuple[str, ...]] = [(label,) for label in header.labels]
        return (columns.CLASS,), Grouping(header, lambda _: labels, request.rank, by_cell=True)
    try:
        keys = columns.chosen(columns.keys(header), header, request.by, "--by")
    except DataError as error:
        raise error.at(source=header.schema.source) from None
    names = tuple(column.name for column in keys)

    def keys_of(outcome: Outcome) -> list[tuple[str, ...]]:
        return list(zip(*(column.precise(outcome) for column in keys), strict=True))

    return names, Grouping(header, keys_of, request.rank)


class _Every(Collector[Summed]):
    """Every row, as it comes."""

    def add(self, summed: Summed, _given: Batch) -> Iterable[Item]:
        return (summed.outcome,)


@dataclass
class _Ranked(Collector[Summed]):
    """The rows of the highest or lowest losses."""

    ranking: Ranking

    def add(self, summed: Summed, _given: Batch) -> Iterable[Item]:
        if isinstance(summed.outcome, Losses):
            self.ranking.add(summed.outcome)
        return ()

    def finish(self, _total: Summary) -> Iterable[Item]:
        return self.ranking.outcomes()


@dataclass
class _Reported(Collector[Summed]):
    """The report of all rows."""

    header: Header
    settings: Settings
    label: str

    def finish(self, total: Summary) -> Iterable[Item]:
        return (total.finish(self.header, self.settings.weight, self.label),)
