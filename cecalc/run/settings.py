"""The options of a run, the command line over the input's own over the defaults; its header."""

from __future__ import annotations

import numpy as np

from cecalc.compute import Settings
from cecalc.errors import DataError, Place, UsageError, count
from cecalc.input.target_reader import read_numbers
from cecalc.items import Header
from cecalc.model import Batch, Floats, Schema
from cecalc.numbers import write_number
from cecalc.request import LOSS_OPTIONS, Given, LossOptions, Rank, Request
from cecalc.terms import IGNORE_INDEX, UNCLIPPED, Kind, Reduction, TargetForm, Task


def settings_of(request: Request, schema: Schema, first: Batch) -> Settings:
    """The options with their defaults, checked against the input.

    Raises
    ------
    UsageError, DataError : they do not go with the input, as the command line or the file said them
    """
    task = request.input.task
    source = Place(source=schema.source)
    if task.is_loss:
        target_of(schema, first)
    if request.clip is not None and schema.kind is not Kind.PROBS:
        rule = f"--clip goes with probabilities; these are {schema.kind.replace('_', '-')}"
        hint = UNCLIPPED if schema.kind is Kind.LOG_PROBS else None
        raise DataError(rule, place=source, hint=hint, ways=(("!--clip",),))
    _check_combination(request.input.options, schema, first, task)
    options = request.input.options.over(schema.options)
    for name, option in LOSS_OPTIONS.items():
        value = getattr(options, name)
        if value is not None and (fault := option.fault(value)):
            raise DataError(f"{name} {value:g} {fault}", place=source, value=write_number(value))
    weight, pos_weight = (
        None if given is None else _weight(given, task, first)
        for given in (options.weight, options.pos_weight)
    )
    return Settings(
        request=request,
        task=task,
        kind=schema.kind,
        reduction=options.reduction or Reduction.MEAN,
        ignore_index=options.ignore_index,
        label_smoothing=options.label_smoothing or 0.0,
        weight=weight,
        pos_weight=pos_weight,
    )


def target_of(schema: Schema, first: Batch) -> Floats:
    """The target of the first batch; a DataError where a loss is asked for and there is none."""
    if first.target is None:
        place = Place(source=schema.source)
        raise DataError("no target", place=place, hint="give one with --target")
    return first.target


def _check_combination(line: LossOptions, schema: Schema, first: Batch, task: Task) -> None:
    """Refuse what torch has no meaning for; what the command line says is a usage error."""
    options, place = line.over(schema.options), Place(source=schema.source)
    if task is Task.BCE and schema.kind is Kind.LOG_PROBS:
        raise DataError("bce takes logits or probabilities, not log-probabilities", place=place)
    if task is Task.BCE and schema.kind is Kind.PROBS and options.pos_weight is not None:
        error = UsageError if line.pos_weight is not None else DataError
        raise error("pos_weight goes with logits; torch's BCELoss on probabilities has none")
    for name, value in vars(schema.options).items():
        if value is not None and task.is_loss and task not in LOSS_OPTIONS[name].commands:
            raise DataError(f"{task} has no {name}", place=place)
    if task is Task.CE and not options.ignores_a_class:
        rule = f"ignore_index {options.ignore_index:g} is not a class index"
        raise DataError(rule, place=place, value=write_number(options.ignore_index or 0))
    is_soft = task is Task.CE and first.truth.ndim == 2
    # Torch's own default says nothing.
    if is_soft and options.ignore_index not in (None, IGNORE_INDEX):
        error = UsageError if line.ignore_index is not None else DataError
        raise error("ignore_index goes with class indices; this target is a distribution")


def _weight(given: Given, task: Task, first: Batch) -> Floats:
    """Weights as an array: shape (C,) for ce, broadcastable to the cells for bce."""
    try:
        weight = read_numbers(given)
    except DataError as error:
        error.row = None  # the first axis is that of the classes or cells
        raise
    place = Place(source=given.option)
    bad = np.argwhere(~(np.isfinite(weight) & (weight >= 0)))
    if bad.size:
        where = ",".join(map(str, bad[0]))
        value = write_number(weight[tuple(bad[0])])
        rule = f"weight {where} is {value}, expected finite and at least 0"
        raise DataError(rule, place=place, value=value)
    classes, cells = first.values.shape[1], first.cell_shape
    if task is Task.BCE:
        if cells == (1,) and weight.ndim == 1 and weight.size > 1:
            weight = weight[:, None]  # values (N,) take weights (N,)
        axes = weight.shape[1:] if weight.ndim == len(cells) + 1 else weight.shape
        pairs = zip(axes[::-1], cells[::-1], strict=False)
        fits = len(axes) <= len(cells) and all(size in (1, there) for size, there in pairs)
        rule = f"weights of shape {weight.shape} do not fit rows of {cells} cells"
    else:
        fits = weight.shape == (classes,)
        rule = f"{count(weight.size, 'weight')} for {count(classes, 'class')}"
    if not fits:
        raise DataError(rule, place=place)
    return weight


def header_of(schema: Schema, first: Batch, settings: Settings, rank: Rank | None) -> Header:
    """What a view knows before the first row."""
    weights = (settings.weight, settings.pos_weight, first.sample_weight)
    form = TargetForm.CELLS if settings.task is Task.BCE else None
    if settings.task is Task.CE:
        form = TargetForm.INDEX if first.truth.ndim == 1 else TargetForm.DISTRIBUTION
    return Header(
        task=settings.task,
        schema=schema,
        target_form=form,
        reduction=settings.reduction,
        has_weights=any(weight is not None for weight in weights),
        has_sample_weight=first.sample_weight is not None,
        has_class_weight=settings.weight is not None and form is TargetForm.INDEX,
        label_smoothing=settings.label_smoothing,
        width=first.values.shape[1],
        cell_shape=first.cell_shape,
        log=settings.request.log,
        has_ids=first.ids is not None,
        has_originals=bool(first.originals) or first.typed is not None,
        rank=rank,
    )
