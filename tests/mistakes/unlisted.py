"""More than ninety-six kinds of mistakes that `cecalc why` does not list: what it says of their numbers is
said by chance.

Each makes a number of rows of one class each, in torch; none has a recipe.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.nn import functional as F  # noqa: N812

from tests.mistakes.mistaken import Rows, Tensor

Kind = Callable[[Rows], Tensor]


def _losses(r: Rows) -> Tensor:
    return F.cross_entropy(r.x.double(), r.t, reduction="none")


def _p(r: Rows) -> Tensor:
    return r.x.double().softmax(1)


def _own(r: Rows) -> Tensor:
    return _p(r).gather(1, r.t[:, None])[:, 0]


def _ce(x: Tensor, r: Rows) -> Tensor:
    return F.cross_entropy(x.double(), r.t)


def _noise(r: Rows, seed: int = 0) -> Tensor:
    return torch.randn(
        r.x.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


def _margin(r: Rows, by: float) -> Tensor:
    """Logits, less a margin of the target's."""
    return r.x.double() - by * r.y.double()


def _average(r: Rows, keep: float) -> Tensor:
    """An exponential average of the losses of rows."""
    average = torch.tensor(0.0, dtype=torch.float64)
    for loss in _losses(r):
        average = keep * average + (1 - keep) * loss
    return average


def _of_top(r: Rows, k: int) -> Tensor:
    """Cross-entropy over the k highest classes and the target's."""
    kept = F.one_hot(r.x.topk(min(k, r.x.shape[1])).indices, r.x.shape[1]).sum(1) + r.y > 0
    return _ce(r.x.double().masked_fill(~kept, -math.inf), r)


def _mixed(r: Rows, share: float) -> Tensor:
    """Targets mixed with those of the rows in reverse."""
    return share * _losses(r).mean() + (1 - share) * F.cross_entropy(r.x.double(), r.t.flip(0))


def _divergence(p: Tensor, q: Tensor) -> Tensor:
    return (p * ((p + 1e-12).log() - (q + 1e-12).log())).sum(1).mean()


def _middle(r: Rows) -> Tensor:
    return (_p(r) + r.y) / 2


def _over_norm(r: Rows) -> Tensor:
    x = r.x.double()
    norm: Tensor = x.norm(dim=1, keepdim=True)
    return x / norm


def _each(
    name: str, values: Sequence[float], made: Callable[[Rows, Any], Tensor]
) -> dict[str, Kind]:
    """One kind with several values of a parameter."""

    def of(value: float) -> Kind:
        return lambda r: made(r, value)

    return {name.format(value): of(value) for value in values}


KINDS: dict[str, Kind] = {
    **_each("the {:g} quantile of losses", (0.25, 0.5, 0.9), lambda r, q: _losses(r).quantile(q)),
    "the largest loss": lambda r: _losses(r).max(),
    "the root of the mean square": lambda r: _losses(r).square().mean().sqrt(),
    "the geometric mean": lambda r: _losses(r).log().mean().exp(),
    "the standard deviation": lambda r: _losses(r).std(),
    **_each("losses kept below {:g}", (0.5, 2), lambda r, c: _losses(r).clamp(max=c).mean()),
    **_each("the highest {:.0%} alone", (0.1, 0.3, 0.7), lambda r, s: _losses(r).sort(descending=True)[0][: max(1, int(s * r.n))].mean()),
    **_each("all but the highest {:.0%}", (0.05, 0.2), lambda r, s: _losses(r).sort()[0][: max(1, int((1 - s) * r.n))].mean()),
    **_each("every {}th row", (2, 3), lambda r, k: _losses(r)[::k].mean()),
    **_each("the first {:.0%}", (0.3, 0.8), lambda r, s: _losses(r)[: max(1, int(s * r.n))].mean()),
    **_each("an average with {}", (0.9, 0.98), _average),
    "right rows alone": lambda r: _losses(r)[r.x.argmax(1) == r.t].mean(),
    "wrong rows alone": lambda r: _losses(r)[r.x.argmax(1) != r.t].mean(),
    **_each("weights by rank, power {:g}", (0.5, 1.0), lambda r, p: (_losses(r) * torch.arange(1, r.n + 1) ** p).sum() / (torch.arange(1, r.n + 1) ** p).sum()),
    **_each("temperature {:g}", (0.9, 1.1, 1.3, 2.5, 7), lambda r, t: _ce(r.x / t, r)),
    **_each("the loss times {:g}", (0.3, 0.7, 1.05, 1.7), lambda r, s: s * _losses(r).mean()),
    **_each("the loss and {:g}", (0.013, 0.21), lambda r, s: _losses(r).mean() + s),
    **_each("a margin of {:g}", (0.2, 0.35, 0.5), lambda r, m: _ce(_margin(r, m), r)),
    **_each("noise of {:g}", (0.05, 0.3, 1), lambda r, s: _ce(r.x + s * _noise(r), r)),
    **_each("logits rounded to {} decimals", (0, 1), lambda r, d: _ce(r.x.double().round(decimals=d), r)),
    **_each("logits within {:g}", (1, 2, 3), lambda r, c: _ce(r.x.clamp(-c, c), r)),
    **_each("logits to the power {:g}", (0.8, 1.2), lambda r, p: _ce(r.x.sign() * r.x.abs() ** p, r)),
    "logits of unit length": lambda r: _ce(_over_norm(r), r),
    **_each("logits of length {}", (16, 30), lambda r, s: _ce(s * _over_norm(r), r)),
    "standardised logits": lambda r: _ce((r.x - r.x.mean(1, keepdim=True)) / r.x.std(1, keepdim=True), r),
    "logits through tanh": lambda r: _ce(r.x.tanh(), r),
    "logits through relu": lambda r: _ce(r.x.relu(), r),
    "logits through gelu": lambda r: _ce(F.gelu(r.x), r),
    "logits through leaky relu": lambda r: _ce(F.leaky_relu(r.x, 0.01), r),
    "logits without the largest": lambda r: _ce(r.x.double() - 0.5 * r.x.double().max(1, keepdim=True)[0] * r.y, r),
    "negated logits": lambda r: _ce(-r.x, r),
    "a column too high": lambda r: _ce(r.x + F.one_hot(torch.zeros(r.n, dtype=torch.long), r.x.shape[1]), r),
    **_each("the {} highest classes", (2, 3), _of_top),
    **_each("targets mixed, {:g}", (0.2, 0.5, 0.8), _mixed),
    **_each("targets of {} rows on", (3, 5, -4), lambda r, k: F.cross_entropy(r.x.double(), r.t.roll(k))),
    "targets sorted": lambda r: F.cross_entropy(r.x.double(), r.t.sort()[0]),
    "targets times 2": lambda r: F.cross_entropy(r.x.double(), (2 * r.t) % r.x.shape[1]),
    "the second class": lambda r: F.cross_entropy(r.x.double(), r.x.topk(2)[1][:, 1]),
    "the predicted class": lambda r: F.cross_entropy(r.x.double(), r.x.argmax(1)),
    "mean square of probabilities": lambda r: (_p(r) - r.y).square().mean(),
    "Brier": lambda r: (_p(r) - r.y).square().sum(1).mean(),
    "mean square of logits": lambda r: (r.x.double() - r.y).square().mean(),
    "absolute error": lambda r: (_p(r) - r.y).abs().mean(),
    "smooth absolute error": lambda r: F.smooth_l1_loss(_p(r), r.y.double()),
    "margin loss": lambda r: F.multi_margin_loss(r.x.double(), r.t),
    "squared margin loss": lambda r: F.multi_margin_loss(r.x.double(), r.t, p=2),
    "1 - p": lambda r: (1 - _own(r)).mean(),
    "spherical score": lambda r: 1 - (_own(r) / _p(r).norm(dim=1)).mean(),
    **_each("generalised cross-entropy {:g}", (0.3, 0.7), lambda r, q: ((1 - _own(r) ** q) / q).mean()),
    **_each("poly-1, {:g}", (0.5, 2), lambda r, e: (_losses(r) + e * (1 - _own(r))).mean()),
    **_each("focal {:g}", (0.7, 1.5, 2.5), lambda r, g: ((1 - _own(r)) ** g * _losses(r)).mean()),
    "reverse divergence": lambda r: _divergence(_p(r), 0.9 * r.y.double() + 0.1 / r.x.shape[1]),
    "Jensen and Shannon": lambda r: (_divergence(_p(r), _middle(r)) + _divergence(r.y.double(), _middle(r))) / 2,
    "entropy of predictions": lambda r: torch.special.entr(_p(r)).sum(1).mean(),
    **_each("less {:g} of the entropy", (0.01, 0.1), lambda r, b: _losses(r).mean() - b * torch.special.entr(_p(r)).sum(1).mean()),
    **_each("and {:g} of the squared logits", (1e-3, 1e-2), lambda r, s: _losses(r).mean() + s * r.x.double().square().mean()),
    "and Dice": lambda r: _losses(r).mean() + 1 - 2 * (_p(r) * r.y).sum() / (_p(r).sum() + r.y.sum()),
    "Dice": lambda r: 1 - (2 * (_p(r) * r.y).sum() + 1) / (_p(r).sum() + r.y.sum() + 1),
    "the log of the mean p": lambda r: -_own(r).mean().log(),
    "the square of ln p": lambda r: _losses(r).square().mean(),
    "the root of -ln p": lambda r: _losses(r).sqrt().mean(),
    "log1p of the loss": lambda r: _losses(r).mean().log1p(),
    "tanh of the loss": lambda r: _losses(r).mean().tanh(),
    "smoothing 0.07": lambda r: F.cross_entropy(r.x.double(), r.t, label_smoothing=0.07),
    "smoothing 0.33": lambda r: F.cross_entropy(r.x.double(), r.t, label_smoothing=0.33),
    "the halves of two losses": lambda r: (_losses(r).mean() + (_p(r) - r.y).square().mean()) / 2,
    "an average of two models": lambda r: -((_p(r) + (r.x.double() + _noise(r)).softmax(1)) / 2).gather(1, r.t[:, None]).log().mean(),
    "an average of two models' logits": lambda r: _ce(r.x + _noise(r) / 2, r),
    "a prior added": lambda r: _ce(r.x + (torch.bincount(r.t, minlength=r.x.shape[1]) + 1.0).log(), r),
    "weights of 1 / root": lambda r: F.cross_entropy(r.x.double(), r.t, weight=(torch.bincount(r.t, minlength=r.x.shape[1]) + 1.0).double().rsqrt()),
    "weights of effective numbers": lambda r: F.cross_entropy(r.x.double(), r.t, weight=(0.01 / (1 - 0.99 ** (torch.bincount(r.t, minlength=r.x.shape[1]) + 1.0))).double()),
}  # fmt: skip
"""What was done, and the number it prints."""
