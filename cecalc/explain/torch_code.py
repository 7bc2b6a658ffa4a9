"""The torch code that gives every number of an explanation; a program of its own."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

import numpy as np

from cecalc.errors import count
from cecalc.explain.row_table import is_mild
from cecalc.explain.steps import Explanation, RowSteps
from cecalc.model import Header, Item
from cecalc.request import Screen, Selection
from cecalc.terms import IGNORE_INDEX, TargetForm

_WIDTH = 96
_SMALL = 1e-12
"""Losses below this have lost digits in torch."""

_HEAD = """\
import torch
import torch.nn.functional as F"""
_SHOW = """\


def show(name, value):
    print(name, value.tolist())

"""


def render(items: Iterator[Item], _screen: Screen, _selection: Selection) -> Iterator[str]:
    """The code alone."""
    for item in items:
        if isinstance(item, Explanation):
            yield text_of(item)


def text_of(explanation: Explanation) -> str:
    """The code for the rows that are shown, and their sums."""
    header = explanation.header
    body = [*(_single(explanation) if header.width == 1 else _several(explanation))]
    sums = ("CE", "BCE") if _has_ce(explanation) else ("BCE",)
    lines = [*body, *_sums(sums, header), *_remarks(explanation)]
    found = [name for name in ("inf", "nan") if any(name in line for line in body)]
    names = [f'{name} = float("{name}")' for name in found]
    return "\n".join([_HEAD, *([""] if names else []), *names, _SHOW, *lines]) + "\n"


def _has_ce(explanation: Explanation) -> bool:
    """Whether the code speaks of cross-entropy; of one logit, where every pair (0, x) has one."""
    used = [row.softmax is not None for row in explanation.rows if row.sigmoid is not None]
    return all(used) if explanation.header.width == 1 else any(used)


def size(explanation: Explanation) -> int:
    """How many logits the code holds."""
    return len(explanation.rows) * explanation.header.width


def _single(explanation: Explanation) -> Iterator[str]:
    """One logit for each row: the cells, and the pairs (0, x) that are the same."""
    rows = explanation.rows
    yield from _tensor("x", [row.outcome.batch.values[0] for row in rows], "logits (N, 1)", True)
    yield from _tensor("y", [_target(row) for row in rows], "targets (N, 1)")
    yield from _kept(rows, "y")
    yield from _binary("x")
    if _has_ce(explanation):
        yield ""
        yield "# the same as softmax of the pair (0, x)"
        yield "pair = torch.cat([torch.zeros_like(x), x], 1)"
        yield from _multiclass("pair", "torch.cat([1 - y, y], 1)", is_mild(rows))


def _several(explanation: Explanation) -> Iterator[str]:
    header, rows = explanation.header, explanation.rows
    yield from _tensor("x", [row.outcome.batch.values[0] for row in rows], "logits (N, C)", True)
    if header.target_form is TargetForm.INDEX:
        yield from _indices(rows)
        yield f"y = F.one_hot(t, {header.width}).double()  # (N, C)"
        x, target = "x", "t"
    else:
        yield from _tensor("y", [_target(row) for row in rows], "targets (N, C)")
        x, target = "x", "y"
        whole = [i for i, row in enumerate(rows) if row.softmax is not None]
        if 0 < len(whole) < len(rows):
            yield f"whole = {whole}  # the rows whose targets sum to 1"
            x, target = "x[whole]", "y[whole]"
    if _has_ce(explanation):
        yield ""
        yield "# softmax: the row together"
        yield from _multiclass(x, target, is_mild(rows))
    yield ""
    yield "# sigmoid: each logit alone"
    yield from _binary("x")
    if header.width == 2 and any(row.difference for row in rows):
        yield ""
        yield "# two classes: CE(x) = BCE(x1 - x0)"
        z = "x[:, 1] - x[:, 0]"
        yield f'pair = F.binary_cross_entropy_with_logits({z}, y[:, 1], reduction="none")'
        yield _show("BCE(x1-x0)", "pair")


def _indices(rows: Sequence[RowSteps]) -> Iterator[str]:
    """The class indices."""
    found = [
        int(IGNORE_INDEX) if row.sigmoid is None else int(_target(row).argmax()) for row in rows
    ]
    yield from _wrapped(f"t = torch.tensor({found})", "  # class indices (N,)")
    yield from _kept(rows, "t")


def _kept(rows: Sequence[RowSteps], target: str) -> Iterator[str]:
    """Ignored rows leave at once, as they leave both losses."""
    if all(row.sigmoid for row in rows):
        return
    of_row = "" if target == "t" else "[:, 0]"
    yield f"kept = {target}{of_row} != {IGNORE_INDEX:g}  # torch's ignore_index"
    yield f"x, {target} = x[kept], {target}[kept]"


def _target(row: RowSteps) -> np.ndarray:
    target = row.outcome.batch.truth
    return np.full(target.shape[1], IGNORE_INDEX) if row.sigmoid is None else target[0]


def _multiclass(x: str, target: str, is_plain: bool) -> Iterator[str]:
    shifted = f"({x} - {x}.amax(1, keepdim=True)).exp()"
    power, names = (f"{x}.exp()", ("exp(x)", "sum of exp(x)"))
    if not is_plain:
        power, names = shifted, ("exp(x-max)", "sum of exp(x-max)")
    yield _show(names[0], power)
    yield _show(names[1], f"{power}.sum(1)")
    yield _show("softmax", f"{x}.softmax(1)")
    yield f'ce = F.cross_entropy({x}, {target}, reduction="none")'
    yield _show("CE", "ce")
    yield _show("CE gradient", "torch.autograd.grad(ce.sum(), x, retain_graph=True)[0]")


def _binary(x: str) -> Iterator[str]:
    yield _show("1+exp(-x)", f"1 + (-{x}).exp()")
    yield _show("sigmoid", f"{x}.sigmoid()")
    yield _show("1-p", f"(-{x}).sigmoid()")
    yield f'bce = F.binary_cross_entropy_with_logits({x}, y, reduction="none")'
    yield _show("BCE", "bce")
    yield _show("BCE gradient", f"torch.autograd.grad(bce.sum(), {x}, retain_graph=True)[0]")


def _sums(losses: Sequence[str], header: Header) -> Iterator[str]:
    yield ""
    yield "# what the rows add up to"
    for name in losses:
        value = name.lower()
        what = "N rows" if name == "CE" else "N·C cells"
        yield f"{_show(f'{name} sum', f'{value}.sum()')}"
        yield f"{_show(f'{name} mean', f'{value}.mean()')}  # over {what}"
    if header.width > 1:
        yield f"{_show('C * BCE mean', 'bce.sum() / len(bce)')}  # over N rows"


def _remarks(explanation: Explanation) -> Iterator[str]:
    """Where torch prints something else."""
    rows = explanation.rows
    if not explanation.is_all:
        yield f"# {count(len(rows), 'row')} of {explanation.bce.rows_given}"
    if any(np.isneginf(row.outcome.batch.values).any() for row in rows):
        yield "# torch prints nan for 0 * inf: beside -inf logits, unless the target is an index"
    found = [loss for row in rows for loss in _losses(row)]
    if any(0 < loss < _SMALL for loss in found):
        small = min(loss for loss in found if loss > 0)
        yield f"# torch loses the digits of the smallest losses; the least here is {small!r}"


def _losses(row: RowSteps) -> list[float]:
    softmax = [] if row.softmax is None else [row.softmax.loss]
    return softmax + ([] if row.sigmoid is None else row.sigmoid.cell_loss.tolist())


def _show(name: str, value: str) -> str:
    return f'show("{name}", {value})'


def _tensor(
    name: str, rows: Sequence[np.ndarray], what: str, is_leaf: bool = False
) -> Iterator[str]:
    """A literal in full precision, a line for each row."""
    yield f"{name} = torch.tensor([  # {what}"
    for row in rows:
        yield from _wrapped(f"    {row.astype(np.float64).tolist()},", "")
    yield "], dtype=torch.float64" + (", requires_grad=True)" if is_leaf else ")")


def _wrapped(line: str, comment: str) -> list[str]:
    """A statement on as many lines as it needs."""
    indent = line[: len(line) - len(line.lstrip())]
    lines = textwrap.wrap(
        line.lstrip(),
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + " ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    lines[-1] += comment
    return lines
