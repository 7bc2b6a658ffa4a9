"""Both losses of the same rows: a few rows step by step, all of them in sum."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from cecalc.compute import Settings
from cecalc.errors import DataError, Place
from cecalc.explain.steps import Explanation, of_row
from cecalc.items import Header, Item, Outcome
from cecalc.losses.checks import BrokenRule
from cecalc.model import Batch
from cecalc.ranking import Ranking, TableRows
from cecalc.request import LossOptions, Rank
from cecalc.run.both_losses import BothLosses, both_of, is_of_classes, sums_to_one, unweighted
from cecalc.run.collectors import Collector, Job, Setup, Summed
from cecalc.run.settings import header_of, settings_of, target_of
from cecalc.summary import Summary
from cecalc.terms import HintPolicy, Kind, Task

ROWS, HIGHEST = 6, 3
"""Up to how many rows all are explained, and how many else."""


@dataclass(frozen=True)
class _Both(Summed):
    """A batch under the loss that the rows ask for, and under both."""

    both: BothLosses
    summaries: Sequence[Summary]
    """Of each that there is: for one logit, which has no cross-entropy, of its cells alone."""


def explaining(setup: Setup) -> Job[_Both]:
    """The explanation.

    Raises
    ------
    DataError : the values break a rule of either loss
    """
    if not (has_target := not _is_bare(setup)):
        setup = _with_zeros(setup)
    target_of(setup.schema, setup.first)
    setup = unweighted(setup)
    rank, first = setup.request.rank, setup.first
    is_ce, arithmetic = is_of_classes(first), setup.arithmetic
    of_rows, of_cells = _settings(setup, is_ce=is_ce)
    header, cells = (header_of(setup.schema, first, each, rank) for each in (of_rows, of_cells))
    asked = 0 if is_ce else -1

    def compute(batch: Batch) -> _Both:
        try:
            both = both_of(batch, of_rows, arithmetic, of_cells)
        except BrokenRule as broken:
            if (broken.hint or "").startswith("--nan"):
                broken.hint = None  # an option of the other commands
            raise
        headers = (header, cells)[-len(both.each) :]
        summaries = [Summary.of(*each) for each in zip(both.each, headers, strict=True)]
        return _Both(both.each[asked], summaries[asked], both, summaries)

    limit, highest = (0, rank) if rank else (ROWS, Rank(HIGHEST))
    by_ce, by_bce = (TableRows(limit, highest=Ranking(highest)) for _ in range(2))
    settings, label = (of_rows, of_cells), arithmetic.label
    collector = _Explaining(header, cells, settings, label, has_target, by_ce, by_bce)
    checking = of_cells if header.width == 1 else replace(of_rows, weight=of_cells.weight)
    return Job(setup, (header, cells)[asked], checking, compute, [collector])


def _is_bare(setup: Setup) -> bool:
    """Whether there are logits, and nothing that needs a target."""
    request, said = setup.request, setup.request.input.options
    has_loss = setup.first.target is not None or request.rank or said != LossOptions()
    return setup.schema.kind is Kind.LOGITS and not has_loss


def _with_zeros(setup: Setup) -> Setup:
    """Rows with targets that nobody looks at, not for hints either."""
    request = replace(setup.request, hints=HintPolicy.SILENT)
    return setup.changed(
        lambda batch: replace(batch, target=np.zeros(batch.values.shape)), request=request
    )


def _settings(setup: Setup, *, is_ce: bool) -> tuple[Settings, Settings]:
    """The options of either loss; cross-entropy takes none where it is not the problem's."""
    request, schema, first = setup.request, setup.schema, setup.first
    if not is_ce and request.input.options.over(schema.options).label_smoothing:
        rule = "label_smoothing goes with one class for each row"
        raise DataError(rule, place=Place(source=schema.source))

    def settings(task: Task, kind: Kind, *names: str) -> Settings:
        without = dict.fromkeys(names)
        of_file, of_line = (replace(given.options, **without) for given in (schema, request.input))
        asked = replace(request, input=replace(request.input, task=task, options=of_line))
        return settings_of(asked, replace(schema, kind=kind, options=of_file), first)

    of_rows = settings(Task.CE, schema.kind, "pos_weight", *(() if is_ce else ("weight",)))
    kind = Kind.PROBS if schema.kind is Kind.LOG_PROBS else schema.kind
    of_cells = settings(Task.BCE, kind, "label_smoothing", "ignore_index")
    ignored = of_rows.ignored if first.values.shape[1] == 1 else None
    return of_rows, replace(of_cells, ignore_index=ignored)


@dataclass
class _Explaining(Collector[_Both]):
    """The sums under both losses, and the rows that may come to be explained."""

    header: Header
    cells: Header
    settings: tuple[Settings, Settings]
    label: str
    has_target: bool
    by_ce: TableRows
    by_bce: TableRows
    ce: Summary = field(default_factory=Summary)
    bce: Summary = field(default_factory=Summary)

    def add(self, summed: _Both, _given: Batch) -> Iterable[Item]:
        cells, rows = summed.both.cells, summed.both.rows
        of_ce, of_bce = summed.summaries[0], summed.summaries[-1]
        self.ce, self.bce = self.ce.merge(of_ce), self.bce.merge(of_bce)
        self.by_bce.add(cells)
        self.by_ce.add(cells if rows is None else replace(cells, loss=rows.loss, used=rows.used))
        return ()

    def finish(self, _total: Summary) -> Iterable[Item]:
        others = self.bce.rows_used - self.ce.rows_used
        has_ce = self.header.width > 1 and not others
        kept = self.by_bce if others else self.by_ce
        # Those asked for, or, in the order of the input, all or the highest.
        rows = kept.highest.outcomes() if self.header.rank else kept.rows()
        rows = rows if self.has_target else kept.first
        both, weight = self.settings, self.settings[0].weight
        steps = (of_row(row, *both, has_ce=self._has_ce(row, is_all=has_ce)) for row in rows)
        yield Explanation(
            header=self.header,
            rows=tuple(steps),
            is_all=kept.is_all,
            ce=self.ce.finish(self.header, weight, self.label) if has_ce else None,
            bce=self.bce.finish(self.cells, None, self.label),
            without_ce=others,
            has_target=self.has_target,
        )

    def _has_ce(self, row: Outcome, *, is_all: bool) -> bool:
        if self.header.width == 1:
            return False
        if not self.has_target:
            return bool(np.isfinite(row.batch.values.max()))
        is_logits = self.header.schema.kind is Kind.LOGITS
        return (is_all or is_logits) and bool(sums_to_one(row.batch.truth)[0])
