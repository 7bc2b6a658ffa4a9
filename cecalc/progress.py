"""How far a run has come, on standard error: while it runs, and (`--time`) when it is done."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from cecalc.model import Meter

if TYPE_CHECKING:
    from rich.progress import Progress

DELAY = 1.0
"""For how many seconds nothing is shown."""
STAGES = ("read", "parse", "transfer", "compute", "write")
_MEGA = 1e6

T = TypeVar("T")


class Shown:
    """Shows a line on the terminal while the block of a `with` takes longer than a second.

    Parameters
    ----------
    meter : what the run has done so far
    wanted : whether anything is to be shown at all
    """

    def __init__(self, meter: Meter, *, wanted: bool) -> None:
        self._meter, self._wanted = meter, wanted
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._show, name="cecalc-progress", daemon=True)

    def __enter__(self) -> Self:
        if self._wanted:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Leave the terminal as it was."""
        self._done.set()
        if self._wanted:
            self._thread.join()

    def _show(self) -> None:
        if self._done.wait(DELAY):
            return
        meter = self._meter
        with _drawn(is_pipe=meter.total is None) as progress:
            progress.console.show_cursor()  # a signal would leave it hidden
            task = progress.add_task("", total=meter.total, rows=0, rate="")
            start = time.monotonic() - DELAY
            while not self._done.wait(0.1):
                rate = meter.rows / (time.monotonic() - start)
                rows = f"{meter.rows:,} rows"
                progress.update(task, completed=meter.read, rows=rows, rate=f"{rate:,.0f} rows/s")


def _drawn(*, is_pipe: bool) -> Progress:
    """Bytes done of all, rows, rate and time left; of a pipe, bytes, rows and rate."""
    from rich import progress
    from rich.console import Console

    parts: list[Any] = ["cecalc:"]
    if is_pipe:
        parts += [progress.FileSizeColumn()]
    else:
        parts += [progress.BarColumn(20), progress.DownloadColumn()]
    parts += ["{task.fields[rows]}", "{task.fields[rate]}"]
    if not is_pipe:
        parts += [progress.TimeRemainingColumn(), "left"]
    return progress.Progress(*parts, console=Console(stderr=True), transient=True)


def is_seen(*, streams: bool) -> bool:
    """Whether somebody may be watching standard error, and no rows are written to a terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        return False
    return not (streams and sys.stdout is not None and sys.stdout.isatty())


def awaited(items: Iterator[T], meter: Meter, done: Callable[[], None]) -> Iterator[T]:
    """The items; the time they are waited for is kept as that of the stages before writing.

    `done` is called when the last one is there, before the result of them all is written.
    """
    while True:
        start = time.perf_counter()
        item = next(items, None)
        meter.spend("awaited", time.perf_counter() - start)
        if item is None:
            done()
            return
        yield item


def timings(meter: Meter, seconds: float) -> str:
    """What took how long, a line for each stage, at the rate of the bytes it worked on."""
    spent = meter.seconds | {"write": max(0.0, seconds - meter.seconds.get("awaited", 0.0))}
    lines = []
    for stage in STAGES:
        size = meter.written if stage == "write" else meter.read
        took = spent.get(stage, 0.0)
        lines.append(f"{stage:<9} {took:8.3f} s {_rate(size, took)}".rstrip())
    threads = f"on {meter.threads} threads" if meter.threads > 1 else "on one thread"
    whole = f"{'whole':<9} {seconds:8.3f} s {_rate(meter.read, seconds)}  {threads}, side by side"
    return "\n".join([*lines, whole])


def _rate(size: int, seconds: float) -> str:
    return f"{size / _MEGA / seconds:9.1f} MB/s" if size and seconds >= 5e-4 else ""
