"""Both losses of the same rows: a few rows step by step, all of them in sum."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from cecalc.errors import DataError, Place
from cecalc.explain import steps
from cecalc.explain.steps import Explanation
from cecalc.items import Header, Item, Outcome
from cecalc.losses.checks import BrokenRule
from cecalc.model import Batch, Schema
from cecalc.ranking import Ranking, TableRows
from cecalc.request import Rank
from cecalc.run.both_losses import BothLosses, both_of, is_of_classes, sums_to_one, unweighted
from cecalc.run.collectors import Collector, Job, Setup, Summed
from cecalc.run.settings import header_of, settings_of
from cecalc.summary import Summary
from cecalc.terms import Kind, TargetForm, Task

ROWS, HIGHEST = 6, 3
"""Up to how many rows all are explained, and how many else."""
_WITHOUT = ("weight", "pos_weight", "label_smoothing")


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
    DataError : the values are no logits, or break a rule of either loss
    """
    _refuse_others(setup.schema)
    setup = unweighted(setup, "explain", _WITHOUT)
    rank, first = setup.request.rank, setup.first
    settings = settings_of(setup.request, setup.schema, first)
    header = header_of(setup.schema, first, settings, rank)
    of_cells = replace(header, task=Task.BCE, target_form=TargetForm.CELLS)
    if header.width == 1:
        settings = replace(settings, task=Task.BCE, ignore_index=settings.ignored)
    arithmetic, asked = setup.arithmetic, 0 if is_of_classes(first) else -1

    def compute(batch: Batch) -> _Both:
        try:
            both = both_of(batch, settings, arithmetic)
        except BrokenRule as broken:
            if (broken.hint or "").startswith("--nan"):
                broken.hint = None  # an option of the other commands
            raise
        summaries = [Summary.of(outcome, header) for outcome in both.each]
        return _Both(both.each[asked], summaries[asked], both, summaries)

    limit, highest = (0, rank) if rank else (ROWS, Rank(HIGHEST))
    by_ce, by_bce = (TableRows(limit, highest=Ranking(highest)) for _ in range(2))
    collector = _Explaining(header, of_cells, arithmetic.label, by_ce, by_bce)
    return Job(setup, (header, of_cells)[asked], settings, compute, [collector])


def _refuse_others(schema: Schema) -> None:
    if schema.kind is not Kind.LOGITS:
        what = "probabilities" if schema.kind is Kind.PROBS else "log-probabilities"
        raise DataError(
            f"explain begins with logits, and these are {what}",
            place=Place(source=schema.source),
            hint="if they are logits, say so with --logits or --logits-cols",
        )


@dataclass
class _Explaining(Collector[_Both]):
    """The sums under both losses, and the rows that may come to be explained."""

    header: Header
    of_cells: Header
    label: str
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
        cells = self.bce.finish(self.of_cells, None, self.label)
        yield Explanation(
            header=self.header,
            rows=tuple(steps.of_row(row, has_ce=_has_ce(row)) for row in rows),
            is_all=kept.is_all,
            ce=self.ce.finish(self.header, None, self.label) if has_ce else None,
            bce=cells,
            without_ce=others,
        )


def _has_ce(row: Outcome) -> bool:
    return bool(sums_to_one(row.batch.truth)[0])
