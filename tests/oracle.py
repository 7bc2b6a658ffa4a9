"""The exact values: the losses at 60 decimal digits, and how far a float64 is from them.

Inputs are taken as the float64 numbers they are. ``mp.log(1 + x)`` would be 0 for ``x = exp(-300)``
even at 60 digits; ``mp.log1p`` of the sum over the *other* classes keeps what is tiny.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from mpmath import mp, mpf
from mpmath.libmp import to_float

mp.dps = 60
INF = mpf("inf")


@lru_cache(maxsize=100_000)
def _pieces(row: tuple[float, ...]) -> tuple[mpf, tuple[mpf, ...], mpf]:
    """The peak of a row, exp(logit − peak) of its classes, and their sum without one peak's 1."""
    top = max(range(len(row)), key=row.__getitem__)
    powers = tuple(mp.exp(mpf(x) - mpf(row[top])) if x > -math.inf else mpf(0) for x in row)
    return mpf(row[top]), powers, mp.fsum(power for c, power in enumerate(powers) if c != top)


def surprisal_from_logits(row: Iterable[float]) -> list[mpf]:
    """−ln softmax of each class."""
    key = tuple(map(float, row))
    peak, _, tail = _pieces(key)
    log_tail = mp.log1p(tail)
    return [peak - mpf(x) + log_tail for x in key]


def surprisal_from_probs(row: Iterable[float]) -> list[mpf]:
    """−ln q of each class; inf where q = 0."""
    return [-mp.log(mpf(float(q))) if q else INF for q in row]


def surprisal_from_log_probs(row: Iterable[float]) -> list[mpf]:
    """−ln q of each class, given ln q."""
    return [-mpf(float(log_q)) for log_q in row]


def of_distribution(
    surprisal: Sequence[mpf],
    target: Sequence[float] | Sequence[mpf],
    smoothing: float = 0.0,
    weight: Sequence[float] | None = None,
) -> mpf:
    """Σ w·((1 − ε)·p + ε/C)·(−ln q), with 0·inf = 0."""
    epsilon, classes = mpf(float(smoothing)), len(surprisal)
    shares = [(1 - epsilon) * mpf(p) + epsilon / classes for p in target]
    weights = [mpf(1)] * classes if weight is None else [mpf(float(w)) for w in weight]
    shares = [share * w for share, w in zip(shares, weights, strict=True)]
    return mp.fsum(share * s for share, s in zip(shares, surprisal, strict=True) if share)


def of_index(
    surprisal: Sequence[mpf],
    target: int,
    smoothing: float = 0.0,
    weight: Sequence[float] | None = None,
) -> mpf:
    """The same with all of the target on one class, which is also how torch weights smoothing."""
    one_hot = [float(c == target) for c in range(len(surprisal))]
    return of_distribution(surprisal, one_hot, smoothing, weight)


def softplus(z: float) -> mpf:
    """ln(1 + exp(z))."""
    if math.isinf(z):
        return mpf(max(z, 0.0))
    x = mpf(float(z))
    return max(x, mpf(0)) + mp.log1p(mp.exp(-abs(x)))


def bce_with_logits(z: float, target: float, pos_weight: float = 1.0) -> mpf:
    """w·y·softplus(−z) + (1 − y)·softplus(z), with 0·inf = 0."""
    yes = mpf(float(pos_weight)) * mpf(float(target))
    no = 1 - mpf(float(target))
    return _mix((yes, softplus(-z)), (no, softplus(z)))


def bce_of_probs(p: float, target: float, clamp: bool = True) -> mpf:
    """−[y ln p + (1 − y) ln(1 − p)], each logarithm stopped at −100 where `clamp`."""
    most = mpf(100) if clamp else INF
    q, y = mpf(float(p)), mpf(float(target))
    yes = -mp.log(q) if q else INF
    no = -mp.log1p(-q) if q != 1 else INF
    return _mix((y, min(yes, most)), (1 - y, min(no, most)))


def softmax(row: Iterable[float]) -> list[mpf]:
    """Probabilities of a row's classes."""
    _, powers, tail = _pieces(tuple(map(float, row)))
    return [power / (1 + tail) for power in powers]


def sigmoid(z: float) -> mpf:
    """1 / (1 + exp(−z))."""
    if math.isinf(z):
        return mpf(z > 0)
    small = mp.exp(-abs(mpf(float(z))))
    return (1 if z >= 0 else small) / (1 + small)


def _mix(*parts: tuple[mpf, mpf]) -> mpf:
    return mp.fsum(weight * value for weight, value in parts if weight)


def ulps(value: float, exact: mpf, floor: float = 0.0) -> float:
    """How far `value` is from `exact`, in units in the last place of the float64 nearest to it.

    Below `floor` the unit stays that of `floor`; an infinity or NaN that should not be is inf away.
    """
    nearest = to_float(exact._mpf_, rnd="n")  # float(exact) would cut digits off, not round
    if not math.isfinite(value) or not math.isfinite(nearest):
        return 0.0 if value == nearest else math.inf
    _, exponent = math.frexp(math.ulp(max(abs(nearest), floor)))
    return abs(float(mp.ldexp(mpf(value) - exact, 1 - exponent)))


def ulps_apart(a: np.ndarray, b: np.ndarray, floor: float = 1e-300) -> float:
    """The largest distance between two float64 arrays, in units of the larger of each pair."""
    a, b = np.broadcast_arrays(np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64))
    differ = a != b  # equal infinities are 0 apart
    if not differ.any():
        return 0.0
    a, b = a[differ], b[differ]
    if not (np.isfinite(a) & np.isfinite(b)).all():
        return math.inf
    unit = np.spacing(np.maximum(np.maximum(np.abs(a), np.abs(b)), floor))
    return float(np.max(np.abs(a - b) / unit))
