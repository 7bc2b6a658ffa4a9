"""What all rows add up to, in sums that lose nothing.

A `Summary` is an immutable value: empty as it is made, `of` a batch's outcome, `merge`, `finish`.
Merging the parts of an input in any order gives the digits of the whole.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import numpy as np

from cecalc.errors import DataError, Place
from cecalc.exact import ONE, ZERO, ExactSum
from cecalc.items import CellLosses, Header, Outcome, Report, RowLosses
from cecalc.model import Floats
from cecalc.terms import Reduction, TargetForm, Task
from cecalc.version import __version__

_COUNTS = ("rows_given", "rows_used", "cells_given", "cells_used", "correct", "cells_correct")
"""What a report takes as it is."""


@dataclass(frozen=True)
class Summary:
    """Counts and exact sums over rows."""

    rows_given: int = 0
    rows_used: int = 0
    cells_given: int = 0
    cells_used: int = 0
    numerator: ExactSum = ZERO
    """Sum of the weighted losses, in nats."""
    weights: ExactSum = ZERO
    """What the mean divides by."""
    correct: int = 0
    cells_correct: int = 0
    labels: Floats = field(default_factory=lambda: np.zeros((1, 1)))
    """Shape (1, C): how often each class is the target; (2, C) for distributions, as `_shares`."""
    label_weights: Mapping[int, ExactSum] = field(default_factory=dict)
    """Of rows with weights of their own: what each class that is a target has of them. Of cells
    with weights: the sum of what −ln(1 − p) is multiplied by, and of what −ln p is.
    """
    positives: ExactSum = ZERO
    """Sum of the targets of cells."""
    floor: ExactSum = ZERO
    """Sum of the entropies of soft targets as they are mixed, in nats; without any weight."""
    is_binary: bool = True
    """Whether every target so far is 0 or 1."""

    @staticmethod
    def of(outcome: Outcome, header: Header) -> Summary:
        """The summary of one batch; empty where there is no loss."""
        if isinstance(outcome, RowLosses):
            return _of_rows(outcome, header)
        return _of_cells(outcome, header) if isinstance(outcome, CellLosses) else Summary()

    def merge(self, other: Summary) -> Summary:
        """The summary of both."""
        sums = {
            f.name: getattr(self, f.name) + getattr(other, f.name)
            for f in fields(self)
            if f.name not in ("label_weights", "is_binary")
        }
        weights = dict(self.label_weights)
        for label, weight in other.label_weights.items():
            weights[label] = weights.get(label, ZERO) + weight
        both = self.is_binary and other.is_binary
        return Summary(**sums, label_weights=weights, is_binary=both)

    def finish(self, header: Header, weight: Floats | None, label: str) -> Report:
        """The report of everything merged.

        Parameters
        ----------
        weight : for ce shape (C,), where classes have weights
        label : what computed the numbers

        Raises
        ------
        DataError : nothing is left to take a mean of
        """
        is_bce = header.task is Task.BCE
        mean = None if self.weights == ZERO else self.numerator.over(self.weights)
        if mean is None and header.reduction is Reduction.MEAN:
            place = Place(source=header.schema.source)
            raise DataError(self._undefined(header.denominator_is), place=place)
        numerator = self.numerator.value()
        has_floor = mean is not None and header.is_plain and not self.is_binary
        excess = self.numerator - self.floor
        count = ExactSum((self.cells_used if is_bce else self.rows_used) * ONE)
        return Report(
            header=header,
            loss={Reduction.MEAN: mean, Reduction.SUM: numerator}.get(header.reduction),
            numerator=numerator,
            denominator=self.weights.value(),
            rows_ignored=self.rows_given - self.rows_used,
            cells_ignored=self.cells_given - self.cells_used,
            mean=mean,
            mean_by_count=self.numerator.over(count) if header.has_row_weight else None,
            floor=self.floor.over(self.weights) if has_floor else None,
            excess=max(0.0, excess.over(self.weights)) if has_floor else None,
            label_entropy=None if mean is None else _entropy(self._label_shares(header, weight)),
            chance=math.log(2) if is_bce else math.log(header.width),
            target_form=_target_in_words(header, is_binary=self.is_binary),
            backend=label,
            version=__version__,
            **{name: getattr(self, name) for name in _COUNTS},
        )

    def label_counts(self, *, is_bce: bool) -> list[float]:
        """How often each class is the target; for bce, 0 and 1."""
        if not is_bce:
            counts: list[float] = self.labels.sum(axis=0).tolist()
            return counts
        ones = self.positives.value()
        return [self.cells_used - ones, ones]

    def _undefined(self, denominator_is: str) -> str:
        if self.rows_used == 0:
            return f"the mean is undefined: all {self.rows_given} rows are ignored"
        return (
            f"the mean is undefined: the {denominator_is} is 0 "
            f"({self.rows_used} of {self.rows_given} rows used)"
        )

    def _label_shares(self, header: Header, weight: Floats | None) -> Floats:
        """What each label has of the denominator: under torch's mean over rows, or over cells, the
        weights of labels make that more or less than 1 together.
        """
        is_bce = header.task is Task.BCE
        if is_bce and not header.has_weights:
            share = self.positives.over(self.weights)
            return np.asarray([share, 1 - share])
        if is_bce or header.has_sample_weight:
            shares = np.zeros(2 if is_bce else header.width)
            for label, part in self.label_weights.items():
                shares[label] = part.over(self.weights)
        else:
            shares = self.labels.sum(axis=0) / self.weights.value()
        return shares if is_bce or weight is None else shares * weight


def _target_in_words(header: Header, *, is_binary: bool) -> str:
    """How the target was understood."""
    axes = header.schema.coordinates[1:]
    if header.target_form is TargetForm.CELLS:
        return "0/1 for each cell" if is_binary else "a probability for each cell"
    if header.target_form is TargetForm.INDEX:
        return f"class indices, shape ({', '.join(('N', *axes))})"
    form = "one-hot" if is_binary else "class probabilities"
    return f"{form}, shape ({', '.join(('N', 'C', *axes))})"


def _of_rows(losses: RowLosses, header: Header) -> Summary:
    used, target, weight = losses.used, losses.batch.truth, losses.weight
    rows = int(np.count_nonzero(used))
    is_binary = target.ndim == 1 or _is_binary(target)
    if target.ndim == 2:
        labels = _shares(target[used])
    else:
        labels = np.zeros((1, header.width))
        np.add.at(labels[0], losses.target_class[used], 1)
    return Summary(
        rows_given=losses.size,
        rows_used=rows,
        numerator=ExactSum.of(losses.loss[used]),
        weights=ExactSum(rows * ONE) if weight is None else ExactSum.of(weight[used]),
        correct=int(np.count_nonzero(losses.correct & used)),
        labels=labels,
        label_weights=_label_weights(losses),
        floor=ZERO if is_binary or not header.is_plain else _floor(target),
        is_binary=is_binary,
    )


def _label_weights(losses: RowLosses) -> dict[int, ExactSum]:
    """The sum of the rows' own weights for each class that is a target, as far as it is one."""
    weight, target = losses.batch.sample_weight, losses.batch.truth
    if weight is None:
        return {}
    rows = np.flatnonzero(losses.used)
    if target.ndim == 2:
        rows, labels = np.nonzero(target)
        terms = weight[rows] * target[rows, labels]
    else:
        labels, terms = losses.target_class[rows], weight[rows]
    known, group = np.unique(labels, return_inverse=True)
    sums = ExactSum.by_group(terms, group, known.size)
    return dict(zip(known.tolist(), sums, strict=True))


def _of_cells(losses: CellLosses, header: Header) -> Summary:
    used, labels, weight = losses.cell_used, losses.cell_labels, losses.weight
    counted = losses.batch.truth[used]
    weights = ExactSum(counted.size * ONE)
    if weight is not None:
        weights = ExactSum.of(np.broadcast_to(weight[:, None], used.shape)[used])
    label_weights = dict[int, ExactSum]()
    if labels is not None:
        label_weights = {k: ExactSum.of(labels[..., k].ravel()) for k in (0, 1)}
    is_binary, floor = _is_binary(counted), ZERO
    if header.is_plain and not is_binary:
        floor = _floor(np.stack([counted, 1 - counted], axis=-1))
    return Summary(
        rows_given=losses.size,
        rows_used=int(np.count_nonzero(losses.used)),
        cells_given=used.size,
        cells_used=counted.size,
        numerator=ExactSum.of(losses.cell_loss[used]),
        weights=weights,
        correct=int(np.count_nonzero(losses.correct & losses.used)),
        cells_correct=int(np.count_nonzero(losses.cell_correct & used)),
        positives=ExactSum.of(counted),
        label_weights=label_weights,
        floor=floor,
        is_binary=is_binary,
    )


def _is_binary(target: Floats) -> bool:
    return bool(((target == 0) | (target == 1)).all())


def _floor(shares: Floats) -> ExactSum:
    """The least that the losses can be, whatever the predictions: −Σ q ln (q / Σ q) of each row."""
    with np.errstate(all="ignore"):  # unchecked targets may be anything
        share = shares / shares.sum(axis=-1, keepdims=True)
        terms = np.where(shares == 0, 0.0, -shares * np.log(share))
    return ExactSum.of(terms.ravel())


def _shares(target: Floats) -> Floats:
    """Column sums that do not depend on the order of rows: parts on grids of 2**-25 and 2**-50 add
    exactly up to 2**28 rows.
    """
    coarse = np.rint(target * 2.0**25) * 2.0**-25
    fine = np.rint((target - coarse) * 2.0**50) * 2.0**-50
    return np.stack([coarse.sum(axis=0), fine.sum(axis=0)])


def _entropy(shares: Floats) -> float:
    """The loss of a model that says these shares, of whatever they are together."""
    positive = shares[shares > 0]
    total = math.fsum(positive.tolist())
    return max(0.0, -math.fsum((positive * np.log(positive / total)).tolist()))
