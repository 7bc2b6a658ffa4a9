"""Both losses of the same rows: a few rows step by step, all of them in sum."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from cecalc.compute import Settings, backend
from cecalc.compute.backend import Backend
from cecalc.errors import DataError, Place
from cecalc.explain import steps
from cecalc.explain.steps import Explanation
from cecalc.hints.collector import Noticing
from cecalc.losses.rules import BrokenRule
from cecalc.model import Batch, CellLosses, Header, Item, Losses, Meter, Problem, Schema
from cecalc.ranking import Ranking
from cecalc.request import Rank, Request
from cecalc.run.blocks import Computation
from cecalc.run.both_losses import (
    BothLosses,
    both_of,
    is_of_classes,
    left_out,
    sums_to_one,
    without,
)
from cecalc.run.settings import header_of, report_of, settings_of
from cecalc.summary import Summary
from cecalc.terms import Hint, Kind, TargetForm, Task

ROWS, HIGHEST = 6, 3
"""Up to how many rows all are explained, and how many else."""
_WITHOUT = ("weight", "pos_weight", "label_smoothing")


def explained(
    problem: Problem,
    first: Batch,
    request: Request,
    tell: Callable[[list[Hint]], None],
    meter: Meter,
) -> Iterator[Item]:
    """A header, and the explanation.

    Parameters
    ----------
    problem, first : the input, and the first batch of it, which shows the shapes
    request, meter : as `cecalc.run.run` takes them
    tell : hears everything that looks wrong, when the last row is known

    Raises
    ------
    DataError : the values are no logits, or break a rule of either loss
    """
    _refuse_others(problem.schema)
    more = list(left_out("explain", _WITHOUT, problem, first))
    problem, first = without(_WITHOUT, problem), replace(first, sample_weight=None)
    settings = settings_of(request, problem.schema, first)
    header = header_of(problem, first, settings, request.rank)
    yield header
    if header.width == 1:
        settings = replace(settings, task=Task.BCE, ignore_index=settings.ignored)
    arithmetic = backend.choose(request.arithmetic, values=first.values.size)
    rows, ce, bce = _ExplainedRows(request.rank), Summary(), Summary()
    is_ce = is_of_classes(first)
    seen = header if is_ce else _of_cells(header)
    asked = replace(settings, task=seen.task)
    noticing = Noticing(seen, asked, arithmetic.dtype, request.hints)
    compute = partial(_both, header=header)
    computation = Computation(settings, arithmetic, _of_cells(header), meter, compute)
    for done in computation.over(problem.blocks):
        assert done.result is not None
        both, sums = done.result
        noticing.add(both.each[0 if is_ce else -1], done.batch)
        meter.rows += done.batch.size
        bce = bce.merge(sums[-1])
        if both.rows is not None:
            ce = ce.merge(sums[0])
        rows.add(both)
    tell([*more, *noticing.hints(ce if is_ce else bce)])
    others = bce.rows_used - ce.rows_used
    cells = report_of(bce, _of_cells(header), settings, arithmetic.label)
    yield Explanation(
        header=header,
        rows=tuple(steps.of_row(row, has_ce=_has_ce(row)) for row in rows.chosen(others == 0)),
        is_all=rows.is_all,
        ce=None if others else report_of(ce, header, settings, arithmetic.label),
        bce=cells,
        without_ce=0 if header.width == 1 else others,
    )


def _refuse_others(schema: Schema) -> None:
    if schema.kind is not Kind.LOGITS:
        what = "probabilities" if schema.kind is Kind.PROBS else "log-probabilities"
        raise DataError(
            f"explain begins with logits, and these are {what}",
            place=Place(source=schema.source),
            hint="if they are logits, say so with --logits or --logits-cols",
        )


def _both(
    batch: Batch, settings: Settings, arithmetic: Backend, *, header: Header
) -> tuple[BothLosses, list[Summary]]:
    try:
        both = both_of(batch, settings, arithmetic)
    except BrokenRule as broken:
        if (broken.hint or "").startswith("--nan"):
            broken.hint = None  # an option of the other commands
        raise
    headers = header, _of_cells(header)
    return both, [Summary.of(x, headers[isinstance(x, CellLosses)]) for x in both.each]


def _of_cells(header: Header) -> Header:
    return replace(header, task=Task.BCE, target_form=TargetForm.CELLS)


def _has_ce(row: Losses) -> bool:
    return bool(sums_to_one(row.batch.truth)[0])


@dataclass
class _ExplainedRows:
    """The rows seen so far that may come to be explained."""

    rank: Rank | None
    total: int = 0
    first: list[Losses] = field(default_factory=list)
    by_ce: Ranking = field(init=False)
    by_bce: Ranking = field(init=False)

    def __post_init__(self) -> None:
        rank = self.rank or Rank(HIGHEST)
        self.by_ce, self.by_bce = Ranking(rank), Ranking(rank)

    @property
    def is_all(self) -> bool:
        return self.rank is None and self.total <= ROWS

    def add(self, both: BothLosses) -> None:
        """Look at one more batch."""
        outcome, ce = both.cells, both.rows
        self.total += outcome.size
        for row in range(min(ROWS - len(self.first), outcome.size)):
            self.first.append(outcome.take(row))
        self.by_bce.add(outcome)
        if ce is not None:
            self.by_ce.add(replace(outcome, loss=ce.loss, used=ce.used))

    def chosen(self, is_ce: bool) -> list[Losses]:
        """All of a few, or the highest losses in the order of the input, or those asked for."""
        if self.is_all:
            return self.first
        ranked = (self.by_ce if is_ce else self.by_bce).outcomes()
        return ranked if self.rank else sorted(ranked, key=lambda row: row.batch.start)
