"""Bytes changed, left out, doubled, cut short, put together: anything that happens to files."""

from __future__ import annotations

import random
import re
import struct

from tests.sources.damaged_texts import NUMBERS, PIECES, TARGETS

_EDGES = (0, 1, 2, 127, 128, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63 - 1)
_INTEGERS = [
    struct.pack(order + code, (value - sign * 2 * value) % 2**bits)
    for value in _EDGES
    for sign in (0, 1)
    for code, bits in (("B", 8), ("H", 16), ("I", 32), ("Q", 64))
    for order in "<>"
    if value < 2**bits
]
_FLOATS = [
    struct.pack(code, x)
    for x in (float("nan"), float("inf"), -float("inf"), 0.0, -0.0, 1e308, 5e-324, 1e-40)
    for code in ("<d", ">d")
]
_WORDS = [text.encode() for text in (*NUMBERS, *TARGETS)]
DICTIONARY = (*PIECES, *_WORDS, *_INTEGERS, *_FLOATS)
"""What is worth putting somewhere."""
_DIGITS = re.compile(rb"[-+0-9.eE]+")


def damaged(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """The bytes with one to four things wrong."""
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4))):
        data = _once(rng, data, others)
    return data


def _once(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    at = rng.randint(0, len(data))
    end = min(len(data), at + rng.choice((1, 1, 2, 4, 8, rng.randint(1, 64))))
    before, span, after = data[:at], data[at:end], data[end:]
    match rng.randrange(14):
        case 0:
            return before + rng.choice(DICTIONARY) + data[at:]
        case 1:
            piece = rng.choice(DICTIONARY)
            return before + piece + data[at + len(piece) :]
        case 2 | 3 if span:
            flipped = span[0] ^ 1 << rng.randrange(8)
            return before + bytes([flipped]) + data[at + 1 :]
        case 4:
            return before + after
        case 5:
            return before + span * rng.choice((2, 2, 3, 20)) + after
        case 6:
            return before
        case 7:
            other = rng.choice(others)
            return before + other[rng.randint(0, len(other)) :]
        case 8:
            to = rng.randint(0, len(after))
            return before + after[:to] + span + after[to:]
        case 9:
            found = list(_DIGITS.finditer(data))
            if not found:
                return before + rng.randbytes(len(span)) + after
            number = rng.choice(found)
            return data[: number.start()] + rng.choice(_WORDS) + data[number.end() :]
        case 10 | 11:  # a digit for another: mostly still a number
            digits = [i for i, byte in enumerate(data) if 48 <= byte <= 57]
            i = rng.choice(digits or [0])
            return data[:i] + b"%d" % rng.randrange(10) + data[i + 1 :]
        case 12:
            return _line_lost(rng, data)
        case _:
            return before + rng.randbytes(len(span)) + after


def _line_lost(rng: random.Random, data: bytes) -> bytes:
    """A line or field lost, doubled, or put elsewhere."""
    parts = re.split(rb"(?<=[\n\r,;\0])", data)
    i, j = rng.randrange(len(parts)), rng.randrange(len(parts))
    parts[i] = rng.choice((b"", parts[i] * 2, parts[j], parts[i].swapcase()))
    return b"".join(parts)
