"""Running the program, in three ways, and what holds for every run whatever happens to it.

In this process (the fixture `cecalc`, which costs what the work costs): where status, output and
messages are asked for, which is nearly always.

By a fork of a process that has it imported (`shell`, `started`, `terminal`; 50 ms): where there are
pipes, descriptors, a terminal, the mask, a limit of the shell, a directory that goes; where a
signal comes in the midst of the work. `python -m cecalc` has the same `main`, and so the same
handling of signals and streams.

By a start (the same with `fresh=True`; half a second): where the interpreter or a library reads
something as it starts (`PYTHON…`, `LC_…`, `OMP_…`), what is imported, how much memory is taken or
left; where a signal comes before the work begins or a signal's handling is looked at; and where
another program starts it (strace, setpriv, timeout).
"""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cecalc.cli import status_of
from tests.forking import asked

ROOT = Path(__file__).parent.parent
CECALC = [sys.executable, "-m", "cecalc"]
FOUNDING = "ce --logits '2,-3,0.8,1.2;1.5,-0.1,0.9,-1.3' --target 2,1"

TRY = "cecalc: try: cecalc "
STATUSES = {0, 1, 2, 3, 4, 5, 6, 70}
DEATHS = {128 + s for s in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGTERM)}
SIGPIPE = 128 + signal.SIGPIPE


def environment(**more: str) -> dict[str, str]:
    """The environment of a run: ours is the package it finds."""
    return os.environ | {"PYTHONPATH": str(ROOT)} | more


def written(files: Mapping[str, str | bytes], folder: Path) -> None:
    """Put files into a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


class Ended(NamedTuple):
    """How a run ended, and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def tries(self) -> list[str]:
        """The commands that an error printed."""
        return [text.removeprefix(TRY) for text in self.err.splitlines() if text.startswith(TRY)]

    @property
    def said(self) -> str:
        """What was said beside them."""
        texts = self.err.splitlines(keepends=True)
        return "".join(text for text in texts if not text.startswith(TRY))


@dataclass(frozen=True)
class InProcess:
    """The program in this process, in a folder of its own."""

    folder: Path
    captured: pytest.CaptureFixture[str]

    def __call__(
        self, line: str | Sequence[str], files: Mapping[str, str | bytes] | None = None
    ) -> Ended:
        """Run a command line, split at its spaces where it is a text, on files that hold this."""
        written(files or {}, self.folder)
        status = status_of(line.split() if isinstance(line, str) else list(line))
        return Ended(status, *self.captured.readouterr())


def program(*, fresh: bool) -> list[str]:
    """The command line that is cecalc: a start of it, or a fork."""
    return CECALC if fresh else asked()


def shell(command: str, cwd: Path, *, fresh: bool = False, **more: str) -> tuple[int, str, str]:
    """Status, standard output and standard error of a bash command, `cecalc` in it being ours."""
    ours = " ".join(program(fresh=fresh))
    run = subprocess.run(
        ["bash", "-o", "pipefail", "-c", re.sub(r"\bcecalc\b", ours, command)],
        cwd=cwd,
        env=environment(**more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        check=False,
        timeout=600,
    )
    status = run.returncode if run.returncode >= 0 else 128 - run.returncode
    check(status, run.stderr)
    return status, run.stdout, run.stderr


def check(status: int, err: str) -> None:
    """What holds for every run: a status that is promised, and at most two lines, printable."""
    assert status in STATUSES | DEATHS, (status, err[-2000:])
    lines = err.split("\n")
    assert lines.pop() == ""
    errors = [line for line in lines if line.startswith("cecalc: error: ")]
    hints = [line for line in lines if line.startswith("cecalc: hint: ")]
    assert len(lines) == len(errors) + len(hints), err
    assert len(errors) <= 1, err
    assert len(hints) <= 1 or not errors, err
    assert all(len(line) <= 400 and line.isascii() and line.isprintable() for line in lines), err
    if status in DEATHS:
        assert err == ""


def started(
    arguments: Sequence[str], cwd: Path, *, fresh: bool = False, **more: Any
) -> subprocess.Popen[bytes]:
    """A run in the background, nothing on its standard input."""
    options: dict[str, Any] = {"stdin": subprocess.DEVNULL, "env": environment()}
    options |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | more
    return subprocess.Popen([*program(fresh=fresh), *arguments], cwd=cwd, **options)


def settle(run: subprocess.Popen[bytes]) -> None:
    """Wait until signals are ours: an interpreter that starts ignores SIGPIPE and takes SIGINT."""
    if sys.platform != "linux":
        time.sleep(0.5)
    deadline = time.monotonic() + 600
    while sys.platform == "linux" and run.poll() is None:
        assert time.monotonic() < deadline, "SIGINT is still the interpreter's"
        text = Path(f"/proc/{run.pid}/status").read_text()
        ignored, caught = (
            int(re.findall(rf"{name}:\s*(\w+)", text)[0], 16) for name in ("SigIgn", "SigCgt")
        )
        if ignored >> (signal.SIGPIPE - 1) & 1 and not caught >> (signal.SIGINT - 1) & 1:
            return
        time.sleep(0.001)


def computed(run: subprocess.Popen[bytes]) -> float:
    """How many seconds of a processor a process has taken: what a busy machine leaves as it is."""
    fields = Path(f"/proc/{run.pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def wait_until_computed(run: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait until a process has taken so much of a processor, or is over."""
    if sys.platform != "linux":
        time.sleep(seconds)
    while sys.platform == "linux" and run.poll() is None and computed(run) < seconds:
        time.sleep(0.002)


def terminal(arguments: Sequence[str], cwd: Path, **more: str) -> tuple[int, str]:
    """The status of a run on a terminal, and all that the terminal is sent."""
    ours, theirs = pty.openpty()
    run = subprocess.Popen(
        [*program(fresh=False), *arguments],
        cwd=cwd,
        env={"TERM": "xterm-256color"} | environment(**more),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while select.select([ours], [], [], 600)[0]:
        try:
            shown += os.read(ours, 65536)
        except OSError:  # the terminal's other side is closed
            break
    os.close(ours)
    return run.wait(timeout=600), shown.decode(errors="surrogateescape").replace("\r\n", "\n")
