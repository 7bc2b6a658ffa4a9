"""One call of the program, in-process, and all that a user would see of it."""

from __future__ import annotations

import contextlib
import faulthandler
import io
import os
import resource
import signal
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pkgutil import walk_packages
from types import FrameType
from typing import Any, Self
from unittest import mock

import cecalc.input
from cecalc.cli import commands

_ROOM = [import_module(m.name) for m in walk_packages(cecalc.input.__path__, "cecalc.input.")]
_SMALL = {"MIN_ARROW_BYTES": 0, "BLOCK_BYTES": 40, "BATCH_VALUES": 4}
"""Sizes under which small input takes the ways of large input."""
_SIZES = [(module, name) for module in _ROOM for name in _SMALL if hasattr(module, name)]
_KIBIBYTES = 1 if sys.platform == "darwin" else 1024


class Hang(BaseException):
    """The time of a call is over."""


@dataclass(frozen=True)
class Ran:
    """What a call left behind."""

    status: int | None
    """None where it raised."""
    out: bytes
    err: bytes
    raised: str | None
    """The place of an exception that came out, or of one that became an internal error."""
    grown: int
    """By how many bytes the process has become larger than ever before."""


class Shell:
    """Calls the program with its streams caught; one for many calls.

    Parameters
    ----------
    seconds : how long a call may take
    """

    def __init__(self, seconds: float = 10) -> None:
        self._seconds = seconds

    def __enter__(self) -> Self:
        self._files = [tempfile.TemporaryFile() for _ in "oe"]  # noqa: SIM115
        self._own = [os.dup(number) for number in (1, 2)]
        self._streams = [
            io.TextIOWrapper(
                io.FileIO(n, "w", closefd=False), errors="backslashreplace", write_through=True
            )
            for n in (1, 2)
        ]
        self._handler = signal.signal(signal.SIGALRM, _hangs)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGALRM, self._handler)
        for file in (*self._files, *self._streams):
            file.close()
        for number in self._own:
            os.close(number)

    def run(self, arguments: Sequence[str], stdin: bytes = b"", *, small: bool = False) -> Ran:
        """Run the program with these arguments; `small` lets it read in many blocks."""
        before = _peak()
        with self._caught(stdin), _sized(small):
            status, raised = self._called(list(arguments))
            if status == 70:
                raised = self._bug([*arguments, "--debug"])
        out, err = map(_taken, self._files)
        return Ran(status, out, err, raised, _peak() - before)

    def _bug(self, arguments: list[str]) -> str:
        """What becomes an internal error."""
        places: list[str] = []

        def noted(error: BaseException) -> list[str]:
            places.append(_place(error))
            return []

        with mock.patch.object(traceback, "format_exception", noted):
            self._called(arguments)
        return next(iter(places), "internal error")

    def _called(self, arguments: list[str]) -> tuple[int | None, str | None]:
        faulthandler.dump_traceback_later(max(60, 6 * self._seconds), exit=True, file=self._own[1])
        signal.setitimer(signal.ITIMER_REAL, self._seconds)
        try:
            return int(commands.status_of(arguments)), None
        except BaseException as error:  # whatever comes out is a fault
            if isinstance(error, KeyboardInterrupt):
                raise
            return None, _place(error)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            faulthandler.cancel_dump_traceback_later()

    @contextlib.contextmanager
    def _caught(self, stdin: bytes) -> Iterator[None]:
        python = sys.stdin, sys.stdout, sys.stderr
        sys.stdout.flush()
        for number, file in enumerate(self._files, 1):
            os.dup2(file.fileno(), number)
        sys.stdin = io.TextIOWrapper(io.BufferedReader(_Piped(stdin)))
        sys.stdout, sys.stderr = self._streams
        try:
            yield
        finally:
            sys.stdin, sys.stdout, sys.stderr = python
            for number, own in enumerate(self._own, 1):
                os.dup2(own, number)


class _Piped(io.RawIOBase):
    """Standard input: what a pipe gives."""

    def __init__(self, data: bytes) -> None:
        self._rest = memoryview(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


@contextlib.contextmanager
def _sized(small: bool) -> Iterator[None]:
    if not small:
        yield
        return
    usual = [getattr(module, name) for module, name in _SIZES]
    for module, name in _SIZES:
        setattr(module, name, _SMALL[name])
    try:
        yield
    finally:
        for (module, name), size in zip(_SIZES, usual, strict=True):
            setattr(module, name, size)


def _taken(file: Any) -> bytes:
    file.seek(0)
    data: bytes = file.read()
    file.seek(0)
    file.truncate()
    return data


def _place(error: BaseException) -> str:
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "cecalc" in f.filename]
    where = (
        f" at {frames[-1].filename.rpartition('cecalc/')[2]}:{frames[-1].name}" if frames else ""
    )
    return f"{type(error).__name__}{where}: {str(error)[:80]}"


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIBIBYTES


def _hangs(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    raise Hang
