"""The torch code is executed: what it prints is what the steps hold."""

from __future__ import annotations

import contextlib
import io
import math
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cecalc.explain import FORMATS
from cecalc.explain.steps import Explanation, RowSteps
from cecalc.terms import Kind, Reduction
from tests import strategies
from tests.explain import explained

INF, NAN = math.inf, math.nan
FOUNDING = [[2, -3, 0.8, 1.2], [1.5, -0.1, 0.9, -1.3]]
PROBS = [[0.7, 0.2, 0.1], [0.25, 0.5, 0.25]]
Numbers = dict[str, np.ndarray]


def parsed(printed: str) -> Numbers:
    """The numbers by their names."""
    found = re.findall(r"^(.+?) (\[.*\]|\S+)$", printed, re.MULTILINE)
    return {name: np.asarray(eval(text, {"inf": INF, "nan": NAN})) for name, text in found}  # noqa: S307


def printed(code: str) -> Numbers:
    """What the code prints, when it is run here."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(code, {})  # noqa: S102
    return parsed(out.getvalue())


def stacked(rows: list[Any], name: str) -> np.ndarray:
    """A field of the steps of several rows."""
    return np.asarray([getattr(row, name) for row in rows])


def expected(found: Explanation) -> Numbers:
    """The numbers under the names that the code gives them."""
    used = [row for row in found.rows if row.bce is not None]
    softmax: list[Any] = [row.ce for row in used if row.ce is not None]
    sigmoid: list[Any] = [row.bce for row in used]
    is_logits = found.kind is Kind.LOGITS
    cells = stacked(sigmoid, "cells")
    numbers = {
        "1-p": stacked(sigmoid, "complement"),
        "BCE": cells,
        "BCE sum": cells.sum(),
        "BCE mean": cells.mean(),
    }
    if is_logits:
        numbers |= {
            "1+exp(-x)": stacked(sigmoid, "denominator"),
            "sigmoid": stacked(sigmoid, "sigmoid"),
            "BCE gradient": stacked(sigmoid, "gradient"),
        }
    if found.header.width > 1:
        numbers["C * BCE mean"] = cells.sum() / len(used)
    if not softmax:
        return numbers
    losses = stacked(softmax, "loss")
    by = sum(
        row.weight[row.target.argmax()] if found.header.has_class_weight else 1 for row in softmax
    )
    numbers |= {"CE": losses, "CE sum": losses.sum(), "CE mean": losses.sum() / by}
    if not is_logits:
        return numbers
    power = ("exp(x)", "exp", "sum_exp")
    if not found.is_mild:
        power = ("exp(x-max)", "exp_shifted", "sum_exp_shifted")
    numbers |= {
        "softmax": stacked(softmax, "softmax"),
        power[0]: stacked(softmax, power[1]),
        f"sum of {power[0]}": stacked(softmax, power[2]),
        "CE gradient": gradients(used),
    }
    return numbers


def gradients(used: list[RowSteps]) -> np.ndarray:
    """Of CE, for the logits; nothing for rows without it."""
    rows = []
    for row in used:
        assert row.bce is not None
        of = np.zeros_like(row.bce.values) if row.ce is None else row.ce.gradient
        rows.append(of[-row.bce.values.size :])
    return np.asarray(rows)


def check(found: Explanation, numbers: Numbers) -> None:
    """Every number agrees, to what torch's own arithmetic allows; beside −inf it may print nan."""
    values = [row.outcome.batch.values for row in found.rows if row.bce is not None]
    logits = np.concatenate(values)
    scale = max(1.0, float(np.abs(logits[np.isfinite(logits)]).max(initial=0)))
    masked = not np.isfinite(logits).all()
    for name, ours in expected(found).items():
        theirs = numbers[name]
        assert theirs.shape == np.shape(ours), name
        lost = np.isnan(theirs) if masked else np.zeros(theirs.shape, bool)
        if masked and "gradient" in name:
            lost |= ~np.isclose(theirs, ours)  # torch's gradient of nan is anything
        bound = 1e-12 * scale * max(1, theirs.size if "sum" in name else 1)
        np.testing.assert_allclose(
            np.where(lost, 0, theirs), np.where(lost, 0, ours), rtol=1e-12, atol=bound, err_msg=name
        )


PROBLEMS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "founding": (FOUNDING, [2, 1], {}),
    "one-hot": (FOUNDING, [[0, 0, 1, 0], [0, 1, 0, 0]], {}),
    "distributions": (FOUNDING, [[0.1, 0, 0.9, 0], [0.25, 0.25, 0.25, 0.25]], {}),
    "multi-hot": (FOUNDING, [[1, 0, 1, 0], [0, 0, 0, 0]], {}),
    "some multi-hot": (FOUNDING, [[1, 0, 1, 0], [0, 1, 0, 0]], {}),
    "two classes": ([[2, -1], [0.3, 0.4]], [1, 1], {}),
    "two classes, shares": ([[2, -1], [0.3, 0.4]], [[0.5, 0.5], [0, 1]], {}),
    "one logit": ([[2], [-1], [0]], [1, 0, 1], {}),
    "one logit, ignored": ([[2], [-1], [NAN]], [1, 0, -100], {}),
    "one logit, certain": ([[2], [-INF]], [1, 0], {}),
    "ignored": ([[1, 2, 3], [NAN, INF, 0]], [0, -100], {}),
    "ignored class": ([[1, 2, 3], [4, 5, 6]], [0, 1], {"ignore_index": 1.0}),
    "extreme": ([[1000, 0, -1000], [-1000, -1000, 37]], [1, 0], {}),
    "confident": ([[37, 0], [0, 40]], [0, 1], {}),
    "masked": ([[1, -INF, 3], [0, 0, -INF]], [0, 1], {}),
    "masked target": ([[1, -INF, 3]], [1], {}),
    "masked, one-hot": ([[1, -INF, 3]], [[1, 0, 0]], {}),
    "wide": ([np.linspace(-3, 3, 50).tolist()], [7], {}),
    "weights": (FOUNDING, [2, 1], {"weight": [1, 2, 5, 1], "pos_weight": [1, 2, 1, 3]}),
    "weights of shares": (FOUNDING, [[0, 0, 1, 0], [0.5, 0.5, 0, 0]], {"weight": [1, 2, 5, 1]}),
    "smoothed": (FOUNDING, [2, 1], {"weight": [1, 2, 5, 1], "label_smoothing": 0.25}),
    "cells": (FOUNDING, [[1, 0, 1, 0], [0, 1, 0, 0]], {"weight": [[1] * 4, [2, 3, 0.5, 1]]}),
    "one logit, weighted": ([[2], [-1]], [1, 0], {"pos_weight": [3]}),
    "probs": (PROBS, [1, 0], {"kind": Kind.PROBS, "weight": [1, 2, 5]}),
    "probs, shares": (PROBS, [[0.5, 0.5, 0], [1, 0, 0]], {"kind": Kind.PROBS}),
    "probs, smoothed": (PROBS, [1, 0], {"kind": Kind.PROBS, "label_smoothing": 0.25}),
    "probs, multi-hot": (PROBS, [[1, 1, 0], [1, 0, 0]], {"kind": Kind.PROBS, "weight": [1, 2, 5]}),
    "one probability": ([[0.25], [0.0]], [1, 1], {"kind": Kind.PROBS}),
    "log-probs": (np.log(PROBS), [1, 0], {"kind": Kind.LOG_PROBS}),
    "log-probs, smoothed": (
        *(np.log(PROBS), [1, 0]),
        {"kind": Kind.LOG_PROBS, "label_smoothing": 0.25, "weight": [1, 2, 5]},
    ),
    "K-dimensional": ([[[1, 2], [3, 5], [0, -1]]], [[0, 1]], {}),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_code_prints_the_numbers(name: str) -> None:
    logits, target, options = PROBLEMS[name]
    code = explained.text(logits, target, FORMATS["code"], **options)
    check(explained.explanation(logits, target, **options), printed(code))


@st.composite
def problems(draw: st.DrawFn) -> tuple[Any, Any]:
    """Logits and a target of any form."""
    logits = draw(strategies.logits(masks=True))
    rng, form = draw(strategies.generators()), draw(st.sampled_from(["index", "dist", "multi-hot"]))
    if logits.shape[1] == 1:
        return logits.tolist(), rng.integers(0, 2, len(logits)).tolist()
    if form == "index":
        return logits.tolist(), strategies.draw_index(rng, logits).tolist()
    if form == "dist":
        return logits.tolist(), strategies.draw_distributions(rng, logits.shape).tolist()
    return logits.tolist(), rng.integers(0, 2, logits.shape).tolist()


@given(problems())
def test_code_of_any_problem_prints_the_numbers(problem: tuple[Any, Any]) -> None:
    code = explained.text(*problem, FORMATS["code"])
    check(explained.explanation(*problem), printed(code))


@pytest.mark.parametrize("reduction", [Reduction.SUM, Reduction.NONE])
def test_code_reduces_as_asked(reduction: Reduction) -> None:
    code = explained.text(FOUNDING, [2, 1], FORMATS["code"], reduction=reduction)
    assert ("CE sum" in code, "mean" in code) == (reduction is Reduction.SUM, False)


def test_code_without_a_target() -> None:
    code = explained.text(FOUNDING, None, FORMATS["code"])
    numbers = printed(code)
    assert numbers.keys() == {"exp(x)", "sum of exp(x)", "softmax", "1+exp(-x)", "sigmoid"}


def test_code_is_a_program_of_its_own() -> None:
    """It needs nothing but torch, and says nothing on standard error."""
    code = explained.text(FOUNDING, [2, 1], FORMATS["code"])
    run = subprocess.run(
        [sys.executable, "-"], input=code, capture_output=True, text=True, check=True
    )
    numbers = parsed(run.stdout)
    check(explained.explanation(FOUNDING, [2, 1]), numbers)
    assert (round(float(numbers["CE sum"]), 4), round(float(numbers["BCE sum"]), 4)) == (
        3.9579,
        7.9379,
    )
    assert not run.stderr


CODE = """\
import torch
import torch.nn.functional as F

inf = float("inf")


def show(name, value):
    print(name, value.tolist())


x = torch.tensor([  # logits (N, C)
    [37.0, -inf],
], dtype=torch.float64, requires_grad=True)
t = torch.tensor([0])  # class indices (N,)
y = F.one_hot(t, 2).double()  # (N, C)

# softmax: the row together
"""


def test_code_reads_as_a_person_writes_it() -> None:
    code = explained.text([[37, -INF], [0, 0]], [0, -100], FORMATS["code"])
    assert code.startswith(CODE)
    assert code.endswith(
        "# 1 row of 2\n"
        "# of such logits torch prints nan for 0 * inf, and small losses without their digits\n"
    )


def test_of_ignored_rows_there_is_no_code() -> None:
    code = explained.text([[1, 2]], [-100], FORMATS["code"], reduction=Reduction.SUM)
    assert code == "# every row is ignored\n"
