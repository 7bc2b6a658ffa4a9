"""Mistakes whatever the target: in batches, in libraries, with too few bits, by a parameter that
nobody told of, several at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from cecalc.mistakes.loss_variants import CAPS, FLT_MIN, Variant, as_bfloat16, as_float16
from cecalc.mistakes.recipe import Mistake, Number, Sum, Sums, mean_of
from cecalc.mistakes.sums import Batches, Plan, Total
from cecalc.model import Floats

_SUMS = "total += {f}(logits, target, reduction='sum'); count += {n}  # divide once"
_OF_BATCHES: tuple[tuple[str, str, Callable[[Batches, int], float], int], ...] = (
    ("the mean of batch means", ("the means of batches were averaged, the last and smaller one "
        "with the weight of a whole one"), lambda batches, _: batches.total / batches.number, 1),
    ("batch means over rows", ("the means of batches were added up and divided by the number of "
        "rows"), lambda batches, rows: batches.total / rows, 1),
    ("the sum of batch means", "the means of batches were added up",
        lambda batches, _: batches.total, 1),
    ("batch means over whole batches", ("the means of batches were added up and divided by the "
        "number of whole ones"), lambda batches, _: batches.total / (batches.number - 1), 2),
    ("the last batch", "it is the loss of the last batch alone",
        lambda batches, _: batches.at_ends[-1], 1),
    ("the first batch", "it is the loss of the first batch alone",
        lambda batches, _: batches.at_ends[0], 2),
    ("without the last batch", "the means of batches were averaged without the last one",
        lambda batches, _: (batches.total - batches.at_ends[-1]) / (batches.number - 1), 2),
)  # fmt: skip
"""A name, what was done, the number from batches and the number of rows, and the rank."""


def of_batches(size: int) -> Iterator[Mistake]:
    """What a training loop prints of batches of a size: their means, of all or of the last."""

    def number(of: Callable[[Batches, int], float], sums: Sums) -> float | None:
        batches = sums.tally.batches[size]
        return of(batches, sums.count) if batches.number > 1 else None

    for name, says, of, rank in _OF_BATCHES:
        words = f"{says} (batches of {size})"
        yield Mistake(name, (4,), words, _SUMS, partial(number, of), rank)


def _shares_of_labels(sums: Sums) -> float | None:
    """The entropy of what the labels are, in all."""
    counts, ones, is_of_cells = sums.tally.counts, sums.tally.ones, sums.plan.is_of_cells
    if is_of_cells:
        counts = np.asarray([ones, sums.count - ones])
    share = counts[counts > 0] / counts.sum()
    if sums.count < 2 or (is_of_cells and len(share) < 2):
        return None
    return -float(share @ np.log(share))


def _unsampled(sums: Sums, loss: float) -> Total | None:
    """A loss over what there is to divide by without the weights of rows."""
    bare = sums.total("unsampled")
    return sums.over(loss, bare.weight) if bare.rows else None


def _rounded(dtype: str, nearest: Callable[[Floats], Floats]) -> Mistake:
    says = f"the loss itself was rounded to {dtype}"
    return Mistake(f"the loss in {dtype}", (15,), says, _IN_FULL,
        lambda sums: float(nearest(np.asarray([sums.right.mean]))[0]), 3)  # fmt: skip


def _has_sequences(sums: Sums) -> bool:
    return sums.sequences.number > 0


_IN_FULL = "loss = {f}(logits.float(), target)"
_IN_SEQUENCES = "loss = losses.sum() / mask.sum()  # one mean over all tokens"
_IN_WEIGHTS = "loss = (losses * w).sum() / w.sum()"
_SIGNAL = "[p.grad is not None and p.grad.norm() for p in model.parameters()]  # any signal?"

OF_ANY = (
    Mistake("the mean of sequence means", (33,), "the losses of each sequence were averaged, and "
        "then the sequences, short ones as much as long ones", _IN_SEQUENCES,
        lambda sums: sums.sequences.total / sums.sequences.number, holds=_has_sequences),
    Mistake("the sum over sequences", (33,), "the sum of all losses was divided by the number of "
        "sequences", _IN_SEQUENCES, lambda sums: sums.right.loss / sums.sequences.number,
        holds=_has_sequences),
    Mistake("padded to the longest", (33,), "the sum of all losses was divided by the sequences "
        "times the length of the longest", _IN_SEQUENCES, lambda sums:
            sums.right.loss / (sums.sequences.number * sums.longest),
        holds=_has_sequences),
    Mistake("weights of rows left out", (3,), "the loss was computed without the weights of rows",
        _IN_WEIGHTS, lambda sums: _unsampled(sums, sums.total("unsampled").loss)),
    Mistake("weights of rows, divided by rows", (3,), "the losses, weighted, were divided by the "
        "number of rows, not by the weights", _IN_WEIGHTS,
        lambda sums: _unsampled(sums, sums.right.loss)),
    Mistake("the accuracy", (), "it is the accuracy, not a loss", None,
        lambda sums: sums.accuracy, 2),
    Mistake("the error rate", (), "it is the share of wrong predictions, not a loss", None,
        lambda sums: None if sums.accuracy is None else 1 - sums.accuracy, 2),
    Mistake("a uniform guess", (27,), "it is what a model costs that says nothing about the "
        "classes yet, or gets no signal", _SIGNAL,
        lambda sums: math.log(2 if sums.plan.is_of_cells else sums.plan.classes), 2),
    Mistake("the shares of the labels", (27,), "it is the entropy of the labels: the model knows "
        "how frequent they are and nothing else", _SIGNAL, _shares_of_labels, 2),
    _rounded("float16", as_float16),
    _rounded("bfloat16", as_bfloat16),
)  # fmt: skip
"""What is made of rows that belong together, or have weights; what is no loss; what models print
that have learnt nothing; too few bits.
"""

NOT_A_NUMBER = (
    Mistake("0 times inf", (18,), "a logit is infinite, and a target's 0 times that is nan",
        "loss = {f}(logits.clamp(-1e4, 1e4), target)  # or class indices", lambda _: math.nan,
        holds=lambda sums: sums.tally.infinite > 0),
    Mistake("nothing counted", (5,), "every row is ignored, and the mean of nothing is nan",
        "loss = F.cross_entropy(logits, target, reduction='sum') / count.clamp(min=1)",
        lambda _: math.nan, holds=lambda sums: not sums.rows),
    Mistake("nothing counted, printed as 0", (39,), "every row is ignored: the mean of nothing "
        "was divided by at least 1, or nan was left out of the log",
        "assert (target != ignore_index).any()", lambda _: 0.0, holds=lambda sums: not sums.rows),
)  # fmt: skip
"""What any loss makes of infinities, and of no rows."""


def in_halves(loss: str) -> Iterator[Mistake]:
    """What a loss makes of logits with too few bits."""
    for dtype in ("float16", "bfloat16"):
        says, of = f"the logits were rounded to {dtype}", Sum(Variant(dtype, loss))
        yield Mistake(f"logits in {dtype}", (15,), says, _IN_FULL, of, 3)


LIBRARIES = (
    ("16.118", "Keras (1e-7)", "keras", "keras", "sigmoid_single"),
    ("36.0437", "scikit-learn (2.2e-16)", "sklearn", "sklearn", "sigmoid"),
    ("34.5388", "scikit-learn before 1.2 (1e-15)", "sklearn", "sklearn old", "sigmoid"),
    ("15.9424", "scikit-learn on float32", "sklearn", "sklearn single", "sigmoid_single"),
)
"""What ln 0 costs, whose habit it is, where it clips, and the sigmoid it clips."""


def clipped(cap: str, whose: str, fix: str, form: Variant, framework: str) -> Mistake:
    """What a library makes of probabilities that it clips."""
    says = f"-ln p was clipped at {cap}, as {whose} does, and confident wrong rows cost no more"
    return Mistake(f"clipped at {cap}", (7,), says, fix, Sum(form), 2, framework)


def hard(cap: str, whose: str, fix: str, form: Variant, framework: str) -> Mistake:
    """What it makes of predictions that are hard."""
    says = f"predicted classes were given instead of probabilities: {whose} makes it {cap} times "
    says += "the error rate"
    return Mistake(f"hard predictions at {cap}", (19,), says, fix, Sum(form), 2, framework)


_SOFT_CAPS = (30, 50)
_ALPHA = 0.25
_BOTH = "loss = {f}(logits, target)  # or the same change in both places"
_SCALED = "loss = {f}(logits / T, target)  # the same T in both places"
_LOGARITHM = "loss = {f}(logits, target)  # from logits: no clip, no epsilon"
_EACH = "losses = {f}(logits, target, reduction='none')  # the factor of each row"


def changed(plan: Plan) -> Iterator[Mistake]:
    """Losses that are changed on purpose: focal losses, temperatures, caps and epsilons."""
    for gamma in plan.tried("focal"):
        yield from _focal_of_cells(gamma) if plan.is_of_cells else _focal_of_classes(gamma)
        yield Mistake(f"focal loss of the mean: gamma {gamma:g}", (31,), "the focal factor, gamma "
            f"= {gamma:g}, was taken of the mean: (1 - exp(-loss))**gamma", _EACH,
            partial(_focal_of_mean, gamma), 2)  # fmt: skip
    for t in plan.tried("temperature"):
        says = f"the logits were divided by {t:g} first, which is to multiply them by {1 / t:.4g}"
        form = Variant(f"over {t:g}", plan.right.loss)
        yield Mistake(f"temperature {t:g}", (35,), says, _SCALED, Sum(form, printed=mean_of), 2)
        if "temperature" in plan.said:
            yield from _by_temperature(t, form)
    for cap in _SOFT_CAPS:
        says = f"the logits were capped softly, {cap} tanh(x / {cap})"
        form = Variant(f"capped {cap}", plan.right.loss)
        yield Mistake(f"soft cap of {cap}", (44,), says, _BOTH, Sum(form, printed=mean_of), 2)
        says = f"the logits were multiplied by tanh(x / {cap}), where {cap} tanh(x / {cap}) caps"
        fix = f"logits = {cap} * torch.tanh(logits / {cap})"
        form = Variant(f"tanh {cap}", plan.right.loss)
        yield Mistake(f"wrong soft cap of {cap}", (44,), says, fix, Sum(form, printed=mean_of), 2)
    yield from _epsilons(plan)


def _by_temperature(t: float, form: Variant) -> Iterator[Mistake]:
    """What else is made of a temperature that was asked for."""
    yield Mistake(f"the loss divided by the temperature {t:g}", (35,), f"the loss itself was "
        f"divided by {t:g}", _SCALED, lambda sums: sums.right.mean / t, 2)  # fmt: skip
    for classes in ("", " / C"):
        name = f"KL divergence at temperature {t:g} times T²{classes}"
        yield Mistake(name, (37,), f"it is the {name}, as distillation has it",
            "loss = T**2 * F.kl_div(log_p, target, reduction='batchmean')",
            Sum(form, printed=partial(_distilled, t, has_classes=bool(classes))), 2,
            holds=lambda sums: sums.tally.entropy > 0)  # fmt: skip


def _distilled(t: float, total: Total, sums: Sums, *, has_classes: bool) -> float:
    rest = (total.loss - sums.tally.entropy) / total.weight if total.weight else math.nan
    return t**2 * rest / (sums.plan.classes if has_classes else 1)


def _focal_of_classes(gamma: float) -> Iterator[Mistake]:
    form, says = Variant("logits", f"focal {gamma:g}"), f"the focal loss with gamma = {gamma:g}"
    power = f"each -ln p times (1 - p)**{gamma:g}"
    yield _focal(f"gamma {gamma:g}", f"{says}: {power}", Sum(form))
    yield _focal(f"gamma {gamma:g}, alpha {_ALPHA}", f"{says} and alpha = {_ALPHA}: {power}, "
        f"and {_ALPHA}", Sum(form, printed=lambda total, _: _ALPHA * total.mean))  # fmt: skip


def _focal_of_cells(gamma: float) -> Iterator[Mistake]:
    says = f"the focal loss with gamma = {gamma:g}"
    for loss, name, words in (
        ("focal_bce", f"gamma {gamma:g}", says),
        ("focal_bce_alpha", f"gamma {gamma:g}, alpha {_ALPHA}", f"{says} and alpha = {_ALPHA}"),
    ):
        form = Variant("logits", f"{loss} {gamma:g}")
        yield _focal(name, words, Sum(form))
        yield _focal(f"{name}, over positives", f"{words}, divided by the cells whose target is 1",
            Sum(form, printed=_over_positives))  # fmt: skip


def _focal(name: str, says: str, of: Number) -> Mistake:
    return Mistake(f"focal loss: {name}", (31,), f"it is {says}", _BOTH, of, 2)


def _focal_of_mean(gamma: float, sums: Sums) -> float:
    mean = sums.right.mean
    return (-math.expm1(-mean)) ** gamma * mean if mean >= 0 else math.nan


def _over_positives(total: Total, sums: Sums) -> float:
    return total.loss / sums.tally.ones if sums.tally.ones else math.nan


def _epsilons(plan: Plan) -> Iterator[Mistake]:
    capped = "capped_bce" if plan.is_of_cells else "capped"
    plus = ("sigmoid_single", "bce") if plan.is_of_cells else ("softmax", "log")
    for eps in (*CAPS, FLT_MIN):
        cap, whose = f"{-math.log(eps):.6g}", ", as Caffe does (FLT_MIN)" if eps == FLT_MIN else ""
        says = f"p was kept above {eps:.4g}, so that no row costs more than {cap}{whose}"
        form = Variant("logits", capped, f"{eps:g}")
        yield Mistake(f"clipped at {cap}", (45,), says, _LOGARITHM, Sum(form), 2)
    for eps in CAPS:
        says = f"-ln(p + {eps:g}) was taken, where -ln p is meant"
        form = Variant(*plus, f"p + {eps:g}")
        yield Mistake(f"{eps:g} inside the logarithm", (45,), says, _LOGARITHM, Sum(form), 2)
