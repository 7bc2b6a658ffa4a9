"""Input that is unusual and right: what is read, and the numbers it gives."""

from __future__ import annotations

import json
import math

import pytest

from cecalc.input.bytes import COMPRESSIONS, Compression
from cecalc.input.formats import FORMATS, FileFormat
from cecalc.terms import InputFormat
from tests.shell import InProcess

WRONG, RIGHT = math.log1p(math.e), math.log1p(1 / math.e)
"""Losses of logits one apart, at the lower and at the higher one."""

# the command line, the files it finds, the losses
CASES: list[tuple[str, dict[str, str], list[float]]] = [
    ("ce x.csv --classes b,a", {"x.csv": "logit_a,logit_b,target\n1,2,b\n3,2,b\n"}, [RIGHT, WRONG]),
    ("ce x.csv", {"x.csv": "logit_1,logit_0,target\n1,2,1\n"}, [WRONG]),
    (
        "ce x.csv --target-as name",
        {"x.csv": "logit_1,logit_2,target\n1,2,2\n1,2,-100\n"},
        [RIGHT, 0],
    ),
    ("ce x.csv --target-as index", {"x.csv": "logit_1,logit_2,target\n1,2,1\n"}, [RIGHT]),
    (
        "ce x.csv --logits-cols a-* --target-col 1",
        {"x.csv": "t,a-x,a-y,note\n1,1,2,z\n"},
        [RIGHT],
    ),
    ("ce x.csv --logits-cols * --target-col t", {"x.csv": "a,b,t\n1,2,1\n"}, [RIGHT]),
    ("ce x.csv", {"x.csv": 'logits,target\n"[1, 2]",1\n[2 1],1\n'}, [RIGHT, WRONG]),
    ("ce x.csv", {"x.csv": "\ufefflogit_a,logit_b,target\r\n1, 2 ,1.0\r\n\r\n"}, [RIGHT]),
    ("ce x.csv", {"x.csv": "logit_a,logit_b,target\r1,2,b\r2,1,b\r"}, [RIGHT, WRONG]),
    ("ce x.csv", {"x.csv": "target_b,logit_a,target_a,logit_b\n1,1,0,2\n"}, [RIGHT]),
    (
        "ce x.csv --target l.csv",
        {"x.csv": "logit_a,logit_b\n1,2\n", "l.csv": "label\nb\n"},
        [RIGHT],
    ),
    (
        "ce x.csv --sample-weight w.csv",
        {"x.csv": "id,logit_a,logit_b,target\nr,1,2,b\n", "w.csv": "id,w\nr,2\n"},
        [2 * RIGHT],
    ),
    (
        "ce x.csv --sample-weight 10",
        {"x.csv": "logit_a,logit_b,target,sample_weight\n1,2,b,2\n"},
        [10 * RIGHT],
    ),
    ("ce --logits x.csv --target 1", {"x.csv": "cat,dog\n1,2\n"}, [RIGHT]),
    ("ce --logits x.json --target 1", {"x.json": "[[1, 2]]"}, [RIGHT]),
    ("ce x.json --target 1", {"x.json": '{"logits": [1, 2], "target": 0}'}, [RIGHT]),
    (
        "ce x.json",
        {"x.json": '{"logits": [[1, 2]], "target": [[0, 1]], "ignore-index": -100}'},
        [RIGHT],
    ),
    ("ce x.json", {"x.json": '{"logits": [[-Infinity, 2]], "target": [1]}'}, [0]),
    ("ce x.json", {"x.json": '{"logits": [[1, 2], [3, 4]], "target": [1, -100]}'}, [RIGHT, 0]),
    ("ce x.json --transpose", {"x.json": '{"logits": [[1, 2], [2, 1]], "target": [1, 1]}'},
     [RIGHT, WRONG]),
    (
        "bce x.json",
        {"x.json": '{"logits": [[Infinity], [-Infinity]], "target": [[1], [0]]}'},
        [0, 0],
    ),
    (
        "bce x.csv --logits-cols x1,x2 --target-cols y1,y2",
        {"x.csv": "x1,x2,y1,y2\n1,-1,1,0\n"},
        [RIGHT, RIGHT],
    ),
    ("bce x.jsonl", {"x.jsonl": '{"logits": [1], "target": [1]}\n\n{"logits": [1], "target": [0]}'},
     [RIGHT, WRONG]),
]  # fmt: skip


@pytest.mark.parametrize(("line", "files", "losses"), CASES)
def test_input(
    line: str,
    files: dict[str, str],
    losses: list[float],
    cecalc: InProcess,
) -> None:
    status, out, err = cecalc(f"{line} -q --reduction none", files)
    assert status == 0
    found = [float(number) for number in out.replace(",", "\n").split()]
    assert found == pytest.approx(losses, rel=1e-15, abs=1e-300)
    assert err == ""


def test_ids_are_written_as_they_came(cecalc: InProcess) -> None:
    ids = [1234567, "007", 12345678901234567890]
    document = json.dumps({"logits": [[1, 2]] * 3, "target": [0, 0, 0], "ids": ids})
    status, out, _ = cecalc("ce x.json -f csv", {"x.json": document})
    assert status == 0
    lines = out.splitlines()[1:]
    assert [line.split(",")[0] for line in lines] == list(map(str, ids))


def test_a_format_is_one_record() -> None:
    """No suffix means two formats or ways of compressing, and none is without a record."""
    suffixes = [s for form in (*FORMATS, *COMPRESSIONS) for s in _suffixes(form)]
    assert len(set(suffixes)) == len(suffixes)
    names = [form.name for form in FORMATS if form.name is not InputFormat.AUTO]
    assert sorted(names) == sorted(set(InputFormat) - {InputFormat.AUTO})


def _suffixes(form: FileFormat | Compression) -> tuple[str, ...]:
    return form.suffixes if isinstance(form, FileFormat) else (form.suffix,)


@pytest.mark.parametrize(
    ("values", "target", "error"),
    [
        ("7", "target\n0\n0\n", "1 row of values, 2 targets"),
        ("1,2;3,4", "target\n0\n5\n", "y.csv:3: column 'target' (1): target 5 outside 0..1"),
    ],
)
def test_arguments_beside_a_table(values: str, target: str, error: str, cecalc: InProcess) -> None:
    status, _, err = cecalc(f"ce --logits {values} --target y.csv", {"y.csv": target})
    assert (status, err.splitlines()[0]) == (3, f"cecalc: error: {error}")
