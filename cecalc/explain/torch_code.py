"""The torch code that gives every number of an explanation; a program of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from cecalc.errors import count
from cecalc.explain.steps import Explanation, RowSteps
from cecalc.model import Floats
from cecalc.output.prose import paragraph
from cecalc.request import Screen
from cecalc.terms import IGNORE_INDEX, Kind, Reduction, TargetForm

_WIDTH = 96
_SMALL = 1e-12
"""Losses below this have lost digits in torch."""
_NAMES = {Kind.LOGITS: "x", Kind.PROBS: "p", Kind.LOG_PROBS: "log_p"}
"""What the values are called."""
WEIGHTS = {"weight": "w", "pos_weight": "pos"}
"""What the options of a loss are called."""

_HEAD = """\
import torch
import torch.nn.functional as F
{names}

def show(name, value):
    print(name, value.tolist())


"""
_USED = """\
kept = {classes} != -100  # torch's ignore_index
{x}, {target} = {x}[kept], {target}[kept]
"""
_SOFTMAX = """\
show("{name}", {powers})
show("sum of {name}", {powers}.sum(1))
show("softmax", {x}.softmax(1))
"""
_CE = """\
ce = {of}
show("CE", ce)
"""
_PAIR = """
# the same as softmax of the pair (0, x)
pair = torch.cat([torch.zeros_like(x), x], 1)
"""
_SIGMOID = """\
show("1+exp(-x)", 1 + (-x).exp())
show("sigmoid", x.sigmoid())
"""
_BCE = """\
show("1-p", {complement})
bce = F.{of}({x}, y, reduction="none"{options})
show("BCE", bce)
"""
_GRADIENT = """\
show("{name} gradient", torch.autograd.grad({loss}.sum(), x, retain_graph=True)[0])
"""
_DIFFERENCE = """
# two classes: CE(x) = BCE(x1 - x0)
pair = F.binary_cross_entropy_with_logits(x[:, 1] - x[:, 0], y[:, 1], reduction="none")
show("BCE(x1-x0)", pair)
"""


def render(explanation: Explanation, _screen: Screen) -> str:
    """The code for the rows that are shown, and their sums."""
    rows, is_single = explanation.rows, explanation.header.width == 1
    has_ce = all(row.ce for row in rows if row.bce) if is_single else explanation.has_ce
    each = "".join(_cells(explanation))
    parts = [*_given(explanation), *(_softmax(explanation) if has_ce else ())]
    what = "sigmoid: each logit" if explanation.kind is Kind.LOGITS else "each probability"
    body = "".join([*parts, f"\n# {what} alone\n{each}"])
    if explanation.has_target and any(row.bce_of_difference for row in rows):
        body += _DIFFERENCE
    if explanation.has_target and explanation.header.reduction is not Reduction.NONE:
        body += "".join(["\n# what the rows add up to\n", *_sums(explanation, has_ce=has_ce)])
    names = [f'{name} = float("{name}")\n' for name in ("inf", "nan") if name in body]
    head = _HEAD.format(names="".join(["\n", *names] if names else []))
    return f"{head}{body}" + "".join(f"# {line}\n" for line in _remarks(explanation))


def _sums(explanation: Explanation, *, has_ce: bool) -> Iterator[str]:
    header, is_mean = explanation.header, explanation.header.reduction is Reduction.MEAN
    for name, what in (("CE", "N rows"), ("BCE", "N·C cells")):
        loss = name.lower()
        if name == "CE" and not has_ce:
            continue
        yield f'show("{name} sum", {loss}.sum())\n'
        mean = f"{loss}.mean())  # over {what}"
        if name == "CE" and header.has_class_weight:
            mean = "ce.sum() / w[t].sum())  # over the weights of the classes"
        yield f'show("{name} mean", {mean}\n' if is_mean else ""
    if is_mean and header.width > 1:
        yield 'show("C * BCE mean", bce.sum() / len(bce))  # over N rows\n'


def _given(explanation: Explanation) -> Iterator[str]:
    """The values and targets; ignored rows leave at once, as they leave both losses."""
    header, rows, x = explanation.header, explanation.rows, _NAMES[explanation.kind]
    axes = "(N, 1)" if header.width == 1 else "(N, C)"
    values = [row.outcome.batch.values[0] for row in rows]
    grad = ", requires_grad=True" if x == "x" else ""
    yield from _tensor(x, values, f"{explanation.kind.words} {axes}", grad)
    has_indices = header.target_form is TargetForm.INDEX and header.width > 1
    if has_indices:
        found = [int(row.bce.target.argmax()) if row.bce else int(IGNORE_INDEX) for row in rows]
        yield f"{_wrapped(f't = torch.tensor({found})')}  # class indices (N,)\n"
    elif explanation.has_target:
        ignored = np.full(header.width, IGNORE_INDEX)
        targets = [row.bce.target if row.bce else ignored for row in rows]
        yield from _tensor("y", targets, f"targets {axes}")
    if not all(row.bce for row in rows):
        target, classes = ("t", "t") if has_indices else ("y", "y[:, 0]")
        yield _USED.format(target=target, classes=classes, x=x)
    if has_indices:
        yield f"y = F.one_hot(t, {header.width}).double()  # (N, C)\n"
    for option, name in WEIGHTS.items():
        if explanation.has(option):
            of_rows = [getattr(row.bce, option) for row in rows if row.bce]
            alike = all((of == of_rows[0]).all() for of in of_rows)
            yield from _tensor(name, of_rows[:1] if alike else of_rows, option)
            yield f"{name} = {name}[0]  # (C,)\n" if alike else ""
    if x == "log_p":
        yield "p = log_p.exp().clamp(max=1)\n"


def _cells(explanation: Explanation) -> Iterator[str]:
    """Each value alone."""
    is_logits = explanation.kind is Kind.LOGITS
    yield _SIGMOID if is_logits else ""
    if not explanation.has_target:
        return
    of, x, complement = "binary_cross_entropy", "p", "1 - p"
    if is_logits:
        of, x, complement = f"{of}_with_logits", "x", "(-x).sigmoid()"
    given = [option for option in WEIGHTS if explanation.has(option)]
    options = "".join(f", {option}={WEIGHTS[option]}" for option in given)
    yield _BCE.format(of=of, x=x, complement=complement, options=options)
    yield _GRADIENT.format(name="BCE", loss="bce") if is_logits else ""


def _softmax(explanation: Explanation) -> Iterator[str]:
    """Cross-entropy, of the rows that have one; of one logit, that of the pair (0, x)."""
    header, rows, title = explanation.header, explanation.rows, "\n# softmax: the row together\n"
    is_index = header.target_form is TargetForm.INDEX
    x, target = _NAMES[explanation.kind], "t" if is_index else "y"
    whole = [i for i, row in enumerate(rows) if row.ce]
    if header.width == 1:
        x, target, title = "pair", "torch.cat([1 - y, y], 1)", _PAIR
    elif target == "y" and len(whole) < len(rows) and explanation.has_target:
        x, target = "x[whole]", "y[whole]"
        title = f"whole = {whole}  # the rows whose targets sum to 1\n{title}"
    name, powers = "exp(x-max)", f"({x} - {x}.amax(1, keepdim=True)).exp()"
    if explanation.is_mild:
        name, powers = "exp(x)", f"{x}.exp()"
    if explanation.kind is not Kind.LOGITS:
        yield "\n# the row together\n" + _CE.format(of=_of_probs(explanation, target))
        return
    yield title + _SOFTMAX.format(name=name, powers=powers, x=x)
    if explanation.has_target:
        options = ", weight=w" if any(row.ce and row.ce.weight is not None for row in rows) else ""
        smoothing = header.label_smoothing
        options += f", label_smoothing={smoothing!r}" if smoothing else ""
        yield _CE.format(of=f'F.cross_entropy({x}, {target}, reduction="none"{options})')
        yield _GRADIENT.format(name="CE", loss="ce")


def _of_probs(explanation: Explanation, target: str) -> str:
    """Cross-entropy of probabilities, or of their logarithms."""
    header, log_p = explanation.header, "log_p" if explanation.kind is Kind.LOG_PROBS else "p.log()"
    w, eps = "w * " if explanation.has("weight") else "", header.label_smoothing
    if target == "t" and not eps:
        return f'F.nll_loss({log_p}, t, reduction="none"{", weight=w" if w else ""})'
    y = f"({1 - eps!r} * y + {eps!r} / {header.width})" if eps else "y"
    return f"-torch.where({y} > 0, {w}{y} * {log_p}, 0).sum(1)  # 0 ln 0 is 0"


def _remarks(explanation: Explanation) -> Iterator[str]:
    """Where torch prints something else."""
    rows = explanation.rows
    if not explanation.is_all:
        yield f"{count(len(rows), 'row')} of {explanation.bce.rows_given}"
    if not explanation.has_target:
        return
    masked = any(np.isneginf(row.outcome.batch.values).any() for row in rows)
    if explanation.kind is Kind.LOGITS and masked:
        yield "torch prints nan for 0 * inf: beside -inf logits, unless the target is an index"
    least = min((loss for row in rows for loss in _losses(row) if loss > 0), default=_SMALL)
    if least < _SMALL:
        yield f"torch loses the digits of the smallest losses; the least here is {least!r}"


def _losses(row: RowSteps) -> list[float]:
    return [*([row.ce.loss] if row.ce else []), *(row.bce.cells.tolist() if row.bce else [])]


def _tensor(name: str, rows: Sequence[Floats], what: str, end: str = "") -> Iterator[str]:
    """A literal in full precision, a line for each row."""
    yield f"{name} = torch.tensor([  # {what}\n"
    for row in rows:
        yield f"{_wrapped(f'{row.astype(np.float64).tolist()},', '    ')}\n"
    yield f"], dtype=torch.float64{end})\n"


def _wrapped(text: str, indent: str = "") -> str:
    """A statement on as many lines as it needs."""
    return "\n".join(paragraph(_WIDTH, text, indent, indent + " "))
