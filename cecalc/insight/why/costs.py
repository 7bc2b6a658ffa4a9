"""What rows of classes cost under a form, with the weights and the smoothing that are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cecalc.insight.why.forms import Form, Terms
from cecalc.insight.why.plan import Plan
from cecalc.insight.why.rows import Rows
from cecalc.insight.why.sums import Total

if TYPE_CHECKING:
    from cecalc.records import Flags, Floats, Integers


@dataclass(frozen=True)
class Costs:
    """Some rows, whose targets are weighted and smoothed as a plan says; losses of shape (n,)."""

    rows: Rows
    plan: Plan

    def of_index(self, terms: Terms, index: Integers) -> Floats:
        """Rows whose target is one class, whichever that is."""
        return self.smoothed(terms, self.plan.weights(index) * terms.at(index))

    def read(self, form: Form, terms: Terms, index: Integers, mask: Flags) -> Total:
        """The sum over rows whose target is read as one class, of those that count."""
        if form.is_of_cells:  # there, weights belong to columns
            return Total.of(terms.at(index), np.ones(len(index)), mask)
        return Total.of(self.of_index(terms, index), self.plan.weights(index), mask)

    def given(self, terms: Terms) -> Floats:
        """Rows with their own targets."""
        return self.smoothed(terms, self.unsmoothed(terms))

    def unsmoothed(self, terms: Terms) -> Floats:
        """The same without smoothing."""
        if self.rows.is_index:
            return self.plan.weights(self.rows.index) * terms.at(self.rows.index)
        return terms.mixed(self.rows.weighted(self.plan.weight))

    def smoothed(self, terms: Terms, losses: Floats) -> Floats:
        """With the share of smoothing that every class has, as torch does."""
        eps = self.plan.smoothing
        if not eps:
            return losses
        const = terms.const()
        spread = eps / self.plan.classes * terms.every(self.plan.weight)
        return const + (1.0 - eps) * (losses - const) + spread
