"""Probabilities kept from 0 and 1 by --clip, and those just outside 0..1, which it draws in."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from tests.shell import InProcess

EPS = {"float64": 2.0**-52, "float32": 2.0**-23, "1e-15": 1e-15, "0.01": 0.01, "1e-30": 1e-30}
P = [0.0, 1.0, 1e-40, 0.3, 0.999]
BINARY = "target,prob\n1,0.9\n1,0.0\n0,0.3\n"
CLIP = "--clip draws in what is up to 0.05 outside, as of a linear model (here 0.02)"
LOGITS = "these look like logits: say so with --logits or --logits-cols"
OF_PROB, OF_FILE = "bce x.csv --logits-cols prob", "bce --logits x.csv --target 1,0"
ONE = '{"probs":[[0.5,1.7]],"y":[0]}'


@pytest.mark.parametrize("eps", EPS)
@pytest.mark.parametrize("more", ["", " --backend torch"])
def test_both_losses_clip_as_scikit_learn_does(eps: str, more: str, cecalc: InProcess) -> None:
    """That clips the probability of either class."""
    expected = [-math.log(min(max(p, EPS[eps]), 1 - EPS[eps])) for p in P]
    for target in (0, 1):
        of_one = P if target else [1 - p for p in P]
        rows = ";".join(f"{1 - p},{p}" for p in of_one)
        targets = ",".join([str(target)] * len(P))
        ce = cecalc(f"ce --probs {rows} --target {targets} --clip {eps} -q --reduction none{more}")
        np.testing.assert_allclose([*map(float, ce.out.split())], expected, rtol=1e-12, atol=1e-28)
        cells = ",".join(map(str, of_one))
        bce = cecalc(
            f"bce --probs {cells} --target {targets} --clip {eps} -q --reduction none{more}"
        )
        found = [*map(float, bce.out.split(","))]
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


def test_rows_are_summed_as_they_were_given(cecalc: InProcess) -> None:
    row = ",".join(["0.9", *["0.0001"] * 1000])
    assert cecalc(f"ce --probs {row} --target 0 --clip 0.01 -q").status == 0
    found = cecalc("ce --probs 0.98,-0.02,0.04 --target 2 --clip float64 -q")
    assert float(found.out) == pytest.approx(-math.log(0.04))


def test_the_hint_beside_clamped_prints_the_command(cecalc: InProcess) -> None:
    found = cecalc("bce x.csv", {"x.csv": BINARY})
    assert found.status == 0
    assert found.tries == ["bce x.csv --clip float64"]
    (line,) = found.tries
    ran = cecalc(f"{line} -q")
    expected = -(math.log(0.9) + math.log(2.0**-52) + math.log(0.7)) / 3
    assert ran.err == ""
    assert float(ran.out) == pytest.approx(expected)
    told = json.loads(cecalc("bce x.csv --errors json").err)
    assert told["try"] == ["cecalc bce x.csv --errors json --clip float64"]


def test_ce_names_it_where_p_is_0(cecalc: InProcess) -> None:
    found = cecalc("ce --probs 0,1;0.5,0.5 --target 0,0")
    assert "p = 0 for the class of 1 row: the loss is inf; --clip float64 gives" in found.err
    assert found.tries == ["ce --probs '0,1;0.5,0.5' --target 0,0 --clip float64"]


@pytest.mark.parametrize(
    ("line", "text", "hint", "tries"),
    [
        ("bce x.csv", "y,prob\n1,1.02\n0,-0.01\n", CLIP, ["bce x.csv --clip float64"]),
        ("bce x.csv", "y,prob\n1,1.02\n0,-1.2\n", LOGITS, [OF_PROB]),
        ("bce x.csv --clip float32", "y,prob\n1,1.02\n0,-1.2\n", LOGITS, [OF_PROB]),
        ("ce x.csv", "y,prob_a,prob_b\na,0.5,2\n", LOGITS, ["ce x.csv --logits-cols 'prob_*'"]),
        ("bce x.csv --probs-cols=s", "y,s\n1,3\n0,-3\n", LOGITS, ["bce x.csv --logits-cols=s"]),
        ("bce --probs x.csv --target 1,0", "s\n3\n-3\n", LOGITS, [OF_FILE]),
        ("ce x.json", ONE, LOGITS, ["ce --logits x.json:probs --target x.json:y"]),
        ("bce x.csv", "y,prob\n1,nan\n", None, []),
    ],
)  # fmt: skip
def test_just_outside_is_told_apart_from_logits(
    line: str, text: str, hint: str | None, tries: list[str], cecalc: InProcess
) -> None:
    file = "x.json" if "json" in line else "x.csv"
    found = cecalc(line, {file: text})
    assert found.status == 3
    assert [s for s in found.err.splitlines() if s.startswith("cecalc: hint: ")] == (
        [] if hint is None else [f"cecalc: hint: {hint}"]
    )
    assert found.tries == tries
    for each in tries:
        assert cecalc([word.strip("'") for word in each.split()]).status == 0


def test_what_is_drawn_in_is_counted(cecalc: InProcess) -> None:
    found = cecalc("bce x.csv --clip float64", {"x.csv": "y,prob\n1,1.02\n0,-0.01\n1,0.5\n"})
    assert found.err == "cecalc: hint: 2 values outside 0..1, drawn in by --clip\n"


@pytest.mark.parametrize("text", ["0", "0.5", "-1", "nan", "float16", "x"])
def test_how_far_is_more_than_0_and_less_than_half(text: str, cecalc: InProcess) -> None:
    assert cecalc(f"bce --probs 1 --target 1 --clip={text}").status == 2


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("ce --logits 1,2 --target 0 --clip float64", 2),
        ("ce --log-probs=-1,-1 --target 0 --clip float64", 2),
        ("bce --probs 1 --target 0 --clip float64 --no-clamp", 2),
        ("ce x.csv --clip float64", 3),
    ],
)
def test_it_goes_with_probabilities(line: str, status: int, cecalc: InProcess) -> None:
    assert cecalc(line, {"x.csv": "logit_a,logit_b,y\n1,2,0\n"}).status == status
