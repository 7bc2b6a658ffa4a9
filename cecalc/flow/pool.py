"""Blocks worked on by several threads, and handed on in their order."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterator
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
) -> Iterator[Result]:
    """`work` of each block, in the order of the blocks.

    A thread of its own reads the blocks, so that what has been worked on is handed on while the
    next one is still to come, as from a pipe that trickles. Blocks in memory are bounded by the
    workers, whatever the pace. An error of reading or of work is raised in its turn.
    """
    ready = queue.SimpleQueue[Future[Result] | None]()
    room = threading.Semaphore(workers + AHEAD)
    stopped = threading.Event()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="cecalc")

    def read() -> None:
        try:
            while room.acquire() and not stopped.is_set():
                block = next(blocks, None)
                ready.put(None if block is None else pool.submit(work, block))
                if block is None:
                    return
        except BaseException as error:  # noqa: BLE001 (whoever asks for this block gets it)
            failed = Future[Result]()
            failed.set_exception(error)
            ready.put(failed)

    threading.Thread(target=read, name="cecalc-reader", daemon=True).start()
    try:
        while (future := ready.get()) is not None:
            result = future.result()
            del future  # it holds the result, and with it the block
            room.release()
            yield result
            del result
    finally:
        stopped.set()
        room.release()
        pool.shutdown(wait=False, cancel_futures=True)
