"""Measures cecalc beside what one would write instead, and holds it to what it promises.

    pip install -e '.[bench]'
    python -m tests.bench [--runs 3] [--only SUBSTRING] [--data DIR] [--scale 0.01]

One table: for each piece of work, cecalc (the one of the running interpreter) and its peers on the
same files. Every row is a whole process, from its start to its end, imports included, with the
median wall time of several runs (two more where a promise is tight), the shortest and the longest,
and the median of the most memory it held at once. The contenders of a work run in turn, A B C, A B
C, after one round that is not counted, so that what else the machine does falls on all of them and
files and bytecode are cached for all. `first ÷ this` is the time (or memory) of the first row of
the work, cecalc, divided by that of the row; a bound on it stands beside it. Every process that
computes a mean prints it, and the means have to agree: to 1e-9, or to 1e-4 where a peer computes in
float32.

The files are random but always the same; they are made when first needed, about 3 GB in all, and
kept in a folder of the system's temporary directory. The status is 0 if cecalc did all its work, no
answers differ and no promise is broken; promises are judged at the full size alone. A peer that is
not installed or cannot do the work is named with the reason.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from tests.bench.data import Data
from tests.bench.report import Finding, conditions, show
from tests.bench.runs import outcomes
from tests.bench.works import WORKS

FOLDER = Path(tempfile.gettempdir()) / "cecalc-bench"


def bench(
    runs: Annotated[int, typer.Option(min=1, help="How often each process is timed.")] = 3,
    only: Annotated[str, typer.Option(help="Only works with this in their names.")] = "",
    data: Annotated[Path, typer.Option(help="Where the files are made and kept.")] = FOLDER,
    scale: Annotated[float, typer.Option(min=0, max=1, help="The fraction of the rows.")] = 1.0,
) -> None:
    """Measure cecalc beside its peers."""
    chosen = {name: make for name, make in WORKS.items() if only.lower() in name.lower()}
    if not chosen:
        raise typer.BadParameter(f"none of: {', '.join(WORKS)}", param_hint="--only")
    below = conditions(runs, scale)
    findings = []
    for name, make in chosen.items():
        print(name, "...", file=sys.stderr, flush=True)
        work = make(Data(data.resolve(), scale))
        findings.append(Finding(name, work, outcomes(work, runs), is_full_size=scale == 1))
    show(findings, below)
    problems = [problem for finding in findings for problem in finding.problems()]
    for problem in problems:
        print("bench:", problem, file=sys.stderr)
    raise typer.Exit(bool(problems))


if __name__ == "__main__":
    typer.run(bench)
