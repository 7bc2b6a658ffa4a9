"""Layouts of prediction files that people have, each standing for a kind: what comes of them.

The right values are NumPy's and scikit-learn's on the same rows.
"""

from __future__ import annotations

import io
import json
import math
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.input.array_files import npy, npz
from tests.shell import InProcess

BINARY, THREE, PAIR, NEAR = 0.529262, 0.604078, 0.459442, 0.044782
CLASSES = ("ox", "lig", "hyd")
ROWS = [(0.7, 0.2, 0.1), (0.15, 0.6, 0.25), (0.3, 0.45, 0.25), (0.1, 0.05, 0.85)]
TRUTH, PREDICTED = (0, 1, 2, 2), (0, 1, 1, 2)
OBJECTS = np.asarray([{"logits": [1.0, 2.0]}, {"logits": [0.5, 1.5]}], dtype=object)


def _csv(head: str, lines: str) -> str:
    return head + "\n" + lines.replace(" ", "\n") + "\n"


def _three(head: str, line: str) -> str:
    """Rows of three classes, each line made of its row, truth and prediction."""
    rows = zip(ROWS, TRUTH, PREDICTED, strict=True)
    lines = [
        line.format(i=i, p=",".join(map(str, p)), t=t, y=CLASSES[t], q=q, z=CLASSES[q])
        for i, (p, t, q) in enumerate(rows)
    ]
    return head + "\n" + "".join(each + "\n" for each in lines)


def _lm_eval(choices: list[str], target: str) -> str:
    pairs = [[text, "False"] for text in choices]
    return json.dumps({"doc_id": 0, "target": target, "arguments": [],
                       "resps": [[pair] for pair in pairs], "filtered_resps": pairs,
                       "acc": 1.0}) + "\n"  # fmt: skip


def _row(right: float, *others: float) -> float:
    """The cross-entropy of a row by its negative log-likelihoods."""
    return math.log(sum(math.exp(right - other) for other in (right, *others)))


def _scored(label: str, *scores: tuple[str, float]) -> str:
    pairs = [{"label": name, "score": score} for name, score in scores]
    return json.dumps({"text": "t", "label": label, "prediction": pairs}) + "\n"


def saved(members: dict[str, list[Any]]) -> bytes:
    """Tensors as torch saves them."""
    sink = io.BytesIO()
    torch.save({name: torch.tensor(member) for name, member in members.items()}, sink)
    return sink.getvalue()


ACTUAL = ",".join(f"prob_{name}" for name in CLASSES)
FIRST: dict[str, tuple[str, str, str | bytes, float]] = {
    "01 out-of-fold probabilities": ("bce F", "f.csv", _csv("patient_id,y_true,oof_proba,fold",
        "p0,0,0.21,0 p1,1,0.83,1 p2,1,0.34,0 p3,0,0.46,1"), BINARY),
    "05 a saved index": ("bce F", "f.csv", _csv(",y_true,probs,fold,run,Model",
        "0,0.0,0.21,0,0,A 1,1.0,0.83,0,0,A 2,1.0,0.34,0,0,A 3,0.0,0.46,0,0,A"), BINARY),
    "07 the truth as index and name": ("ce F", "f.csv", _three(
        "True_Label,Pred_Label,True_Class,Pred_Class,Confidence,Correct,Prob_ox,Prob_lig,Prob_hyd",
        "{t},{q},{y},{z},0.5,True,{p}"), THREE),
    "09 label_id": ("ce F", "f.csv", _three(
        "sample_id,stance,label_id,predicted_label," + ACTUAL.replace("prob", "predicted_prob"),
        "s{i},{y},{t},{z},{p}"), THREE),
    "09 names of classes": ("ce F --target-col stance", "f.csv", _three(
        "sample_id,stance,label_id,predicted_label," + ACTUAL.replace("prob", "predicted_prob"),
        "s{i},{y},{t},{z},{p}"), THREE),
    "11 an archive": ("ce F", "f.npz", npz(
        y_true=np.asarray(TRUTH), y_pred=np.asarray(PREDICTED), y_prob=np.asarray(ROWS)), THREE),
    "11 its members": ("ce --probs F:y_prob --target F:y_true", "f.npz", npz(
        y_true=np.asarray(TRUTH), y_pred=np.asarray(PREDICTED), y_prob=np.asarray(ROWS)), THREE),
    "17 lm-evaluation-harness": ("ce F", "f.jsonl",
        _lm_eval(["-3.1", "-1.9", "-4.0"], "1") + _lm_eval(["-0.7", "-2.2", "-5.1"], "2"),
        (_row(1.9, 3.1, 4.0) + _row(5.1, 0.7, 2.2)) / 2),
    "18 Hugging Face": ("ce F --probs-cols prediction --target-col label", "f.jsonl",
        _scored("pos", ("pos", 0.8), ("neg", 0.2)) + _scored("neg", ("neg", 0.9), ("pos", 0.1))
        + _scored("neg", ("pos", 0.65), ("neg", 0.35)), PAIR),
    "19 NumPy's prints in cells": ("ce F --probs-cols logit --classes neg,pos", "f.csv",
        "sentence,logit,label\ns1,[0.2  0.8 ],pos\ns2,[9.0e-01 1.0e-01],neg\ns3,[0.35 0.65],neg\n",
        PAIR),
    "28 exact 0 and 1": ("bce F", "f.csv", _csv("target,prob", "0,0.2 1,0.0 1,1.0 0,0.4"),
        (-math.log(0.8) - math.log(0.6) + 100) / 4),
    "28 as scikit-learn": ("bce F --clip float64", "f.csv", _csv("target,prob",
        "0,0.2 1,0.0 1,1.0 0,0.4"), 9.194406),
    "31 H2O": ("ce F --probs-cols p0,p1 --target-col actual", "f.csv", _csv(
        "actual,predict,p0,p1", "1,1,0.2,0.8 0,0,0.9,0.1 0,1,0.35,0.65"), PAIR),
    "36 two sets of labels": ("bce F --probs-cols pred_* --target-cols true_*", "f.csv", _csv(
        "img,true_a,true_b,pred_a,pred_b", "1,1,0,0.8,0.3 2,0,0,0.1,0.4 3,0,1,0.65,0.7"), 0.433750),
}  # fmt: skip
TOLD: dict[str, tuple[str, str, str, float]] = {
    "02 y_score": ("bce F", "bce F --probs-cols y_score", _csv("ID,fold,y_true,y_score,variant",
        "0,0,0,0.21,k5 1,1,1,0.83,k5 2,0,1,0.34,k5 3,1,0,0.46,k5"), BINARY),
    "04 Actual_X": ("bce F", "bce F --probs-cols OOF_p_churn --target-col Actual_Churn", _csv(
        "ID,Actual_Churn,OOF_p_churn", "0,0,0.21 1,1,0.83 2,1,0.34 3,0,0.46"), BINARY),
    "22 decimal commas": ("ce F", "ce F --delimiter ';' --decimal ,", _csv(
        "id;y_true;prob_neg;prob_pos", "1;pos;0,2;0,8 2;neg;0,9;0,1 3;neg;0,35;0,65"), PAIR),
    "26 slightly outside 0..1": ("bce F", "bce F --probs-cols pred --clip float64", _csv(
        "key,target,pred,type", "1,1,0.95,train 2,0,0.12,train 3,1,1.02,train 4,0,-0.01,train"),
        NEAR),
    "33 PyCaret": ("bce F", "bce F --confidence-cols prediction_score,prediction_label", _csv(
        "feature,target,prediction_label,prediction_score",
        "1.5,1,1,0.8 2.5,0,0,0.9 0.5,0,1,0.65"), PAIR),
    "34 a confidence": ("ce F", "ce F --confidence-cols pred_confidence,pred_label", _csv(
        "path,true_label,pred_label,pred_confidence", "a,O,O,0.9 b,R,O,0.65 c,R,R,0.8"),
        -(math.log(0.9) + math.log(0.35) + math.log(0.8)) / 3),
}  # fmt: skip
ARFF = """% made up
@RELATION r
@ATTRIBUTE row_id NUMERIC
@ATTRIBUTE confidence.neg NUMERIC
@ATTRIBUTE prediction {neg, pos}
@DATA
1,0.2,pos
"""
LLAMA = """perplexity: calculating perplexity over 2 chunks
[1]9.1250,[2]8.5000,
Final estimate: PPL = 8.5000 +/- 1.40000
"""
SAID: dict[str, tuple[str, str, str | bytes, list[str]]] = {
    "12 ARFF": ("ce F", "f.arff", ARFF, ["ARFF", "CSV"]),
    "13 Weka": ("ce F", "f.csv", _csv("inst#,actual,predicted,error,distribution,",
        "1,2:pos,2:pos,,0.2,*0.8 2,1:neg,1:neg,,*0.9,0.1"), ["Weka", "n:name", "sed"]),
    "14 completions": ("ce F", "f.json", json.dumps({"id": "x", "object": "text_completion",
        "choices": [{"text": "a b", "index": 0, "logprobs": {"tokens": ["a", " b"],
        "token_logprobs": [-0.5, -1.25]}}]}), ["log-probabilities of tokens, not of classes"]),
    "24 a row for each class": ("ce F", "f.csv", _csv("id,class,prob,true_class",
        "1,neg,0.2,pos 1,pos,0.8,pos 2,neg,0.9,neg 2,pos,0.1,neg"),
        ["one row per class", "pivot"]),
    "25 llama.cpp": ("ce F", "f.log", LLAMA, ["llama.cpp", f"{math.log(8.5):.6f}"]),
    "29 Python objects": ("ce --logits F --target 0", "f.npy", npy(OBJECTS),
        ["Python objects", "numpy.load"]),
    "34 more than two classes": ("ce F", "f.csv", _csv("path,true_label,pred_label,pred_confidence",
        "a,O,O,0.9 b,R,O,0.65 c,R,R,0.8 d,Q,Q,0.6"), ["no cross-entropy"]),
}  # fmt: skip


@pytest.mark.parametrize("case", FIRST)
def test_comes_at_the_first_command(case: str, cecalc: InProcess) -> None:
    line, name, content, value = FIRST[case]
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    ended = cecalc(f"{line.replace('F', name)} -q")
    assert (ended.status, ended.err) == (0, "")
    assert math.isclose(float(ended.out), value, abs_tol=1e-6)


@pytest.mark.parametrize("case", TOLD)
def test_comes_by_the_command_that_is_printed(case: str, cecalc: InProcess) -> None:
    line, printed, content, value = TOLD[case]
    ended = cecalc(line.replace("F", "f.csv"), {"f.csv": content})
    assert (ended.status, ended.out) == (3, "")
    assert ended.tries[0] == printed.replace("F", "f.csv", 1)
    assert "look like logits" not in ended.err
    assert math.isclose(
        float(cecalc([*shlex.split(ended.tries[0]), "-q"]).out), value, abs_tol=1e-6
    )


@pytest.mark.parametrize("case", SAID)
def test_what_it_is_and_the_way_on_are_said(case: str, cecalc: InProcess) -> None:
    line, name, content, words = SAID[case]
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    ended = cecalc(line.replace("F", name))
    assert (ended.status, ended.out) == (3, "")
    assert [word for word in words if word not in ended.err] == []


def test_names_of_rows_and_classes_that_are_numbers(cecalc: InProcess) -> None:
    """21: as R writes them; the targets are names, whatever the order of the columns."""
    files = {
        "f.csv": '"","2","1","3"\n"1",0.2,0.7,0.1\n"2",0.6,0.15,0.25\n"3",0.45,0.3,0.25\n',
        "labels.csv": "Class\n1\n2\n3\n",
    }
    line = ["ce", "--probs-cols", "!/^$/", "--target", "labels.csv", "--target-as", "name", "f.csv"]
    assert math.isclose(float(cecalc([*line, "-q"], files).out), 0.751265, abs_tol=1e-6)


def test_two_files_without_names(cecalc: InProcess) -> None:
    """30: as BERT's scripts write them."""
    files = {"f.tsv": "0.2\t0.8\n0.9\t0.1\n0.35\t0.65\n", "labels.txt": "1\n0\n0\n"}
    ended = cecalc("ce --probs f.tsv --target labels.txt --no-header -q", files)
    assert math.isclose(float(ended.out), PAIR, abs_tol=1e-6)


AB = "y,{}0,{}1\n1,1,2\n0,3,1\n"
LOSS = (math.log1p(math.exp(-1)) + math.log1p(math.exp(-2))) / 2
LOGITS = [[1.0, 2.0], [3.0, 1.0]]
PROBS = "{},.25,.75\n{},.9,.1\n"
SHARES = -(math.log(0.75) + math.log(0.9)) / 2
# the command, its file, and what comes
KINDS: dict[str, tuple[str, str, str | bytes, float]] = {
    "logit0": ("ce F", "f.csv", AB.format("logit", "logit"), LOSS),
    "logits_a": ("ce F", "f.csv", "y,logits_a,logits_b\nb,1,2\na,3,1\n", LOSS),
    "proba_0": ("ce F", "f.csv", "y,proba_0,proba_1\n" + PROBS.format(1, 0), SHARES),
    **{f"JSON {name}": ("ce F", "f.json", json.dumps({"logits": LOGITS, name: [1, 0]}), LOSS)
       for name in ("labels", "targets", "label_ids")},
    **{f"torch {name}": ("ce F", "f.pt", saved({"logits": LOGITS, name: [1, 0]}), LOSS)
       for name in ("labels", "targets", "label_ids")},
    "an id under any name": ("ce F --id-col case", "f.csv",
        "case,y,logit_0,logit_1\nu,1,1,2\nv,0,3,1\n", LOSS),
    "blanks": ("ce F --delimiter space", "f.txt", "y  logit_0 logit_1\n1  1 2\n0  3 1\n", LOSS),
    "one probability of two texts": ("bce F", "f.csv", "y,prob_spam\nspam,.75\nham,.1\n", SHARES),
    "log-probabilities of 0.99": ("ce F", "f.csv",
        "y,log_prob_a,log_prob_b\nb,-1.4271164,-.2876821\na,-.1053605,-2.4079456\n", SHARES),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_further_kinds_come_at_the_first_command(kind: str, cecalc: InProcess) -> None:
    line, name, content, value = KINDS[kind]
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    ended = cecalc(f"{line.replace('F', name)} -q")
    assert (ended.status, ended.err) == (0, "")
    assert math.isclose(float(ended.out), value, abs_tol=1e-6)


def test_a_saved_frame_with_numbers_as_names(cecalc: InProcess) -> None:
    text = ",0,1,y\n" + "0,.25,.75,1\n1,.9,.1,0\n"
    ended = cecalc("ce x.csv", {"x.csv": text})
    assert ended.tries == ["ce x.csv --probs-cols=0,1"]
    assert math.isclose(float(cecalc(f"{ended.tries[0]} -q").out), SHARES)
