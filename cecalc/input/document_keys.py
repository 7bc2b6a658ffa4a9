"""The names under which values, a target and options stand in a document or a file of arrays."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from cecalc.errors import DataError, count, excerpt, suggestion
from cecalc.input.shapes import as_said
from cecalc.request import LOSS_OPTIONS, Inline, LossOptions
from cecalc.terms import Kind, Reduction

_NUMERIC = (name for name, option in LOSS_OPTIONS.items() if option.type is not Reduction)
KEYS = (*Kind, "target", *_NUMERIC, "sample_weight", "reduction", "classes", "ids")


def check_lengths(entries: int, weights: int | None, ids: int | None) -> None:
    """Refuse sample weights and identifiers that are not as many as the entries of axis 0.

    Raises
    ------
    DataError : they are more or fewer
    """
    for what, given in (("sample weight", weights), ("id", ids)):
        if given not in (None, entries):
            raise DataError(f"{count(entries, 'row')} of values, {count(given, what)}")


def bare_array() -> DataError:
    """The error for an array of which nobody says whether it holds logits or probabilities."""
    return DataError(
        "a bare array does not say what its numbers are",
        hint="name it: --logits FILE, --probs FILE or --log-probs FILE",
    )


def kind_among(
    names: Collection[str], said: Kind | None, what: str, *, hint: str = ""
) -> tuple[Kind, tuple[str, ...]]:
    """Which kind of values is read, and what is worth a word about it.

    Raises
    ------
    DataError : there is none, or not the one that was said; or a name is none of `KEYS`
    """
    for name in names:
        if name not in KEYS:
            rule = f"unknown {what} {excerpt(name)}{suggestion(name, KEYS, excerpt)}"
            raise DataError(rule, hint=f"{what}s: {', '.join(KEYS)}{hint}")
    kinds = [kind for kind in Kind if kind in names and said in (None, kind)]
    if not kinds:
        expected = "logits, probs or log_probs" if said is None else said
        raise DataError(f"no {expected}", hint=f"{what}s: {', '.join(names)}")
    others = " and ".join(kinds[1:])
    return kinds[0], (f"read the {kinds[0]}; the {others} were left alone",) if others else ()


def options_of(names: Collection[str], value_of: Callable[[str], Any]) -> LossOptions:
    """What the `LOSS_OPTIONS` among the names say about the loss.

    Raises
    ------
    DataError : a value is not what its key asks for
    """
    given = [name for name in LOSS_OPTIONS if name in names]
    return LossOptions(**{name: _option(name, value_of(name)) for name in given})


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
