"""What the numbers look like, whatever the targets: softmax outputs, overflow, repeated ids."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice

import numpy as np

from cecalc.errors import count, excerpt
from cecalc.hints.evidence import Head, Totals
from cecalc.hints.likelihood import ALPHA, CERTAIN, FEW, of_shares
from cecalc.losses import activations
from cecalc.losses.rules import ROUNDING, TOLERANCE
from cecalc.model import Floats
from cecalc.terms import Hint, Kind, Task

HALF = ("float16", "bfloat16")
FLOAT16_MAX = 65504.0
_CLOSE = 0.05


def looks(head: Head) -> Iterator[Hint]:
    """What looks wrong about the values, the form of the target and the ids."""
    values = head.values[head.rows_used]
    if head.header.schema.kind is Kind.LOGITS and values.size:
        yield from islice(_normalised(values, head), 1)
    yield from _overflown(values, head)
    yield from _exclusive(head)
    yield from _repeated(head)


def end_at(values: Floats, low: float, high: float) -> bool:
    """Whether no value is outside; there has to be one."""
    return bool(values.size and ((values >= low) & (values <= high)).all())


def stop_at(values: Floats, low: float, high: float) -> bool:
    """Whether values come close to an end and never pass it.

    A logit that close to 0 (or 1) is about as likely to lie on the other side: so many of them on
    one side have a chance of 2⁻²⁰.
    """
    close = (np.abs(values - low) <= _CLOSE) | (np.abs(values - high) <= _CLOSE)
    return end_at(values, low, high) and int(np.count_nonzero(close)) >= FEW


def _are_ones(sums: Floats) -> bool:
    """Whether sums are 1, as closely as they have to be to be no chance.

    Of values within 0..1 that could as well sum to something else, about 2ε of the sums are within
    ε of 1, and (2ε)ⁿ of n; so more of them need not be so close.
    """
    allowed = min(TOLERANCE, max(ROUNDING, ALPHA ** (1 / max(1, sums.size)) / 2))
    return bool((np.abs(sums - 1) <= allowed).all())


@np.errstate(over="ignore", invalid="ignore")
def _normalised(values: Floats, head: Head) -> Iterator[Hint]:
    """Logits that a softmax has been through already."""
    if values.shape[1] < 2:
        return
    if ((values >= 0) & (values <= 1)).all():
        is_hard = bool((values == np.floor(values)).all())
        if _are_ones(values.sum(axis=1, dtype=np.float64)) and (not is_hard or values.size >= FEW):
            yield _one_hot(head) if is_hard else _probabilities(head)
        elif head.is_all and len(values) > 1 and not is_hard:
            yield from _wrong_axis(head)
    elif (
        (values <= 0).all()
        and _are_ones(np.exp(values.astype(np.float64)).sum(axis=1))
        and values.max(axis=1).min() < -TOLERANCE  # 0 where only the largest was subtracted
    ):
        yield _log_probabilities(head)


def _twice(head: Head) -> str:
    """What a second activation costs."""
    task, classes = head.header.task, head.header.width
    if task is Task.BCE:
        return "a sigmoid of them leaves at least 0.3133 in each cell"
    if task is Task.CE:
        floor = math.log1p((classes - 1) / math.e)
        return f"a second softmax keeps each loss above {floor:.4f}"
    return f"a {task} of probabilities is flat"


def _probabilities(head: Head) -> Hint:
    seen = f"the logits are within 0..1 and each row sums to 1{head.where}"
    if head.header.task.is_loss:
        entry = 12 if head.header.task is Task.BCE else 1
        return Hint(seen, _twice(head), "say so with --probs or --probs-cols", entry)
    return Hint(seen, _twice(head), "they are probabilities already", 1)


def _one_hot(head: Head) -> Hint:
    seen = f"the logits are one-hot rows of 0 and 1{head.where}"
    return Hint(seen, _twice(head), "give the scores before the arg-max", 1)


def _log_probabilities(head: Head) -> Hint:
    seen = f"the logits are log-probabilities, whose exponentials sum to 1{head.where}"
    if head.header.task is Task.CE:
        return Hint(seen, "harmless, the loss is the same", "--log-probs says so", 20)
    if head.header.task is Task.SOFTMAX:
        return Hint(seen, "harmless, the softmax is the same", entry=20)
    why = "a sigmoid of them is never above 0.5"
    return Hint(seen, why, "give what stood before the log-softmax", 12)


def _wrong_axis(head: Head) -> Iterator[Hint]:
    if _are_ones(head.numbers.sum(axis=0)):
        seen, cause = "each column of logits sums to 1, not each row", "a softmax over the rows"
    elif _are_ones(head.numbers.sum(keepdims=True)):
        seen, cause = "all logits together sum to 1", "a softmax over the whole array"
    else:
        return
    fix = "take it over the classes, or --transpose"
    yield Hint(seen, f"{cause}, or rows that are columns", fix, 11)


def _overflown(values: Floats, head: Head) -> Iterator[Hint]:
    """Logits at the end of half precision. The lowest number is a common mask, the highest none."""
    stored, is_bce = head.header.schema.stored, head.header.task in (Task.BCE, Task.SIGMOID)
    if stored not in HALF or head.header.schema.kind is not Kind.LOGITS:
        return
    end = np.isposinf(values) | (np.isneginf(values) & is_bce)
    if stored == "float16":
        end |= values == FLOAT16_MAX
    if number := int(np.count_nonzero(end)):
        seen = f"{count(number, 'logit')} at the end of {stored}{head.where}"
        yield Hint(seen, "what overflowed there has lost its value", "store logits in float32", 15)


def _exclusive(head: Head) -> Iterator[Hint]:
    """Cells of which exactly one is 1 in each row, though the model says they need not be."""
    if head.header.task is not Task.BCE or head.values.shape[1] < 2 or not head.used.all():
        return
    assert head.target is not None
    if head.size < FEW or not head.is_binary or (head.target.sum(axis=1) != 1).any():
        return
    is_logits = head.header.schema.kind is Kind.LOGITS
    p = activations.sigmoid(head.numbers) if is_logits else head.numbers
    with np.errstate(divide="ignore"):  # what cannot be is certain enough
        surprise = -float(np.log(_one_of(p)).sum())
    if surprise > CERTAIN:
        cells = head.values.shape[1]
        why = f"the mean over {cells} cells a row, most of them easy zeros, looks small"
        seen = f"each row of targets has exactly one 1{head.where}"
        yield Hint(seen, why, "one label a row is ce's: cecalc ce takes the same input", 9)


@np.errstate(divide="ignore", invalid="ignore")
def _one_of(p: Floats) -> Floats:
    """The probability that exactly one of the independent cells of a row is 1: (N, M) to (N,)."""
    none, one = np.ones(len(p)), np.zeros(len(p))
    for cell in p.T:
        none, one = none * (1 - cell), one * (1 - cell) + none * cell
    return one


def _repeated(head: Head) -> Iterator[Hint]:
    """Ids that stand twice, unless most do: then they name groups."""
    if head.ids is None or head.sequence is not None:
        return
    first, again = dict[str, int](), list[int]()
    for row, name in enumerate(head.ids):
        if first.setdefault(name, row) != row:
            again.append(row)
    if again and 2 * len(again) <= head.size:
        name = head.ids[again[0]]
        places = f"{head.names[first[name]]} and {head.names[again[0]]}"
        more = f", {count(len(again), 'row')} in all" if len(again) > 1 else ""
        seen = f"id {excerpt(name)} stands twice, in rows {places}{more}{head.where}"
        yield Hint(seen, "what is there twice counts twice", "--id-col names another column")


def overall(totals: Totals) -> Iterator[Hint]:
    """What looks wrong about the whole; at most one hint about guessing."""
    if totals.has_overflown:
        seen, why = f"the loss is not finite in {totals.dtype}", "it ends where a value overflows"
        yield Hint(seen, why, "--dtype float64, which is the default", 15)
    if totals.loss is not None and totals.counted >= FEW and math.isfinite(totals.loss):
        yield from _guessing(totals.loss, totals)


def _guessing(loss: float, totals: Totals) -> Iterator[Hint]:
    """Whether a guess that looks at no value does better."""
    mean, present = loss / totals.counted, [n for n in totals.labels if n]
    if len(present) == 1:
        if loss > CERTAIN + math.log(len(totals.labels)):
            yield _constant(mean, totals)
    elif loss - totals.counted * totals.chance > CERTAIN:
        outcomes = len(totals.labels)
        seen = f"the mean loss {mean:.4g} is above ln {outcomes} = {totals.chance:.4g}"
        yield Hint(seen, "a uniform guess does better", _FIX, 27)
    elif loss - of_shares(totals.labels) > CERTAIN:
        shares = [n / totals.counted for n in present]
        entropy = -math.fsum(share * math.log(share) for share in shares)
        seen = f"the mean loss {mean:.4g} is above {entropy:.4g}, the entropy of the labels"
        yield Hint(seen, "a guess from their shares does better", _FIX, 27)


_FIX = "--by class shows where it comes from"


def _constant(mean: float, totals: Totals) -> Hint:
    (only,) = (place for place, number in enumerate(totals.labels) if number)
    label = str(only)
    if totals.header.task is Task.CE:
        label = excerpt(totals.header.labels[only]) if totals.header.schema.classes else label
    unit = "cell" if totals.header.task is Task.BCE else "row"
    seen = f"the target of all {count(totals.counted, unit)} is {label}"
    why = f"the model expects others, at a mean loss of {mean:.4g}"
    return Hint(seen, why, "--target-col or --target names the right one")
