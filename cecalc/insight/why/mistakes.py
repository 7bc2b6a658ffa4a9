"""The mistakes that `why` knows beyond forms and readings: denominators, axes, batches, types.

Each in a sentence, with its mend and its entry in the catalogue. What they make of a loss is
computed in `of_classes`, `of_cells` and `trained`, by these names.
"""

from __future__ import annotations

from dataclasses import dataclass

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
