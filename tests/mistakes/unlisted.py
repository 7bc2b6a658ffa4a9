"""More than ninety-six kinds of mistakes that `cecalc why` does not list: what it says of their numbers is
said by chance.

Each makes a number of rows of one class each, in torch; none has a recipe.
"""

from __future__ import annotations

import math
from collections.abc import Callable

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
    return x / x.norm(dim=1, keepdim=True)


KINDS: dict[str, Kind] = {
    **{f"the {q:g} quantile of losses": lambda r, q=q: _losses(r).quantile(q) for q in (0.25, 0.5, 0.9)},
    "the largest loss": lambda r: _losses(r).max(),
    "the root of the mean square": lambda r: _losses(r).square().mean().sqrt(),
    "the geometric mean": lambda r: _losses(r).log().mean().exp(),
    "the standard deviation": lambda r: _losses(r).std(),
    **{f"losses kept below {c:g}": lambda r, c=c: _losses(r).clamp(max=c).mean() for c in (0.5, 2)},
    **{f"the highest {s:.0%} alone": lambda r, s=s: _losses(r).sort(descending=True)[0][: max(1, int(s * r.n))].mean() for s in (0.1, 0.3, 0.7)},
    **{f"all but the highest {s:.0%}": lambda r, s=s: _losses(r).sort()[0][: max(1, int((1 - s) * r.n))].mean() for s in (0.05, 0.2)},
    **{f"every {k}th row": lambda r, k=k: _losses(r)[::k].mean() for k in (2, 3)},
    **{f"the first {s:.0%}": lambda r, s=s: _losses(r)[: max(1, int(s * r.n))].mean() for s in (0.3, 0.8)},
    **{f"an average with {k}": lambda r, k=k: _average(r, k) for k in (0.9, 0.98)},
    "right rows alone": lambda r: _losses(r)[r.x.argmax(1) == r.t].mean(),
    "wrong rows alone": lambda r: _losses(r)[r.x.argmax(1) != r.t].mean(),
    **{f"weights by rank, power {p:g}": lambda r, p=p: (_losses(r) * torch.arange(1, r.n + 1) ** p).sum() / (torch.arange(1, r.n + 1) ** p).sum() for p in (0.5, 1.0)},
    **{f"temperature {t:g}": lambda r, t=t: _ce(r.x / t, r) for t in (0.9, 1.1, 1.3, 2.5, 7)},
    **{f"the loss times {s:g}": lambda r, s=s: s * _losses(r).mean() for s in (0.3, 0.7, 1.05, 1.7)},
    **{f"the loss and {s:g}": lambda r, s=s: _losses(r).mean() + s for s in (0.013, 0.21)},
    **{f"a margin of {m:g}": lambda r, m=m: _ce(_margin(r, m), r) for m in (0.2, 0.35, 0.5)},
    **{f"noise of {s:g}": lambda r, s=s: _ce(r.x + s * _noise(r), r) for s in (0.05, 0.3, 1)},
    **{f"logits rounded to {d} decimals": lambda r, d=d: _ce(r.x.double().round(decimals=d), r) for d in (0, 1)},
    **{f"logits within {c:g}": lambda r, c=c: _ce(r.x.clamp(-c, c), r) for c in (1, 2, 3)},
    **{f"logits to the power {p:g}": lambda r, p=p: _ce(r.x.sign() * r.x.abs() ** p, r) for p in (0.8, 1.2)},
    "logits of unit length": lambda r: _ce(_over_norm(r), r),
    **{f"logits of length {s}": lambda r, s=s: _ce(s * _over_norm(r), r) for s in (16, 30)},
    "standardised logits": lambda r: _ce((r.x - r.x.mean(1, keepdim=True)) / r.x.std(1, keepdim=True), r),
    "logits through tanh": lambda r: _ce(r.x.tanh(), r),
    "logits through relu": lambda r: _ce(r.x.relu(), r),
    "logits through gelu": lambda r: _ce(F.gelu(r.x), r),
    "logits through leaky relu": lambda r: _ce(F.leaky_relu(r.x, 0.01), r),
    "logits without the largest": lambda r: _ce(r.x.double() - 0.5 * r.x.double().max(1, keepdim=True)[0] * r.y, r),
    "negated logits": lambda r: _ce(-r.x, r),
    "a column too high": lambda r: _ce(r.x + F.one_hot(torch.zeros(r.n, dtype=torch.long), r.x.shape[1]), r),
    **{f"the {k} highest classes": lambda r, k=k: _of_top(r, k) for k in (2, 3)},
    **{f"targets mixed, {s:g}": lambda r, s=s: _mixed(r, s) for s in (0.2, 0.5, 0.8)},
    **{f"targets of {k} rows on": lambda r, k=k: F.cross_entropy(r.x.double(), r.t.roll(k)) for k in (3, 5, -4)},
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
    **{f"generalised cross-entropy {q:g}": lambda r, q=q: ((1 - _own(r) ** q) / q).mean() for q in (0.3, 0.7)},
    **{f"poly-1, {e:g}": lambda r, e=e: (_losses(r) + e * (1 - _own(r))).mean() for e in (0.5, 2)},
    **{f"focal {g:g}": lambda r, g=g: ((1 - _own(r)) ** g * _losses(r)).mean() for g in (0.7, 1.5, 2.5)},
    "reverse divergence": lambda r: _divergence(_p(r), 0.9 * r.y.double() + 0.1 / r.x.shape[1]),
    "Jensen and Shannon": lambda r: (_divergence(_p(r), _middle(r)) + _divergence(r.y.double(), _middle(r))) / 2,
    "entropy of predictions": lambda r: torch.special.entr(_p(r)).sum(1).mean(),
    **{f"less {b:g} of the entropy": lambda r, b=b: _losses(r).mean() - b * torch.special.entr(_p(r)).sum(1).mean() for b in (0.01, 0.1)},
    **{f"and {s:g} of the squared logits": lambda r, s=s: _losses(r).mean() + s * r.x.double().square().mean() for s in (1e-3, 1e-2)},
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
