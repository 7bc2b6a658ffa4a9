"""The names under which values, a target and options stand in a document or a file of arrays."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping
from typing import Any

from cecalc.errors import DataError, count, excerpt
from cecalc.input.shapes import as_said
from cecalc.request import Inline, LossOptions
from cecalc.terms import Kind, Reduction


def _number(key: str, value: Any) -> float:
    if type(value) not in (int, float):
        raise DataError(f"{key} is no number", value=as_said(value))
    return float(value)


def _reduction(key: str, value: Any) -> Reduction:
    if value not in list(Reduction):
        rule = f"{key} {excerpt(str(value))} is none of {', '.join(Reduction)}"
        raise DataError(rule, value=as_said(value))
    return Reduction(value)


KEYS: Mapping[str, Callable[[str, Any], Any] | None] = {
    **dict.fromkeys(Kind),
    "target": None,
    "weight": Inline,
    "pos_weight": Inline,
    "ignore_index": _number,
    "label_smoothing": _number,
    "sample_weight": None,
    "reduction": _reduction,
    "classes": None,
    "ids": None,
}
"""All of them; and of those that say something about the loss, what understands their value."""


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
            near = difflib.get_close_matches(name, KEYS, 1)
            meant = f"; did you mean {excerpt(near[0])}?" if near else ""
            known = f"{what}s: {', '.join(KEYS)}{hint}"
            raise DataError(f"unknown {what} {excerpt(name)}{meant}", hint=known)
    kinds = [kind for kind in Kind if kind in names and said in (None, kind)]
    if not kinds:
        expected = "logits, probs or log_probs" if said is None else said
        raise DataError(f"no {expected}", hint=f"{what}s: {', '.join(names)}")
    others = " and ".join(kinds[1:])
    return kinds[0], (f"read the {kinds[0]}; the {others} were left alone",) if others else ()


def options_of(names: Collection[str], value_of: Callable[[str], Any]) -> LossOptions:
    """What the keys among the names say about the loss.

    Raises
    ------
    DataError : a value is not what its key asks for
    """
    readers = {key: reader for key, reader in KEYS.items() if reader and key in names}
    return LossOptions(**{key: reader(key, value_of(key)) for key, reader in readers.items()})
