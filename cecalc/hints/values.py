"""What the numbers look like, whatever the targets: softmax outputs, overflow, repeated ids."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from cecalc.errors import count, excerpt
from cecalc.hints.evidence import ALPHA, CERTAIN, FEW, Head, fit_of, name_order, of_shares
from cecalc.items import Header
from cecalc.losses import activations, binary_cross_entropy
from cecalc.losses.checks import ROUNDING, TOLERANCE
from cecalc.model import Floats
from cecalc.summary import Summary
from cecalc.terms import Hint, Kind, Task

HALF = ("float16", "bfloat16")
FLOAT16_MAX = 65504.0
_NEAR_END = 0.1


def head_hints(head: Head) -> Iterator[Hint]:
    """What looks wrong about the values, the form of the target and the ids."""
    values = head.values[head.rows_used]
    if head.header.schema.kind is Kind.LOGITS and values.size:
        yield from _normalised(values, head)
        yield from _overflown(values, head)
    for look in (_rounded, _padded, _exclusive, _repeated):
        yield from look(head)


def probable(head: Head) -> Hint | None:
    """That logits of bce are all within 0..1, where no name says that they are logits.

    Nobody has said it of an array by itself either, but sound ones of weak models are such: it has
    to come near both ends.
    """
    used, header, schema = head.used, head.header, head.header.schema
    if header.task is not Task.BCE or schema.says_kind or schema.kind is not Kind.LOGITS:
        return None
    values, target = head.numbers[used], head.target
    is_hard = (values == np.floor(values)).all()
    if target is None or is_hard or not ((values >= 0) & (values <= 1)).all():
        return None
    near_both = values.min() < _NEAR_END and values.max() > 1 - _NEAR_END
    if schema.stored is not None and not (values.size >= FEW and near_both):
        return None
    seen, why = f"the logits are within 0..1{head.where}", "they look like probabilities"
    if header.has_weights:
        return Hint(seen, why, "say so with --probs or --probs-cols", 12)
    forms = binary_cross_entropy.of_probs, binary_cross_entropy.with_logits
    ours, theirs = (f"{form(values, target[used]).mean():.4g}" for form in forms)
    about = "" if head.is_all else "about "
    fix = f"--probs would give {about}{ours} instead of {theirs}"
    return Hint(seen, why, fix, 12, way=("~--logits=--probs", "~--logits-cols=--probs-cols"))


def _are_ones(sums: Floats) -> bool:
    """Whether sums are 1, as closely as they have to be to be no chance.

    Of values within 0..1 that could as well sum to something else, about 2ε of the sums are within
    ε of 1, and (2ε)ⁿ of n; so more of them need not be so close.
    """
    allowed = min(TOLERANCE, max(ROUNDING, ALPHA ** (1 / max(1, sums.size)) / 2))
    return bool((np.abs(sums - 1) <= allowed).all())


def _normalised(values: Floats, head: Head) -> Iterator[Hint]:
    """Logits that a softmax has been through already."""
    task, is_hard = head.header.task, bool((values == np.floor(values)).all())
    if values.shape[1] < 2:
        return
    if ((values >= 0) & (values <= 1)).all():
        is_one = _are_ones(values.sum(axis=1, dtype=np.float64))
        if is_one and not is_hard:
            seen = f"the logits are within 0..1 and each row sums to 1{head.where}"
            fix = "say so with --probs or --probs-cols"
            fix = fix if task.is_loss else "they are probabilities already"
            yield Hint(seen, _twice(head), fix, 12 if task is Task.BCE else 1)
        elif is_one and values.size >= FEW:
            seen = f"the logits are one-hot rows of 0 and 1{head.where}"
            yield Hint(seen, _twice(head), "give the scores before the arg-max", 1)
        elif head.is_all and len(values) > 1 and not is_hard:
            yield from _wrong_axis(head)
    elif (
        (values <= 0).all()
        and _are_ones(np.exp(values.astype(np.float64)).sum(axis=1))
        and values.max(axis=1).min() < -TOLERANCE  # 0 where only the largest was subtracted
    ):
        seen = f"the logits are log-probabilities, whose exponentials sum to 1{head.where}"
        if task is Task.CE:
            yield Hint(seen, "harmless, the loss is the same", "--log-probs says so", 20)
        elif task is Task.SOFTMAX:
            yield Hint(seen, "harmless, the softmax is the same", entry=20)
        else:
            fix = "give what stood before the log-softmax"
            yield Hint(seen, "a sigmoid of them is never above 0.5", fix, 12)


def _twice(head: Head) -> str:
    """What a second activation costs."""
    task, classes = head.header.task, head.header.width
    if task is Task.BCE:
        return "a sigmoid of them leaves at least 0.3133 in each cell"
    if task is Task.CE:
        floor = math.log1p((classes - 1) / math.e)
        return f"a second softmax keeps each loss above {floor:.4f}"
    return f"a {task} of probabilities is flat"


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
    end = np.isposinf(values) | (np.isneginf(values) & is_bce)
    if stored == "float16":
        end |= values == FLOAT16_MAX
    if stored in HALF and end.any():
        number = count(int(np.count_nonzero(end)), "logit")
        seen, why = f"{number} at the end of {stored}", "what overflowed there has lost its value"
        yield Hint(seen + head.where, why, "store logits in float32", 15)


def _rounded(head: Head) -> Iterator[Hint]:
    """Probabilities with so few decimals that those of targets are 0."""
    own = head.target_class
    if head.header.schema.kind is not Kind.PROBS or head.header.task is not Task.CE or own is None:
        return
    values = head.numbers[head.used]
    lost = int(np.count_nonzero(values[np.arange(len(values)), own[head.used]] == 0))
    digits = next((d for d in range(1, 7) if _has_decimals(values, d)), None)
    is_off = np.abs(values.sum(axis=1) - 1) > _ULPS * values.shape[1]  # votes sum to 1
    if lost and digits and is_off.any():
        seen = f"the probabilities have {count(digits, 'decimal')} at most{head.where}"
        why = f"rounded so far that -ln 0 is the loss of {count(lost, 'row')}"
        yield Hint(seen, why, "write them in full", 7)


def _has_decimals(values: Floats, digits: int) -> bool:
    return bool((np.abs(values - np.round(values, digits)) < _ULPS).all())


_ULPS = 1e-7
"""How far float32 may be from a decimal number within 0..1."""


def _padded(head: Head) -> Iterator[Hint]:
    """Sequences that end in one and the same class, which costs another loss than the rest."""
    if head.sequence is None or head.target_class is None:
        return
    fit = fit_of(head)
    if fit is None or fit.is_narrow:
        return
    own, rows = head.target_class, np.arange(head.size)
    starts = np.flatnonzero(np.diff(head.sequence, prepend=-1))
    ends = np.append(starts[1:], head.size) - 1
    marks, often = np.unique(own[ends], return_counts=True)
    mark = int(marks[often.argmax()])
    others = np.maximum.reduceat(np.where(own == mark, -1, rows), starts)  # the last of each
    runs = head.used & (rows > np.repeat(others, ends - starts + 1))
    lengths = np.add.reduceat(runs, starts, dtype=np.int64)
    rest = head.used & ~runs
    if mark < 0 or len(set(lengths.tolist())) < 2 or runs.sum() < max(FEW, 0.2 * head.used.sum()):
        return
    if not rest.any() or (own[rest] == mark).mean() > _ELSEWHERE:
        return
    losses = -np.take_along_axis(fit.raw, fit.target[:, None], axis=1)[:, 0]
    inside, outside = float(losses[runs].mean()), float(losses[rest].mean())
    # That sequences end so, after any number of rows, is a reading as in `evidence`.
    reading = math.log(fit.outcomes) + float(np.log(ends - starts + 2).sum())
    if not (inside > 1.5 * outside and losses[runs].sum() > reading + CERTAIN):
        return
    share = f"{100 * runs.sum() / head.used.sum():.0f} %"
    seen = f"sequences end in targets {mark}, {share} of all{head.where}"
    why = f"they cost {inside:.3g} nats each, the rest {outside:.3g}: padding that is counted?"
    way = (f"--ignore-index={mark}",)
    yield Hint(seen, why, f"--ignore-index {mark} leaves it out", 5, way)


_ELSEWHERE = 0.02
"""How often padding stands elsewhere."""


def weights_by_name(header: Header, total: Summary, weight: Floats | None) -> Iterator[Hint]:
    """Weights N / (C · rows of the class) that fit the sorted names, not the columns."""
    rows = np.asarray(total.label_counts(is_bce=False), dtype=np.float64)
    if weight is None or header.task is not Task.CE or weight.shape != rows.shape:
        return
    by_name = weight[name_order(header.labels)]
    is_by_name = rows.all() and weight.all() and _are_alike(by_name * rows, 1.1)
    if is_by_name and not _are_alike(weight * rows, 1.5):
        seen = "the weights balance the classes in the order of their names, not of the columns"
        fix = "give them in the order of the columns"
        yield Hint(seen, "each is N / (C * rows) of another class", fix, 3)


def _are_alike(values: Floats, most: float) -> bool:
    return float(values.max()) <= most * float(values.min())


def not_normalised(head: Head) -> Iterator[Hint]:
    """That rows of probabilities do not sum to 1, where that was not checked."""
    if head.header.task is not Task.CE or head.header.schema.kind is not Kind.PROBS:
        return
    sums = head.numbers[head.used].sum(axis=1)
    if sums.size and not (np.abs(sums - 1) <= TOLERANCE).all():
        seen = f"rows of probabilities sum to {sums.min():.3g} to {sums.max():.3g}{head.where}"
        why = "-ln p is taken of them as they are; Keras divides each row by its sum first"
        yield Hint(seen, why, entry=50)


def _exclusive(head: Head) -> Iterator[Hint]:
    """Cells of which exactly one is 1 in each row, though the model says they need not be."""
    cells, outcomes = head.values.shape[1], head.outcomes
    if head.header.task is not Task.BCE or cells < 2 or head.size < FEW or outcomes is None:
        return
    if not head.used.all() or (outcomes.sum(axis=1) != 1).any():
        return
    is_logits = head.header.schema.kind is Kind.LOGITS
    if _surprise(activations.sigmoid(head.numbers) if is_logits else head.numbers) > CERTAIN:
        seen = f"each row of targets has exactly one 1{head.where}"
        why = f"the mean over {cells} cells a row, most of them easy zeros, looks small"
        yield Hint(seen, why, "one label a row is ce's: cecalc ce takes the same input", 9)


@np.errstate(divide="ignore", invalid="ignore")  # what cannot be is certain enough
def _surprise(p: Floats) -> float:
    """−ln of the probability that in each row exactly one of the independent cells is 1."""
    none, one = np.ones(len(p)), np.zeros(len(p))
    for cell in p.T:
        none, one = none * (1 - cell), one * (1 - cell) + none * cell
    return -float(np.log(one).sum())


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


def guess(header: Header, total: Summary) -> Hint | None:
    """That a guess does better that looks at no value, where losses can be compared with one's."""
    is_bce = header.task is Task.BCE
    labels, loss = total.label_counts(is_bce=is_bce), total.numerator.value()
    counted = total.cells_used if is_bce else total.rows_used
    is_likelihood = header.is_plain and total.is_binary and math.isfinite(loss)
    if not is_likelihood or counted < FEW:
        return None
    mean, outcomes, chance = loss / counted, len(labels), math.log(len(labels))
    present = [label for label, number in enumerate(labels) if number]
    fix = "--by class shows where it comes from"
    if len(present) == 1:
        if loss <= CERTAIN + chance:
            return None
        names = None if is_bce else header.schema.classes
        name = excerpt(names[present[0]]) if names else str(present[0])
        seen = f"the target of all {count(counted, 'cell' if is_bce else 'row')} is {name}"
        why = f"the model expects others, at a mean loss of {mean:.4g}"
        return Hint(seen, why, "--target-col or --target names the right one")
    if loss - counted * chance > CERTAIN:
        seen = f"the mean loss {mean:.4g} is above ln {outcomes} = {chance:.4g}"
        return Hint(seen, "a uniform guess does better", fix, 27)
    if loss - of_shares(labels) > CERTAIN:
        shares = [labels[label] / counted for label in present]
        entropy = -math.fsum(share * math.log(share) for share in shares)
        seen = f"the mean loss {mean:.4g} is above {entropy:.4g}, the entropy of the labels"
        return Hint(seen, "a guess from their shares does better", fix, 27)
    return None


def echo(header: Header, total: Summary) -> Hint | None:
    """That a `label` is what the model predicts in every row, though it is not so certain.

    Were it drawn from the model's probabilities, that would have a chance of exp(−Σ loss).
    """
    is_bce, name = header.task is Task.BCE, header.schema.target_in
    counted, right = total.rows_used, total.correct
    if is_bce:
        counted, right = total.cells_used, total.cells_correct
    is_likelihood = header.is_plain and total.is_binary and total.numerator.value() > CERTAIN
    if name.casefold() not in ("label", "labels") or not is_likelihood or right < counted:
        return None
    seen = f"{excerpt(name)} is what the model predicts in all {count(total.rows_used, 'row')}"
    why = "it may be the prediction, and the truth not in the file"
    return Hint(seen, why, "--target-col or --target names the right one")
