"""Inputs that are there at once: values on the command line, and JSON documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cecalc.errors import DataError
from cecalc.records import (
    Batch,
    Block,
    Inline,
    InputRequest,
    Kind,
    Problem,
    Schema,
    Task,
)
from cecalc.sources.beside import read_beside, target_array
from cecalc.sources.documents import Document
from cecalc.sources.keys import bare_array, check_lengths, kind_among, options_of, refuse_unknown
from cecalc.sources.shapes import (
    BATCH_VALUES,
    Rows,
    arrange,
    axis_names,
    names_of,
    row_blocks,
    to_array,
)
from cecalc.sources.targets import shown_names

if TYPE_CHECKING:
    from cecalc.records import Floats


def from_arguments(kind: Kind, values: Inline, request: InputRequest) -> Problem:
    """The problem of values on the command line; --classes names its classes.

    Raises
    ------
    DataError : the shapes do not go together
    """
    array = to_array(values.nested, values.option)
    if request.task in (Task.BCE, Task.SIGMOID) and array.ndim < 2:
        array = array.reshape(1, -1)  # a comma list is one row
    schema = Schema(source=values.option, kind=kind, classes=request.classes)
    return whole(schema, array, None, request)


def from_document(document: Document, request: InputRequest, kind: Kind | None) -> Problem:
    """The problem that one JSON value states: an object, or the bare array of an option's file.

    Raises
    ------
    DataError : a key is unknown, or a value breaks a rule
    """
    try:
        if isinstance(document.value, dict):
            return _from_object(document.source, document.value, request, kind)
        if document.value == []:
            raise DataError("no data rows")
        if kind is None:
            raise bare_array()
        schema = Schema(source=document.source, kind=kind, classes=request.classes)
        return whole(schema, to_array(document.value, kind), None, request)
    except DataError as error:
        raise error.at(source=document.source) from None


def _from_object(
    source: str, document: Mapping[str, Any], request: InputRequest, said: Kind | None
) -> Problem:
    known = {key.replace("-", "_"): value for key, value in document.items() if value is not None}
    refuse_unknown(known, "key", hint="; a single row object: --input-format jsonl")
    kind, notes = kind_among(known, said, "keys")
    classes = request.classes
    if classes is None and "classes" in known:
        classes = names_of(known["classes"], "classes")
    schema = Schema(
        source=source,
        kind=kind,
        classes=classes,
        options=options_of(known),
        notes=notes,
    )
    if request.ignored is None:
        request = replace(request, ignored=schema.options.ignore_index)
    values = to_array(known[kind], kind, by_row=request.task is Task.BCE)
    if request.task is Task.BCE and values.ndim == 1:
        values = values[:, None]  # a document's (N,) is N rows of one cell
    target = known.get("target") if request.wants_target else None
    weight = known.get("sample_weight")
    return whole(
        schema,
        values,
        None if target is None else partial(target_array, target, request, classes),
        request,
        sample_weight=None if weight is None else to_array(weight, "sample_weight", by_row=True),
        ids=names_of(known["ids"], "ids") if "ids" in known else None,
    )


def whole(
    schema: Schema,
    values: Floats,
    target: Callable[[tuple[int, ...]], tuple[Floats, tuple[str, ...]]] | None,
    request: InputRequest,
    sample_weight: Floats | None = None,
    ids: tuple[str, ...] | None = None,
) -> Problem:
    """The problem of an array that is there at once.

    Parameters
    ----------
    schema : what is known about it
    values : any shape `shapes.arrange` takes
    target : the input's own target, for the shape of the values, and notes on how it was read
    request : whose --target and --sample-weight win over the input's own
    sample_weight : shape (N,)
    ids : N identifiers

    Raises
    ------
    DataError : the shapes do not go together
    """
    if request.transpose:
        values = _transposed(values)
    beside = read_beside(request, schema.classes, values.shape)
    truth, notes = beside.target, beside.notes
    if truth is None and target is not None:
        truth, notes = target(values.shape)
    sample_weight = sample_weight if beside.sample_weight is None else beside.sample_weight
    if request.transpose and truth is not None and truth.ndim == values.ndim:
        truth = _transposed(truth)
    rows = arrange(request.task, values, truth, request.target_form)
    entries = rows.values.shape[0] // rows.per_row
    weights = None if sample_weight is None else sample_weight.reshape(-1)
    check_lengths(entries, weights, ids)
    schema = replace(
        schema,
        classes=shown_names(schema.classes, rows.values.shape[1]),
        coordinates=axis_names(rows.coordinates),
        target_source=beside.source,
        is_flat=values.ndim == 1,
        notes=(*schema.notes, *notes),
        weight_source=beside.weight_source,
    )
    return Problem(schema, _blocks(rows, weights, ids))


def _blocks(rows: Rows, weights: Floats | None, ids: tuple[str, ...] | None) -> Iterator[Block]:
    spread = None if weights is None else np.repeat(weights, rows.per_row)
    for part in row_blocks(rows.values.shape[0], rows.values.shape[1], BATCH_VALUES):
        yield partial(_batch, rows, spread, ids, part)


def _batch(rows: Rows, weights: Floats | None, ids: tuple[str, ...] | None, part: slice) -> Batch:
    numbers = range(part.start, part.stop)
    return Batch(
        start=part.start,
        values=rows.values[part],
        target=None if rows.target is None else rows.target[part],
        sample_weight=None if weights is None else weights[part],
        ids=None if ids is None else [ids[i // rows.per_row] for i in numbers],
        coordinates=None if rows.coordinates is None else rows.coordinates[part],
        extents=rows.extents,
        cell_shape=rows.cell_shape,
    )


def _transposed(array: Floats) -> Floats:
    if array.ndim < 2:
        raise DataError(f"--transpose: shape {array.shape} has no two axes to exchange")
    return np.swapaxes(array, 0, 1)
