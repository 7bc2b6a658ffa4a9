"""Blocks worked on by several threads, and handed on in their order."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Block = TypeVar("Block")
Result = TypeVar("Result")

AHEAD = 1
"""How many blocks may wait, read but not begun, so that no worker waits for the reader."""


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_order(
    blocks: Iterator[Block], work: Callable[[Block], Result], workers: int
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
