"""Blocks that several threads work on come in their order, and nothing is left behind."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cecalc.run import blocks as pool
from cecalc.run.blocks import AHEAD, in_order

SECONDS = 200
"""After which something hangs."""


def _within_time(act: Callable[[], None]) -> None:
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    thread.join(SECONDS)
    assert not thread.is_alive()


def _wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not holds() and time.monotonic() < end:
        time.sleep(0.001)
    assert holds()


class Broken(BaseException):
    """Not even an Exception."""


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_order_whatever_each_takes(workers: int) -> None:
    pauses = random.Random(workers).choices([0, 0, 0.001, 0.01], k=60)  # noqa: S311

    def work(block: int) -> int:
        time.sleep(pauses[block])
        return block

    assert list(in_order(iter(range(60)), work, workers)) == list(range(60))


def test_nothing_to_do() -> None:
    assert list(in_order(iter([]), str, 2)) == []


@pytest.mark.parametrize("error", [ValueError, MemoryError, Broken])
@pytest.mark.parametrize("where", ["reading", "work"])
@pytest.mark.parametrize("workers", [1, 3])
def test_errors_come_in_their_turn(error: type[BaseException], where: str, workers: int) -> None:
    came = list[int]()

    def fail(block: int, here: str) -> int:
        if block == 5 and where == here:
            raise error
        time.sleep(0.002 * (block < 5))  # what comes before is still worked on
        return block

    def act() -> None:
        blocks = (fail(block, "reading") for block in range(9))
        with pytest.raises(error):
            came.extend(in_order(blocks, lambda block: fail(block, "work"), workers))

    _within_time(act)
    assert came == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_few_blocks_at_once(workers: int) -> None:
    read = list[int]()

    def blocks() -> Iterator[int]:
        for block in range(100):
            read.append(block)
            yield block

    for taken, _ in enumerate(in_order(blocks(), str, workers)):
        if taken % 10 == 0:
            time.sleep(0.005)  # as long as the others like to run ahead
        assert len(read) - taken <= workers + AHEAD + 1


def test_closing_stops_the_reader() -> None:
    read = list[int]()

    def blocks() -> Iterator[int]:
        for block in itertools.count(1):
            read.append(block)
            yield block

    before = threading.active_count()
    results = in_order(blocks(), lambda block: block, 2)
    assert next(results) == 1
    results.close()
    _wait_until(lambda: threading.active_count() <= before)
    assert len(read) <= 2 + AHEAD + 2


def test_who_forgets_it_may_hold_any_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    made = list[ThreadPoolExecutor]()

    class Noted(ThreadPoolExecutor):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            made.append(self)

    def act() -> None:
        results = in_order(itertools.count(), lambda block: block, 2)
        assert next(results) == 0
        with made[0]._shutdown_lock:  # as where garbage is collected while work is handed in
            results.close()

    monkeypatch.setattr(pool, "ThreadPoolExecutor", Noted)
    _within_time(act)


def test_closing_does_not_wait_for_a_slow_input() -> None:
    may_go_on = threading.Event()

    def blocks() -> Iterator[int]:
        yield 1
        may_go_on.wait()

    def act() -> None:
        results = in_order(blocks(), lambda block: block, 2)
        assert next(results) == 1
        results.close()

    _within_time(act)
    may_go_on.set()


def test_what_is_done_comes_before_the_next_is_read() -> None:
    came = threading.Event()

    def blocks() -> Iterator[bool]:
        yield True
        yield came.wait(SECONDS)

    for in_time in in_order(blocks(), lambda block: block, 2):
        assert in_time
        came.set()
