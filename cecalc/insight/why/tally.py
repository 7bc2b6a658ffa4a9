"""What an input adds up to, for recipes: merged in the order of its rows, whatever their number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from cecalc.insight.why.costs import Costs
from cecalc.insight.why.forms import CE, Form
from cecalc.insight.why.plan import Plan
from cecalc.insight.why.rows import NEIGHBOURS, Rows
from cecalc.insight.why.scores import Scores, by_class
from cecalc.insight.why.sums import Batches, Columns, Span, Total

if TYPE_CHECKING:
    from cecalc.records import Floats

KEPT = 2**16
"""Up to how many values an input is kept whole, for what sums cannot tell."""


Totals = Mapping[tuple[Form, str], Total]


@dataclass(frozen=True)
class Tally:
    """Counts and sums over rows; an empty one is neutral. Losses are in nats."""

    rows_given: int = 0
    rows_used: int = 0
    cells_given: int = 0
    cells_used: int = 0
    samples: int = 0
    """How many entries axis 0 has; fewer than rows where the input has more dimensions."""
    totals: Totals = field(default_factory=dict)
    """For each form and reading of the target."""
    ones: float = 0.0
    """Σ of the targets of cells."""
    entropy: float = 0.0
    """Σ of the entropies of the targets."""
    exponentials: float = 0.0
    """Σ exp(loss) of the right form."""
    row_loss: Span = field(default_factory=Span)
    """Of the right form, unweighted."""
    lse: Span = field(default_factory=Span)
    """Of the log-sum-exps of the rows: 0 where the logits are log-probabilities."""
    peak: float = -math.inf
    """The largest logit."""
    own: float = -math.inf
    """The largest logit of a target's class."""
    gap: float = -math.inf
    """How far at most the target's logit is below the largest of its row."""
    has_infinite: bool = False
    """Whether a logit is."""
    counts: Floats | None = None
    """Shape (C,): how much of the target each class has."""
    by_class: Floats | None = None
    """Shape (C,): what the rows of each class cost, unweighted."""
    columns: Columns | None = None
    batches: Mapping[int, Batches] = field(default_factory=dict)
    """By their size."""
    kept: tuple[Rows, ...] | None = ()
    """All rows, as long as they are few."""
    head: Rows | None = None
    tail: Rows | None = None
    """The first and the last few rows: targets are also read against their neighbours."""

    def plus(self, other: Tally, plan: Plan) -> Tally:
        """Both, without what lies where they meet."""
        batches = {
            size: self.batches.get(size, Batches()).merge(
                other.batches.get(size, Batches()), plan.rows_of(size)
            )
            for size in plan.known.batch_sizes
        }
        return Tally(
            rows_given=self.rows_given + other.rows_given,
            rows_used=self.rows_used + other.rows_used,
            cells_given=self.cells_given + other.cells_given,
            cells_used=self.cells_used + other.cells_used,
            samples=max(self.samples, other.samples),
            totals=_totals(self.totals, other.totals),
            ones=self.ones + other.ones,
            entropy=self.entropy + other.entropy,
            exponentials=self.exponentials + other.exponentials,
            row_loss=self.row_loss | other.row_loss,
            lse=self.lse | other.lse,
            peak=max(self.peak, other.peak),
            own=max(self.own, other.own),
            gap=max(self.gap, other.gap),
            has_infinite=self.has_infinite or other.has_infinite,
            counts=_sum(self.counts, other.counts),
            by_class=_sum(self.by_class, other.by_class),
            columns=_joined(self.columns, other.columns),
            batches=batches,
            kept=_few(self.kept, other.kept),
            head=self.head or other.head,
            tail=other.tail or self.tail,
        )

    def merge(self, other: Tally, plan: Plan) -> Tally:
        """The sums over both, in this order."""
        both = self.plus(other, plan)
        if self.tail is None or other.head is None or self.head is None or other.tail is None:
            return both
        seam = self.tail.joined(other.head)
        totals = dict(both.totals)
        for form, reading, total in _over_seam(seam, self.tail.size, plan):
            totals[form, reading] = totals[form, reading] + total
        head, tail = self.head, other.tail
        if head.size < NEIGHBOURS:
            head = head.joined(other.head).part(slice(0, NEIGHBOURS))
        if tail.size < NEIGHBOURS:
            whole = self.tail.joined(tail)
            tail = whole.part(slice(max(whole.size - NEIGHBOURS, 0), whole.size))
        return replace(both, totals=totals, head=head, tail=tail)


def _totals(a: Totals, b: Totals) -> Totals:
    """What both know; a form that says nothing about some rows says nothing of all."""
    if not a or not b:
        return b or a
    return {key: total + b[key] for key, total in a.items() if key in b}


def _sum(a: Floats | None, b: Floats | None) -> Floats | None:
    if a is None or b is None:
        return b if a is None else a
    return a + b


def _joined(a: Columns | None, b: Columns | None) -> Columns | None:
    if a is None or b is None:
        return b if a is None else a
    return a | b


def _few(a: tuple[Rows, ...] | None, b: tuple[Rows, ...] | None) -> tuple[Rows, ...] | None:
    if a is None or b is None:
        return None
    return (*a, *b) if sum(rows.logits.size for rows in (*a, *b)) <= KEPT else None


@np.errstate(all="ignore")
def _over_seam(seam: Rows, cut: int, plan: Plan) -> list[tuple[Form, str, Total]]:
    """Neighbours that stand on both sides of a cut."""
    if plan.is_of_cells or not seam.is_index:
        return []
    scores, costs = Scores(by_class(seam.logits)), Costs(seam, plan)
    return [
        (form, reading, costs.read(form, form.of(scores), index, there))
        for form in (plan.forms if plan.known.deep else (CE,))
        for reading, index, there in seam.over(cut)
    ]
