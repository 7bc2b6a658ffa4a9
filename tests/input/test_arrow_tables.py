"""Parquet, Arrow and Feather: what the same table gives as JSON lines, and what is refused."""

from __future__ import annotations

import io
import json
import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyarrow import feather, parquet

from cecalc.cli import status_of
from cecalc.input import parquet as arrow_tables
from tests.shell import InProcess

ROWS: list[dict[str, Any]] = [
    {"id": f"r{i}", "logit_a": i / 4, "logit_b": -i / 8, "logit_c": 1.5 - i, "target": "bca"[i % 3]}
    for i in range(9)
]
INDEXED = [{**row, "target": "abc".index(row["target"]), "sample_weight": 0.5} for row in ROWS]
LISTS = [{"logits": [r["logit_a"], r["logit_b"]], "target": [0.25, 0.75]} for r in ROWS]
DEEP = [{"logits": [[i, 1.0], [2.0, -i]], "target": [0, 1]} for i in range(5)]
TABLES = {"names": ROWS, "indices": INDEXED, "lists": LISTS, "positions": DEEP}


def written(table: Any) -> dict[str, bytes]:
    """The table in every way of laying it out."""
    files = {name: io.BytesIO() for name in ("x.parquet", "g.parquet", "x.feather", "z.arrow")}
    parquet.write_table(table, files["x.parquet"])
    parquet.write_table(table, files["g.parquet"], row_group_size=2, compression="zstd")
    feather.write_feather(table, files["x.feather"], chunksize=4)
    with pa.ipc.new_stream(files["z.arrow"], table.schema) as stream:
        stream.write_table(table, max_chunksize=3)
    return {name: data.getvalue() for name, data in files.items()}


@pytest.mark.parametrize("block", [1, 12, 2**20])
@pytest.mark.parametrize("name", TABLES)
def test_the_digits_of_json_lines(
    name: str, block: int, cecalc: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrow_tables, "BATCH_VALUES", block)
    rows = TABLES[name]
    Path("x.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    expected = cecalc("ce x.jsonl -q --reduction none")
    assert expected[0] == 0
    table = pa.Table.from_pylist(rows)
    tables = [table]
    if name == "names":
        target = table.schema.get_field_index("target")
        encoded = table["target"].combine_chunks().dictionary_encode()
        tables.append(table.set_column(target, "target", encoded))
    if name == "indices":
        narrow = [("id", pa.string()), *((f"logit_{c}", pa.float32()) for c in "abc")]
        more = [("target", pa.int8()), ("sample_weight", pa.float16())]
        tables.append(table.cast(pa.schema([*narrow, *more])))
    if name == "lists":
        fixed = pa.list_(pa.float64(), 2)
        tables.append(table.cast(pa.schema([("logits", fixed), ("target", fixed)])))
    for table in tables:
        for file, data in written(table).items():
            Path(file).write_bytes(data)
            assert cecalc(f"ce {file} -q --reduction none") == expected
    if name == "names":
        status, out, _ = cecalc("ce x.parquet -f jsonl")
        assert status == 0
        assert [json.loads(line)["id"] for line in out.splitlines()] == [r["id"] for r in rows]


def _parquet(**columns: Any) -> bytes:
    data = io.BytesIO()
    parquet.write_table(pa.table(columns), data)
    return data.getvalue()


GOOD = _parquet(logit_a=[1.0, 2], logit_b=[2.0, 1], target=[0, 1])
TWICE = io.BytesIO()
parquet.write_table(pa.Table.from_arrays([pa.array([1.0])] * 2, names=["logit_a"] * 2), TWICE)
FAULTS = {
    "null": (_parquet(logit_a=[1.0, None], logit_b=[2.0, 1], target=[0, 1]), 3,
             "row 1: column 'logit_a' (1): expected a number, found null"),
    "null target": (_parquet(logit_a=[1.0, 2], logit_b=[2.0, 1], target=["a", None]), 3,
                    "row 1: column 'target' (3): expected a class, found null"),
    "text": (_parquet(logit_a=["1", "2"], logit_b=[2.0, 1], target=[0, 1]), 3,
             "column 'logit_a' (1): holds string, expected numbers"),
    "nan": (_parquet(logit_a=[1.0, 2], logit_b=[2.0, float("nan")], target=[0, 1]), 3,
            "row 1: column 'logit_b' (2): logit is nan"),
    "range": (_parquet(logit_a=[1.0, 2], logit_b=[2.0, 1], target=[0, 5]), 3,
              "row 1: column 'target' (3): target 5 outside 0..1"),
    "name": (_parquet(logit_a=[1.0, 2], logit_b=[2.0, 1], target=["a", "c"]), 3,
             "row 1: column 'target' (3): no class is named 'c' (classes: a, b)"),
    "list of weights": (_parquet(logit_a=[1.0], logit_b=[2.0], target=[0], sample_weight=[[1.0]]),
                        3, "row 0: column 'sample_weight' (4): expected a number, found a list"),
    "no text": (_parquet(logit_a=[1.0, 2], logit_b=[2.0, 1], target=pa.array([b"a", b"\xff"])), 3,
                "row 1: column 'target' (3): not valid UTF-8"),
    "ragged": (_parquet(logits=[[1.0, 2], [2.0]], target=[0, 1]), 3, "row 1: 1 logits, expected 2"),
    "twice": (TWICE.getvalue(), 3, "column 'logit_a' appears twice (1 and 2)"),
    "empty": (_parquet(logit_a=pa.array([], pa.float64()), logit_b=pa.array([], pa.float64()),
                       target=pa.array([], pa.int8())), 3, "no data rows"),
    "cut": (GOOD[:-9], 4, "file ends early (its footer is missing)"),
    "footer": (GOOD[:-60] + bytes(52) + GOOD[-8:], 4, "its footer is damaged"),
    "data": (GOOD[:4] + b"\xff" * 60 + GOOD[64:], 4, "its data is damaged"),
    "other": (b"hello, hello", 3, "not a Parquet file (starts with 'hello, hello')"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_fault(fault: str, cecalc: InProcess) -> None:
    data, status, error = FAULTS[fault]
    Path("x.parquet").write_bytes(data)
    found, out, err = cecalc("ce x.parquet -q")
    assert (found, out, err.splitlines()[0]) == (status, "", f"cecalc: error: x.parquet: {error}")


def _arrow(compression: str | None = None, **columns: Any) -> bytes:
    data = io.BytesIO()
    table = pa.table(columns)
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_file(data, table.schema, options=options) as writer:
        writer.write_table(table)
    return data.getvalue()


def _changed(data: bytes, old: bytes, new: bytes) -> bytes:
    assert data.count(old) == 1 and len(old) == len(new)
    return data.replace(old, new)


def _offsets(*offsets: int) -> bytes:
    return struct.pack(f"<{len(offsets)}i", *offsets)


NESTED = _arrow(logits=[[1.0, 2.0], [3.0, 4.0]], target=[0, 1])
CALLED = _arrow(logit_a=[1.0, 2], logit_b=[2.0, 1], target=["name a", "b"])
CODES = _arrow(
    logit_a=[1.0, 2], logit_b=[2.0, 1],
    target=pa.DictionaryArray.from_arrays(pa.array([0x0101, 0x0100], pa.int32()), ["a"] * 300),
)  # fmt: skip
NO_TEXT = pa.array([b"name \xb5"]).cast(pa.string(), safe=False)
DAMAGED = {
    "offsets of lists": _changed(NESTED, _offsets(0, 2, 4), _offsets(0, -(2**20), 2**20)),
    "offsets of names": _changed(CALLED, _offsets(0, 6, 7), _offsets(0, 2**30, 2**30)),
    "names": _changed(CALLED, b"name a", b"name \xb5"),
    "codes": _changed(CODES, _offsets(0x0101, 0x0100), _offsets(2**28, -5)),
    "names in Parquet": _parquet(logit_a=[1.0], logit_b=[2.0], target=NO_TEXT),
}  # fmt: skip


@pytest.mark.parametrize("fault", DAMAGED)
def test_what_arrow_itself_does_not_check(fault: str, cecalc: InProcess) -> None:
    name = "x.parquet" if "Parquet" in fault else "x.arrow"
    Path(name).write_bytes(DAMAGED[fault])
    assert cecalc(f"ce {name} -q") == (4, "", f"cecalc: error: {name}: its data is damaged\n")


def test_more_than_memory_is_claimed(cecalc: InProcess) -> None:
    columns: dict[str, Any] = {name: [1.5] * 517 for name in ("logit_a", "logit_b")}
    data = _arrow("lz4", **columns, target=[0] * 516 + [1])
    Path("x.arrow").write_bytes(data.replace(struct.pack("<q", 517 * 8), struct.pack("<q", 2**60)))
    assert cecalc("ce x.arrow -q") == (
        6,
        "",
        "cecalc: error: out of memory while reading x.arrow\n",
    )


def test_a_page_of_a_small_file_cannot_ask_for_gigabytes(cecalc: InProcess) -> None:
    sizes, claim = GOOD[4:12], b"\xfe\xff\xff\xff\x0f"
    assert sizes[:3] == b"\x15\x04\x15" and sizes[4:5] == b"\x15"  # the last is the page's length
    Path("x.parquet").write_bytes(GOOD[:9] + claim + GOOD[10:])
    before = pa.default_memory_pool().max_memory()  # of this process, whatever ran before
    found = cecalc("ce x.parquet -q")
    assert found == (4, "", "cecalc: error: x.parquet: its data is damaged\n")
    assert pa.default_memory_pool().max_memory() <= max(before, 2**30)


def test_page_checksums_are_checked_where_there_are_any(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.parquet"
    columns: dict[str, Any] = {
        f"logit_{c}": [r * (c + 1.5) % 7 for r in range(500)] for c in range(3)
    }
    table = pa.table(columns | {"target": [r % 3 for r in range(500)]})
    parquet.write_table(
        table, path, compression="none", use_dictionary=False, write_page_checksum=True
    )
    data = bytearray(path.read_bytes())
    data[2000] ^= 1
    path.write_bytes(data)
    assert status_of(["ce", str(path), "-q"]) == 4
    assert "x.parquet: its data is damaged" in capsys.readouterr().err


LAID: dict[str, tuple[str, Callable[[pa.Array], pa.Array]]] = {
    "string_view": ("target", lambda texts: texts.cast(pa.string_view())),
    "binary_view": ("target", lambda texts: texts.cast(pa.binary()).cast(pa.binary_view())),
    "binary": ("target", lambda texts: texts.cast(pa.binary())),
    "fixed_size_binary": ("target", lambda texts: texts.cast(pa.binary()).cast(pa.binary(1))),
    "large_string": ("target", lambda texts: texts.cast(pa.large_string())),
    "dictionary of string_view": ("target", lambda texts: pa.DictionaryArray.from_arrays(
        texts.dictionary_encode().indices,
        texts.dictionary_encode().dictionary.cast(pa.string_view()))),
    "run ends": ("target", pc.run_end_encode),
    "view as id": ("id", lambda texts: texts.cast(pa.string_view())),
    "dictionary of numbers": ("logit_a", lambda numbers: numbers.dictionary_encode()),
    "run ends of numbers": ("logit_a", pc.run_end_encode),
    "decimal": ("logit_a", lambda numbers: numbers.cast(pa.decimal128(9, 3))),
    "half": ("logit_a", lambda numbers: numbers.cast(pa.float16())),
}  # fmt: skip


@pytest.mark.parametrize("laid", LAID)
def test_whatever_holds_texts_or_numbers(laid: str, cecalc: InProcess) -> None:
    """Arrow lays texts and numbers out in many ways; they are the same rows."""
    column, lay = LAID[laid]
    table = pa.Table.from_pylist(ROWS)
    Path("x.parquet").write_bytes(written(table)["x.parquet"])
    expected = cecalc("ce x.parquet -f csv --select id,loss")
    assert expected.status == 0
    at = table.column_names.index(column)
    changed = table.set_column(at, column, lay(table.column(column).combine_chunks()))
    with pa.OSFile("x.arrow", "wb") as file, pa.ipc.new_file(file, changed.schema) as out:
        out.write_table(changed, max_chunksize=4)
    assert cecalc("ce x.arrow -f csv --select id,loss") == expected


def test_lists_of_fixed_size_keep_their_size(cecalc: InProcess) -> None:
    """Their size stands in the type: another one is another file's, or the target's."""
    for name, logits, target in (("x", 3, 3), ("y", 2, 2), ("z", 3, 2)):
        numbers = {"logits": (0.5, logits), "target": (1 / target, target)}
        lists = {
            column: pa.FixedSizeListArray.from_arrays(pa.array([number] * (4 * size)), size)
            for column, (number, size) in numbers.items()
        }
        parquet.write_table(pa.table(lists), f"{name}.parquet")
    loss, error = float(cecalc("ce x.parquet x.parquet -q").out), "cecalc: error: "
    assert math.isclose(loss, math.log(3), rel_tol=1e-15)
    for files, rule in (
        ("x.parquet y.parquet", "y.parquet: row 0: 2 logits, expected 3"),
        ("z.parquet", "z.parquet: values of shape (4, 3) and a target of shape (4, 2)"),
    ):
        ended = cecalc(f"ce {files} -q")
        assert (ended.status, ended.out, ended.err.splitlines()[0]) == (3, "", error + rule)


def viewed(lists: pa.Array) -> pa.Array:
    """The same lists as views."""
    return pa.ListViewArray.from_arrays(lists.offsets[:-1], lists.value_lengths(), lists.values)


def test_views_of_lists(cecalc: InProcess) -> None:
    for rows in (LISTS, DEEP):
        table = pa.Table.from_pylist(rows)
        Path("x.parquet").write_bytes(written(table)["x.parquet"])
        expected = cecalc("ce x.parquet -q --reduction none")
        assert expected.status == 0
        lists = table.column("logits").combine_chunks()
        if rows is DEEP:
            lists = pa.ListArray.from_arrays(lists.offsets, viewed(lists.values))
        else:
            lists = viewed(lists)
        changed = table.set_column(0, "logits", lists)
        with pa.OSFile("x.arrow", "wb") as file, pa.ipc.new_file(file, changed.schema) as out:
            out.write_table(changed)
        assert cecalc("ce x.arrow -q --reduction none") == expected


def test_a_weight_is_the_only_column_or_the_only_one_beside_ids(cecalc: InProcess) -> None:
    Path("x.parquet").write_bytes(GOOD)
    expected = cecalc("ce x.parquet -q --sample-weight 3,1")
    assert expected[0] == 0
    for columns in ({"w": [3.0, 1.0]}, {"id": ["a", "b"], "w": [3.0, 1.0]}):
        Path("w.parquet").write_bytes(_parquet(**columns))
        assert cecalc("ce x.parquet -q --sample-weight w.parquet") == expected


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_columns_without_a_name_are_refused(form: str, cecalc: InProcess) -> None:
    """More than one: they go by their names."""
    columns = [[1, 2], [3, 4], [1.0, 2.0], [2.0, 1.0], [0, 1]]
    table = pa.table([*map(pa.array, columns)], ["", "", "logit_a", "logit_b", "target"])
    if form == "parquet":
        parquet.write_table(table, "x.parquet")
    else:
        feather.write_feather(table, "x.arrow")
    for options in ("", "-f csv", "--by 2"):
        ended = cecalc(f"ce x.{form} {options}")
        assert (ended.status, "more than one column has no name" in ended.said) == (3, True)
