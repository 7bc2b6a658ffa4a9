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
import threading
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Self

from cecalc.errors import OutputError, Place, reason
from cecalc.process import DEADLY, die_by

STANDARD_OUTPUT = 1
_BUFFER = 64 * 1024
_IN_MEMORY = 16 * 2**20
_NEVER_SYNCED = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)
"""What a file system says that has nothing to make durable."""


class Writer:
    """Takes chunks of text or bytes; on leaving without an error they are at their destination.

    Parameters
    ----------
    output : a file's name, or None for standard output
    hold : keep everything back until the end, so that an error leaves nothing behind
    """

    def __init__(self, output: str | None, *, hold: bool) -> None:
        self._name = output or "standard output"
        self._pending = bytearray()
        self._held: IO[bytes] | None = None
        self._file: _Unseen | None = None
        try:
            self._descriptor = STANDARD_OUTPUT if output is None else self._opened(output)
        except (OSError, ValueError) as error:  # ValueError: a name with a NUL byte
            raise OutputError(f"cannot create {output}: {reason(error)}") from None
        if hold:
            self._held = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115

    def write(self, chunk: str | bytes) -> None:
        """Take a chunk; undecodable bytes of the input leave as they came."""
        data = chunk if isinstance(chunk, bytes) else chunk.encode("utf-8", "surrogateescape")
        if self._held is not None:
            try:
                self._held.write(data)
            except OSError as error:
                raise OutputError(f"cannot hold output: {reason(error)}") from None
            return
        self._pending += data
        # Whoever reads standard output may be waiting for these rows.
        if self._descriptor == STANDARD_OUTPUT or len(self._pending) >= _BUFFER:
            self._flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._finish()
            elif self._file is None and self._held is None and not isinstance(error, OutputError):
                self._flush()  # whole lines that were computed before the error
        finally:
            if self._file is not None:
                self._file.discard()
            if self._held is not None:
                self._held.close()

    def _opened(self, output: str) -> int:
        """A file to take the target's place; the target itself where it is no regular file."""
        mode = None
        with contextlib.suppress(FileNotFoundError):  # a loop of links is no file that is to come
            there = Path(output).stat()
            if os.path.samestat(there, os.fstat(STANDARD_OUTPUT)):
                return STANDARD_OUTPUT  # by a name such as /dev/stdout
            mode = there.st_mode
        if mode is not None:
            if not stat.S_ISREG(mode):
                return os.open(output, os.O_WRONLY)
            os.close(os.open(output, os.O_WRONLY))  # may it be written at all?
        self._file = _Unseen(Path(os.path.realpath(output)), mode)  # symbolic links are followed
        return self._file.descriptor

    def _finish(self) -> None:
        if self._held is not None:
            self._held.seek(0)
            while chunk := self._held.read(_BUFFER):
                self._pass_on(chunk)
        self._flush()
        try:
            if self._file is not None:
                self._file.appear()
            else:  # some file systems tell of a full disk only on close; a copy will do
                os.close(os.dup(self._descriptor))
        except OSError as error:
            raise self._failure(error) from None

    def _flush(self) -> None:
        data, self._pending = self._pending, bytearray()
        self._pass_on(data)

    def _pass_on(self, data: bytes | bytearray) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._descriptor, view) :]
            except BrokenPipeError:
                die_by(signal.SIGPIPE)
            except OSError as error:
                raise self._failure(error) from None

    def _failure(self, error: OSError) -> OutputError:
        is_file = self._descriptor != STANDARD_OUTPUT
        if error.errno == errno.EBADF and not is_file:
            return OutputError("cannot write output: standard output is closed")
        place = Place(source=self._name) if is_file else Place()
        return OutputError(f"cannot write output: {reason(error)}", place=place)


class _Unseen:
    """A file that takes its target's place when it is complete; nothing is seen of it before.

    On Linux it has no name until then, so that no death of the process leaves anything behind.
    Where that cannot be it has one beside the target, which a deadly signal takes with it.
    """

    def __init__(self, target: Path, mode: int | None) -> None:
        self._target = target
        self._name: Path | None = None
        self._taken: list[signal.Signals] = []
        self.descriptor = self._nameless()
        try:
            if self.descriptor < 0:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
                self.descriptor = os.open(self._take_name(), flags, 0o666)
            if mode is not None:
                os.fchmod(self.descriptor, stat.S_IMODE(mode))
        except OSError:
            self.discard()
            raise

    def appear(self) -> None:
        """Under the target's name, for good."""
        _sync(self.descriptor)
        name = self._name
        if name is None:
            name, path = self._take_name(), _open_file(self.descriptor)
            # The path is absolute; naming a directory too is what makes Python follow the link.
            os.link(path, name, src_dir_fd=self.descriptor, follow_symlinks=True)
        descriptor, self.descriptor = self.descriptor, -1
        os.close(descriptor)
        name.replace(self._target)
        self._drop_name()
        with contextlib.suppress(PermissionError):  # one may write to it, and not list it
            directory = os.open(self._target.parent, os.O_RDONLY)
            try:
                _sync(directory)
            finally:
                os.close(directory)

    def discard(self) -> None:
        """Let go of the file, and of what has not appeared."""
        with contextlib.suppress(OSError):
            os.close(self.descriptor)
        self._drop_name()

    def _nameless(self) -> int:
        """A file without a name in the target's directory; -1 where there can be none."""
        if not hasattr(os, "O_TMPFILE"):
            return -1
        try:
            descriptor = os.open(self._target.parent, os.O_WRONLY | os.O_TMPFILE, 0o666)
        except OSError:
            return -1
        if not Path(_open_file(descriptor)).exists():  # without /proc it could get no name
            os.close(descriptor)
            return -1
        return descriptor

    def _take_name(self) -> Path:
        """Choose a name, to be removed if a signal ends the process from now on."""
        name = f".{self._target.name[:40]}.{os.urandom(8).hex()}"
        path = self._name = self._target.with_name(name)
        if threading.current_thread() is threading.main_thread():
            for number in DEADLY:
                if signal.getsignal(number) is signal.SIG_DFL:
                    self._taken.append(number)
                    signal.signal(number, self._end)
        return path

    def _drop_name(self) -> None:
        if self._name is not None:
            with contextlib.suppress(OSError):
                self._name.unlink()
            self._name = None
        while self._taken:
            signal.signal(self._taken.pop(), signal.SIG_DFL)

    def _end(self, number: int, _frame: FrameType | None) -> None:
        self._drop_name()
        die_by(number)


def _open_file(descriptor: int) -> str:
    return f"/proc/self/fd/{descriptor}"


def _sync(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NEVER_SYNCED:
            raise
