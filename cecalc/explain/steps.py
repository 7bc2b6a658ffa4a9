"""The derivation of a row: what a whiteboard would show, with the digits a whiteboard would lose.

Every loss and probability comes from the formulas of `cecalc.losses`; the plain powers stand beside
them, for what is to be seen of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from cecalc.compute import Settings
from cecalc.compute.bce import laid_out
from cecalc.compute.ce import SURPRISAL, probability
from cecalc.items import Header, Item, Outcome, Report
from cecalc.losses import activations, binary_cross_entropy, cross_entropy
from cecalc.losses.stable import exp_difference, normaliser, tree_sum, weighted
from cecalc.model import Floats
from cecalc.terms import Kind

_MADE = {"exp", "sum_exp", "max", "exp_shifted", "sum_exp_shifted", "softmax", "denominator"}
_MADE |= {"sigmoid", "gradient"}
"""What lies between logits and their losses alone."""
_EMPTY = np.empty(0)
_MILD = 20.0
"""Up to which largest logit exp x stands there as it is, and not exp(x − max)."""


@dataclass(frozen=True)
class Steps:
    """One row of values to a loss. Arrays have shape (C,); losses are in nats.

    The fields after the third are the members of the JSON object, in its order; those that lie
    between logits and probabilities are empty where probabilities are given.
    """

    values: Floats
    target: Floats
    """The share of each class; one-hot for a class index."""
    kind: Kind

    @property
    def members(self) -> dict[str, Any]:
        """Every step by its name."""
        hidden = {"values", "target", "kind"} | (set() if self.kind is Kind.LOGITS else _MADE)
        return {name: s for name, s in vars(self).items() if name not in hidden and s is not None}


@dataclass(frozen=True)
class ClassSteps(Steps):
    """The row together, to its cross-entropy."""

    exp: Floats
    """exp x, which may overflow or underflow."""
    sum_exp: float
    max: float
    exp_shifted: Floats
    """exp(x − max), which cannot overflow."""
    sum_exp_shifted: float
    softmax: Floats
    """The probabilities, also those given."""
    surprisal: Floats
    """−ln p of each class, without p."""
    loss: float
    """Σ w·y·(−ln p)."""
    gradient: Floats
    """Of the loss, for each logit: Σwy·p − wy."""
    smoothed: Floats | None
    """The target that is meant, where the one given is smoothed."""
    weight: Floats | None

    @property
    def mixed(self) -> Floats:
        """The target that is meant."""
        return self.target if self.smoothed is None else self.smoothed

    @property
    def rest(self) -> float:
        """Σ exp(x − max) over the other classes than the best, which may be lost beside its 1."""
        return float(normaliser(self.values[None]).tail[0])


@dataclass(frozen=True)
class CellSteps(Steps):
    """Each value alone, to the binary cross-entropy of its cell."""

    denominator: Floats
    """1 + exp(−x), which may overflow."""
    sigmoid: Floats
    """The probabilities, also those given."""
    complement: Floats
    """1 − p, without p."""
    cells: Floats
    """The losses."""
    sum: float
    gradient: Floats
    """Of the cell's loss, for its logit: p − y."""
    weight: Floats | None
    pos_weight: Floats | None


@dataclass(frozen=True)
class RowSteps:
    """One row under both losses."""

    outcome: Outcome
    """The row itself, which names it."""
    bce: CellSteps | None = None
    """None where the row is ignored."""
    ce: ClassSteps | None = None
    """None also for one logit, and where the target does not sum to 1."""


@dataclass(frozen=True)
class Explanation(Item):
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
    has_target: bool = True
    """Whether there is a loss."""

    @property
    def has_ce(self) -> bool:
        """Whether one of the rows shown has a cross-entropy."""
        return any(row.ce for row in self.rows)

    @property
    def is_mild(self) -> bool:
        """Whether exp x is a number for people in every row."""
        return all(-_MILD <= row.ce.max <= _MILD for row in self.rows if row.ce)

    @property
    def kind(self) -> Kind:
        """What the values are."""
        return self.header.schema.kind

    @property
    def is_plain(self) -> bool:
        """Whether the gradients are p − y."""
        return not (self.has("weight") or self.has("pos_weight") or self.header.label_smoothing)

    def has(self, weight: str) -> bool:
        """Whether there are such weights."""
        return any(getattr(row.bce, weight, None) is not None for row in self.rows)


@np.errstate(over="ignore")
def of_row(outcome: Outcome, of_rows: Settings, of_cells: Settings, *, has_ce: bool) -> RowSteps:
    """The steps of a row.

    Parameters
    ----------
    outcome : one row, whose target is a number for each value
    of_rows, of_cells : the options of either loss
    has_ce : whether that target is a distribution over the classes
    """
    if not outcome.used[0]:
        return RowSteps(outcome)
    values = outcome.batch.values[0].astype(np.float64)
    target = outcome.batch.truth[0].astype(np.float64)
    weight, pos_weight = (
        None if of is None else laid_out(of, outcome.batch)[0]
        for of in (of_cells.weight, of_cells.pos_weight)
    )
    bce = cell_steps(values, target, weight, pos_weight, of_rows.kind)
    factors = of_rows.weight, of_rows.label_smoothing, of_rows.kind
    return RowSteps(outcome, bce, class_steps(values, target, *factors) if has_ce else None)


@np.errstate(over="ignore", under="ignore", invalid="ignore")
def class_steps(
    values: Floats,
    target: Floats,
    weight: Floats | None = None,
    smoothing: float = 0.0,
    kind: Kind = Kind.LOGITS,
) -> ClassSteps:
    """The steps to the cross-entropy of one row.

    Parameters
    ----------
    values : shape (C,); logits none NaN or +inf, not all −inf
    target : shape (C,), summing to 1

    Examples
    --------
    The loss of (37, 0) is not lost with its probability, which rounds to 1:

    >>> steps = class_steps(np.asarray([37.0, 0.0]), np.asarray([1.0, 0.0]))
    >>> steps.softmax[0], steps.loss, steps.gradient[0]
    (np.float64(1.0), 8.533047625744066e-17, np.float64(-8.533047625744066e-17))
    """
    row = values[None]
    smoothed = cross_entropy.smoothed_distribution(target, smoothing) if smoothing else None
    share = target if smoothed is None else smoothed
    share = share if weight is None else weight * share
    surprisal = SURPRISAL[kind](row)
    loss = float(cross_entropy.of_distribution(surprisal, share[None])[0])
    if kind is not Kind.LOGITS:
        none, probs = (_EMPTY, math.nan, 0.0, _EMPTY, math.nan), probability(values, kind)
        return ClassSteps(
            values, target, kind, *none, probs, surprisal[0], loss, _EMPTY, smoothed, weight
        )
    peak, best, tail = normaliser(row)
    total, probs, powers = 1.0 + float(tail[0]), activations.softmax(row)[0], np.exp(values)
    sums = float(tree_sum(powers[None])[0]), float(peak[0])
    complements = 1.0 - probs
    complements[best] = tail / total  # 1 − p would be 0 where p rounds to 1
    gradient = probs * (tree_sum(share[None])[0] - share) - complements * share
    made = powers, *sums, exp_difference(values, peak), total
    return ClassSteps(
        values, target, kind, *made, probs, surprisal[0], loss, gradient, smoothed, weight
    )


@np.errstate(over="ignore", under="ignore", invalid="ignore")
def cell_steps(
    values: Floats,
    target: Floats,
    weight: Floats | None = None,
    pos_weight: Floats | None = None,
    kind: Kind = Kind.LOGITS,
) -> CellSteps:
    """The steps to the binary cross-entropy of one row's cells.

    Parameters
    ----------
    values : shape (C,), none NaN; of logarithms, the cells are those of their probabilities
    target : shape (C,), within [0, 1]

    Examples
    --------
    >>> cell_steps(np.asarray([40.0]), np.asarray([0.0])).complement
    array([4.24835426e-18])
    """
    denominator = gradient = _EMPTY
    if kind is Kind.LOGITS:
        probs, complements = activations.sigmoid(values), activations.sigmoid(-values)
        losses = binary_cross_entropy.with_logits(values, target, pos_weight=pos_weight)
        of_ones = target if pos_weight is None else target * pos_weight
        gradient = probs * (1.0 - target) - complements * of_ones
        gradient = gradient if weight is None else gradient * weight
        denominator = 1.0 + np.exp(-values)
    else:
        probs = np.minimum(probability(values, kind), 1.0)
        complements, losses = 1.0 - probs, binary_cross_entropy.of_probs(probs, target)
    losses = losses if weight is None else weighted(weight, losses)
    made = denominator, probs, complements, losses, float(tree_sum(losses[None])[0]), gradient
    return CellSteps(values, target, kind, *made, weight, pos_weight)
