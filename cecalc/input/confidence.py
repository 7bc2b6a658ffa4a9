"""A probability of the predicted class, which is not that of class 1: recognised, and told."""

from __future__ import annotations

import math
from collections.abc import Sequence

from cecalc.errors import DataError, Ways, count, excerpt
from cecalc.input import names as known
from cecalc.input.classes import Classes
from cecalc.input.glimpses import Glimpse, Head, glimpses, target_rank
from cecalc.numbers import write_number
from cecalc.request import InputRequest
from cecalc.selection import quoted, select
from cecalc.terms import Task

_LABELS = ("label", "labels")
"""What a target is called, and what pipelines call their predictions."""
_CERTAIN = 13.8
"""How many nats a guess is better by, where a score is not what its name says: once in 10⁶."""
_LEAST = 1e-9
_MANY = 20
"""In how many rows a score of class 1 is below 1/2 at least once, where both classes come."""
_FEW = 64
"""How many rows are looked at before the others of the head are."""
_ALL = "it takes the probability of every class, as from predict_proba"


class OfPrediction(DataError):
    """A score is the probability of the predicted class."""

    readings: Ways = ()
    """The options for the values that can be computed, the likeliest first."""


def recognised(
    fields: Sequence[str], head: Head, request: InputRequest, score: int | None = None
) -> OfPrediction | None:
    """What is told of a table with a probability of the predicted class; None where it has none.

    Parameters
    ----------
    fields, head : the names of the columns, and what they hold in the first rows
    score : the one column of probabilities by its name; else names like it are looked for
    """
    named = [i for i, name in enumerate(fields) if known.is_predicted(name)]
    named += [i for i, name in enumerate(fields) if known.plain(name) in _LABELS]
    if not (named and request.task.is_loss) or request.columns.target_cols is not None:
        return None
    if score is not None and request.task is Task.BCE:
        few = Glimpse.of(score, fields[score], head(score)[:_FEW])
        if min(few.numbers or (0.0,)) < 1 / 2:
            return None
    columns = [Glimpse.of(i, name, ()) for i, name in enumerate(fields)]  # by their names alone
    scores = [c.position for c in columns if c.is_certainty] if score is None else [score]
    found = [c for c in glimpses(fields, head, scores) if c.is_share]
    if len(found) != 1:
        return None
    target = request.columns.target_col
    wanted = [i for i in named if i != found[0].position and fields[i] != target]
    for prediction in glimpses(fields, head, wanted):
        others = [c for c in columns if c.position not in (prediction.position, *scores)]
        truth = next(iter(glimpses(fields, head, _truths(others, request)[:1])), None)
        if told := _told(found[0], prediction, truth, request, is_named=score is not None):
            return told
    return None


def _truths(columns: Sequence[Glimpse], request: InputRequest) -> list[int]:
    """The positions of what may be the target, the likeliest first."""
    said, names = request.columns.target_col, [column.name for column in columns]
    if request.target is not None:
        return []
    if said is not None:
        return [column.position for column in columns if column.name == said]
    by_name = known.targets_among(names, range(len(names)))
    ranks = {i: rank for i, name in enumerate(names) if (rank := target_rank(name)) is not None}
    return [columns[i].position for i in (*by_name, *sorted(ranks, key=ranks.__getitem__))]


def _told(
    score: Glimpse,
    prediction: Glimpse,
    truth: Glimpse | None,
    request: InputRequest,
    *,
    is_named: bool,
) -> OfPrediction | None:
    """What is told of a score beside a prediction, where it is that of the predicted class."""
    classes = prediction.classes | (truth.classes if truth else frozenset())
    is_apart = truth is not None and not truth.classes & prediction.classes
    least = min(score.numbers or (0.0,))
    if len(prediction.classes) < 2 or is_apart or least < 1 / len(classes):
        return None
    is_label = not known.is_predicted(prediction.name) and truth is None and request.target is None
    if is_named and len(classes) > 2 and len(truth.classes if truth else classes) < 3:
        return None
    is_short = len(score.numbers or ()) < _MANY
    is_plain = is_named and not known.is_predicted(prediction.name) and is_short
    if is_plain and not _misfits(score, truth or prediction):
        return None
    what, of = excerpt(score.name), excerpt(prediction.name)
    if is_label:
        low = "never falls below 1/2" if len(classes) == 2 else "looks like its probability"
        rule = f"column {of} is probably the predicted class: {what} {low}"
        hint = "the truth may not be in the file: give it with --target, or name its column"
        return OfPrediction(rule, hint=hint)
    if len(classes) > 2:
        rule = f"{what} is the probability of the class in {of} alone, one of {len(classes)}"
        return OfPrediction(f"{rule}: no cross-entropy can be had", hint=_ALL)
    rule = f"{what} never falls below 1/2 beside {of}: it is the probability of the predicted class"
    told = OfPrediction(
        f"{rule}, not of class 1", hint="--confidence-cols computes that of class 1"
    )
    told.readings = ((f"--confidence-cols={quoted(score.name)},{quoted(prediction.name)}",),)
    return told


def _misfits(score: Glimpse, label: Glimpse) -> bool:
    """Whether a guess fits labels far better than a score does as the probability of class 1."""
    labels, loss = label.numbers or label.texts, 0.0
    for one, p in zip(labels, score.numbers or (), strict=True):
        loss -= math.log(max(p if one == max(labels) else 1 - p, _LEAST))
    return loss - len(labels) * math.log(2) > _CERTAIN


def score_and_prediction(fields: Sequence[str], text: str) -> tuple[int, ...]:
    """The columns of a probability and of the class that it is of, where they are named.

    Raises
    ------
    DataError : there are more or fewer than two
    """
    option = "--confidence-cols"
    if len(found := select(fields, text, option)) != 2:
        rule = f"{option} {text} names {count(len(found), 'column')}, expected 2"
        raise DataError(rule, hint="the probability, then the class that it is of", value=text)
    return found


def doubts(fields: Sequence[str], head: Head, score: int) -> tuple[str, ...]:
    """What is worth a word about a probability of the predicted class, of two.

    Raises
    ------
    DataError : it is a percentage
    """
    from cecalc.input.families import are_percent

    (column,) = glimpses(fields, head, [score])
    if are_percent([column]):
        rule, hint = f"{excerpt(column.name)} holds percentages", "divide them by 100"
        raise DataError(rule, hint=hint)
    if min(column.numbers or (1.0,)) >= 1 / 2:
        return ()
    return (f"{excerpt(column.name)} falls below 1/2: that of a predicted class does not",)


def two_classes(seen: Sequence[Glimpse], request: InputRequest) -> tuple[str, ...]:
    """What is called 0 and 1 by a prediction and its target; empty where those are the numbers.

    Raises
    ------
    DataError : there are more than two, or only one
    """
    if request.classes is not None:
        names = list(request.classes)
    else:
        left_out = write_number(Classes.of(request, None).ignored)
        found = {name for column in seen for name in column.classes} - {left_out}
        if found <= {"0", "1"}:
            return ()
        is_text = any(column.numbers is None for column in seen)
        names = sorted(found) if is_text else sorted(found, key=float)
    if len(names) > 2:
        rule = f"a probability of the predicted class, of {len(names)}: no cross-entropy can be had"
        raise DataError(rule, hint=f"{_ALL}; classes: {', '.join(map(excerpt, names[:8]))}")
    if len(names) < 2:
        raise DataError("one class in the first rows", hint="name both with --classes")
    return tuple(names)
