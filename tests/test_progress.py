"""What is seen of a run while it lasts: rows as they are computed, progress, and `--time`."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time
from pathlib import Path

import pytest

from tests.forking import asked

ROOT = Path(__file__).parent.parent
HEADER = b"logit_a,logit_b,target\n"
STAGES = ["read", "parse", "transfer", "compute", "write", "whole"]


def started(*arguments: str, stderr: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    """Cecalc with a pipe for its input and one for its output."""
    return subprocess.Popen(
        [*asked(), *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        bufsize=0,
    )


def test_rows_of_a_pipe_come_out_as_they_go_in() -> None:
    run = started("ce", "-f", "csv")
    assert run.stdin and run.stdout
    run.stdin.write(HEADER + b"1,2,0\n")
    assert run.stdout.readline().startswith(b"logit_a")
    assert run.stdout.readline().startswith(b"1,2,0,1.31326")
    for i in range(3):  # what is written next is answered before more is written
        run.stdin.write(f"{i},2,1\n".encode())
        assert run.stdout.readline().startswith(f"{i},2,1,".encode())
    assert run.communicate() == (b"", b"")
    assert run.returncode == 0


def seen(terminal: int, shown: bytes, *, seconds: float) -> bytes:
    """What a terminal has shown after so long, or until it shows a rate."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and b"rows/s" not in shown:
        if select.select([terminal], [], [], min(left, 0.05))[0]:
            shown += os.read(terminal, 65536)
    return shown


def drawn(*arguments: str, seconds: float) -> str:
    """What a terminal for standard error shows of a run that is fed for so long, or until a rate is
    seen.
    """
    ours, theirs = pty.openpty()
    run = started("ce", *arguments, stderr=theirs)
    os.close(theirs)
    assert run.stdin and run.stdout
    run.stdin.write(HEADER + b"1,2,0\n" * 1000)
    shown = seen(ours, b"", seconds=seconds)
    run.stdin.close()
    while select.select([ours], [], [], 600)[0]:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the terminal's other side is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    run.stdout.close()
    assert run.wait() == 0
    return shown.decode()


def test_progress_shows_rows_and_rate_of_a_pipe_and_goes_away() -> None:
    shown = drawn("-q", seconds=600)
    assert re.search(r"[\d,]+ rows", shown) and "rows/s" in shown
    assert shown.count("\x1b[?25l") <= shown.count("\x1b[?25h")  # the cursor is there
    assert shown.endswith("\x1b[2K")


@pytest.mark.parametrize("arguments", [("-q", "--no-progress"), ("-q",)])
def test_nothing_is_shown_where_it_is_not_wanted(arguments: tuple[str, ...]) -> None:
    assert drawn(*arguments, seconds=1.5 if len(arguments) > 1 else 0) == ""


def test_time_says_what_took_how_long() -> None:
    run = subprocess.run(
        [*asked(), "ce", "samples/digits.csv", "-q", "--time"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "0.22317760673938095\n"
    lines = run.stderr.splitlines()
    assert [line.split()[0] for line in lines] == STAGES
    assert all(re.match(r"\w+ +\d+\.\d{3} s( +\d+\.\d MB/s)?", line) for line in lines)


def test_the_result_stands_alone_on_its_line(tmp_path: Path) -> None:
    path = tmp_path / "x.fifo"
    os.mkfifo(path)
    ours, theirs = pty.openpty()
    command = [*asked(), "ce", str(path), "-q"]
    run = subprocess.Popen(command, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    with path.open("wb", buffering=0) as pipe:
        pipe.write(HEADER + b"1,2,0\n")
        shown = seen(ours, b"", seconds=600)
    while select.select([ours], [], [], 600)[0]:
        try:
            shown += os.read(ours, 65536)
        except OSError:
            break
    os.close(ours)
    assert run.wait() == 0
    assert b"rows/s" in shown
    assert shown.endswith(b"\x1b[2K1.3132616875182228\r\n")
