"""The torch code that gives every number of an explanation; a program of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from cecalc.errors import count
from cecalc.explain.steps import Explanation, RowSteps
from cecalc.model import Floats
from cecalc.output.prose import paragraph
from cecalc.request import Screen
from cecalc.terms import IGNORE_INDEX, TargetForm

_WIDTH = 96
_SMALL = 1e-12
"""Losses below this have lost digits in torch."""

_HEAD = """\
import torch
import torch.nn.functional as F
{names}

def show(name, value):
    print(name, value.tolist())


"""
_USED = """\
kept = {classes} != -100  # torch's ignore_index
x, {target} = x[kept], {target}[kept]
"""
_SOFTMAX = """\
show("{name}", {powers})
show("sum of {name}", {powers}.sum(1))
show("softmax", {x}.softmax(1))
ce = F.cross_entropy({x}, {target}, reduction="none")
show("CE", ce)
show("CE gradient", torch.autograd.grad(ce.sum(), x, retain_graph=True)[0])
"""
_PAIR = """
# the same as softmax of the pair (0, x)
pair = torch.cat([torch.zeros_like(x), x], 1)
"""
_SIGMOID = """\
show("1+exp(-x)", 1 + (-x).exp())
show("sigmoid", x.sigmoid())
show("1-p", (-x).sigmoid())
bce = F.binary_cross_entropy_with_logits(x, y, reduction="none")
show("BCE", bce)
show("BCE gradient", torch.autograd.grad(bce.sum(), x, retain_graph=True)[0])
"""
_DIFFERENCE = """
# two classes: CE(x) = BCE(x1 - x0)
pair = F.binary_cross_entropy_with_logits(x[:, 1] - x[:, 0], y[:, 1], reduction="none")
show("BCE(x1-x0)", pair)
"""
_SUMS = """\
show("{name} sum", {losses}.sum())
show("{name} mean", {losses}.mean())  # over {what}
"""
_FACTOR = 'show("C * BCE mean", bce.sum() / len(bce))  # over N rows\n'


def render(explanation: Explanation, _screen: Screen) -> str:
    """The code for the rows that are shown, and their sums."""
    rows, is_single = explanation.rows, explanation.header.width == 1
    has_ce = all(row.ce for row in rows if row.bce) if is_single else explanation.has_ce
    ce, given = _softmax(explanation) if has_ce else "", "".join(_given(explanation))
    sums = _SUMS.format(name="CE", losses="ce", what="N rows") if has_ce else ""
    sums += _SUMS.format(name="BCE", losses="bce", what="N·C cells")
    if is_single:
        body = f"{given}{_SIGMOID}{ce}"
    else:
        difference = _DIFFERENCE if any(row.bce_of_difference for row in rows) else ""
        body = f"{given}{ce}\n# sigmoid: each logit alone\n{_SIGMOID}{difference}"
        sums += _FACTOR
    names = [f'{name} = float("{name}")\n' for name in ("inf", "nan") if name in body]
    head = _HEAD.format(names="".join(["\n", *names] if names else []))
    remarks = "".join(f"# {line}\n" for line in _remarks(explanation))
    return f"{head}{body}\n# what the rows add up to\n{sums}{remarks}"


def _given(explanation: Explanation) -> Iterator[str]:
    """The logits and targets; ignored rows leave at once, as they leave both losses."""
    header, rows = explanation.header, explanation.rows
    axes = "(N, 1)" if header.width == 1 else "(N, C)"
    values = [row.outcome.batch.values[0] for row in rows]
    yield from _tensor("x", values, f"logits {axes}", ", requires_grad=True")
    has_indices = header.target_form is TargetForm.INDEX and header.width > 1
    if has_indices:
        found = [int(row.bce.target.argmax()) if row.bce else int(IGNORE_INDEX) for row in rows]
        yield f"{_wrapped(f't = torch.tensor({found})')}  # class indices (N,)\n"
    else:
        ignored = np.full(header.width, IGNORE_INDEX)
        targets = [row.bce.target if row.bce else ignored for row in rows]
        yield from _tensor("y", targets, f"targets {axes}")
    if not all(row.bce for row in rows):
        target, classes = ("t", "t") if has_indices else ("y", "y[:, 0]")
        yield _USED.format(target=target, classes=classes)
    if has_indices:
        yield f"y = F.one_hot(t, {header.width}).double()  # (N, C)\n"


def _softmax(explanation: Explanation) -> str:
    """Cross-entropy, of the rows that have one; of one logit, that of the pair (0, x)."""
    header, rows, title = explanation.header, explanation.rows, "\n# softmax: the row together\n"
    x, target = "x", "t" if header.target_form is TargetForm.INDEX else "y"
    whole = [i for i, row in enumerate(rows) if row.ce]
    if header.width == 1:
        x, target, title = "pair", "torch.cat([1 - y, y], 1)", _PAIR
    elif target == "y" and len(whole) < len(rows):
        x, target = "x[whole]", "y[whole]"
        title = f"whole = {whole}  # the rows whose targets sum to 1\n{title}"
    name, powers = "exp(x-max)", f"({x} - {x}.amax(1, keepdim=True)).exp()"
    if explanation.is_mild:
        name, powers = "exp(x)", f"{x}.exp()"
    return title + _SOFTMAX.format(name=name, powers=powers, x=x, target=target)


def _remarks(explanation: Explanation) -> Iterator[str]:
    """Where torch prints something else."""
    rows = explanation.rows
    if not explanation.is_all:
        yield f"{count(len(rows), 'row')} of {explanation.bce.rows_given}"
    if any(np.isneginf(row.outcome.batch.values).any() for row in rows):
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
