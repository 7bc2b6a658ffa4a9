"""The long run; `python -m tests.fuzz --help`."""

from __future__ import annotations

import argparse
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fuzz.engines import ENGINES
from tests.fuzz.session import GROWTH, Session, Tried
from tests.fuzz.shell import Shell
from tests.fuzz.targets import every

_PATIENCE = 120
"""How many seconds a worker may take beyond its time."""


@dataclass
class Total:
    """What the workers of one target and engine counted."""

    counts: Counter[str] = field(default_factory=Counter)
    found: set[str] = field(default_factory=set)
    stricter: dict[str, str] = field(default_factory=dict)
    grown: int = 0

    def add(self, report: dict[str, Any]) -> None:
        """What one more worker counted."""
        self.counts += Counter(report["counts"])
        self.found |= set(report["found"])
        self.stricter |= report["stricter"]
        self.grown = max(self.grown, report["grown"])


def fuzzed(name: str, engine: str, seconds: float, seed: int, keep: Path) -> Total:
    """Run workers until the time is over; one that dies is a finding, and the next goes on."""
    total, end = Total(), time.monotonic() + seconds
    report, current = keep / f"{name}.report", keep / f"{name}.current"
    while (left := end - time.monotonic()) > 1 or not total.counts:
        report.unlink(missing_ok=True)
        command = [sys.executable, "-m", "tests.fuzz.worker", name, engine, f"{left:.0f}"]
        status, said = _ran([*command, str(seed), str(keep)], left + _PATIENCE)
        if report.exists():
            total.add(json.loads(report.read_text()))
        if status == 0:
            break
        kind = f"{name}: the process ended with {status}"
        path = keep / f"{name}-{engine}-{seed}.input"
        if current.exists():
            shutil.move(current, path)
        path.with_suffix(".txt").write_text(f"{kind}\n{said[-4000:]}\n")
        total.found.add(f"{kind} ({path.name})")
        if not report.exists():
            break  # it dies at once
        seed += 1000
    current.unlink(missing_ok=True)
    if total.grown > GROWTH:
        total.found.add(f"{name}: the memory of the process grew by {total.grown >> 20} MiB")
    return total


def _ran(command: list[str], seconds: float) -> tuple[int, str]:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        return -1, f"still running after {error.timeout} s"
    return done.returncode, done.stderr


def line(name: str, engine: str, total: Total) -> str:
    """The counts of one target under one engine."""
    counts = total.counts
    refused = ", ".join(
        f"{key.removeprefix('status ')}: {counts[key]}"
        for key in sorted(counts)
        if key.startswith("status ") and key != "status 0"
    )
    return (
        f"{name:12} {engine:10} {counts['tried']:8} tried {counts['status 0']:7} accepted "
        f"({counts['verified']} verified, {counts['abstained']} not) refused {{{refused}}} "
        f"stricter {counts['stricter']}, {total.grown >> 20} MiB more, {len(total.found)} found"
    )


def replayed(path: Path) -> int:
    """Run a finding once more."""
    target = every()[path.name.split("-")[0]]
    with Shell() as shell, tempfile.TemporaryDirectory() as folder:
        session = Session(target, shell, Path(folder))
        fault = session.check(Tried.decoded(path.read_bytes(), target))
        print(session.told)
    print(fault or "nothing is wrong with it any more")
    return int(fault is not None)


def main() -> int:
    """Fuzz the targets, one after the other; 1 where something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(every())}")
    parser.add_argument("--seconds", type=float, default=1800, help="in all (1800)")
    parser.add_argument("--engine", choices=[*ENGINES, "all"], default="all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="where findings go")
    parser.add_argument("--replay", type=Path, metavar="FINDING", help="run one .input again")
    said = parser.parse_args()
    if said.replay is not None:
        return replayed(said.replay)
    if unknown := set(said.targets) - set(every()):
        parser.error(f"no such target: {', '.join(unknown)}")
    engines = list(ENGINES) if said.engine == "all" else [said.engine]
    if "atheris" in engines and importlib.util.find_spec("atheris") is None:
        print("atheris is not installed (pip install -e '.[fuzz]'): nothing is coverage-guided")
        engines.remove("atheris")
    names = said.targets or list(every())
    keep = said.keep or Path(tempfile.mkdtemp(prefix="cecalc-fuzz-"))
    keep.mkdir(parents=True, exist_ok=True)
    each, tried, found = said.seconds / max(1, len(names) * len(engines)), 0, set[str]()
    for name in names:
        for engine in engines:
            total = fuzzed(name, engine, each, said.seed, keep)
            print(line(name, engine, total), *sorted(total.found), sep="\n  ", flush=True)
            for refusal, example in list(total.stricter.items())[:5]:
                print(f"  refused, though the reference reads it: {refusal!r}\n    {example}")
            tried, found = tried + total.counts["tried"], found | total.found
    print(f"{tried} inputs tried, {len(found)} kinds of faults found; they are in {keep}")
    return int(bool(found) or not engines)


if __name__ == "__main__":
    sys.exit(main())
