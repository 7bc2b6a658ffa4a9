"""A probability of the predicted class: computed where it is said, recognised where it is not."""

from __future__ import annotations

import json
import math
import shlex

import pyarrow as pa
import pytest
from pyarrow import parquet

from cecalc.input import text as blocks
from tests.shell import InProcess

P = [0.9, 0.75, 0.6, 0.8]
RIGHT = [True, False, True, True]
LOSS = -sum(math.log(p if right else 1 - p) for p, right in zip(P, RIGHT, strict=True)) / 4
# what the target and the prediction are called, and what they call the classes
LAYOUTS = [
    ("target", "prediction_label", "0", "1"),
    ("true_label", "pred_label", "ham", "spam"),
    ("y_true", "predicted", "no", "yes"),
    ("actual", "predict", "1", "2"),
    ("truth", "y_pred", "-1", "1"),
    ("y", "prediction", "False", "True"),
]
TRUE = [1, 1, 0, 0]


def table(
    layout: tuple[str, str, str, str], score: str = "prediction_score", times: int = 1
) -> str:
    """One row for each of P."""
    target, prediction, *names = layout
    predicted = [t if right else 1 - t for t, right in zip(TRUE, RIGHT, strict=True)]
    rows = zip(TRUE, predicted, P, strict=True)
    lines = [f"r,{names[t]},{names[of]},{p}\n" for t, of, p in rows]
    return f"feature,{target},{prediction},{score}\n" + "".join(lines) * times


def tried(line: str, cecalc: InProcess) -> float:
    """What the one command gives that the error prints."""
    ended = cecalc(line)
    assert (ended.status, ended.out) == (3, "")
    assert "it is the probability of the predicted class, not of class 1" in ended.err
    (command,) = ended.tries
    return float(cecalc([*shlex.split(command), "-q"]).out)


@pytest.mark.parametrize("score", ["prediction_score", "confidence", "prob", "score"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("task", ["ce", "bce"])
def test_it_is_recognised_and_scored_alike(
    task: str, layout: tuple[str, str, str, str], score: str, cecalc: InProcess
) -> None:
    cecalc("guide", {"x.csv": table(layout, score)})
    assert tried(f"{task} x.csv", cecalc) == pytest.approx(LOSS, rel=1e-14)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("task", ["ce", "bce"])
@pytest.mark.parametrize("form", ["jsonl", "parquet", "large"])
def test_every_reader_gives_the_same(
    task: str,
    layout: tuple[str, str, str, str],
    form: str,
    cecalc: InProcess,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names, *rows = [text.split(",") for text in table(layout).splitlines()]
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    typed = columns | {"prediction_score": P}
    path = f"x.{'csv' if form == 'large' else form}"
    if form == "large":
        monkeypatch.setattr(blocks, "BLOCK_BYTES", 2**17)
        cecalc("guide", {path: table(layout, times=2**14)})
    elif form == "parquet":
        parquet.write_table(pa.table(typed), path)
    else:
        records = [dict(zip(names, row, strict=True)) for row in zip(*typed.values(), strict=True)]
        cecalc("guide", {path: "".join(json.dumps(record) + "\n" for record in records)})
    line = f"{task} {path} --confidence-cols prediction_score,{layout[1]} -q"
    if layout[2] == "0" and form != "large":  # texts of JSON and Parquet are no numbers
        line += " --classes 0,1"
    ended = cecalc(line)
    assert (ended.status, ended.err) == (0, "")
    assert float(ended.out) == pytest.approx(LOSS, rel=1e-12)


def test_how_it_was_read_is_said(cecalc: InProcess) -> None:
    cecalc("guide", {"x.csv": table(LAYOUTS[1])})
    out = cecalc("bce x.csv --confidence-cols prediction_score,pred_label --no-rows -f json").out
    assert json.loads(out)["read_as"] == (
        "probabilities prediction_score of the class in pred_label, target true_label"
    )


def test_three_classes_have_no_cross_entropy(cecalc: InProcess) -> None:
    text = "path,true_label,pred_label,pred_confidence\na,O,O,.9\nb,R,O,.45\nc,S,R,.8\nd,R,S,.6\n"
    for line in ("ce x.csv", "bce x.csv", "ce x.csv --confidence-cols pred_confidence,pred_label"):
        ended = cecalc(line, {"x.csv": text})
        assert (ended.status, ended.tries) == (3, [])
        assert "no cross-entropy can be had" in ended.err
        assert "the probability of every class, as from predict_proba" in ended.err


@pytest.mark.parametrize("names", ["POSITIVE NEGATIVE", "0 1", "sad glad mad"])
@pytest.mark.parametrize("task", ["ce", "bce"])
def test_a_label_beside_its_own_score_is_not_scored(
    task: str, names: str, cecalc: InProcess
) -> None:
    rows = [f"some text,{name},{p}\n" for name, p in zip(names.split() * 2, P, strict=False)]
    ended = cecalc(f"{task} x.csv", {"x.csv": "text,label,score\n" + "".join(rows)})
    assert (ended.status, ended.tries) == (3, [])
    assert "column 'label' is probably the predicted class" in ended.err
    assert "the truth may not be in the file" in ended.err


def test_its_truth_may_be_given(cecalc: InProcess) -> None:
    text = "label,score\nham,0.9\nspam,0.75\n"
    ended = cecalc("ce x.csv --target y.csv", {"x.csv": text, "y.csv": "y\nham\nham\n"})
    assert ended.tries == ["ce x.csv --target y.csv --confidence-cols score,label"]


HEALTHY = {
    "below half": "y,pred_label,prob\n1,1,0.9\n0,0,0.2\n",
    "one prediction": "y,pred_label,prob\n1,1,0.9\n0,1,0.6\n",
    "a label, and no prediction": "label,prob\n1,0.9\n0,0.6\n1,0.7\n",
    "predictions of something else": "y,predicted_age,prob\n1,33,0.9\n0,41,0.6\n",
    "predictions that are no classes": "y,pred_rate,prob\n1,0.25,0.9\n0,0.5,0.6\n",
}


@pytest.mark.parametrize("name", HEALTHY)
def test_what_may_be_the_probability_of_class_1_is(name: str, cecalc: InProcess) -> None:
    assert cecalc("bce x.csv", {"x.csv": HEALTHY[name]}).said == ""


def test_a_label_called_truth_that_a_guess_fits_far_better(cecalc: InProcess) -> None:
    ended = cecalc("bce x.csv", {"x.csv": "label,prob\n" + "1,0.95\n0,0.97\n" * 40})
    assert (ended.status, ended.tries) == (3, [])
    assert "the truth may not be in the file" in ended.err


def test_columns_that_were_named_are_taken_with_a_note(cecalc: InProcess) -> None:
    ended = cecalc("bce x.csv --probs-cols prediction_score", {"x.csv": table(LAYOUTS[0])})
    assert ended.status == 0
    assert "beside 'prediction_label': it is the probability of the predicted class" in ended.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("y,pred,p\n1,1,.9\n0,7,.8\n", "of 3: no cross-entropy can be had"),
        ("y,pred,p\n1,1,.9\n0,0.5,.8\n", "x.csv:3: column 'pred' (2): prediction 0.5 is none of"),
        ("y,pred,p\n1,1,.9\n0,0,1.8\n", "x.csv:3: column 'p' (3): probability"),
        ("y,pred,p\na,a,.9\na,a,.8\n", "one class in the first rows"),
    ],
)
def test_what_is_wrong_with_it_is_told(text: str, said: str, cecalc: InProcess) -> None:
    ended = cecalc("bce x.csv --confidence-cols p,pred", {"x.csv": text})
    assert (ended.status, ended.out, ended.tries) == (3, "", [])
    assert said in ended.err


def test_it_needs_two_columns(cecalc: InProcess) -> None:
    cecalc("guide", {"x.csv": table(LAYOUTS[0])})
    assert "names 1 column, expected 2" in cecalc("ce x.csv --confidence-cols feature").err
    assert cecalc("ce x.csv --confidence-cols a,b --probs-cols c").status == 2


# the command, the table, what is tried
TRIES = [
    ("bce", "actual,predict,p0,p1\n1,1,.2,.8\n0,0,.9,.1\n",
     ["--probs-cols p1", "--probs-cols p0 --classes=1,0"]),
    ("bce", "y,pred\n1,1.02\n0,0.1\n", ["--probs-cols pred --clip float64"]),
    ("bce", "y,p_spam\n1,0.9\n0,0.1\n", ["--probs-cols p_spam"]),
    ("bce", "y,y_score\n1,0.9\n0,0.1\n", ["--probs-cols y_score", "--logits-cols y_score"]),
    ("bce", "y,y_score\n1,3.9\n0,0.1\n", ["--logits-cols y_score"]),
    ("bce", "feature,y,model_score\n1.5,1,3.9\n.5,0,0.1\n", ["--logits-cols model_score"]),
    ("ce", "feature,y,model_score\n1.5,1,3.9\n.5,0,0.1\n", []),
    ("ce", "y,cat,dog\ncat,3.9,1.5\ndog,0.5,2.5\n", ["--logits-cols cat,dog"]),
    ("ce", "y,le,ri\n0,.9,.1\n1,.2,.8\n", ["--probs-cols le,ri"]),
]  # fmt: skip


@pytest.mark.parametrize(("task", "text", "tries"), TRIES)
def test_what_is_tried(task: str, text: str, tries: list[str], cecalc: InProcess) -> None:
    ended = cecalc(f"{task} x.csv", {"x.csv": text})
    assert ended.status == 3
    assert ended.tries == [f"{task} x.csv {each}" for each in tries]


@pytest.mark.parametrize(
    ("line", "text", "tries"),
    [
        ("bce x.csv --logits-cols s", "y,s\n1,.5\n0,.25\n", ["bce x.csv --probs-cols s"]),
        ("bce --logits .5,.25 --target 1,0", "", ["bce --probs .5,.25 --target 1,0"]),
        ("bce x.csv --logits-cols logit", "y,logit\n1,.5\n0,.25\n", []),
        ("bce x.csv", "y,logit\n1,.5\n0,.25\n", []),
        ("bce x.csv --logits-cols s", "y,s\n1,1.5\n0,.25\n", []),
        ("bce x.csv --logits-cols s", "y,s\n1,1\n0,0\n", []),
    ],
)
def test_logits_within_0_and_1_unless_their_name_says_so(
    line: str, text: str, tries: list[str], cecalc: InProcess
) -> None:
    ended = cecalc(line, {"x.csv": text})
    assert ended.tries == tries
    assert ("they look like probabilities; --probs would give" in ended.err) == bool(tries)
    assert not tries or "would give 0.4904 instead of 0.65\n" in ended.err


def test_a_confidence_below_a_half_is_said(cecalc: InProcess) -> None:
    text = "y,pl,ps\n1,1,.9\n0,1,.3\n0,0,.8\n"
    ended = cecalc("ce x.csv --confidence-cols ps,pl", {"x.csv": text})
    assert ended.status == 0 and "'ps' falls below 1/2" in ended.err


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("y,pl,ps\n1,True,.9\n0,False,.7\n",
            "a probability of the predicted class, of 4: no cross-entropy can be had"),
        ("y,pl,ps\npos,Pos,.9\nneg,Neg,.7\n",
            "a probability of the predicted class, of 4: no cross-entropy can be had"),
        ("y,pl,ps\n1,1,90\n0,0,70\n", "'ps' holds percentages"),
    ],
)  # fmt: skip
def test_what_is_no_confidence_of_these_classes(text: str, rule: str, cecalc: InProcess) -> None:
    ended = cecalc("ce x.csv --confidence-cols ps,pl", {"x.csv": text})
    assert ended.err.splitlines()[0] == f"cecalc: error: x.csv:1: {rule}"
