"""The table of what was measured, and what is wrong in it."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

import cecalc
from tests.bench.work import Figure, Outcome, Work, disagreement, figures

PACKAGES = ("numpy", "torch", "pyarrow", "pandas", "polars", "duckdb", "scikit-learn", "orjson")


@dataclass(frozen=True)
class Finding:
    """A work done."""

    name: str
    work: Work
    outcomes: list[Outcome]
    is_full_size: bool
    """Promises are made for the full size; of less, start-up is most of the time."""

    def problems(self) -> Iterator[str]:
        """What has to be mended."""
        if differs := disagreement(self.outcomes):
            yield f"{self.name}: the answers differ: {differs}"
        for outcome in self.outcomes:
            who = outcome.contender.who
            if outcome.failure and outcome.contender.is_ours:
                yield f"{self.name}: {who} failed: {outcome.failure}"
            for figure in self.figures(outcome):
                if figure.is_over and self.is_full_size:
                    told = f"{_number(figure.measured)} {figure.unit}"
                    yield f"{self.name}: {told} of {who}, promised {figure.bound:g}"

    def figures(self, outcome: Outcome) -> list[Figure]:
        """What is said beside one of the contenders."""
        return list(figures(self.work, self.outcomes[0], outcome))

    def verdict(self, figure: Figure) -> str:
        """Whether a promise is kept, where there is one."""
        if figure.bound is None or not self.is_full_size:
            return ""
        return "[red]over[/]" if figure.is_over else "[green]ok[/]"


def table(findings: list[Finding]) -> Table:
    """A row for each process, a section for each work."""
    drawn = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    drawn.add_column("work", no_wrap=True)
    drawn.add_column("who", no_wrap=True)
    for heading in ("seconds", "min–max", "peak MiB", "first ÷ this", "promised"):
        drawn.add_column(heading, justify="right", no_wrap=True)
    drawn.add_column("", no_wrap=True)
    for finding in findings:
        for number, outcome in enumerate(finding.outcomes):
            drawn.add_row("" if number else finding.name, *_cells(finding, outcome))
        if differs := disagreement(finding.outcomes):
            drawn.add_row("", *[""] * 6, f"[red]THE ANSWERS DIFFER[/]: {differs}")
        drawn.add_section()
    return drawn


def _cells(finding: Finding, outcome: Outcome) -> list[str]:
    who = outcome.contender.who
    if outcome.failure:
        verb = "[red]failed[/]" if outcome.contender.is_ours else "cannot"
        return [who, *[""] * 5, f"{verb}: {_plain(outcome.failure)}"]
    seconds = [sample.seconds for sample in outcome.samples]
    shown = finding.figures(outcome)
    return [
        who,
        _number(outcome.seconds),
        f"{_number(min(seconds))}–{_number(max(seconds))}",
        f"{outcome.peak:.0f}",
        "\n".join("" if f.unit == "MiB" else f"{_number(f.measured)} {f.unit}" for f in shown),
        "\n".join("" if f.bound is None else f"≤ {f.bound:g} {f.unit}" for f in shown),
        "\n".join(finding.verdict(figure) for figure in shown),
    ]


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.2f}"


def _plain(text: str) -> str:
    return text.replace("[", r"\[")


def conditions(runs: int, scale: float) -> str:
    """What the numbers depend on."""
    installed = [f"cecalc {cecalc.__version__}"]
    for package in PACKAGES:
        try:
            installed.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            installed.append(f"no {package}")
    how = f"median of {runs}" + ("" if scale == 1 else f", {scale:g} of the rows: nothing judged")
    machine = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {platform.system()}"
    return f"{how} · {machine} · Python {platform.python_version()}\n{', '.join(installed)}"


def show(findings: list[Finding], below: str) -> None:
    """Print the table, at its natural width where that is not a terminal's."""
    console = Console(highlight=False)
    drawn = table(findings)
    if not console.is_terminal:
        unbounded = console.options.update(max_width=10_000)
        console.width = Measurement.get(console, unbounded, drawn).maximum
    with console.capture() as captured:
        console.print(drawn)
    print(*map(str.rstrip, captured.get().splitlines()), below, sep="\n")
