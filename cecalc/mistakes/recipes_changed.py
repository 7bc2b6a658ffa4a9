"""Losses that are changed on purpose, by a parameter nobody told of: focal losses, temperatures,
caps and epsilons.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from cecalc.mistakes.loss_variants import CAPS, FLT_MIN, Variant
from cecalc.mistakes.recipe import Measured, Mistake, Number, Sum, Sums, final
from cecalc.mistakes.sums import Plan

SOFT_CAPS = (30, 50)
ALPHA = 0.25
_BOTH = "loss = {f}(logits, target)  # or the same change in both places"
_SCALED = "loss = {f}(logits / T, target)  # the same T in both places"
_LOGARITHM = "loss = {f}(logits, target)  # from logits: no clip, no epsilon"


def changed(plan: Plan) -> Iterator[Mistake]:
    """Every one that is tried."""
    for gamma in plan.gammas:
        yield from _focal_of_cells(gamma) if plan.is_of_cells else _focal_of_classes(gamma)
        yield _focal_of_mean(gamma)
    yield from _temperatures(plan)
    yield from _soft_caps(plan.right.loss)
    yield from _epsilons(plan)


def _focal_of_classes(gamma: float) -> Iterator[Mistake]:
    form, says = Variant("logits", f"focal {gamma:g}"), f"the focal loss with gamma = {gamma:g}"
    power = f"each -ln p times (1 - p)**{gamma:g}"
    yield _focal(f"gamma {gamma:g}", f"{says}: {power}", Sum(form))
    yield _focal(f"gamma {gamma:g}, alpha {ALPHA}", f"{says} and alpha = {ALPHA}: {power}, "
        f"and {ALPHA}", _of_focal(form, lambda loss, _: ALPHA * loss.mean))  # fmt: skip


def _focal_of_cells(gamma: float) -> Iterator[Mistake]:
    says = f"the focal loss with gamma = {gamma:g}"
    for loss, name, words in (
        ("focal_bce", f"gamma {gamma:g}", says),
        ("focal_alpha", f"gamma {gamma:g}, alpha {ALPHA}", f"{says} and alpha = {ALPHA}"),
    ):
        form = Variant("logits", f"{loss} {gamma:g}")
        yield _focal(name, words, Sum(form))
        yield _focal(f"{name}, over positives", f"{words}, divided by the cells whose target is 1",
            _of_focal(form, _over_positives))  # fmt: skip


def _focal(name: str, says: str, of: Number) -> Mistake:
    return Mistake(f"focal loss: {name}", (31,), f"it is {says}", _BOTH, of, 2)


def _focal_of_mean(gamma: float) -> Mistake:
    says = f"the focal factor, gamma = {gamma:g}, was taken of the mean: (1 - exp(-loss))**gamma"

    def number(sums: Sums) -> Measured:
        mean = sums.right.mean
        return final((-math.expm1(-mean)) ** gamma * mean if mean >= 0 else math.nan)

    fix = "losses = {f}(logits, target, reduction='none')  # the factor of each row"
    return Mistake(f"focal loss of the mean: gamma {gamma:g}", (31,), says, fix, number, 2)


def _of_focal(form: Variant, of: Callable[[Measured, Sums], float]) -> Number:
    """A number from a focal loss, which another mistake sums."""

    def number(sums: Sums) -> Measured | None:
        loss = Sum(form)(sums)
        return loss and final(of(loss, sums))

    return number


def _over_positives(loss: Measured, sums: Sums) -> float:
    return loss.total / sums.tally.ones if sums.tally.ones else math.nan


def _temperatures(plan: Plan) -> Iterator[Mistake]:
    for t in plan.temperatures:
        says = f"the logits were divided by {t:g} first, which is to multiply them by {1 / t:.4g}"
        form = Variant(f"over {t:g}", plan.right.loss)
        yield Mistake(f"temperature {t:g}", (35,), says, _SCALED, Sum(form, is_alone=True), 2)


def _soft_caps(loss: str) -> Iterator[Mistake]:
    for cap in SOFT_CAPS:
        says = f"the logits were capped softly, {cap} tanh(x / {cap})"
        yield Mistake(f"soft cap of {cap}", (44,), says, _BOTH,
            Sum(Variant(f"capped {cap}", loss), is_alone=True), 2)  # fmt: skip
        says = f"the logits were multiplied by tanh(x / {cap}), where {cap} tanh(x / {cap}) caps"
        yield Mistake(f"wrong soft cap of {cap}", (44,), says,
            f"logits = {cap} * torch.tanh(logits / {cap})",
            Sum(Variant(f"tanh {cap}", loss), is_alone=True), 2)  # fmt: skip


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
