"""What is right: the rules and the losses once more, in the plainest Python."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

_TRUTHS = ("true", "false")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_NAMED = re.compile(r"[+-]?(inf|infinity|nan)", re.IGNORECASE)
IGNORED = -100.0


class Refused(ValueError):
    """The input breaks a rule: accepting it is a fault."""


class Abstains(Exception):
    """The reference does not read this."""


@dataclass(frozen=True)
class Given:
    """What is in an input."""

    values: list[list[float]]
    target: list[int | None] | list[list[float]]
    """Class indices, or a number for each value."""
    weight: list[float] | None = None
    names: tuple[str, ...] | None = None
    is_binary: bool = False


def number(text: str) -> float:
    """The number a text writes down."""
    stripped = text.strip(" \t")
    if _NAMED.fullmatch(stripped):
        return float(stripped)
    if not _NUMBER.fullmatch(stripped):
        raise Refused(f"no number: {text!r}")
    return finite(stripped)


def finite(text: str) -> float:
    """The float64 nearest to digits, which may not be infinite."""
    if math.isinf(value := float(text)):
        raise Refused(f"outside float64: {text[:30]}")
    return value


def strict_json(text: str) -> Any:
    """A JSON value; no NaN, no 1e400, no duplicate keys."""
    try:
        return json.loads(
            text, object_pairs_hook=_once, parse_constant=_constant, parse_float=finite,
            parse_int=_integer,
        )  # fmt: skip
    except (ValueError, RecursionError) as error:
        raise Refused(f"no JSON: {error}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(known := dict(pairs)) < len(pairs):
        raise Refused("a key appears twice")
    return known


def _constant(name: str) -> float:
    if name == "NaN":
        raise Refused("NaN is not JSON")
    return float(name)


def _integer(text: str) -> int:
    finite(text)
    return int(text)


def class_index(cell: Any, names: Sequence[str] | None) -> int | None:
    """The class that a target means; None where it is ignored."""
    if isinstance(cell, bool) or not isinstance(cell, int | float | str):
        raise Refused(f"no target: {cell!r}")
    text = cell.strip() if isinstance(cell, str) else f"{cell:.17g}"
    is_number = bool(_NUMBER.fullmatch(text.strip(" \t")))
    if is_number and float(text) == IGNORED and text not in (names or ()):
        return None
    if names is not None and list(names) != [str(i) for i in range(len(names))]:
        if any(_NUMBER.fullmatch(name.strip()) or name.lower() in _TRUTHS for name in names):
            raise Abstains  # what other rows hold decides, as tests/input/test_names.py has it
        if text in names:
            return names.index(text)
    if not is_number or not finite(text).is_integer():
        raise Refused(f"no class: {text!r}")
    return int(float(text))


def arranged(values: Any, target: Any, weight: Any = None) -> Given:
    """Nested lists in the shapes of torch: (C,) or (N, C), and what goes with them."""
    dimensions = depth(values)
    if dimensions > 2 or depth(target) > 2:
        raise Abstains
    rows = [values] if dimensions == 1 else values
    if not isinstance(rows, list):
        raise Refused("one class")
    classes = len(rows[0]) if rows else 0
    if not isinstance(target, list):
        target = [target]
    if len(rows) == 1 and depth(target) == 1 and len(target) == classes > 1:
        target = [target]
    if len(target) != len(rows):
        raise Refused("another number of targets")
    if depth(target) == 1:
        return Given(floats(rows), [class_index(t, None) for t in target], weight)
    return Given(floats(rows), floats(target), weight)


def depth(nested: Any) -> int:
    """How many dimensions lists have; they may not be ragged."""
    if not isinstance(nested, list):
        return 0
    depths = {depth(item) for item in nested}
    lengths = {len(item) for item in nested if isinstance(item, list)}
    if len(depths) > 1 or len(lengths) > 1:
        raise Refused("ragged")
    return 1 + max(depths, default=0)


def floats(rows: Iterable[Iterable[Any]]) -> list[list[float]]:
    """Rows of numbers, which are neither text nor true or false."""
    every = [list(row) for row in rows]
    for cell in (cell for row in every for cell in row):
        if type(cell) not in (int, float):
            raise Refused(f"no number: {cell!r}")
    return [[float(cell) for cell in row] for row in every]


def losses(given: Given) -> list[float | None]:
    """The loss of each row, without weight; None where it is ignored."""
    if not given.values or len(given.values) != len(given.target):
        raise Refused("no rows, or not as many targets")
    width = len(given.values[0])
    if width < 2 - given.is_binary or any(len(row) != width for row in given.values):
        raise Refused("one class, or ragged")
    if not all(math.isfinite(w) and w >= 0 for w in given.weight or ()):
        raise Refused("a weight is negative or not finite")
    if given.weight is not None and len(given.weight) != len(given.values):
        raise Refused("another number of weights")
    one = _binary if given.is_binary else _cross
    return [one(row, target) for row, target in zip(given.values, given.target, strict=True)]


def _cross(row: list[float], target: int | list[float] | None) -> float | None:
    if target is None:
        return None
    top = max(row)
    if any(math.isnan(x) or x == math.inf for x in row) or top == -math.inf:
        raise Refused("a logit is nan or inf, or all are -inf")
    log_sum = top + math.log(math.fsum(math.exp(x - top) for x in row))
    if isinstance(target, int):
        if not 0 <= target < len(row):
            raise Refused(f"target {target} out of range")
        return log_sum - row[target]
    if len(target) != len(row) or not all(0 <= p <= 1 for p in target):
        raise Refused("no distribution")
    if abs(math.fsum(target) - 1) > 0.01 + 1e-7:
        raise Refused("target probabilities do not sum to 1")
    return math.fsum(p * (log_sum - x) for p, x in zip(target, row, strict=True) if p)


def _binary(row: list[float], target: int | list[float] | None) -> float:
    if not isinstance(target, list) or len(target) != len(row):
        raise Refused("not a target for each value")
    if any(map(math.isnan, row)) or not all(0 <= y <= 1 for y in target):
        raise Refused("a logit is nan, or a target outside 0..1")
    cells = [y * _softplus(-x) for x, y in zip(row, target, strict=True) if y]
    cells += [(1 - y) * _softplus(x) for x, y in zip(row, target, strict=True) if y < 1]
    return math.fsum(cells) / len(row)


def _softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))
