"""The blocks of an input become outcomes; a broken rule becomes an error that names its places."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from cecalc.errors import DataError, Place
from cecalc.losses.checks import BrokenRule
from cecalc.model import Batch, Block
from cecalc.progress import Meter
from cecalc.run.collectors import Job, Work
from cecalc.run.faults import Refusal, Seen, all_broken, source_of

Piece = TypeVar("Piece")
Result = TypeVar("Result")

AHEAD = 1
"""How many blocks may wait, read but not begun, so that no worker waits for the reader."""


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_order(
    blocks: Iterator[Piece], work: Callable[[Piece], Result], workers: int
) -> Generator[Result, None, None]:
    """`work` of each block, in the order of the blocks.

    A thread of its own reads the blocks, so that what has been worked on is handed on while the
    next one is still to come, as from a pipe that trickles. Blocks in memory are bounded by the
    workers, whatever the pace. An error of reading or of work is raised in its turn.

    Whoever closes this may be the garbage collector, in any thread that holds any lock: it waits
    for none, and leaves the end of the pool to the thread that reads.
    """
    ready = queue.SimpleQueue[Future[Result] | None]()
    room, is_stopped = queue.SimpleQueue[None](), False
    for _ in range(workers + AHEAD):
        room.put(None)
    pool = ThreadPoolExecutor(workers, thread_name_prefix="cecalc")

    def read() -> None:
        try:
            while room.get() is None and not is_stopped:
                block = next(blocks, None)
                ready.put(None if block is None else pool.submit(work, block))
                if block is None:
                    return
        except BaseException as error:  # noqa: BLE001 (whoever asks for this block gets it)
            failed = Future[Result]()
            failed.set_exception(error)
            ready.put(failed)
        finally:
            pool.shutdown(wait=False, cancel_futures=is_stopped)

    threading.Thread(target=read, name="cecalc-reader", daemon=True).start()
    try:
        while (future := ready.get()) is not None:
            result = future.result()
            del future  # it holds the result, and with it the block
            room.put(None)
            yield result
            del result
    finally:
        is_stopped = True
        room.put(None)


@dataclass(frozen=True)
class Done(Generic[Work]):
    """A block that was computed, or the rules that its rows break."""

    batch: Batch
    seen: Seen
    computed: Work | None = None
    """None where rows break a rule."""
    broken: Sequence[BrokenRule] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    """How long each stage took."""


@dataclass(frozen=True)
class Computation(Generic[Work]):
    """What is done to every block."""

    job: Job[Work]
    meter: Meter

    def over(self, blocks: Iterator[Block]) -> Iterator[tuple[Batch, Work]]:
        """Each batch and what became of it, in order.

        What comes before the earliest fault is handed on.

        Raises
        ------
        DataError : rows break a rule; the error knows all their places
        CecalcError : what the input itself is refused for
        """
        self.meter.threads = cores()
        with closing(in_order(self._timed(blocks), self._done, self.meter.threads)) as results:
            seen = Seen()
            for done in results:
                for stage, seconds in done.seconds.items():
                    self.meter.spend(stage, seconds)
                seen = seen.and_then(done.seen)
                if done.computed is None:
                    refusal = Refusal.of(done.broken, done.batch)
                    if refusal.row:
                        sound = done.batch.rows(slice(refusal.row))
                        yield sound, self._computed(sound)
                    raise self._counted(refusal, seen, done, results)
                yield done.batch, done.computed
                if done.batch.fault is not None:
                    raise done.batch.fault

    def _timed(self, blocks: Iterator[Block]) -> Iterator[Block]:
        start = time.perf_counter()
        for block in blocks:
            self.meter.spend("read", time.perf_counter() - start)
            yield block
            start = time.perf_counter()

    def _done(self, block: Block) -> Done[Work]:
        start = time.perf_counter()
        batch = self._weighted(block())
        parsed = time.perf_counter()
        done = self._checked(batch)
        whole, transfer = time.perf_counter() - parsed, self.job.setup.arithmetic.transferred()
        seconds = {"parse": parsed - start, "transfer": transfer, "compute": whole - transfer}
        return replace(done, seconds=seconds)

    def _weighted(self, batch: Batch) -> Batch:
        """The rows of a batch for which there are weights, where each row has its own."""
        weighted = min(self.job.settings.rows_weighted(batch), default=batch.start + batch.size)
        there = weighted - batch.start
        if there >= batch.size:
            return batch
        place = Place(source=source_of(batch, self.job.setup.schema))
        fault = DataError(f"weights for {weighted} rows, but there are more", place=place)
        if there <= 0:
            raise fault
        return replace(batch.rows(slice(there)), fault=fault)

    def _checked(self, batch: Batch) -> Done[Work]:
        settings = self.job.settings
        try:
            computed = self._computed(batch)
        except BrokenRule as first:
            broken = all_broken(batch, first, self._computed)
            return Done(batch, Seen.of(batch, settings, is_sound=False), broken=broken)
        is_sound = not settings.request.unchecked
        return Done(batch, Seen.of(batch, settings, is_sound=is_sound), computed)

    def _computed(self, batch: Batch) -> Work:
        try:
            return self.job.compute(batch)
        except DataError as error:
            raise error.at(source=source_of(batch, self.job.setup.schema)) from None

    def _counted(
        self, refusal: Refusal, seen: Seen, first: Done[Work], rest: Iterator[Done[Work]]
    ) -> DataError:
        """The error for rows that break a rule.

        The rest of the input is looked through too, up to the next row that cannot be read, so
        that one run tells all; an input that cannot be read to its end is told instead.
        """
        done, setup = first, self.job.setup
        with suppress(DataError):  # the first fault is the one to tell
            while done.batch.fault is None and (following := next(rest, None)) is not None:
                done = following
                seen = seen.and_then(done.seen)
                refusal.count(done.broken, done.batch)
        asked = setup.request.input
        return refusal.error(setup.schema, seen, setup.arithmetic.dtype.value, asked)
