"""Parquet out, and the columns of Parquet and Arrow in every other format."""

from __future__ import annotations

import datetime as dt
import decimal
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyarrow import csv, feather, parquet

from cecalc.input import parquet as arrow_tables
from cecalc.output import parquet as view
from tests.shell import InProcess, shell, terminal

MOMENT = dt.datetime(2024, 5, 6, 7, 8, 9, tzinfo=dt.UTC)
OTHER: dict[str, Any] = {
    "text": pa.array(["x", "y,z", None, '"', "007"]),
    "int": pa.array([1, None, 3, 4, 2**60]),
    "byte": pa.array([1, 2, 3, 4, 255], pa.uint8()),
    "real": pa.array([0.5, None, float("nan"), 1e-5, 1e16]),
    "single": pa.array([0.5, 0.1, 3, -0.0, 1], pa.float32()),
    "flag": pa.array([True, None, False, True, False]),
    "coded": pa.array(["u", "v", None, "u", "v"]).dictionary_encode(),
    "moment": pa.array([MOMENT, None, MOMENT, MOMENT, MOMENT], pa.timestamp("us", "Europe/Berlin")),
    "time": pa.array([1, 2, 3, 4, None], pa.timestamp("ns")),
    "day": pa.array([dt.date(2024, 5, 6)] * 5),
    "list": pa.array([["a"], [], None, ["b", None], ["c"]]),
    "struct": pa.array([{"k": 1}, None, {"k": None}, {"k": 2}, {"k": 3}]),
    "price": pa.array([decimal.Decimal("1.20")] * 5),
    "bytes": pa.array([b"a", b"\xff", None, b"", b"12"]),
    "view": pa.array(["a", "b", None, "c", "d"]).cast(pa.string_view()),
    "nothing": pa.nulls(5),
}
USED: dict[str, Any] = {
    "id": ["r0", "r1", "r2", "r3", "r4"],
    "logit_a": [1.0, 2, 3, 4, 5],
    "logit_b": pa.array([2.0] * 5, pa.float32()),
    "target": ["a", "b", "a", "b", "a"],
}
TABLE = pa.table({"first": OTHER["text"], **USED, **OTHER})
OURS = {
    "loss": pa.float64(),
    "prediction": pa.string(),
    "p_target": pa.float64(),
    "correct": pa.bool_(),
    "status": pa.string(),
}


def write(table: Any, name: str, **options: Any) -> None:
    """A file of the format that the suffix says."""
    if name.endswith(".parquet"):
        parquet.write_table(table, name, **options)
        return
    with pa.OSFile(name, "wb") as file, pa.ipc.new_file(file, table.schema) as out:
        out.write_table(table, max_chunksize=2)


@pytest.fixture(params=["x.parquet", "x.arrow"])
def name(request: pytest.FixtureRequest, cecalc: InProcess) -> str:
    """A file with columns of many types, in the folder of the test."""
    del cecalc  # which makes the folder
    write(TABLE, request.param)
    return str(request.param)


def read(name: str) -> Any:
    """The table that was written."""
    return parquet.read_table(name) if name.endswith(".parquet") else feather.read_table(name)


@pytest.mark.parametrize("output", ["o.parquet", "o.arrow"])
@pytest.mark.parametrize("block", [1, 20, 2**20])
def test_types_and_values_are_kept(
    name: str, block: int, output: str, cecalc: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrow_tables, "BATCH_VALUES", block)
    monkeypatch.setattr(view, "GROUP_BYTES", block)
    assert cecalc(f"ce {name} -o {output}") == (0, "", "")
    found = read(output)
    for column in TABLE.column_names:
        ours, theirs = found[column].combine_chunks(), TABLE[column].combine_chunks()
        if (column, output) == ("coded", "o.arrow"):  # a file of Arrow has one dictionary for all
            theirs = theirs.cast(pa.string())
        assert ours.type == theirs.type, column
        if column == "coded":  # its dictionary is another
            ours, theirs = ours.cast(pa.string()), theirs.cast(pa.string())
        assert ours.equals(theirs) or (column == "real" and str(ours) == str(theirs)), column
    added = found.column_names[len(TABLE.column_names) :]
    assert {c: found.schema.field(c).type for c in added} == OURS
    expected = cecalc(f"ce {name} -q --reduction none").out.split()
    assert found["loss"].to_pylist() == list(map(float, expected))
    assert found["status"].null_count == 5


def test_text_formats_have_every_column_in_place(name: str, cecalc: InProcess) -> None:
    status, out, _ = cecalc(f"ce {name} -f csv --select !list,struct,loss,p_target")
    assert (status, out) == (0, CSV)
    status, out, _ = cecalc(f"ce {name} -f jsonl")
    first, second, third, *_ = map(json.loads, out.splitlines())
    assert list(first)[: len(TABLE.column_names)] == TABLE.column_names
    assert (first["list"], second["struct"], second["int"]) == (["a"], None, None)
    assert (third["real"], third["real_status"], third["flag"]) == (None, "nan", False)
    assert first["loss"] == 1.3132616875182228


CSV = """\
first,id,logit_a,logit_b,target,text,int,byte,real,single,flag,coded,moment,time,day,price,bytes,view,nothing,prediction,correct,status
x,r0,1,2,a,x,1,1,0.5,0.5,true,u,2024-05-06 07:08:09.000000Z,1970-01-01 00:00:00.000000001,2024-05-06,1.20,a,a,,b,false,
"y,z",r1,2,2,b,"y,z",,2,,0.10000000149011612,,v,,1970-01-01 00:00:00.000000002,2024-05-06,1.20,\\xff,b,,a,false,
,r2,3,2,a,,3,3,nan,3,false,,2024-05-06 07:08:09.000000Z,1970-01-01 00:00:00.000000003,2024-05-06,1.20,,,,a,true,
"\""\",r3,4,2,b,"\""\",4,4,1e-5,0,true,u,2024-05-06 07:08:09.000000Z,1970-01-01 00:00:00.000000004,2024-05-06,1.20,,c,,a,false,
007,r4,5,2,a,007,1152921504606846976,255,1e16,1,false,v,2024-05-06 07:08:09.000000Z,,2024-05-06,1.20,12,d,,a,true,
"""  # noqa: E501


def test_many_rows_have_the_texts_of_few(
    name: str, cecalc: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = cecalc(f"ce {name} -f tsv")
    assert expected.status == 0
    monkeypatch.setattr("cecalc.output.columns.MANY", 1)
    assert cecalc(f"ce {name} -f tsv") == expected


@pytest.mark.parametrize("option", ["--by coded", "--by flag,correct", "--by int", "--by /^by/"])
def test_groups_by_a_column_are_those_of_text(name: str, option: str, cecalc: InProcess) -> None:
    cecalc(f"ce {name} -f csv --select {','.join(TABLE.column_names)} -o x.csv")
    expected = cecalc(f"ce x.csv {option} -f csv")
    assert expected.status == 0 and cecalc(f"ce {name} {option} -f csv") == expected
    assert cecalc(f"ce {name} {option} -o o.parquet").status == 0
    found = parquet.read_table("o.parquet")
    assert found["loss"].type == pa.float64() and found["rows"].type == pa.int64()


def test_ranked_rows_and_chosen_columns(name: str, cecalc: InProcess) -> None:
    assert cecalc(f"ce {name} --top 2 --select int,id,loss -o o.parquet").status == 0
    rows = [{"int": 4, "id": "r3"}, {"int": 1, "id": "r0"}]
    found = parquet.read_table("o.parquet")
    assert found.select(["int", "id"]).to_pylist() == rows
    assert cecalc(f"ce {name} --top 1 -f json --select id,int,list,loss").out.startswith(
        '{\n  "rows": [\n    {"id": "r3", "int": 4, "list": ["b", null], "loss": 2.126'
    )
    assert cecalc(f"ce {name} --only-added --prefix x_ -o o.parquet").status == 0
    assert parquet.read_table("o.parquet").column_names == [f"x_{name}" for name in OURS]


def read_names(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Which columns are read, each time."""
    seen, batches = list[list[str]](), parquet.ParquetFile.iter_batches

    def watched(self: Any, rows: int, columns: list[str], **options: Any) -> Any:
        seen.append(columns)
        return batches(self, rows, columns=columns, **options)

    monkeypatch.setattr(parquet.ParquetFile, "iter_batches", watched)
    return seen


@pytest.mark.parametrize(
    ("options", "more"),
    [
        ("", []),
        ("-q", []),
        ("-f json", []),
        ("--by class", []),
        ("-f csv --only-added", []),
        ("-q --reduction none -f csv", []),
        ("--by coded", ["coded"]),
        ("-f csv --select day,loss", ["day"]),
        ("-f jsonl --select !loss", ["first", *OTHER]),
        ("-f jsonl --select !loss,!first", [*OTHER]),
        ("-f tsv", ["first", *OTHER]),
    ],
)
def test_only_what_is_written_is_read(
    options: str, more: list[str], cecalc: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(TABLE, "x.parquet")
    seen = read_names(monkeypatch)
    assert cecalc(f"ce x.parquet {options}").status == 0
    assert set(seen[-1]) == {*USED, *more}


LISTS = {"logits": [[1.0, 2.0], [float("-inf"), 1.0]], "target": [[0.25, 0.75], [0.0, 1.0]]}


def test_lists_are_a_column_for_each_class_in_text(cecalc: InProcess) -> None:
    write(pa.table({"n": [7, 8], **LISTS}), "x.parquet")
    expected = cecalc("ce x.parquet -f csv")
    names, first, second = expected.out.splitlines()
    assert names.startswith("n,logit_0,logit_1,target_0,target_1,loss,")
    assert first.startswith("7,1,2,0.25,0.75,0.56") and second.startswith("8,-inf,1,0,1,0,")
    Path("x.csv").write_text(expected.out)
    assert cecalc("ce x.csv -q").out == cecalc("ce x.parquet -q").out
    assert cecalc("ce x.parquet -o o.parquet").status == 0
    assert parquet.read_table("o.parquet").select(["n", "logits"]).to_pylist()[0] == {
        "n": 7, "logits": [1.0, 2.0]
    }  # fmt: skip


def test_a_row_for_each_position(cecalc: InProcess) -> None:
    table = pa.table({"s": ["p", "q"], "logits": [[[1.0, 2], [3, 0]]] * 2, "target": [[0, 1]] * 2})
    write(table, "x.parquet")
    status, out, _ = cecalc("ce x.parquet -f csv --select n,d1,s,target,prediction")
    assert (status, out.split()) == (
        0, ["n,d1,s,target,prediction", "0,0,p,0,1", "0,1,p,1,0", "1,0,q,0,1", "1,1,q,1,0"]
    )  # fmt: skip
    assert cecalc("ce x.parquet -o o.parquet --select n,s").status == 0
    found = parquet.read_table("o.parquet").to_pylist()
    assert found == [{"n": n, "s": s} for n, s in ((0, "p"), (0, "p"), (1, "q"), (1, "q"))]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_column_that_is_called_as_a_coordinate_is_there_once(
    form: str, cecalc: InProcess
) -> None:
    """The input's own, as in a table: no file has two columns of one name."""
    columns = {"n": [7, 8], "logits": [[[1.0, 2], [3, 0]]] * 2, "target": [[0, 1]] * 2}
    write(pa.table(columns), "x.parquet")
    assert cecalc(f"ce x.parquet --select n,d1,prediction -o o.{form}").status == 0
    names = ["d1", "n", *(["logits"] if form == "parquet" else ["logit_0", "logit_1"]), "target"]
    found = parquet.read_table("o.parquet") if form == "parquet" else csv.read_csv("o.csv")
    assert [*found.to_pydict().items()] == [
        ("n", [7, 7, 8, 8]), ("d1", [0, 1, 0, 1]), ("prediction", [1, 0, 1, 0])
    ]  # fmt: skip
    assert cecalc(f"ce x.parquet -o o.{form}").status == 0
    found = parquet.read_table("o.parquet") if form == "parquet" else csv.read_csv("o.csv")
    assert found.column_names == [*names, *OURS]


@pytest.mark.parametrize("kind", [pa.timestamp("ns"), pa.timestamp("us", "UTC"), pa.time64("ns")])
@pytest.mark.parametrize("name", ["id", "target", "moment"])
def test_times_that_python_does_not_know(kind: Any, name: str, cecalc: InProcess) -> None:
    """Moments with nanoseconds, or far away, are texts like others, and no damage."""
    number = 2**60 if kind.equals(pa.timestamp("us", "UTC")) else 1
    times = {name: pa.array([number, None, number + 1], kind)}
    write(
        pa.table({**times, "logit_a": [1.0, 2, 3], "logit_b": [2.0] * 3, "y": [0, 1, 1]}),
        "x.parquet",
    )
    ended = cecalc("ce x.parquet --target-col y -q")
    assert (ended.status, ended.said) == (0, "")
    assert float(ended.out) == pytest.approx(1.3132616875 * 2 / 3 + 0.6931471806 / 3)
    assert "damaged" not in cecalc("ce x.parquet").said


def test_numbers_with_a_decimal_comma_are_numbers(cecalc: InProcess) -> None:
    """Of the columns that were read; another's comma may be anything."""
    text = "logit_a;logit_b;target;k\n1,5;2;0;1,5\n1;2,25;1;2\n"
    ended = cecalc("ce x.csv --decimal , -o o.parquet", {"x.csv": text})
    assert ended.status == 0
    found = parquet.read_table("o.parquet").to_pydict()
    assert [found[name] for name in ("logit_a", "logit_b", "k")] == [
        [1.5, 1.0], [2.0, 2.25], ["1,5", "2"]
    ]  # fmt: skip


LETTERS = {pa.float64(): "d", pa.int64(): "l", pa.bool_(): "b", pa.string(): "s"}
TEXTS = {
    "x.csv": 'id,logit_a,logit_b,target,s\nq,1,0.50,a,"u,v"\nr,0,2,b,\n',
    "x.tsv": "id\tlogit_a\tlogit_b\ttarget\ts\nq\t1\t0.50\ta\tu,v\nr\t0\t2\tb\t\n",
    "x.jsonl": '{"id": "q", "logit_a": 1, "logit_b": 0.5, "target": "a", "s": "u,v"}\n'
    '{"id": "r", "logit_a": 0, "logit_b": 2, "target": "b", "s": null}\n',
}


@pytest.mark.parametrize("many", [1, 2**10])
@pytest.mark.parametrize("source", TEXTS)
def test_numbers_of_text_are_typed_and_all_else_stays_text(
    source: str, many: int, cecalc: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cecalc.input.table.MIN_ARROW_BYTES", many)
    Path(source).write_text(TEXTS[source])
    assert cecalc(f"ce {source} -o o.parquet").status == 0
    found = parquet.read_table("o.parquet")
    assert found.schema.names == ["id", "logit_a", "logit_b", "target", "s", *OURS]
    assert [found.schema.field(name).type for name in OURS] == list(OURS.values())
    letters = "".join(LETTERS[field.type] for field in found.schema)
    assert letters == "sddss" + "dsdbs"
    first, second = found.to_pylist()
    assert (first["id"], first["logit_b"], first["s"]) == ("q", 0.5, "u,v")
    assert (second["logit_a"], second["s"], second["correct"]) == (0.0, "", True)


ROUND: dict[str, tuple[str, str, str]] = {
    "numbers": ("ce x.csv", "logit_0,logit_1,target,w\n+1, .5,0,0\n-inf,2,1.0,1\n", "ddls"),
    "weights": ("ce x.csv", "prob_a,prob_b,y,sample_weight\n.5,.5,a,2\n.25,.75,b,0\n", "ddsd"),
    "ignored": ("ce x.csv", "logit_0,logit_1,target\n1,2,-100\n1,3,1\n", "ddl"),
    "by index": ("ce x.csv", "logit_a,logit_b,target\n1,2,0\n1,3,1\n", "dds"),
    "shares": ("ce x.csv", "logit_a,logit_b,target_a,target_b\n1,2,.5,.5\n1,3,0,1\n", "dddd"),
    "named": ("ce x.csv --logits-cols u,v --target-col w", "u,v,w,logit_u\n1,2,u,x\n", "ddss"),
    "no names": ("ce x.csv --no-header --logits-cols 1,2 --target-col 3", "1,2,0\n1,3,1\n", "ddl"),
    "cells": ("bce x.csv", "logit_a,logit_b,target_a,target_b\n1,2,0,1\n1,3,1,1\n", "dddd"),
    "one": ("bce x.csv", "prob,target\n.5,0\n.25,1\n", "dd"),
    "texts": ("bce x.csv", "prob_yes,target\n.5,no\n.25,yes\n", "ds"),
    "confident": ("ce x.csv --confidence-cols c,p", "p,c,y\na,.75,a\nb,.5,a\n", "sds"),
    "lists": ("ce x.jsonl", '{"logits": [1, 2.5], "target": 0, "s": 1}\n', "ddls"),
    "shared": ("ce x.jsonl", '{"probs": [0.5, 0.5], "target": [0.25, 0.75]}\n', "dddd"),
    "labelled": ("bce x.jsonl", '{"logits": [1, 2.5], "target": [0, 1]}\n', "dddd"),
}  # fmt: skip


@pytest.mark.parametrize("case", ROUND)
@pytest.mark.parametrize("many", [1, 2**10])
def test_a_table_of_text_reads_back_as_it_was(
    many: int, case: str, cecalc: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cecalc.input.table.MIN_ARROW_BYTES", many)
    line, text, types = ROUND[case]
    source = line.split()[1]
    Path(source).write_text(text)
    expected = cecalc(f"{line} -q --reduction none")
    assert expected.status == 0
    assert cecalc(f"{line} -o o.parquet").status == 0
    schema = parquet.read_table("o.parquet").schema
    assert "".join(LETTERS[field.type] for field in schema)[: len(types)] == types
    assert cecalc(f"{line} -o o.feather").status == 0
    for name in ("o.parquet", "o.feather"):
        again = line.replace(source, name).replace("--no-header ", "")
        assert cecalc(f"{again} -q --reduction none") == expected


@pytest.mark.parametrize(
    ("line", "types"),
    [
        ("ce --logits 1,2;3,4 --target 0,-100", "ddldldbs"),
        ("ce --logits 1,2 --target .5,.5", "dddddldbs"),
        ("bce --logits 1,2 --target 0,1", "ddddddds"),
        ("bce --logits 1;2 --target 0;1", "dddldbs"),
        ("softmax --logits 1,2", "dddd"),
    ],
)
def test_numbers_are_typed_and_null_where_they_do_not_count(
    line: str, types: str, cecalc: InProcess
) -> None:
    assert cecalc(f"{line} -o o.parquet").status == 0
    found = parquet.read_table("o.parquet")
    assert "".join(LETTERS[field.type] for field in found.schema) == types
    header, *rows = cecalc(f"{line} -f csv").out.splitlines()
    assert header.split(",") == found.column_names
    cells = [["" if v is None else str(v).lower().removesuffix(".0") for v in row.values()]
             for row in found.to_pylist()]  # fmt: skip
    assert cells == [row.split(",") for row in rows]


FAULTS: dict[str, tuple[Any, str, int, str]] = {
    "a row": (TABLE.set_column(2, "logit_a", pa.array([1.0, 2, 3, 4, None])), "", 3,
              "row 4: column 'logit_a' (3): expected a number, found null"),
    "a type": (TABLE.append_column("span", pa.array([(1, 2, 3)] * 5, pa.month_day_nano_interval())),
               "", 3, "column 'span': Parquet has no month_day_nano_interval"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_leaves_no_file(
    fault: str, cecalc: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrow_tables, "BATCH_VALUES", 20)
    monkeypatch.setattr(view, "GROUP_BYTES", 1)
    table, options, status, error = FAULTS[fault]
    write(table, "x.arrow")
    for output in ("-o o.parquet", "-f parquet"):
        found = cecalc(f"ce x.arrow {output} {options}")
        assert (found.status, found.out) == (status, "")
        assert found.err.splitlines()[0] == f"cecalc: error: x.arrow: {error}"
        assert [path.name for path in Path().iterdir()] == ["x.arrow"]


def test_later_files_in_the_types_of_the_first(cecalc: InProcess) -> None:
    columns = {"logit_a": [1.0], "logit_b": [2.0], "target": [0]}
    write(pa.table({**columns, "n": [1.5]}), "a.parquet")
    write(pa.table({**columns, "n": [2]}), "b.parquet")
    write(pa.table({**columns, "n": ["x"]}), "c.parquet")
    assert cecalc("ce a.parquet b.parquet -o o.parquet").status == 0
    assert parquet.read_table("o.parquet")["n"].to_pylist() == [1.5, 2.0]
    assert cecalc("ce a.parquet c.parquet -q").status == 0
    status, _, err = cecalc("ce a.parquet c.parquet -o p.parquet")
    assert (status, err.splitlines()) == (
        3,
        [
            "cecalc: error: c.parquet: column 'n' holds string, and double in the first file",
            "cecalc: hint: --select '!n' leaves it out",
        ],
    )
    assert cecalc("ce a.parquet c.parquet -o p.parquet --select !n").status == 0


@pytest.mark.parametrize("output", ["o.parquet", "o.arrow"])
def test_a_full_disk_leaves_what_was_there(output: str, tmp_path: Path) -> None:
    write(TABLE, str(tmp_path / "x.parquet"))
    (tmp_path / output).write_text("old")
    status, out, err = shell(f"ulimit -f 1; cecalc ce x.parquet -o {output}", tmp_path)
    assert (status, out) == (5, "") and err.startswith(f"cecalc: error: {output}: cannot write")
    assert {path.name for path in tmp_path.iterdir()} == {"x.parquet", output}
    assert (tmp_path / output).read_text() == "old"


def test_text_that_is_none(cecalc: InProcess) -> None:
    Path("x.csv").write_bytes(b"logit_a,logit_b,target,s\n1,2,a,\xff\n")
    found = cecalc("ce x.csv -o o.parquet")
    assert found.status == 3 and not Path("o.parquet").exists()
    assert found.err.startswith("cecalc: error: x.csv: holds bytes that are no text\n")


@pytest.mark.parametrize("kind", [pa.string_view(), pa.binary_view(), pa.list_(pa.string_view())])
def test_ranked_rows_of_any_layout(kind: Any, cecalc: InProcess) -> None:
    texts = [["a"], ["b"], None, ["c"], ["d"]] if pa.types.is_list(kind) else OTHER["view"]
    runs = pc.run_end_encode(pa.array(["a", "a", "b", "b", "c"]))
    odd = texts.cast(kind) if isinstance(texts, pa.Array) else pa.array(texts, kind)
    write(pa.table({**USED, "odd": odd, "runs": runs}), "x.arrow")
    assert cecalc("ce x.arrow --top 2 -o o.arrow --select odd,runs").status == 0
    found = feather.read_table("o.arrow")
    assert found.schema.field("odd").type == kind and found["runs"].to_pylist() == ["b", "a"]
    assert found["odd"].to_pylist() == [odd[3].as_py(), odd[0].as_py()]
    assert "\nNone" not in cecalc("ce x.arrow --top 2 --select odd,runs,loss").out


def test_layouts_that_parquet_does_not_know(cecalc: InProcess) -> None:
    texts = pa.array(["a", "b", "a", None, "b"])
    coded = texts.dictionary_encode()
    viewed = pa.DictionaryArray.from_arrays(coded.indices, coded.dictionary.cast(pa.string_view()))
    table = pa.table({**USED, "runs": pc.run_end_encode(texts), "viewed": viewed})
    write(table, "x.arrow")
    assert cecalc("ce x.arrow -o o.parquet").status == 0
    assert cecalc("ce x.arrow -o o.feather").status == 0
    assert feather.read_table("o.feather").equals(parquet.read_table("o.parquet"))
    found = parquet.read_table("o.parquet")
    assert found["runs"].to_pylist() == found["viewed"].to_pylist() == texts.to_pylist()


def test_a_pipe_gets_the_file_and_a_terminal_does_not(tmp_path: Path) -> None:
    write(TABLE, str(tmp_path / "x.parquet"))
    line = "cecalc ce x.parquet -f parquet | cecalc ce - -q --reduction none"
    expected = shell("cecalc ce x.parquet -q --reduction none", tmp_path)
    assert shell(line, tmp_path) == expected
    status, told = terminal(["ce", "x.parquet", "-f", "parquet"], tmp_path, NO_COLOR="1")
    assert (status, told.splitlines()) == (
        2,
        [
            "cecalc: error: --format parquet goes to a file or a pipe, not to a terminal",
            "cecalc: hint: name a file: -o rows.parquet",
        ],
    )
    assert shell("cecalc ce x.parquet -q -f parquet", tmp_path)[0] == 0
