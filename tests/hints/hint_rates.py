"""How often hints come where nothing is wrong, and how often where something is.

    python -m tests.hints.hint_rates [--problems N] [--seed S]

Sound problems draw their targets from the model's own softmax or sigmoid. The real ones, where
scikit-learn is installed, are its data sets, with logistic regressions on rows not trained on.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from cecalc.terms import Task
from tests.hints.problems import Mistake, mistakes, sound, spoken
from tests.hints.real import real

ROWS = (5, 20, 50, 100, 250)
REPEATS = 50


def on_sound(problems: int, seed: int) -> Counter[str]:
    """How many of so many sound problems get which hint."""
    found = Counter[str]()
    with TemporaryDirectory() as folder:
        for number in range(problems):
            random = np.random.default_rng([seed, number])
            task = (Task.CE, Task.BCE)[number % 2]
            given = spoken(random, sound(random, task))
            found.update(f"{task} {hint.entry}" for hint in given.run(Path(folder)).hints)
    return found


def on_real() -> Iterator[tuple[str, int, list[str]]]:
    """The hints of each real problem, with its name and rows."""
    with TemporaryDirectory() as folder:
        for name, given in real():
            found = [str(hint) for hint in given.run(Path(folder)).hints]
            yield name, len(given.values), found


def on_mistakes(seed: int, repeats: int = REPEATS) -> Iterator[tuple[str, list[float]]]:
    """The share of mistaken problems that get the hint of their entry, for each number of rows."""
    for name, entry, made in mistakes():
        yield name, [_share(made, entry, rows, seed, repeats) for rows in ROWS]


def _share(made: Mistake, entry: int | None, rows: int, seed: int, repeats: int) -> float:
    hits = 0
    with TemporaryDirectory() as folder:
        for number in range(repeats):
            given = made(np.random.default_rng([seed, rows, number]), rows)
            hits += any(hint.entry == entry for hint in given.run(Path(folder)).hints)
    return hits / repeats


def main() -> None:
    """Print all three."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--problems", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    found = on_sound(asked.problems, asked.seed)
    print(f"sound problems: {asked.problems}, hints: {found.total()} {dict(found)}")
    problems = list(on_real())
    print(f"real problems: {len(problems)}, with hints: {sum(map(bool, (p[2] for p in problems)))}")
    for name, rows, hints in problems:
        for hint in hints:
            print(f"  {name}, {rows} rows: {hint}")
    print("mistakes hinted at, by rows:", *ROWS)
    for name, shares in on_mistakes(asked.seed):
        print(f"  {name:45}", *(f"{share:5.2f}" for share in shares))


if __name__ == "__main__":
    main()
