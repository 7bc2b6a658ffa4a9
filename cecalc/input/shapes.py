"""From arrays of any shape to rows: which axis is the class, which form the target has.

Shape decides, as in torch: as many dimensions as the logits is a distribution (for bce: cells), one
fewer is a class index. The class axis is 1.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from cecalc.errors import DataError, Ways, count, excerpt
from cecalc.input.nested import MAX_DEPTH
from cecalc.model import Floats
from cecalc.numbers import write_number
from cecalc.terms import TargetForm, Task

BATCH_VALUES = 2**17
"""How many values a block of an input that is there at once holds (but always a whole row)."""
Shape = tuple[int, ...]


def to_array(nested: Any, what: str, *, by_row: bool = False) -> Floats:
    """Nested lists of numbers as a float64 array.

    Parameters
    ----------
    nested : the lists, or a number
    what : what errors call them
    by_row : whether even a flat list holds an item for each row

    Raises
    ------
    DataError : the lists are ragged, or hold something that is no number
    """
    try:
        shape = _shape(nested, what)
    except DataError as error:
        is_flat = isinstance(nested, list) and not any(isinstance(item, list) for item in nested)
        error.row = None if is_flat and not by_row else error.row
        raise
    try:
        return np.asarray(nested, dtype=np.float64).reshape(shape)
    except OverflowError:
        raise DataError(f"{what}: an integer is outside float64") from None


def _shape(nested: Any, what: str, depth: int = 0, *, row: int | None = None) -> tuple[int, ...]:
    """The shape of lists in the row `row` of an array; None where all of it is meant."""
    if not isinstance(nested, list):
        if type(nested) not in (float, int):
            raise _no_number(what, nested, row)
        return ()
    if depth > MAX_DEPTH:
        raise DataError(f"{what.partition('[')[0]}: nested deeper than {MAX_DEPTH}")
    types = set(map(type, nested))
    if types <= {float, int}:
        return (len(nested),)
    if types != {list}:
        i = next(i for i, item in enumerate(nested) if type(item) not in (float, int))
        if isinstance(nested[i], list):
            raise DataError(f"{what} mixes numbers and lists")
        raise _no_number(f"{what}[{i}]", nested[i], i if row is None else row)
    shapes = [
        _shape(item, f"{what}[{i}]", depth + 1, row=i if row is None else row)
        for i, item in enumerate(nested)
    ]
    for i, shape in enumerate(shapes):
        if shape != shapes[0]:
            rule = f"{what}[{i}] has {_size(shape)}, {what}[0] has {_size(shapes[0])}"
            raise DataError(rule, row=i if row is None else row)
    return (len(nested), *shapes[0])


def shape_of_first(nested: Any) -> Shape:
    """The shape of nested lists by the first of each; ragged ones are refused elsewhere.

    >>> shape_of_first([[1, 2], [3]])
    (2, 2)
    """
    shape: Shape = ()
    while isinstance(nested, list):
        shape += (len(nested),)
        nested = nested[0] if nested else None
    return shape


def as_said(value: Any) -> str:
    """A value of JSON as machines are told it: text as it is, anything else as JSON writes it.

    >>> as_said("x"), as_said(None), as_said([1])
    ('x', 'null', '[1]')
    """
    return value if isinstance(value, str) else json.dumps(value)


def _size(shape: tuple[int, ...]) -> str:
    if len(shape) == 1:
        return count(shape[0], "value")
    return f"the shape {shape}" if shape else "one number"


def _no_number(what: str, value: Any, row: int | None) -> DataError:
    return DataError(f"{what} is {described(value)}", value=as_said(value), row=row)


def described(value: Any) -> str:
    """What a value of JSON is that is no number, in the words of errors.

    >>> described(None), described("x"), described([1])
    ('null', "the text 'x'", 'a list')
    """
    if isinstance(value, str):
        return f"the text {excerpt(value)}"
    kind = {type(None): "null", list: "a list", dict: "an object"}.get(type(value))
    return kind or str(value).lower()


def aligned(
    task: Task, values: Shape, target: Shape | None, form: TargetForm | None = None
) -> tuple[Shape, Shape]:
    """The shapes of values and target with their rows on axis 0.

    Only axes of length 1 come or go. Without a target, its shape is ().

    Raises
    ------
    DataError : the shapes do not go together
    """
    if 0 in values:
        raise DataError("no data rows" if values[0] == 0 else "rows without values")
    if task in (Task.BCE, Task.SIGMOID):
        if target not in (None, values):
            _check_cells(values, target)
        cells = values if len(values) > 1 else (math.prod(values), 1)
        return cells, () if target is None else cells
    rows = values if len(values) > 1 else (1, *(values or (1,)))  # (C,), as torch takes it
    if target is None:
        return rows, ()
    if len(target) == 1 and rows == (1, *target) != (1, 1):
        target = rows  # --logits 2,-3 --target 0,1
    target = target or (1,)
    _check_shapes(rows, target, form)
    return rows, target


def is_index(values: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Whether a target of that shape is of class indices or names, beside values of that shape.

    >>> is_index((5, 3), (5,)), is_index((3,), (3,)), is_index((1, 3), (3,)), is_index((3,), (1,))
    (True, False, False, True)
    """
    rows = values if len(values) > 1 else (1, *(values or (1,)))
    if rows == (1, *target):
        return len(target) != 1 or target == (1,)
    return len(target) < len(rows)


def _check_shapes(values: Shape, target: Shape, form: TargetForm | None) -> None:
    n, _, *rest = values
    found = {values: TargetForm.DISTRIBUTION, (n, *rest): TargetForm.INDEX}.get(target)
    if found is None:
        rule = f"{count(n, 'row')} of values, {count(target[0], 'target')}"
        if len(values) > 2 or len(target) > 1:
            rule = _mismatch(values, target)
        raise DataError(rule, hint=_shape_hint(values, target))
    if form is not None and form != found:
        raise DataError(
            f"--target-form {form}, but the target's shape {target} is that of "
            f"{'class indices' if found == TargetForm.INDEX else 'distributions'}"
        )


def _mismatch(values: Shape, target: Shape) -> str:
    return f"values of shape {values} and a target of shape {target}"


def _shape_hint(values: Shape, target: Shape) -> str:
    n, c, *rest = values
    if target == (n, 1, *rest):
        return f"class indices have the shape {(n, *rest)}: leave the axis of length 1 out"
    if len(target) == len(values) and target[:2] == (c, n):
        return "one of the two looks transposed: rows come first, classes second"
    if len(target) == 1:
        return "give one class index for each row, or one probability for each class"
    return f"class indices have the shape {(n, *rest)}, distributions the shape {values}"


def _check_cells(values: Shape, target: Shape) -> None:
    lengths = [[length for length in shape if length != 1] for shape in (values, target)]
    if lengths[0] == lengths[1]:
        return
    hint = "bce needs a target for each value"
    ways: Ways = ()
    if len(values) >= 2 and target == (values[0], *values[2:]):
        hint, ways = hint + "; a class index for each row belongs to ce", (("ce",),)
    raise DataError(_mismatch(values, target), hint=hint, ways=ways)


def row_blocks(rows: int, width: int, values: int) -> Iterator[slice]:
    """Slices of at most `values` values (at least one row) that cover all rows in order."""
    step = max(1, values // max(1, width))
    for first in range(0, rows, step):
        yield slice(first, min(rows, first + step))


def names_of(nested: Any, what: str) -> tuple[str, ...]:
    """Class names or identifiers given as a list; numbers are taken as they are written.

    Raises
    ------
    DataError : it is no flat list
    """
    items: Sequence[Any] = nested if isinstance(nested, list) else [nested]
    if not all(type(item) in (str, int, float) for item in items):
        raise DataError(f"{what} is no list of names")
    return tuple(write_number(x) if isinstance(x, float) else str(x) for x in items)
