"""How far a run has come, on standard error: while it runs, and (`--time`) when it is done."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

DELAY = 1.0
"""For how many seconds nothing is shown."""
STAGES = ("read", "parse", "transfer", "compute", "write")
_MEGA = 1e6

T = TypeVar("T")


@dataclass
class Meter:
    """What a run has done so far: the run writes, whoever shows it reads."""

    read: int = 0
    """Bytes of input, as they are stored."""
    total: int | None = None
    """How many there are, where that is known."""
    written: int = 0
    rows: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    """How long each stage took, all its threads together."""
    threads: int = 1

    def spend(self, stage: str, seconds: float) -> None:
        """Add to a stage; only one thread does."""
        self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds


def awaited(items: Iterator[T], meter: Meter, *, wanted: bool) -> Generator[T, None, None]:
    """The items; the time they are waited for is kept as that of the stages before writing.

    From a second on, a line is drawn on the terminal. It is gone when the last item is there,
    before the result of them all is written, or when this is closed.

    Parameters
    ----------
    meter : what the run has done so far
    wanted : whether anything is to be drawn at all
    """
    done = threading.Event()
    drawing = threading.Thread(
        target=_draw, args=(meter, done), name="cecalc-progress", daemon=True
    )
    if wanted:
        drawing.start()
    try:
        while True:
            start = time.perf_counter()
            item = next(items, None)
            meter.spend("awaited", time.perf_counter() - start)
            if item is None:
                return
            yield item
    finally:
        done.set()
        if wanted:
            drawing.join()


def _draw(meter: Meter, done: threading.Event) -> None:
    """Bytes done (of all, where that is known), rows, their rate and the time left, on one line."""
    start, pause = time.monotonic(), DELAY
    with contextlib.suppress(OSError, ValueError):  # standard error may be closed meanwhile
        terminal = sys.stderr.fileno()
        while not done.wait(pause):
            pause, seconds = 0.1, time.monotonic() - start
            size, rate = f"{meter.read / _MEGA:,.1f} MB", f"{meter.rows / seconds:,.0f} rows/s"
            parts = [size, f"{meter.rows:,} rows", rate]
            if meter.total and meter.read:
                share = meter.read / meter.total
                parts[0] = f"{share:4.0%} of {meter.total / _MEGA:,.1f} MB"
                parts.append(f"{seconds / share - seconds:,.0f} s left")
            room = os.get_terminal_size(terminal).columns or 80
            os.write(terminal, f"\r\x1b[2Kcecalc: {'  '.join(parts)}"[: room + 4].encode())
        if pause < DELAY:
            os.write(terminal, b"\r\x1b[2K")


def is_seen(*, streams: bool) -> bool:
    """Whether somebody may be watching standard error, and no rows are written to a terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        return False
    return not (streams and sys.stdout is not None and sys.stdout.isatty())


def timings(meter: Meter, seconds: float) -> Iterator[str]:
    """What took how long, a line for each stage, at the rate of the bytes it worked on."""
    spent = meter.seconds | {"write": max(0.0, seconds - meter.seconds.get("awaited", 0.0))}
    for stage in STAGES:
        size = meter.written if stage == "write" else meter.read
        took = spent.get(stage, 0.0)
        yield f"{stage:<9} {took:8.3f} s {_rate(size, took)}".rstrip()
    threads = f"on {meter.threads} threads" if meter.threads > 1 else "on one thread"
    yield f"{'whole':<9} {seconds:8.3f} s {_rate(meter.read, seconds)}  {threads}, side by side"


def _rate(size: int, seconds: float) -> str:
    return f"{size / _MEGA / seconds:9.1f} MB/s" if size and seconds >= 5e-4 else ""
