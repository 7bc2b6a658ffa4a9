"""Arrays given to options beside the values: a target, sample weights, class weights."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cecalc.errors import DataError, Place
from cecalc.records import Given, Inline, InputRequest, NamedFile, Task
from cecalc.sources import formats
from cecalc.sources.columns import Wanted, seen
from cecalc.sources.files import open_text
from cecalc.sources.inline import parse
from cecalc.sources.shapes import to_array
from cecalc.sources.tables import Beside, Reader
from cecalc.sources.targets import Classes

if TYPE_CHECKING:
    from cecalc.records import Floats


def read_beside(request: InputRequest, classes: tuple[str, ...] | None) -> Beside:
    """What --target and --sample-weight gave, class names turned into class numbers.

    Raises
    ------
    DataError : a name is no class, or something is no number
    InputError : a file cannot be opened
    """
    beside = Beside()
    if isinstance(request.target, Inline):
        beside.source = request.target.option
        try:
            beside.target = target_array(request.target.nested, request, classes)
        except DataError as error:
            raise error.at(source=request.target.option) from None
    elif request.target is not None:
        _read_target(request, request.target, classes, beside)
    if beside.target is not None and beside.target.ndim == 0:
        beside.target = beside.target[None]
    if request.sample_weight is not None:
        beside.sample_weight = _sample_weight(request, request.sample_weight, beside)
    return beside


def _sample_weight(request: InputRequest, given: Given, beside: Beside) -> Floats:
    """Weights of rows, shape (N,); in a table the column `sample_weight`, or the only one."""
    if isinstance(given, Inline):
        return read_numbers(given).reshape(-1)
    inner = replace(request, target=None, values={}, sample_weight=None, classes=None)
    with ExitStack() as files:
        found = formats.opened(inner, given.path, Wanted(values=False, target=False), files)
        rows = [] if isinstance(found, formats.Document) else list(found.records)
    if isinstance(found, formats.Document):
        value = found.value
        value = value.get("sample_weight") if isinstance(value, dict) else value
        return to_array(value, "sample_weight").reshape(-1)
    layout = found.layout
    others = [i for i in range(len(found.fields)) if i != layout.id]
    column = (
        others[0] if layout.sample_weight is None and len(others) == 1 else layout.sample_weight
    )
    if column is None:
        hint = f"name it sample_weight, or use --sample-weight-col; {seen(found.fields)}"
        raise DataError("no sample_weight column", place=Place(source=given.path), hint=hint)
    reader = Reader(found, inner, Classes(None, None, request.ignored))
    beside.weight_ids = reader.ids(rows)
    return reader.array(rows, (column,)).reshape(-1)


def target_array(nested: Any, request: InputRequest, classes: tuple[str, ...] | None) -> Floats:
    """A target of nested lists, class names turned into class numbers.

    Raises
    ------
    DataError : a name is no class, or the lists are ragged
    """
    flat = not isinstance(nested, list) or not any(isinstance(item, list) for item in nested)
    if request.task is Task.CE and (_has_text(nested) or (flat and classes is not None)):
        nested = _numbers(nested, Classes(classes, request.target_as, request.ignored))
    return to_array(nested, "target")


def read_numbers(given: Given) -> Floats:
    """The array given to an option that takes plain numbers; a file holds them as text or JSON.

    Raises
    ------
    DataError : it holds something else
    """
    if isinstance(given, Inline):
        return to_array(given.nested, given.option)
    with ExitStack() as files:
        whole = "".join(open_text(given.path, files).lines())
    try:
        nested = parse(whole if "[" in whole else ",".join(whole.split()))
    except ValueError as error:
        raise DataError(str(error), place=Place(source=given.path)) from None
    return to_array(nested, given.option)


def _read_target(
    request: InputRequest, given: NamedFile, classes: tuple[str, ...] | None, beside: Beside
) -> None:
    """A target file, by the same column rules as any table; its whole length is kept."""
    beside.source = given.path
    inner = replace(request, target=None, values={}, sample_weight=None)
    with ExitStack() as files:
        found = formats.opened(inner, given.path, Wanted(values=False, only=True), files)
        rows = [] if isinstance(found, formats.Document) else list(found.records)
    if isinstance(found, formats.Document):
        value = found.value
        if isinstance(value, dict):
            if "target" not in value:
                raise DataError("no target", place=Place(source=given.path))
            value = value["target"]
        try:
            beside.target = target_array(value, request, classes)
        except DataError as error:
            raise error.at(source=given.path) from None
        return
    if not found.layout.target:
        raise DataError("no target column", place=Place(source=given.path))
    reader = Reader(found, inner, Classes(classes, request.target_as, request.ignored))
    beside.target = reader.target(rows)
    beside.ids = reader.ids(rows)
    beside.lines = [row.line for row in rows if row.line is not None] or None
    beside.columns = tuple((i + 1, found.fields[i]) for i in found.layout.target)


def _numbers(nested: Any, classes: Classes) -> Any:
    if isinstance(nested, list):
        return [_numbers(item, classes) for item in nested]
    try:
        return classes.number(nested)
    except ValueError as error:
        raise DataError(str(error)) from None


def _has_text(nested: Any) -> bool:
    if isinstance(nested, list):
        return any(map(_has_text, nested))
    return isinstance(nested, str)
