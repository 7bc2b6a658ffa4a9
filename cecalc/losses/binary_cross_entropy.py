"""Binary cross-entropy −[y ln p + (1 − y) ln(1 − p)], one value per cell, in nats."""

from __future__ import annotations

import math

from cecalc.losses.stable import Array, namespace, softplus_tail, weighted

LOG_FLOOR = -100.0
"""Where `torch.nn.BCELoss` clamps a logarithm."""


def with_logits(logits: Array, target: Array, /, *, pos_weight: Array | None = None) -> Array:
    """Loss of each cell, sigmoid inside; what is right at ±inf costs 0, what is wrong costs inf.

    Parameters
    ----------
    logits : any shape
    target : the same shape, within [0, 1]
    pos_weight : broadcastable to that shape; multiplies the y ln p term

    Returns
    -------
    the same shape, nats

    Examples
    --------
    >>> import numpy as np
    >>> with_logits(np.asarray([2.0, 0.8]), np.asarray([0.0, 1.0])).round(4)
    array([2.1269, 0.3711])

    References
    ----------
    `torch.nn.BCEWithLogitsLoss
    <https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html>`_
    """
    positive = target if pos_weight is None else target * pos_weight
    xp = namespace(logits)
    none, tail = xp.zeros_like(logits), softplus_tail(logits)
    of_ones = weighted(positive, xp.maximum(-logits, none) + tail)
    return of_ones + weighted(1.0 - target, xp.maximum(logits, none) + tail)


def of_probs(
    probs: Array, target: Array, /, *, clamp: bool = True, clip: float | None = None
) -> Array:
    """Loss of each cell whose prediction is already a probability.

    Parameters
    ----------
    probs : any shape, within [0, 1]
    target : the same shape, within [0, 1]
    clamp : stop each logarithm at −100, as `torch.nn.BCELoss` does; otherwise ln 0 is −inf
    clip : how far from 0 and 1 the probabilities stay; each logarithm then stops at ln of that

    Returns
    -------
    the same shape, nats

    Examples
    --------
    >>> import numpy as np
    >>> of_probs(np.asarray([0.0]), np.asarray([1.0]))
    array([100.])
    >>> of_probs(np.asarray([0.0]), np.asarray([1.0]), clamp=False)
    array([inf])
    >>> of_probs(np.asarray([0.0]), np.asarray([1.0]), clip=2.0**-52).round(4)
    array([36.0437])

    References
    ----------
    `torch.nn.BCELoss <https://docs.pytorch.org/docs/stable/generated/torch.nn.BCELoss.html>`_
    """
    xp = namespace(probs)
    is_one, is_zero = probs == 1, probs == 0
    floor = LOG_FLOOR if clamp else -math.inf
    if clip is not None:
        floor = math.log(clip)
    log_p = xp.where(is_zero, floor, xp.log(xp.where(is_zero, 1.0, probs)))
    log_not_p = xp.where(is_one, floor, xp.log1p(-xp.where(is_one, 0.0, probs)))
    if clamp or clip is not None:
        log_p = xp.maximum(log_p, floor)
    if clip is not None:  # else ln(1 - p) needs none: below 1, float64 p leaves it above -37
        log_not_p = xp.maximum(log_not_p, floor)
    return weighted(target, 0.0 - log_p) + weighted(1.0 - target, 0.0 - log_not_p)
