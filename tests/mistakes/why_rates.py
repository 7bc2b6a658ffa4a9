"""How often `cecalc why` finds the mistake that was made, and how often it finds one in a random
number, or for one that none of its recipes makes: ``python -m tests.mistakes.why_rates
[--problems N]``.

Each problem is random rows, one mistake drawn at random of all there are and made by torch in
float32, and in half of them one harmless factor more; the number is written with so many decimals.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from cecalc import run
from cecalc.mistakes.collector import diagnosing
from cecalc.mistakes.diagnosis import Diagnosis, Question
from cecalc.terms import Task
from tests.mistakes.mistaken import ASKS, FACTORS, OF_CELLS, OF_CLASSES, Rows, Tensor, drawn
from tests.mistakes.unlisted import KINDS
from tests.run.running import request

DECIMALS = (2, 3, 4, 5, 6)
FINAL = {"the floor of soft targets", "softmax of one column", "the mean of perplexities"}
"""Mistakes that are a number already."""
ALONE = frozenset(list(FACTORS)[list(FACTORS).index("the loss in log10") :])
"""Factors that are tried of the right loss alone."""


@dataclass(frozen=True)
class Case:
    """A number that a mistake printed."""

    name: str
    """What `why` calls it."""
    rows: Rows
    asks: str | None
    value: float
    right: float
    """What the loss is."""


def case(rng: np.random.Generator) -> Case:
    """A random mistake on random rows; one that makes no difference is none."""
    while True:
        is_of_cells = bool(rng.random() < 0.4)
        table = OF_CELLS if is_of_cells else OF_CLASSES
        name = str(rng.choice(list(table)))
        asks = ASKS.get(name) if is_of_cells or name != "softmax, then BCE" else None
        rows = drawn(rng, asks, is_of_cells=is_of_cells)
        loss, right = (table[n][1](rows) for n in (name, "nothing wrong"))
        value, plain, is_right = (
            float(loss.double().mean()),
            float(right.double().mean()),
            name == "nothing wrong",
        )
        mean = plain
        if loss.ndim and name not in FINAL and rng.random() < 0.5:
            factor = str(rng.choice(list(FACTORS)))
            if _goes(factor, name, loss, rows):
                value, plain = (
                    float(FACTORS[factor](each.double(), rows)) for each in (loss, right)
                )
                name = factor if is_right else f"{name} + {factor}"
        if np.isfinite(value) and (is_right or abs(value - plain) > 1e-6 * max(1, abs(plain))):
            return Case(name, rows, asks, value, mean)


def _goes(factor: str, name: str, loss: Tensor, rows: Rows) -> bool:
    """Whether a factor goes with a mistake, and with losses of this shape."""
    if factor in ALONE:
        return name == "nothing wrong"
    if factor.startswith("times T²"):
        return name == "KL divergence"
    if factor == "cells summed per row":
        return loss.shape == rows.x.shape and rows.x.shape[1] > 1
    return factor != "divided by N·C" or (loss.ndim == 1 and rows.x.shape[1] > 1)


def diagnosis(made: Case, typed: str) -> Diagnosis:
    """What `cecalc why` says of the number."""
    rows, options = made.rows, dict[str, Any]()
    if made.asks == "weight" and rows.weight is not None:
        options["weight"] = rows.weight.double().numpy()
    if made.asks == "smoothing":
        options["label_smoothing"] = rows.smoothing
    if made.name.startswith("classes in the order"):
        names = [chr(ord("a") + place) for place in rows.order]
        options["classes"] = tuple(names)
    target = rows.t.numpy() if rows.q is None else rows.q.double().numpy()
    asked = request(Task.CE, rows.x.double().numpy(), target, **options)
    question = Question(typed, {"batch_size": rows.batch} if rows.batch else {})
    *_, found = run.run(asked, partial(diagnosing, question))
    assert isinstance(found, Diagnosis)
    return found


@dataclass
class Rates:
    """What was counted for one number of decimals."""

    problems: int = 0
    unlike: int = 0
    """Problems whose number is not that of the right loss, to the digits given, rounded or cut."""
    listed: int = 0
    first: int = 0
    """Among those that differ."""
    false: int = 0
    missed: Counter[str] = field(default_factory=Counter)
    second: Counter[str] = field(default_factory=Counter)

    def add(self, made: Case, found: Diagnosis, noise: Diagnosis) -> None:
        """Count a problem."""
        named = [{match.name, *match.alike} for match in found.matches]
        self.problems += 1
        is_listed = any(made.name in names for names in named) or made.name in found.also
        self.listed += is_listed
        if not is_listed:
            self.missed[made.name] += 1
        if not (made.name in found.also or (found.matches and found.matches[0].is_cut)):
            self.unlike += 1
            self.first += bool(named) and made.name in named[0]
            if named and made.name not in named[0]:
                self.second[f"{made.name} < {found.matches[0].name}"] += 1
        self.false += bool(noise.matches)


def measured(
    problems: int, decimals: tuple[int, ...] = DECIMALS, seed: int = 0
) -> dict[int, Rates]:
    """The rates for each number of decimals."""
    rng = np.random.default_rng(seed)
    rates = {d: Rates() for d in decimals}
    for _ in range(problems):
        made = case(rng)
        noise = abs(made.right) * rng.uniform(0.5, 2)
        for d in decimals:
            found = diagnosis(made, f"{made.value:.{d}f}")
            rates[d].add(made, found, diagnosis(made, f"{noise:.{d}f}"))
    return rates


def named_wrongly(problems: int, decimals: int, seed: int = 0) -> tuple[float, float]:
    """How often a cause is named of a number that none of the recipes makes.

    Returns
    -------
    wrong, true : the share of problems, and of those whose number the cause makes to six digits
    """
    rng, counts = np.random.default_rng(seed), Counter[bool]()
    for _ in range(problems):
        rows = drawn(rng, None, is_of_cells=False)
        value = float(KINDS[str(rng.choice(list(KINDS)))](rows))
        made = Case("", rows, None, value, value)
        if not np.isfinite(value):
            continue
        if matches := diagnosis(made, f"{value:.{decimals}f}").matches:
            counts[abs(matches[0].value - value) <= 1e-6 * abs(value)] += 1
    return counts[False] / problems, counts[True] / problems


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--problems", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--decimals", type=int, nargs="+", default=DECIMALS)
    asked = parser.parse_args()
    print("| decimals | listed | first | random explained | unlisted named | and true |")
    print("| --: | --: | --: | --: | --: | --: |")
    for d, rates in measured(asked.problems, tuple(asked.decimals), asked.seed).items():
        listed, first = rates.listed / rates.problems, rates.first / max(rates.unlike, 1)
        wrong, true = named_wrongly(asked.problems, d, asked.seed)
        false = rates.false / rates.problems
        print(f"| {d} | {listed:.1%} | {first:.1%} | {false:.2%} | {wrong:.2%} | {true:.2%} |")


if __name__ == "__main__":
    main()
