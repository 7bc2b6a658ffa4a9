"""What a process owes the shell: to die by signals, and to write into no stream that was closed."""

from __future__ import annotations

import os
import signal
from contextlib import suppress

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
