"""The largest errors over many random problems: cecalc on NumPy and torch, and torch's own losses.

    python -m tests.losses.ulp_report [--draws N] [--seed S] [--worst]

A draw is one row. Errors are in units in the last place of the exact value, at least of 1e-300;
`inf` is a value that is NaN or infinite and should not be (or the reverse).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tests.conftest import Arrays
from tests.losses.forms import FLOOR, FORMS, Form, Problem, draw_problem
from tests.oracle import ulps
from tests.strategies import MAGNITUDES, masked

CLASSES = (2, 3, 4, 7, 10, 33, 100)
ROWS_AT_ONCE = 8


@dataclass(frozen=True)
class Worst:
    """The largest error of one implementation, and the row that has it."""

    ulps: float = -1.0
    value: float = float("nan")
    exact: float = float("nan")
    row: Problem | None = None


def draw(seed: int, magnitude: str, rows: int) -> Iterator[Problem]:
    """Problems of one magnitude, `rows` rows in all."""
    rng = np.random.default_rng(seed)
    while rows > 0:
        shape = (min(ROWS_AT_ONCE, rows), int(rng.choice(CLASSES, p=_shares())))
        logits = MAGNITUDES[magnitude](rng, shape)
        yield draw_problem(rng, masked(rng, logits) if rng.random() < 0.1 else logits)
        rows -= shape[0]


def _shares() -> np.ndarray:
    """Many classes cost the oracle much, so they are drawn seldom."""
    shares = 1 / np.sqrt(np.asarray(CLASSES, dtype=np.float64))
    return shares / shares.sum()


def values(form: Form, problem: Problem, libraries: list[Arrays]) -> dict[str, np.ndarray]:
    """What each implementation says."""
    found = {f"cecalc {xp.name}": form.on(xp, problem) for xp in libraries}
    if form.torch is not None:
        torch = libraries[-1]
        found["torch"] = torch.numpy(form.torch(problem.on(torch)))
    return found


def worst_of(problem: Problem, form: Form, libraries: list[Arrays]) -> dict[str, Worst]:
    """The worst value of one problem, by implementation."""
    expected = form.expected(problem)
    worst = {}
    for name, got in values(form, problem, libraries).items():
        worst[name] = max(
            (
                Worst(ulps(value, exact, FLOOR), value, float(exact), problem.rows(slice(n, n + 1)))
                for n, row in enumerate(got.reshape(len(expected), -1).tolist())
                for value, exact in zip(row, expected[n], strict=True)
            ),
            key=lambda found: found.ulps,
        )
    return worst


def shown(found: Worst) -> str:
    """A number of at most nine characters."""
    if found.ulps < 0:
        return "-"
    return f"{found.ulps:.2f}" if found.ulps < 1e4 else f"{found.ulps:.1e}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=20_000, help="rows in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--worst", action="store_true", help="show cecalc's worst row of each form")
    options = parser.parse_args()
    libraries = [Arrays.of("numpy"), Arrays.of("torch")]
    columns = [*(f"cecalc {xp.name}" for xp in libraries), "torch"]
    each = -(-options.draws // len(MAGNITUDES))
    print(f"{'':35} {'':14} " + " ".join(f"{name:>12}" for name in columns))
    table: dict[tuple[str, str], dict[str, Worst]] = {}
    with np.errstate(all="ignore"):
        for magnitude in MAGNITUDES:
            for problem in draw(options.seed, magnitude, each):
                for form in FORMS:
                    best = table.setdefault((form.name, magnitude), {})
                    for name, found in worst_of(problem, form, libraries).items():
                        best[name] = max(best.get(name, Worst()), found, key=lambda w: w.ulps)
    for form in FORMS:
        for magnitude in MAGNITUDES:
            cells = table[form.name, magnitude]
            row = " ".join(f"{shown(cells.get(name, Worst())):>12}" for name in columns)
            print(f"{form.name:35} {magnitude:14} {row}")
    for name in columns:
        overall = max((cells.get(name, Worst()) for cells in table.values()), key=lambda w: w.ulps)
        print(f"{'all':35} {name:14} {shown(overall):>12}")
    if options.worst:
        for form in FORMS:
            found = max(
                (table[form.name, m][name] for m in MAGNITUDES for name in columns[:2]),
                key=lambda w: w.ulps,
            )
            print(f"\n{form.name}: {found.ulps:.3f} ulp, {found.value!r} for {found.exact!r}")
            print(found.row)


if __name__ == "__main__":
    main()
