"""What mistakes make of rows that have one class, or one distribution, each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from cecalc.mistakes.loss_variants import BCE, CE, Variant
from cecalc.mistakes.recipe import CE_LINE, Mistake, Number, Sum, Sums, free, mean_of
from cecalc.mistakes.recipes_any import LIBRARIES, clipped, hard, in_halves
from cecalc.mistakes.sums import RowsOfBlock, Total
from cecalc.mistakes.tally import tally_of
from cecalc.model import Floats


def options(sums: Sums) -> Iterator[Mistake]:
    """What is made of options, known ones and others."""
    yield from SMOOTHING
    for eps in sums.plan.tried("label_smoothing"):
        yield from _of_smoothing(eps)
    yield from WEIGHTS


def _smoothing(of: Callable[[float, float, float, int], float], eps: float | None = None) -> Number:
    """A loss from that without smoothing, that of every class, epsilon, and C.

    Parameters
    ----------
    eps : epsilon, where it is not that which is known
    """

    def number(sums: Sums) -> Total | None:
        share = sums.plan.label_smoothing if eps is None else eps
        own, every = sums.total("unsmoothed"), sums.total("every")
        if not share or not own.rows or sums.plan.classes < 2:
            return None
        return sums.over(of(own.loss, every.loss, share, sums.plan.classes), own.weight)

    return number


def _smooth(own: float, every: float, eps: float, classes: int) -> float:
    return (1 - eps) * own + eps / classes * every


def _smooth_others(own: float, every: float, eps: float, classes: int) -> float:
    """Epsilon over the other classes alone is so much more over all."""
    return _smooth(own, every, eps * (classes / (classes - 1)), classes)


_SMOOTHED = "loss = F.cross_entropy(logits, target, label_smoothing=eps)"

SMOOTHING = (
    Mistake("label smoothing left out", (16,), "the loss was computed without label smoothing",
        _SMOOTHED, _smoothing(lambda own, *_: own)),
    Mistake("label smoothing over C - 1", (16,), "epsilon was spread over the other classes "
        "alone, where torch spreads it over all", _SMOOTHED, _smoothing(_smooth_others)),
    Mistake("smoothed targets that sum to more than 1", (16,), "the target kept 1, and every "
        "other class got epsilon / C", _SMOOTHED,
        _smoothing(lambda own, every, eps, c: own + eps / c * (every - own)), 2),
    Mistake("smoothed targets that sum to less than 1", (16,), "the target got 1 - epsilon, and "
        "every other class epsilon / C", _SMOOTHED,
        _smoothing(lambda own, every, eps, c: (1 - eps) * own + eps / c * (every - own)), 2),
    Mistake("smoothing with the rest of 1", (48,), "(1 - epsilon) / C of every class was added, "
        "where it is epsilon / C", _SMOOTHED,
        _smoothing(lambda own, every, eps, c: (1 - eps) * own + (1 - eps) / c * every), 2),
    Mistake("smoothing that adds 1 / C", (48,), "the target became t (1 - epsilon) + 1 / C, where "
        "it is epsilon / C that is added", _SMOOTHED,
        _smoothing(lambda own, every, eps, c: (1 - eps) * own + 1 / c * every), 2),
)  # fmt: skip


def _of_smoothing(eps: float) -> Iterator[Mistake]:
    """An epsilon that is not known."""
    name, others = "label smoothing", "label smoothing over C - 1"
    yield free(name, 16, f"label_smoothing={eps:g}", _SMOOTHED, _smoothing(_smooth, eps))
    yield free(others, 16, f"epsilon = {eps:g}", _SMOOTHED, _smoothing(_smooth_others, eps))


def _balanced(sums: Sums) -> Total | None:
    there = sums.tally.counts > 0
    if sums.plan.smoothing or sums.plan.weight is not None:
        return None
    each = sums.tally.by_class[there] / sums.tally.counts[there]
    return sums.over(float(each.sum()), int(there.sum()))


def _by_weights(sums: Sums) -> Total | None:
    """Where torch divides by the rows, the weights instead."""
    weight, given = sums.plan.weight, sums.total("given")
    if weight is None or given.weight != given.rows:
        return None
    return sums.over(given.loss, float(sums.tally.counts @ weight))


_WEIGHTED = "loss = F.cross_entropy(logits, target, weight=weight)"

WEIGHTS = (
    Mistake("weighted, divided by rows", (3,), "the weighted losses were divided by the number "
        "of rows, where torch divides by the sum of their weights", _WEIGHTED,
        lambda sums: sums.weighted("given")),
    Mistake("weights left out", (3,), "the loss was computed without the weights", _WEIGHTED,
        Sum(CE, "unweighted")),
    Mistake("soft targets, divided by the weights", (3,), "the weighted losses were divided by "
        "the sum of the weights, where torch divides by the rows if targets are distributions",
        _WEIGHTED, _by_weights),
    Mistake("BCE on one-hot targets, weight", (9,), "binary cross-entropy was taken of all C "
        "logits against a one-hot target, with the weights as its weight", _WEIGHTED,
        Sum(BCE, "weight")),
    Mistake("BCE on one-hot targets, pos_weight", (9,), "binary cross-entropy was taken of all "
        "C logits against a one-hot target, with the weights as its pos_weight", _WEIGHTED,
        Sum(BCE, "pos_weight")),
    Mistake("the mean of class means", (53,), "the losses of each class were averaged, and then "
        "the classes: macro, or the balanced weights N / (C * rows of the class)", CE_LINE,
        _balanced, 2),
)  # fmt: skip

_NLL_LINE = "loss = F.nll_loss(F.log_softmax(logits, 1), target)"
_NLL_OF_PROBS, _NLL_OF_LOGITS = Variant("softmax", "nll"), Variant("logits", "nll")
_UNSHIFTED = "the loss was computed on target {}: of the two places one counts classes from 1"
_IN_RANGE = f"{CE_LINE}  # classes 0..C-1 in both places"
_CATEGORICAL = "F.nll_loss(torch.log_softmax(logits, 1), target)  # from logits, never clipped"

_ARE_PROBS = "loss = F.nll_loss(probs.log(), target)  # cecalc: --probs"


def _are_probabilities(sums: Sums) -> bool:
    """Whether what was said to be logits lies within 0..1, in rows that sum to 1."""
    row_sum = sums.tally.row_sum
    is_one = max(abs(row_sum.low - 1), abs(row_sum.high - 1)) < 1e-4
    return sums.tally.extent.is_of_shares and is_one


def _are_shares(sums: Sums) -> bool:
    """Whether it lies within 0..1, as the outputs of sigmoids do, and no row need sum to 1."""
    return sums.tally.extent.is_of_shares and not _are_probabilities(sums)


_SHARES = Variant("shares", "log", "keras")


def _with_ignored(sums: Sums) -> Total | None:
    """The loss with the rows that are ignored, as rows of a class."""
    given, ignored = sums.total("given"), sums.total("ignored")
    if not ignored.rows:
        return None
    return sums.over(given.loss + ignored.loss, given.weight + ignored.weight)


def _is_soft(sums: Sums) -> bool:
    """Whether targets are distributions, and nothing else changes their floor."""
    return bool(sums.tally.entropy) and sums.plan.weight is None and not sums.plan.smoothing


def _less_entropy(form: Variant, sums: Sums) -> Total | None:
    """The loss of a form less the entropy of the targets."""
    total = sums.total("given", form)
    return sums.over(total.loss - sums.tally.entropy, total.weight) if total.rows else None


def _other_axis(of: Callable[[Floats], Floats], sums: Sums) -> Total | None:
    """Softmax over another axis: its log-sum-exp, less the logits of the targets.

    Parameters
    ----------
    of : the log-sum-exp that each class, or all of them, gets from those of the columns
    """
    nll, counts = sums.total("given", _NLL_OF_LOGITS), sums.tally.counts
    if not nll.rows or sums.plan.weight is not None or sums.tally.rows_given < 2:
        return None
    lse = np.where(counts > 0, of(sums.tally.columns), 0.0)
    return sums.over(nll.loss + float(counts @ lse), sums.rows)


def _of_whole(
    change: Callable[[RowsOfBlock, Sums], RowsOfBlock | None], sums: Sums
) -> Total | None:
    """The loss of all rows, where they are at hand, laid out or chosen otherwise."""
    ends, plan = sums.tally.ends, sums.plan
    other = change(ends.whole, sums) if ends and ends.whole else None
    if other is None:
        return None
    alone = replace(plan, forms=(plan.right,), said={})
    return tally_of(other, alone).totals[plan.right, "given"]


def _transposed(rows: RowsOfBlock, sums: Sums) -> RowsOfBlock | None:
    is_square = rows.size == sums.plan.classes and not sums.plan.has_positions
    return replace(rows, logits=rows.logits.T) if is_square else None


def _viewed(rows: RowsOfBlock, sums: Sums) -> RowsOfBlock | None:
    samples, classes = sums.tally.samples, sums.plan.classes
    stacked = rows.logits.reshape(samples, -1, classes).transpose(0, 2, 1)
    return replace(rows, logits=stacked.reshape(-1, classes)) if rows.size > samples else None


def _both_ways(sums: Sums) -> float | None:
    """The mean of the losses of the rows and of the columns."""
    columns = _of_whole(_transposed, sums)
    return None if columns is None else (columns.mean + sums.right.mean) / 2


def _second_half(sums: Sums) -> float | None:
    late = _of_whole(lambda rows, _: rows.part(slice(rows.size // 2, None)), sums)
    return None if late is None else late.mean


def _z_loss(share: float, sums: Sums) -> float:
    return sums.right.mean + share * sums.tally.squares / max(sums.rows, 1)


_LIMITS = (("float16", 11.09, 17.33), ("float32", 88.72, 103.97), ("float64", 709.78, 745.13))
"""Beyond what exp overflows, and how far below the largest logit a probability becomes 0."""


def _by_hand(dtype: str, overflow: float, underflow: float) -> Iterator[Mistake]:
    """Where exp(x) / sum, and then its logarithm, leaves a floating-point type."""
    fix = f"{CE_LINE}  # log-sum-exp inside"

    def is_lost(sums: Sums) -> bool:
        return sums.tally.own.high > overflow

    def is_zero(sums: Sums) -> bool:
        is_far = sums.tally.peak.high > overflow or sums.tally.gap.high > underflow
        return is_far and not is_lost(sums)

    yield Mistake(f"softmax by hand: inf / inf in {dtype}", (15,),
        f"exp of a logit overflows in {dtype}: inf / inf is nan", fix, lambda _: math.nan,
        holds=is_lost)  # fmt: skip
    yield Mistake(f"softmax by hand: ln 0 in {dtype}", (15,),
        f"the target's probability is 0 in {dtype}: -ln 0 is inf", fix, lambda _: math.inf,
        holds=is_zero)  # fmt: skip


_SHIFT = f"{CE_LINE}  # these rows are aligned already"
_IGNORING = "loss = F.cross_entropy(logits, target, ignore_index=ignore_index)"
_DIVERGENCE = "loss = F.kl_div(F.log_softmax(logits, 1), target, reduction='batchmean')"
_OVER_CLASSES = "log_p = F.log_softmax(logits, dim=1)  # rows are samples"

OF_CLASSES = (
    Mistake("the values are probabilities", (8,), "the values are no logits but probabilities: it "
        "is -ln p of the target, their right loss", _ARE_PROBS,
        Sum(Variant("logits", "log")), is_of_logits=True, holds=_are_probabilities),
    Mistake("softmax before cross-entropy", (1,),
        "the model ends in softmax, and cross-entropy applies softmax once more",
        f"{CE_LINE}  # raw outputs, no softmax", Sum(Variant("softmax", "ce"))),
    Mistake("sigmoid before cross-entropy", (1,),
        "the model ends in sigmoid, and cross-entropy applies softmax to that",
        f"{CE_LINE}  # raw outputs, no sigmoid", Sum(Variant("sigmoid", "ce"))),
    Mistake("one-hot predictions as logits", (1,),
        "predicted classes, one-hot, were given to cross-entropy as if they were logits",
        f"{CE_LINE}  # raw outputs, not argmax", Sum(Variant("hard", "ce")), 2),
    Mistake("BCE with logits on one-hot targets", (9,),
        "binary cross-entropy was taken of all C logits against a one-hot target",
        f"{CE_LINE}  # one label per row", Sum(BCE)),
    Mistake("softmax, then BCE", (9,),
        "binary cross-entropy was taken of softmax outputs against a one-hot target",
        f"{CE_LINE}  # one label per row", Sum(Variant("softmax", "bce", "torch"))),
    Mistake("NLLLoss on probabilities", (25,),
        "NLLLoss got softmax outputs, where it takes log-probabilities: it prints -mean p",
        _NLL_LINE, Sum(_NLL_OF_PROBS)),
    Mistake("NLLLoss on logits", (25,),
        "NLLLoss got raw logits, where it takes log-probabilities: it prints -mean logit",
        _NLL_LINE, Sum(_NLL_OF_LOGITS)),
    Mistake("class indices as cells", (2,),
        "each row's class index was broadcast to the targets of all its cells",
        f"{CE_LINE}  # or F.one_hot(target, C).float() for BCE", Sum(BCE, "index"), 2),
    Mistake("soft targets as classes", (2,),
        "only the largest class of each soft target was used: target.argmax(1)",
        f"{CE_LINE}  # (N, C) floats are read as distributions", Sum(CE, "largest")),
    Mistake("the two classes exchanged", (6,), "the two columns, or the labels 0 and 1, have "
        "changed places", f"{CE_LINE}  # logits[:, 1] is class 1 in both places",
        Sum(CE, "plus_one"), holds=lambda sums: sums.plan.classes == 2),
    Mistake("targets minus 1", (6,), _UNSHIFTED.format("- 1"), _IN_RANGE,
        Sum(CE, "minus_one"), holds=lambda sums: sums.plan.classes > 2),
    Mistake("targets plus 1", (6,), _UNSHIFTED.format("+ 1"), _IN_RANGE,
        Sum(CE, "plus_one"), holds=lambda sums: sums.plan.classes > 2),
    Mistake("classes in the order of their sorted names", (19,),
        "the columns were taken in the order of the sorted class names, as scikit-learn does",
        "logits = logits[:, [classes.index(c) for c in names]]", Sum(CE, "by_name")),
    Mistake("rows divided by their sums", (50,), "values within 0..1 were divided by the sum of "
        "their row, as Keras and older scikit-learn do, where softmax is meant",
        f"{CE_LINE}  # raw outputs", Sum(_SHARES), is_of_logits=True, holds=_are_shares),
    Mistake("logits as probabilities", (8,),
        "raw logits were taken for probabilities: divided by their sum, clipped at 1e-7",
        f"{CE_LINE}  # Keras: from_logits=True",
        Sum(_SHARES), 1, "keras", is_of_logits=True),
    Mistake("prediction and target swapped", (24,),
        "cross-entropy got the target as its logits and the logits as its target",
        "loss = F.cross_entropy(input=logits, target=target)",
        Sum(Variant("logits", "swapped_ce"))),
    Mistake("prediction and target swapped in Keras", (46,), "categorical_crossentropy got the "
        "probabilities as its target, the one-hot target as its prediction: 16.118 (1 - p)",
        CE_LINE, Sum(Variant("softmax", "swapped_keras_ce")), 1, "keras"),
    Mistake("half of binary cross-entropy", (47,), "y ln p of sigmoids alone was taken: binary "
        "cross-entropy without its term (1 - y) ln(1 - p)", f"{CE_LINE}  # one label per row",
        Sum(Variant("sigmoid", "log")), 2),
    Mistake("own term out of the denominator", (40,), "the target's own term was left out of the "
        "sum of exponentials, as some contrastive losses do", CE_LINE,
        Sum(Variant("logits", "others"), printed=mean_of), 2),
    Mistake("log-sum-exp in float32", (52,), "the log-sum-exp of large logits was taken in "
        "float32, and the target's logit subtracted from it", "loss = F.cross_entropy"
        "(logits.double(), target)", Sum(Variant("single", "ce"), printed=mean_of), 3),
    *in_halves("ce"),
    Mistake("probabilities in float16", (15,),
        "the softmax was rounded to float16 before its logarithm was taken",
        "loss = F.cross_entropy(logits.float(), target)",
        Sum(Variant("softmax_half", "log")), 3),
    *(mistake for cap, whose, framework, clip, _ in LIBRARIES for mistake in (
        clipped(cap, whose, _CATEGORICAL, Variant("softmax", "log", clip), framework),
        hard(cap, whose, CE_LINE, Variant("hard", "log", clip), framework),
    )),
    Mistake("targets one row later", (14,), "row i was compared with the target of row i + 1: "
        "the next-token shift was applied to rows that are aligned already", _SHIFT,
        Sum(CE, "next")),
    Mistake("targets one row earlier", (14,), "row i was compared with the target of row i - 1: "
        "the next-token shift was applied backwards", _SHIFT, Sum(CE, "previous")),
    Mistake("targets two rows later", (14,), "row i was compared with the target of row i + 2: "
        "the next-token shift was applied twice", _SHIFT, Sum(CE, "after_next"), 2),
    Mistake("ignored rows in the denominator", (5,), "the sum was divided by all rows, ignored "
        "ones too", _IGNORING, lambda sums: sums.over(sums.total("given").loss, sums.given),
        holds=Sums.has_ignored),
    Mistake("-1 as the last class", (6,), "target -1 counted from the end, as JAX does with "
        "indices: it scored the last class",
        "loss = F.cross_entropy(logits, target, ignore_index=-1)", _with_ignored,
        framework="optax", holds=lambda sums: sums.plan.ignored == -1),
    Mistake("ignored rows counted", (5,), "rows to be ignored were counted, their mark taken for "
        "a class", _IGNORING, _with_ignored, holds=lambda sums: sums.plan.ignored != -1),
    Mistake("the ignored class out of the softmax", (5,), "the ignored class was left out of the "
        "softmax too, where torch keeps all C columns", _IGNORING,
        Sum(CE, "without"), 2, holds=Sums.has_ignored),
    Mistake("KL divergence", (26,), "it is the KL divergence: the cross-entropy less the entropy "
        "of the targets", f"{CE_LINE}  # its floor is that entropy", partial(_less_entropy, CE),
        holds=_is_soft),
    Mistake("KLDivLoss on probabilities", (26,), "KLDivLoss got probabilities, where it takes "
        "log-probabilities", _DIVERGENCE, partial(_less_entropy, _NLL_OF_PROBS),
        holds=_is_soft),
    Mistake("KLDivLoss on logits", (26,), "KLDivLoss got raw logits, where it takes "
        "log-probabilities", _DIVERGENCE, partial(_less_entropy, _NLL_OF_LOGITS),
        holds=_is_soft),
    Mistake("prediction and soft target swapped", (24,), "cross-entropy got the target as its "
        "logits and the logits as its target",
        "loss = F.cross_entropy(input=logits, target=target)", Sum(CE, "swapped"),
        holds=_is_soft),
    Mistake("the floor of soft targets", (30,), "it is the entropy of the targets: what perfect "
        "predictions cost", f"{CE_LINE}  # cannot go below this",
        lambda sums: sums.over(sums.tally.entropy, sums.rows), holds=_is_soft),
    Mistake("softmax over the batch", (11,), "softmax was taken down the rows (dim=0), not over "
        "the classes", _OVER_CLASSES, partial(_other_axis, lambda lse: lse)),
    Mistake("softmax over everything", (11,), "softmax was taken over the whole tensor at once",
        _OVER_CLASSES, partial(_other_axis, np.logaddexp.reduce)),
    Mistake("transposed logits", (11,), "the logits came as (C, N), which N = C does not show",
        "loss = F.cross_entropy(logits.T, target)  # (N, C)", partial(_of_whole, _transposed)),
    Mistake("view without permute", (11,), "the logits were viewed as (-1, C) without moving the "
        "class axis to the end", "logits = logits.movedim(1, -1).reshape(-1, C)",
        partial(_of_whole, _viewed)),
    Mistake("rows renormalised first", (50,), "each row of probabilities was divided by its sum "
        "first, as Keras and old scikit-learn do", "loss = -probs.gather(1, target[:, None]).log()"
        ".mean()", Sum(CE), holds=lambda sums: not sums.plan.is_normalised),
    Mistake("both directions", (40,), "rows against columns and columns against rows were "
        "averaged, as contrastive losses of pairs do", CE_LINE, _both_ways),
    Mistake("the second half", (43,), "the rows of the second half alone were averaged", CE_LINE,
        _second_half, 2),
    *(Mistake(f"z-loss of {share:g}", (51,), f"{share:g} times the mean squared log-sum-exp was "
        "added", f"{CE_LINE}  # or the z-loss in both places", partial(_z_loss, share), 2)
        for share in (1e-4, 1e-3)),
    Mistake("one of two logits", (29,), "sigmoid was taken of logit 1 alone, where the softmax "
        "of two is sigmoid(x1 - x0)",
        "loss = F.binary_cross_entropy_with_logits(x[:, 1] - x[:, 0], target.float())",
        Sum(CE, "second")),
    Mistake("the mean of perplexities", (13,), "exp was taken of each row's loss, and then the "
        "mean", "perplexity = loss.mean().exp()  # once, of the mean",
        lambda sums: sums.tally.exponentials / sums.rows, 2),
    *(mistake for limits in _LIMITS for mistake in _by_hand(*limits)),
)  # fmt: skip
"""Other forms, other readings of the target; what is made of rows, of axes and of arithmetic."""
