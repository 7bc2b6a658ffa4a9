"""Inputs tried, and whether what came out is as it has to be."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.compared import difference, expected
from tests.fuzz.reference import Abstains, Refused
from tests.fuzz.shell import Ran, Shell
from tests.fuzz.targets import Target, Way
from tests.shell import TRY

MESSAGE_BYTES = 400
TRIES, TRY_BYTES = 2, 1100
"""How many commands follow an error, and how long they may be."""
GROWTH = 512 * 2**20
"""By how many bytes one call, or all calls after the first, may make the process larger."""
_LINE = re.compile(r"cecalc: (error|hint|failed|try): [ -~]*")
_NUMBERS = re.compile(r"[0-9][-+0-9.e]*")
_TIMING = re.compile(r"(read|parse|transfer|compute|write|whole) +[0-9]+[.][0-9]{3} s.*")
_SMALL = 128


@dataclass(frozen=True)
class Tried:
    """One input: bytes, the way they take, and whether they are read in small blocks."""

    way: int
    data: bytes
    small: bool = False

    @property
    def encoded(self) -> bytes:
        """As an engine that knows bytes only has it."""
        return bytes([self.way | _SMALL * self.small]) + self.data

    @classmethod
    def decoded(cls, encoded: bytes, target: Target) -> Tried:
        """The input that `encoded` means; any bytes mean one."""
        first = encoded[0] if encoded else 0
        return cls(first % _SMALL % len(target.ways), encoded[1:], first >= _SMALL)


@dataclass
class Session:
    """The counts of one target, and what was found; `folder` is where inputs are written."""

    target: Target
    shell: Shell
    folder: Path
    keep: Path | None = None
    """Where findings go."""
    counts: Counter[str] = field(default_factory=Counter)
    found: dict[str, Tried] = field(default_factory=dict)
    stricter: dict[str, Tried] = field(default_factory=dict)
    """What the program refuses and the reference reads, one of each message."""
    grown: int = 0
    seen: set[str] = field(default_factory=set)
    """What programs said so far, digits aside."""
    told: str = ""
    """What it said last."""
    _reported: float = 0

    def check(self, tried: Tried) -> str | None:
        """Run an input; what is wrong with what came out, or None."""
        way = self.target.ways[tried.way]
        arguments = way.arguments(tried.data, self.folder)
        arguments = [a.replace("\0", "") for a in arguments]
        if self.keep is not None:
            self._current(tried)
        with contextlib.chdir(self.folder):
            ran = self.shell.run(arguments, tried.data, small=tried.small)
        self.counts["tried"] += 1
        self.counts[f"status {ran.status}"] += 1
        self.grown += ran.grown if self.counts["tried"] > 50 else 0
        self.told = re.sub(r"[0-9]+", "0", ran.err.decode("latin-1"))[:80]
        return fault_of(ran, self.target, arguments) or self._second(way, ran, tried)

    def kind(self, tried: Tried, fault: str) -> str:
        """What a fault has in common with others like it."""
        return (
            f"{self.target.name} {tried.way}: {_NUMBERS.sub('0', fault.partition(chr(10))[0])[:70]}"
        )

    def knows(self, tried: Tried, fault: str) -> bool:
        """Whether such a fault was found before."""
        return self.kind(tried, fault) in self.found

    def note(self, tried: Tried, fault: str) -> None:
        """Keep a fault, the first of its kind."""
        kind = self.kind(tried, fault)
        self.found.setdefault(kind, tried)
        if self.keep is not None:
            name = hashlib.sha256(kind.encode()).hexdigest()[:10]
            path = self.keep / f"{self.target.name}-{name}"
            path.with_suffix(".input").write_bytes(tried.encoded)
            path.with_suffix(".txt").write_text(f"{kind}\n{fault}\n{tried}\n", errors="replace")

    def tells_new(self) -> bool:
        """Whether the last call said something that none before said."""
        is_new = self.told not in self.seen
        self.seen.add(self.told)
        return is_new

    def _second(self, way: Way, ran: Ran, tried: Tried) -> str | None:
        """What the reference says."""
        if way.reference is None or not (ran.status == 0 or way.also_refused):
            return None
        start = time.monotonic()
        try:
            given = way.reference(tried.data)
            if ran.status != 0:
                expected(given)
                self.counts["stricter"] += 1
                self.stricter.setdefault(self.told, tried)
                return None
            fault = difference(given, ran.out)
        except Abstains:
            self.counts["abstained"] += ran.status == 0
            return None
        except Refused as refusal:
            return None if ran.status else f"accepted, though {refusal}"
        finally:
            self.counts["milliseconds of the reference"] += int(1000 * (time.monotonic() - start))
        self.counts["verified"] += 1
        return None if fault is None else f"different: {fault}"

    def _current(self, tried: Tried) -> None:
        """What is left of a call that ends the process: its input, and what was counted."""
        assert self.keep is not None
        (self.keep / f"{self.target.name}.current").write_bytes(tried.encoded)
        if time.monotonic() > self._reported + 1:
            self.write_report()

    def write_report(self) -> None:
        """Put the counts where whoever started this process looks for them."""
        assert self.keep is not None
        report = {
            "counts": dict(self.counts),
            "found": sorted(self.found),
            "grown": self.grown,
            "stricter": {said: repr(tried)[:300] for said, tried in self.stricter.items()},
        }
        (self.keep / f"{self.target.name}.report").write_text(json.dumps(report))
        self._reported = time.monotonic()


def fault_of(ran: Ran, target: Target, arguments: list[str]) -> str | None:
    """What is wrong with an outcome by itself."""
    if ran.raised is not None:
        return f"raises {ran.raised}"
    if ran.status not in target.statuses:
        return f"status {ran.status}"
    if ran.grown > GROWTH:
        return f"memory: {ran.grown >> 20} MiB more"
    return _message_fault(ran, arguments) or _output_fault(ran, target, arguments)


def _message_fault(ran: Ran, arguments: list[str]) -> str | None:
    *lines, last = ran.err.decode("latin-1").split("\n")
    if "--time" in arguments:
        lines = [line for line in lines if not _TIMING.fullmatch(line)]
    lines = list(map(_spoken, lines))
    errors = [i for i, line in enumerate(lines) if line.startswith("cecalc: error")]
    has_failed = ran.status not in (0, 1)
    for line in lines:
        if not _LINE.fullmatch(line):
            return f"standard error has {line[:200]!r}"
        if len(line) > (MESSAGE_BYTES if not line.startswith(TRY) else TRY_BYTES):
            return f"a message of {len(line)} bytes"
    if last:
        return f"standard error ends inside a line: {last[-80:]!r}"
    if errors and not has_failed:
        return "an error with status 0"
    rest = [line for line in lines[errors[0] + 1 :] if not line.startswith(TRY)] if errors else []
    if has_failed and (len(errors) != 1 or len(rest) > 1 or _tries(lines) > TRIES):
        return f"not one error at the end of standard error: {lines}"
    return None


def _tries(lines: list[str]) -> int:
    return sum(line.startswith(TRY) for line in lines)


def _spoken(line: str) -> str:
    """What --errors json tells, as it is told to people."""
    try:
        kind = json.loads(line)["kind"]
    except (ValueError, TypeError, KeyError):
        return line
    return "cecalc: hint: " if kind in ("note", "check") else "cecalc: error: "


def _output_fault(ran: Ran, target: Target, arguments: list[str]) -> str | None:
    if ran.status in (0, 1) or not ran.out:
        return None
    if not ({"csv", "jsonl", "tsv"} & set(arguments) or target.name == "argv"):
        return f"standard output on an error: {ran.out[:60]!r}"
    return None if ran.out.endswith(b"\n") else "standard output ends inside a line"
