"""Losses as they may have been computed, rightly or not, each one linear in its target.

A *form* is an activation, a loss, and where a library clips. Of a row of logits it makes

    const + Σ_c y_c · slope_c

whatever the target y is: a class, a distribution, the cells of binary cross-entropy, or one of
these misread. So what is asked of a target later is a sum of the same few sums. Arrays are (C, n)
here: sums over classes are then additions of long rows. Losses are in nats.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cecalc.insight.why.scores import Scores

if TYPE_CHECKING:
    from cecalc.records import Floats, Integers

Map = Callable[[Any], Any]


@dataclass(frozen=True)
class Clip:
    """Where a library stops −ln p and −ln(1 − p)."""

    low: float
    """The least p it takes the logarithm of."""
    rest: float
    """The least 1 − p; in float32 the grid near 1 is coarser than `low`."""
    most: float = math.inf
    """The largest −ln p."""


NOWHERE = Clip(0.0, 0.0)
TORCH = Clip(0.0, 0.0, 100.0)
KERAS = Clip(1e-7, 2.0**-23)
KERAS_TWICE = Clip(2e-7, math.exp(-15.33324))
SKLEARN = Clip(2.0**-52, 2.0**-52)
SKLEARN_OLD = Clip(1e-15, 1 - (1 - 1e-15))
SKLEARN_SINGLE = Clip(2.0**-23, 2.0**-23)


def _lse(values: Floats) -> Floats:
    peak = values.max(axis=0)
    lse: Floats = peak + np.log(np.exp(values - peak).sum(axis=0))
    return lse


def _softplus(values: Floats) -> Floats:
    softplus: Floats = np.maximum(values, 0.0) + np.log1p(np.exp(-np.abs(values)))
    return softplus


def _surprisal(clip: Clip) -> Map:
    """−ln p."""

    def of(probs: Floats) -> Floats:
        inside = np.clip(probs, clip.low, 1.0) if clip.low else probs
        nats: Floats = 0.0 - np.log(inside)
        return np.minimum(nats, clip.most) if clip.most < math.inf else nats

    return of


def _other_surprisal(clip: Clip) -> Map:
    """−ln(1 − p)."""
    most = -math.log(clip.rest) if clip.rest else clip.most

    def of(probs: Floats) -> Floats:
        inside = np.clip(probs, 0.0, 1.0) if clip.rest else probs
        nats: Floats = 0.0 - np.log1p(-inside)
        return np.minimum(nats, most) if most < math.inf else nats

    return of


_SWAPPED_ONE = math.log1p(math.e)
"""ln(1 + e), what binary cross-entropy makes of a target of 1 taken for a logit."""
_TINY, _NEARLY = 16.11809565, 15.94238515
"""What Keras makes of ln 0 and ln(1 − 1) in float32."""


def _swapped_keras(probs: Floats) -> Floats:
    return probs * _TINY


def _swapped_keras_slope(probs: Floats) -> Floats:
    return (1.0 - probs) * _NEARLY - probs * _TINY


@dataclass(frozen=True)
class Form:
    """A way to compute a loss."""

    activation: str
    """The attribute of `Scores` that the loss is given."""
    loss: str
    clip: Clip = NOWHERE

    @property
    def is_of_cells(self) -> bool:
        """Whether the loss has a value for each cell, not for each row."""
        return self.loss in ("bce_logits", "bce", "swapped_bce", "swapped_keras")

    @property
    def wants_binary(self) -> bool:
        """Whether it is linear in targets of 0 and 1 alone."""
        return self.loss.startswith("swapped")

    def of(self, scores: Scores) -> Terms:
        """What the form makes of some rows."""
        values: Floats = getattr(scores, self.activation)
        is_plain = values is scores.logits
        surprisal, other = _surprisal(self.clip), _other_surprisal(self.clip)
        each: Floats | None = None
        """What each cell costs without its target."""
        slope: Map = np.negative
        row = np.zeros(1)
        match self.loss:
            case "ce":
                row = scores.lse if is_plain else _lse(values)
            case "log":
                slope = surprisal
            case "bce_logits":
                each = scores.softplus if is_plain else _softplus(values)
            case "bce":
                each, slope = other(values), lambda u: surprisal(u) - other(u)
            case "swapped_ce":
                each = math.log(math.e + len(values) - 1) * values
            case "swapped_bce":
                each = np.full(values.shape, math.log(2))
                slope = lambda z: _SWAPPED_ONE - math.log(2) - z  # noqa: E731
            case "swapped_keras":
                each, slope = _swapped_keras(values), _swapped_keras_slope
        const = np.zeros(values.shape[1]) if each is None else each.sum(axis=0)
        return Terms(values, const, slope, row)


@dataclass(frozen=True)
class Terms:
    """What a form makes of n rows."""

    values: Floats
    """Shape (C, n): what the loss is given."""
    const: Floats
    """Shape (n,): what a row costs without its target."""
    slope: Map
    """What a unit of target costs at a value; elementwise."""
    row: Floats
    """Shape (n,), or (1,): what it costs whatever the value."""

    def at(self, index: Integers) -> Floats:
        """The loss of rows whose target is one class: shape (n,)."""
        own = np.take_along_axis(self.values, index[None, :], axis=0)[0]
        loss: Floats = self.const + (self.row + self.slope(own))
        return loss

    def mixed(self, target: Floats) -> Floats:
        """The loss of rows whose target is a share for each class or cell, shape (C, n)."""
        each = np.where(target == 0, 0.0, target * (self.row + self.slope(self.values)))
        loss: Floats = self.const + each.sum(axis=0)
        return loss

    def every(self, weight: Floats | None = None) -> Floats:
        """The slopes of all classes together, shape (n,), each times its weight, shape (C,)."""
        each = self.row + self.slope(self.values)
        total: Floats = (each if weight is None else weight[:, None] * each).sum(axis=0)
        return total


CE, BCE = Form("logits", "ce"), Form("logits", "bce_logits")
"""The two losses as they should be computed."""
