"""Columns by the names that other programs give them: taken as the table of names says, or told."""

from __future__ import annotations

import contextlib
import io
import json
import math
import random
import shlex
import subprocess
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cecalc.cli import status_of
from tests.input.array_files import npz
from tests.run.running import small_blocks
from tests.shell import TRY, InProcess

POSITIVE = (0.21, 0.83, 0.34, 0.46)
TRUTH = (0, 1, 1, 0)
BCE = -sum(math.log(p if t else 1 - p) for p, t in zip(POSITIVE, TRUTH, strict=True)) / 4
ROWS = ((0.7, 0.2, 0.1), (0.15, 0.6, 0.25), (0.3, 0.45, 0.25), (0.1, 0.05, 0.85))
CLASSES, INDEX = ("ox", "lig", "hyd"), (0, 1, 2, 2)
CE = -sum(math.log(row[t]) for row, t in zip(ROWS, INDEX, strict=True)) / 4


def table(columns: dict[str, Iterable[object]], separator: str = ",") -> str:
    """A table of these columns, each a sequence of cells."""
    rows = zip(*columns.values(), strict=True)
    lines = [separator.join(columns), *(separator.join(map(str, row)) for row in rows)]
    return "\n".join(lines) + "\n"


def shares(form: str) -> dict[str, Iterable[object]]:
    """A column of probabilities for each class, called by a pattern."""
    return {form.format(name): [row[i] for row in ROWS] for i, name in enumerate(CLASSES)}


NAMES = [CLASSES[t] for t in INDEX]
# the command, its file, how it is read
FIRST = [
    ("bce", {"key": "abcd", "y_true": TRUTH, "oof_proba": POSITIVE, "fold": "0101"},
     "probabilities oof_proba, target y_true"),
    ("bce", {"": "0123", "y_true": TRUTH, "probs": POSITIVE, "Model": "AAAA"},
     "probabilities probs, target y_true"),
    ("bce", {"actual": TRUTH, "y_pred_proba": POSITIVE, "y_pred": (0, 1, 0, 0)},
     "probabilities y_pred_proba, target actual"),
    ("bce", {"label": ("no", "yes", "yes", "no"), "prob_yes": POSITIVE},
     "probabilities prob_yes, target label"),
    ("bce", {"label": ("no", "yes", "yes", "no"), "prob_1": POSITIVE},
     None),
    ("bce --classes no,yes", {"label": ("no", "yes", "yes", "no"), "prob": POSITIVE},
     "probabilities prob, target label"),
    ("bce", {"target": TRUTH, "prob_1": POSITIVE}, "probabilities prob_1, target target"),
    ("bce", {"id": "abcd", "probs": POSITIVE, "actuals": TRUTH},
     "probabilities probs, target actuals"),
    ("ce", {"True_Label": INDEX, "Pred_Label": (0, 1, 1, 2), "True_Class": NAMES,
            "Pred_Class": (*CLASSES, "ox"), "Confidence": (0.7, 0.6, 0.45, 0.85)}
     | shares("Prob_{}"), "probabilities Prob_*, target True_Class"),
    ("ce", {"sample_id": "abcd", "stance": NAMES, "label_id": INDEX, "predicted_label": NAMES}
     | shares("predicted_prob_{}"), "probabilities predicted_prob_*, target label_id"),
    ("ce --target-col stance", {"stance": NAMES, "label_id": INDEX} | shares("predicted_prob_{}"),
     "probabilities predicted_prob_*, target stance"),
    ("ce", {"y": NAMES} | shares("{}_prob"), "probabilities *_prob, target y"),
    ("ce", {".pred_class": NAMES, "truth": NAMES} | shares(".pred_{}"),
     "probabilities .pred_*, target truth"),
    ("ce", {"targets": INDEX} | {f"proba_{i}": [r[i] for r in ROWS] for i in range(3)},
     "probabilities proba_*, target targets"),
    ("ce", {"targets": INDEX} | {f"prob{i}": [r[i] for r in ROWS] for i in (2, 0, 1)},
     "probabilities prob*, target targets"),
    ("ce --probs-cols p_*", {"id": "abcd", "gold_label": NAMES} | shares("p_{}"),
     "probabilities p_*, target gold_label"),
    ("ce --probs-cols 2-4", {"gt": NAMES} | shares("a.{}.b"),
     "probabilities a.*.b, target gt"),
]  # fmt: skip
WORSE = [round(0.3 + p / 5, 6) for p in POSITIVE]
NEGATIVE = [round(1 - p, 6) for p in POSITIVE]
PERCENT = [round(100 * p, 6) for p in POSITIVE]
SPAM = ("ham", "spam", "spam", "ham")
WHICH_IS_1 = "--classes ham,spam"
TOLD = [
    ("bce", {"actual_x": TRUTH, "Prob_NB": WORSE, "Pred_NB": TRUTH, "Prob_avg": POSITIVE},
     "--probs-cols Prob_avg --target-col actual_x"),
    ("bce", {"y": TRUTH, "Prob_RF": POSITIVE, "Prob_NB": WORSE}, "--probs-cols Prob_RF"),
    ("bce", {"y": TRUTH, "prob_no": NEGATIVE, "prob_yes": POSITIVE}, "--probs-cols prob_yes"),
    ("bce", {"y": TRUTH, "a_Prob": WORSE, "b_Prob": WORSE, "c_Prob": WORSE,
             "Ensemble_Prob": POSITIVE, "Final_Predicted_Label": TRUTH},
     "--probs-cols Ensemble_Prob"),
    ("bce", {"true_label": TRUTH, "raw_probability": WORSE, "cal_probability": POSITIVE},
     "--probs-cols cal_probability"),
    ("bce", {"y": TRUTH, "Probability_Bad": POSITIVE, "Predicted": TRUTH},
     "--probs-cols Probability_Bad"),
    ("bce", {"stdev": (30.5, 2.5, 7.5, 1.25), "rule_score": WORSE, "ensemble_score": POSITIVE,
             "ensemble_prediction": TRUTH, "true_label": TRUTH}, "--probs-cols ensemble_score"),
    ("bce", {"won_label": TRUTH, "won_probability": POSITIVE, "prediction": TRUTH},
     "--probs-cols won_probability --target-col won_label"),
    ("bce", {"label": SPAM, "p_spam": POSITIVE, "pred": SPAM}, f"--probs-cols p_spam {WHICH_IS_1}"),
    ("bce", {"label": SPAM, "probability": POSITIVE, "label_numeric": TRUTH}, WHICH_IS_1),
    ("bce", {"label": ("a", "b", "b", "a"), "probability": NEGATIVE, "prediction": (1, 0, 0, 0)},
     "--classes b,a"),
    ("bce", {"label": ("None", "ill", "ill", "None"), "probability": POSITIVE},
     "--classes None,ill"),
    ("bce", {"img": "abcd", "true_a": TRUTH, "true_b": TRUTH, "pred_a": POSITIVE,
             "pred_b": POSITIVE}, "--probs-cols 'pred_*' --target-cols 'true_*'"),
    ("ce", {"output": INDEX, "prediction": INDEX} | shares("prob_{}"), "--target-col output"),
    ("ce", {"y": [2 - t for t in INDEX]} | shares("p_{}"), "--probs-cols p_hyd,p_lig,p_ox"),
    ("bce", {"ID": "0123", "fold": "0101", "y_true": TRUTH, "y_score": POSITIVE},
     "--probs-cols y_score"),
    ("bce", {"ID": "0123", "Actual_Churn": TRUTH, "OOF_p_churn": POSITIVE},
     "--probs-cols OOF_p_churn --target-col Actual_Churn"),
    ("bce", {"y": TRUTH, "prob_of_rain": POSITIVE}, "--probs-cols prob_of_rain"),
    ("bce", {"y": TRUTH, "val_prob": POSITIVE, "test_prob": POSITIVE}, "--probs-cols val_prob"),
    ("bce", {"land": (0.2, 0.5, 0.7, 0.1), "high_risk": TRUTH, "predicted_risk": (0, 1, 0, 0),
             "predicted_probability": POSITIVE}, "--target-col high_risk"),
    ("bce", {"not_x": NEGATIVE, "x": POSITIVE, "pred": (0, 1, 0, 0), "target": TRUTH},
     "--probs-cols x"),
    ("ce", {"truth": NAMES, "prob_of_rain": POSITIVE} | shares("prob_{}"),
     "--probs-cols prob_ox,prob_lig,prob_hyd"),
    ("ce", {"truth": NAMES, "petal_length": PERCENT, "petal_width": POSITIVE} | shares("{}"),
     "--probs-cols ox,lig,hyd"),
    ("ce", {"pred": NAMES, "loss": POSITIVE, "obs": NAMES} | shares("{}"),
     "--probs-cols ox,lig,hyd --target-col obs"),
    ("ce", {"predict": NAMES, "max_prob": [max(row) for row in ROWS], "gt": NAMES} | shares("{}"),
     "--probs-cols ox,lig,hyd"),
    ("ce", {"Actual": [f"Class_{n}" for n in NAMES]} | shares("Class_{}"),
     "--probs-cols 'Class_*'"),
    ("bce", {"class_0": NEGATIVE, "class_1": POSITIVE, "pred": (0, 1, 0, 0), "species": TRUTH},
     "--probs-cols class_1 --target-col species"),
    ("bce", {"prob_of_rain": WORSE, "ham": NEGATIVE, "spam": POSITIVE, "y_true": SPAM},
     "--probs-cols ham --classes spam,ham"),
    ("bce", {"pred_1": POSITIVE, "Survived": TRUTH, "correct": (1, 1, 0, 1)},
     "--probs-cols pred_1 --target-col Survived"),
    ("bce", {"y_true": [1 if t else -1 for t in TRUTH], "y_score": POSITIVE},
     "--probs-cols y_score --classes=-1,1"),
    ("ce", {"y": INDEX} | shares("p_{}"), "--probs-cols 'p_*'"),
    ("ce", {"observed": NAMES} | shares("prob_{}"), "--target-col observed"),
    ("ce", {"y": INDEX} | shares("model.{}"), "--probs-cols 'model.*'"),
    ("ce", {"y": (0, 1, 2, 1), "label": INDEX} | shares("prob_{}"), "--target-col label"),
    ("ce", {"y": NAMES, "prob_margin": (0.5, 0.35, 0.15, 0.75)} | shares("prob_{}"),
     "--probs-cols prob_ox,prob_lig,prob_hyd"),
    ("ce --target y", {"y": INDEX} | shares("prob_{}"), "--target-col y"),
    ("ce", shares("prob_{}") | {f"true_{c}": [int(c == n) for n in NAMES] for c in CLASSES},
     "--target-cols 'true_*'"),
    ("ce", {c: [int(c == n) for n in NAMES] for c in CLASSES} | shares("p_{}"),
     "--probs-cols 'p_*' --target-cols ox,lig,hyd"),
    ("bce", {"prob_a": POSITIVE, "prob_b": POSITIVE, "label_b": TRUTH, "label_a": TRUTH},
     "--target-cols label_a,label_b"),
    ("bce", {"y": TRUTH, "prob_0": NEGATIVE}, "--probs-cols prob_0 --classes=1,0"),
    ("bce", {"y": TRUTH, "neg_prob": NEGATIVE}, "--probs-cols neg_prob --classes=1,0"),
    ("bce", {"y": TRUTH, "prob_neg": NEGATIVE}, "--probs-cols prob_neg --classes=1,0"),
    ("ce", {"y": INDEX} | {f"out_{i}": [math.log(r[i]) for r in ROWS] for i in range(3)},
     "--log-probs-cols 'out_*'"),
    ("bce", {"target": TRUTH, "target_pred": POSITIVE}, "--probs-cols target_pred"),
    ("bce", {"churn": SPAM, "prob": POSITIVE},
     "--target-col churn --classes ham,spam"),
    ("ce", {"kind": NAMES, "prediction_label": NAMES} | shares("prediction_score_{}"),
     "--probs-cols 'prediction_score_*' --target-col kind"),
    ("ce", {"pred": NAMES, "obs": NAMES} | shares("{}"),
     "--probs-cols ox,lig,hyd --target-col obs"),
    ("ce", {"SampleId": "0123", "Label": NAMES} | shares("Probability:Class={}"),
     "--probs-cols 'Probability:Class=*'"),
    ("ce", {"actual": INDEX} | {f"class_{i}": [r[i] for r in ROWS] for i in range(3)},
     "--probs-cols 'class_*'"),
]  # fmt: skip
PERCENTAGES = [
    ("bce", {"y": TRUTH, "score": PERCENT}, "$2/=100"),
    ("bce", {"y": TRUTH, "prob": PERCENT}, ""),
    ("ce", {"y": INDEX} | {f"s_{i}": [100 * r[i] for r in ROWS] for i in range(3)},
     "$2/=100;$3/=100;$4/=100"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "columns", "read_as"), FIRST)
def test_taken(
    command: str, columns: dict[str, Iterable[object]], read_as: str | None, cecalc: InProcess
) -> None:
    name, *options = command.split()
    ended = cecalc([name, "x.csv", *options, "-f", "json"], {"x.csv": table(columns)})
    if read_as is None:  # two texts, of which nothing says which is 1
        assert (ended.status, len(ended.tries)) == (3, 2)
        return
    found = json.loads(ended.out)
    assert found["read_as"] == read_as
    assert math.isclose(found["loss"], CE if name == "ce" else BCE, rel_tol=1e-12)


@pytest.mark.parametrize(("command", "columns", "options"), TOLD)
def test_told(
    command: str, columns: dict[str, Iterable[object]], options: str, cecalc: InProcess
) -> None:
    name, *given_options = command.split()
    ended = cecalc([name, "x.csv", *given_options], {"x.csv": table(columns)})
    assert (ended.status, ended.out) == (3, "")
    assert ended.tries[0] == f"{name} x.csv {options}"
    loss = float(cecalc([*shlex.split(ended.tries[0]), "-q"]).out)
    assert math.isclose(loss, CE if name == "ce" else BCE, rel_tol=1e-12)


@pytest.mark.parametrize(("command", "columns", "divided"), PERCENTAGES)
def test_percentages_are_no_logits(
    command: str, columns: dict[str, Iterable[object]], divided: str, cecalc: InProcess
) -> None:
    ended = cecalc(f"{command} x.csv", {"x.csv": table(columns)})
    assert (ended.status, ended.out, ended.tries) == (3, "", [])
    assert "percentages" in ended.err
    assert f"{{{divided}}}1' FILE > new.csv" in ended.err or not divided


def test_decisions_are_never_offered_as_the_truth(cecalc: InProcess) -> None:
    columns: dict[str, Iterable[object]] = {"p": POSITIVE * 10, "call": (0, 1, 0, 0) * 10}
    assert cecalc("bce x.csv", {"x.csv": table(columns)}).tries == []


def test_a_class_for_each_row_belongs_to_ce(cecalc: InProcess) -> None:
    ended = cecalc("bce x.csv", {"x.csv": table({"y": INDEX} | shares("prob_{}"))})
    assert (ended.status, ended.tries) == (3, ["ce x.csv"])


@pytest.mark.parametrize("target", [(1, 0), ("ok", "bad")])
def test_columns_in_reverse_are_told_with_a_command(
    target: tuple[object, object], cecalc: InProcess
) -> None:
    rows = [(0.9, 0.1), (0.2, 0.8)] * 40
    yes, no = zip(*rows, strict=True)
    columns: dict[str, Iterable[object]] = {"y": target * 40, "prob_ok": yes, "prob_bad": no}
    ended = cecalc("ce x.csv", {"x.csv": table(columns)})
    tries = [line.removeprefix(TRY) for line in ended.err.splitlines() if line.startswith(TRY)]
    if target == (1, 0):
        assert tries == ["ce x.csv --probs-cols prob_bad,prob_ok --target-as index"]
        assert float(cecalc([*shlex.split(tries[0]), "-q"]).out) == pytest.approx(
            -math.log(0.9 * 0.8) / 2
        )
    else:  # names say which column is whose
        assert tries == []


BEFORE = ["", "y_", "oof_", "test_", "val_", "pred_", "predicted_", "model_", "raw_"]
WORDS = ["prob", "probs", "proba", "probas", "probability", "probabilities"]
UNCLEAR = ["score", "y_score", "pred", "y_pred", "prediction", "oof", "output", "confidence", "p_1",
           "churn_p", "risk", "elo_prob1"]  # fmt: skip
TRUTHS = ["y_true", "true_label", "true_class", "truth", "actual", "actual_label", "gold_label",
          "ground_truth", "gt", "correct_answer", "label_id", "target", "targets", "label",
          "labels", "y"]  # fmt: skip
NO_TRUTHS = ["answer", "true", "gold", "predicted_label", "pred", "prediction", "outcome", "class"]
DECOYS = ["fold", "predicted_label", "pred_label", "confidence", "epoch", "prob_of_rain", "note"]


def spelled(name: str, rng: random.Random) -> str:
    """A name as another program may write it."""
    separator = rng.choice("_-. ")
    return rng.choice([name, name.upper(), name.title()]).replace("_", separator)


def run(line: list[str]) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    path = Path("out.txt")
    with contextlib.redirect_stderr(err), contextlib.redirect_stdout(out):
        status = status_of([*line, "-o", str(path), "-f", "json"])
    text = path.read_text() if path.exists() and status == 0 else ""
    path.unlink(missing_ok=True)
    return status, text, err.getvalue()


@given(seed=st.integers(0, 10**9))
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_name_is_guessed(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is taken silently is what the table of names says; everything else is told, and every
    command that is printed runs.
    """
    monkeypatch.chdir(tmp_path)
    rng = random.Random(seed)  # noqa: S311
    truth = np.array([0, 1, *(rng.randrange(2) for _ in range(20))])
    score = np.array([rng.uniform(0.02, 0.98) for _ in truth]).round(6)
    is_named, has_truth = rng.random() < 0.6, rng.random() < 0.7
    value = rng.choice(BEFORE) + rng.choice(WORDS) if is_named else rng.choice(UNCLEAR)
    target = rng.choice(TRUTHS if has_truth else NO_TRUTHS)
    columns: dict[str, Iterable[object]] = {spelled(value, rng): score, spelled(target, rng): truth}
    for decoy in rng.sample(DECOYS, rng.randrange(4)):
        if decoy not in (value, target):
            cells = rng.choice([score[::-1], truth[::-1], np.arange(len(truth))])
            columns[spelled(decoy, rng)] = cells
    order = list(columns)
    rng.shuffle(order)
    if len({name.lower().replace("-", "_").replace(".", "_").replace(" ", "_")
            for name in order}) < len(order):  # fmt: skip
        return
    Path("x.csv").write_text(table({name: columns[name] for name in order}))
    status, text, err = run(["bce", "x.csv"])
    if is_named and has_truth:
        right = -np.log(np.where(truth == 1, score, 1 - score)).mean()
        assert status == 0, err
        assert math.isclose(json.loads(text)["loss"], right, rel_tol=1e-12)
        return
    assert status == 3, (order, text)
    for line in err.splitlines():
        if line.startswith(TRY):
            assert run(shlex.split(line.removeprefix(TRY)))[0] == 0
            assert "predicted" not in line.lower().partition("--target-col")[2]


BESIDE = {
    "v.json": '{"logits": [[1, 2], [3, 0]], "target": [0, 0]}',
    "t.json": '{"target": null, "labels": [0, 1], "ids": null}',
    "w.json": '{"sample-weight": [1, 3]}',
}


def test_members_of_what_stands_beside(cecalc: InProcess) -> None:
    """A null member is none, and names compare as everywhere."""
    of_target = cecalc("ce v.json --target t.json -q", BESIDE)
    right = (math.log(1 + math.exp(1)) + 3 + math.log(1 + math.exp(-3))) / 2
    assert math.isclose(float(of_target.out), right)
    weighted = cecalc("ce v.json --sample-weight w.json -q")
    losses = [float(x) for x in cecalc("ce v.json -q --reduction none").out.split()]
    assert math.isclose(float(weighted.out), (losses[0] + 3 * losses[1]) / 4)


@pytest.mark.parametrize("form", ["npz", "json"])
@pytest.mark.parametrize("truth", ["y_test", "true_y", "outcome"])
def test_members_of_several_models(form: str, truth: str, cecalc: InProcess) -> None:
    """What is named like the truth is offered as it, and no model's decisions as anything."""
    members = {truth: [*TRUTH], "RF_pred": [0, 1, 0, 0], "RF_proba": [*POSITIVE], "NB_proba": WORSE}
    x = f"x.{form}"
    Path(x).write_bytes(
        npz(**{name: np.asarray(member) for name, member in members.items()})
        if form == "npz"
        else json.dumps(members).encode()
    )
    ended = cecalc(f"bce {x}")
    assert ended.status == 3 and "more than one" in ended.err
    assert ended.tries == [
        f"bce --probs {x}:{name} --target {x}:{truth}" for name in ("RF_proba", "NB_proba")
    ]
    assert math.isclose(float(cecalc(f"{ended.tries[0]} -q").out), BCE)


def test_nan_is_no_near_miss(cecalc: InProcess) -> None:
    ended = cecalc("bce x.csv", {"x.csv": "prob,target\nnan,1\n0.5,0\n"})
    assert ended.status == 3 and "--clip" not in ended.err


AB = "y_true,{},{}\n1,.8,.2\n0,.3,.7\n"
RIGHT = -(math.log(0.8) + math.log(0.7)) / 2
TRUE = "y_true,prob\nTrue,.8\nFalse,.3\n"
# a file that a careless reading scores without a word, and the right number
CAREFUL = {
    "the index of a saved frame": ("ce --probs x.csv --target 1,0", ",a,b\n0,.2,.8\n1,.7,.3\n"),
    "the target beside values": ("ce --probs x.csv --target 0,1", AB.format("a", "b")),
    "classes by their numbers": ("ce x.csv", AB.format("prob_class1", "prob_class0")),
    "labels by their numbers": ("ce x.csv", AB.format("prob_LABEL_1", "prob_LABEL_0")),
    "true and false": ("bce x.csv", TRUE),
    "in capitals": ("bce x.csv", TRUE.upper()),
}


@pytest.mark.parametrize("case", CAREFUL)
def test_read_with_care(case: str, cecalc: InProcess) -> None:
    line, text = CAREFUL[case]
    ended = cecalc(f"{line} -q", {"x.csv": text})
    assert (ended.status, ended.err) == (0, "")
    assert math.isclose(float(ended.out), RIGHT, rel_tol=1e-12)


def test_the_positive_first(cecalc: InProcess) -> None:
    """Numbers beside `pos,neg` may count columns or names."""
    ended = cecalc("ce x.csv", {"x.csv": AB.format("prob_pos", "prob_neg")})
    assert ended.status == 3
    assert ended.tries == ["ce x.csv --classes neg,pos", "ce x.csv --target-as index"]
    assert math.isclose(float(cecalc(f"{ended.tries[0]} -q").out), RIGHT, rel_tol=1e-12)


@pytest.mark.parametrize(
    ("targets", "status", "said"),
    [("12", 3, "could be the name of a class or its number"), ("13", 0, "read as class names")],
)
def test_classes_counted_from_one(targets: str, status: int, said: str, cecalc: InProcess) -> None:
    """Their numbers are no indices for certain, whatever stands before them."""
    rows = "".join(f"{target},.2,.3,.5\n" for target in targets)
    head = "y,prob_class_1,prob_class_2,prob_class_3\n"
    ended = cecalc("ce x.csv", {"x.csv": head + rows})
    assert ended.status == status and said in ended.err


@pytest.mark.parametrize(
    ("line", "head", "targets", "classes"),
    [
        ("bce", "prob,y", (1, 2, 2, 1), "1,2"),
        ("bce", "prob,y", (-1, 1, 1, -1), "-1,1"),
        ("ce", "prob_1,prob_0,y", (1, 2, 2, 1), "1,2"),
    ],
)
def test_targets_that_are_no_class_numbers_are_named(
    line: str, head: str, targets: tuple[int, ...], classes: str, cecalc: InProcess
) -> None:
    """As `--classes`, which is printed, says."""
    rows = [
        (p, t) if line == "bce" else (p, 1 - p, t) for p, t in zip(POSITIVE, targets, strict=True)
    ]
    text = head + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)
    ended = cecalc([line, "x.csv"], {"x.csv": text})
    assert ended.status == 3 and "hint: targets" in ended.err
    assert ended.tries == [f"{line} x.csv --classes={classes}"]
    assert math.isclose(float(cecalc([*shlex.split(ended.tries[0]), "-q"]).out), BCE)


def test_decisions_are_no_column_that_may_hold_logits(cecalc: InProcess) -> None:
    text = table({"true": TRUTH, "pred": (0, 1, 0, 0), "y_score": POSITIVE})
    error = cecalc("bce x.csv", {"x.csv": text}).err.splitlines()[0]
    assert error.endswith("column 'y_score' may hold logits or probabilities")


@pytest.mark.parametrize(
    ("text", "tries"),
    [
        ("prob_0,prob_1,y\n.2,.8,spam\n.7,.3,ham\n", ["ham,spam", "spam,ham"]),
        ("prob_0,prob_1,y\n.8,.2,spam\n.3,.7,ham\n", ["spam,ham", "ham,spam"]),
        ("prob_0,prob_1,prob_2,y\n.2,.7,.1,b\n.7,.2,.1,a\n.1,.1,.8,c\n", ["a,b,c"]),
    ],
)
def test_texts_beside_numbered_classes(text: str, tries: list[str], cecalc: InProcess) -> None:
    """As scikit-learn sorts them; of two, the other order too, the likelier first."""
    ended = cecalc("ce x.csv", {"x.csv": text})
    assert ended.tries == [f"ce x.csv --classes {names}" for names in tries]


def test_cells_with_a_percent_sign_are_told(cecalc: InProcess) -> None:
    """With the line that makes numbers of them."""
    ended = cecalc("bce x.csv", {"x.csv": "gt,RF_Confidence\n0,52.69%\n1,80%\n"})
    error, hint = ended.err.splitlines()
    assert error == "cecalc: error: x.csv:1: percentages: 'RF_Confidence'"
    line = hint.removeprefix("cecalc: hint: make them numbers: ").replace("FILE", "x.csv")
    subprocess.run(["/bin/sh", "-c", line], check=True)
    loss = float(cecalc("bce new.csv --probs-cols RF_Confidence -q").out)
    assert math.isclose(loss, -(math.log(1 - 0.5269) + math.log(0.8)) / 2)


def test_a_class_that_no_target_names_is_one(cecalc: InProcess) -> None:
    """Logits of three classes, two of which come."""
    text = "cat,dog,fox,label\n3.5,1,0.2,cat\n1,2.5,5,dog\n0,4,1.5,dog\n"
    assert cecalc("ce x.csv", {"x.csv": text}).tries == ["ce x.csv --logits-cols cat,dog,fox"]


def test_classes_may_be_negative_numbers(cecalc: InProcess) -> None:
    ended = cecalc("ce x.csv -q", {"x.csv": "prob_-1,prob_1,y\n.2,.8,1\n.7,.3,-1\n"})
    assert math.isclose(float(ended.out), -(math.log(0.8) + math.log(0.7)) / 2)


def test_a_header_without_the_name_of_the_row_names(cecalc: InProcess) -> None:
    ended = cecalc("bce x.tsv", {"x.tsv": '"probs"\t"y_true"\n"1"\t.2\t0\n"2"\t.4\t1\n'})
    line = ended.err.splitlines()[1].removeprefix("cecalc: hint: as R writes row names? ")
    subprocess.run(["/bin/sh", "-c", line.replace("FILE", "x.tsv")], check=True)
    assert float(cecalc("bce new.csv --delimiter tab -q").out) == pytest.approx(0.569717)


def test_no_prediction_is_offered_as_the_truth(cecalc: InProcess) -> None:
    head = "{},prob_yes,prob_no,Outcome\n"
    for name in (".pred_class", "y_hat", "model_label", "estimated_class", "oof_label"):
        text = head.format(name) + "yes,.6,.4,yes\nno,.3,.7,yes\n"
        tries = cecalc("ce x.csv", {"x.csv": text}).tries
        assert tries == ["ce x.csv --target-col Outcome"]


@pytest.mark.parametrize(("name", "rows", "is_said"), [("label", 40, True), ("Labels", 40, True),
    ("label", 9, False), ("y_true", 40, False)])  # fmt: skip
def test_a_label_that_the_model_predicts_always(
    name: str, rows: int, is_said: bool, cecalc: InProcess
) -> None:
    """Of a model that says it is right in two rows of three."""
    text = f"{name},prob_a,prob_b\n" + "a,.66,.34\nb,.3,.7\n" * (rows // 2)
    ended = cecalc("ce x.csv", {"x.csv": text})
    said = f"{name!r} is what the model predicts in all {rows} rows: it may be the prediction"
    assert (ended.status, said in ended.err) == (0, is_said)


def test_a_label_that_is_the_prediction(cecalc: InProcess) -> None:
    rows = "".join(f"{i % 2},{0.5 + i / 81:.3f}\n" for i in range(40))
    ended = cecalc("bce x.csv", {"x.csv": "label,prob\n" + rows})
    assert ended.status == 3 and "probably the predicted class" in ended.err


def test_targets_that_were_compared_in_a_part_are_told(cecalc: InProcess) -> None:
    """Two columns may part later; in the rows that were looked at they would be refused."""
    rows = [f"{3 - i % 2},{2.5 + i % 2},{i % 2},{i % 2}\n" for i in range(6)]
    head = "logit_0,logit_1,true_label,y_true\n"
    cecalc("--version", {"x.csv": head + "".join(rows), "y.csv": head + "".join(rows)})
    assert cecalc("ce x.csv -f csv").said == ""
    note = "cecalc: hint: read 'true_label', left 'y_true' alone: the same in the first {} rows\n"
    assert cecalc("ce x.csv y.csv -f csv").said == note.format(6)
    Path("z.csv").write_text(head + "".join(rows * 700))
    assert cecalc("ce z.csv -f csv").said == note.format(4096)
    with small_blocks(60):
        assert cecalc("ce x.csv -f csv").said == note.format(2)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("x.csv --target t.csv", "read the target of t.csv, left 'label' alone"),
        ("x.csv --target 0,1", "read the target of --target, left 'label' alone"),
        ("x.csv --sample-weight @w", "read the sample weight of w, left 'sample_weight' alone"),
        ("x.csv", ""),
        ("x.csv --target-col label", ""),
        ("d.json --target t.csv", "read the target of t.csv, left 'y' alone"),
        ("d.json --target d.json:y", ""),
    ],
)  # fmt: skip
def test_what_an_option_gives_leaves_what_is_there_alone(
    line: str, said: str, cecalc: InProcess
) -> None:
    cecalc("--version", {
        "x.csv": "logit_a,logit_b,label,sample_weight\n1,2,0,1\n2,1,1,1\n",
        "t.csv": "target\n1\n0\n",
        "w": "sample_weight\n1\n2\n",
        "d.json": '{"logits": [[1, 2], [2, 1]], "y": [1, 0]}',
    })  # fmt: skip
    ended = cecalc(f"ce {line} -f csv")
    notes = [line for line in ended.said.splitlines() if "guess" not in line]
    assert notes == ([f"cecalc: hint: {said}"] if said else [])
