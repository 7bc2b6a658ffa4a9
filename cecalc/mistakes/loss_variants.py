"""Losses as they may have been computed, rightly or not, each one linear in its target.

A *form* is an activation, a loss, and where a library clips. A row of logits costs it

    Σ_c y_c · one_c + (1 − y_c) · zero_c

whatever the target y is: a class, a distribution, the cells of binary cross-entropy, or one of
these misread; zero_c is 0 where a loss only looks at what the target names. So what is asked of a
target later is a sum of the same few sums. Arrays are (C, n) here; losses are in nats.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from cecalc.losses.stable import softplus
from cecalc.model import Flags, Floats, Integers

_NARROW = 64
"""Rows of fewer classes are laid out class by class, so that sums over classes add long rows."""


def by_class(array: Floats) -> Floats:
    """An array of shape (n, C) as (C, n), laid out so that sums over classes are quick."""
    if array.shape[1] < _NARROW:
        return np.ascontiguousarray(array.T, dtype=np.float64)
    return np.ascontiguousarray(array, dtype=np.float64).T


def one_hot(index: Integers, classes: int) -> Floats:
    """Shape (C, n): 1 for the class of each row, else 0."""
    return np.where(np.arange(classes)[:, None] == index, 1.0, 0.0)


def own_of(array: Floats, index: Integers) -> Floats:
    """Of an array of shape (C, n), the class of each row: shape (n,)."""
    return array[index, np.arange(index.size)]


class Scores(dict[str, Floats]):
    """Some rows of logits, and what becomes of them; each computed once, when asked for.

    Parameters
    ----------
    logits : shape (C, n), float64; -inf masks a class
    """

    def __missing__(self, name: str) -> Floats:
        """What `FROM_LOGITS` makes of them."""
        function, *number = name.split()
        self[name] = FROM_LOGITS[function](self, *map(float, number))
        return self[name]


def as_float16(values: Floats) -> Floats:
    """The nearest numbers of float16."""
    return values.astype(np.float16).astype(np.float64)


def as_bfloat16(values: Floats) -> Floats:
    """The nearest numbers of bfloat16, on ties the even one."""
    bits = values.astype(np.float32).view(np.uint32)
    rounded = (bits + np.uint32(0x7FFF) + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)
    return rounded.view(np.float32).astype(np.float64)


FROM_LOGITS: Mapping[str, Callable[..., Floats]] = {
    "peak": lambda s: s["logits"].max(axis=0),  # shape (n,), as the total and the log-sum-exp
    "powers": lambda s: np.exp(s["logits"] - s["peak"]),
    "total": lambda s: s["powers"].sum(axis=0),
    "lse": lambda s: s["peak"] + np.log(s["total"]),
    "softmax": lambda s: s["powers"] / s["total"],
    "softmax_half": lambda s: as_float16(s["softmax"]),
    "log_softmax": lambda s: s["logits"] - s["lse"],
    "small": lambda s: np.exp(-np.abs(s["logits"])),
    "sigmoid": lambda s: np.where(s["logits"] >= 0, 1.0, s["small"]) / (1.0 + s["small"]),
    # float32 computes exactly 1 above 16.64, since it adds 1 first
    "sigmoid_single": lambda s: (1.0 / (1.0 + np.exp(-s["logits"].astype(np.float32)))).astype(
        np.float64
    ),
    "softplus": lambda s: np.maximum(s["logits"], 0.0) + np.log1p(s["small"]),
    "hard": lambda s: one_hot(s["logits"].argmax(axis=0), len(s["logits"])),
    "hard_cells": lambda s: np.where(s["logits"] >= 0, 1.0, 0.0),
    "shares": lambda s: s["logits"] / s["logits"].sum(axis=0),  # as Keras makes any row sum to 1
    "float16": lambda s: as_float16(s["logits"]),
    "bfloat16": lambda s: as_bfloat16(s["logits"]),
    "doubled": lambda s: 2.0 * s["logits"],  # the difference of (z, -z)
    "single": lambda s: s["logits"].astype(np.float32),
    "over": lambda s, temperature: s["logits"] / temperature,
    "capped": lambda s, cap: cap * np.tanh(s["logits"] / cap),
    "tanh": lambda s, cap: s["logits"] * np.tanh(s["logits"] / cap),
}
"""Activations, rightly or not, shape (C, n), and what they are made of; a number they take stands
behind their name.
"""


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
    plus: float = 0.0
    """What is added to p and to 1 − p once they are clipped."""

    def surprisal(self, probs: Any) -> Any:
        """−ln p."""
        inside = np.clip(probs, self.low, 1.0) if self.low else probs
        return np.minimum(0.0 - np.log(inside + self.plus), self.most)

    def other(self, probs: Any) -> Any:
        """−ln(1 − p)."""
        if not (self.rest or self.plus):
            return np.minimum(0.0 - np.log1p(-probs), self.most)
        rest = np.clip(1.0 - np.clip(probs, 0.0, 1.0), self.rest, 1.0)
        return 0.0 - np.log(rest + self.plus)


CAPS = (1e-5, 1e-6, 1e-8, 1e-9, 1e-10, 1e-12, 1e-16, 1e-20)
"""Epsilons below which people clip p, or which they add to it."""
FLT_MIN = 2.0**-126

CLIPS = {
    "": Clip(0.0, 0.0),
    "torch": Clip(0.0, 0.0, 100.0),
    "keras": Clip(1e-7, 2.0**-23),
    "keras twice": Clip(1e-7, 2.0**-23, plus=1e-7),
    "sklearn": Clip(2.0**-52, 2.0**-52),
    "sklearn old": Clip(1e-15, 1 - (1 - 1e-15)),
    "sklearn single": Clip(2.0**-23, 2.0**-23),
    **{f"{cap:g}": Clip(0.0, 0.0, -math.log(cap)) for cap in (*CAPS, FLT_MIN)},
    **{f"p + {eps:g}": Clip(0.0, 0.0, plus=eps) for eps in CAPS},
}
"""Whose habit each is; without a name, none."""

_TINY, _NEARLY = 16.11809565, 15.94238515
"""What Keras makes of ln 0 and ln(1 − 1) in float32."""


@dataclass(frozen=True)
class Variant:
    """A way to compute a loss."""

    activation: str
    """Which of the `Scores` the loss is given."""
    loss: str
    clip: str = ""
    """Which of the `CLIPS` the loss has."""

    @property
    def is_of_cells(self) -> bool:
        """Whether the loss has a value for each cell, not for each row."""
        return "bce" in self.loss

    @property
    def wants_binary(self) -> bool:
        """Whether it is linear in targets of 0 and 1 alone."""
        return self.loss.startswith(("swapped", "focal"))

    def of(self, scores: Scores) -> Terms:
        """What the form makes of some rows."""
        is_plain = self.activation == "logits"
        given = scores if is_plain else Scores(logits=scores[self.activation])
        loss, *gamma = self.loss.split()
        return LOSSES[loss](given, CLIPS[self.clip], *map(float, gamma))


def _focal_of_cells(
    scores: Scores, _clip: Clip, gamma: float, alphas: tuple[float, float] = (1, 1)
) -> Terms:
    """Where y is 1, (1 - p)**gamma * -ln p; where it is 0, p**gamma * -ln(1 - p)."""
    of_ones, of_zeros = alphas
    zeros = of_zeros * scores["softplus"] * scores["sigmoid"] ** gamma
    return Terms(
        scores["logits"], lambda z: of_ones * softplus(-z) * np.exp(-gamma * softplus(z)), zeros
    )


LOSSES: Mapping[str, Callable[..., Terms]] = {
    "ce": lambda s, _: Terms(s["logits"], np.negative, row=s["lse"]),
    "nll": lambda s, _: Terms(s["logits"], np.negative),
    "log": lambda s, clip: Terms(s["logits"], clip.surprisal),
    "bce_logits": lambda s, _: Terms(s["logits"], lambda z: softplus(-z), s["softplus"]),
    "bce": lambda s, clip: Terms(s["logits"], clip.surprisal, clip.other(s["logits"])),
    # softmax of a one-hot target, and the logits as what it is compared with
    "swapped_ce": lambda s, _: Terms(
        s["logits"],
        np.negative,
        row=math.log(math.e + len(s["logits"]) - 1) * s["logits"].sum(axis=0),
    ),
    "swapped_bce": lambda s, _: Terms(
        s["logits"], lambda z: math.log1p(math.e) - z, np.full_like(s["logits"], math.log(2))
    ),
    "swapped_keras_bce": lambda s, _: Terms(
        s["logits"], lambda p: (1.0 - p) * _NEARLY, s["logits"] * _TINY
    ),
    "swapped_keras_ce": lambda s, _: Terms(s["logits"], lambda p: (1.0 - p) * _TINY),
    "capped": lambda s, clip: Terms(s["log_softmax"], lambda lp: np.minimum(-lp, clip.most)),
    "capped_bce": lambda s, clip: Terms(
        s["logits"],
        lambda z: np.minimum(softplus(-z), clip.most),
        np.minimum(s["softplus"], clip.most),
    ),
    # the target's own term out of the denominator
    "others": lambda s, _: Terms(s["log_softmax"], lambda lp: np.log(-np.expm1(lp)) - lp),
    "focal": lambda s, _, gamma: Terms(s["log_softmax"], lambda lp: -lp * (-np.expm1(lp)) ** gamma),
    "focal_bce": _focal_of_cells,
    "focal_bce_alpha": partial(_focal_of_cells, alphas=(0.25, 0.75)),
}
"""Losses of what an activation made, and where they clip; an exponent stands behind their name."""
CE, BCE = Variant("logits", "ce"), Variant("logits", "bce_logits")
"""The two losses as they should be computed."""


@dataclass(frozen=True)
class Terms:
    """What a form makes of n rows."""

    values: Floats
    """Shape (C, n): what the loss is given."""
    one: Map
    """What a unit of target costs at a value; elementwise."""
    zeros: Floats | None = None
    """Shape (C, n): what targets of 0 cost; None for nothing."""
    row: Floats | float = 0.0
    """Shape (n,): what a unit of target costs whatever the value."""

    def const(self, counted: Flags | None = None) -> Floats:
        """What rows cost whose targets are all 0: shape (n,)."""
        if self.zeros is None:
            return np.zeros(self.values.shape[1])
        return _over_classes(self.zeros, counted)

    def at(self, index: Integers) -> Floats:
        """The loss of rows whose target is one class: shape (n,)."""
        loss: Floats = self.row + self.one(own_of(self.values, index))
        if self.zeros is not None:
            loss = self.const() + (loss - own_of(self.zeros, index))
        return loss

    def mixed(
        self,
        target: Floats,
        counted: Flags | None = None,
        weights: tuple[Floats, Floats] | None = None,
    ) -> Floats:
        """The loss of rows whose target is a share for each class or cell, shape (C, n).

        Parameters
        ----------
        weights : what multiplies targets 1, and targets 0
        """
        of_ones = target if weights is None else weights[0] * target
        each = np.where(target == 0, 0.0, of_ones * (self.row + self.one(self.values)))
        if self.zeros is not None:
            of_zeros = 1.0 - target if weights is None else weights[1] * (1.0 - target)
            each = each + np.where(target == 1, 0.0, of_zeros * self.zeros)
        return _over_classes(each, counted)

    def every(self, weight: Floats | None = None, counted: Flags | None = None) -> Floats:
        """What one more unit of target costs in every class together, shape (n,).

        Parameters
        ----------
        weight : shape (C,), of the classes
        counted : shape (C, n), which cells count
        """
        each = self.row + self.one(self.values)
        if self.zeros is not None:
            each = each - self.zeros
        return _over_classes(each if weight is None else weight[:, None] * each, counted)


def _over_classes(each: Floats, counted: Flags | None) -> Floats:
    total: Floats = (each if counted is None else np.where(counted, each, 0.0)).sum(axis=0)
    return total
