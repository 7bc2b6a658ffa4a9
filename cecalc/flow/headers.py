"""What is known of a run before its first row, in the words a person reads."""

from __future__ import annotations

from cecalc import __version__
from cecalc.compute import Settings
from cecalc.errors import DataError
from cecalc.records import Batch, Header, Problem, Rank, Report, TargetForm, Task
from cecalc.summary import Summary


def header_of(problem: Problem, first: Batch, settings: Settings, rank: Rank | None) -> Header:
    """What a view knows before the first row."""
    weights = (settings.weight, settings.pos_weight, first.sample_weight)
    form = None
    if settings.task is Task.BCE:
        form = TargetForm.CELLS
    elif settings.task is Task.CE and first.target is not None:
        form = TargetForm.INDEX if first.target.ndim == 1 else TargetForm.DISTRIBUTION
    return Header(
        task=settings.task,
        schema=problem.schema,
        target_form=form,
        reduction=settings.reduction,
        has_weights=any(weight is not None for weight in weights),
        has_sample_weight=first.sample_weight is not None,
        has_row_weight=first.sample_weight is not None
        or (settings.weight is not None and form is TargetForm.INDEX),
        label_smoothing=settings.label_smoothing,
        width=first.values.shape[1],
        cell_shape=first.cell_shape,
        log=settings.log,
        has_ids=first.ids is not None,
        has_originals=bool(first.originals),
        rank=rank,
    )


def denominator(header: Header, settings: Settings) -> str:
    """What the mean divides by."""
    by_row = header.has_sample_weight
    if header.task is Task.BCE:
        return "sum of sample weights" if by_row else "cells"
    by_class = settings.weight is not None and header.target_form is TargetForm.INDEX
    if by_class and by_row:
        return "sum of class weights times sample weights"
    if by_class:
        return "sum of class weights"
    return "sum of sample weights" if by_row else "rows"


def target_in_words(header: Header, *, is_binary: bool) -> str:
    """How the target was understood."""
    axes = header.schema.coordinates[1:]
    if header.target_form is TargetForm.CELLS:
        return "0/1 for each cell" if is_binary else "a probability for each cell"
    if header.target_form is TargetForm.INDEX:
        named = ", matched to the class names" if header.schema.classes else ""
        return f"class indices, shape ({', '.join(('N', *axes))}){named}"
    form = "one-hot" if is_binary else "class probabilities"
    return f"{form}, shape ({', '.join(('N', 'C', *axes))})"


def report_of(summary: Summary, header: Header, settings: Settings, label: str) -> Report:
    """The report of all rows.

    Parameters
    ----------
    label : what computed the numbers

    Raises
    ------
    DataError : nothing is left to take a mean of
    """
    try:
        return summary.finish(
            header,
            denominator_is=denominator(header, settings),
            target_form=target_in_words(header, is_binary=summary.is_binary),
            backend=label,
            version=__version__,
            class_weight=settings.weight if header.task is Task.CE else None,
        )
    except DataError as error:
        raise error.at(source=header.schema.source) from None
