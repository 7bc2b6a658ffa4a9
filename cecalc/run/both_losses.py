"""One batch under both losses: each row's target as a number for each logit."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from cecalc.compute import outcome_of
from cecalc.compute.backend import Backend
from cecalc.compute.settings import Noted, Settings
from cecalc.losses.rules import are_one
from cecalc.model import Batch, Block, Flags, Floats, Outcome, Problem
from cecalc.terms import IGNORE_INDEX, Hint, Task

_IGNORED = IGNORE_INDEX
"""The target of the cells of ignored rows, whatever the rows' own was: 1 may be ignored too."""


def both_of(batch: Batch, settings: Settings, backend: Backend) -> Noted:
    """The outcome under binary cross-entropy and, `beside`, under cross-entropy.

    A class index becomes its one-hot row. Rows of targets that do not sum to 1 are not used under
    cross-entropy; for one logit there is none.

    Raises
    ------
    cecalc.losses.rules.BrokenRule : rows break a rule of either
    """
    assert batch.target is not None
    target, classes = batch.target, batch.values.shape[1]
    if classes == 1:
        cells = replace(settings, task=Task.BCE, ignore_index=settings.ignored)
        return outcome_of(replace(batch, target=target.reshape(-1, 1)), cells, backend)
    if target.ndim == 1:
        ce = outcome_of(batch, settings, backend)
        cells = replace(settings, task=Task.BCE, ignore_index=_IGNORED)
        bce = outcome_of(replace(batch, target=_one_hot(ce.outcome, classes)), cells, backend)
        return Noted(bce.outcome, ce.notices, ce.outcome)
    cells = replace(settings, task=Task.BCE, ignore_index=None)
    bce = outcome_of(batch, cells, backend)
    ce = _of_distributions(batch, settings, backend)
    return Noted(bce.outcome, ce.notices, ce.outcome)


def sums_to_one(target: Floats) -> Flags:
    """Which rows of a target of shape (N, C) are distributions, within the tolerance of `ce`."""
    return are_one(target.sum(axis=-1))


def _one_hot(outcome: Outcome, classes: int) -> Floats:
    index = outcome.target_class
    assert index is not None
    one_hot = (index[:, None] == np.arange(classes)).astype(np.float64)
    return np.where(outcome.used[:, None], one_hot, _IGNORED)


def _of_distributions(batch: Batch, settings: Settings, backend: Backend) -> Noted:
    """Cross-entropy of the rows that have one; the others' place is kept."""
    assert batch.target is not None
    counts = sums_to_one(batch.target)
    values = np.where(counts[:, None], batch.values, 0.0)
    target = np.where(counts[:, None], batch.target, 1.0 / batch.target.shape[1])
    noted = outcome_of(replace(batch, values=values, target=target), settings, backend)
    assert noted.outcome.loss is not None
    loss = np.where(counts, noted.outcome.loss, np.nan)
    return Noted(replace(noted.outcome, used=counts, loss=loss), noted.notices)


def left_out(command: str, names: Sequence[str], problem: Problem, first: Batch) -> Iterator[Hint]:
    """A hint where the input says more of the loss than the command looks at."""
    options = problem.schema.options
    named = [name for name in names if getattr(options, name) not in (None, 0)]
    named += ["sample_weight"] if first.sample_weight is not None else []
    if named:
        yield Hint(f"{command} looks at the loss without the input's {', '.join(named)}")


def without(names: Sequence[str], problem: Problem) -> Problem:
    """The problem without these options and without weights of rows."""
    options = replace(problem.schema.options, **dict.fromkeys(names))

    def plain(block: Block) -> Block:
        return lambda: replace(block(), sample_weight=None)

    schema = replace(problem.schema, options=options)
    return Problem(schema, map(plain, problem.blocks))


def scores_as_rows(problem: Problem, first: Batch) -> tuple[Problem, Batch]:
    """An array (N,) of scores with a target (N,) as N rows of one score, as `bce` reads it.

    Cross-entropy takes such an array for one row of N classes. It is none if its targets are no
    distribution, and if nothing names the classes.
    """
    is_several = problem.schema.is_flat and problem.schema.classes is None
    if not is_several or first.values.shape[1] == 1 or first.target is None:
        return problem, first
    if first.target.ndim == 1 or first.coordinates is not None or sums_to_one(first.target).all():
        return problem, first
    blocks = iter(problem.blocks)
    alone, more = next(blocks), next(blocks, None)
    if more is not None:
        return replace(problem, blocks=itertools.chain([alone, more], blocks)), first
    rows = replace(first, values=first.values.T, target=first.target[0], sample_weight=None)
    return replace(problem, blocks=iter([lambda: rows])), rows


def is_of_classes(first: Batch) -> bool:
    """Whether each row has a class or, as far as can be seen, a distribution."""
    assert first.target is not None
    if first.values.shape[1] == 1:
        return False
    return first.target.ndim == 1 or bool(sums_to_one(first.target).all())


def as_cells(batch: Batch) -> Batch:
    """A batch that was read for cross-entropy, for binary cross-entropy."""
    assert batch.target is not None
    target = batch.target.reshape(batch.values.shape)
    return replace(batch, target=target, cell_shape=batch.values.shape[1:])
