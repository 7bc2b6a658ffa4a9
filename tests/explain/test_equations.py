"""What is printed computes to what is printed: every equation, read back as a person would."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf

from cecalc.explain.notation import is_true
from cecalc.request import Screen
from cecalc.terms import Kind
from tests import strategies
from tests.explain import explained

NUMBER = re.compile(r"-?\d+(\.\d+)?(e-?\d+)?")
WIDE = Screen(width=100_000)
INFINITE = mpf("inf")


def log(value: Any) -> Any:
    """With ln 0, as the text has it."""
    return mp.log(value) if value > 0 else -INFINITE


def computed(text: str) -> Any:
    """A formula with nothing but numbers in it; None where it has names."""
    text = re.sub(r" of \d+ others", "", text).replace("−", "-").replace("·", "*")
    text = text.replace("[", "(").replace("]", ")").replace("×", "*")
    text = re.sub(r"ln ?(\(|[^ ),]+)", lambda m: "log(" if m[1] == "(" else f"log({m[1]})", text)
    text = re.sub(r"(?<![\w.])\d+(\.\d+)?(e-?\d+)?", lambda m: f"mpf('{m[0]}')", text)
    if re.search(r"[^\d\s()+*/.,'e-]", re.sub("mpf|log|min", "", text)):
        return None
    with mp.workdps(350):
        return eval(text, {"mpf": mpf, "log": log, "min": min})  # noqa: S307


def equations(text: str) -> Iterator[tuple[str, str]]:
    """Each formula of the text with the number after it."""
    for line in text.split("\n"):
        if line.startswith(" !"):
            continue
        bare = re.sub(r"\b(sum|mean) ", "", re.split("   N|   BCE", line)[0]).strip()
        _, *parts = bare.split(" = ")
        head, _, first = bare.partition("  ")
        if head in ("CE", "BCE", "factor C"):
            parts = first.strip().split(" = ")
        if parts and NUMBER.fullmatch(parts[-1].strip()):
            yield from ((formula, parts[-1].strip()) for formula in parts[:-1])


def check(text: str) -> int:
    """Every equation holds when its number is rounded as it is written; how many there were."""
    found = 0
    for formula, result in equations(text):
        value = computed(formula)
        if value is None:
            continue
        found += 1
        mantissa, _, exponent = result.partition("e")
        place = mpf(10) ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
        assert abs(value - mpf(result)) <= place * mpf("0.500001"), f"{formula} = {result}"
    return found


def test_the_check_sees_what_is_false() -> None:
    assert check(" CE loss = −ln 0.003128 = 5.7674") == 1
    for line in (
        " CE loss = −ln 0.0031 = 5.7667",
        " CE        sum 3.9579 / 2 = mean 1.9791   N = 2",
    ):
        with pytest.raises(AssertionError):
            check(line)
    assert is_true("−ln 0.003128", "5.7674")
    assert not is_true("−ln 0.0031", "5.7667")


def test_the_founding_example_has_its_equations() -> None:
    assert check(explained.text([[2, -3, 0.8, 1.2], [1.5, -0.1, 0.9, -1.3]], [2, 1])) == 17


ENDS = [
    (Kind.PROBS, [1e-320, 1], "CE loss = −ln p[0] = −ln 9.999888672e-321 = 736.8272"),
    (Kind.PROBS, [5e-324, 1], "CE loss = −ln p[0] = −ln 4.940656458e-324 = 744.4401"),
    (Kind.PROBS, [1e-300, 1], "loss[0] = min(−ln 1e-300, 100) = 100.0000"),
    (Kind.PROBS, [0, 1], "loss[1] = min(−ln 0, 100) = 100.0000"),
    (Kind.PROBS, [1 - 2**-40, 2**-40], "CE loss = −ln p[0] = −ln(1 − 9.0949e-13) = 9.0949e-13"),
    (Kind.LOG_PROBS, [-1e-17, -39.144], "loss[0] = min(−ln 1, 100) = 0.0000"),
    (Kind.LOG_PROBS, [-1e-17, -39.144], "loss[1] = min(−ln(1 − 9.9995e-18), 100) = 9.9995e-18"),
]


@pytest.mark.parametrize(("kind", "values", "line"), ENDS)
def test_probabilities_at_their_ends_have_true_equations(
    kind: Kind, values: list[float], line: str
) -> None:
    """Where they are 0, 1 or have few digits, and where torch stops at 100."""
    found = explained.text([values], [0], kind=kind, screen=WIDE)
    assert line in re.sub(" +", " ", found)
    assert check(found) >= 4


@given(st.floats(0, 1), st.sampled_from([0, 0.25, 1]), st.sampled_from([None, [2.0, 0.5]]))
def test_any_probability_has_true_equations(p: float, y: float, weight: list[float] | None) -> None:
    found = explained.text([[p, 1 - p]], [[y, 1 - y]], kind=Kind.PROBS, screen=WIDE, weight=weight)
    check(found)


@st.composite
def problems(draw: st.DrawFn) -> tuple[Any, Any, dict[str, Any]]:
    """Values and a target of any form and kind, with any options."""
    logits, rng = draw(strategies.logits(masks=True)), draw(strategies.generators())
    rows, classes = logits.shape
    kind = draw(st.sampled_from([*Kind]) if classes > 1 else st.just(Kind.LOGITS))
    form = draw(st.sampled_from(["index", "dist", "multi-hot"]))
    target: Any = rng.integers(0, 2, (rows, classes))
    if form == "dist" and classes > 1:
        target = strategies.draw_distributions(rng, logits.shape)
    elif form == "index" and classes > 1:
        target = strategies.draw_index(rng, logits)
    options: dict[str, Any] = {"kind": kind}
    if draw(st.booleans()):
        options["weight"] = np.round(rng.uniform(0.1, 9, classes), 3).tolist()
    if kind is Kind.LOGITS and draw(st.booleans()):
        options["pos_weight"] = rng.uniform(0.1, 9, classes).tolist()
    if form != "multi-hot" and classes > 1 and draw(st.booleans()):
        options["label_smoothing"] = 0.1
    values = logits
    if kind is not Kind.LOGITS:
        values = rng.dirichlet(np.ones(classes), rows)
        values = values if kind is Kind.PROBS else np.log(np.maximum(values, 1e-300))
    return values.tolist(), target.tolist(), options


@given(problems())
def test_every_printed_equation_is_true(problem: tuple[Any, Any, dict[str, Any]]) -> None:
    values, target, options = problem
    check(explained.text(values, target, screen=WIDE, **options))
