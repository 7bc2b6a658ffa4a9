"""The derivation of rows under both losses, as numbers; what a person reads is made by a view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cecalc.records.results import Header, Outcome, Report

if TYPE_CHECKING:
    from cecalc.records.rows import Floats


@dataclass(frozen=True)
class SoftmaxSteps:
    """One row of logits to its cross-entropy. Arrays have shape (C,); losses are in nats."""

    logits: Floats
    target: Floats
    """The share of each class; one-hot for a class index."""
    peak: float
    """The largest logit."""
    best: int
    """Its class, the first on ties."""
    powers: Floats
    """exp x, which may overflow or underflow."""
    total: float
    """Σ exp x."""
    shifted: Floats
    """exp(x − peak), which cannot overflow."""
    rest: float
    """Σ exp(x − peak) over the other classes than the best."""
    probs: Floats
    surprisal: Floats
    """−ln p of each class, without p."""
    loss: float
    """Σ y·(−ln p)."""
    gradient: Floats
    """Of the loss, for each logit: Σy·p − y."""

    @property
    def shifted_total(self) -> float:
        """Σ exp(x − peak)."""
        return 1.0 + self.rest


@dataclass(frozen=True)
class SigmoidSteps:
    """One row of logits to the binary cross-entropy of its cells. Arrays have shape (C,)."""

    logits: Floats
    target: Floats
    powers: Floats
    """exp(−x), which may overflow."""
    probs: Floats
    complements: Floats
    """1 − p, without p."""
    cell_loss: Floats
    """nats"""
    loss: float
    """Σ over the cells, nats."""
    gradient: Floats
    """Of the cell's loss, for its logit: p − y."""


@dataclass(frozen=True)
class RowSteps:
    """One row under both losses."""

    outcome: Outcome
    """The row itself, which names it."""
    sigmoid: SigmoidSteps | None
    """None where the row is ignored."""
    softmax: SoftmaxSteps | None
    """None also where the target does not sum to 1; for one logit z, that of the pair (0, z)."""
    difference: SigmoidSteps | None = None
    """For two classes: the one cell x₁ − x₀, whose binary cross-entropy is the row's loss."""


@dataclass(frozen=True)
class Explanation:
    """What `explain` shows: some rows step by step, and what all rows add up to."""

    header: Header
    rows: tuple[RowSteps, ...]
    is_all: bool
    """Whether no row is left out."""
    ce: Report | None
    """None where not every row has a cross-entropy."""
    bce: Report
    without_ce: int
    """How many rows have targets that do not sum to 1."""
