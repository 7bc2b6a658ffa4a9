"""The largest errors over many random rows: cecalc on NumPy and on torch, and torch's own losses.

    python -m tests.losses.ulp_report [--draws N] [--seed S]

Errors are in units in the last place of the exact value, and at least in those of 1e-300; `inf` is
a value that is infinite or NaN and should not be, or the reverse.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

import numpy as np

from tests.conftest import Arrays
from tests.losses.forms import FORMS, Form, Problem, draw_problem
from tests.strategies import MAGNITUDES

CLASSES = {2: 0.3, 3: 0.3, 5: 0.2, 10: 0.15, 33: 0.04, 100: 0.01}
"""How often a row has how many classes; many cost the oracle much."""

Worst = dict[tuple[str, str], dict[str, float]]
"""By form and kind of input, the largest error of each implementation."""


def draw(seed: int, draws: int) -> Iterator[tuple[str, Problem]]:
    """Problems of one row, the magnitudes in turn."""
    rng = np.random.default_rng(seed)
    for n in range(draws):
        magnitude = list(MAGNITUDES)[n % len(MAGNITUDES)]
        classes = int(rng.choice(list(CLASSES), p=list(CLASSES.values())))
        yield magnitude, draw_problem(rng, MAGNITUDES[magnitude](rng, (1, classes)))


def errors(form: Form, problem: Problem, libraries: list[Arrays]) -> Iterator[tuple[str, float]]:
    """The error of each implementation."""
    expected = form.expected(problem)
    for xp in libraries:
        yield f"cecalc, {xp.name}", form.ulps(form.on(xp, problem), expected)
    if form.torch is not None:
        torch = libraries[-1]
        yield "torch.nn", form.ulps(torch.numpy(form.torch(problem.on(torch))), expected)


def largest(draws: int, seed: int, libraries: list[Arrays]) -> Worst:
    """The largest errors of all draws."""
    worst: Worst = {}
    for magnitude, problem in draw(seed, draws):
        for form in FORMS:
            seen = worst.setdefault((form.name, magnitude if form.by_magnitude else "any"), {})
            for name, ulps in errors(form, problem, libraries):
                seen[name] = max(ulps, seen.get(name, 0.0))
    return worst


def table(worst: Worst, columns: list[str]) -> Iterator[str]:
    """The report, line by line, the forms in their order and the worst of all last."""
    yield f"{'':36}{'':16}" + "".join(f"{name:>16}" for name in columns)
    order = [form.name for form in FORMS]
    rows = sorted(worst.items(), key=lambda row: order.index(row[0][0]))
    overall = {name: max(seen.get(name, 0.0) for seen in worst.values()) for name in columns}
    for (form, kind), seen in [*rows, (("all", ""), overall)]:
        cells = [seen.get(name) for name in columns]
        shown = [
            "-" if ulps is None else f"{ulps:.2f}" if ulps < 1e4 else f"{ulps:.1e}"
            for ulps in cells
        ]
        yield f"{form:36}{kind:16}" + "".join(f"{text:>16}" for text in shown)


def main() -> None:
    """Draw, compare and write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--draws", type=int, default=20_000, help="rows in all")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    libraries = [Arrays.of("numpy"), Arrays.of("torch")]
    worst = largest(options.draws, options.seed, libraries)
    columns = [*(f"cecalc, {xp.name}" for xp in libraries), "torch.nn"]
    sys.stdout.writelines(line + "\n" for line in table(worst, columns))


if __name__ == "__main__":
    main()
