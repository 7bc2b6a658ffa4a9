"""Cross-entropy H(p, q) = −Σ p ln q, one value per row, in nats.

Every form is two steps. First the *surprisal* of each class, −ln q, from logits, probabilities or
log-probabilities; then the mixture of a row's surprisals that its target asks for.
"""

from __future__ import annotations

import numpy as np

from cecalc.losses.stable import (
    Array,
    Normaliser,
    at,
    namespace,
    normaliser,
    tree_sum,
    two_difference,
    weighted,
)


def surprisal_from_logits(logits: Array, /) -> Array:
    """−ln softmax of each class, accurate down to the smallest loss float64 can hold.

    Parameters
    ----------
    logits : shape (N, C), float64; −inf masks a class

    Returns
    -------
    shape (N, C), nats, at least 0

    Examples
    --------
    >>> import numpy as np
    >>> surprisal_from_logits(np.asarray([[30.0, 0.0]]))[0, 0]  # torch is 0.1 % off
    np.float64(9.357622968839737e-14)

    References
    ----------
    `torch.nn.CrossEntropyLoss
    <https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html>`_
    """
    xp = namespace(logits)
    peak, _, tail = normaliser(logits)
    below, error = two_difference(peak[..., None], logits)
    return below + (error + xp.log1p(tail)[..., None])


def surprisal_at(logits: Array, index: Array, row: Normaliser, /) -> Array:
    """`surprisal_from_logits` of one class in each row, without the others'.

    Parameters
    ----------
    logits : shape (N, C)
    index : shape (N,), integers in 0…C−1
    row : the normaliser of the logits

    Returns
    -------
    shape (N,), nats, at least 0

    Examples
    --------
    >>> import numpy as np
    >>> logits = np.asarray([[30.0, 0.0]])
    >>> surprisal_at(logits, np.asarray([0]), normaliser(logits))
    array([9.35762297e-14])
    """
    below, error = two_difference(row.peak, at(logits, index))
    return below + (error + namespace(logits).log1p(row.tail))


def surprisal_from_probs(probs: Array, /) -> Array:
    """−ln q of each class; inf where q = 0.

    Parameters
    ----------
    probs : shape (N, C), within [0, 1]

    Returns
    -------
    shape (N, C), nats

    Examples
    --------
    >>> import numpy as np
    >>> surprisal_from_probs(np.asarray([[0.5, 0.5]]))
    array([[0.69314718, 0.69314718]])
    """
    xp = namespace(probs)
    empty = probs == 0
    logs = xp.log(xp.where(empty, xp.ones_like(probs), probs))
    return xp.where(empty, xp.full_like(probs, float("inf")), 0.0 - logs)


def surprisal_from_log_probs(log_probs: Array, /) -> Array:
    """−ln q of each class, given ln q: the input of `torch.nn.NLLLoss`.

    Parameters
    ----------
    log_probs : shape (N, C), nats, at most 0

    Returns
    -------
    shape (N, C), nats

    Examples
    --------
    >>> import numpy as np
    >>> surprisal_from_log_probs(np.asarray([[-0.25, -1.5]]))
    array([[0.25, 1.5 ]])

    References
    ----------
    `torch.nn.NLLLoss <https://docs.pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html>`_
    """
    return 0.0 - log_probs


def of_index(surprisal: Array, target: Array, /) -> Array:
    """Loss of rows whose target is one class: the surprisal of that class.

    Parameters
    ----------
    surprisal : shape (N, C), nats
    target : shape (N,), integers in 0…C−1

    Returns
    -------
    shape (N,), nats

    Examples
    --------
    The founding example:

    >>> import numpy as np
    >>> logits = np.asarray([[2, -3, 0.8, 1.2], [1.5, -0.1, 0.9, -1.3]])
    >>> of_index(surprisal_from_logits(logits), np.asarray([2, 1])).round(4)
    array([1.7638, 2.1942])
    """
    return at(surprisal, target)


def of_distribution(surprisal: Array, target: Array, /) -> Array:
    """Loss of rows whose target is a distribution: Σ p·(−ln q), with 0·inf = 0.

    Parameters
    ----------
    surprisal : shape (N, C), nats
    target : shape (N, C), non-negative; class weights are multiplied in beforehand

    Returns
    -------
    shape (N,), nats

    Examples
    --------
    >>> import numpy as np
    >>> of_distribution(np.asarray([[1.0, np.inf]]), np.asarray([[1.0, 0.0]]))
    array([1.])
    """
    return tree_sum(weighted(target, surprisal))


def smoothed_distribution(target: Array, label_smoothing: float, /) -> Array:
    """A target distribution mixed with the uniform one: (1 − ε)·p + ε/C.

    Parameters
    ----------
    target : shape (N, C)
    label_smoothing : ε in [0, 1]

    Returns
    -------
    shape (N, C)

    Examples
    --------
    >>> import numpy as np
    >>> smoothed_distribution(np.asarray([[1.0, 0.0]]), 0.5)
    array([[0.75, 0.25]])

    References
    ----------
    Szegedy et al., *Rethinking the Inception Architecture for Computer Vision*, section 7.
    """
    return target * (1.0 - label_smoothing) + label_smoothing / target.shape[-1]


@np.errstate(over="ignore")
def smoothed_index(
    surprisal: Array, target: Array, label_smoothing: float, weight: Array, /
) -> Array:
    """Loss of rows whose target is one class, smoothed and class-weighted as torch does.

    Torch weights the target's share by the target's weight and the uniform share by each class's:
    (1 − ε)·w_t·s_t + ε/C · Σ w_c·s_c.

    Parameters
    ----------
    surprisal : shape (N, C), nats
    target : shape (N,), integers in 0…C−1
    label_smoothing : ε in [0, 1]
    weight : shape (C,), non-negative

    Returns
    -------
    shape (N,), nats

    Examples
    --------
    >>> import numpy as np
    >>> smoothed_index(np.asarray([[1.0, 3.0]]), np.asarray([0]), 0.5, np.asarray([1.0, 1.0]))
    array([1.5])
    """
    xp = namespace(surprisal)
    # The weight alone could overflow.
    share = (1.0 - label_smoothing) * xp.take(weight, target)
    own = weighted(share, of_index(surprisal, target))
    if label_smoothing == 0:
        return own
    spread = of_distribution(surprisal, weight[None, :] * (label_smoothing / weight.shape[0]))
    return own + spread
