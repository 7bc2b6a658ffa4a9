"""`cecalc` as a shell calls it, at the price of a fork: the server of `forking` has a child do it.

The child has the streams, directory, environment, limits, mask and ignored signals of this command.
Signals are passed on to it; this command ends as it does, and it ends with this command.
"""

import _signal  # type: ignore[import-not-found]  # `signal` is slower to import
import _socket
import contextlib
import marshal
import os
import resource
import sys

LIMITS = (resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE)


def _is_open(stream: int) -> bool:
    try:
        os.fstat(stream)
    except OSError:
        return False
    return True


def main() -> None:
    """Ask at the socket that the first argument names."""
    streams = [stream for stream in range(3) if _is_open(stream)]
    ignored = [n for n in (1, 2, 15) if _signal.getsignal(n) == _signal.SIG_IGN]
    mask = os.umask(0)
    os.umask(mask)
    request = marshal.dumps((
        streams, [os.fsencode(a) for a in sys.argv[2:]], dict(os.environb), mask, ignored,
        [(limit, resource.getrlimit(limit)) for limit in LIMITS],
    ))  # fmt: skip
    channel = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    channel.connect(sys.argv[1])
    for number in (1, 2, 15):
        if number not in ignored:
            _signal.signal(number, lambda n, _: channel.sendall(bytes([n])))
    passed = b"".join(n.to_bytes(4, sys.byteorder) for n in [*streams, os.open(".", os.O_RDONLY)])
    rights = (_socket.SOL_SOCKET, _socket.SCM_RIGHTS, passed)
    channel.sendmsg([len(request).to_bytes(4, "big")], [rights])
    channel.sendall(request)
    for stream in streams:
        with contextlib.suppress(OSError):
            os.close(stream)
    status = int.from_bytes(channel.recv(4), "big", signed=True)
    if status < 0:
        _signal.signal(-status, _signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


if __name__ == "__main__":
    main()
