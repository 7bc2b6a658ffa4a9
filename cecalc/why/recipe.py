"""A loss as a sum and what its mean divides by, and what else people print of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cecalc.why.loss_variants import (
    BCE,
    CE,
    KERAS,
    KERAS_TWICE,
    SKLEARN,
    SKLEARN_OLD,
    SKLEARN_SINGLE,
    TORCH,
    Variant,
)

CE_LINE = "loss = F.cross_entropy(logits, target)"
BCE_LINE = "loss = F.binary_cross_entropy_with_logits(logits, target)"
WEIGHTED = "loss = F.cross_entropy(logits, target, weight=weight)"
SMOOTHED = "loss = F.cross_entropy(logits, target, label_smoothing=eps)"
_IGNORING = "loss = F.cross_entropy(logits, target, ignore_index=ignore_index)"
_DIVERGENCE = "loss = F.kl_div(F.log_softmax(logits, 1), target, reduction='batchmean')"
_SHIFT = f"{CE_LINE}  # these rows are aligned already"
_SIGNAL = "[p.grad is not None and p.grad.norm() for p in model.parameters()]  # any signal?"
_SUMS = "total += {f}(logits, target, reduction='sum'); count += {n}  # divide once"
_BCE_WEIGHTED = BCE_LINE.replace(")", ", weight=weight)")
POSITIVE = BCE_LINE.replace(")", ", pos_weight=weight)")


@dataclass(frozen=True)
class Mistake:
    """One mistake, or several together."""

    name: str
    entries: tuple[int, ...]
    """Its entries in the catalogue."""
    says: str
    """What was done, in a sentence."""
    fix: str
    """A line of torch, in which {f} is the loss."""
    rank: int = 1
    """How far it is from nothing: 1 for what many people do, more for what few do."""
    framework: str | None = None
    """Whose habit it is, where it is one library's."""


def mistake(
    name: str, entry: int, says: str, fix: str, rank: int = 1, framework: str | None = None
) -> Mistake:
    """A mistake of one entry."""
    return Mistake(name, (entry,), says, fix, rank, framework)


_TABLE = (
    mistake("targets one row later", 14, "row i was compared with the target of row i + 1: the "
        "next-token shift was applied to rows that are aligned already", _SHIFT),
    mistake("targets one row earlier", 14, "row i was compared with the target of row i - 1: the "
        "next-token shift was applied backwards", _SHIFT),
    mistake("targets two rows later", 14, "row i was compared with the target of row i + 2: the "
        "next-token shift was applied twice", _SHIFT, 2),
    mistake("label smoothing left out", 16, "the loss was computed without label smoothing",
        SMOOTHED),
    mistake("label smoothing over C - 1", 16, "epsilon was spread over the other classes alone, "
        "where torch spreads it over all", SMOOTHED),
    mistake("smoothed targets that sum to more than 1", 16, "the target kept 1, and every other "
        "class got epsilon / C", SMOOTHED, 2),
    mistake("smoothed targets that sum to less than 1", 16, "the target got 1 - epsilon, and "
        "every other class epsilon / C", SMOOTHED, 2),
    mistake("weighted, divided by rows", 3, "the weighted losses were divided by the number of "
        "rows, where torch divides by the sum of their weights", WEIGHTED),
    mistake("weights left out", 3, "the loss was computed without the weights", WEIGHTED),
    mistake("ignored rows in the denominator", 5, "the sum was divided by all rows, ignored ones "
        "too", _IGNORING),
    mistake("ignored cells in the denominator", 5, "the sum was divided by all cells, ignored "
        "ones too", "loss = (losses * counted).sum() / counted.sum()"),
    mistake("ignored rows counted", 5, "rows to be ignored were counted, their mark taken for a "
        "class", _IGNORING),
    mistake("the ignored class out of the softmax", 5, "the ignored class was left out of the "
        "softmax too, where torch keeps all C columns", _IGNORING, 2),
    mistake("-1 as the last class", 6, "target -1 counted from the end, as JAX does with indices: "
        "it scored the last class", "loss = F.cross_entropy(logits, target, ignore_index=-1)", 1,
        "optax"),
    mistake("nothing counted", 5, "every row is ignored, and the mean of nothing is nan",
        "loss = F.cross_entropy(logits, target, reduction='sum') / count.clamp(min=1)"),
    mistake("KL divergence", 26, "it is the KL divergence: the cross-entropy less the entropy of "
        "the targets", f"{CE_LINE}  # its floor is that entropy"),
    mistake("KLDivLoss on probabilities", 26, "KLDivLoss got probabilities, where it takes "
        "log-probabilities", _DIVERGENCE),
    mistake("KLDivLoss on logits", 26, "KLDivLoss got raw logits, where it takes "
        "log-probabilities", _DIVERGENCE),
    mistake("prediction and soft target swapped", 24, "cross-entropy got the target as its logits "
        "and the logits as its target", "loss = F.cross_entropy(input=logits, target=target)"),
    mistake("soft targets, divided by the weights", 3, "the weighted losses were divided by the "
        "sum of the weights, where torch divides by the rows if targets are distributions",
        WEIGHTED),
    mistake("BCE on one-hot targets, weight", 9, "binary cross-entropy was taken of all C logits "
        "against a one-hot target, with the weights as its weight", WEIGHTED),
    mistake("BCE on one-hot targets, pos_weight", 9, "binary cross-entropy was taken of all C "
        "logits against a one-hot target, with the weights as its pos_weight", WEIGHTED),
    mistake("the floor of soft targets", 30, "it is the entropy of the targets: what perfect "
        "predictions cost", f"{CE_LINE}  # cannot go below this"),
    mistake("softmax over the batch", 11, "softmax was taken down the rows (dim=0), not over the "
        "classes", "log_p = F.log_softmax(logits, dim=1)  # rows are samples"),
    mistake("softmax over everything", 11, "softmax was taken over the whole tensor at once",
        "log_p = F.log_softmax(logits, dim=1)  # rows are samples"),
    mistake("transposed logits", 11, "the logits came as (C, N), which N = C does not show",
        "loss = F.cross_entropy(logits.T, target)  # (N, C)"),
    mistake("view without permute", 11, "the logits were viewed as (-1, C) without moving the "
        "class axis to the end", "logits = logits.movedim(1, -1).reshape(-1, C)"),
    mistake("one of two logits", 29, "sigmoid was taken of logit 1 alone, where the softmax of "
        "two is sigmoid(x1 - x0)",
        "loss = F.binary_cross_entropy_with_logits(x[:, 1] - x[:, 0], target.float())"),
    mistake("a uniform guess", 27, "it is what a model costs that says nothing about the classes "
        "yet, or gets no signal", _SIGNAL, 2),
    mistake("the shares of the labels", 27, "it is the entropy of the labels: the model knows how "
        "frequent they are and nothing else", _SIGNAL, 2),
    mistake("the mean of perplexities", 13, "exp was taken of each row's loss, and then the mean",
        "perplexity = loss.mean().exp()  # once, of the mean", 2),
    mistake("pos_weight", 17, "the weight was given as pos_weight: it multiplies y ln p alone",
        POSITIVE),
    mistake("BCE without the weights", 17, "the loss was computed without the weights",
        _BCE_WEIGHTED),
    mistake("divided by the weights", 17, "the weighted losses were divided by the sum of the "
        "weights, where torch's BCE divides by the number of cells", _BCE_WEIGHTED),
    mistake("pos_weight, divided by the weights", 17, "with pos_weight, the losses were divided "
        "by the sum of the weights, where torch divides by the number of cells", POSITIVE),
    mistake("the weight on the zeros", 17, "the weight multiplied the cells whose target is 0",
        POSITIVE),
    mistake("label smoothing towards 1/2", 16, "targets were smoothed towards 1/2, as Keras does; "
        "torch's BCE has no such option", "target = target * (1 - eps) + eps / 2"),
    mistake("(N, 1) beside (N,)", 23, "(N, 1) met (N,) and became (N, N): every score was "
        "compared with every target",
        "loss = F.binary_cross_entropy_with_logits(logits.squeeze(1), target)"),
    mistake("softmax of one column", 28, "softmax of one column is 1, so cross-entropy is 0 "
        "whatever the model says", BCE_LINE),
    mistake("the mean of batch means", 4, "the means of batches were averaged, the last and "
        "smaller one with the weight of a whole one", _SUMS),
    mistake("batch means over rows", 4, "the means of batches were added up and divided by the "
        "number of rows", _SUMS),
    mistake("the sum of batch means", 4, "the means of batches were added up", _SUMS),
    mistake("the last batch", 4, "it is the loss of the last batch alone", _SUMS),
    mistake("the first batch", 4, "it is the loss of the first batch alone", _SUMS, 2),
    mistake("without the last batch", 4, "the means of batches were averaged without the last one",
        _SUMS, 2),
    mistake("softmax by hand: inf / inf", 15, "exp of a logit overflows: inf / inf is nan",
        f"{CE_LINE}  # log-sum-exp inside"),
    mistake("softmax by hand: ln 0", 15, "the target's probability is 0: -ln 0 is inf",
        f"{CE_LINE}  # log-sum-exp inside"),
    mistake("0 times inf", 18, "a logit is infinite, and a target's 0 times that is nan",
        "loss = {f}(logits.clamp(-1e4, 1e4), target)  # or class indices"),
    mistake("the loss in float16", 15, "the loss itself was rounded to float16",
        "loss = {f}(logits.float(), target)", 3),
    mistake("the loss in bfloat16", 15, "the loss itself was rounded to bfloat16",
        "loss = {f}(logits.float(), target)", 3),
)  # fmt: skip

MISTAKES = {one.name: one for one in _TABLE}
"""Each by its name."""


def free(name: str, entry: int, value: str, fix: str) -> Mistake:
    """What is no mistake, but an option nobody told of, at a usual value."""
    says = f"the loss was computed with {value}, which was not told here"
    return mistake(f"{name}: {value}", entry, says, fix, 2)


@dataclass(frozen=True)
class Measured:
    """What a mistake, or none, makes of all rows."""

    mistake: Mistake | None
    total: float
    """The sum, nats."""
    count: float
    """What the mean divides by: rows, cells or their weights."""
    is_of_cells: bool = False
    is_final: bool = False
    """Whether the mean is the number that is printed, whatever the reduction."""

    @property
    def mean(self) -> float:
        """Total over count; nan of nothing."""
        return self.total / self.count if self.count else math.nan


@dataclass(frozen=True)
class Sizes:
    """How much there is to divide by."""

    rows: int
    classes: int
    samples: int
    """Entries of axis 0: fewer than rows where there are more dimensions."""


@dataclass(frozen=True)
class Factor:
    """A harmless difference: another reduction, another base of the logarithm."""

    name: str
    entry: int
    says: str
    fix: str | None
    """A line of torch, in which {f} is the loss."""
    of: Callable[[Measured, Sizes], float]
    """From a loss to the number; nan where it says nothing of its own."""
    rank: int = 1
    with_mistakes: bool = True
    """Whether it is tried together with a mistake too."""


def _per_row(loss: Measured, size: Sizes) -> float:
    """The cells of a row added up: C times the mean over cells."""
    return loss.total / size.rows if loss.is_of_cells and size.classes > 1 else math.nan


def _per_element(loss: Measured, size: Sizes) -> float:
    return math.nan if loss.is_of_cells else loss.mean / size.classes


def _per_sample(loss: Measured, size: Sizes) -> float:
    return loss.total / size.samples if size.samples < size.rows else math.nan


def _twice(loss: Measured, size: Sizes) -> float:
    return loss.mean / size.rows if size.rows > 1 else math.nan


def _sum(loss: Measured, _: Sizes) -> float:
    return loss.total if loss.count != 1 else math.nan


def power(base: float, exponent: float) -> float:
    """Base to the exponent; inf beyond float64."""
    try:
        return float(base**exponent)
    except OverflowError:
        return math.inf


MEAN = Factor("mean", 21, "the mean", None, lambda loss, _: loss.mean, 0)
_MEAN = "loss = {f}(logits, target)"


def times(factor: float, *, with_mistakes: bool = False) -> Factor:
    """The loss times the steps of accumulation or the devices, or divided by them."""
    says = f"it is {factor:g} times the loss, as steps of accumulation or devices make it"
    fix = "loss = loss / steps  # once, before loss.backward()"
    name = f"{factor:g} times the loss"
    return Factor(name, 4, says, fix, lambda loss, _: factor * loss.mean, 2, with_mistakes)


FACTORS = (
    MEAN,
    Factor("the sum", 21, "it is the sum, not the mean",
        "loss = {f}(logits, target, reduction='mean')", _sum),
    Factor("cells summed per row", 21,
        "the cells of a row were added up, and the mean taken over rows",
        f"{_MEAN}  # one mean over all cells", _per_row),
    Factor("divided by N·C", 21, "the mean was taken over rows times classes, not over rows",
        f"{_MEAN}  # one mean over all rows", _per_element),
    Factor("summed over positions", 21,
        "losses were summed over positions, and the mean taken over axis 0",
        f"{_MEAN}  # (N, C, d1, ...): one mean over all positions", _per_sample),
    Factor("averaged twice", 21, "the mean was divided by the number of rows once more",
        f"{_MEAN}  # a mean already", _twice, 2),
    Factor("the loss in bits", 13, "it is in bits: divided by ln 2",
        "bits = loss / math.log(2)  # loss itself is in nats",
        lambda loss, _: loss.mean / math.log(2)),
    Factor("the loss in log10", 13, "it was taken with log10: divided by ln 10",
        f"{_MEAN}  # natural logarithms", lambda loss, _: loss.mean / math.log(10), 2,
        with_mistakes=False),
    Factor("the perplexity", 13, "it is the perplexity, exp(loss)",
        "perplexity = loss.exp()  # loss itself is in nats",
        lambda loss, _: power(math.e, loss.mean)),
    Factor("2**loss", 13, "it is 2**loss, though the loss is in nats: exp is the perplexity",
        "perplexity = loss.exp()  # not 2 ** loss", lambda loss, _: power(2.0, loss.mean), 2,
        with_mistakes=False),
    *(times(factor) for steps in (2, 4, 8, 16) for factor in (steps, 1 / steps)),
)  # fmt: skip
"""What is tried by itself and, where it goes with them, together with each mistake."""


@dataclass(frozen=True)
class Misread:
    """A mistake that is a form, and a reading of the target."""

    mistake: Mistake
    form: Variant
    reading: str = "given"


def _clipped(cap: str, whose: str, fix: str, framework: str) -> Mistake:
    says = f"-ln p was clipped at {cap}, as {whose} does, and confident wrong rows cost no more"
    return mistake(f"clipped at {cap}", 7, says, fix, 2, framework)


def _hard(cap: str, whose: str, fix: str, framework: str) -> Mistake:
    says = f"predicted classes were given instead of probabilities: {whose} makes it {cap} times "
    return mistake(f"hard predictions at {cap}", 19, f"{says}the error rate", fix, 2, framework)


_CATEGORICAL = "F.nll_loss(torch.log_softmax(logits, 1), target)  # from logits, never clipped"
_LIBRARIES = (
    ("16.118", "Keras (1e-7)", "keras", KERAS, "sigmoid_single"),
    ("36.0437", "scikit-learn (2.2e-16)", "sklearn", SKLEARN, "sigmoid"),
    ("34.5388", "scikit-learn before 1.2 (1e-15)", "sklearn", SKLEARN_OLD, "sigmoid"),
    ("15.9424", "scikit-learn on float32", "sklearn", SKLEARN_SINGLE, "sigmoid_single"),
)
"""What ln 0 costs, whose habit it is, where it clips, and the sigmoid it clips."""


def _of_libraries(*, is_of_cells: bool) -> Iterator[Misread]:
    """What each library makes of probabilities that it clips, and of predictions that are hard."""
    for cap, whose, framework, clip, sigmoid in _LIBRARIES:
        soft, hard, fix = (
            Variant("softmax", "log", clip),
            Variant("hard", "log", clip),
            _CATEGORICAL,
        )
        if is_of_cells:
            soft, hard = Variant(sigmoid, "bce", clip), Variant("hard_cells", "bce", clip)
            fix = BCE_LINE
        yield Misread(_clipped(cap, whose, fix, framework), soft)
        yield Misread(_hard(cap, whose, BCE_LINE if is_of_cells else CE_LINE, framework), hard)


_SHIFTED = "the loss was computed on target {}: of the two places one counts classes from 1"

OF_CLASSES = (
    Misread(mistake("softmax before cross-entropy", 1,
        "the model ends in softmax, and cross-entropy applies softmax once more",
        f"{CE_LINE}  # raw outputs, no softmax"), Variant("softmax", "ce")),
    Misread(mistake("sigmoid before cross-entropy", 1,
        "the model ends in sigmoid, and cross-entropy applies softmax to that",
        f"{CE_LINE}  # raw outputs, no sigmoid"), Variant("sigmoid", "ce")),
    Misread(mistake("one-hot predictions as logits", 1,
        "predicted classes, one-hot, were given to cross-entropy as if they were logits",
        f"{CE_LINE}  # raw outputs, not argmax", 2), Variant("hard", "ce")),
    Misread(mistake("BCE with logits on one-hot targets", 9,
        "binary cross-entropy was taken of all C logits against a one-hot target",
        f"{CE_LINE}  # one label per row"), BCE),
    Misread(mistake("softmax, then BCE", 9,
        "binary cross-entropy was taken of softmax outputs against a one-hot target",
        f"{CE_LINE}  # one label per row"), Variant("softmax", "bce", TORCH)),
    Misread(mistake("NLLLoss on probabilities", 25,
        "NLLLoss got softmax outputs, where it takes log-probabilities: it prints -mean p",
        "loss = F.nll_loss(F.log_softmax(logits, 1), target)"), Variant("softmax", "nll")),
    Misread(mistake("NLLLoss on logits", 25,
        "NLLLoss got raw logits, where it takes log-probabilities: it prints -mean logit",
        "loss = F.nll_loss(F.log_softmax(logits, 1), target)"), Variant("logits", "nll")),
    Misread(mistake("class indices as cells", 2,
        "each row's class index was broadcast to the targets of all its cells",
        f"{CE_LINE}  # or F.one_hot(target, C).float() for BCE", 2), BCE, "index"),
    Misread(mistake("soft targets as classes", 2,
        "only the largest class of each soft target was used: target.argmax(1)",
        f"{CE_LINE}  # (N, C) floats are read as distributions"), CE, "largest"),
    Misread(mistake("targets minus 1", 6, _SHIFTED.format("- 1"),
        f"{CE_LINE}  # classes 0..C-1 in both places"), CE, "minus_one"),
    Misread(mistake("targets plus 1", 6, _SHIFTED.format("+ 1"),
        f"{CE_LINE}  # classes 0..C-1 in both places"), CE, "plus_one"),
    Misread(mistake("classes in the order of their sorted names", 19,
        "the columns were taken in the order of the sorted class names, as scikit-learn does",
        "logits = logits[:, [classes.index(c) for c in names]]", 1), CE, "by_name"),
    Misread(mistake("logits as probabilities", 8,
        "raw logits were taken for probabilities: divided by their sum, clipped at 1e-7",
        f"{CE_LINE}  # Keras: from_logits=True", 1, "keras"), Variant("shares", "log", KERAS)),
    Misread(mistake("prediction and target swapped", 24,
        "cross-entropy got the target as its logits and the logits as its target",
        "loss = F.cross_entropy(input=logits, target=target)"), Variant("logits", "swapped_ce")),
    Misread(mistake("logits in float16", 15, "the logits were rounded to float16",
        "loss = F.cross_entropy(logits.float(), target)", 3), Variant("half", "ce")),
    Misread(mistake("logits in bfloat16", 15, "the logits were rounded to bfloat16",
        "loss = F.cross_entropy(logits.float(), target)", 3), Variant("brain", "ce")),
    Misread(mistake("probabilities in float16", 15,
        "the softmax was rounded to float16 before its logarithm was taken",
        "loss = F.cross_entropy(logits.float(), target)", 3), Variant("softmax_half", "log")),
    *_of_libraries(is_of_cells=False),
)  # fmt: skip
"""What becomes of a problem that has one class, or one distribution, in each row."""

_SIGMOID = "loss = F.binary_cross_entropy_with_logits(logits, target)  # raw outputs, no sigmoid"
_MAPPED = "loss = F.binary_cross_entropy_with_logits(logits, {})"

OF_CELLS = (
    Misread(mistake("sigmoid before BCE with logits", 12,
        "the model ends in sigmoid, and BCE with logits applies sigmoid once more", _SIGMOID),
        Variant("sigmoid", "bce_logits")),
    Misread(mistake("cross-entropy on several labels", 22,
        "cross-entropy got the 0/1 rows as if they were distributions, though they sum to k",
        BCE_LINE), CE),
    Misread(mistake("softmax, then BCE", 9,
        "softmax made the outputs of a row compete, where each has a label of its own", _SIGMOID),
        Variant("softmax", "bce", TORCH)),
    Misread(mistake("softmax before BCE with logits", 12,
        "the model ends in softmax, and BCE with logits applies sigmoid to that", _SIGMOID, 2),
        Variant("softmax", "bce_logits")),
    Misread(mistake("logits as probabilities", 8,
        "raw logits were taken for probabilities and clipped to 0..1", BCE_LINE, 1, "keras"),
        Variant("logits", "bce", KERAS)),
    Misread(mistake("targets 0 and 255", 10, "the target's 1 was 255: a mask of grey levels",
        _MAPPED.format("target / 255")), BCE, "times_255"),
    Misread(mistake("targets 1 and 2", 10, "targets were 1 and 2, where 0 and 1 are meant",
        _MAPPED.format("target - 1")), BCE, "plus_one"),
    Misread(mistake("targets -1 and 1", 10, "targets were -1 and 1, where 0 and 1 are meant",
        _MAPPED.format("(target + 1) / 2")), BCE, "signs"),
    Misread(mistake("labels exchanged", 6, "0 and 1 had changed places in the target",
        "loss = F.binary_cross_entropy_with_logits(logits, 1 - target)  # or mend the labels"),
        BCE, "exchanged"),
    Misread(mistake("prediction and target swapped", 24,
        "BCE with logits got the target as its logits and the logits as its target",
        "loss = F.binary_cross_entropy_with_logits(input=logits, target=target)"),
        Variant("logits", "swapped_bce")),
    Misread(mistake("prediction and target swapped in Keras", 24,
        "binary_crossentropy got the probabilities as its target, the target as its prediction",
        BCE_LINE, 1, "keras"), Variant("sigmoid", "swapped_keras")),
    Misread(mistake("a symmetric pair of logits", 29,
        "softmax was taken of (-z, z), which is the sigmoid of 2z, not of z", BCE_LINE),
        Variant("doubled", "bce_logits")),
    Misread(mistake("logits in float16", 15, "the logits were rounded to float16",
        "loss = F.binary_cross_entropy_with_logits(logits.float(), target)", 3),
        Variant("half", "bce_logits")),
    Misread(mistake("logits in bfloat16", 15, "the logits were rounded to bfloat16",
        "loss = F.binary_cross_entropy_with_logits(logits.float(), target)", 3),
        Variant("brain", "bce_logits")),
    Misread(_clipped("100", "torch's BCELoss on a float32 sigmoid", BCE_LINE, "torch"),
        Variant("sigmoid_single", "bce", TORCH)),
    Misread(_hard("100", "torch's BCELoss", BCE_LINE, "torch"),
        Variant("hard_cells", "bce", TORCH)),
    Misread(_clipped("15.425", "TensorFlow 2.2 to 2.6", BCE_LINE, "keras"),
        Variant("sigmoid_single", "bce", KERAS_TWICE)),
    *_of_libraries(is_of_cells=True),
)  # fmt: skip
"""What becomes of a problem whose cells have labels of their own."""
