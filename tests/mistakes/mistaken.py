"""Mistakes made for real: each as the line of torch somebody writes, in float32, on random rows.

This is the other route to the numbers that `cecalc why` finds from sums: nothing here is cecalc's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812 (as everybody calls it)

Tensor = torch.Tensor


@dataclass(frozen=True)
class Rows:
    """A problem of one class per row, or of cells."""

    x: Tensor
    """Logits, float32: (N, C)."""
    t: Tensor
    """Classes (N,), or 0/1 for each cell (N, C)."""
    q: Tensor | None = None
    """Soft targets (N, C)."""
    weight: Tensor | None = None
    smoothing: float = 0.1
    batch: int = 0
    order: list[int] = field(default_factory=list)

    @property
    def y(self) -> Tensor:
        """One-hot targets, or the cells."""
        return F.one_hot(self.t, self.x.shape[1]).float() if self.t.ndim == 1 else self.t

    @property
    def n(self) -> int:
        """N."""
        return len(self.x)


Made = Callable[[Rows], Tensor]
"""From rows to losses before the last mean, or to the number itself where it is a scalar."""


def _prob_ce(low: float) -> Made:
    return lambda r: -(r.x.double().softmax(1).gather(1, r.t[:, None])[:, 0]).clamp(low, 1).log()


def _hard_ce(cap: float) -> Made:
    return lambda r: cap * (r.x.argmax(1) != r.t).double()


def _hard_bce(cap: float, other: float | None = None) -> Made:
    other = cap if other is None else other

    def made(r: Rows) -> Tensor:
        said = (r.x >= 0).double()
        return cap * ((said == 0) & (r.y == 1)) + other * ((said == 1) & (r.y == 0))

    return made


def _ce(x: Tensor, t: Tensor, **options: object) -> Tensor:
    return F.cross_entropy(x, t, reduction="none", **options)  # type: ignore[arg-type]


def _bcel(x: Tensor, y: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(x, y, reduction="none")


def _batches(r: Rows, loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy) -> Tensor:
    starts = range(0, r.n, r.batch)
    return torch.stack([loss(r.x[i : i + r.batch], r.t[i : i + r.batch]) for i in starts])


def _keras_categorical(r: Rows) -> Tensor:
    p = (r.x / r.x.sum(1, keepdim=True)).double().clamp(1e-7, 1 - 1e-7)
    return -p.gather(1, r.t[:, None])[:, 0].log()


def _c_minus_1(r: Rows) -> Tensor:
    c = r.x.shape[1]
    q = torch.full(r.x.shape, r.smoothing / (c - 1)).scatter(1, r.t[:, None], 1 - r.smoothing)
    return _ce(r.x, q)


KERAS_REST = 2.0**-23


def _bce_of(p: Tensor, y: Tensor) -> Tensor:
    return F.binary_cross_entropy(p, y.to(p.dtype), reduction="none")


def _over_weights(r: Rows) -> Tensor:
    assert r.weight is not None
    losses = F.binary_cross_entropy_with_logits(r.x, r.y, weight=r.weight, reduction="sum")
    return losses / (r.weight.sum() * r.n)


def _kl(log_p: Tensor, q: Tensor | None) -> Tensor:
    assert q is not None
    return F.kl_div(log_p, q, reduction="none").sum(1)


def _entropy(r: Rows) -> Tensor:
    assert r.q is not None
    entropy: Tensor = torch.special.entr(r.q).sum(1)
    return entropy


def _half_probs(r: Rows) -> Tensor:
    own = r.x.double().softmax(1).gather(1, r.t[:, None])[:, 0]
    return -own.half().double().log()


def _crossed(r: Rows) -> Tensor:
    column, row = r.x.expand(r.n, r.n), r.y[:, 0].expand(r.n, r.n)
    return _bcel(column, row)


def _own(x: Tensor, t: Tensor) -> Tensor:
    return x.gather(1, t[:, None])[:, 0]


def _balanced(r: Rows) -> Tensor:
    losses = _ce(r.x, r.t)
    classes = sorted(set(r.t.tolist()))
    return torch.stack([losses[r.t == c].mean() for c in classes])


def _others(r: Rows) -> Tensor:
    rest = r.x.scatter(1, r.t[:, None], -torch.inf)
    return (rest.logsumexp(1) - _own(r.x, r.t)).mean()


def _z_loss(share: float) -> Made:
    return lambda r: F.cross_entropy(r.x, r.t) + share * r.x.logsumexp(1).square().mean()


def _focal(loss: Tensor) -> Tensor:
    return (1 - (-loss).exp()) ** 2 * loss


def _alpha(r: Rows) -> Tensor:
    return (0.25 * r.y + 0.75 * (1 - r.y)) * _focal(_bcel(r.x, r.y))


EPSILONS = (1e-5, 1e-6, 1e-8, 1e-9, 1e-10, 1e-12, 1e-16, 1e-20)


def _plus(eps: float) -> Made:
    return lambda r: -(_own(r.x.double().softmax(1), r.t) + eps).log()


def _capped_cells(low: float) -> Made:
    def made(r: Rows) -> Tensor:
        z = r.x.double()
        own, other = -z.sigmoid().clamp(min=low).log(), -(-z).sigmoid().clamp(min=low).log()
        return r.y * own + (1 - r.y) * other

    return made


def _plus_cells(eps: float) -> Made:
    def made(r: Rows) -> Tensor:
        p = r.x.sigmoid()
        return -r.y * (p + eps).log() - (1 - r.y) * (1 - p + eps).log()

    return made


def _changed(loss: Callable[[Tensor, Rows], Tensor]) -> dict[str, tuple[int, Made]]:
    """Losses that are changed, or those of logits that are."""

    def of(change: Callable[[Tensor, float], Tensor], number: float) -> Made:
        return lambda r: loss(change(r.x, number), r).mean()

    return {
        **{f"temperature {t:g}": (35, of(torch.div, t)) for t in (0.07, 0.1, 0.5, 2, 4)},
        **{f"soft cap of {c}": (44, of(lambda x, c: c * torch.tanh(x / c), c)) for c in (30, 50)},
        **{f"wrong soft cap of {c}": (44, of(lambda x, c: x * torch.tanh(x / c), c)) for c in (30, 50)},
        "focal loss: gamma 2": (31, lambda r: _focal(loss(r.x, r))),
        "focal loss of the mean: gamma 2": (31, lambda r: _focal(loss(r.x, r).mean())),
    }  # fmt: skip


OF_CLASSES: dict[str, tuple[int, Made]] = {
    "nothing wrong": (27, lambda r: _ce(r.x, r.t)),
    "softmax before cross-entropy": (1, lambda r: _ce(r.x.softmax(1), r.t)),
    "sigmoid before cross-entropy": (1, lambda r: _ce(r.x.sigmoid(), r.t)),
    "one-hot predictions as logits": (1, lambda r: _ce(F.one_hot(r.x.argmax(1), r.x.shape[1]).float(), r.t)),
    "BCE with logits on one-hot targets": (9, lambda r: _bcel(r.x, r.y)),
    "softmax, then BCE": (9, lambda r: F.binary_cross_entropy(r.x.softmax(1), r.y, reduction="none")),
    "NLLLoss on probabilities": (25, lambda r: F.nll_loss(r.x.softmax(1), r.t, reduction="none")),
    "NLLLoss on logits": (25, lambda r: F.nll_loss(r.x, r.t, reduction="none")),
    "soft targets as classes": (2, lambda r: _ce(r.x, r.t if r.q is None else r.q.argmax(1))),
    "class indices as cells": (2, lambda r: _bcel(r.x, r.t[:, None].float().expand(r.x.shape))),
    "targets minus 1": (6, lambda r: _ce(r.x, (r.t - 1) % r.x.shape[1])),
    "targets plus 1": (6, lambda r: _ce(r.x, (r.t + 1) % r.x.shape[1])),
    "classes in the order of their sorted names": (19, lambda r: _ce(r.x, torch.tensor(r.order)[r.t])),
    "logits as probabilities": (8, _keras_categorical),
    "prediction and target swapped": (24, lambda r: _ce(r.y, r.x)),
    "clipped at 16.118": (7, _prob_ce(1e-7)),
    "hard predictions at 16.118": (19, _hard_ce(-math.log(1e-7))),
    "hard predictions at 36.0437": (19, _hard_ce(52 * math.log(2))),
    "hard predictions at 34.5388": (19, _hard_ce(-math.log(1e-15))),
    "hard predictions at 15.9424": (19, _hard_ce(23 * math.log(2))),
    "targets one row later": (14, lambda r: _ce(r.x[:-1], r.t[1:])),
    "targets one row earlier": (14, lambda r: _ce(r.x[1:], r.t[:-1])),
    "targets two rows later": (14, lambda r: _ce(r.x[:-2], r.t[2:])),
    "softmax over the batch": (11, lambda r: F.nll_loss(r.x.log_softmax(0), r.t, reduction="none")),
    "softmax over everything": (11, lambda r: F.nll_loss((r.x - r.x.logsumexp((0, 1))), r.t, reduction="none")),
    "transposed logits": (11, lambda r: _ce(r.x.T, r.t)),
    "one of two logits": (29, lambda r: _bcel(r.x[:, 1], r.t.float())),
    "logits in float16": (15, lambda r: _ce(r.x.half().float(), r.t)),
    "logits in bfloat16": (15, lambda r: _ce(r.x.bfloat16().float(), r.t)),
    "probabilities in float16": (15, _half_probs),
    "label smoothing left out": (16, lambda r: _ce(r.x, r.t)),
    "label smoothing over C - 1": (16, _c_minus_1),
    "weighted, divided by rows": (3, lambda r: _ce(r.x, r.t, weight=r.weight)),
    "weights left out": (3, lambda r: _ce(r.x, r.t)),
    "the mean of batch means": (4, lambda r: _batches(r).mean()),
    "batch means over rows": (4, lambda r: _batches(r).sum() / r.n),
    "the sum of batch means": (4, lambda r: _batches(r).sum()),
    "the last batch": (4, lambda r: _batches(r)[-1]),
    "the mean of perplexities": (13, lambda r: _ce(r.x, r.t).exp().mean()),
    "KL divergence": (26, lambda r: _kl(r.x.log_softmax(1), r.q)),
    "KLDivLoss on probabilities": (26, lambda r: _kl(r.x.softmax(1), r.q)),
    "the floor of soft targets": (30, _entropy),
    "KLDivLoss on logits": (26, lambda r: _kl(r.x, r.q)),
    "the values are probabilities": (8, lambda r: F.nll_loss(r.x.log(), r.t, reduction="none")),
    "rows divided by their sums": (50, lambda r: F.nll_loss((r.x / r.x.sum(1, keepdim=True)).log(), r.t, reduction="none")),
    "the two classes exchanged": (6, lambda r: _ce(r.x, 1 - r.t)),
    "batch means over whole batches": (4, lambda r: _batches(r).sum() / (r.n // r.batch)),
    "smoothing with the rest of 1": (48, lambda r: _ce(r.x, (1 - r.smoothing) * r.y + (1 - r.smoothing) / r.x.shape[1])),
    "smoothing that adds 1 / C": (48, lambda r: _ce(r.x, (1 - r.smoothing) * r.y + 1 / r.x.shape[1])),
    "the mean of class means": (53, _balanced),
    "prediction and target swapped in Keras": (46, lambda r: -math.log(1e-7) * (1 - _own(r.x.softmax(1), r.t))),
    "half of binary cross-entropy": (47, lambda r: -_own(F.logsigmoid(r.x), r.t)),
    "own term out of the denominator": (40, _others),
    "both directions": (40, lambda r: (F.cross_entropy(r.x, r.t) + F.cross_entropy(r.x.T, r.t)) / 2),
    "the second half": (43, lambda r: F.cross_entropy(r.x[r.n // 2 :], r.t[r.n // 2 :])),
    "log-sum-exp in float32": (52, lambda r: (r.x.logsumexp(1) - _own(r.x, r.t)).double().mean()),
    "focal loss: gamma 2, alpha 0.25": (31, lambda r: 0.25 * _focal(_ce(r.x, r.t)).mean()),
    **{f"z-loss of {share:g}": (51, _z_loss(share)) for share in (1e-4, 1e-3)},
    **{f"clipped at {-math.log(eps):.6g}": (45, _prob_ce(eps)) for eps in (*EPSILONS, 2.0**-126)},
    **{f"{eps:g} inside the logarithm": (45, _plus(eps)) for eps in EPSILONS},
    **_changed(lambda x, r: _ce(x, r.t)),
    "the accuracy": (0, lambda r: (r.x.argmax(1) == r.t).double().mean()),
    "the error rate": (0, lambda r: (r.x.argmax(1) != r.t).double().mean()),
}  # fmt: skip

OF_CELLS: dict[str, tuple[int, Made]] = {
    "nothing wrong": (27, lambda r: _bcel(r.x, r.y)),
    "sigmoid before BCE with logits": (12, lambda r: _bcel(r.x.sigmoid(), r.y)),
    "cross-entropy on several labels": (22, lambda r: _ce(r.x, r.y)),
    "softmax, then BCE": (9, lambda r: F.binary_cross_entropy(r.x.softmax(1), r.y, reduction="none")),
    "logits as probabilities": (8, lambda r: _bce_of(r.x.double().clamp(1e-7, 1 - KERAS_REST), r.y)),
    "targets 0 and 255": (10, lambda r: _bcel(r.x, 255 * r.y)),
    "targets 1 and 2": (10, lambda r: _bcel(r.x, r.y + 1)),
    "targets -1 and 1": (10, lambda r: _bcel(r.x, 2 * r.y - 1)),
    "labels exchanged": (6, lambda r: _bcel(r.x, 1 - r.y)),
    "prediction and target swapped": (24, lambda r: _bcel(r.y, r.x)),
    "a symmetric pair of logits": (29, lambda r: _ce(torch.stack([-r.x, r.x], 1), r.y.long())),
    "clipped at 16.118": (7, lambda r: _bce_of(r.x.sigmoid().clamp(1e-7, 1 - 1e-7), r.y)),
    "hard predictions at 100": (19, lambda r: F.binary_cross_entropy((r.x >= 0).float(), r.y, reduction="none")),
    "hard predictions at 36.0437": (19, _hard_bce(52 * math.log(2))),
    "(N, 1) beside (N,)": (23, _crossed),
    "softmax of one column": (28, lambda r: _ce(r.x, torch.zeros(r.n, dtype=torch.long))),
    "logits in float16": (15, lambda r: _bcel(r.x.half().float(), r.y)),
    "pos_weight": (17, lambda r: F.binary_cross_entropy_with_logits(r.x, r.y, pos_weight=r.weight, reduction="none")),
    "BCE without the weights": (17, lambda r: _bcel(r.x, r.y)),
    "divided by the weights": (17, _over_weights),
    "label smoothing towards 1/2": (16, lambda r: _bcel(r.x, r.y * (1 - r.smoothing) + r.smoothing / 2)),
    "the mean of batch means": (4, lambda r: _batches(r, F.binary_cross_entropy_with_logits).mean()),
    "the values are probabilities": (8, lambda r: _bce_of(r.x, r.y)),
    "softmax before BCE with logits": (12, lambda r: _bcel(r.x.softmax(1), r.y)),
    "prediction and target swapped in Keras": (24, lambda r: r.y * (1 - r.x.sigmoid()) * 23 * math.log(2)
        - (1 - r.y) * r.x.sigmoid() * math.log(1e-7)),
    "half of binary cross-entropy": (47, lambda r: -r.y * F.logsigmoid(r.x)),
    "focal loss: gamma 2, over positives": (31, lambda r: _focal(_bcel(r.x, r.y)).sum() / r.y.sum()),
    "focal loss: gamma 2, alpha 0.25": (31, _alpha),
    "focal loss: gamma 2, alpha 0.25, over positives": (31, lambda r: _alpha(r).sum() / r.y.sum()),
    **{f"clipped at {-math.log(eps):.6g}": (45, _capped_cells(eps)) for eps in (*EPSILONS, 2.0**-126)},
    **{f"{eps:g} inside the logarithm": (45, _plus_cells(eps)) for eps in EPSILONS},
    **_changed(lambda x, r: _bcel(x, r.y)),
}  # fmt: skip

FACTORS: dict[str, Callable[[Tensor, Rows], Tensor]] = {
    "the sum": lambda loss, _: loss.sum(),
    "cells summed per row": lambda loss, r: loss.sum() / r.n,
    "divided by N·C": lambda loss, r: loss.mean() / r.x.shape[1],
    "averaged twice": lambda loss, r: loss.mean() / r.n,
    "the loss in bits": lambda loss, _: loss.mean() / math.log(2),
    "the perplexity": lambda loss, _: loss.mean().exp(),
    "times T² = 16": lambda loss, _: 16 * loss.mean(),
    "times T² = 16 / C": lambda loss, r: 16 * loss.mean() / r.x.shape[1],
    "the loss in log10": lambda loss, _: loss.mean() / math.log(10),
    "2**loss": lambda loss, _: 2 ** loss.mean(),
    "the sign": lambda loss, _: -loss.mean(),
    "the sign of the sum": lambda loss, _: -loss.sum(),
    "divided by N - 1": lambda loss, r: loss.sum() / (r.n - 1),
    "divided by N + 1": lambda loss, r: loss.sum() / (r.n + 1),
    "the loss times 8": lambda loss, _: 8 * loss.mean(),
    "the loss divided by 3": lambda loss, _: loss.mean() / 3,
}
"""What is done to the losses instead of taking their mean."""

ASKS = {
    "label smoothing left out": "smoothing",
    "label smoothing over C - 1": "smoothing",
    "label smoothing towards 1/2": "smoothing",
    "weighted, divided by rows": "weight",
    "weights left out": "weight",
    "BCE without the weights": "weight",
    "pos_weight": "weight",
    "divided by the weights": "weight",
    "the mean of batch means": "batch",
    "batch means over rows": "batch",
    "the sum of batch means": "batch",
    "the last batch": "batch",
    "KL divergence": "soft",
    "soft targets as classes": "soft",
    "KLDivLoss on probabilities": "soft",
    "the floor of soft targets": "soft",
    "transposed logits": "square",
    "one of two logits": "two",
    "(N, 1) beside (N,)": "one",
    "softmax of one column": "one",
    "cross-entropy on several labels": "several",
    "softmax, then BCE": "several",
    "softmax before BCE with logits": "several",
    "KLDivLoss on logits": "soft",
    "the values are probabilities": "probs",
    "rows divided by their sums": "sigmoids",
    "the two classes exchanged": "two",
    "batch means over whole batches": "batch",
    "smoothing with the rest of 1": "smoothing",
    "smoothing that adds 1 / C": "smoothing",
    "both directions": "square",
    "log-sum-exp in float32": "large",
    **{name: "steep" for name, (entry, _) in [*OF_CLASSES.items(), *OF_CELLS.items()] if entry == 45},
}  # fmt: skip
"""What a mistake has to know, or what rows it is made on; some hold for cells alone."""


def drawn(rng: np.random.Generator, asks: str | None, *, is_of_cells: bool) -> Rows:
    """Random rows on which a mistake can be made."""
    n = int(2 ** rng.uniform(2, 9))
    if asks == "batch":
        n = max(n, 8)
    c = int(rng.integers(3, 12))
    c = {"two": 2, "one": 1}.get(asks or "", c)
    if is_of_cells and asks is None:
        c = int(rng.choice([1, 1, 2, 3, 5]))
    n = c if asks == "square" else n
    x = rng.normal(0, rng.uniform(0.5, 4), (n, c)).astype(np.float32)
    scale = rng.uniform(0.3, 1.2)
    if is_of_cells:
        y = (rng.random((n, c)) < 1 / (1 + np.exp(-scale * x))).astype(np.float32)
        if asks == "several":
            y[:2] = 1
        t = torch.tensor(y)
    else:
        t = torch.tensor((scale * x + rng.gumbel(size=(n, c))).argmax(1))
    logits = torch.tensor(x)
    if asks in ("probs", "sigmoids"):
        logits = logits.softmax(1) if asks == "probs" and not is_of_cells else logits.sigmoid()
    elif asks == "large":
        logits += 2.0**15
    elif asks == "steep":
        logits *= 10
    batch = 0
    if asks == "batch":
        batch = int(rng.integers(2, max(3, n // 2)))
        batch += n % batch == 0  # else the mean of means is the mean
    q = None
    if asks == "soft":
        q = torch.tensor(rng.dirichlet(np.ones(c), n).astype(np.float32))
    weight = torch.tensor(rng.uniform(0.2, 3, c).astype(np.float32)) if asks == "weight" else None
    order = rng.permutation(c).tolist()
    return Rows(logits, t, q, weight, 0.1, batch, order)
