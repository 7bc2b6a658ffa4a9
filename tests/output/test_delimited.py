"""CSV and TSV: what came in stands as it was, what we add stands after it."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable

import numpy as np
import pytest

from cecalc.errors import DataError
from cecalc.items import Item
from cecalc.output import CSV, TSV, Format
from cecalc.terms import Kind, Task
from tests.output.examples import (
    LOGITS,
    PIPE,
    batch,
    bce,
    ce,
    ce_outcome,
    founding,
    from_objects,
    from_text,
    header,
    many,
    soft,
    softmax,
    text,
)

FIELDS = ("name", "logit_0", "logit_1", "logit_2", "logit_3", "target")
ROWS = ['"a, b",2.0,-3,.8,1.20,2', ' c"x,1.5,-0.1,9e-1,-1.3,1']
OURS = [
    "1.763756416846708,0,0.17139980391367007,false,",
    "2.1941652874514244,0,0.11145155269865095,false,",
]


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        pytest.param(
            founding(),
            "logit_0,logit_1,logit_2,logit_3,target,loss,prediction,p_target,correct,status\n"
            f"2,-3,0.8,1.2,2,{OURS[0]}\n1.5,-0.1,0.9,-1.3,1,{OURS[1]}\n",
            id="arguments",
        ),
        pytest.param(
            ce(from_text(ROWS, ","), fields=FIELDS, delimiter=","),
            f"{','.join(FIELDS)},loss,prediction,p_target,correct,status\n"
            f"{ROWS[0]},{OURS[0]}\n{ROWS[1]},{OURS[1]}\n",
            id="its own lines, byte for byte",
        ),
        pytest.param(
            ce(from_text(["x\t2", '"y\tz"\t1'], "\t"), fields=("a,b", "target"), delimiter="\t"),
            '"a,b",target,loss,prediction,p_target,correct,status\n'
            f"x,2,{OURS[0]}\ny\tz,1,{OURS[1]}\n",
            id="another delimiter is quoted anew",
        ),
        pytest.param(
            ce(
                from_objects(
                    [
                        '{"id": "a\\nb", "logits": [2, -3.0, 0.8, 1.2], "target": 2, "x": null}',
                        '{"target": 1, "logits": [1.5, -0.1, 9e-1, -1.3], "id": "c", "x": [true]}',
                    ]
                )
            ),
            "id,logit_0,logit_1,logit_2,logit_3,target,x,loss,prediction,p_target,correct,status\n"
            f'"a\nb",2,-3,0.8,1.2,2,,{OURS[0]}\nc,1.5,-0.1,0.9,-1.3,1,[true],{OURS[1]}\n',
            id="objects",
        ),
        pytest.param(
            ce(batch([[1, 2]] * 2, [0, -100]), weight=[2, 1], classes=("cat", "the dog, too")),
            'logit_cat,"logit_the dog, too",target,'
            "loss,loss_unweighted,prediction,p_target,correct,status\n"
            "1,2,cat,2.6265233750364456,1.3132616875182228,"
            '"the dog, too",0.2689414213699951,false,\n'
            "1,2,-100,,,,,,ignored\n",
            id="weights, names and an ignored row",
        ),
        pytest.param(
            bce(batch([[0, 0], [0, 0]], [[1, -1], [-1, -1]]), classes=("u", "v")),
            "logit_u,logit_v,target_u,target_v,loss,loss_u,loss_v,status\n"
            "0,0,1,-1,0.6931471805599453,0.6931471805599453,,\n"
            "0,0,-1,-1,,,,ignored\n",
            id="cells",
        ),
        pytest.param(
            bce(batch([[0]], [[1]])),
            "logit,target,loss,prediction,p_target,correct,status\n"
            "0,1,0.6931471805599453,1,0.5,true,\n",
            id="one cell",
        ),
        pytest.param(
            bce(batch([[0, 0]], [[1, 1]], cell_shape=(2, 1))),
            "logit_0_0,logit_1_0,target_0_0,target_1_0,loss,loss_0_0,loss_1_0,status\n"
            "0,0,1,1,0.6931471805599453,0.6931471805599453,0.6931471805599453,\n",
            id="cells of two axes",
        ),
        pytest.param(
            ce(
                batch([[0, 0]], [0], coordinates=np.array([[3, 1]]), ids=["=1+1"]),
                coordinates=("n", "d1"),
            ),
            "n,d1,id,logit_0,logit_1,target,loss,prediction,p_target,correct,status\n"
            "3,1,=1+1,0,0,0,0.6931471805599453,0,0.5,true,\n",
            id="coordinates",
        ),
        pytest.param(
            softmax(batch([[0, 0]], sample_weight=np.array([0.5])), log=True),
            "logit_0,logit_1,sample_weight,log_prob_0,log_prob_1\n"
            "0,0,0.5,-0.6931471805599453,-0.6931471805599453\n",
            id="softmax",
        ),
        pytest.param(
            soft(),
            "prob_0,prob_1,prob_2,prob_3,target_0,target_1,target_2,target_3,"
            "loss,prediction,p_target,correct,status\n"
            "0.1,0.2,0.3,0.4,0,0.5,0.5,0,1.4067053583800182,3,0.2,false,\n"
            "0.7,0.1,0.1,0.1,1,0,0,0,0.35667494393873245,0,0.7,true,\n",
            id="soft targets",
        ),
    ],
)
def test_whole_text(items: Iterable[Item], expected: str) -> None:
    assert text(CSV, items) == expected


def test_tsv_separates_by_tabs_and_quotes_them() -> None:
    written = text(TSV, ce(batch([[0, 0]], [0], ids=["a\tb,c"])))
    assert written.split("\n")[1] == '"a\tb,c"\t0\t0\t0\t0.6931471805599453\t0\t0.5\ttrue\t'


def test_our_names_give_way_to_the_inputs() -> None:
    fields = ("loss", "cecalc_status")
    items = ce(from_text(["1,x", "2,y"], ","), fields=fields, delimiter=",")
    first = text(CSV, items).split("\n")[0]
    ours = ("loss", "prediction", "p_target", "correct", "status")
    assert first == ",".join([*fields, *(f"cecalc_cecalc_{name}" for name in ours)])


def test_only_what_the_input_has_makes_ours_give_way() -> None:
    items = ce(from_text(["1", "2"], ","), fields=("loss",), delimiter=",")
    assert text(CSV, items).startswith("loss,cecalc_loss,cecalc_prediction,")


@pytest.mark.parametrize("loss", [math.inf, math.nan])
def test_a_loss_that_is_no_number_is_named(loss: float) -> None:
    rows = batch([[0.0, 0.0]], [0])
    outcome = ce_outcome(rows)
    outcome.loss[0] = loss
    head = header(Task.CE, rows)
    assert text(CSV, [head, outcome]).endswith(f"\n0,0,0,{loss},0,0.5,true,{loss}\n")


@pytest.mark.parametrize(
    ("second", "rule"),
    [
        ('{"logits": [1.5, -0.1, 0.9, -1.3], "target": 1, "b": 1}', "other keys"),
        ('{"logits": [1.5, -0.1, 0.9], "target": 1}', "another number of values for 'logits'"),
        ('{"logits": 1.5, "target": 1}', "another number of values for 'logits'"),
    ],
)
def test_objects_that_do_not_make_one_table(second: str, rule: str) -> None:
    objects = ['{"logits": [2, -3, 0.8, 1.2], "target": 2}', second]
    with pytest.raises(DataError, match=rule) as raised:
        text(CSV, ce(from_objects(objects), source="x.jsonl"))
    assert str(raised.value.place) == "x.jsonl:2"
    assert "jsonl" in str(raised.value.hint)


def test_objects_keep_what_no_column_can_hold_as_json() -> None:
    objects = ['{"log-probs": [1, 2, 3, 4], "y": [0, 0, 1, 0], "m": {"ä": [1.50]}, "s": true}'] * 2
    lines = text(CSV, ce(from_objects(objects), kind=Kind.LOG_PROBS)).split("\n")
    assert lines[0].startswith(
        "log_prob_0,log_prob_1,log_prob_2,log_prob_3,target_0,target_1,target_2,target_3,m,s,loss"
    )
    assert lines[1].startswith('1,2,3,4,0,0,1,0,"{""ä"": [1.5]}",true,')


TRICKY = [
    "plain",
    "",
    " a ",
    'q"',
    '"',
    "a,b",
    "a\tb",
    "n\nl",
    "r\rl",
    "\r\n",
    "é\x1b",
    "\x85\u2028",
]


@pytest.mark.parametrize("view", [CSV, TSV])
def test_identifiers_survive_the_round_trip(view: Format) -> None:
    written = text(view, ce(batch([[0, 0]] * len(TRICKY), [0] * len(TRICKY), ids=TRICKY)))
    delimiter = "," if view is CSV else "\t"
    rows = list(csv.DictReader(io.StringIO(written, newline=""), delimiter=delimiter, strict=True))
    assert [row["id"] for row in rows] == TRICKY


def test_batches_are_written_as_they_come() -> None:
    seen = []

    def watched() -> Iterable[Item]:
        for item in many(6):
            seen.append(item)
            yield item

    chunks = CSV.render(iter(watched()), PIPE)
    assert next(chunks).startswith("logit_0")
    assert next(chunks).count("\n") == 3
    assert len(seen) == 2
    assert "".join(chunks).count("\n") == 3


def test_empty_batches_write_nothing() -> None:
    items = list(founding())
    empty = ce_outcome(batch(np.empty((0, 4)), []))
    assert text(CSV, [items[0], empty, *items[1:], empty]) == text(CSV, founding())


def test_founding_rows_read_back() -> None:
    rows = list(csv.DictReader(io.StringIO(text(CSV, founding()))))
    assert [[float(row[f"logit_{c}"]) for c in range(4)] for row in rows] == LOGITS
