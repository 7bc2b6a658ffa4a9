"""What mistakes make of cells that have labels of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from cecalc.mistakes.loss_variants import BCE, CE, Variant
from cecalc.mistakes.recipe import BCE_LINE, Mistake, Sum, Sums, free
from cecalc.mistakes.recipes_any import LIBRARIES, clipped, hard, in_halves
from cecalc.mistakes.sums import Total


def options(sums: Sums) -> Iterator[Mistake]:
    """What is made of options, known ones and others."""
    tally, plan = sums.tally, sums.plan
    if usual := plan.tried("weight"):
        balance = (tally.cells_used - tally.ones) / tally.ones if tally.ones else 1.0
        for weight in (balance, *usual):
            value, of = f"pos_weight={weight:.4g}", partial(_with_pos_weight, weight)
            yield free("weights", 17, value, _POSITIVE, of)
    yield from (*WEIGHTS, SMOOTHING)
    for eps in plan.tried("label_smoothing"):
        of = partial(_towards_half, eps)
        yield free(SMOOTHING.name, 16, f"epsilon = {eps:g}", _SMOOTHED, of)


def _with_pos_weight(weight: float, sums: Sums) -> Total:
    return sums.over(sums.total("zeros").loss + weight * sums.total("ones").loss, sums.count)


_WEIGHTED = BCE_LINE.replace(")", ", weight=weight)")
_POSITIVE = BCE_LINE.replace(")", ", pos_weight=weight)")

WEIGHTS = (
    Mistake("pos_weight as weight", (17,), "pos_weight was given as the weight: it multiplies both "
        "terms", _POSITIVE, lambda sums: sums.weighted("weight")),
    Mistake("pos_weight", (17,), "the weight was given as pos_weight: it multiplies y ln p alone",
        _POSITIVE, lambda sums: sums.weighted("pos_weight")),
    Mistake("BCE without the weights", (17,), "the loss was computed without the weights",
        _WEIGHTED, lambda sums: sums.weighted("given")),
    Mistake("divided by the weights", (17,), "the weighted losses were divided by the sum of the "
        "weights, where torch's BCE divides by the number of cells", _WEIGHTED, Sum(BCE, "weight")),
    Mistake("pos_weight, divided by the weights", (17,), "with pos_weight, the losses were divided "
        "by the sum of the weights, where torch divides by the number of cells", _POSITIVE,
        Sum(BCE, "pos_weight")),
    Mistake("the weight on the zeros", (17,), "the weight multiplied the cells whose target is 0",
        _POSITIVE, lambda sums: sums.weighted("neg_weight")),
)  # fmt: skip


def _read(loss: Callable[[float, float, float], float], sums: Sums) -> Total:
    """The loss of targets that were meant otherwise, which is linear in them.

    Parameters
    ----------
    loss : from that of targets 0, what targets as they are add to it, and what targets 1 add
    """
    const, given, every = (sums.total(name).loss for name in ("const", "given", "every"))
    return sums.over(loss(const, given - const, every), sums.count)


def _towards_half(eps: float, sums: Sums) -> Total:
    return _read(lambda const, slope, every: const + (1 - eps) * slope + eps / 2 * every, sums)


_SMOOTHED = "target = target * (1 - eps) + eps / 2"

SMOOTHING = Mistake("label smoothing towards 1/2", (16,), "targets were smoothed towards 1/2, as "
    "Keras does; torch's BCE has no such option", _SMOOTHED,
    lambda sums: _towards_half(sums.plan.label_smoothing, sums),
    holds=lambda sums: sums.plan.label_smoothing > 0)  # fmt: skip

_SIGMOID = f"{BCE_LINE}  # raw outputs, no sigmoid"
_MAPPED = "loss = F.binary_cross_entropy_with_logits(logits, {})"


def _with_ignored(name: str, sums: Sums) -> Total | None:
    """The loss over all cells, those that are ignored with a target of their mark."""
    if not sums.has_ignored() or sums.plan.weight is not None:
        return None
    return sums.over(sums.right.loss + sums.total(name).loss, sums.given)


def _is_of_one(sums: Sums) -> bool:
    """Whether there is one score per row, where others have two axes."""
    return sums.plan.classes == 1 and not sums.has_ignored()


def _crossed(sums: Sums) -> Total:
    """Every score with every target."""
    rows, const, every = sums.rows, sums.total("const").loss, sums.total("every").loss
    return sums.over(const * rows + sums.tally.ones * every, rows**2)


OF_CELLS = (
    Mistake("softmax of one column", (28,), "softmax of one column is 1, so cross-entropy is 0 "
        "whatever the model says", BCE_LINE, lambda _: 0.0, holds=_is_of_one),
    Mistake("the values are probabilities", (8,), "the values are no logits but probabilities: it "
        "is BCELoss of them, their right loss", "loss = F.binary_cross_entropy(probs, target)  "
        "# cecalc: --probs", Sum(Variant("logits", "bce", "torch")), is_of_logits=True,
        holds=lambda sums: sums.tally.extent.is_of_shares),
    Mistake("half of binary cross-entropy", (47,), "y ln p alone was taken: the term "
        "(1 - y) ln(1 - p) is missing", BCE_LINE,
        lambda sums: sums.over(sums.total("ones").loss, sums.count)),
    *(Mistake(f"ignored cells as {mark}", (49,), f"cells to be ignored were counted with target "
        f"{mark}", "loss = (losses * counted).sum() / counted.sum()", partial(_with_ignored, name))
        for mark, name in (("0", "ignored"), ("-1", "ignored as -1"))),
    Mistake("sigmoid before BCE with logits", (12,),
        "the model ends in sigmoid, and BCE with logits applies sigmoid once more", _SIGMOID,
        Sum(Variant("sigmoid", "bce_logits"))),
    Mistake("cross-entropy on several labels", (22,),
        "cross-entropy got the 0/1 rows as if they were distributions, though they sum to k",
        BCE_LINE, Sum(CE)),
    Mistake("softmax, then BCE", (9,),
        "softmax made the outputs of a row compete, where each has a label of its own", _SIGMOID,
        Sum(Variant("softmax", "bce", "torch"))),
    Mistake("softmax before BCE with logits", (12,),
        "the model ends in softmax, and BCE with logits applies sigmoid to that", _SIGMOID,
        Sum(Variant("softmax", "bce_logits")), 2),
    Mistake("logits as probabilities", (8,),
        "raw logits were taken for probabilities and clipped to 0..1", BCE_LINE,
        Sum(Variant("logits", "bce", "keras")), 1, "keras", is_of_logits=True),
    Mistake("targets 0 and 255", (10,), "the target's 1 was 255: a mask of grey levels",
        _MAPPED.format("target / 255"),
        partial(_read, lambda const, slope, _: const + 255 * slope)),
    Mistake("targets 1 and 2", (10,), "targets were 1 and 2, where 0 and 1 are meant",
        _MAPPED.format("target - 1"),
        partial(_read, lambda const, slope, every: const + slope + every)),
    Mistake("targets -1 and 1", (10,), "targets were -1 and 1, where 0 and 1 are meant",
        _MAPPED.format("(target + 1) / 2"),
        partial(_read, lambda const, slope, every: const + 2 * slope - every)),
    Mistake("labels exchanged", (6,), "0 and 1 had changed places in the target",
        f"{_MAPPED.format('1 - target')}  # or mend the labels",
        partial(_read, lambda const, slope, every: const + every - slope)),
    Mistake("prediction and target swapped", (24,),
        "BCE with logits got the target as its logits and the logits as its target",
        "loss = F.binary_cross_entropy_with_logits(input=logits, target=target)",
        Sum(Variant("logits", "swapped_bce"))),
    Mistake("prediction and target swapped in Keras", (24,),
        "binary_crossentropy got the probabilities as its target, the target as its prediction",
        BCE_LINE, Sum(Variant("sigmoid", "swapped_keras_bce")), 1, "keras"),
    Mistake("a symmetric pair of logits", (29,),
        "softmax was taken of (-z, z), which is the sigmoid of 2z, not of z", BCE_LINE,
        Sum(Variant("doubled", "bce_logits"))),
    *in_halves("bce_logits"),
    clipped("100", "torch's BCELoss on a float32 sigmoid", BCE_LINE,
        Variant("sigmoid_single", "bce", "torch"), "torch"),
    hard("100", "torch's BCELoss", BCE_LINE, Variant("hard_cells", "bce", "torch"), "torch"),
    clipped("15.425", "TensorFlow 2.2 to 2.6", BCE_LINE,
        Variant("sigmoid_single", "bce", "keras twice"), "keras"),
    *(mistake for cap, whose, framework, clip, sigmoid in LIBRARIES for mistake in (
        clipped(cap, whose, BCE_LINE, Variant(sigmoid, "bce", clip), framework),
        hard(cap, whose, BCE_LINE, Variant("hard_cells", "bce", clip), framework),
    )),
    Mistake("ignored cells in the denominator", (5,), "the sum was divided by all cells, ignored "
        "ones too", "loss = (losses * counted).sum() / counted.sum()",
        lambda sums: sums.over(sums.right.loss, sums.given), holds=Sums.has_ignored),
    Mistake("(N, 1) beside (N,)", (23,), "(N, 1) met (N,) and became (N, N): every score was "
        "compared with every target",
        "loss = F.binary_cross_entropy_with_logits(logits.squeeze(1), target)",
        _crossed, holds=lambda sums: _is_of_one(sums) and sums.rows > 1),
)  # fmt: skip
"""Other forms, other readings of the target, and other counts of cells."""
