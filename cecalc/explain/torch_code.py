"""The torch code that gives every number of an explanation; a program of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from cecalc.errors import count
from cecalc.explain.steps import CellSteps, Explanation
from cecalc.model import Floats
from cecalc.output.prose import paragraph
from cecalc.request import Screen
from cecalc.terms import Kind, Reduction, TargetForm

_WIDTH = 96
_MILD = 20.0
"""Up to which logits torch keeps what four decimals show."""
_NAMES = {Kind.LOGITS: "x", Kind.PROBS: "p", Kind.LOG_PROBS: "log_p"}
"""What the values are called."""
WEIGHTS = {"weight": "w", "pos_weight": "pos"}
"""What the options of a loss are called."""

_HEAD = """\
import torch
import torch.nn.functional as F
{infinity}

def show(name, value):
    print(name, value.tolist())


"""
_SOFTMAX = """\
show("{name}", {powers})
show("sum of {name}", {powers}.sum(1))
show("softmax", {x}.softmax(1))"""
_CE = 'ce = {of}\nshow("CE", ce)'
_BCE = """\
show("1-p", {complement})
bce = F.{of}({x}, y, reduction="none"{options})
show("BCE", bce)"""
_GRADIENT = (
    'show("{name} gradient", torch.autograd.grad({loss}.sum(), x, retain_graph=True)[0])'.format
)


def render(explanation: Explanation, _screen: Screen) -> str:
    """The code for the rows that are shown and not ignored, and their sums."""
    if not (rows := [row.bce for row in explanation.rows if row.bce]):
        return "# every row is ignored\n"
    body = "".join(f"{text}\n" for text in _program(explanation, rows))
    infinity = '\ninf = float("inf")\n' if "inf" in body else ""
    return _HEAD.format(infinity=infinity) + body


def _program(explanation: Explanation, rows: Sequence[CellSteps]) -> Iterator[str]:
    yield from _given(explanation, rows)
    if explanation.has_ce:
        of_rows = [row for row in explanation.rows if row.bce]
        yield from _softmax(explanation, [i for i, row in enumerate(of_rows) if row.ce])
    yield from _cells(explanation)
    if explanation.has_target and explanation.header.reduction is not Reduction.NONE:
        yield from _sums(explanation)
    if len(rows) < explanation.bce.rows_given:
        yield f"# {count(len(rows), 'row')} of {explanation.bce.rows_given}"
    is_mild = all((np.abs(row.values) <= _MILD).all() for row in rows)
    if explanation.has_target and explanation.kind is Kind.LOGITS and not is_mild:
        yield "# of such logits torch prints nan for 0 * inf, and small losses without their digits"


def _given(explanation: Explanation, rows: Sequence[CellSteps]) -> Iterator[str]:
    """The values, targets and weights."""
    header, x = explanation.header, _NAMES[explanation.kind]
    axes = "(N, 1)" if header.width == 1 else "(N, C)"
    grad = ", requires_grad=True" if x == "x" else ""
    yield from _tensor(x, [row.values for row in rows], f"{explanation.kind.words} {axes}", grad)
    if header.target_form is TargetForm.INDEX and header.width > 1:
        classes = [int(row.target.argmax()) for row in rows]
        yield f"{_wrapped(f't = torch.tensor({classes})')}  # class indices (N,)"
        yield f"y = F.one_hot(t, {header.width}).double()  # (N, C)"
    elif explanation.has_target:
        yield from _tensor("y", [row.target for row in rows], f"targets {axes}")
    for option, name in WEIGHTS.items():
        if explanation.has(option):
            of_rows = [getattr(row, option) for row in rows]
            alike = all((of == of_rows[0]).all() for of in of_rows)
            yield from _tensor(name, of_rows[:1] if alike else of_rows, option)
            yield from [f"{name} = {name}[0]  # (C,)"] * alike
    if x == "log_p":
        yield "p = log_p.exp().clamp(max=1)"


def _softmax(explanation: Explanation, whole: Sequence[int]) -> Iterator[str]:
    """Cross-entropy, of the rows that have one."""
    header, x = explanation.header, _NAMES[explanation.kind]
    target = "t" if header.target_form is TargetForm.INDEX else "y"
    if explanation.kind is not Kind.LOGITS:
        yield "\n# the row together\n" + _CE.format(of=_of_probs(explanation, target))
        return
    if explanation.has_target and explanation.without_ce:
        yield f"whole = {list(whole)}  # the rows whose targets sum to 1"
        x, target = "x[whole]", "y[whole]"
    yield "\n# softmax: the row together"
    name, powers = "exp(x-max)", f"({x} - {x}.amax(1, keepdim=True)).exp()"
    if explanation.is_mild:
        name, powers = "exp(x)", f"{x}.exp()"
    yield _SOFTMAX.format(name=name, powers=powers, x=x)
    if explanation.has_target:
        is_weighted = any(row.ce and row.ce.weight is not None for row in explanation.rows)
        options = ", weight=w" if is_weighted else ""
        smoothing = header.label_smoothing
        options += f", label_smoothing={smoothing!r}" if smoothing else ""
        yield _CE.format(of=f'F.cross_entropy({x}, {target}, reduction="none"{options})')
        yield _GRADIENT(name="CE", loss="ce")


def _of_probs(explanation: Explanation, target: str) -> str:
    """Cross-entropy of probabilities, or of their logarithms."""
    header, log_p = explanation.header, "log_p" if explanation.kind is Kind.LOG_PROBS else "p.log()"
    w, eps = "w * " if explanation.has("weight") else "", header.label_smoothing
    if target == "t" and not eps:
        return f'F.nll_loss({log_p}, t, reduction="none"{", weight=w" if w else ""})'
    y = f"({1 - eps!r} * y + {eps!r} / {header.width})" if eps else "y"
    return f"-torch.where({y} > 0, {w}{y} * {log_p}, 0).sum(1)  # 0 ln 0 is 0"


def _cells(explanation: Explanation) -> Iterator[str]:
    """Each value alone."""
    of, x, complement = "binary_cross_entropy", "p", "1 - p"
    is_logits, what = explanation.kind is Kind.LOGITS, "each probability"
    if is_logits:
        what, of, x, complement = "sigmoid: each logit", f"{of}_with_logits", "x", "(-x).sigmoid()"
    yield f"\n# {what} alone"
    if is_logits:
        yield 'show("1+exp(-x)", 1 + (-x).exp())\nshow("sigmoid", x.sigmoid())'
    if explanation.has_target:
        given = [
            f", {option}={name}" for option, name in WEIGHTS.items() if explanation.has(option)
        ]
        yield _BCE.format(of=of, x=x, complement=complement, options="".join(given))
        yield from [_GRADIENT(name="BCE", loss="bce")] * is_logits


def _sums(explanation: Explanation) -> Iterator[str]:
    header, is_mean = explanation.header, explanation.header.reduction is Reduction.MEAN
    means = {"ce": "ce.mean())  # over N rows", "bce": "bce.mean())  # over N·C cells"}
    if header.has_class_weight:
        means["ce"] = "ce.sum() / w[t].sum())  # over the weights of the classes"
    yield "\n# what the rows add up to"
    for loss in ("ce", "bce")[not explanation.has_ce :]:
        yield f'show("{loss.upper()} sum", {loss}.sum())'
        yield from [f'show("{loss.upper()} mean", {means[loss]}'] * is_mean
    if is_mean and header.width > 1:
        yield 'show("C * BCE mean", bce.sum() / len(bce))  # over N rows'


def _tensor(name: str, rows: Sequence[Floats], what: str, end: str = "") -> Iterator[str]:
    """A literal in full precision, a line for each row."""
    yield f"{name} = torch.tensor([  # {what}"
    yield from (_wrapped(f"{row.tolist()},", "    ") for row in rows)
    yield f"], dtype=torch.float64{end})"


def _wrapped(text: str, indent: str = "") -> str:
    """A statement on as many lines as it needs."""
    return "\n".join(paragraph(_WIDTH, text, indent, indent + " "))
