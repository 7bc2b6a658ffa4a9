"""The commands as functions of arrays, tables and files: what they return, and what they take.

A function is its command: the same options under the same names, the same loop, the same checks,
the same digits. Nothing here computes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from cecalc.python.calls import Call
from cecalc.python.result import CecalcWarning, Result, View, answer

if TYPE_CHECKING:
    from cecalc.python import typed

__all__ = ["CecalcWarning", "Result", "View", "bce", "ce", "sigmoid", "softmax", "why"]


def ce(values: Any = None, target: Any = None, **options: Unpack[typed.Ce]) -> Result:
    """Cross-entropy of each row, as ``torch.nn.CrossEntropyLoss`` and ``cecalc ce`` compute it.

    Parameters
    ----------
    values : logits of shape (N, C), (C,) or (N, C, d1, …) as a list, an array or a tensor; or a
        table with named columns (pandas, polars, Arrow, DuckDB); or the name of a file
    target : class numbers or names of shape (N,), or distributions of shape (N, C); where it is
        None, the table or the file has it
    options : those of the command with ``_`` for ``-``: ``probs=``, ``target_col=``, ``weight=``,
        ``ignore_index=``, ``label_smoothing=``, ``reduction=``, ``by=``, ``top=``, …

    Raises
    ------
    CecalcError : as the command; ``place`` says where, ``tries`` what works

    Examples
    --------
    >>> import cecalc
    >>> r = cecalc.ce([[2, -3, 0.8, 1.2], [1.5, -0.1, 0.9, -1.3]], [2, 1], reduction="sum")
    >>> round(r.loss, 4), r.accuracy
    (3.9579, 0.0)
    """
    return Result(Call("ce", values, target, options))


def bce(values: Any = None, target: Any = None, **options: Unpack[typed.Bce]) -> Result:
    """Binary cross-entropy of each cell, as ``torch.nn.BCEWithLogitsLoss`` and ``cecalc bce``
    compute it; with ``probs=`` as ``torch.nn.BCELoss``.

    Parameters
    ----------
    values : logits of shape (N,) or (N, …), a table, or a file, as for `ce`
    target : 0, 1 or a probability for each, of the same shape
    options : those of the command

    Raises
    ------
    CecalcError : as the command

    Examples
    --------
    >>> import cecalc
    >>> round(float(cecalc.bce(probs=[0.8, 0.3], target=[1, 0])), 4)
    0.2899
    """
    return Result(Call("bce", values, target, options))


def softmax(values: Any = None, **options: Unpack[typed.Softmax]) -> Result:
    """Logits to probabilities, a row together; see `ce` for what is taken.

    >>> import cecalc
    >>> cecalc.softmax([[1.0, 1.0]]).rows.to_pylist()
    [{'logit_0': 1.0, 'logit_1': 1.0, 'prob_0': 0.5, 'prob_1': 0.5}]
    """
    return Result(Call("softmax", values, None, options))


def sigmoid(values: Any = None, **options: Unpack[typed.Sigmoid]) -> Result:
    """Logits to probabilities, each alone; see `bce` for what is taken.

    >>> import cecalc
    >>> cecalc.sigmoid([0.0]).rows.to_pylist()
    [{'logit': 0.0, 'prob': 0.5}]
    """
    return Result(Call("sigmoid", values, None, options))


def why(value: Any, values: Any = None, target: Any = None, **options: Unpack[typed.Why]) -> View:
    """Why a training loop prints another number, as ``cecalc why`` says it.

    Parameters
    ----------
    value : the number, or one for each row; as a text with the digits that are known of it
    values, target, options : as for `ce`

    Raises
    ------
    CecalcError : as the command

    Examples
    --------
    >>> import cecalc
    >>> logits = [[2, -3, 0.8, 1.2], [1.5, -0.1, 0.9, -1.3]]
    >>> cecalc.why("3.9579", logits, [2, 1]).to_dict()["verdict"]
    'matches'
    """
    return answer(Call("why", values, target, {**options, "value": value}))
