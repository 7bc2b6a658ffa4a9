"""Small tables as text, most of them damaged: what the readers have to agree on."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cecalc.input.layout import Wanted
from cecalc.request import InputRequest
from cecalc.terms import NanPolicy, TargetAs, Task

# fmt: off
NUMBERS = (
    "0", "1", "-2.5", ".5", "3.", "1e3", "-1E-2", "+1", "1e400", "-1e400", "1e-400", "nan", "NaN",
    "-nan", "nan(1)", "inf", "-inf", "-Infinity", "Inf", "1_0", "0x1", "1d3", "01", "", " 2", "2\t",
    "\v2", "\u00a02", "\u0661", "null", "NA", "true", "1,5", "9007199254740993", "1" * 30, "1e",
    "-", "0.1000000000000000055511151231257827021181583404541015625", "[1,2]", '"1"', "4.9e-324",
    "-0", "[1]", "[[1],[2]]", "[]", "\uff11", "1 2", "--1", "1e+05", "infinity", "INF",
)
TARGETS = ("0", "1", "1.0", " 1", "a", "b", " a ", "ä", "-100", "0.7", "01", "+1", "1e0", "", '"a"')
PLAIN_NAMES = ("r1", "é", "日本", "a b", "")
NAMES = (*PLAIN_NAMES, "a,b", "a\tb", 'a"b', "a\nb", "a\r\nb", "a\rb", "null", "\u2028")
PIECES = (
    b'"', b'""', b",", b"\t", b"\n", b"\r", b"\r\n", b"\n\n", b"\n \n", b"\0", b" ", b"\xff",
    b"\xef\xbb\xbf", b"\xc3", b"\xa0", b"\v", b"\x1c", b"{", b"}", b"[", b"]", b":", b"null", b"{}",
    b"NaN", b"-Infinity", b"1e400", b'"id":1,', b"\\", b"\\u0061", b"\\ud800", b"  ", b"1", b"e5",
    b"\xc2\xa0", b".", b"-", b"\n{", b"}\n", b"},", b";", b"#", b"'", b'\n"', b'"\n',
    b',"x', b"\f\n",
)
# fmt: on


@dataclass(frozen=True)
class Case:
    """A text, and how it is asked for."""

    text: bytes
    delimiter: str | None
    """None for JSON lines."""
    request: InputRequest
    wanted: Wanted
    block_bytes: int


def case(seed: int) -> Case:
    """The text of a seed, mostly damaged."""
    rng = random.Random(seed)  # noqa: S311
    delimiter = rng.choice([",", ",", "\t", rng.choice("; §→"), None, None, None])
    text = _json_lines(rng) if delimiter is None else _delimited(rng, delimiter)
    for _ in range(rng.choice([0, 0, 1, 1, 1, 2, 3])):
        text = _damaged(rng, text)
    task = rng.choice([Task.CE, Task.CE, Task.BCE, Task.SOFTMAX])
    request = InputRequest(
        task,
        classes=rng.choice([None, None, None, ("a", "b"), ("0", "1"), ("1", "0")]),
        target_as=rng.choice([None, None, None, *TargetAs]),
        nan=rng.choice([NanPolicy.ERROR, NanPolicy.ERROR, NanPolicy.PROPAGATE]),
    )
    wanted = Wanted(target=task.is_loss)
    if b"logit" not in text or rng.random() < 0.1:
        wanted = Wanted(values=False, only=True)
    return Case(text, delimiter, request, wanted, rng.choice([10**6, 10**6, 1, 40]))


def _delimited(rng: random.Random, delimiter: str) -> bytes:
    end = rng.choice(["\n", "\n", "\n", "\r\n", "\r"])
    header = rng.choice(
        [
            ["id", "logit_a", "logit_b", "target"],
            ["logit_a", "logit_b", "target"],
            ["logit_0", "logit_1", "target", "sample_weight"],
            ["logit_b", "other", "logit_a", "sample_weight", "id", "target"],
            ["logit_a", "logit_b", "target_a", "target_b"],
            ["logit", "target"],
            ["target"],
        ]
    )
    is_odd, quotes = rng.random() < 0.3, rng.random() < 0.4

    def cell(name: str) -> str:
        odd = is_odd and rng.random() < 0.1
        if name in ("id", "other"):
            text = rng.choice(NAMES if quotes else PLAIN_NAMES)
        elif name == "target":
            text = rng.choice(TARGETS if odd else TARGETS[:2])
        else:
            text = rng.choice(NUMBERS) if odd else repr(round(rng.uniform(-9, 9), 3))
        needed = any(c in text for c in (delimiter, '"', "\n", "\r"))
        if needed or (quotes and rng.random() < 0.2):
            return '"' + text.replace('"', '""') + '"'
        return text

    rows = [header] + [[*map(cell, header)] for _ in range(rng.randint(1, 7))]
    text = end.join(delimiter.join(row) for row in rows)
    return (text + rng.choice([end, end, "", end * 3])).encode()


def _json_lines(rng: random.Random) -> bytes:
    keys = rng.choice(
        [
            ["id", "logits", "target"],
            ["logits", "target", "sample_weight", "other"],
            ["logit_a", "logit_b", "target"],
            ["logit", "target"],
            ["target"],
            ["logits", "target", "id"],
        ]
    )
    kinds = {
        "id": rng.choice(["text", "number", "text", "list"]),
        "target": rng.choice(["class", "class", "name", "list"]),
        "logits": rng.choice(["list", "list", "list", "nested", "number"]),
        "other": rng.choice(["text", "number", "nested", "bool", "null"]),
    }
    is_odd = rng.random() < 0.3
    made: dict[str, Callable[[], Any]] = {
        "text": lambda: rng.choice(NAMES),
        "number": lambda: rng.choice([rng.randint(-3, 3), round(rng.uniform(-9, 9), 3)]),
        "class": lambda: rng.randint(0, 1),
        "name": lambda: rng.choice("ab"),
        "list": lambda: [made["number"]() for _ in range(2 + (is_odd and rng.random() < 0.1))],
        "nested": lambda: [made["list"](), made["list"]()],
        "bool": lambda: rng.random() < 0.5,
        "null": lambda: None,
    }

    def value(key: str) -> Any:
        kind = kinds.get(key, "list" if is_odd and rng.random() < 0.05 else "number")
        return made[rng.choice([*made]) if is_odd and rng.random() < 0.05 else kind]()

    lines = []
    for _ in range(rng.randint(1, 7)):
        row = {key: value(key) for key in keys}
        if is_odd and rng.random() < 0.2:
            row = dict(rng.sample(list(row.items()), len(row) - (rng.random() < 0.3)))
        line = json.dumps(row, ensure_ascii=rng.random() < 0.5)
        if is_odd and rng.random() < 0.2:
            number = rng.choice(NUMBERS)
            line = line.replace("0", number, 1)
        lines.append(line)
    end = rng.choice(["\n", "\n", "\n", "\r\n", "\r"])
    return (end.join(lines) + rng.choice([end, end, "", end * 3])).encode()


def _damaged(rng: random.Random, text: bytes) -> bytes:
    """The text with a piece put in, a byte changed, some left out, or a field lost or doubled."""
    start = text.find(b"\n") + 1 if rng.random() < 0.9 else 0
    at = rng.randint(start, len(text))
    before, after = text[:at], text[at:]
    match rng.randrange(7):
        case 0 | 1 | 2:
            return before + rng.choice(PIECES) + after
        case 3:
            return before + rng.choice(PIECES) + after[1:]
        case 4:
            return before + after[rng.randint(1, 3) :]
        case 5:
            return before + bytes([after[0] ^ 1 << rng.randrange(8)]) + after[1:] if after else text
        case _:
            fields = re.split(rb"(?<=[\n\r,])", text)
            i = rng.randrange(len(fields))
            fields[i] = rng.choice([b"", fields[i] * 2, fields[i].swapcase()])
            return b"".join(fields)
