"""What a recipe is: a mistake and a factor in words, and the number they print, from the sums over
the rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from cecalc.mistakes.loss_variants import Variant
from cecalc.mistakes.sums import Batches, Plan, Total
from cecalc.mistakes.tally import Tally

CE_LINE = "loss = F.cross_entropy(logits, target)"
BCE_LINE = "loss = F.binary_cross_entropy_with_logits(logits, target)"


@dataclass(frozen=True)
class Sums:
    """What numbers are made of."""

    tally: Tally
    plan: Plan
    right: Total
    """The loss itself."""
    accuracy: float | None = None
    sequences: Batches = field(default_factory=Batches)
    """The means of sequences, or of other groups of rows, that were averaged first, where that is
    known.
    """
    longest: int = 0
    """The most rows that one of them has."""

    @property
    def rows(self) -> int:
        """How many there are to divide by."""
        return self.tally.rows_used

    @property
    def count(self) -> int:
        """The rows that count, or the cells."""
        return self.tally.cells_used if self.plan.is_of_cells else self.tally.rows_used

    @property
    def given(self) -> int:
        """The same with those that are ignored."""
        return self.tally.rows_given * (self.plan.classes if self.plan.is_of_cells else 1)

    def total(self, reading: str, form: Variant | None = None) -> Total:
        """What a form, the right one where none is named, adds up to with targets that are read so;
        nothing where unknown.
        """
        form = form or self.plan.right
        found = self.tally.totals.get((form, reading), Total())
        return replace(found, is_of_cells=form.is_of_cells)

    def has_ignored(self) -> bool:
        """Whether a row, or a cell, is ignored."""
        return self.count < self.given

    def weighted(self, reading: str) -> Total | None:
        """Weighted losses over the rows or the cells, not over the weights."""
        weight, loss = self.plan.weight, self.total(reading).loss
        return None if weight is None else self.over(loss, self.count)

    def over(self, loss: float, count: float) -> Total:
        """A loss of the right form, and what its mean divides by."""
        return Total(loss, count, is_of_cells=self.plan.is_of_cells)


Number = Callable[[Sums], Total | float | None]
"""What a mistake makes of the sums: a loss that is reduced in some way, or what is printed as it
is; None where it cannot have been made, or cannot be known.
"""


@dataclass(frozen=True)
class Sum:
    """The number of a form, and of a reading of the target, which are summed for it."""

    form: Variant
    reading: str = "given"
    printed: Callable[[Total, Sums], float] | None = None
    """What is printed of it, where no other reduction is tried."""

    @property
    def parts(self) -> tuple[str, str, str, str]:
        """What a mistake may change."""
        return self.form.activation, self.form.loss, self.form.clip, self.reading

    def __call__(self, sums: Sums) -> Total | float | None:
        """The sum, and what it divides by."""
        total = sums.total(self.reading, self.form)
        if not total.rows:
            return None
        return total if self.printed is None else self.printed(total, sums)


def mean_of(total: Total, _sums: Sums) -> float:
    """What is printed where the mean alone is."""
    return total.mean


@dataclass(frozen=True)
class Mistake:
    """One mistake, or several together."""

    name: str
    entries: tuple[int, ...]
    """Its entries in the catalogue."""
    says: str
    """What was done, in a sentence."""
    fix: str | None
    """A line of torch, in which {f} is the loss."""
    of: Number
    """What it prints."""
    rank: int = 1
    """How far it is from nothing: 1 for what many people do, more for what few do."""
    framework: str | None = None
    """Whose habit it is, where it is one library's."""
    is_of_logits: bool = False
    """Whether it cannot be where values were said to be probabilities."""
    holds: Callable[[Sums], bool] = lambda _: True
    """Where it is worth a word."""


NOTHING = Mistake("nothing wrong", (), "", "", lambda sums: sums.right, 0)


def free(name: str, entry: int, value: str, fix: str, of: Number) -> Mistake:
    """What is no mistake, but an option nobody told of, at a usual value."""
    says = f"the loss was computed with {value}, which was not told here"
    return Mistake(f"{name}: {value}", (entry,), says, fix, of, 2)


@dataclass(frozen=True)
class Factor:
    """A harmless difference: another reduction, another base of the logarithm."""

    name: str
    entry: int
    says: str
    fix: str | None
    """A line of torch, in which {f} is the loss."""
    of: Callable[[Total, Sums], float]
    """From a loss to the number; nan where it says nothing of its own."""
    rank: int = 1
    with_mistakes: bool = True
    """Whether it is tried together with a mistake too."""
