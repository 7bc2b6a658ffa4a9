"""Building blocks that keep the digits the plain formulas lose.

Everything here is array-API arithmetic on the namespace of its input; class axis last.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any


def namespace(array: Array) -> Any:
    """The array-API namespace `array` belongs to; NumPy ≥ 2 is its own, torch needs its wrapper."""
    if hasattr(array, "__array_namespace__"):
        return array.__array_namespace__()
    import array_api_compat

    return array_api_compat.array_namespace(array)


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


def normaliser(logits: Array, /) -> tuple[Array, Array, Array]:
    """What turns a row of logits into log-probabilities, in pieces that lose nothing.

    Parameters
    ----------
    logits : shape (N, C)

    Returns
    -------
    peak : shape (N,), the largest logit
    prediction : shape (N,), its class, the first one on ties
    tail : shape (N,), Σ exp(logit − peak) over the *other* classes

    The log-sum-exp of the row is ``peak + log1p(tail)``. Leaving the peak out of the sum, not
    subtracting its 1 afterwards, is what keeps the loss of a confident row: for logits (37, 0)
    ``log(1 + tail)`` is 0, ``log1p(tail)`` is 8.5e-17.
    """
    xp = namespace(logits)
    prediction = xp.argmax(logits, axis=-1)
    peak = xp.take_along_axis(logits, prediction[..., None], axis=-1)
    difference, error = two_difference(logits, peak)
    # exp(difference) alone is off by 2⁻⁵³·|difference| because the subtraction rounds: 256 units in
    # the last place at logits of ±300.
    powers = xp.exp(difference)
    powers = powers + powers * error
    classes = xp.arange(logits.shape[-1], dtype=prediction.dtype, device=logits.device)
    others = xp.where(classes == prediction[..., None], xp.zeros_like(powers), powers)
    return peak[..., 0], prediction, tree_sum(others)


def softplus(z: Array, /) -> Array:
    """ln(1 + exp(z)), elementwise, accurate where it is tiny and finite where exp(z) is not."""
    xp = namespace(z)
    return xp.maximum(z, xp.zeros_like(z)) + xp.log1p(xp.exp(-xp.abs(z)))


@np.errstate(over="ignore")
def weighted(weight: Array, values: Array, /) -> Array:
    """`weight · values` with 0·inf = 0: what has no weight has no say."""
    xp = namespace(values)
    return weight * xp.where(weight == 0, xp.zeros_like(values), values)
