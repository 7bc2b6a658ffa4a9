"""Bytes changed, left out, doubled, cut short, put together: anything that happens to files."""

from __future__ import annotations

import random
import re
import struct

from tests.input.damaged_texts import NUMBERS, PIECES, TARGETS

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
_WORD = re.compile(rb'"[^"\n]*"|[^\s,;:\[\]{}"\0]+')
_DIGITS = re.compile(rb"[-+0-9.eE]+")


def damaged(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """The bytes with one to four things wrong."""
    for _ in range(rng.choice((1, 1, 1, 1, 1, 2, 2, 4))):
        if rng.random() < 0.3:
            data = rng.choice(_OF_TEXT)(rng, data)
        elif rng.random() < 0.1:
            other = rng.choice(others)
            data = data[: rng.randint(0, len(data))] + other[rng.randint(0, len(other)) :]
        else:
            data = _bytes_changed(rng, data)
    return data


def _bytes_changed(rng: random.Random, data: bytes) -> bytes:
    """A span changed, left out, doubled or moved, or all behind it left out."""
    at = rng.randint(0, len(data))
    end = min(len(data), at + rng.choice((1, 1, 2, 4, 8, rng.randint(1, 64))))
    before, span, after = data[:at], data[at:end], data[end:]
    piece, to = rng.choice(DICTIONARY), rng.randint(0, len(after))
    flipped = bytes([data[at] ^ 1 << rng.randrange(8)]) if span else b""
    return rng.choice(
        (
            before + piece + data[at:],
            before + piece + data[at + len(piece) :],
            before + flipped + data[at + 1 :],
            before + flipped + data[at + 1 :],
            before + after,
            before + span * rng.choice((2, 2, 3, 20)) + after,
            before,
            before + after[:to] + span + after[to:],
            before + rng.randbytes(len(span)) + after,
        )
    )


def _number_changed(rng: random.Random, data: bytes) -> bytes:
    """A number replaced by one that is hard to read."""
    found = list(_DIGITS.finditer(data))
    if not found:
        return data + rng.choice(_WORDS)
    number = rng.choice(found)
    return data[: number.start()] + rng.choice(_WORDS) + data[number.end() :]


def _digit_changed(rng: random.Random, data: bytes) -> bytes:
    """A digit for another: mostly still a number."""
    digits = [i for i, byte in enumerate(data) if 48 <= byte <= 57]
    i = rng.choice(digits or [0])
    return data[:i] + b"%d" % rng.randrange(10) + data[i + 1 :]


def _word_copied(rng: random.Random, data: bytes) -> bytes:
    """A word of the text in the place of another."""
    words = list(_WORD.finditer(data))
    if not words:
        return data * 2
    old, new = rng.choice(words), rng.choice(words)
    return data[: old.start()] + new.group() + data[old.end() :]


def _line_lost(rng: random.Random, data: bytes) -> bytes:
    """A line or field lost, doubled, or put elsewhere."""
    parts = re.split(rb"(?<=[\n\r,;\0])", data)
    i, j = rng.randrange(len(parts)), rng.randrange(len(parts))
    parts[i] = rng.choice((b"", parts[i] * 2, parts[j], parts[i].swapcase()))
    return b"".join(parts)


_OF_TEXT = (_number_changed, _digit_changed, _word_copied, _line_lost)
