"""Logits, and what activations make of them; shape (C, n), a class or cell in each row."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from cecalc.records import Floats


_NARROW = 64
"""Rows of fewer classes are laid out class by class, so that sums over classes add long rows."""


def by_class(array: Floats) -> Floats:
    """An array of shape (n, C) as (C, n), laid out so that sums over classes are quick."""
    if array.shape[1] < _NARROW:
        return np.ascontiguousarray(array.T, dtype=np.float64)
    return np.ascontiguousarray(array, dtype=np.float64).T


class Scores:
    """Some rows of logits, and what activations make of them; each computed once, when asked for.

    Parameters
    ----------
    logits : shape (C, n), float64; −inf masks a class
    """

    def __init__(self, logits: Floats) -> None:
        self.logits = logits

    @cached_property
    def peak(self) -> Floats:
        """Shape (n,): the largest logit."""
        peak: Floats = self.logits.max(axis=0)
        return peak

    @cached_property
    def powers(self) -> Floats:
        """exp(logit − peak)."""
        powers: Floats = np.exp(self.logits - self.peak)
        return powers

    @cached_property
    def total(self) -> Floats:
        """Shape (n,): Σ of the powers."""
        total: Floats = self.powers.sum(axis=0)
        return total

    @cached_property
    def lse(self) -> Floats:
        """Shape (n,): ln Σ exp(logit)."""
        lse: Floats = self.peak + np.log(self.total)
        return lse

    @cached_property
    def softmax(self) -> Floats:
        """All logits of a row together."""
        softmax: Floats = self.powers / self.total
        return softmax

    @cached_property
    def log_softmax(self) -> Floats:
        """Its logarithm."""
        log_softmax: Floats = self.logits - self.lse
        return log_softmax

    @cached_property
    def small(self) -> Floats:
        """exp(−|logit|)."""
        small: Floats = np.exp(-np.abs(self.logits))
        return small

    @cached_property
    def sigmoid(self) -> Floats:
        """Each logit alone."""
        sigmoid: Floats = np.where(self.logits >= 0, 1.0, self.small) / (1.0 + self.small)
        return sigmoid

    @cached_property
    def softplus(self) -> Floats:
        """ln(1 + exp(logit))."""
        softplus: Floats = np.maximum(self.logits, 0.0) + np.log1p(self.small)
        return softplus

    @cached_property
    def hard(self) -> Floats:
        """1 where the largest logit stands, else 0."""
        classes = self.logits.shape[0]
        return np.where(np.arange(classes)[:, None] == self.logits.argmax(axis=0), 1.0, 0.0)

    @cached_property
    def hard_cells(self) -> Floats:
        """1 where a logit is at least 0, else 0."""
        return np.where(self.logits >= 0, 1.0, 0.0)

    @cached_property
    def sigmoid_single(self) -> Floats:
        """`sigmoid` as float32 computes it: exactly 1 above 16.64, since it adds 1 first."""
        z = self.logits.astype(np.float32)
        sigmoid: Floats = (1.0 / (1.0 + np.exp(-z))).astype(np.float64)
        return sigmoid

    @cached_property
    def shares(self) -> Floats:
        """Logits over their sum, as Keras makes any row sum to 1."""
        shares: Floats = self.logits / self.logits.sum(axis=0)
        return shares

    @cached_property
    def half(self) -> Floats:
        """Logits as float16 holds them."""
        return as_float16(self.logits)

    @cached_property
    def brain(self) -> Floats:
        """Logits as bfloat16 holds them."""
        return as_bfloat16(self.logits)

    @cached_property
    def softmax_half(self) -> Floats:
        """`softmax` as float16 holds it."""
        return as_float16(self.softmax)

    @cached_property
    def doubled(self) -> Floats:
        """Twice the logits: the difference of (z, −z)."""
        doubled: Floats = 2.0 * self.logits
        return doubled


def as_float16(values: Floats) -> Floats:
    """The nearest numbers of float16."""
    return values.astype(np.float16).astype(np.float64)


def as_bfloat16(values: Floats) -> Floats:
    """The nearest numbers of bfloat16, on ties the even one."""
    bits = values.astype(np.float32).view(np.uint32)
    rounded = (bits + np.uint32(0x7FFF) + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)
    return rounded.view(np.float32).astype(np.float64)
