"""One grammar of columns: for what is read, and for what is written."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cecalc.cli import status_of
from cecalc.errors import DataError
from cecalc.selection import seen, select

FIELDS = ["id", "text", "logit_a", "logit_b", "a-b", "2", "x,y", "log*", "!", "/t/"]

GRAMMAR = [
    ("text", "text"),
    ("text,id", "text id"),
    ("1", "id"),
    ("3-4", "logit_a logit_b"),
    ("4-3", "logit_b logit_a"),
    ("-3", "id text logit_a"),
    ("8-", "log* ! /t/"),
    ("id-logit_a", "id text logit_a"),
    ("logit_a-id", "logit_a text id"),
    ("logit_a-", "logit_a logit_b a-b 2 x,y log* ! /t/"),
    ("-text", "id text"),
    ("logit_*", "logit_a logit_b"),
    ("logit_?,id", "logit_a logit_b id"),
    ("logit_[!a]", "logit_b"),
    ("/^LOGIT/i", "logit_a logit_b"),
    ("/t{1,2}/", "text logit_a logit_b /t/"),
    ("!/[a-z]{2,}/", "a-b 2 x,y ! /t/"),
    ("!id,3-", "text"),
    ("!id,!3-", "text"),
    ("1-4,!text", "id logit_a logit_b"),
    ("id,id,1", "id"),
    ("a-b", "a-b"),
    ("2", "2"),
    ('"2"', "2"),
    ('"x,y",id', "x,y id"),
    ("log*", "log*"),
    ('"!"', "!"),
    ("/t/", "/t/"),
    (" id , text ", "id text"),
]


@pytest.mark.parametrize(("specification", "names"), GRAMMAR)
def test_grammar(specification: str, names: str) -> None:
    assert [FIELDS[i] for i in select(FIELDS, specification, "--select")] == names.split()


REFUSED = [
    ("texx", "--select: no column 'texx'; did you mean 'text'?"),
    ("11", "--select 11: columns are numbered 1 to 10"),
    ("0", "--select 0: columns are numbered 1 to 10"),
    ("id-nope", "--select: no column 'id-nope'"),
    ("q*", "--select: no column 'q*'"),
    ('"id', "--select: no column '\"id'; did you mean 'id'?"),
    ('xid"', "--select: no column 'xid\"'; did you mean 'id'?"),
    ("/qqq/", "--select: no column '/qqq/'"),
    ("/^LOGIT/", "--select: no column '/^LOGIT/'"),
    ("!1-", "--select !1- leaves no column"),
    ("id,!id", "--select id,!id leaves no column"),
]


@pytest.mark.parametrize(("specification", "fault"), REFUSED)
def test_what_names_nothing_is_refused(specification: str, fault: str) -> None:
    with pytest.raises(DataError) as caught:
        select(FIELDS, specification, "--select")
    assert caught.value.rule == fault


NUMBERED = ["y", "0", "1", "2", ""]


@pytest.mark.parametrize(
    ("specification", "positions"),
    [("0,1,2", [1, 2, 3]), ("0-2", [1, 2, 3]), ("2-0", [3, 2, 1]), ("1-", [2, 3, 4]), ("1", [2])],
)
def test_numbers_that_are_names_are_names_in_ranges_too(
    specification: str, positions: list[int]
) -> None:
    assert [*select(NUMBERED, specification, "--select")] == positions


@pytest.mark.parametrize(
    ("specification", "name", "other"),
    [("1,2,3", 1, 3), ("1-3", 1, 3), ("2-4", 2, 4), ("-3,1", 1, 3), ("y,5,0", 0, 5)],
)
def test_numbers_are_all_names_or_all_positions(specification: str, name: int, other: int) -> None:
    """Otherwise a column would be dropped, or another one taken, without a word."""
    rule = f"--select {specification}: column '{name}' is called so, and none '{other}'"
    with pytest.raises(DataError) as raised:
        select(NUMBERED, specification, "--select")
    assert raised.value.rule == rule


def test_a_quote_alone_is_no_name_in_quotes() -> None:
    assert select(["a", '"'], '"', "--select") == (1,)
    with pytest.raises(DataError):
        select(["a", ""], '"', "--select")


def test_among_keeps_globs_and_inversion_off_other_roles() -> None:
    assert select(FIELDS, "*", "--logits-cols", among=[2, 3]) == (2, 3)
    assert select(FIELDS, "!logit_b", "--logits-cols", among=[2, 3]) == (2,)
    for specification in ("id", "-id", "id-text"):
        with pytest.raises(DataError, match="column 'id' has another role already"):
            select(FIELDS, specification, "--logits-cols", among=[2, 3])


def test_twelve_columns_are_shown() -> None:
    names = [*"abcdefghijk", "l,m", "n"]
    shown = 'columns: a, b, c, d, e, f, g, h, i, j, k, "l,m"'
    assert seen(names[:12]) == shown
    assert seen(names) == f"{shown}, ... (13 in all)"


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=6)
QUOTED = st.booleans()


ROWS = st.lists(st.tuples(CELLS, QUOTED, CELLS, QUOTED), min_size=1, max_size=5)


@settings(max_examples=max(1, settings().max_examples // 4))
@given(ROWS, st.booleans())
def test_cells_that_are_picked_are_those_that_came(
    rows: list[tuple[str, bool, str, bool]],
    is_crlf: bool,
) -> None:
    def spelled(text: str, is_quoted: bool) -> str:
        if is_quoted or set(text) & set(',"\n') or not text:
            return '"' + text.replace('"', '""') + '"'
        return text

    kept = [(spelled(a, qa), spelled(b, qb)) for a, qa, b, qb in rows]
    lines = ['"a",logit_x,logit_y,b ,target', *(f"{a},1,2,{b},x" for a, b in kept)]
    with TemporaryDirectory() as folder:
        path, out = Path(folder, "x.csv"), Path(folder, "out.csv")
        end = "\r\n" if is_crlf else "\n"
        path.write_text(end.join(lines) + end, newline="")
        assert status_of(["ce", str(path), "-o", str(out), "--select", "b,a"]) == 0
        written = out.read_bytes().decode()
    assert written == "\n".join(['b ,"a"', *(f"{b},{a}" for a, b in kept)]) + "\n"


# what is asked for, the format, what is written for a table of two rows
WRITTEN = [
    ("--select id,loss", "csv", "id,loss\n1,0.6931471805599453\n2,\n"),
    ("--select status", "csv", 'status\n""\nignored\n'),
    ("--select !3-", "tsv", "id\tte,xt\n1\ta, b\n2\tc\n"),
    ("--only-added --select loss", "csv", 'loss\n0.6931471805599453\n""\n'),
    ("--only-added --prefix my_ --select /loss|cor/", "csv",
     "my_loss,my_correct\n0.6931471805599453,true\n,\n"),
    ("--select id,/^te/,loss,status", "jsonl",
     ('{"id": 1, "te,xt": "a, b", "loss": 0.6931471805599453}\n'
     '{"id": 2, "te,xt": "c", "loss": null, "status": "ignored"}\n')),
    ("--only-added --prefix p.", "jsonl",
     ('{"p.loss": 0.6931471805599453, "p.prediction": "a", "p.p_target": 0.5, "p.correct": true}\n'
     '{"p.loss": null, "p.prediction": null, "p.p_target": null, "p.correct": null, '
     '"p.status": "ignored"}\n')),
    ('--select "te,xt",loss,status', "markdown",
     "| te,xt | loss (nats) |\n| :-- | --: |\n| a, b | 0.6931 |\n| c | ignored |\n"),
    ('--select id,"te,xt",loss', "table",
     (" id   te,xt   loss (nats)\n──────────────────────────\n"
     " 1    a, b         0.6931\n 2    c           ignored\n")),
    ('--select "te,xt",loss,status', "json",
     ('{\n  "rows": [\n    {"te,xt": "a, b", "loss": 0.6931471805599453, "status": null},\n'
     '    {"te,xt": "c", "loss": null, "status": "ignored"}\n  ],\n')),
]  # fmt: skip


@pytest.mark.parametrize(("options", "form", "text"), WRITTEN)
def test_written(
    options: str, form: str, text: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    if form == "markdown":
        options = options.replace(",status", "")  # the loss says it there
    path = tmp_path / "x.csv"
    path.write_text('id,"te,xt",logit_a,logit_b,target\n1,"a, b",1,1,a\n2,c,1,2,-100\n')
    assert status_of(["ce", str(path), "-f", form, *options.split()]) == 0
    out, err = capfd.readouterr()
    assert out.startswith(text) if form in ("table", "json", "markdown") else out == text
    assert err == ""


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl"])
def test_objects_are_picked_from_too(
    form: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(
        '{"note": "a\\u0021", "logits": [1.0, 1], "target": 0}\n'
        '{"note":[1,  {"x":2}], "logits": [1, 1], "target": 1}\n'
    )
    assert status_of(["ce", str(path), "-f", form, "--select", "loss,note"]) == 0
    out, _ = capfd.readouterr()
    if form == "jsonl":
        assert out == (
            '{"loss": 0.6931471805599453, "note": "a!"}\n'
            '{"loss": 0.6931471805599453, "note": [1, {"x": 2}]}\n'
        )
    else:
        read = list(csv.reader(io.StringIO(out), delimiter="\t" if form == "tsv" else ","))
        assert [row[1] for row in read] == ["note", "a!", json.dumps([1, {"x": 2}])]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ("--by 2 -f csv", "column_2,loss,rows,accuracy,share\n4,0.6931471805599453,2,"),
        ("--select 2,3,loss -f json", '{"column_2": 4, "logit_a": 1, "loss": 0.6931471805599453}'),
        ("--select 2,3,loss -f csv", ",logit_a,loss\n4,1,0.6931471805599453\n"),
        ("--select 1,2 -f jsonl", '{"column_1": 3, "column_2": 4}\n'),
    ],
)
def test_columns_without_a_name_go_by_their_numbers(
    options: str, text: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Several are several, so that the numbers of what follows do not shift."""
    path = tmp_path / "x.csv"
    path.write_text(",,logit_a,logit_b,target\n3,4,1,1,0\n3,4,1,1,0\n")
    assert status_of(["ce", str(path), *options.split()]) == 0
    assert text in capfd.readouterr().out


TAKEN = "logit_a,logit_b,target,loss,row\n1,1,0,5,8\n1,1,0,5,8\n"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ("--select 1,5,loss -f json", '{"logit_a": 1, "row": 8, "loss": 5}'),
        ("--select 1,5,loss -f csv", "logit_a,row,loss\n1,8,5\n"),
        ("--select cecalc_loss -f json", '{"cecalc_loss": 0.6931471805599453}'),
        ("--by 5 -f csv", "row,loss,rows,accuracy,share\n8,0.6931471805599453,2,1,1\n"),
        (
            "--by loss --by row --select loss,cecalc_rows -f jsonl",
            '{"loss": 5, "cecalc_rows": 2}\n',
        ),
    ],
)
def test_names_and_numbers_are_the_inputs_own(
    options: str, text: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.csv"
    path.write_text(TAKEN)
    assert status_of(["ce", str(path), *options.split()]) == 0
    out, err = capfd.readouterr()
    assert text in out
    note = "'loss' is the input's own column; ours is cecalc_loss, or as --prefix says"
    assert (note in err) == ("--select 1,5,loss" in options)
