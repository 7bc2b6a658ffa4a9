"""Tables joined by id: any order gives the rows of the right order, and what is amiss is named."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from cecalc.cli import status_of
from cecalc.join import ANOTHER, IdJoin
from tests.input.array_files import npz
from tests.run.running import small_blocks
from tests.shell import Ended, InProcess

Rows = Sequence[dict[str, Any]]


def _delimited(rows: Rows, delimiter: str = ",") -> bytes:
    lines = [[*rows[0]], *([*map(str, row.values())] for row in rows)]
    return "".join(delimiter.join(line) + "\n" for line in lines).encode()


def _arrow(rows: Rows) -> bytes:
    table, sink = pa.Table.from_pylist(list(rows)), io.BytesIO()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _parquet(rows: Rows) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(list(rows)), sink, row_group_size=3)
    return sink.getvalue()


WRITERS: dict[str, Callable[[Rows], bytes]] = {
    "csv": _delimited,
    "tsv": lambda rows: _delimited(rows, "\t"),
    "jsonl": lambda rows: "".join(json.dumps(row) + "\n" for row in rows).encode(),
    "parquet": _parquet,
    "arrow": _arrow,
}
FORMATS = st.sampled_from(list(WRITERS))


def _written(name: str, form: str, rows: Rows) -> str:
    Path(f"{name}.{form}").write_bytes(WRITERS[form](rows))
    return f"{name}.{form}"


def _values(ids: Sequence[Any]) -> list[dict[str, Any]]:
    return [{"id": i, "logit_a": n * n % 7 / 2, "logit_b": 1.5} for n, i in enumerate(ids)]


@given(
    form=FORMATS,
    beside=FORMATS,
    weighed=FORMATS,
    ids=st.lists(st.integers(0, 99), min_size=1, max_size=25, unique=True),
    surplus=st.integers(0, 3),
    size=st.sampled_from([1, 7, 10**6]),
    random=st.randoms(use_true_random=False),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_gives_the_rows_of_the_right_order(
    cecalc: InProcess,
    form: str,
    beside: str,
    weighed: str,
    ids: list[int],
    surplus: int,
    size: int,
    random: Any,
) -> None:
    """In every format on every side, in blocks of any size, from one file or from two."""
    rows = _values(ids)
    both = [
        {**row, "target": int(random.random() < 0.5), "sample_weight": random.random()}
        for row in rows
    ]
    inputs = [_written("l", form, rows)]
    if len(rows) > 1:
        inputs = [_written("l1", form, rows[:1]), _written("l2", form, rows[1:])]
    targets = [{"id": row["id"], "target": row["target"]} for row in both]
    targets += [{"id": 100 + n, "target": 1} for n in range(surplus)]
    weights = [{"id": row["id"], "sample_weight": row["sample_weight"]} for row in both]
    for table in (targets, weights):
        random.shuffle(table)
    with small_blocks(size):
        apart = cecalc([
            *("ce", *inputs, "--target", _written("t", beside, targets)),
            *("--sample-weight", _written("w", weighed, weights), "-q", "--reduction", "none"),
        ])  # fmt: skip
    side_by_side = cecalc(["ce", _written("x", "csv", both), "-q", "--reduction", "none"])
    assert (apart.status, apart.said, apart.out) == (0, "", side_by_side.out)


L = "id,logit_a,logit_b\nx,1,2\ny,3,1\nz,0,1\n"
K = L.replace("id", "key")
R = '{"logits":[[1,2],[3,1],[0,1]],"ids":["x","y","z"]}'
ORDER, NEW = "targets joined by id: {} has another order", "id,target\nz,b\nx,b\ny,a\n"
# the values, the target's file and its text, more of the command line, what is said
SOUND: list[tuple[str, str, str, str, str]] = [
    (L, "t.csv", "id,target\nx,b\ny,a\nz,b\n", "", ""),
    (L, "t.csv", NEW, "", ORDER),
    (L, "t.csv", "id,target\nu,a\nx,b\ny,a\nz,b\n", "", "1 target of {} beside no row of values"),
    (L, "t.csv", NEW + "u,a\nv,a\n", "", ORDER + "|2 targets of {} beside no row of values"),
    (L, "t.csv", "id,target\nx,b\ny,a\nz,b\nu,a\n", "", "1 target of {} beside no row of values"),
    (K, "t.csv", NEW.replace("id", "key"), "--join key", ORDER),
    (K, "t.csv", "target,who\nb,z\nb,x\na,y\n", "--join key=who", ORDER),
    (K, "t.csv", NEW.replace("id", ""), "--join key=1", ORDER),
    (L, "t.csv", NEW.replace("id", "image_id"), "", ORDER),
    (L, "t.json", '{"ids":["z","x","y"],"target":["b","b","a"]}', "", ORDER),
    (R, "t.json", '{"id":["z","x","y"],"target":[1,1,0]}', "", ORDER),
    (R, "t.csv", "id,target_0,target_1\nz,0,1\nx,0,1\ny,1,0\n", "", ORDER),
    (R, "t.csv", "target,who\n1,z\n1,x\n0,y\n", "--join ids=who", ORDER),
]


@pytest.mark.parametrize(("values", "name", "target", "more", "notes"), SOUND)
def test_what_belongs_together_is_found(
    cecalc: InProcess, values: str, name: str, target: str, more: str, notes: str
) -> None:
    """By the ids of tables, of documents, and of columns that --join names."""
    x = "x.json" if values is R else "x.csv"
    line = f"ce --logits {x} --target {name} {more} -f json --no-rows"
    ended = cecalc(line, {x: values, name: target})
    said = [f"cecalc: hint: {note.format(name)}\n" for note in notes.split("|") if note]
    assert ended.said == "".join(said)
    found = json.loads(ended.out)
    assert found["loss"] == pytest.approx(0.2511504620)
    assert found["read_as"].endswith(f" of {name} by id")


def test_an_index_without_a_name_is_no_id(cecalc: InProcess) -> None:
    """Rows lie side by side where only one of the files names its ids, as long as they agree."""
    ended = cecalc("ce --logits x.csv --target t.csv", {"x.csv": L, "t.csv": ",y\nx,b\ny,a\nz,b\n"})
    assert (ended.status, ended.said) == (0, "")
    assert "target y of t.csv: class indices" in ended.out


DOUBLED = "stands twice, first in row %d of the values"
TEXTS = "ids compare as texts; those of t.csv: "
FAULTS: list[tuple[str, str, str, str, str]] = [
    (L, "id,target\nx,b\nz,b\n", "", "x.csv:3: no target for id 'y'", TEXTS + "'x', 'z'"),
    (L, "id,target\n1,b\n2,b\n3,a\n4,a\n", "",
        "x.csv:2: no target for id 'x' (3 such rows: 'x', 'y', 'z')",
        TEXTS + "'1', '2', '3', ..."),
    (L.replace("x", "1"), "id,target\n1.0,b\n", "",
        "x.csv:2: no target for id '1' (3 such rows: '1', 'y', 'z')",
        TEXTS + "'1.0'"),
    (L, "id,target\nx,b\ny,b\nz,b\ny,a\n", "",
        "t.csv:5: id 'y' stands twice, first on line 3", ANOTHER),
    (L + "y,1,2\n", "id,target\nx,b\ny,b\nz,b\n", "", f"x.csv:5: id 'y' {DOUBLED % 1}", ANOTHER),
    (L + "y,1,2\n", "id,target\nz,b\ny,b\nx,b\n", "", f"x.csv:5: id 'y' {DOUBLED % 1}", ANOTHER),
    (L.replace("y", "x"), "id,target\nx,b\nz,b\n", "", f"x.csv:3: id 'x' {DOUBLED % 0}", ANOTHER),
    (L.replace("y", "x") + "x,1,2\nk,1,2\n", "id,target\nx,b\nz,b\n", "",
        f"x.csv:3: id 'x' {DOUBLED % 0} (2 such rows: 'x', 'x')", ANOTHER),
    (L + "01,1,2\n" * 9, "id,target\n1.0,b\nx,a\n1,a\n", "",
        "x.csv:3: no target for id 'y' (11 such rows: 'y', 'z', " + "'01', " * 8 + "...)",
        TEXTS + "'1.0', 'x', '1'"),
    (L.replace("y", "x"), "id,target\nx,b\nx,b\nz,b\n", "",
        "t.csv:3: id 'x' stands twice, first on line 2", ANOTHER),
    (K, "who,target\nx,b\n", "--join key", "t.csv:1: --join: no column 'key'",
        "columns: who, target"),
    (K, "who,target\nx,b\n", "--join ke=who",
        "x.csv:1: --join: no column 'ke'; did you mean 'key'?", "columns: key, logit_a, logit_b"),
]  # fmt: skip


@pytest.mark.parametrize("size", [1, 10**6])
@pytest.mark.parametrize(("values", "target", "more", "error", "hint"), FAULTS)
def test_what_does_not_is_named(
    cecalc: InProcess, values: str, target: str, more: str, error: str, hint: str, size: int
) -> None:
    """With its place, in blocks of any size."""
    with small_blocks(size):
        files = {"x.csv": values, "t.csv": target}
        ended = cecalc(f"ce --logits x.csv --target t.csv {more}", files)
    said = f"cecalc: error: {error}\n" + (f"cecalc: hint: {hint}\n" if hint else "")
    assert (ended.status, ended.said, ended.out) == (3, said, "")


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("ce x.csv --join id", "--join goes with --target FILE or --sample-weight FILE"),
        ("ce x.csv --join id --target 0", "--join goes with --target FILE or --sample-weight FILE"),
        ("ce x.csv --join a --id-col b --target t.csv", "--id-col and --join exclude each other"),
        ("ce x.csv --join a= --target t.csv", "--join '': a part is empty"),
    ],
)
def test_the_command_line_alone_may_be_wrong(cecalc: InProcess, line: str, error: str) -> None:
    """Status 2, whatever the files."""
    ended = cecalc(line)
    assert (ended.status, ended.said) == (2, f"cecalc: error: {error}\n")


def test_join_needs_ids_on_both_sides(cecalc: InProcess) -> None:
    """Arrays without any are not joined by position where a join is asked for."""
    files = {"x.csv": K, "t.json": "[1, 0, 1]"}
    ended = cecalc("ce x.csv --target t.json --join key", files)
    assert ended.status == 3
    assert ended.said.startswith("cecalc: error: --join: both sides have to carry ids\n")


def test_archives_carry_ids(cecalc: InProcess) -> None:
    """As documents do; how many they are has to fit."""
    logits = np.asarray([[1.0, 2], [3, 1], [0, 1]])
    ids, other = np.asarray(["x", "y", "z"]), np.asarray(["z", "x", "y"])
    target = np.asarray([1, 1, 0])
    files: dict[str, str | bytes] = {
        "x.npz": npz(logits=logits, ids=ids),
        "t.npz": npz(target=target, ids=other),
        "u.npz": npz(target=target, ids=other[:2]),
    }
    ended = cecalc("ce x.npz --target t.npz -q", files)
    assert float(ended.out) == pytest.approx(0.2511504620)
    assert cecalc("ce x.npz --target u.npz").said == "cecalc: error: u.npz: 2 ids, 3 targets\n"


MEMBERS = [
    "--logits x.npz:z --target t.npz:y",
    "--logits x.npz:z --target t.json:y",
    "--logits x.json:z --target t.npz:y --sample-weight t.json:w",
    "--logits x.json:z --target t.json:y",
    "--logits x.json:z --target t.csv",
    "x.csv --target t.npz:y --sample-weight t.npz:w",
    "--logits x?.npz:z --target t?.npz:y",
]


@pytest.mark.parametrize("line", MEMBERS)
def test_a_member_that_is_named_keeps_the_ids_of_its_file(cecalc: InProcess, line: str) -> None:
    """Of an archive, a document and shards of archives; those of other rows are none of its."""
    x = {"z": [[1.0, 2], [3, 1], [0, 1]], "id": ["x", "y", "z"]}
    t = {"y": [1, 1, 0], "id": ["z", "x", "y"], "w": [1.0, 1, 1]}
    files: dict[str, str | bytes] = {"x.csv": L, "t.csv": "id,target\nz,1\nx,1\ny,0\n"}
    for name, members in (("x", x), ("t", t)):
        files[f"{name}.json"] = json.dumps(members)
        arrays = {key: np.asarray(member) for key, member in members.items()}
        files[f"{name}.npz"] = npz(**arrays)
        for number, part in enumerate((slice(1), slice(1, 3))):
            files[f"{name}{number}.npz"] = npz(**{k: a[part] for k, a in arrays.items()})
    ended = cecalc(f"ce {line} -f json --no-rows", files)
    assert json.loads(ended.out)["loss"] == pytest.approx(0.2511504620)
    assert "joined by id" in ended.said


def test_ids_of_other_rows_are_none_of_a_member(cecalc: InProcess) -> None:
    """Which has more or fewer of them."""
    files = {
        "x.json": '{"z": [[1, 2], [3, 1]], "id": ["x", "y", "z"]}',
        "t.json": '{"y": [1, 0], "id": ["y", "x"]}',
    }
    ended = cecalc("ce --logits x.json:z --target t.json:y -q", files)
    assert float(ended.out) == pytest.approx(0.2200948492)


IDS: dict[str, Any] = {"logits": [[1, 2], [2, 1], [0, 1]], "ids": ["a", "b", "c"]}
OUT: dict[str, Any] = {"target": [0, 1, 7], "ids": ["c", "b", "a"]}


@pytest.mark.parametrize(
    ("values", "target", "more", "error"),
    [
        ("x.json", "t.json", "", "x.json: row 0: target 7 outside 0..1"),
        ("x.npz", "t.npz", "", "x.npz: row 0: target 7 outside 0..1"),
        ("x.csv", "t.json", "", "x.csv:2: target 7 outside 0..1"),
        ("x.csv", "t.parquet", "", "x.csv:2: target 7 outside 0..1"),
        ("x.csv", "t.csv", "", "t.csv:4: column 'target' (2): target 7 outside 0..1"),
        ("x.npz", "s.npz", "--classes u,v", "s.npz: row 2: no class is named 'q' (classes: u, v)"),
        ("x.json", "t.csv", "", "t.csv:4: column 'target' (2): target 7 outside 0..1"),
    ],
)
def test_a_fault_of_a_joined_row_has_a_place_of_that_file(
    cecalc: InProcess, values: str, target: str, more: str, error: str
) -> None:
    """Where its own is not known, that of the values beside it: it is never a mix of both."""
    rows = [{"id": i, "target": t} for i, t in zip(OUT["ids"], OUT["target"], strict=True)]
    held: Any = [{name: np.asarray(part) for name, part in each.items()} for each in (IDS, OUT)]
    files: dict[str, str | bytes] = {
        "x.json": json.dumps(IDS),
        "t.json": json.dumps(OUT),
        "x.csv": "id,logit_a,logit_b\na,1,2\nb,2,1\nc,0,1\n",
        "t.csv": "id,target\nc,0\nb,1\na,7\n",
        "x.npz": npz(**held[0]),
        "t.npz": npz(**held[1]),
        "s.npz": npz(target=np.asarray([*"uvq"]), ids=np.asarray(OUT["ids"])),
    }
    _written("t", "parquet", rows)
    ended = cecalc(f"ce {values} --target {target} {more}", files)
    assert ended.said.splitlines()[0] == f"cecalc: error: {error}"


@pytest.mark.parametrize("kind", [list, tuple])
def test_ids_in_the_same_order_are_not_looked_up(kind: Any) -> None:
    """Be they of a table or of a document."""
    join = IdJoin("target", None, kind("abc"), None)
    join._positions.clear()
    assert [*map(int, join.places([*"bc"], 1))] == [1, 2]
    assert [*map(int, join.places((*"ab",), 0))] == [0, 1]


def test_rows_before_a_fault_are_written_whole(cecalc: InProcess) -> None:
    """Whatever the block that the fault is in."""
    files = {"x.csv": L + "y,1,2\n", "t.csv": "id,target\nz,b\ny,a\nx,b\n"}
    ended = cecalc("ce x.csv --target t.csv -f csv --select id,loss", files)
    assert [line.partition(",")[0] for line in ended.out.split()] == ["id", "x", "y", "z"]
    rule = "x.csv:5: id 'y' stands twice, first in row 1 of the values"
    assert (
        ended.said
        == f"cecalc: error: {rule}; stopped at row 3; 3 rows written\ncecalc: hint: {ANOTHER}\n"
    )


def test_rows_without_lines_are_named_by_number(cecalc: InProcess) -> None:
    """In Parquet there are no lines, and ids need be no texts."""
    line = ["ce", _written("l", "parquet", _values([7, 8, 7])), "--target"]
    targets = [{"id": i, "target": 0} for i in (8, 7, 8)]
    ended = cecalc([*line, _written("t", "csv", targets[:2])])
    assert "error: l.parquet: row 2: id '7' stands twice, first in row 0 of the" in ended.said
    ended = cecalc([*line, _written("t", "parquet", targets)])
    assert "error: t.parquet: row 2: id '8' stands twice, first in row 0\n" in ended.said
    ended = cecalc([*line, _written("t", "arrow", targets[:1])])
    assert "error: l.parquet: row 0: no target for id '7' (2 such rows: '7', '7')\n" in ended.said


def test_rows_of_many_positions_are_joined_as_a_whole(cecalc: InProcess) -> None:
    """K-dimensional rows: an id is of all positions, and doubled ones are found among the rows."""
    rows = [{"id": i, "logits": [[n, 2, 0], [1, 0, n]]} for n, i in enumerate("xyz")]
    target = [{"id": i, "target": [n % 2, 1, 0]} for n, i in enumerate("xyz")]
    Path("t.jsonl").write_bytes(WRITERS["jsonl"](target[::-1]))
    whole = [{**row, **beside} for row, beside in zip(rows, target, strict=True)]
    quiet = ["-q", "--reduction", "none"]
    expected = cecalc(["ce", _written("x", "jsonl", whole), *quiet]).out
    line = ["ce", _written("l", "jsonl", rows), "--target", "t.jsonl", *quiet]
    assert cecalc(line).out == expected
    _written("l", "jsonl", [*rows, rows[1]])
    ended = cecalc(line)
    assert (ended.status, ended.out) == (3, "")
    assert "l.jsonl:4: id 'y' stands twice, first in row 1 of the values" in ended.said


def test_explain_and_why_join_too(cecalc: InProcess) -> None:
    """They read what ce reads."""
    files = {"x.csv": L, "t.csv": "id,target\nz,b\nx,b\ny,a\n"}
    assert "0.2512" in cecalc("explain x.csv --target t.csv", files).out
    assert status_of(["why", "0.25115", "x.csv", "--target", "t.csv", "--join", "id"]) == 0


ONE, TWO = L.replace("id", "image"), NEW.replace("id", "image")
OTHER = "x.csv: row 0: column 'image' (1): 'x' beside 'z' of t.csv, whose rows have another order"
RENAME = "cecalc: hint: join them by that column with --join, or rename it in one of the tables\n"


def _counted(text: str) -> str:
    return text.replace("x,", "2,").replace("y,", "0,").replace("z,", "1,")


def _numbered(text: str) -> str:
    return text.replace("x,", "70,").replace("y,", "80,").replace("z,", "90,")


# the values, the target, what is refused, and the --join that is printed
APART: list[tuple[str, str, str, str]] = [
    (ONE, TWO, OTHER, "image"),
    (ONE, TWO + "u,a\n", OTHER, "image"),
    (ONE.replace("image", "an image"), TWO.replace("image", "an image"),
        OTHER.replace("image", "an image"), "'an image'"),
    (ONE.replace("image", ""), TWO.replace("image", ""), OTHER.replace("image", ""), "1=1"),
    (ONE.replace("\n", ",1\n").replace("b,1", "b,fold"),
        TWO.replace("\n", ",1\n").replace("target,1", "target,fold"), OTHER, "image"),
    (ONE, "image,target\nx,b\ny,a\nz,b\nu,a\n", "x.csv: 3 rows of values, 4 targets", "image"),
    (ONE, "image,target\nx,b\nx,a\nz,b\nu,a\n", "x.csv: 3 rows of values, 4 targets", ""),
    (ONE, "image,target\nx,b\ny,a\n", "x.csv: 2 targets, but more rows of values", ""),
    (ONE, "file,target\nx,b\n", "x.csv: 1 target, but more rows of values", ""),
    (ONE, TWO.replace("image", "file"), OTHER, "image=file"),
    (L, TWO.replace("image", "file"), OTHER.replace("'image'", "'id'"), "id=file"),
    (ONE, NEW, OTHER, "image=id"),
    (L, TWO.replace("image", ""), OTHER.replace("'image'", "'id'"), "id=1"),
    (_counted(ONE), "file,target\n0,a\n1,b\n2,b\n",
        OTHER.replace("'x'", "'2'").replace("'z'", "'0'"), "image=file"),
    (_counted(L), ",target\n0,a\n1,b\n2,b\n",
        OTHER.replace("'x'", "'2'").replace("'z'", "'0'").replace("'image'", "'id'"), "id=1"),
    (_numbered(ONE), _numbered(TWO.replace("image", "file")),
        OTHER.replace("'x'", "'70'").replace("'z'", "'90'"), "image=file"),
]  # fmt: skip


@pytest.mark.parametrize(("values", "target", "error", "join"), APART)
@pytest.mark.parametrize("piped", ["", "x.csv", "t.csv"])
def test_a_column_that_both_have_may_join(
    cecalc: InProcess,
    monkeypatch: pytest.MonkeyPatch,
    values: str,
    target: str,
    error: str,
    join: str,
    piped: str,
) -> None:
    """Rows that would lie side by side and do not belong together are refused, with the command
    that joins them where it works.
    """
    files = {"x.csv": values, "t.csv": target}
    line = ["ce", "--logits", "x.csv", "--target", "t.csv"]
    line = ["-" if piped == word else word for word in line]

    def ended(*more: str) -> Ended:
        stdin = io.TextIOWrapper(io.BytesIO(files.get(piped, "").encode()))
        monkeypatch.setattr("sys.stdin", stdin)
        return cecalc([*line, *more], files)

    said = f"cecalc: error: {error}\n" + RENAME * ("another order" in error)
    if "=" in join:
        said = said.replace(", or rename it in one of the tables" * (join != "1=1"), "")
    said = said.replace(piped, "standard input") if piped else said
    said += f"cecalc: try: cecalc {' '.join(line)} --join {join}\n" * bool(join)
    assert ended()[::2] == (3, said)
    if join:
        assert float(ended("--join", join.strip("'"), "-q").out) == pytest.approx(0.2511504620)


BOTH = "id,image_id,logit_a,logit_b\n1,x,1,2\n2,y,3,1\n3,z,0,1\n"
# two tables whose ids do not say the same, the refusal, and what joins the rows
CONTRADICTIONS: list[tuple[str, str, str, list[str]]] = [
    (BOTH, "image_id,target\nz,b\nx,b\ny,a\n", "image_id", ["--join image_id"]),
    (BOTH, "id,image_id,target\n1,z,b\n2,x,b\n3,y,a\n", "id' and 'image_id",
        ["--join id", "--join image_id"]),
]  # fmt: skip


@pytest.mark.parametrize(("values", "target", "names", "ways"), CONTRADICTIONS)
def test_ids_that_contradict_each_other(
    cecalc: InProcess, values: str, target: str, names: str, ways: list[str]
) -> None:
    """None is taken where tables share another one, or where two do not go together."""
    ended = cecalc("ce x.csv --target t.csv", {"x.csv": values, "t.csv": target})
    rule = f"x.csv: both tables have '{names}': which one joins the rows?"
    assert ended.said.splitlines()[0] == f"cecalc: error: {rule}"
    assert ended.tries == [f"ce x.csv --target t.csv {way}" for way in ways]
    assert float(cecalc(f"{ended.tries[-1]} -q").out) == pytest.approx(0.2511504620)


def test_ids_that_agree_are_no_contradiction(cecalc: InProcess) -> None:
    target = "id,image_id,target\n3,z,b\n1,x,b\n2,y,a\n"
    ended = cecalc("ce x.csv --target t.csv -q", {"x.csv": BOTH, "t.csv": target})
    assert float(ended.out) == pytest.approx(0.2511504620)


def test_an_id_among_the_columns_of_a_target(cecalc: InProcess) -> None:
    """Where the target has no name that is known."""
    files = {
        "x.csv": L.replace("id", "PassengerId"),
        "t.csv": "PassengerId,Survived\nz,b\nx,b\ny,a\n",
    }
    ended = cecalc("ce x.csv --target t.csv", files)
    assert ended.status == 3 and "t.csv:1: column 'PassengerId' may be an id\n" in ended.err
    assert ended.tries == ["ce x.csv --target t.csv --target-col Survived --join PassengerId"]
    assert float(cecalc(f"{ended.tries[0]} -q").out) == pytest.approx(0.2511504620)


@pytest.mark.parametrize("names", ["no,yes", "paid,unpaid", "image,text", "covid,healthy"])
def test_classes_called_like_ids_are_none(cecalc: InProcess, names: str) -> None:
    """A column for each of two classes, by what it holds."""
    values = f"logit_{names.replace(',', ',logit_')}\n1,2\n3,1\n0,1\n"
    target = f"{names}\n0,1\n1,0\n0,1\n"
    ended = cecalc("ce x.csv --target t.csv -q", {"x.csv": values, "t.csv": target})
    assert float(ended.out) == pytest.approx(0.2511504620)


BESIDE: list[tuple[str, str]] = [
    (ONE, "image,target\nx,b\ny,a\nz,b\n"),  # the same order
    (ONE, "image,target\nz,b\nz,a\ny,b\n"),  # no two rows told apart
    (ONE, "image,target\nu,b\nv,a\nw,b\n"),  # others altogether
    (ONE.replace("x", "0").replace("y", "1").replace("z", "2"), "image,target\n7,b\n0,a\n5,b\n"),
    (ONE.replace("image", "n").replace("\n", ",1\n"), "n,target,1\nx,b,1\ny,a,1\nz,b,1\n"),
    (ONE, "target\nb\na\nb\n"),
    (ONE, "file,target\nx,b\ny,a\nz,b\n"),
    (ONE, "file,target\nz,b\nx,a\nw,b\n"),  # not all of them
    (_counted(ONE.replace("image", "rank")), ",target\n0,b\n1,a\n2,b\n"),  # names no row
]


@pytest.mark.parametrize(("values", "target"), BESIDE)
def test_what_is_no_evidence_is_none(cecalc: InProcess, values: str, target: str) -> None:
    """Such rows lie side by side."""
    ended = cecalc("ce --logits x.csv --target t.csv -q", {"x.csv": values, "t.csv": target})
    assert (ended.status, ended.said) == (0, "")
    assert float(ended.out) == pytest.approx(0.2511504620)


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet", "arrow"])
def test_the_head_of_many_rows_is_enough(cecalc: InProcess, form: str) -> None:
    """Where both are larger than what is looked at; a mere count is not taken for an id."""
    ids, random = [f"r{n}" for n in range(6000)], np.random.default_rng(7)
    values: list[dict[str, Any]]
    values = [{"key": i, "logit_a": 0.5, "logit_b": 1.5} for i in ids]
    other = [{"key": i, "target": int(i[1:]) % 2} for i in random.permutation(ids).tolist()]
    line = ["ce", "--logits", _written("x", form, values), "--target", _written("t", form, other)]
    ended = cecalc([*line, "-q"])
    assert (ended.status, ended.said.count("another order")) == (3, 1)
    for n, row in enumerate(values):
        row["key"] = n  # a table that was numbered anew
    for row in other:
        row["key"] = 3 * int(row["key"][1:])
    line = ["ce", "--logits", _written("x", form, values), "--target", _written("t", form, other)]
    assert cecalc([*line, "-q"]).status == 0


@pytest.mark.parametrize("kind", [pa.time64("ns"), pa.timestamp("ns"), pa.duration("ns")])
def test_nanoseconds_tell_ids_apart(cecalc: InProcess, kind: pa.DataType) -> None:
    """Whatever Python's own times keep of them."""
    ids = pa.array([1, 2], pa.int64()).cast(kind)
    values = pa.table({"id": ids, "logit_a": [1.0, 3.0], "logit_b": [2.0, 1.0]})
    targets = pa.table({"id": ids[::-1], "target": ["a", "b"]})
    for name, table in (("x", values), ("t", targets)):
        parquet.write_table(table, f"{name}.parquet")
    ended = cecalc("ce x.parquet --target t.parquet -q")
    assert (ended.status, ended.err) == (0, "")
    assert float(ended.out) == pytest.approx(0.2200948492)
