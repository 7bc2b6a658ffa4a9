"""Building blocks that keep the digits the plain formulas lose.

Everything here is array-API arithmetic on the namespace of its input; class axis last.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from cecalc.losses.normaliser import numpy_normaliser

Array = Any


def namespace(array: Array) -> Any:
    """The array-API namespace `array` belongs to; NumPy ≥ 2 is its own, torch needs its wrapper."""
    if hasattr(array, "__array_namespace__"):
        return array.__array_namespace__()
    import array_api_compat

    return array_api_compat.array_namespace(array)


def at(array: Array, index: Array, /) -> Array:
    """The value of one class in each row: shape (N, C) and (N,) to (N,)."""
    return namespace(array).take_along_axis(array, index[..., None], axis=-1)[..., 0]


@np.errstate(over="ignore", invalid="ignore")  # masked classes are no reason to warn
def two_difference(a: Array, b: Array, /) -> tuple[Array, Array]:
    """`a - b` and the rounding error of it, so that the pair is exact (Knuth's TwoSum).

    The error is 0 where the difference is not finite.
    """
    xp = namespace(a)
    difference = a - b
    back = difference - a
    error = (a - (difference - back)) - (b + back)
    return difference, xp.where(xp.isfinite(difference), error, xp.zeros_like(error))


@np.errstate(over="ignore")  # a sum beyond float64 is inf
def tree_sum(values: Array, /) -> Array:
    """The sum over the last axis, always added in the same order.

    Halving keeps the rounding error near log₂(n)/2 units in the last place, and the digits depend
    on the row alone: not on the backend, the memory layout or the rows beside it.
    """
    while values.shape[-1] > 1:
        half = values.shape[-1] // 2
        paired = values[..., :half] + values[..., half : 2 * half]
        if values.shape[-1] % 2:
            xp = namespace(values)
            paired = xp.concat([paired, values[..., 2 * half :]], axis=-1)
        values = paired
    return values[..., 0]


class Normaliser(NamedTuple):
    """What turns a row of logits into log-probabilities, in pieces that lose nothing.

    The log-sum-exp of a row is ``peak + log1p(tail)``. Leaving the peak out of the sum, not
    subtracting its 1 afterwards, is what keeps the loss of a confident row: for logits (37, 0)
    ``log(1 + tail)`` is 0, ``log1p(tail)`` is 8.5e-17.
    """

    peak: Array
    """Shape (N,): the largest logit."""
    prediction: Array
    """Shape (N,): its class, the first one on ties."""
    tail: Array
    """Shape (N,): Σ exp(logit − peak) over the *other* classes."""


def normaliser(logits: Array, /) -> Normaliser:
    """The normaliser of each row of logits.

    Parameters
    ----------
    logits : shape (N, C); NumPy's may be float32 or float16, the arithmetic is float64
    """
    if not isinstance(logits, np.ndarray):
        return careful_normaliser(logits)
    peak, prediction, tail = numpy_normaliser(logits)
    special = np.flatnonzero(np.isnan(tail))
    if special.size:  # masked classes, or something that is no number
        redone = careful_normaliser(np.ascontiguousarray(logits[special], dtype=np.float64))
        peak[special], prediction[special], tail[special] = redone
    return Normaliser(peak, prediction, tail)


def careful_normaliser(logits: Array, /) -> Normaliser:
    """The same for any array-API library, and for logits that may be infinite."""
    xp = namespace(logits)
    prediction = xp.argmax(logits, axis=-1)
    peak = xp.take_along_axis(logits, prediction[..., None], axis=-1)
    powers = exp_difference(logits, peak)
    classes = xp.arange(logits.shape[-1], dtype=prediction.dtype, device=logits.device)
    others = xp.where(classes == prediction[..., None], xp.zeros_like(powers), powers)
    return Normaliser(peak[..., 0], prediction, tree_sum(others))


def exp_difference(a: Array, b: Array, /) -> Array:
    """Exp(a − b), to the last digit but one.

    Exp of the rounded difference is off by 2⁻⁵³·|a − b|: 256 units in the last place at ±300.
    """
    difference, error = two_difference(a, b)
    powers = namespace(a).exp(difference)
    return powers + powers * error


def softplus(z: Array, /) -> Array:
    """ln(1 + exp(z)), elementwise, accurate where it is tiny and finite where exp(z) is not."""
    return namespace(z).maximum(z, namespace(z).zeros_like(z)) + softplus_tail(z)


def softplus_tail(z: Array, /) -> Array:
    """What softplus(z) and softplus(−z) share: ln(1 + exp(−|z|)), elementwise."""
    xp = namespace(z)
    return xp.log1p(xp.exp(-xp.abs(z)))


@np.errstate(over="ignore")
def weighted(weight: Array, values: Array, /) -> Array:
    """`weight · values` with 0·inf = 0: what has no weight has no say."""
    xp = namespace(values)
    return weight * xp.where(weight == 0, xp.zeros_like(values), values)
