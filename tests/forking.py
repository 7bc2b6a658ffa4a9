"""A process that has cecalc imported and is forked for each command that `asking` hands it.

A fork costs a tenth of a start. The process is not pytest's, which has threads of torch; it has
none, and begins no run of its own but those that warm it up.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import marshal
import os
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
WARMING = [
    "ce --logits 1,2 --target 0",
    "bce samples/tumours.csv -q",
    "ce samples/digits.csv -f csv",
    "ce --logits 1,2 --target 0 -f json",
    "ce --bogus",
]


@functools.cache
def asked() -> list[str]:
    """The command that is cecalc by a fork; the server lives as long as this process does."""
    path = Path(tempfile.mkdtemp(prefix="cecalc-"), "socket")
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.forking", str(path)],
        cwd=ROOT,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,  # its end is the server's
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert server.stdout and server.stdout.readline() == b"ready\n"
    atexit.register(server.communicate)
    return [sys.executable, "-S", "-I", str(ROOT / "tests" / "asking.py"), str(path)]


class Server:
    """Forks, passes signals on and statuses back."""

    def __init__(self, path: str) -> None:
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(64)
        self.running: dict[int, socket.socket] = {}
        self.woken, waking = os.pipe()
        for end in (self.woken, waking):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(waking)

    def serve(self) -> None:
        """Until standard input ends; who still runs then is killed."""
        while True:
            channels = {channel: pid for pid, channel in self.running.items()}
            sources: list[Any] = [0, self.listener, self.woken, *channels]
            ready, _, _ = select.select(sources, [], [])
            if 0 in ready:
                break
            if self.woken in ready:
                os.read(self.woken, 4096)
                self._reap()
            for channel in channels.keys() & set(ready):
                if channels[channel] in self.running:
                    self._told(channel, channels[channel])
            if self.listener in ready:
                self._fork(self.listener.accept()[0])
        for pid in self.running:
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(Path(self.listener.getsockname()).parent)

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                with contextlib.suppress(OSError), self.running.pop(pid) as channel:
                    channel.sendall(
                        os.waitstatus_to_exitcode(status).to_bytes(4, "big", signed=True)
                    )

    def _told(self, channel: socket.socket, pid: int) -> None:
        told = b""
        with contextlib.suppress(OSError):
            told = channel.recv(64)
        for number in told or [signal.SIGKILL]:
            os.kill(pid, number)

    def _fork(self, channel: socket.socket) -> None:
        length, descriptors, _, _ = socket.recv_fds(channel, 4, 4)
        request = b""
        while len(request) < int.from_bytes(length, "big"):
            request += channel.recv(2**20)
        pid = os.fork()
        if pid == 0:
            _run(request, descriptors)
        self.running[pid] = channel
        for descriptor in descriptors:
            os.close(descriptor)


def _run(request: bytes, descriptors: list[int]) -> None:
    """Become the command; never returns."""
    try:
        streams, arguments, environment, mask, ignored, limits = marshal.loads(request)  # noqa: S302
        os.fchdir(descriptors.pop())
        for stream in range(3):
            os.close(stream)
        for stream, descriptor in zip(streams, descriptors, strict=True):
            os.dup2(descriptor, stream)
        os.closerange(3, 256)
        os.environb.clear()
        os.environb.update(environment)
        os.umask(mask)
        for limit, values in limits:
            resource.setrlimit(limit, values)
        _settle_signals(ignored)
        sys.stdin, sys.stdout, sys.stderr = map(_stream, range(3))
        sys.argv = ["cecalc", *map(os.fsdecode, arguments)]
        from cecalc.__main__ import main

        main()
    except BaseException:  # noqa: BLE001 (as an interpreter ends)
        traceback.print_exc()
    os._exit(1)


def _settle_signals(ignored: list[int]) -> None:
    """As an interpreter has them that starts."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
        signal.signal(number, signal.SIG_IGN if number in ignored else usual)


def _stream(number: int) -> Any:
    """A standard stream as an interpreter makes it that starts; None where it is closed."""
    try:
        os.fstat(number)
    except OSError:
        return None
    errors = ["strict", "strict", "backslashreplace"][number]
    file = open(number, "w" if number else "r", encoding="utf-8", errors=errors, closefd=False)  # noqa: SIM115
    file.reconfigure(line_buffering=number == 2 or os.isatty(number))
    return file


def main() -> None:
    """Warm up, say so, and serve."""
    from cecalc.cli import commands

    said, nothing = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    kept = os.dup(2)
    for stream in (1, 2):
        os.dup2(nothing, stream)
    for line in WARMING:
        commands.status_of(line.split())
    os.dup2(kept, 2)
    for thread in threading.enumerate():  # those of a pool end by themselves, a moment later
        if thread is not threading.main_thread():
            thread.join()
    assert threading.active_count() == 1
    gc.collect()
    gc.freeze()
    server = Server(sys.argv[1])
    os.write(said, b"ready\n")
    server.serve()


if __name__ == "__main__":
    main()
