"""Softmax maps a row together, sigmoid each logit alone; and their logarithms."""

from __future__ import annotations

from cecalc.losses.cross_entropy import surprisal_from_logits
from cecalc.losses.stable import (
    Array,
    Normaliser,
    at,
    exp_difference,
    namespace,
    normaliser,
    softplus,
)


def softmax(logits: Array, /) -> Array:
    """Probabilities of each row's classes.

    Parameters
    ----------
    logits : shape (N, C)

    Returns
    -------
    shape (N, C), each row summing to 1

    Examples
    --------
    >>> import numpy as np
    >>> softmax(np.asarray([[0.0, 0.0]]))
    array([[0.5, 0.5]])

    References
    ----------
    `torch.nn.Softmax <https://docs.pytorch.org/docs/stable/generated/torch.nn.Softmax.html>`_
    """
    peak, _, tail = normaliser(logits)
    return exp_difference(logits, peak[..., None]) / (1.0 + tail[..., None])


def softmax_at(logits: Array, index: Array, row: Normaliser, /) -> Array:
    """The probability of one class in each row.

    Parameters
    ----------
    logits : shape (N, C)
    index : shape (N,), integers in 0…C−1
    row : the normaliser of the logits

    Returns
    -------
    shape (N,)

    Examples
    --------
    >>> import numpy as np
    >>> logits = np.asarray([[0.0, 0.0, 0.0, 0.0]])
    >>> softmax_at(logits, np.asarray([2]), normaliser(logits))
    array([0.25])
    """
    return exp_difference(at(logits, index), row.peak) / (1.0 + row.tail)


def log_softmax(logits: Array, /) -> Array:
    """Natural logarithms of `softmax`, in nats and at most 0.

    Parameters
    ----------
    logits : shape (N, C)

    Returns
    -------
    shape (N, C), nats

    Examples
    --------
    >>> import numpy as np
    >>> log_softmax(np.asarray([[40.0, 0.0]]))[0, 0]  # the plain formula gives 0
    np.float64(-4.248354255291589e-18)

    References
    ----------
    `torch.nn.LogSoftmax <https://docs.pytorch.org/docs/stable/generated/torch.nn.LogSoftmax.html>`_
    """
    return 0.0 - surprisal_from_logits(logits)  # never -0.0


def sigmoid(logits: Array, /) -> Array:
    """1 / (1 + exp(−z)) of each logit alone.

    Parameters
    ----------
    logits : any shape

    Returns
    -------
    the same shape, probabilities

    Examples
    --------
    >>> import numpy as np
    >>> sigmoid(np.asarray([0.0, -800.0, 800.0]))
    array([0.5, 0. , 1. ])

    References
    ----------
    `torch.nn.Sigmoid <https://docs.pytorch.org/docs/stable/generated/torch.nn.Sigmoid.html>`_
    """
    xp = namespace(logits)
    small = xp.exp(-xp.abs(logits))  # never overflows
    return xp.where(logits >= 0, xp.ones_like(small), small) / (1.0 + small)


def log_sigmoid(logits: Array, /) -> Array:
    """The logarithm of sigmoid(z) of each logit alone, in nats and at most 0.

    Parameters
    ----------
    logits : any shape

    Returns
    -------
    the same shape, nats

    Examples
    --------
    >>> import numpy as np
    >>> log_sigmoid(np.asarray([-800.0]))
    array([-800.])

    References
    ----------
    `torch.nn.LogSigmoid <https://docs.pytorch.org/docs/stable/generated/torch.nn.LogSigmoid.html>`_
    """
    return 0.0 - softplus(-logits)  # never -0.0
