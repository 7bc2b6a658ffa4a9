"""How much memory there is, for inputs that have to be held as a whole."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from cecalc.process import address_limit

_CGROUP = Path("/sys/fs/cgroup/memory.max")


@functools.cache
def room() -> int:
    """Bytes of memory that this process can have at most; what others use is not looked at."""
    return min(_bounds(), default=sys.maxsize)


def _bounds() -> Iterator[int]:
    with suppress(OSError, ValueError):
        yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with suppress(OSError, ValueError):  # it may say `max`
        yield int(_CGROUP.read_text())
    if (limit := address_limit()) < sys.maxsize:
        yield int(limit)
