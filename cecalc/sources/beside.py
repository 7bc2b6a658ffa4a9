"""Arrays given to options beside the values: a target, sample weights, class weights."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cecalc.errors import DataError, Place, count, excerpt
from cecalc.records import Given, Inline, InputRequest, NamedFile, Task
from cecalc.sources.inline import parse
from cecalc.sources.shapes import to_array
from cecalc.sources.targets import Classes

if TYPE_CHECKING:
    from cecalc.records import Floats


@dataclass
class Beside:
    """What options gave beside the rows, handed out in step with them."""

    target: Floats | None = None
    """Any shape `shapes.arrange` takes; beside rows of a table (N,) or (N, C)."""
    sample_weight: Floats | None = None
    """Shape (N,)."""
    ids: Sequence[str] | None = None
    """The identifiers in the target's file."""
    lines: Sequence[int] | None = None
    """The lines of the target's file."""
    columns: tuple[tuple[int, str], ...] = ()
    """The number and name of the target's columns in its file."""
    source: str | None = None
    """What the target was given in."""
    taken: int = 0

    def take(self, rows: int, ids: Sequence[str] | None) -> Beside:
        """What belongs to the next `rows` rows."""
        part = slice(self.taken, self.taken + rows)
        self._check_ids(ids, part)
        self.taken += rows
        return replace(
            self,
            target=None if self.target is None else self.target[part],
            sample_weight=None if self.sample_weight is None else self.sample_weight[part],
            lines=None if self.lines is None else self.lines[part],
        )

    def check_length(self, rows: int) -> None:
        """Refuse arrays that are not as long as the table was."""
        for what, array in (("target", self.target), ("sample weight", self.sample_weight)):
            if array is not None and array.shape[0] != rows:
                raise DataError(f"{count(rows, 'row')} of values, {count(array.shape[0], what)}")

    def _check_ids(self, ids: Sequence[str] | None, part: slice) -> None:
        if ids is None or self.ids is None:
            return
        for row, (ours, theirs) in enumerate(zip(ids, self.ids[part], strict=False), part.start):
            if ours != theirs:
                raise DataError(
                    f"id {excerpt(ours)} of the values beside id {excerpt(theirs)} of the target",
                    place=Place(row=row),
                    hint="both files carry ids: bring them into the same order",
                )


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
        beside.sample_weight = read_numbers(request.sample_weight).reshape(-1)
    return beside


def target_array(nested: Any, request: InputRequest, classes: tuple[str, ...] | None) -> Floats:
    """A target of nested lists, class names turned into class numbers.

    Raises
    ------
    DataError : a name is no class, or the lists are ragged
    """
    flat = not isinstance(nested, list) or not any(isinstance(item, list) for item in nested)
    if request.task is Task.CE and (_has_text(nested) or (flat and classes is not None)):
        nested = _numbers(nested, Classes(classes, request.target_as))
    return to_array(nested, "target")


def read_numbers(given: Given) -> Floats:
    """The array given to an option that takes plain numbers; a file holds them as text or JSON.

    Raises
    ------
    DataError : it holds something else
    """
    if isinstance(given, Inline):
        return to_array(given.nested, given.option)
    from cecalc.sources.files import open_text

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
    from cecalc.sources import formats, tables
    from cecalc.sources.columns import Wanted

    beside.source = given.path
    inner = replace(request, target=None, values={}, sample_weight=None)
    with ExitStack() as files:
        found = formats.opened(inner, given.path, Wanted(values=False, only=True), files)
        rows = [] if isinstance(found, formats.Document) else list(found.records)
    if isinstance(found, formats.Document):
        value = found.value.get("target") if isinstance(found.value, dict) else found.value
        try:
            beside.target = target_array(value, request, classes)
        except DataError as error:
            raise error.at(source=given.path) from None
        return
    if not found.layout.target:
        raise DataError("no target column", place=Place(source=given.path))
    reader = tables.Reader(found, inner, Classes(classes, request.target_as))
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
