"""Whether somebody writes to a file while it is read."""

from __future__ import annotations

import os
import stat

from cecalc.errors import InputError, Place

State = tuple[int, int, int]
"""What of a regular file changes when somebody writes to it: size, time of change, number."""


def state_of(descriptor: int) -> State | None:
    """The state of an open file; None where it is no regular one."""
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino


def refuse_change(descriptor: int, before: State | None, name: str) -> None:
    """Raise `InputError` where a file is no longer what it was."""
    if before is not None and state_of(descriptor) != before:
        raise InputError("changed while being read", place=Place(source=name))
