"""Inputs that are there at once: values on the command line, and JSON documents."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cecalc.errors import DataError, count, excerpt
from cecalc.records import (
    Batch,
    Block,
    Inline,
    InputRequest,
    Kind,
    LossOptions,
    Problem,
    Reduction,
    Schema,
    Task,
)
from cecalc.sources.beside import read_beside, target_array
from cecalc.sources.formats import Document
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

KEYS = (
    "logits", "probs", "log_probs", "target", "weight", "pos_weight", "ignore_index",
    "label_smoothing", "sample_weight", "reduction", "classes", "ids",
)  # fmt: skip


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
            raise DataError(
                "a bare array does not say what its numbers are",
                hint="name it: --logits FILE, --probs FILE or --log-probs FILE",
            )
        schema = Schema(source=document.source, kind=kind, classes=request.classes)
        return whole(schema, to_array(document.value, kind), None, request)
    except DataError as error:
        raise error.at(source=document.source) from None


def _from_object(
    source: str, document: Mapping[str, Any], request: InputRequest, said: Kind | None
) -> Problem:
    known = {key.replace("-", "_"): value for key, value in document.items() if value is not None}
    _refuse_unknown(known)
    kinds = [kind for kind in Kind if kind in known and said in (None, kind)]
    if not kinds:
        expected = "logits, probs or log_probs" if said is None else said
        raise DataError(f"no {expected}", hint=f"keys: {', '.join(known)}")
    others = " and ".join(kinds[1:])
    classes = request.classes
    if classes is None and "classes" in known:
        classes = names_of(known["classes"], "classes")
    schema = Schema(
        source=source,
        kind=kinds[0],
        classes=classes,
        options=_options(known),
        notes=(f"read the {kinds[0]}; the {others} were left alone",) if others else (),
    )
    values = to_array(known[kinds[0]], kinds[0])
    if request.task is Task.BCE and values.ndim == 1:
        values = values[:, None]  # a document's (N,) is N rows of one cell
    target = known.get("target") if request.wants_target else None
    weight = known.get("sample_weight")
    return whole(
        schema,
        values,
        None if target is None else target_array(target, request, classes),
        request,
        sample_weight=None if weight is None else to_array(weight, "sample_weight"),
        ids=names_of(known["ids"], "ids") if "ids" in known else None,
    )


def whole(
    schema: Schema,
    values: Floats,
    target: Floats | None,
    request: InputRequest,
    *,
    sample_weight: Floats | None = None,
    ids: tuple[str, ...] | None = None,
) -> Problem:
    """The problem of an array that is there at once.

    Parameters
    ----------
    schema : what is known about it
    values, target : any shapes `shapes.arrange` takes
    request : whose --target and --sample-weight win over the input's own
    sample_weight : shape (N,)
    ids : N identifiers

    Raises
    ------
    DataError : the shapes do not go together
    """
    beside = read_beside(request, schema.classes)
    target = target if beside.target is None else beside.target
    sample_weight = sample_weight if beside.sample_weight is None else beside.sample_weight
    if request.transpose:
        values = _transposed(values)
        if target is not None and target.ndim == values.ndim:
            target = _transposed(target)
    rows = arrange(request.task, values, target, request.target_form)
    entries = rows.values.shape[0] // rows.per_row
    weights = _per_entry(sample_weight, entries, "sample weight")
    if ids is not None and len(ids) != entries:
        raise DataError(f"{count(entries, 'row')} of values, {count(len(ids), 'id')}")
    schema = replace(
        schema,
        classes=shown_names(schema.classes, rows.values.shape[1]),
        coordinates=axis_names(rows.coordinates),
        target_source=beside.source,
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
        cell_shape=rows.cell_shape,
    )


def _transposed(array: Floats) -> Floats:
    if array.ndim < 2:
        raise DataError(f"--transpose: shape {array.shape} has no two axes to exchange")
    return np.swapaxes(array, 0, 1)


def _per_entry(array: Floats | None, entries: int, what: str) -> Floats | None:
    if array is None:
        return None
    flat = array.reshape(-1)
    if flat.shape[0] != entries:
        raise DataError(f"{count(entries, 'row')} of values, {count(flat.shape[0], what)}")
    return flat


def _refuse_unknown(document: Mapping[str, Any]) -> None:
    for key in document:
        if key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, 1)
            meant = f"; did you mean {excerpt(near[0])}?" if near else ""
            hint = f"keys: {', '.join(KEYS)}; a single row object: --input-format jsonl"
            raise DataError(f"unknown key {excerpt(key)}{meant}", hint=hint)


def _options(document: Mapping[str, Any]) -> LossOptions:
    reduction = document.get("reduction")
    if reduction is not None and reduction not in list(Reduction):
        raise DataError(f"reduction {excerpt(str(reduction))} is none of {', '.join(Reduction)}")
    return LossOptions(
        reduction=None if reduction is None else Reduction(reduction),
        ignore_index=_scalar(document, "ignore_index"),
        label_smoothing=_scalar(document, "label_smoothing"),
        weight=_inline(document, "weight"),
        pos_weight=_inline(document, "pos_weight"),
    )


def _inline(document: Mapping[str, Any], key: str) -> Inline | None:
    return None if key not in document else Inline(key, document[key])


def _scalar(document: Mapping[str, Any], key: str) -> float | None:
    value = document.get(key)
    if value is None:
        return None
    if type(value) not in (int, float):
        raise DataError(f"{key} is no number")
    return float(value)
