"""Arrays that make a problem: arguments, JSON documents and files that are read by windows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from cecalc.errors import DataError, excerpt
from cecalc.input.arrays.dtypes import as_stored, widened
from cecalc.input.arrays.windows import ArrayFile, HeldWindows, Windows
from cecalc.input.extra_arrays import ExtraArray, check_length, left_alone, refuse_unpaired
from cecalc.input.files import Files
from cecalc.input.foreign import explained
from cecalc.input.members import CLASSES, TARGET, WEIGHT, Document, Roles
from cecalc.input.names import alone
from cecalc.input.problem import batch_of, stated
from cecalc.input.shapes import aligned, as_said, names_of, row_blocks, to_array
from cecalc.input.target_reader import TargetReader, array_of, ids_of, open_extras
from cecalc.model import Batch, Block, Columns, Problem, Schema
from cecalc.progress import Meter
from cecalc.request import LOSS_OPTIONS, Inline, InputRequest, LossOptions
from cecalc.terms import Kind, Reduction, Task

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
    schema = Schema(values.option, kind, request.classes, says_kind=False)
    return _Arrays(schema, _transposed(HeldWindows.of(array), request)).problem(request, files)


def from_members(
    found: ArrayFile | Document, request: InputRequest, said: Kind | None, files: Files
) -> Problem:
    """The problem that a JSON document or a file of arrays states by its names; or one bare array.

    `files` closes what is opened beside it.

    Raises
    ------
    DataError : a name is unknown, or the shapes do not go together
    """
    members = Roles.of(found)
    try:
        if found.is_bare and not members.roles:
            if said is None:
                raise _bare_array(request)
            members = replace(members, roles={said: found.names}, rest=())
        return _named(found, members, request, said, files)
    except DataError as error:
        foreign = explained(found.source) if isinstance(found, Document) else None
        raise (foreign or error).at(source=found.source) from None


def _values(found: ArrayFile | Document, name: str, kind: Kind, task: Task) -> Windows:
    is_column = task is Task.BCE and name != "" and not isinstance(found, ArrayFile)
    values = array_of(found, name, name or kind, by_row=is_column)
    if is_column and len(values.shape) == 1:
        return HeldWindows.of(values.floats()[:, None])  # a document's (N,) is N rows of one cell
    return values


def _named(
    found: ArrayFile | Document,
    members: Roles,
    request: InputRequest,
    said: Kind | None,
    files: Files,
) -> Problem:
    """The problem of arrays by their names."""
    weight, target = None, None
    kind, notes = members.kind(said)
    own = (members.roles.get(role, ()) for role in (TARGET, WEIGHT))
    notes += (*found.notes, *left_alone(request, found.source, *own))
    if request.wants_target and TARGET not in members and not request.target_optional:
        raise members.no_target()
    options = _options(found, members)
    classes = request.classes
    if classes is None and CLASSES in members:
        classes = names_of(found.nested(members.name(CLASSES), text=True), CLASSES)
    request = replace(request, options=request.options.over(options))
    name = members.name(kind)
    values = _values(found, name, kind, request.task)
    schema = Schema(
        source=found.source,
        kind=kind,
        classes=classes,
        options=options,
        notes=notes,
        values_in=name,
        says_kind=alone(name) is not None,
        stored=values.dtype if isinstance(found, ArrayFile) else None,
    )
    if WEIGHT in members:
        name = members.name(WEIGHT)
        array = array_of(found, name, name)
        weight = ExtraArray(WEIGHT, array, files=array.files)
    values = _transposed(values, request)
    ids = ids_of(found, values.length)
    if TARGET in members and request.wants_target:
        target = TargetReader(request, classes, values.shape).member(found)
    return _Arrays(schema, values, target, weight, ids).problem(request, files)


def _options(found: ArrayFile | Document, members: Roles) -> LossOptions:
    """What the input itself says about the loss."""
    given = ((name, members.name(name)) for name in LOSS_OPTIONS if name in members)
    return LossOptions(**{name: _option(name, found.nested(member)) for name, member in given})


def _option(name: str, value: Any) -> Any:
    kind = LOSS_OPTIONS[name].type
    if kind is Reduction:
        if value not in list(Reduction):
            rule = f"{name} {excerpt(str(value))} is none of {', '.join(Reduction)}"
            raise DataError(rule, value=as_said(value))
        return Reduction(value)
    if kind is Inline:
        return Inline(name, value)
    if type(value) not in (int, float):
        raise DataError(f"{name} is no number", value=as_said(value))
    return float(value)


def _bare_array(request: InputRequest) -> DataError:
    """The error for an array of which nobody says whether it holds logits or probabilities; of two
    files, one may be the target.
    """
    files = request.inputs
    kinds, gone = (Kind.PROBS.option, Kind.LOGITS.option), [f"!{file}" for file in files]
    orders: list[tuple[str, ...]] = [files] if len(files) == 1 else []
    if len(files) == 2 and request.target is None:
        orders = [(a, f"--target={b}") for a, b in (files, files[::-1])]
    return DataError(
        "a bare array does not say what its numbers are",
        hint="name it: --logits FILE, --probs FILE or --log-probs FILE",
        ways=tuple((*gone, f"{kind}={values}", *of) for values, *of in orders for kind in kinds),
    )


@dataclass(frozen=True)
class _Arrays:
    """Arrays that are read together, an entry of axis 0 beside the other."""

    schema: Schema
    values: Windows
    target: ExtraArray | None = None
    weight: ExtraArray | None = None
    ids: tuple[str, ...] | None = None

    def problem(self, request: InputRequest, files: Files) -> Problem:
        """The problem, where --target and --sample-weight win over the input's own."""
        values, inner = self.values, files.enter_context(Files())
        reader = TargetReader(request, self.schema.classes, values.shape)
        given = open_extras(reader, inner, has_ids=self.ids is not None)
        target, weight = given[0] or self.target, given[1] or self.weight
        if values.files and len(values.shape) < 2 and request.task in (Task.CE, Task.SOFTMAX):
            rule = f"values of shape {values.shape} in several files: one row, or one for each?"
            raise DataError(rule, hint="rows come first: save them with the shape (N, C)")
        refuse_unpaired(values.files, (target, weight))
        if target is not None and len(target.array.shape) == len(values.shape):
            target = replace(target, array=_transposed(target.array, request))
        target, weight = (extra and extra.in_order_of(self.ids) for extra in (target, weight))
        shape = None if target is None else target.array.shape
        rows, targets = aligned(request.task, values.shape, shape, request.target_form)
        is_flat = len(values.shape) == 1
        schema = replace(self.schema, is_flat=is_flat, files=max(1, len(values.files)))
        if weight is not None:
            check_length("sample weight", math.prod(weight.array.shape), rows[0])
        if self.ids is not None:
            check_length("id", len(self.ids), rows[0])
        arrays = replace(
            self,
            values=values.reshaped(rows),
            target=target and replace(target, array=target.array.reshaped(targets)),
            weight=weight and replace(weight, array=weight.array.reshaped(rows[:1])),
        )
        return stated(schema, (target, weight), arrays.blocks(request, files.meter))

    def blocks(self, request: InputRequest, meter: Meter) -> Iterator[Block]:
        """Blocks of bounded size."""
        entries, *shape = self.values.shape
        extras = [extra for extra in (self.target, self.weight) if extra is not None]
        before = 0
        for number, (source, length) in enumerate(self.values.files or ((None, entries),)):
            places = {
                extra.name: extra.place(number, before) for extra in extras if extra.is_placed
            }
            place = {"source": source, "earlier": before, "sources": places}
            for here in row_blocks(length, math.prod(shape), BATCH_VALUES):
                part = slice(before + here.start, before + here.stop)
                if self.schema.stored and meter.total is not None:  # windows count no bytes
                    meter.read = meter.total * part.stop // entries
                size = part.stop - part.start
                values = self.values.read(size)
                stored = [(extra, extra.array.read(size)) for extra in extras]
                yield partial(self._batch, part, place, values, stored, request)
            before += length

    def _batch(
        self,
        part: slice,
        place: dict[str, Any],
        values: Any,
        stored: list[tuple[ExtraArray, Any]],
        request: InputRequest,
    ) -> Batch:
        columns = Columns(as_stored(values, self.values.dtype))
        for extra, entries in stored:
            columns = extra.put(columns, widened(entries, extra.array.dtype), part)
        if self.ids is not None:
            columns = replace(columns, ids=self.ids[part])
        return replace(batch_of(columns, part.start, request), **place)


def _transposed(array: Windows, request: InputRequest) -> Windows:
    """An array with its first two axes exchanged, where that is asked for."""
    if not request.transpose:
        return array
    if len(array.shape) < 2:
        raise DataError(f"--transpose: shape {array.shape} has no two axes to exchange")
    return HeldWindows.of(np.swapaxes(array.floats(), 0, 1))
