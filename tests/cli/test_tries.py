"""The commands that errors print: what a person meant, and that it runs."""

from __future__ import annotations

import json
import shlex

import pytest

from tests.shell import InProcess

TABLE = "y_true,p\n1,0.7\n0,0.2\n"
NAMED = "prob_a,prob_b,label\n0.7,0.3,a\n0.1,0.9,b\n"
FILES = {
    "x.csv": TABLE,
    "named.csv": NAMED,
    "one.csv": "prob,target\n0.7,1\n",
    "words.csv": "score_a,score_b,truth\n1.5,2,a\n3,1,b\n",
    "texts.csv": "prob,kind\n0.7,cat\n0.9,dog\n",
    "lists.csv": 'logit,kind\n"[0.7, 1]",cat\n"[0.9, 2]",dog\n',
    "named.jsonl": '{"shares": {"a": 0.3, "b": 0.7}, "correct_one": "b"}\n' * 2,
    "preds.json": '{"preds": [[0.2, 0.8], [0.6, 0.4]], "labels": [1, 0]}',
    "d.json": '{"y_hat": [0.2, 0.8], "y": [1, 0]}',
    "caf\u00e9 1.csv": TABLE,
    "p.csv": "id,prob\nu,0.7\nv,0.2\n",
    "t.csv": "id,target\nu,1\nv,0\n",
    "counted.csv": "prob_1,prob_2,label\n0.7,0.3,1\n0.1,0.9,1\n",
    "logs.csv": "log_prob_a,log_prob_b,label\n-0.1053605,-2.3025851,a\n",
    "texts.json": json.dumps(
        [
            [{"label": a, "score": p}, {"label": b, "score": 1 - p}]
            for a, b, p in (("POS", "NEG", 0.75), ("NEG", "POS", 0.625))
        ]
    ),
}

# fmt: off
PRINTED = [
    ("ce 2,-3,0.8,1.2 2", ["ce --logits=2,-3,0.8,1.2 --target 2"]),
    ("2,-3,0.8,1.2 2", ["ce --logits=2,-3,0.8,1.2 --target 2"]),
    ("ce --logits 2,-3 1,0 --target 2,1", ["ce '--logits=2,-3;1,0' --target=2,1"]),
    ("ce --logits 2,-3,.8;1,0,2 --target 2 1", ["ce --logits '2,-3,.8;1,0,2' --target=2,1"]),
    ("bce --probs .5 .2 --target 0,1", ["bce --probs=.5,.2 --target=0,1"]),
    ("bce --scores 0.2,0.3 --y 1,0", ["bce --probs 0.2,0.3 --target 1,0", "bce --logits 0.2,0.3 --target 1,0"]),
    ("ce --logits 1,2 --labels 1 --smoothing=0.1", ["ce --logits 1,2 --target 1 --label-smoothing=0.1"]),
    ("ce --logits 1,2 --label_smoothing 0.1 --target 0", ["ce --logits 1,2 --label-smoothing 0.1 --target 0"]),
    ("ce --labels", []),
    ("ce --label label named.csv", ["ce --target-col label named.csv"]),
    ("ce --logits 1,2 --label cat --classes cat,dog", ["ce --logits 1,2 --target cat --classes cat,dog"]),
    ("bce x.csv --preds p --label y_true", ["bce x.csv --probs-cols p --target-col y_true", "bce x.csv --logits-cols p --target-col y_true"]),
    ("bce one.csv --log-probs-cols prob", []),
    ("bce one.csv --target-as index", []),
    ("bce p.csv t.csv", ["bce p.csv --target t.csv"]),
    ("ce counted.csv", ["ce counted.csv --target-as name", "ce counted.csv --target-as index"]),
    ("ce logs.csv --clip float64", ["ce logs.csv"]),
    ("ce texts.json --target POS,NEG", ["ce texts.json --target POS,NEG --probs-cols score", "ce texts.json --target POS,NEG --logits-cols score"]),
    ("ce --probs texts.json --target 1,0", ["ce --probs texts.json --target 1,0 --classes NEG,POS", "ce --probs texts.json --target 1,0 --classes POS,NEG"]),
    ("ce --logits 1,2 --zebra 0", []),
    ("ce --logits 1,2 --labels 0 --zebra 0", []),
    ("BCE named.csv", ["bce named.csv"]),
    ("cross-entropy named.csv", ["ce named.csv"]),
    ("bce named.csv", ["ce named.csv", "bce named.csv --probs-cols prob_a --classes b,a"]),
    ("ce one.csv", ["bce one.csv"]),
    ("ce --probs 0.7 --target 1", ["bce --probs 0.7 --target 1"]),
    ("bce x.csv", ["bce x.csv --probs-cols p"]),
    ("bce 'caf\u00e9 1.csv'", [r"bce $'caf\xc3\xa9 1.csv' --probs-cols p"]),
    ("ce words.csv", ["ce words.csv --logits-cols 'score_*'"]),
    ("ce named.csv --target label", ["ce named.csv --target-col label"]),
    ("ce texts.csv --target-col kind", ["bce texts.csv --target-col kind --classes cat,dog", "bce texts.csv --target-col kind --classes dog,cat"]),
    ("ce lists.csv --target-col kind", ["ce lists.csv --target-col kind --classes cat,dog", "ce lists.csv --target-col kind --classes dog,cat"]),
    ("ce named.jsonl", ["ce named.jsonl --probs-cols shares --target-col correct_one", "ce named.jsonl --logits-cols shares --target-col correct_one"]),
    ("ce preds.json", ["ce --probs preds.json:preds --target preds.json:labels", "ce --logits preds.json:preds --target preds.json:labels"]),
    ("bce d.json", ["bce --probs d.json:y_hat --target d.json:y", "bce --logits d.json:y_hat --target d.json:y"]),
]
# fmt: on


@pytest.mark.parametrize(("line", "printed"), PRINTED)
def test_what_was_meant(line: str, printed: list[str], cecalc: InProcess) -> None:
    ended = cecalc(shlex.split(line), FILES)
    assert (ended.status in (2, 3), ended.out, ended.tries) == (True, "", printed)
    told = json.loads(cecalc([*shlex.split(line), "--errors", "json"]).err)["try"]
    assert [text.replace(" --errors json", "") for text in told] == [f"cecalc {p}" for p in printed]
    for text in printed:
        if "$'" not in text:
            again = cecalc(shlex.split(text)).status
            assert again == 0 or (ended.status, again) == (2, 3)  # what is wrong beside
