"""In what order a file takes its place, and what an error on the way leaves: in one process."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from cecalc import writer
from cecalc.cli import status_of

LINE = ["ce", "--logits", "1,0", "--target", "1", "-f", "csv"]
TEXT = "logit_0,logit_1,target,"
Call = Callable[[int], None]


@pytest.fixture(params=["new", "old"])
def output(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where the result goes; it may be there already."""
    path = tmp_path / "out.csv"
    if request.param == "old":
        path.write_text("old")
    return path


@pytest.fixture(params=["nameless", "named"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What the writer calls, for it alone; there may be no files without a name."""
    calls = SimpleNamespace(**vars(os))
    if request.param == "named":
        vars(calls).pop("O_TMPFILE", None)
    monkeypatch.setattr(writer, "os", calls)
    return calls


def _is_new(descriptor: int) -> bool:
    """Whether it is the file that is being written."""
    is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
    return is_file and fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY


def _is_written(descriptor: int) -> bool:
    return _is_new(descriptor) and os.fstat(descriptor).st_size > len(TEXT)


def _is_copy(descriptor: int) -> bool:
    """Whether it is a copy of standard output."""
    is_same = os.path.samestat(os.fstat(descriptor), os.fstat(writer.STANDARD_OUTPUT))
    return descriptor != writer.STANDARD_OUTPUT and is_same


def _failing(call: Call, is_it: Callable[[int], bool], number: int) -> Call:
    """A call on a descriptor that is made, and then fails where it is the one that is meant."""

    def failing(descriptor: int) -> None:
        is_meant = is_it(descriptor)
        call(descriptor)
        if is_meant:
            raise OSError(number, os.strerror(number))

    return failing


def test_a_file_is_on_the_disk_before_it_takes_its_place(
    output: Path, system: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And its directory after: a machine that dies leaves the old or the new one, never half."""
    steps, replace = list[str](), Path.replace

    def synced(descriptor: int) -> None:
        is_directory = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        steps.append("directory" if is_directory else f"file {_is_written(descriptor)}")

    def replaced(name: Path, target: Path) -> Path:
        steps.append("place")
        return replace(name, target)

    system.fsync = synced
    monkeypatch.setattr(Path, "replace", replaced)
    assert status_of([*LINE, "-o", str(output)]) == 0
    assert steps == ["file True", "place", "directory"]
    assert output.read_text().startswith(TEXT)


@pytest.mark.parametrize("call", ["close", "fsync"])
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_an_error_at_the_end_leaves_what_was_there(
    call: str,
    number: int,
    output: Path,
    system: SimpleNamespace,
    capfd: pytest.CaptureFixture[str],
) -> None:
    old = [path.read_text() for path in output.parent.iterdir()]
    setattr(system, call, _failing(getattr(os, call), _is_written, number))
    assert status_of([*LINE, "-o", str(output)]) == 5
    said = f"{output}: cannot write output: {os.strerror(number)}"
    assert capfd.readouterr() == ("", f"cecalc: error: {said}\n")
    assert [path.read_text() for path in output.parent.iterdir()] == old


def test_an_error_at_the_end_of_a_stream_is_told(
    system: SimpleNamespace, capfd: pytest.CaptureFixture[str]
) -> None:
    """Some file systems tell of a full disk only when the file is closed."""
    system.close = _failing(os.close, _is_copy, errno.ENOSPC)
    assert status_of(LINE) == 5
    out, err = capfd.readouterr()
    assert out.startswith(TEXT)
    assert err == "cecalc: error: cannot write output: No space left on device\n"


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_with_nothing_to_make_durable_is_no_error(
    number: int, output: Path, system: SimpleNamespace
) -> None:
    system.fsync = _failing(os.fsync, lambda _: True, number)
    assert status_of([*LINE, "-o", str(output)]) == 0
    assert output.read_text().startswith(TEXT)
