"""What hints are drawn from: the first rows, how well targets fit the predictions beside them, and
how much better they would fit otherwise.

A hint may not alarm about a sound model, so each of these tests is a bet with a proven limit. Where
the targets t are drawn from the model's own probabilities P, then for *every* probability
distribution Q over targets, chosen before they are seen,

    E[Q(t) / P(t)] = Σ_t Q(t) ≤ 1,  and so  Pr[ln Q(t) − ln P(t) ≥ ln(1/α)] ≤ α   (Markov).

ln Q − ln P is a difference of two losses in nats. So a loss that is more than ln 10⁶ = 13.8 nats
in all above that of some other reading of the data (a uniform guess, a constant one, the row above,
the class below) has a chance of at most one in a million under a sound model: however many rows and
classes there are, and whatever the scale of its logits. Where Q is the best of K readings, each
counts 1/K, which costs another ln K nats.

A bad model may lose such a bet without any other reading being right. So a reading has to be better
by as much than the predictions at any temperature, at that of a uniform guess too, and than the
shares of the labels: which makes the limit hold for models that are sound but for their
confidence.

Real models are sound but for a few rows, where a masked class or too much confidence costs
thousands of nats. Close looks therefore replace P by P′ = (1 − 1/n) P + uniform/n over n targets:
no row counts more than ln nC, and since P′ ≥ (1 − 1/n) P, the bound needs −n ln(1 − 1/n) ≈ 1 nat
more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cecalc.errors import count
from cecalc.items import Header
from cecalc.losses import activations
from cecalc.model import Flags, Floats, Integers
from cecalc.terms import Kind, Task

HEAD_ROWS = 2**12
HEAD_VALUES = 2**16
"""How much of an input is looked at closely."""
LEAST_ROWS = 32
"""How many rows of ce are, however wide: fewer would show nothing of a vocabulary's targets."""
WIDE = 2**12
"""With more classes than this, only those that are targets are looked at."""


def head_rows(header: Header) -> int:
    """How many rows are looked at closely."""
    least = LEAST_ROWS if header.task is Task.CE else 1
    return min(HEAD_ROWS, max(least, HEAD_VALUES // header.width))


@dataclass(frozen=True)
class Head:
    """The first rows of an input: the same ones, however it is cut into blocks.

    N rows, C classes; for bce, C is M.
    """

    header: Header
    values: Floats
    """Shape (N, C): logits, probabilities or log-probabilities, as wide as they are stored."""
    target: Floats | None
    """Shape (N,) or (N, C)."""
    used: Flags
    """Which rows count, shape (N,); for bce which cells, (N, C)."""
    target_class: Integers | None = None
    """Shape (N,), for ce: the target's class, or its largest; −1 where ignored."""
    sequence: Integers | None = None
    """Shape (N,), where a row is a position: which sequence it belongs to."""
    ids: Sequence[str] | None = None
    names: Sequence[str] = ()
    """What each row is called: its line, or its number; only where there are ids."""
    is_all: bool = True
    """Whether these are all rows."""

    @property
    def size(self) -> int:
        """The number of rows."""
        return int(self.values.shape[0])

    @property
    def numbers(self) -> Floats:
        """The values as float64."""
        return self.values.astype(np.float64, copy=False)

    @property
    def where(self) -> str:
        """What to add where only these rows were looked at."""
        return "" if self.is_all else f" (in the first {count(self.size, 'row')})"

    @property
    def rows_used(self) -> Flags:
        """Shape (N,): which rows count."""
        return self.used if self.used.ndim == 1 else np.any(self.used, axis=-1)

    @property
    def outcomes(self) -> Integers | None:
        """The class of each row, or 0 or 1 of each cell; None where targets are shares."""
        if self.target is None:
            return None
        counted = self.target[self.used]
        if self.target.ndim == 2 and not ((counted == 0) | (counted == 1)).all():
            return None
        return self.target.astype(np.int64) if self.header.task is Task.BCE else self.target_class


ALPHA = 1e-6
"""The chance of a false alarm that each test keeps below, where the targets are the model's own."""
CERTAIN = -math.log(ALPHA)
"""How many nats a reading has to be better by."""
TEMPERATURES = tuple(2.0**power for power in range(-5, 6) if power)
FEW = 20
"""Fewer targets than this are no pattern: whoever has so few looks at each."""


@dataclass(frozen=True)
class Fit:
    """The targets of the head beside what the model says of them."""

    raw: Floats
    """Of n targets with c outcomes: ln P, nats; (N, C) for ce, (N, M, 2) for bce."""
    target: Integers
    """(N,), or (N, M): the outcome of each; anything where not used."""
    used: Flags
    """The same shape: which count."""
    outcomes: int
    """C, for ce; 2, for bce."""

    @cached_property
    def log_p(self) -> Floats:
        """Ln P′."""
        return self.tempered(self.raw)

    @property
    def is_narrow(self) -> bool:
        """Whether only the classes that are targets have a column, and the rest one together."""
        return bool(self.raw.shape[-1] != self.outcomes)

    @cached_property
    def count(self) -> int:
        """How many targets count."""
        return int(np.count_nonzero(self.used))

    @property
    def needed(self) -> float:
        """How many nats another reading has to be better by, P′ standing for P."""
        return CERTAIN - self.count * math.log1p(-1 / self.count)

    @property
    def uniform(self) -> float:
        """The loss of a uniform guess at one target, nats."""
        return math.log(self.outcomes)

    def least(self) -> float:
        """The loss, nats in all, at the best temperature, or of a guess without any prediction."""
        labels = self.target[self.used]
        counts = np.bincount(labels, minlength=self.raw.shape[-1]).tolist()
        cooled = (self.tempered(normalised(t * self.raw)) for t in TEMPERATURES)
        others = self.loss(), self.count * self.uniform, of_shares(counts)
        return min(*map(self.loss, cooled), *others)

    @np.errstate(all="ignore")
    def tempered(self, raw: Floats) -> Floats:
        """The ln P′ of any ln P of these targets; a uniform guess where that is NaN."""
        shared = math.log1p(-1 / self.count), -math.log(self.count) - self.uniform
        mixed = np.logaddexp(raw + shared[0], shared[1])
        is_nan = np.isnan(raw).any(axis=-1, keepdims=True)
        return np.where(is_nan, -self.uniform, mixed)

    def loss(self, log_p: Floats | None = None, target: Integers | None = None) -> float:
        """The sum of the losses, nats, as they are or under another reading."""
        log_p = self.log_p if log_p is None else log_p
        target = self.target if target is None else target
        outcome = np.where(self.used, target, 0)
        taken = np.take_along_axis(log_p, outcome[..., None], axis=-1)[..., 0]
        return -float(taken[self.used].sum())

    def shifted(self, by: int, sequence: Integers | None) -> Floats:
        """`log_p` of the row so many rows before each (after, where negative); where there is none,
        of a uniform guess.
        """
        rows = np.arange(len(self.log_p))
        source = np.clip(rows - by, 0, len(rows) - 1)
        there = source == rows - by
        if sequence is not None:
            there &= sequence[source] == sequence
        shifted = self.log_p[source]
        shifted[~there] = -self.uniform
        return shifted

    def costs(self) -> tuple[Integers, Floats]:
        """What each column would cost as the one that a target means.

        Returns
        -------
        own : shape (K,), the columns that targets mean, the most frequent one first
        cost : shape (K, C), nats
        """
        columns = self.log_p.shape[1]
        if self.target.ndim == 2:  # of cells, each column has its own
            is_1 = self.used & (self.target == 1)
            cost = -(self.used & ~is_1).T.astype(np.float64) @ self.log_p[..., 0]
            return np.arange(columns), cost - is_1.T.astype(np.float64) @ self.log_p[..., 1]
        target = self.target[self.used]
        own, inverse, counts = np.unique(target, return_inverse=True, return_counts=True)
        cost = np.zeros((own.size, columns))
        np.subtract.at(cost, inverse, self.log_p[self.used])
        order = np.argsort(-counts, kind="stable")
        return own[order], cost[order]


def name_order(labels: Sequence[str]) -> Integers:
    """Where each label stands when they are sorted: shape (C,)."""
    places: Integers = np.argsort(np.argsort(np.asarray(labels)))
    return places


def fit_of(head: Head) -> Fit | None:
    """The fit of a head whose targets are outcomes; None where they are shares, or too few.

    A row of predictions with a NaN in it says nothing, and does not count.
    """
    target, kind, width = head.outcomes, head.header.schema.kind, head.header.width
    if target is None:
        return None
    is_bce = head.header.task is Task.BCE
    if not is_bce and width > WIDE:
        raw, target = _narrowed(head, target, kind)
    else:
        raw = log_probabilities(head, head.numbers, kind)
    fit = Fit(raw, target, head.used & ~np.isnan(raw).any(axis=-1), 2 if is_bce else width)
    return fit if fit.count >= FEW else None


@np.errstate(all="ignore")
def _narrowed(head: Head, target: Integers, kind: Kind) -> tuple[Floats, Integers]:
    """Ln P of the classes that are targets, and of all the others together; and their columns.

    What targets cost, under this reading or another one, is the same as with every class.
    """
    own = np.unique(target[head.used])
    raw = np.empty((head.size, own.size + 1))
    for row in range(head.size):  # all of them at once would take hundreds of megabytes
        whole = log_probabilities(head, head.values[row : row + 1].astype(np.float64), kind)
        raw[row, :-1] = whole[0, own]
    raw[:, -1] = np.log(np.maximum(0.0, 1 - np.exp(raw[:, :-1]).sum(axis=1)))
    return raw, np.searchsorted(own, target)


def of_shares(counts: Sequence[float]) -> float:
    """The loss of guessing each label by the shares of those before it, nats in all.

    All constant guesses mixed evenly: for labels counted n₁ … n_C, −ln ∫ Π πᵢ^nᵢ over the simplex
    = ln Γ(N + C) − ln Γ(C) − Σ ln Γ(nᵢ + 1).
    """
    number, classes = sum(counts), len(counts)
    seen = math.fsum(math.lgamma(n + 1) for n in counts if n)
    return math.lgamma(number + classes) - math.lgamma(classes) - seen


@np.errstate(all="ignore")  # what is not used may hold anything
def log_probabilities(head: Head, values: Floats, kind: Kind) -> Floats:
    """Ln P of values of some kind, nats: (N, C), for bce (N, M, 2); NaN where they say nothing."""
    log_p: Floats
    if head.header.task is not Task.BCE and kind is Kind.LOGITS:
        log_p = activations.log_softmax(values)
    elif head.header.task is not Task.BCE:
        log_p = normalised(values if kind is Kind.LOG_PROBS else np.log(values))
    elif kind is Kind.LOGITS:
        log_p = np.stack([activations.log_sigmoid(-values), activations.log_sigmoid(values)], -1)
    else:
        p = np.exp(values) if kind is Kind.LOG_PROBS else values
        log_p = np.stack([np.log1p(-p), np.log(p)], -1)
    return log_p


@np.errstate(all="ignore")
def normalised(logarithms: Floats) -> Floats:
    """Logarithms of shares, shifted so that each row's shares sum to 1."""
    shares: Floats = logarithms - np.logaddexp.reduce(logarithms, axis=-1, keepdims=True)
    return shares
