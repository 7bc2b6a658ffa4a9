"""Runs the contenders of a work in turn, each as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.bench.work import Contender, Outcome, Sample, Work

MEASURE = str(Path(__file__).with_name("measure.py"))
PATIENCE = 600.0
"""Seconds after which a process is given up."""
UNUSUAL = {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
"""What a user's environment does not hold: without caches of bytecode every import is slow."""


class ContenderError(Exception):
    """A process that did not do its work."""


def outcomes(work: Work, runs: int) -> list[Outcome]:
    """All contenders once untimed, then A B C, A B C, ..., so that noise falls on all."""
    found = [Outcome(contender) for contender in work.contenders]
    for run in range(1 + runs + work.more_runs):
        for outcome in found:
            if outcome.failure is None:
                try:
                    sample = sampled(outcome.contender)
                except ContenderError as error:
                    outcome.failure = str(error)
                else:
                    outcome.samples += [sample] if run else []
    return found


def sampled(contender: Contender) -> Sample:
    """One run."""
    with subprocess.Popen(
        [sys.executable, "-I", "-S", MEASURE, *contender.command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_usual(os.environ),
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, errors = process.communicate(timeout=PATIENCE)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                raise ContenderError(f"over {PATIENCE:.0f} s") from None
            raise
    *printed, measured = output.splitlines() or [""]
    if process.returncode:
        raise ContenderError(_told(errors) or "not to be measured")
    seconds, peak, status = measured.split()
    if status != "0":
        raise ContenderError(_told(errors) or f"status {status}")
    lines = [line for line in printed if line.strip()]
    return Sample(float(seconds), float(peak) / 2**20, lines[-1].strip() if lines else "")


def _usual(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name not in UNUSUAL}


def _told(errors: str) -> str:
    """The line that says what went wrong: the first one, of a traceback the last."""
    lines = errors.strip().splitlines() or [""]
    return lines[-1 if any(line.startswith("Traceback") for line in lines) else 0]
