"""Arrays in files, read a window of their rows at a time, and what stands beside them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cecalc.errors import DataError
from cecalc.input import document_keys
from cecalc.input.arrays.dtypes import as_stored, is_text, widened
from cecalc.input.arrays.windows import ArrayFile, HeldWindows, Windows
from cecalc.input.classes import Classes, Named, held, shown_names, texts
from cecalc.input.extra_arrays import open_beside
from cecalc.input.files import Files
from cecalc.input.problem import whole
from cecalc.input.shapes import aligned, arrange, axis_names, names_of, row_blocks
from cecalc.model import Batch, Block, Floats, Meter, Problem, Schema
from cecalc.request import InputRequest
from cecalc.terms import Kind, Task

if TYPE_CHECKING:
    from cecalc.input.table import Beside

BATCH_VALUES = 2**21
"""How many values a window holds (but always a whole entry of the first axis): 4 MiB of float16,
from which on memory comes in large pages.
"""


def from_arrays(
    found: ArrayFile, request: InputRequest, said: Kind | None, files: Files
) -> Problem:
    """The problem that a file of arrays states, named as in a JSON document; or one bare array.

    `files` closes what is opened beside it.

    Raises
    ------
    DataError : a name is unknown, or the shapes do not go together
    """
    try:
        return _problem(found, request, said, files)
    except DataError as error:
        raise error.at(source=found.source) from None


def _problem(found: ArrayFile, request: InputRequest, said: Kind | None, files: Files) -> Problem:
    names = {name.replace("-", "_"): name for name in found.names}
    if len(names) == 1 and names.keys().isdisjoint(document_keys.KEYS):
        if said is None:
            raise document_keys.bare_array()
        names = {said.value: found.names[0]}
    document_keys.refuse_unknown(names, "array")
    kind, notes = document_keys.kind_among(names, said, "arrays")
    here = {
        name: partial(found.open, stored, text=name in _NAMES) for name, stored in names.items()
    }
    options = {name: _nested(here[name]()) for name in names if name in document_keys.OPTIONS}
    classes = request.classes
    if classes is None and "classes" in here:
        classes = names_of(_nested(here["classes"]()), "classes")
    values = here[kind]()
    schema = Schema(
        source=found.source,
        kind=kind,
        classes=classes,
        options=document_keys.options_of(options),
        notes=notes,
        stored=values.dtype,
        is_flat=len(values.shape) == 1,
    )
    target = here["target"]() if "target" in here and request.wants_target else None
    weight = here["sample_weight"]() if "sample_weight" in here else None
    ids = names_of(_nested(here["ids"]()), "ids") if "ids" in here else None
    if request.ignored is None:
        request = replace(request, ignored=schema.options.ignore_index)
    if request.transpose:
        named = None if target is None else partial(_all_named, target, request, schema)
        return whole(schema, held(values), named, request, _held(weight), ids)
    beside = open_beside(request, classes, values.shape, files.enter_context(files.inner()))
    truth = None
    if beside.target is not None:
        truth = Named(_of_memory(beside.target), Classes(None, notes=beside.notes), beside.source)
    elif (array := beside.arrays.get("target", target)) is not None:
        source = beside.source or found.source
        truth = Named.of(array, request, classes, values.shape, source)
    weight = _given(beside, "sample_weight") or weight
    together = _SideBySide.of(schema, request, values, truth, weight, ids, beside)
    return together.problem(files.meter)


def _all_named(
    target: Windows, request: InputRequest, schema: Schema, values: tuple[int, ...]
) -> tuple[Floats, tuple[str, ...]]:
    """All of a target beside values of that shape."""
    named = Named.of(target, request, schema.classes, values, schema.source)
    return named.held(), named.classes.notes


def _given(beside: Beside, what: str) -> Windows | None:
    """What an option gave."""
    array: Floats | None = getattr(beside, what)
    if array is None:
        return beside.arrays.get(what)
    return _of_memory(array)


def _of_memory(array: Floats) -> Windows:
    return HeldWindows.of(array, array.dtype.name)


def _held(array: Windows | None) -> Floats | None:
    return None if array is None else held(array)


def _nested(array: Windows) -> Any:
    """An array as nested lists of numbers; integers stay what they are."""
    if is_text(array.dtype):
        return texts(array).tolist()
    raw = array.read(array.length).reshape(array.shape)
    is_integer = raw.dtype.kind in "iu" and array.dtype != "bfloat16"
    return raw.tolist() if is_integer else widened(raw, array.dtype).tolist()


_NAMES = {"target", "classes", "ids"}
"""The arrays that may hold text."""


@dataclass(frozen=True)
class _SideBySide:
    """Arrays that are read together, an entry of axis 0 beside the other."""

    schema: Schema
    request: InputRequest
    values: _Entries
    target: _Entries | None
    truth: Named | None
    """What the target's entries name."""
    weight: _Entries | None
    ids: tuple[str, ...] | None
    beside: Beside

    @classmethod
    def of(
        cls,
        schema: Schema,
        request: InputRequest,
        values: Windows,
        truth: Named | None,
        weight: Windows | None,
        ids: tuple[str, ...] | None,
        beside: Beside,
    ) -> _SideBySide:
        """The arrays laid out with their rows on axis 0, as far as their shapes go together."""
        form = request.target_form
        target = None if truth is None else truth.array
        known = None if target is None else _shaped(target.shape)
        array, its = aligned(request.task, _shaped(values.shape), known, form)
        entries = array.shape[0]
        weights = None if weight is None else _shaped((math.prod(weight.shape),))
        document_keys.check_lengths(entries, weights, ids)
        return cls(
            schema,
            request,
            _Entries.of(values, array.shape),
            None if target is None or its is None else _Entries.of(target, its.shape),
            truth,
            None if weight is None else _Entries.of(weight, (entries,)),
            ids,
            beside,
        )

    def problem(self, meter: Meter) -> Problem:
        """The problem they state."""
        n, classes, *rest = self.values.shape
        if self.request.task in (Task.BCE, Task.SIGMOID):
            classes, rest = classes * math.prod(rest), []
        schema = replace(
            self.schema,
            classes=shown_names(self.schema.classes, classes),
            coordinates=axis_names(np.empty((0, len(rest) + 1))) if rest else (),
            target_source=self.beside.source,
            target_columns=self.beside.columns,
            weight_source=self.beside.weight_source,
            weight_columns=self.beside.weight_columns,
            notes=(*self.schema.notes, *(self.truth.classes.notes if self.truth else ())),
        )
        return Problem(schema, self._blocks(n, meter))

    def _blocks(self, entries: int, meter: Meter) -> Iterator[Block]:
        arrays = self.values, self.target, self.weight
        for part in row_blocks(entries, math.prod(self.values.shape[1:]), BATCH_VALUES):
            if meter.total is not None:  # windows are read past what counts bytes
                meter.read = meter.total * part.stop // entries
            size = part.stop - part.start
            stored = (None if array is None else array.windows.read(size) for array in arrays)
            yield partial(self._batch, part, *stored)

    def _batch(self, part: slice, values: Any, target: Any, weight: Any) -> Batch:
        floats = as_stored(values, self.values.windows.dtype).reshape(-1, *self.values.shape[1:])
        truth = None if self.target is None else self.target.floats(target)
        if truth is not None and self.truth is not None:
            truth = self.truth.numbers(truth, part.start)
        rows = arrange(self.request.task, floats, truth, self.request.target_form)
        per_row, lines, weight_lines = rows.per_row, self.beside.lines, self.beside.weight_lines
        if rows.coordinates is not None:
            rows.coordinates[:, 0] += part.start
        weights = None if self.weight is None else self.weight.floats(weight)
        is_counted = self.ids or lines or weight_lines
        numbers = np.arange(part.start, part.stop).repeat(per_row) if is_counted else ()
        return Batch(
            start=part.start * per_row,
            values=rows.values,
            target=rows.target,
            sample_weight=None if weights is None else weights.repeat(per_row),
            ids=None if self.ids is None else [self.ids[i] for i in numbers],
            target_lines=None if lines is None else [lines[i] for i in numbers],
            weight_lines=None if weight_lines is None else [weight_lines[i] for i in numbers],
            coordinates=rows.coordinates,
            extents=rows.extents,
            cell_shape=rows.cell_shape,
        )


@dataclass(frozen=True)
class _Entries:
    """An array whose windows hold some entries each of the shape `shape[1:]`."""

    windows: Windows
    shape: tuple[int, ...]

    @classmethod
    def of(cls, array: Windows, shape: tuple[int, ...]) -> _Entries:
        """An array in a shape that differs from its own by axes of length 1."""
        if array.length != shape[0]:  # it is one row, or what stands beside one
            array = HeldWindows.of(held(array).reshape(shape))
        return cls(array, shape)

    def floats(self, stored: Any) -> Floats:
        """A window of it."""
        return widened(stored, self.windows.dtype).reshape(-1, *self.shape[1:])


def _shaped(shape: tuple[int, ...]) -> Floats:
    """An array that has a shape and no memory."""
    return np.broadcast_to(np.float64(), shape)
