"""What can go wrong, numbered; a test says which of these it shows with `@pytest.mark.fault`."""

from __future__ import annotations

FAULTS: dict[str, str] = {
    "1": "the reader of the output leaves early",
    "2": "the reader of the output has left before it begins",
    "3": "the disk is full, under a large output",
    "4": "the disk is full, under an output smaller than a buffer",
    "5": "a short write while Python is unbuffered",
    "6": "an error that only closing tells",
    "7": "standard output is closed",
    "8": "standard error is closed",
    "9": "standard input is closed, and needed",
    "10": "standard input is a terminal, and no input is named",
    "11": "Ctrl-C while it reads or computes",
    "12": "Ctrl-C inside a long call of a library",
    "13": "Ctrl-C while libraries are imported",
    "14": "SIGTERM and SIGHUP",
    "15": "a signal that the parent ignores",
    "16": "a death while a file is written",
    "17": "the output is also an input",
    "18": "the directory of the output is missing or read-only",
    "19": "the output is no regular file",
    "20": "an error after rows were printed",
    "21": "an unexpected exception",
    "22": "a traceback that would show data",
    "23": "colour is forced on a pipe",
    "24": "a terminal too narrow for the numbers",
    "25": "a locale that knows ASCII alone",
    "26": "undecodable bytes in arguments and file names",
    "27": "numbers that stand apart from their option",
    "28": "numbers that only Python reads",
}
