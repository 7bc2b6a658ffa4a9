"""How an input is cut into blocks, and how its bytes come, shows in no result and no message."""

from __future__ import annotations

import gc
import io
import itertools
import os
import sys
import threading
import time
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cecalc import run as flow
from cecalc.errors import CecalcError, LimitError, message
from cecalc.input import table
from cecalc.input import text as blocks
from cecalc.input.bytes import Stream
from cecalc.items import Outcome
from cecalc.model import Batch
from cecalc.output import CSV, JSON, JSONL
from cecalc.run.blocks import AHEAD, cores
from cecalc.run.results import results
from cecalc.terms import InputFormat, NanPolicy, Task
from tests.run.running import request, run
from tests.shell import InProcess

HEADER = "id,logit_a,logit_b,target\n"
QUOTED = (
    HEADER
    + 'r0,1,2,0\n"a\nb","-1",2.5,1\n"c ""d"", e",3,"4",0\n"",5,6,1\n'
    + '"日本\r\n""\n""",7,8,0\nz,9,1,1\n'
)
PLAIN = HEADER + "".join(f"é{i},{i / 8},{-i}.5e-1,{i % 2}\n" for i in range(9))
OBJECTS = "".join(
    f'{{"id": "{name}", "logits": [{i}, -{i}.5], "target": {i % 2}}}\n'
    for i, name in enumerate(["r", "é", "日本", 'q\\"', "\\u00e9", "x" * 70])
)
LISTS = 'logits,target\n"[1,2]","[0.5,0.5]"\n"[3, 4]","[1,0]"\n"[5,6]","[0,1]"\n'
RUNS = ["\r", "\n", "\r\n", "\r\r\n\n"]
TEXTS = {
    "plain.csv": PLAIN,
    "plain.tsv": PLAIN.replace(",", "\t"),
    "crlf.csv": PLAIN.replace("\n", "\r\n"),
    "cr.csv": PLAIN.replace("\n", "\r"),
    "mixed.csv": PLAIN.replace("\n", "\r\n", 3).replace("5e-1,1\n", "5e-1,1\r"),
    "unended.csv": PLAIN.strip(),
    "blank-end.csv": PLAIN + "\n\r\n\n",
    "blank-lf.csv": PLAIN + "\n" * 400,
    "blank-crlf.csv": PLAIN + "\r\n" * 400,
    "blank-cr.csv": PLAIN.replace("\n", "\r") + "\r" * 400,
    "blank-mixed.csv": PLAIN + "\r\n\n\r" * 99,
    "blank-quoted.csv": QUOTED + "\r\n" * 99,
    "bom.csv": "\ufeff" + PLAIN,
    "quoted.csv": QUOTED,
    "quoted-unended.csv": QUOTED.strip(),
    "quoted-crlf.csv": QUOTED.replace("\n", "\r\n"),
    "quoted-cr.csv": QUOTED.replace("\r\n", "\n").replace("\n", "\r"),
    "quoted-header.csv": QUOTED.replace("id,", '"id\r\n",', 1),
    "quoted-cr-header.csv": QUOTED.replace("id,", '"id\r",', 1).replace("9,1,1", "9,1,7"),
    "lists.csv": LISTS,
    "trailing.csv": "".join(f"{line},\n" for line in PLAIN.splitlines()),
    "objects.jsonl": OBJECTS,
    "objects-crlf.jsonl": OBJECTS.replace("\n", "\r\n"),
    "objects-cr.jsonl": OBJECTS.replace("\n", "\r"),
    "objects-blank.jsonl": "\n \n" + OBJECTS.replace("\n", "\n\n\t \n\n") + "\n",
    "objects-far.jsonl": "\r\n \n" * 99 + OBJECTS.replace("\n", "\n" * 99 + "\t\r\n" * 99),
    "objects-far-cr.jsonl": OBJECTS.replace("\n", "\r" * 99) + "\r \r" * 99,
    "objects-unended.jsonl": OBJECTS.strip(),
    "objects.json": OBJECTS,
    "array.json": "[\n" + ",\n".join(OBJECTS.splitlines()) + "]\n",
    "document.json": '{"logits":\n [[1,2],\n\n [3,4]],\n "target": [0, 1]}\n',
    # one fault each
    "short.csv": PLAIN.replace("é7,", ""),
    "word.csv": PLAIN.replace(",-7.5", ",x7"),
    "open.csv": PLAIN.replace("é7,", '"é7,'),
    "open-late.csv": QUOTED + '"x,1,2,0\n' + "y,1,2,0\n" * 3,
    "after-quote.csv": QUOTED.replace('"-1"', '"-1"1'),
    "stray.csv": QUOTED.replace("r0", 'r"0'),
    "blank.csv": QUOTED.replace("z,", "\n\nz,"),
    **{f"blank-{i}.csv": PLAIN.replace("\n", end * 99, 4) for i, end in enumerate(RUNS)},
    "blank-then-open.csv": PLAIN + "\r\n" * 99 + '\n"x,1,2,0\n',
    "blank-then-stray.csv": PLAIN + "\n" * 99 + 'x"y,1,2,0\n',
    "blank-then-nul.csv": PLAIN + "\n" * 99 + "\0,1,2,0\n",
    "blank-then-quoted.csv": PLAIN + "\n" * 99 + '"a\n\n\nb",1,2,0\n',
    "blank-header.csv": "\r\n" * 99 + PLAIN,
    "blank-all.csv": "\r\n" * 99,
    "far-range.jsonl": OBJECTS.replace("\n", "\n" * 99).replace('"target": 1', '"target": 7', 1),
    "far-broken.jsonl": OBJECTS.replace("\n", "\r\n" * 99).replace("[4, -4.5]", "[4, -4.5"),
    "far.json": '\n\n{"logits":\n' + " \n" * 99 + ' [[1,2],[3 4]],\n "target": [0, 1]}\n',
    "blank-first.csv": PLAIN.replace("\n", "\n\n", 1),
    "nul.csv": PLAIN.replace("é7", "\0"),
    "range.csv": QUOTED.replace("9,1,1", "9,1,7"),
    "nan.csv": QUOTED.replace("9,1,1", "nan,1,1"),
    "name.csv": QUOTED.replace("9,1,1", "9,1,c"),
    "index-then-list.csv": LISTS.replace('"[0.5,0.5]"', "0").replace('"[1,0]"', "1"),
    "list-then-index.csv": LISTS.replace('"[0,1]"', "1"),
    "longer-list.csv": LISTS.replace("[5,6]", "[5,6,7]"),
    "one-of-two.csv": LISTS.replace('"[5,6]"', "5"),
    "deeper.jsonl": OBJECTS.replace("[4, -4.5]", "[[4], [5]]"),
    "broken.jsonl": OBJECTS.replace("[4, -4.5]", "[4, -4.5"),
    "halved.jsonl": OBJECTS.replace("[4, -4.5]", "[4,\n-4.5]"),
    "two.jsonl": OBJECTS.replace("1}\n", "1} {}\n", 1),
    "no-object.jsonl": OBJECTS + "[1]\n",
    "no-target.jsonl": OBJECTS.replace('[1, -1.5], "target": 1', "[1, -1.5]"),
    "null.jsonl": OBJECTS.replace("-4.5", "null"),
    "range.jsonl": "\n\n" + OBJECTS.replace('"target": 0', '"target": 7', 1),
    "twice.jsonl": OBJECTS.replace('"id": "é"', '"id": 1, "id": 2'),
    "broken.json": '{"logits":\n [[1,2],\n\n [3 4]],\n "target": [0, 1]}\n',
}  # fmt: skip
SIZES = (1, 2, 3, 7, 16, 50, 2**20)
Seen = str | list[str]


def seen(path: str, **options: Any) -> Seen:
    """What a person gets: the views, or the message."""
    try:
        found = run(request(Task.CE, inputs=(path,), **options))
    except CecalcError as error:
        return message(error)
    views = (CSV, JSONL, JSON)
    return [found.quiet(), *map(found.text, views), str([*found.rows("batch.values")])]


def seen_in_blocks(path: Path, size: int, *, quick: bool, **options: Any) -> Seen:
    """The same, read in blocks of this size, each by the quick reader or by none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK_BYTES", size)
        patch.setattr(table, "MIN_ARROW_BYTES", 0 if quick else 2**60)
        return seen(str(path), **options)


def seen_on_stdin(raw: io.RawIOBase, name: str) -> Seen:
    """The same on standard input."""
    form = InputFormat(Path(name).suffix[1:])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(raw)))
        return seen("-", input_format=form)


class Trickle(io.RawIOBase):
    """Bytes that come a few at a time."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts, self._rest = parts, b""

    def readable(self) -> bool:
        """As a stream has to say."""
        return True

    def read(self, size: int = -1) -> bytes:
        """What has come, up to `size` bytes; none at the end."""
        data = self._rest or next(self._parts, b"")
        data, self._rest = data[:size], data[size:]
        return data


def in_pieces(data: bytes, most: int) -> Iterator[bytes]:
    sizes = itertools.cycle(range(1, most + 1))
    while data:
        size = next(sizes)
        yield data[:size]
        data = data[size:]


@pytest.mark.parametrize("name", TEXTS)
def test_blocks_of_any_size(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(TEXTS[name].encode())
    expected = seen_in_blocks(path, 2**24, quick=False)
    assert "Error" not in expected
    for size in SIZES:
        for quick in (True, False):
            assert seen_in_blocks(path, size, quick=quick) == expected, (size, quick)


BLANK_ENDS = ["blank-lf", "blank-crlf", "blank-cr", "blank-mixed", "blank-quoted", "blank-end"]


@pytest.mark.parametrize("name", BLANK_ENDS)
def test_blank_lines_at_the_end_are_nothing(name: str, tmp_path: Path) -> None:
    plain, blank = tmp_path / "plain.csv", tmp_path / "blank.csv"
    text = TEXTS[f"{name}.csv"].encode()
    blank.write_bytes(text)
    plain.write_bytes(text.rstrip(b"\r\n"))
    expected = seen_in_blocks(plain, 2**24, quick=False)
    assert isinstance(expected, list)
    for size in (1, 16, 50, 64, 500, 2**20):
        assert seen_in_blocks(blank, size, quick=False)[:3] == expected[:3]


ENDS = [b"\n", b"\r\n", b"\r", b"\n\r\n"]


@pytest.mark.parametrize("end", ENDS)
def test_blank_lines_of_json_take_no_memory(end: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 2**16)
    row, blank = b"{}\n", end * (2**20 // len(end))
    pieces = itertools.chain([row], itertools.repeat(blank, 16), [row])
    raw = Trickle(pieces)
    tracemalloc.start()
    try:
        found = list(blocks.cut(Stream("x", raw), quoted=False))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    (first, *_), last = (list(b.lines()) for b in (found[0], found[-1]))
    assert first == (1, row.decode())
    ends = 16 * len(blank.replace(b"\r\n", b"\n"))
    assert last[-1] == (2 + ends, row.decode())
    assert peak < 2**23, peak


@pytest.mark.parametrize("end", ENDS)
def test_blank_lines_of_csv_are_as_long_as_a_row_at_most(
    end: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "MAX_LINE_CHARACTERS", 2**10)
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 2**8)
    raw = io.BytesIO(b"1,2\n" + end * 2**11 + b"1,2\n")
    with pytest.raises(LimitError, match="line ends without a row"):
        list(blocks.cut(Stream("x", raw), quoted=True))


@pytest.mark.parametrize("name", ["quoted.csv", "quoted-cr.csv", "quoted-crlf.csv", "bom.csv"])
def test_every_edge(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(TEXTS[name].encode())
    every = range(1, len(TEXTS[name].encode()) + 2)
    assert len({str(seen_in_blocks(path, size, quick=size % 2 > 0)) for size in every}) == 1


FAULTS = ["1,2", "r,1,x,0", "r,1,,0", "r,1,2,9", "r,nan,2,0", 'a"b,1,2,0', '"a"b,1,2,0', "\0", "\n"]
BAD_OBJECTS = ["{", "[]", "{}", '{"id": 1, "id": 2}', '{"id": 1, "logits": [1, 2], "target": 9}']


@pytest.mark.parametrize("fault", [*FAULTS, *BAD_OBJECTS])
def test_fault_over_the_edge(fault: str, tmp_path: Path) -> None:
    is_json = fault in BAD_OBJECTS
    lines = (OBJECTS if is_json else QUOTED[: QUOTED.index("z,")]).splitlines(keepends=True)
    ends = [i for i in range(len(HEADER) * (not is_json), 99) if _ends_row("".join(lines)[:i])]
    text = "".join(lines)
    path = tmp_path / ("x.jsonl" if is_json else "x.csv")
    for end in ends:
        path.write_text(text[:end] + fault + "\n" + text[end:], newline="")
        line = text[:end].count("\n") + 1
        for size in (1, end - 1, end, end + 1, end + len(fault), end + len(fault) + 2, 2**20):
            for quick in (True, False):
                assert f"{path}:{line}: " in seen_in_blocks(path, max(1, size), quick=quick)


def _ends_row(text: str) -> bool:
    return text.endswith("\n") and text.count('"') % 2 == 0


@pytest.mark.parametrize("most", [1, 3, 64, 1000])
@pytest.mark.parametrize("name", [name for name in TEXTS if Path(name).suffix != ".json"])
def test_bytes_that_trickle(name: str, most: int) -> None:
    data = TEXTS[name].encode()
    expected = seen_on_stdin(io.BytesIO(data), name)  # type: ignore[arg-type]
    assert seen_on_stdin(Trickle(in_pieces(data, most)), name) == expected


@pytest.mark.parametrize("size", [1, 50, 64, 100])
def test_delimiter_is_told_however_the_first_line_comes(size: int) -> None:
    columns = [f"logit_{name * 9}" for name in "abcdefghij"]
    text = "\t".join([*columns, "a,b", "target"]) + "\n" + "\t".join(["1"] * 12) + "\n"
    pieces = (text.encode()[i : i + size] for i in itertools.count(0, size))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Trickle(pieces))))
        assert run(request(Task.CE, inputs=("-",))).report.rows_given == 1


def test_wide_encodings_that_trickle(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    for encoding in ("utf-16", "utf-16-le", "latin-1", "shift_jis"):
        kept = QUOTED if encoding != "latin-1" else QUOTED.replace("日本", "é")
        path.write_bytes(kept.encode(encoding))
        expected = seen_in_blocks(path, 2**20, quick=False, encoding=encoding)
        assert isinstance(expected, list)
        for size in (1, 2, 3, 50):
            assert seen_in_blocks(path, size, quick=True, encoding=encoding) == expected


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, int]]:
    """A pipe's two ends; standard input is the one."""
    source, sink = os.pipe()
    with open(source) as stdin:  # noqa: PTH123 (it has no path)
        monkeypatch.setattr(sys, "stdin", stdin)
        yield source, sink


@pytest.mark.parametrize("is_blocking", [True, False])
def test_first_rows_come_before_the_last_are_written(
    pipe: tuple[int, int], *, is_blocking: bool
) -> None:
    os.set_blocking(pipe[0], is_blocking)
    came, in_time = threading.Event(), list[bool]()

    def write() -> None:
        with os.fdopen(pipe[1], "wb", buffering=0) as sink:
            first, last = PLAIN[:99], PLAIN[99:]
            for piece in in_pieces(first.encode(), 9):
                sink.write(piece)
                time.sleep(0.002)
            in_time.append(came.wait(200))
            sink.write(last.encode())

    writer = threading.Thread(target=write)
    writer.start()
    rows = 0
    for item in flow.run(request(Task.CE, inputs=("-",)), results):
        if isinstance(item, Outcome):
            rows += item.batch.size
            came.set()
    writer.join()
    assert in_time == [True]
    assert rows == 9


@pytest.mark.parametrize("quick", [True, False])
def test_few_blocks_are_alive(monkeypatch: pytest.MonkeyPatch, *, quick: bool) -> None:
    made, most, rows = list[weakref.ref[blocks.TextBlock]](), 0, 0
    make: Callable[..., blocks.TextBlock] = blocks._block

    def noted(*args: Any, **options: Any) -> blocks.TextBlock:
        block = make(*args, **options)
        made.append(weakref.ref(block))
        return block

    total = 200_000 if quick else 60_000
    monkeypatch.setattr(blocks, "_block", noted)
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 2**16)
    monkeypatch.setattr(table, "MIN_ARROW_BYTES", 0 if quick else 2**60)
    parts = (f"r{i},{i % 97},{i % 89}.25,{i % 2}\n".encode() * 100 for i in range(total // 100))
    raw = Trickle(itertools.chain([HEADER.encode()], parts))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(raw)))
    for item in flow.run(request(Task.CE, inputs=("-",), input_format=InputFormat.CSV), results):
        if isinstance(item, Outcome):
            rows += item.batch.size
            most = max(most, sum(block() is not None for block in made))
    assert rows == total
    assert len(made) > 10
    assert most <= cores() + AHEAD + 4  # and the first, the one shown, one read and one to come


def test_quote_that_is_never_closed_is_soon_given_up(tmp_path: Path) -> None:
    looked_at = 0
    path = tmp_path / "x.csv"
    path.write_text(HEADER + '"' + '"x",1,2,0\n' * 2**20)

    def noted(data: bytes, *, quoted: bool) -> int:
        nonlocal looked_at
        looked_at += len(data)
        return last_end(data, quoted=quoted)

    last_end = blocks._last_end
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "_last_end", noted)
        found = seen_in_blocks(path, 2**10, quick=True)
    assert f"{path}:2: quote inside" in found or f"{path}:2: text after" in found
    assert looked_at < 5 * path.stat().st_size


def test_nan_may_pass_in_any_block(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(OBJECTS.replace("-4.5", "NaN"))
    expected = seen_in_blocks(path, 2**20, quick=False, nan=NanPolicy.PROPAGATE)
    for size in SIZES:
        found = seen_in_blocks(path, size, quick=True, nan=NanPolicy.PROPAGATE)
        assert found == expected


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_a_block_is_gone_when_it_is_done(
    suffix: str, cecalc: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a garbage collector: a circle would keep blocks alive until it comes."""
    text_of = {
        "csv": "id,logit_0,logit_1,target\n" + "a,1,2,1\n" * 400,
        "jsonl": '{"id": "a", "logits": [1, 2], "target": 1}\n' * 400,
    }[suffix]
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 512)
    monkeypatch.setattr(table, "MIN_ARROW_BYTES", 0)
    before = _alive()
    gc.disable()
    try:
        assert cecalc(f"ce x.{suffix} -q", {f"x.{suffix}": text_of}).status == 0
        left = [one for one in _alive() if not any(one is other for other in before)]
    finally:
        gc.enable()
    assert left == []


def _alive() -> list[object]:
    """The blocks and batches there are; others' tests may hold some."""
    return [one for one in gc.get_objects() if type(one) in (blocks.TextBlock, Batch)]
