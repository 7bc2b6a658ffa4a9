"""Arrays that state a problem: arguments, JSON documents and files that are read by windows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from cecalc.errors import DataError
from cecalc.input import document_keys
from cecalc.input.arrays.dtypes import as_stored, is_text, widened
from cecalc.input.arrays.windows import ArrayFile, HeldWindows, Windows
from cecalc.input.classes import Named, held, texts
from cecalc.input.extra_arrays import nested_target, open_beside
from cecalc.input.files import Files
from cecalc.input.problem import batch_of, stated
from cecalc.input.shapes import aligned, names_of, row_blocks, to_array
from cecalc.input.table import Beside, Columns
from cecalc.model import Batch, Block, Floats, Problem, Schema
from cecalc.progress import Meter
from cecalc.request import Inline, InputRequest
from cecalc.terms import Kind, Task

if TYPE_CHECKING:
    from cecalc.input.json import Document

BATCH_VALUES = 2**21
"""How many values a window holds (but always a whole entry of the first axis): 4 MiB of float16,
from which on memory comes in large pages.
"""


def from_arguments(kind: Kind, values: Inline, request: InputRequest, files: Files) -> Problem:
    """The problem of values on the command line; --classes names its classes.

    Raises
    ------
    DataError : the shapes do not go together
    """
    array = to_array(values.nested, values.option)
    if request.task in (Task.BCE, Task.SIGMOID) and array.ndim < 2:
        array = array.reshape(1, -1)  # a comma list is one row
    schema = Schema(source=values.option, kind=kind, classes=request.classes)
    return _Arrays(schema, HeldWindows.of(array)).problem(request, files)


def from_document(
    document: Document, request: InputRequest, kind: Kind | None, files: Files
) -> Problem:
    """The problem that one JSON value states: an object, or the bare array of an option's file.

    Raises
    ------
    DataError : a key is unknown, or a value breaks a rule
    """
    value, source = document.value, document.source
    try:
        if isinstance(value, dict):
            known = {k.replace("-", "_"): v for k, v in value.items() if v is not None}
            return _named(_Keys(source, known), request, kind, files)
        if value == []:
            raise DataError("no data rows")
        if kind is None:
            raise document_keys.bare_array()
        schema = Schema(source=source, kind=kind, classes=request.classes)
        return _Arrays(schema, HeldWindows.of(to_array(value, kind))).problem(request, files)
    except DataError as error:
        raise error.at(source=source) from None


def from_arrays(
    found: ArrayFile, request: InputRequest, said: Kind | None, files: Files
) -> Problem:
    """The problem that a file of arrays states, named as in a JSON document; or one bare array.

    `files` closes what is opened beside it.

    Raises
    ------
    DataError : a name is unknown, or the shapes do not go together
    """
    names = {name.replace("-", "_"): name for name in found.names}
    try:
        if len(names) == 1 and names.keys().isdisjoint(document_keys.KEYS):
            if said is None:
                raise document_keys.bare_array()
            names = {said.value: found.names[0]}
        return _named(_Stored(found, names), request, said, files)
    except DataError as error:
        raise error.at(source=found.source) from None


@dataclass(frozen=True)
class _Keys:
    """The members of a JSON object."""

    what: ClassVar = "key"
    hint: ClassVar = "; a single row object: --input-format jsonl"
    source: str
    names: Mapping[str, Any]

    def value(self, name: str) -> Any:
        """A member as it stands."""
        return self.names[name]

    def array(self, name: str, task: Task) -> Windows:
        """An array of numbers."""
        is_weight = name == "sample_weight"
        array = to_array(self.names[name], name, by_row=is_weight or task is Task.BCE)
        if array.ndim == 1 and task is Task.BCE and not is_weight:
            array = array[:, None]  # a document's (N,) is N rows of one cell
        return HeldWindows.of(array)

    def target(
        self, request: InputRequest, classes: tuple[str, ...] | None, values: tuple[int, ...]
    ) -> Named:
        """The target beside values of the shape `values`."""
        return nested_target(self.names["target"], request, classes, values)


@dataclass(frozen=True)
class _Stored:
    """The arrays of a file."""

    what: ClassVar = "array"
    hint: ClassVar = ""
    file: ArrayFile
    names: Mapping[str, str]

    @property
    def source(self) -> str:
        """The file."""
        return self.file.source

    def value(self, name: str) -> Any:
        """An array as nested lists; integers stay what they are."""
        array = self.file.open(self.names[name], text=name in ("classes", "ids"))
        if is_text(array.dtype):
            return texts(array).tolist()
        raw = array.read(array.length).reshape(array.shape)
        is_integer = raw.dtype.kind in "iu" and array.dtype != "bfloat16"
        return raw.tolist() if is_integer else widened(raw, array.dtype).tolist()

    def array(self, name: str, _: Task) -> Windows:
        """An array of numbers, by windows."""
        return self.file.open(self.names[name])

    def target(
        self, request: InputRequest, classes: tuple[str, ...] | None, values: tuple[int, ...]
    ) -> Named:
        """The target beside values of the shape `values`."""
        array = self.file.open(self.names["target"], text=True)
        return Named.of(array, request, classes, values, self.source)


def _named(
    found: _Keys | _Stored, request: InputRequest, said: Kind | None, files: Files
) -> Problem:
    """The problem of arrays by their names."""
    names = found.names
    kind, notes = document_keys.kind_among(names, said, found.what, hint=found.hint)
    options = document_keys.options_of(names, found.value)
    classes = request.classes
    if classes is None and "classes" in names:
        classes = names_of(found.value("classes"), "classes")
    request = replace(request, options=request.options.over(options))
    values = found.array(kind, request.task)
    schema = Schema(
        source=found.source,
        kind=kind,
        classes=classes,
        options=options,
        notes=notes,
        stored=values.dtype if isinstance(found, _Stored) else None,
    )
    has_target = "target" in names and request.wants_target
    arrays = _Arrays(
        schema,
        values,
        partial(found.target, request, classes) if has_target else None,
        found.array("sample_weight", request.task) if "sample_weight" in names else None,
        names_of(found.value("ids"), "ids") if "ids" in names else None,
    )
    return arrays.problem(request, files, files.meter if isinstance(found, _Stored) else Meter())


@dataclass(frozen=True)
class _Arrays:
    """What a problem is made of, before anything is known of what options give beside it."""

    schema: Schema
    values: Windows
    target: Callable[[tuple[int, ...]], Named] | None = None
    """The input's own, beside values of a shape."""
    weight: Windows | None = None
    ids: tuple[str, ...] | None = None

    def problem(self, request: InputRequest, files: Files, meter: Meter | None = None) -> Problem:
        """The problem, where --target and --sample-weight win over the input's own."""
        values = _transposed(self.values) if request.transpose else self.values
        inner = files.enter_context(Files())
        beside, truth, weight = open_beside(request, self.schema.classes, values.shape, inner)
        if truth is None and self.target is not None:
            truth = self.target(values.shape)
        if truth is not None and request.transpose and len(truth.array.shape) == len(values.shape):
            truth = replace(truth, array=_transposed(truth.array))
        weight = weight or self.weight
        target = None if truth is None else truth.array.shape
        rows, targets = aligned(request.task, values.shape, target, request.target_form)
        weights = None if weight is None else math.prod(weight.shape)
        ids = None if self.ids is None else len(self.ids)
        document_keys.check_lengths(rows[0], weights, ids)
        together = _SideBySide(
            request,
            _Entries.of(values, rows),
            None if truth is None else _Entries.of(truth.array, targets, truth),
            None if weight is None else _Entries.of(weight, rows[:1]),
            self.ids,
            beside,
        )
        schema = replace(self.schema, is_flat=len(values.shape) == 1)
        notes = truth.classes.notes if truth else ()
        return stated(schema, together.blocks(meter or Meter()), beside, notes)


def _transposed(array: Windows) -> Windows:
    if len(array.shape) < 2:
        raise DataError(f"--transpose: shape {array.shape} has no two axes to exchange")
    return HeldWindows.of(np.swapaxes(held(array), 0, 1))


@dataclass(frozen=True)
class _SideBySide:
    """Arrays that are read together, an entry of axis 0 beside the other."""

    request: InputRequest
    values: _Entries
    target: _Entries | None
    weight: _Entries | None
    ids: tuple[str, ...] | None
    beside: Beside

    def blocks(self, meter: Meter) -> Iterator[Block]:
        """Blocks of bounded size."""
        entries, *shape = self.values.shape
        arrays = self.values, self.target, self.weight
        for part in row_blocks(entries, math.prod(shape), BATCH_VALUES):
            if meter.total is not None:  # windows are read past what counts bytes
                meter.read = meter.total * part.stop // entries
            size = part.stop - part.start
            stored = (None if array is None else array.windows.read(size) for array in arrays)
            yield partial(self._batch, part, *stored)

    def _batch(self, part: slice, values: Any, target: Any, weight: Any) -> Batch:
        floats = as_stored(values, self.values.windows.dtype).reshape(-1, *self.values.shape[1:])
        columns = Columns(
            values=floats,
            target=None if self.target is None else self.target.floats(target, part.start),
            sample_weight=None if self.weight is None else self.weight.floats(weight, part.start),
            ids=None if self.ids is None else self.ids[part],
        )
        return batch_of(columns, part.start, self.beside, self.request)


@dataclass(frozen=True)
class _Entries:
    """An array whose windows hold some entries each of the shape `shape[1:]`."""

    windows: Windows
    shape: tuple[int, ...]
    named: Named | None = None
    """What they are where they may name classes."""

    @classmethod
    def of(cls, array: Windows, shape: tuple[int, ...], named: Named | None = None) -> _Entries:
        """An array in a shape that differs from its own by axes of length 1."""
        if array.length != shape[0]:  # it is one row, or what stands beside one
            array = HeldWindows.of(held(array).reshape(shape))
        return cls(array, shape, named)

    def floats(self, stored: Any, start: int) -> Floats:
        """A window of it, from the entry `start` on."""
        array = widened(stored, self.windows.dtype).reshape(-1, *self.shape[1:])
        return array if self.named is None else self.named.numbers(array, start)
