"""What an input adds up to, for recipes: merged in the order of its rows, whatever their number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace

import numpy as np

from cecalc.mistakes.loss_variants import BCE, CE, Scores, Terms, Variant, by_class, own_of
from cecalc.mistakes.sums import (
    NEIGHBOURS,
    Batches,
    KeyedSums,
    Plan,
    Readings,
    RowsOfBlock,
    Span,
    Total,
)
from cecalc.model import Flags, Floats, Integers

FEW = 2**16
"""Up to how many values an input is kept whole, for what sums cannot tell."""


@dataclass(frozen=True)
class Ends:
    """Rows themselves."""

    head: RowsOfBlock
    tail: RowsOfBlock
    """The first and the last few: targets are also read against their neighbours."""
    whole: RowsOfBlock | None
    """All, as long as they are few."""

    @classmethod
    def of(cls, head: RowsOfBlock, tail: RowsOfBlock, whole: RowsOfBlock | None) -> Ends:
        """Those of rows that begin, and end, like this."""
        few = whole if whole and whole.logits.size <= FEW else None
        return cls(head.part(slice(0, NEIGHBOURS)), tail.part(slice(-NEIGHBOURS, None)), few)

    def __add__(self, other: Ends) -> Ends:
        whole = self.whole and other.whole and self.whole.joined(other.whole)
        return Ends.of(self.head.joined(other.head), self.tail.joined(other.tail), whole)


@dataclass(frozen=True)
class Tally:
    """Counts and sums over rows; an empty one is neutral. Losses are in nats."""

    rows_given: int = 0
    rows_used: int = 0
    cells_used: int = 0
    totals: KeyedSums[tuple[Variant, str], Total] = field(default_factory=KeyedSums)
    """For each form and reading of the target."""
    ones: float = 0.0
    """Σ of the targets of cells."""
    entropy: float = 0.0
    """Σ of the entropies of the targets."""
    exponentials: float = 0.0
    """Σ exp(loss) of the right form."""
    unit_loss: Span = field(default_factory=Span)
    """Of the right form, unweighted, of rows or of cells."""
    lse: Span = field(default_factory=Span)
    """Of the log-sum-exps of the rows: 0 where the logits are log-probabilities."""
    peak: Span = field(default_factory=Span)
    """Of the largest logits of the rows."""
    own: Span = field(default_factory=Span)
    """Of the logits of the targets' classes."""
    gap: Span = field(default_factory=Span)
    """Of how far the target's logit is below the largest of its row."""
    extent: Span = field(default_factory=Span)
    """Of the logits."""
    row_sum: Span = field(default_factory=Span)
    """Of the sums of rows of logits: 1 where they are probabilities."""
    squares: float = 0.0
    """Σ of the squared log-sum-exps."""
    infinite: int = 0
    """How many logits are."""
    counts: Floats = field(default_factory=lambda: np.zeros(1))
    """Shape (C,): how much of the target each class has."""
    by_class: Floats = field(default_factory=lambda: np.zeros(1))
    """Shape (C,): what the rows of each class cost, unweighted."""
    columns: Floats = field(default_factory=lambda: np.full(1, -np.inf))
    """Shape (C,): the log-sum-exps down the rows."""
    batches: KeyedSums[int, Batches] = field(default_factory=KeyedSums)
    """By their size."""
    ends: Ends | None = None

    @property
    def samples(self) -> int:
        """How many entries axis 0 has; fewer than rows where the input has more dimensions."""
        return 0 if self.ends is None else int(self.ends.tail.place.max(initial=-1)) + 1

    def __add__(self, other: Tally) -> Tally:
        """Both, without what lies where they meet."""
        names = {each.name for each in fields(self)} - {"columns", "ends"}
        sums = {name: getattr(self, name) + getattr(other, name) for name in names}
        return Tally(**sums, columns=np.logaddexp(self.columns, other.columns))

    @np.errstate(all="ignore")
    def merge(self, other: Tally, plan: Plan) -> Tally:
        """The sums over both, in this order."""
        if self.ends is None or other.ends is None:
            return self if other.ends is None else other
        both, tail = self + other, self.ends.tail
        seam = dict(_across(tail.joined(other.ends.head), tail.size, plan))
        totals = {key: total + seam.get(key, Total()) for key, total in both.totals.items()}
        return replace(both, totals=KeyedSums(totals), ends=self.ends + other.ends)


Named = tuple[tuple[Variant, str], Total]


def _across(seam: RowsOfBlock, cut: int, plan: Plan) -> Iterator[Named]:
    """Neighbours that stand on both sides of a cut."""
    if plan.is_of_cells or not seam.is_index:
        return
    piece = Piece(seam, plan, Scores(logits=by_class(seam.logits)), seam.neighbours(plan, cut))
    for form in plan.forms if plan.deep else (CE,):
        terms = form.of(piece.scores)
        for reading in piece.readings:
            yield (form, reading), piece.read(form, terms, reading)


PIECE = 2**15
"""Values worked on at once, to stay in the cache."""


@np.errstate(all="ignore")  # what overflows is what a mistake would have printed
def tally_of(rows: RowsOfBlock, plan: Plan) -> Tally:
    """The sums over consecutive rows."""
    found, height = Tally(), max(1, PIECE // plan.classes)
    readings = {} if plan.is_of_cells else rows.readings(plan)
    for start in range(0, rows.size, height):
        at = slice(start, start + height)
        read = {name: (index[at], mask[at]) for name, (index, mask) in readings.items()}
        piece = Piece(rows.part(at), plan, Scores(logits=by_class(rows.logits[at])), read)
        found += _of_cells(piece) if plan.is_of_cells else _of_classes(piece)
    return replace(found, ends=Ends.of(rows, rows, rows))


@dataclass(frozen=True)
class Piece:
    """Rows that fit the cache; losses and weights of them have shape (n,)."""

    rows: RowsOfBlock
    plan: Plan
    scores: Scores
    readings: Readings

    @property
    def own(self) -> Floats:
        """The logits of the targets' classes."""
        return own_of(self.scores["logits"], self.rows.index)

    @property
    def weights(self) -> Floats:
        """What the mean divides by: of distributions, rows, as torch does."""
        return self.plan.weights(self.rows.index) if self.rows.is_index else np.ones(self.rows.size)

    @property
    def sample(self) -> Floats | None:
        """The weights of the rows, where there are any."""
        return self.rows.sample if self.rows.sample.size else None

    def total(
        self, losses: Floats, weight: Floats | float = 1.0, mask: Flags | None = None
    ) -> Total:
        """The sum over the rows that count, or those of a mask."""
        return Total.of(losses, self.rows.used if mask is None else mask, weight, self.sample)

    def read(self, form: Variant, terms: Terms, reading: str) -> Total:
        """The sum over rows whose target is read as one class."""
        index, mask = self.readings[reading]
        if form.is_of_cells:  # there, weights belong to columns
            return self.total(terms.at(index), float(self.plan.classes), mask)
        return self.total(self.at(terms, index), self.plan.weights(index), mask)

    def at(self, terms: Terms, index: Integers) -> Floats:
        """Rows whose target is one class, whichever that is."""
        return self.smoothed(terms, self.plan.weights(index) * terms.at(index))

    def given(self, terms: Terms) -> Floats:
        """Rows with their own targets."""
        return self.smoothed(terms, self.unsmoothed(terms))

    def unsmoothed(self, terms: Terms) -> Floats:
        """The same without smoothing."""
        rows, weight = self.rows, self.plan.weight
        if rows.is_index:
            return self.weights * terms.at(rows.index)
        return terms.mixed(rows.shares if weight is None else rows.shares * weight[:, None])

    def smoothed(self, terms: Terms, losses: Floats) -> Floats:
        """With the share of smoothing that every class has, as torch does."""
        eps = self.plan.smoothing
        if not eps:
            return losses
        const = terms.const()
        spread = eps / self.plan.classes * terms.every(self.plan.weight)
        return const + (1.0 - eps) * (losses - const) + spread

    def batches(self, losses: Floats, weights: Floats) -> KeyedSums[int, Batches]:
        """The means of batches, for each size there may have been."""
        if self.sample is not None:
            losses, weights = losses * self.sample, weights * self.sample
        return KeyedSums(
            (size, Batches.of(self.rows.place // size, losses, weights))
            for size in self.plan.batch_sizes
        )


def _of_cells(piece: Piece) -> Tally:
    rows, plan, logits = piece.rows, piece.plan, piece.scores["logits"]
    counted, cells, target = rows.counted_by_class, rows.cells_counted, rows.shares
    terms, softplus = BCE.of(piece.scores), piece.scores["softplus"]
    ones = np.where((target == 0) | ~counted, 0.0, target * terms.one(logits))
    zeros = np.where((target == 1) | ~counted, 0.0, (1.0 - target) * softplus)
    sums = {
        "given": (ones + zeros).sum(axis=0),
        "ones": ones.sum(axis=0),
        "zeros": zeros.sum(axis=0),
        "const": terms.const(counted),
        "every": terms.every(None, counted),
    }
    losses = {name: (loss, cells) for name, loss in sums.items()}
    losses |= _weighted(piece, ones, zeros)
    totals = {(BCE, name): piece.total(*pair) for name, pair in losses.items()}
    for name, each in (("ignored", softplus), ("ignored as -1", softplus + logits)):
        ignored = np.where(counted, 0.0, each).sum(axis=0)
        totals[BCE, name] = Total.of(ignored, np.ones(rows.size, dtype=bool))
    right, _ = losses[plan.reading]
    if piece.sample is not None:
        totals[BCE, "unsampled"] = Total.of(right, rows.used, cells)
    return Tally(
        rows_given=rows.size,
        rows_used=int(np.count_nonzero(rows.used)),
        cells_used=int(cells.sum()),
        totals=KeyedSums([*totals.items(), *_forms_of_cells(piece)]),
        ones=float(np.where(counted, target, 0.0).sum()),
        unit_loss=Span.of((ones + zeros)[counted]),
        extent=Span.of(logits),
        infinite=int(np.count_nonzero(np.isinf(logits))),
        batches=piece.batches(right, cells),
    )


def _weighted(
    piece: Piece, ones: Floats, zeros: Floats
) -> Iterator[tuple[str, tuple[Floats, Floats]]]:
    """The losses of rows, and what they would be divided by, for each meaning of the weights."""
    target, counted = piece.rows.shares, piece.rows.counted_by_class
    for name, (of_ones, of_zeros) in piece.plan.meanings.items():
        losses = (of_ones * ones + of_zeros * zeros).sum(axis=0)
        weights = of_ones * target + of_zeros * (1.0 - target)
        yield name, (losses, np.where(counted, weights, 0.0).sum(axis=0))


def _forms_of_cells(piece: Piece) -> Iterator[Named]:
    """Each form but the right one, with the targets as they are, and their weights."""
    rows, meant = piece.rows, piece.plan.meanings.get(piece.plan.reading)
    for form in piece.plan.forms[1:]:
        if form.wants_binary and not rows.is_binary:
            continue
        if form.is_of_cells or rows.counted.all():  # a row has no such loss without some cells
            weights = meant if form.is_of_cells else None
            losses = form.of(piece.scores).mixed(rows.shares, rows.counted_by_class, weights)
            weight = rows.cells_counted if form.is_of_cells else 1.0
            yield (form, "given"), piece.total(losses, weight)


def _of_classes(piece: Piece) -> Tally:
    rows, scores, plan, used = piece.rows, piece.scores, piece.plan, piece.rows.used
    losses = piece.given(plan.right.of(scores))
    plain = losses
    if plan.weight is not None:
        plain = replace(piece, plan=replace(plan, weight=None)).given(plan.right.of(scores))
    return Tally(
        rows_given=rows.size,
        rows_used=int(np.count_nonzero(used)),
        totals=KeyedSums([*_forms_of_classes(piece), *_further(piece, plain, losses)]),
        entropy=rows.entropy,
        exponentials=float(np.exp(plain[used]).sum()),
        unit_loss=Span.of(plain[used]),
        lse=Span.of(scores["lse"]),
        peak=Span.of(scores["peak"][used]),
        own=Span.of(piece.own[used]),
        gap=Span.of((scores["peak"] - piece.own)[used]),
        extent=Span.of(scores["logits"]),
        row_sum=Span.of(scores["logits"].sum(axis=0)),
        squares=float((scores["lse"][used] ** 2).sum()),
        infinite=int(np.count_nonzero(np.isinf(scores["logits"]))),
        counts=rows.per_class(np.ones(rows.size)),
        by_class=rows.per_class(plain),
        columns=_down_the_rows(scores["logits"]),
        batches=piece.batches(np.where(used, losses, 0.0), np.where(used, piece.weights, 0.0)),
    )


def _down_the_rows(logits: Floats) -> Floats:
    """The log-sum-exp of each class over the rows; its peak is finite, so that -inf masks."""
    peak = np.nan_to_num(logits.max(axis=1))
    lse: Floats = peak + np.log(np.exp(logits - peak[:, None]).sum(axis=1))
    return lse


def _forms_of_classes(piece: Piece) -> Iterator[Named]:
    """Each form with the readings it is tried with."""
    rows, plan = piece.rows, piece.plan
    for form in plan.forms:
        if form.wants_binary and not rows.is_binary:
            continue
        terms = form.of(piece.scores)
        if not rows.is_index:
            weight = float(plan.classes) if form.is_of_cells else 1.0
            yield (form, "given"), piece.total(piece.given(terms), weight)
        for reading in piece.readings:
            if reading == "given" or form == CE or plan.deep:
                yield (form, reading), piece.read(form, terms, reading)


def _further(piece: Piece, plain: Floats, losses: Floats) -> Iterator[Named]:
    """What is made of options, of classes that are ignored, and of targets of another form.

    Parameters
    ----------
    plain, losses : those without and with the weights of classes
    """
    rows, plan, scores, terms = piece.rows, piece.plan, piece.scores, CE.of(piece.scores)
    if piece.sample is not None:
        yield (plan.right, "unsampled"), Total.of(losses, rows.used, piece.weights)
    if plan.smoothing or plan.tried("label_smoothing"):
        yield (CE, "unsmoothed"), piece.total(piece.unsmoothed(terms), piece.weights)
        yield (CE, "every"), piece.total(terms.every(plan.weight))
    if plan.weight is not None:
        yield (CE, "unweighted"), piece.total(plain)
        if rows.is_index:
            yield from _weighted_cells(piece, plan.weight)
        return
    if rows.is_index:
        cells = BCE.of(scores)
        losses = cells.const() + rows.index * cells.every()
        yield (BCE, "index"), piece.total(losses, float(plan.classes))
    else:
        swapped = Scores(logits=rows.shares)["lse"] * scores["logits"].sum(axis=0)
        swapped -= (rows.shares * scores["logits"]).sum(axis=0)
        yield (CE, "swapped"), piece.total(swapped)
    if plan.classes == 2:
        second = BCE.of(Scores(logits=scores["logits"][1:])).mixed(rows.shares[1:])
        yield (CE, "second"), piece.total(second)
    at = -1 if plan.ignored is None else plan.ignored
    if rows.is_index and 0 <= at < plan.classes and plan.classes > 1 and not plan.smoothing:
        narrow = Scores(logits=np.delete(scores["logits"], at, axis=0))
        yield (CE, "without"), piece.total(narrow["lse"] - piece.own)


def _weighted_cells(piece: Piece, weight: Floats) -> Iterator[Named]:
    """Binary cross-entropy of one-hot targets, with the weights as torch reads them there."""
    softplus, own, cells = piece.scores["softplus"], piece.rows.index, float(piece.plan.classes)
    zeros, ones = own_of(softplus, own), weight[own] * BCE.of(piece.scores).one(piece.own)
    losses = weight @ softplus - weight[own] * zeros + ones
    yield (BCE, "weight"), piece.total(losses, cells)
    yield (BCE, "pos_weight"), piece.total(softplus.sum(axis=0) - zeros + ones, cells)
