"""The program's JSON beside the reference."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from tests.fuzz.reference import Given, Refused, losses


@dataclass(frozen=True)
class Expected:
    """What the reference makes of an input."""

    rows: list[float | None]
    """Losses with their weights; None where a row is ignored."""
    mean: float | None
    """None where a sum on the way is above float64; the program's own are exact."""


def expected(given: Given) -> Expected:
    """The losses and their mean.

    Raises
    ------
    Refused : the input breaks a rule
    """
    plain = losses(given)
    weights = given.weight or [1.0] * len(plain)
    used = [(w, x) for w, x in zip(weights, plain, strict=True) if x is not None]
    rows = [None if x is None else x * w if w else 0.0 for w, x in zip(weights, plain, strict=True)]
    try:
        total = math.fsum(weight for weight, _ in used)
        if total == 0:
            raise Refused("the mean of nothing")
        mean = math.fsum(weight * loss for weight, loss in used if weight) / total
    except OverflowError:
        return Expected(rows, None)
    is_exact = math.isfinite(mean) or not all(math.isfinite(loss) for _, loss in used)
    return Expected(rows, mean if is_exact else None)


def difference(given: Given, out: bytes) -> str | None:
    """What the program's document has that the reference has not; None where they agree.

    Raises
    ------
    Refused : the input breaks a rule
    """
    right = expected(given)
    try:
        found = json.loads(out, parse_constant=_no_constant)
    except ValueError as error:
        return f"the output is no JSON: {error}"
    rows = found["rows"]
    if len(rows) != len(right.rows):
        return f"{len(rows)} rows, expected {len(right.rows)}"
    near = _tolerance(given)
    weights = given.weight or [1.0] * len(rows)
    for i, (row, loss, weight) in enumerate(zip(rows, right.rows, weights, strict=True)):
        told = _told(row, "loss")
        if not _agree(told, loss, near * max(1.0, weight)):
            return f"row {i}: loss {told}, expected {loss}"
        if loss is not None and not given.is_binary and row["prediction"] != _best(given, i):
            return f"row {i}: prediction {row['prediction']}, expected {_best(given, i)}"
    mean = _told(found, "loss")
    is_right = right.mean is None or _agree(mean, right.mean, near)
    return None if is_right else f"mean {mean}, expected {right.mean}"


def _best(given: Given, i: int) -> str | int:
    row = given.values[i]
    best = row.index(max(row))
    return best if given.names is None else given.names[best]


def _tolerance(given: Given) -> float:
    every = (abs(x) for row in given.values for x in row if math.isfinite(x))
    return 1e-12 * max(1.0, max(every, default=0))


def _told(row: dict[str, Any], name: str) -> float | None:
    """A number of the document; what is not finite stands beside it."""
    value = row[name]
    status = row.get(f"{name}_status")
    return float(status) if value is None and status is not None else value


def _agree(a: float | None, b: float | None, near: float) -> bool:
    if a is None or b is None or not (math.isfinite(a) and math.isfinite(b)):
        return a == b
    return abs(a - b) <= near


def _no_constant(name: str) -> float:
    raise ValueError(name)
