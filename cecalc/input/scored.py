"""Cells of JSON that say more than a list of numbers: whose score each is, or whose likelihood."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from cecalc.errors import DataError, excerpt
from cecalc.input import names as known
from cecalc.input.layout import Layout
from cecalc.input.nested import labelled
from cecalc.input.shapes import described
from cecalc.numbers import as_float, is_number
from cecalc.request import Inline, InputRequest

Form = Callable[[Any], Any]
"""Makes of a cell what is read of it; a DataError says what is wrong."""
_RESPONSES = ("filtered_resps", "resps")
_HARNESS = "as lm-evaluation-harness writes them: log-likelihoods of the choices"


def asked(first: Mapping[str, Any], request: InputRequest) -> InputRequest:
    """The request, with the columns named where the rows are samples of lm-evaluation-harness."""
    responses = next((key for key in _RESPONSES if key in first), None)
    if responses is None or request.columns.values or not {"doc_id", "target"} <= first.keys():
        return request
    columns = request.columns
    target = columns.target_col or (None if columns.target_cols else "target")
    columns = replace(columns, logits_cols=responses, target_col=target)
    return replace(request, columns=columns)


def understood(
    first: Mapping[str, Any], layout: Layout, request: InputRequest
) -> tuple[Layout, dict[int, Form]]:
    """The layout with the classes that cells name, and how such cells are read, by position.

    Raises
    ------
    DataError : other classes are said, or what goes by the number of a class meets names alone
    """
    if not layout.is_single:
        return layout, {}
    position, cells = layout.values[0], list(first.values())
    key, cell = list(first)[position], cells[position]
    if key in _RESPONSES and "doc_id" in first:
        form = partial(_likelihoods, key=key, has_more="acc_mutual_info" in first)
        form = partial(form, choices=len(form(cell)))
        note = f"read {key} {_HARNESS}"
        return replace(layout, notes=(*layout.notes, note)), {position: form}
    if labelled(cell) is None:
        return layout, {}
    if len(found := _by_label(cell)) == 1:
        rule = f"{excerpt(key)} scores one class alone"
        raise DataError(rule, hint="a pipeline gives all with top_k=None")
    classes = request.classes or in_order(list(found))
    if sorted(classes) != sorted(found):
        rule = f"--classes names {', '.join(classes[:8])}, but {key} scores {', '.join(found)}"
        raise DataError(rule)
    forms: dict[int, Form] = {position: partial(_scores, classes=classes)}
    if request.classes is None and not _is_numbered(classes):
        _refuse_numbers(classes, [cells[i] for i in layout.target], key, request)
        forms |= dict.fromkeys(layout.target, partial(_no_number, classes=len(classes)))
    forms |= {i: forms[position] for i in layout.target if isinstance(cells[i], dict)}
    return replace(layout, names=tuple(classes)), forms


def in_order(labels: Sequence[str]) -> tuple[str, ...]:
    """Labels by name; by number where only numbers differ.

    >>> in_order(["pos", "neg"]), in_order(["LABEL_10", "LABEL_9"])
    (('neg', 'pos'), ('LABEL_9', 'LABEL_10'))
    """
    rests = known.rests(labels)
    if all(rest.isascii() and rest.isdigit() for rest in rests):
        return tuple(label for _, label in sorted(zip(map(int, rests), labels, strict=True)))
    return tuple(sorted(labels))


def _is_numbered(classes: Sequence[str]) -> bool:
    """Whether a class can be told by a number, as anybody would."""
    return all(map(is_number, classes)) or known.numbered(known.rests(classes))


def _refuse_numbers(
    classes: Sequence[str], targets: Sequence[Any], key: str, request: InputRequest
) -> None:
    """Refuse what goes by the number of a class where classes have names, and no order."""
    beside, is_family = (request.options.weight, request.options.pos_weight), len(targets) > 1
    if (given := request.target) is not None:  # a file may hold anything
        nested, is_family = given.nested if isinstance(given, Inline) else None, False
        targets = nested if isinstance(nested, list) else [nested]
    have_names = all(
        isinstance(target, dict) or (isinstance(target, str) and not is_number(target))
        for target in targets
    )
    if not (have_names or is_family) or any(weight is not None for weight in beside):
        orders = (classes, classes[::-1]) if len(classes) == 2 else ()
        raise DataError(
            f"{excerpt(key)} has the names of its classes, not their numbers",
            hint=f"say their order with --classes: {', '.join(classes[:8])}",
            ways=tuple((f"--classes={','.join(names)}",) for names in orders),
        )


def _no_number(target: Any, *, classes: int) -> Any:
    """A target that may be the name of a class, in whatever row."""
    if is_number(str(target)) and 0 <= float(target) < classes:
        raise DataError("the number of a class, where the first row has a name", value=str(target))
    return target


def _by_label(cell: Any) -> dict[str, float]:
    pairs = labelled(cell)
    if pairs is None:
        raise DataError(f"expected a score for each class, found {described(cell)}")
    if len(found := dict(pairs)) < len(pairs):
        twice = next(label for i, (label, _) in enumerate(pairs) if label in dict(pairs[:i]))
        raise DataError(f"class {excerpt(twice)} is scored twice")
    return found


def _scores(cell: Any, *, classes: Sequence[str]) -> list[float]:
    """The scores of a row, in the order of the classes."""
    found = _by_label(cell)
    if missing := [name for name in classes if name not in found]:
        raise DataError(f"no score for class {excerpt(missing[0])}")
    if extra := [name for name in found if name not in classes]:
        raise DataError(f"a score for {excerpt(extra[0])}, which is no class")
    return [found[name] for name in classes]


def _likelihoods(cell: Any, *, key: str, has_more: bool, choices: int = 0) -> list[float]:
    """The log-likelihood of each choice, which may be written as text; where mutual information
    is asked for, the second half is of the choices without their question.
    """
    items = cell if isinstance(cell, list) else [cell]
    items = items[: len(items) // 2] if has_more else items
    if len(items) < 2:
        raise DataError("one response: without other choices there is no cross-entropy")
    if choices and len(items) != choices:
        rule = f"{len(items)} choices, where the first row has {choices}"
        hint = f"take those of a kind: jq -c 'select(.{key} | length == {len(cell)})' FILE"
        raise DataError(rule, hint=hint)
    try:
        return [as_float(_of_choice(item)) for item in items]
    except ValueError:
        rule = "generated text, where the log-likelihoods of choices are expected"
        raise DataError(rule) from None


def _of_choice(item: Any) -> Any:
    """The first of a log-likelihood and whether the choice is what the model would have said."""
    while isinstance(item, list) and len(item) == 1:
        item = item[0]
    if isinstance(item, list) and len(item) == 2 and str(item[1]) in ("True", "False"):
        return item[0]
    raise ValueError
