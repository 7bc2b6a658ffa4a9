"""Runs a command; what it took is a last line of its own after what the command printed.

    python -I -S measure.py COMMAND...

The line has the seconds, the peak memory in bytes and the exit status. This is a process apart, and
a small one, because a new process counts the memory of the one that started it until it becomes
itself: started from a large one, a small command would be measured as large.
"""

import os
import sys
import time


def main() -> None:
    """Run, wait, tell."""
    start = time.perf_counter()
    child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - start
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(f"\n{seconds} {peak} {os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    main()
