"""The names under which values, a target and options stand in a document or a file of arrays."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping, Sized
from typing import Any

from cecalc.errors import DataError, count, excerpt
from cecalc.input.shapes import as_said
from cecalc.request import Inline, LossOptions
from cecalc.terms import Kind, Reduction

KEYS = (
    "logits", "probs", "log_probs", "target", "weight", "pos_weight", "ignore_index",
    "label_smoothing", "sample_weight", "reduction", "classes", "ids",
)  # fmt: skip
OPTIONS = {"weight", "pos_weight", "ignore_index", "label_smoothing", "reduction"}
"""The keys that say something about the loss."""


def check_lengths(entries: int, weights: Sized | None, ids: Sized | None) -> None:
    """Refuse sample weights and identifiers that are not as many as the entries of axis 0.

    Raises
    ------
    DataError : they are more or fewer
    """
    for what, given in (("sample weight", weights), ("id", ids)):
        if given is not None and len(given) != entries:
            raise DataError(f"{count(entries, 'row')} of values, {count(len(given), what)}")


def bare_array() -> DataError:
    """The error for an array of which nobody says whether it holds logits or probabilities."""
    return DataError(
        "a bare array does not say what its numbers are",
        hint="name it: --logits FILE, --probs FILE or --log-probs FILE",
    )


def refuse_unknown(names: Iterable[str], what: str, *, hint: str = "") -> None:
    """Refuse a name that is none of `KEYS`.

    Raises
    ------
    DataError : it names the nearest known one
    """
    for name in names:
        if name not in KEYS:
            near = difflib.get_close_matches(name, KEYS, 1)
            meant = f"; did you mean {excerpt(near[0])}?" if near else ""
            known = f"{what}s: {', '.join(KEYS)}{hint}"
            raise DataError(f"unknown {what} {excerpt(name)}{meant}", hint=known)


def kind_among(
    names: Collection[str], said: Kind | None, what: str
) -> tuple[Kind, tuple[str, ...]]:
    """Which kind of values is read, and what is worth a word about it.

    Raises
    ------
    DataError : there is none, or not the one that was said
    """
    kinds = [kind for kind in Kind if kind in names and said in (None, kind)]
    if not kinds:
        expected = "logits, probs or log_probs" if said is None else said
        raise DataError(f"no {expected}", hint=f"{what}: {', '.join(names)}")
    others = " and ".join(kinds[1:])
    return kinds[0], (f"read the {kinds[0]}; the {others} were left alone",) if others else ()


def options_of(document: Mapping[str, Any]) -> LossOptions:
    """What the keys `OPTIONS` say about the loss.

    Raises
    ------
    DataError : a value is not what its key asks for
    """
    reduction = document.get("reduction")
    if reduction is not None and reduction not in list(Reduction):
        rule = f"reduction {excerpt(str(reduction))} is none of {', '.join(Reduction)}"
        raise DataError(rule, value=as_said(reduction))
    return LossOptions(
        reduction=None if reduction is None else Reduction(reduction),
        ignore_index=_scalar(document, "ignore_index"),
        label_smoothing=_scalar(document, "label_smoothing"),
        weight=_inline(document, "weight"),
        pos_weight=_inline(document, "pos_weight"),
    )


def _inline(document: Mapping[str, Any], key: str) -> Inline | None:
    return None if key not in document else Inline(key, document[key])


def _scalar(document: Mapping[str, Any], key: str) -> float | None:
    value = document.get(key)
    if value is None:
        return None
    if type(value) not in (int, float):
        raise DataError(f"{key} is no number", value=as_said(value))
    return float(value)
