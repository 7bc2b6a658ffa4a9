"""The only place that writes results.

Standard output is written with `os.write`, because Python's own stream loses output without a word
under ``PYTHONUNBUFFERED`` (python/cpython#85393). A file appears under its name complete or not at
all.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import stat
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from cecalc.errors import OutputError, Place

STANDARD_OUTPUT = 1
_BUFFER = 64 * 1024
_IN_MEMORY = 16 * 2**20


class Writer:
    """Takes chunks of text; on leaving without an error they are at their destination.

    Parameters
    ----------
    output : a file's name, or None for standard output
    hold : keep everything back until the end, so that an error leaves nothing behind
    """

    def __init__(self, output: str | None, *, hold: bool) -> None:
        self._name = output or "standard output"
        self._pending = bytearray()
        self._held: IO[bytes] | None = None
        self._temporary: Path | None = None
        self._target: Path | None = None
        try:
            self._descriptor = STANDARD_OUTPUT if output is None else self._opened(output)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise OutputError(f"cannot create {output}: {reason}") from None
        if hold:
            self._held = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115

    def write(self, text: str) -> None:
        """Take a chunk; undecodable bytes of the input leave as they came."""
        data = text.encode("utf-8", "surrogateescape")
        if self._held is not None:
            self._held.write(data)
            return
        if len(data) >= _BUFFER:
            self._flush()
            self._pass_on(data)
            return
        self._pending += data
        if len(self._pending) >= _BUFFER:
            self._flush()

    def flush(self) -> None:
        """Pass on what was taken, unless everything is held until the end."""
        if self._held is None:
            self._flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._finish()
        elif self._temporary is not None:
            self._discard()
        elif self._held is None and not isinstance(error, OutputError):
            self._flush()  # whole lines that were computed before the error
        if self._held is not None:
            self._held.close()

    def _opened(self, output: str) -> int:
        """A temporary file beside the target; the target itself where it is no regular file."""
        if _is_standard_output(output):
            return STANDARD_OUTPUT
        target, mode = Path(output), None
        if target.exists():
            mode = target.stat().st_mode
            if not stat.S_ISREG(mode):
                return os.open(output, os.O_WRONLY)
            os.close(os.open(target, os.O_WRONLY))  # may it be written at all?
        target = Path(os.path.realpath(output))  # symbolic links are followed
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name[:40]}.", dir=target.parent)
        umask = os.umask(0)
        os.umask(umask)
        os.fchmod(descriptor, stat.S_IMODE(mode) if mode is not None else 0o666 & ~umask)
        self._temporary, self._target = Path(name), target
        return descriptor

    def _finish(self) -> None:
        try:
            if self._held is not None:
                self._held.seek(0)
                while chunk := self._held.read(_BUFFER):
                    self._pending += chunk
                    self._flush()
            self._flush()
            self._close()
        except BaseException:
            if self._temporary is not None:
                self._discard()
            raise

    def _close(self) -> None:
        try:
            if self._temporary is not None:
                os.fsync(self._descriptor)
            # Some file systems tell of a full disk only on close; a copy of stdout will do.
            os.close(os.dup(self._descriptor) if self._target is None else self._descriptor)
            if self._temporary is not None and self._target is not None:
                self._temporary.replace(self._target)
                self._temporary = None
        except OSError as error:
            raise self._failure(error) from None

    def _discard(self) -> None:
        assert self._temporary is not None
        with contextlib.suppress(OSError):
            os.close(self._descriptor)
        with contextlib.suppress(OSError):
            self._temporary.unlink()

    def _flush(self) -> None:
        self._pass_on(bytes(self._pending))
        self._pending.clear()

    def _pass_on(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._descriptor, view) :]
            except BrokenPipeError:
                _die_of_sigpipe()
            except OSError as error:
                raise self._failure(error) from None

    def _failure(self, error: OSError) -> OutputError:
        if error.errno == errno.EBADF and self._target is None:
            return OutputError("cannot write output: standard output is closed")
        place = None if self._target is None else Place(source=self._name)
        reason = os.strerror(error.errno) if error.errno else str(error)
        return OutputError(f"cannot write output: {reason}", place=place)


def _is_standard_output(output: str) -> bool:
    """Whether a name such as /dev/stdout leads to where standard output goes already."""
    try:
        return os.path.samestat(Path(output).stat(), os.fstat(STANDARD_OUTPUT))
    except (OSError, ValueError):
        return False


def _die_of_sigpipe() -> None:
    """End as every other tool does when its reader has gone: silently, by the signal."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGPIPE)
