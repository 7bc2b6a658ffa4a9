"""Inputs opened: files and standard input, objects in a store, what is compressed expanded."""

from __future__ import annotations

import functools
import io
import itertools
import os
import re
import select
import stat
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from cecalc.errors import CecalcError, DataError, InputError, Place, excerpt, nearest
from cecalc.input import stores
from cecalc.input.bytes import Rejoined, Stream, compression, why
from cecalc.process import address_limit
from cecalc.progress import Meter

State = tuple[int, int, int]
"""What of a regular file changes when somebody writes to it: size, time of change, number."""


def state_of(file: BinaryIO | int | str) -> State | None:
    """The state of a file; None where it is no regular one, or closed."""
    with suppress(OSError, ValueError):
        at = file if isinstance(file, int | str) else file.fileno()
        found = os.stat(at)  # noqa: PTH116  # which takes numbers too
        if stat.S_ISREG(found.st_mode):
            return found.st_size, found.st_mtime_ns, found.st_ino
    return None


def refuse_change(file: BinaryIO, before: State | None, name: str) -> None:
    """Raise `InputError` where a file that is open is no longer what it was."""
    if state_of(file) not in (None, before):
        raise InputError("changed while being read", place=Place(source=name))


STANDARD_INPUT = "standard input"
_LISTED = 10_000
"""How many files of a folder are looked at to tell which one was meant."""
_PIPE = 2**20
"""How many bytes a pipe is asked to hold."""


@dataclass(frozen=True)
class Opened:
    """An input of which the first bytes have been looked at; what was compressed is expanded."""

    name: str
    """What messages call it."""
    source: Rejoined
    """All of its bytes."""
    head: bytes
    raw: BinaryIO | None
    """The file or pipe itself, past the head; None where it is compressed."""

    @property
    def place(self) -> Place:
        """The input as a place of errors."""
        return Place(source=self.name)

    def text(self, encoding: str = "utf-8", max_bytes: int | None = None) -> Stream:
        """All of it, as text."""
        return Stream(self.name, self.source, encoding, max_bytes)

    @property
    def is_seekable(self) -> bool:
        """Whether any of its bytes can be looked for as they are."""
        return self.raw is not None and self.raw.seekable()

    def binary(self, files: ExitStack) -> BinaryIO:
        """All of it behind a buffer, to seek in where it is a plain file; `files` lets go of it."""
        raw: Any = self.source
        if self.is_seekable:
            raw = self.raw
            raw.seek(-len(self.head), os.SEEK_CUR)
        buffered = io.BufferedReader(raw)
        files.callback(buffered.detach)  # else it closes what it reads as soon as it is forgotten
        return cast("BinaryIO", buffered)


_REMEMBERED = 2**20
"""How many bytes of standard input are kept, to try a command on that an error would print."""
_seen = bytearray()


def remembered() -> bytes:
    """The beginning of what standard input held, up to the end of a line."""
    whole = len(_seen) < _REMEMBERED
    return bytes(_seen if whole else _seen[: _seen.rfind(b"\n") + 1])


class Files(ExitStack):
    """What is open, to be closed together; and how much of it has been read.

    Where a file has changed meanwhile, that is told in place of any other error.
    """

    def __init__(self, meter: Meter | None = None) -> None:
        super().__init__()
        self.meter = meter or Meter()
        self.watched = list[_Watched]()
        self.is_over = False

    def inner(self) -> Files:
        """Files that are closed earlier, and watched together with these."""
        inner = Files(self.meter)
        inner.watched = self.watched
        return inner

    def close(self) -> None:
        """Close what is open; unless these are over, more may be opened."""
        super().__exit__(None, None, None)

    def __exit__(self, *raised: Any) -> bool | None:  # noqa: PYI036  # as it is passed on
        self.is_over = True
        try:
            if isinstance(raised[1], CecalcError):
                for source in self.watched:
                    source.check()
        finally:
            is_handled = super().__exit__(*raised)
        return is_handled


class _Watched:
    """A file whose bytes are counted; at its end it has to be what it was at its beginning.

    One thread may close it while another one reads. The read may not go on by then: the number of
    a closed file soon belongs to another.
    """

    def __init__(self, file: BinaryIO, name: str, meter: Meter) -> None:
        self._file, self._name, self._meter = file, name, meter
        self.fileno = file.fileno
        self._state = state_of(file)
        self._lock = threading.Lock()
        self._is_read = self._is_done = False

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; none at the end, and once the file is closed."""
        with self._lock:
            if self._is_done:
                return b""
            self._is_read = True
        try:
            while (data := self._file.read(size)) is None:
                select.select([self._file], [], [])  # it does not wait by itself
        finally:
            with self._lock:
                self._is_read = False
                if self._is_done:
                    self._file.close()
        self._meter.read += len(data)
        if self._name == STANDARD_INPUT and len(_seen) < _REMEMBERED:
            _seen.extend(data)
        if size and not data:
            self.check()
        return data

    def close(self) -> None:
        """Close it, or leave that to a read that is still under way."""
        with self._lock:
            self._is_done = True
            if not self._is_read:
                self._file.close()

    def check(self) -> None:
        """Raise `InputError` where the file is no longer what it was."""
        refuse_change(self._file, self._state, self._name)


def size_of(names: Iterable[str]) -> int | None:
    """How many bytes the inputs have; None where one is no regular file."""
    states = [state_of(0 if name == "-" else name) for name in names]
    sizes = [state[0] for state in states if state is not None]
    return sum(sizes) if len(sizes) == len(states) else None


def numbers_of(names: Sequence[str]) -> list[tuple[int, ...]]:
    """The numbers that tell names apart; none where something else does.

    >>> numbers_of(["f16-x2.npy", "f16-x10.npy"]), numbers_of(["x1", "y2"])
    ([(2,), (10,)], [])
    """
    if len({re.sub("[0-9]+", "0", name) for name in names}) > 1:
        return []
    each = zip(*(map(int, re.findall("[0-9]+", name)) for name in names), strict=True)
    return [*zip(*(numbers for numbers in each if len({*numbers}) > 1), strict=True)]


def open_bytes(path: str, files: Files) -> Opened:
    """The bytes of a file, or of standard input for `-`; `files` closes it.

    Raises
    ------
    InputError : it is missing, a directory, not permitted, or closed
    DataError : it is empty, or compressed twice
    """
    if path == "-":
        if sys.stdin is None:
            raise InputError("standard input is closed")
        name, raw = STANDARD_INPUT, _unbuffered(sys.stdin.buffer)
        _seen.clear()
    elif stores.is_stored(path):
        name, raw = path, stores.opened(path, files)
    else:
        name, raw = path, _opened(path)
    watched = _Watched(raw, name, files.meter)
    files.watched.append(watched)
    if path != "-":
        files.enter_context(closing(watched))
        if files.is_over:  # meanwhile, in another thread
            files.close()
    source = Rejoined(b"", watched, name)
    head = source.head()
    compressed = compression(head)
    if compressed is not None:
        source = Rejoined(b"", compressed.expanded(head, watched), name)
        head = source.head()
        _refuse_compressed(head, compressed.program, name)
    if not head:
        what = "nothing on standard input" if path == "-" else "file is empty"
        raise DataError(what, place=Place(source=None if path == "-" else name))
    return Opened(name, source, head, raw if compressed is None else None)


def _refuse_compressed(head: bytes, outer: str, name: str) -> None:
    """Refuse what is still compressed when it has been expanded."""
    if (inner := compression(head)) is not None:
        raise DataError(
            f"compressed twice ({inner.program} inside {outer})",
            place=Place(source=name),
            hint=f"expand it once before, for example with {outer} -d",
        )


def _opened(path: str) -> BinaryIO:
    try:
        return Path(path).open("rb", buffering=0)
    except (OSError, ValueError) as error:
        found = InputError(why(error), place=Place(source=path))
        with suppress(OSError, ValueError):  # of a folder that cannot be read
            _point(found, error, Path(path))
        raise found from None


def _point(error: InputError, cause: Exception, path: Path) -> None:
    """Add to an error what was probably meant: the nearest name in the folder, or what is in it."""
    if isinstance(cause, IsADirectoryError):
        inside = Counter(file.suffix for file in itertools.islice(path.iterdir(), _LISTED))
        suffix = next((suffix for suffix, _ in inside.most_common() if suffix), None)
        if suffix is not None:
            pattern = f"{path}/*{suffix}"
            error.hint = f"its files at once: '{pattern}'"
            error.ways = ((f"!{path}", f"+{pattern}"),)
    elif isinstance(cause, FileNotFoundError):
        meant = _nearest(path)
        if meant is not None and meant.exists():
            error.hint = f"did you mean {excerpt(str(meant))}?"
            error.ways = ((f"!{path}", f"+{meant}"),)


def _nearest(path: Path) -> Path | None:
    """The file, or folder, whose name has nearly the letters of one that does not exist."""
    folder = path.parent if path.parent.exists() else _nearest(path.parent)
    if folder is None or (folder / path.name).exists():
        return folder and folder / path.name
    inside = sorted(
        itertools.islice(folder.iterdir(), _LISTED), key=lambda f: f.suffix != path.suffix
    )
    near = nearest(path.stem, [file.stem for file in inside])
    return next((file for file in inside if file.stem == near), None)


def _unbuffered(stream: BinaryIO) -> BinaryIO:
    """The same stream without a buffer that would wait until it is full."""
    with suppress(OSError, ValueError, AttributeError):  # a pipe that holds more is read less often
        import fcntl

        fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, _PIPE)
    return getattr(stream, "raw", stream)


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
