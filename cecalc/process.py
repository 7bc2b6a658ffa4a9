"""What a process owes the shell: to die by signals, to spare closed streams, to know its limits."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

LEAST_MEMORY = 2**28
"""The address space below which libraries end the process as they are loaded."""
DEADLY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals by which a person, a supervisor or a terminal ends a run."""


def die_by_signals() -> None:
    """A signal ends the process by the signal, at once, even inside a long call of a library."""
    for number in DEADLY:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def die_by(number: int) -> None:
    """End by a signal as a process does that never heard of it, silently."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def occupy_streams() -> None:
    """Give closed standard streams something that refuses: no file opened later gets their number.

    Else `>&-` lets results land in whatever happened to become descriptor 1.
    """
    with suppress(OSError):
        while (descriptor := os.open("/", os.O_RDONLY)) <= 2:
            pass
        os.close(descriptor)


def address_limit() -> float:
    """How many bytes of address space the process may have (`ulimit -v`)."""
    if sys.platform == "win32":
        return float("inf")
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return float("inf") if limit == resource.RLIM_INFINITY else limit


def is_of_memory(error: BaseException | None) -> bool:
    """Whether an error comes of too little memory, whatever it calls itself."""
    is_limited = address_limit() < float("inf")
    for cause in _causes(error):
        if isinstance(cause, MemoryError) or getattr(cause, "errno", None) == errno.ENOMEM:
            return True
        if is_limited and isinstance(cause, (ImportError, SystemError)):
            return True  # half a library was loaded
        if "llocate memory" in str(cause) or "start new thread" in str(cause):
            return True
    return False


def is_of_files(error: BaseException | None) -> bool:
    """Whether an error comes of too few files that may be open, whatever it calls itself."""
    numbers = (errno.EMFILE, errno.ENFILE)
    return any(
        getattr(cause, "errno", None) == number or os.strerror(number) in str(cause)
        for cause in _causes(error)
        for number in numbers  # as a linker says them too
    )


@contextmanager
def needing(library: str, error: Any) -> Iterator[None]:
    """Load a library; where that fails, this `CecalcError` tells what needs it."""
    try:
        yield
    except (ImportError, OSError, RuntimeError) as fault:
        if is_of_memory(fault) or is_of_files(fault):
            raise
        is_absent = isinstance(fault, ModuleNotFoundError) and fault.name == library
        why = "is not installed" if is_absent else f"cannot be loaded: {fault}".partition("\n")[0]
        error.rule += f" needs {library}, which {why}"
        raise error from fault


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and what it comes of."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
