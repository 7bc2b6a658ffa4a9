"""Several mistakes at once: every activation with every loss, every reading, every clip."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product

from cecalc.insight.why.forms import (
    KERAS,
    NOWHERE,
    SKLEARN,
    SKLEARN_OLD,
    SKLEARN_SINGLE,
    TORCH,
    Clip,
    Form,
)
from cecalc.insight.why.measured import Factor, times
from cecalc.insight.why.misread import Misread
from cecalc.insight.why.mistakes import BCE_LINE, CE_LINE, Mistake

_ACTIVATIONS = {
    "logits": ("", ()),
    "softmax": ("softmax first", (1,)),
    "sigmoid": ("sigmoid first", (12,)),
    "log_softmax": ("log_softmax first", (20,)),
}
_LOSSES = {
    "ce": ("cross-entropy", ()),
    "nll": ("NLLLoss", (25,)),
    "log": ("-ln of it as a probability", (8,)),
    "bce_logits": ("BCE with logits", (9,)),
    "bce": ("BCELoss", (9,)),
}
_CLIPS: dict[Clip, tuple[str, tuple[int, ...]]] = {
    KERAS: ("clipped at 1e-7", (7,)),
    SKLEARN: ("clipped at 2.2e-16", (7,)),
    SKLEARN_OLD: ("clipped at 1e-15", (7,)),
    SKLEARN_SINGLE: ("clipped at 1.2e-7", (7,)),
}
_READINGS = {
    "given": ("", ()),
    "minus_one": ("targets minus 1", (6,)),
    "plus_one": ("targets plus 1", (6,)),
    "by_name": ("classes sorted by name", (19,)),
    "next": ("targets one row later", (14,)),
    "previous": ("targets one row earlier", (14,)),
    "after_next": ("targets two rows later", (14,)),
}
_NOTHING: tuple[str, tuple[int, ...]] = ("", ())
_PLAIN = {"bce": TORCH}
"""Where torch itself clips."""
_ON_CELLS = {"bce": (), "bce_logits": (), "ce": (22,)}
"""What entries these losses have where cells have labels of their own."""


def combinations(*, is_of_cells: bool) -> Iterator[Misread]:
    """Every combination of two or more mistakes."""
    readings = ("given",) if is_of_cells else _READINGS
    for activation, loss, reading in product(_ACTIVATIONS, _LOSSES, readings):
        plain = {_PLAIN.get(loss, NOWHERE): _NOTHING}
        clips = plain | _CLIPS if loss in ("log", "bce") else plain
        for clip, clipped in clips.items():
            said = (_ACTIVATIONS[activation], _loss(loss, is_of_cells), clipped, _READINGS[reading])
            entries = tuple(number for _, numbers in said for number in numbers)
            form = Form(activation, loss, clip)
            if len(entries) > 1:
                words = ", ".join(words for words, _ in said if words)
                fix = BCE_LINE if is_of_cells else CE_LINE
                mistake = Mistake(words, entries, f"several at once: {words}", fix, 2)
                yield Misread(mistake, form, reading)


def _loss(loss: str, is_of_cells: bool) -> tuple[str, tuple[int, ...]]:
    words, entries = _LOSSES[loss]
    return words, _ON_CELLS.get(loss, entries) if is_of_cells else entries


DEEP_FACTORS = (
    *(times(factor) for factor in (32, 1 / 32)),
    Factor("times ln 2", 13, "multiplied by ln 2, though it is in nats already",
        "loss = {f}(logits, target)  # nats", lambda loss, _: loss.mean * math.log(2), 2),
    Factor("times C", 21, "multiplied by the number of classes",
        "loss = {f}(logits, target)  # one mean",
        lambda loss, size: loss.mean * size.classes, 2),
    Factor("divided by N - 1", 21, "the sum was divided by one row fewer",
        "loss = {f}(logits, target)  # one mean",
        lambda loss, size: loss.total / (size.rows - 1) if size.rows > 1 else math.nan, 2),
)  # fmt: skip
"""Factors that are tried only when several mistakes are."""
