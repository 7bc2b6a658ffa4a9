"""Cells of JSON that say more than a list of numbers: whose score each is, or whose likelihood."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from cecalc.errors import DataError, Place, excerpt
from cecalc.input import names as known
from cecalc.input.layout import Layout
from cecalc.input.nested import scores
from cecalc.input.shapes import described
from cecalc.numbers import as_float
from cecalc.request import InputRequest
from cecalc.terms import Kind

Form = Callable[[Any], list[float]]
"""Makes the numbers of a row of a cell; a ValueError says what is wrong."""
_RESPONSES = ("filtered_resps", "resps")
_HARNESS = "as lm-evaluation-harness writes them: log-likelihoods of the choices"


def in_order(labels: Sequence[str]) -> tuple[str, ...]:
    """Labels by name; by number where only numbers differ.

    >>> in_order(["pos", "neg"]), in_order(["LABEL_10", "LABEL_9"])
    (('neg', 'pos'), ('LABEL_9', 'LABEL_10'))
    """
    begin, end = known.in_common(labels)
    rests = [label[len(begin) : len(label) - len(end)] for label in labels]
    if all(rest.isascii() and rest.isdigit() for rest in rests):
        return tuple(label for _, label in sorted(zip(map(int, rests), labels, strict=True)))
    return tuple(sorted(labels))


def asked(first: Mapping[str, Any], request: InputRequest) -> InputRequest:
    """The request, with the columns named where the rows are samples of lm-evaluation-harness."""
    responses = next((key for key in _RESPONSES if key in first), None)
    if responses is None or request.columns.values or not {"doc_id", "target"} <= first.keys():
        return request
    columns = request.columns
    target = columns.target or (None if columns.targets else "target")
    columns = replace(columns, values={Kind.LOGITS: responses}, target=target)
    return replace(request, columns=columns)


def understood(
    first: Mapping[str, Any], layout: Layout, request: InputRequest, place: Place
) -> tuple[Layout, dict[int, Form]]:
    """The layout with the classes that cells name, and how such cells are read, by position.

    Parameters
    ----------
    first, place : the first row, and where it is

    Raises
    ------
    DataError : other classes are said
    """
    if len(layout.values) != 1:
        return layout, {}
    position = layout.values[0]
    key = list(first)[position]
    if key in _RESPONSES and "doc_id" in first:
        form = partial(_likelihoods, has_more="acc_mutual_info" in first)
        note = f"read {key} {_HARNESS}"
        return replace(layout, notes=(*layout.notes, note)), {position: form}
    if (found := scores(first[key])) is None:
        return layout, {}
    classes = request.classes or in_order(list(found))
    if sorted(classes) != sorted(found):
        rule = f"--classes names {', '.join(classes[:8])}, but {key} scores {', '.join(found)}"
        raise DataError(rule, place=place)
    return replace(layout, names=tuple(classes)), {position: partial(_scores, classes=classes)}


def _scores(cell: Any, *, classes: Sequence[str]) -> list[float]:
    """The scores of a row, in the order of the classes."""
    found = scores(cell)
    if found is None:
        raise ValueError(f"expected a score for each class, found {described(cell)}")
    if missing := [name for name in classes if name not in found]:
        raise ValueError(f"no score for class {excerpt(missing[0])}")
    if extra := [name for name in found if name not in classes]:
        raise ValueError(f"a score for {excerpt(extra[0])}, which is no class")
    return [found[name] for name in classes]


def _likelihoods(cell: Any, *, has_more: bool) -> list[float]:
    """The log-likelihood of each choice, which may be written as text; where mutual information
    is asked for, the second half is of the choices without their question.
    """
    items = cell if isinstance(cell, list) else [cell]
    items = items[: len(items) // 2] if has_more else items
    if len(items) < 2:
        raise ValueError("one response: without other choices there is no cross-entropy")
    try:
        return [as_float(_first(item)) for item in items]
    except (ValueError, TypeError):
        rule = "generated text, where the log-likelihoods of choices are expected"
        raise ValueError(rule) from None


def _first(item: Any) -> Any:
    while isinstance(item, list) and item:
        item = item[0]
    return item
