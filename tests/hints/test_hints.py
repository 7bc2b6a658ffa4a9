"""Every hint: when it is said and when not, as text and as JSON, and that it changes no number."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from cecalc.cli import status_of
from cecalc.errors import MESSAGE_BYTES, CecalcError
from cecalc.hints.evidence import HEAD_ROWS
from cecalc.items import Report
from cecalc.mistakes.catalogue import catalogue
from cecalc.terms import Dtype, HintPolicy, Kind, Task
from tests.hints.problems import Given, informed, sigmoid, softmax
from tests.input.array_files import npy
from tests.run.running import in_blocks, ran_on, request, rounding_to, run
from tests.shell import Ended, written

ROWS = 200


def model(task: Task, rows: int = ROWS, classes: int = 4, seed: int = 0) -> Given:
    """A sound model's logits, and targets drawn from it."""
    return informed(np.random.default_rng(seed), task, rows, classes)


CE, BCE = model(Task.CE), model(Task.BCE)
FEW = model(Task.CE, 12)
BINARY = model(Task.BCE, classes=1)
SQUARE = model(Task.CE, 30, 30)
P, S = softmax(CE.values), sigmoid(CE.values)
BCE_P = sigmoid(BCE.values)
FIRST_0 = np.arange(BCE.target.size).reshape(BCE.target.shape) == BCE.target.argmin()


def changed(
    given: Given, values: np.ndarray | None = None, target: np.ndarray | None = None
) -> Given:
    return replace(
        given,
        values=given.values if values is None else values,
        target=given.target if target is None else target,
    )


def rows_of(given: Given, keep: np.ndarray) -> Given:
    return changed(given, given.values[keep], given.target[keep])


EXCHANGED = changed(CE, CE.values[:, [0, 3, 2, 1]])
TWELVE = model(Task.CE, classes=12)
AS_TEXT = changed(TWELVE, TWELVE.values[:, np.argsort(np.arange(12).astype(str))])
FROM_ONE = rows_of(changed(CE, target=CE.target + 1), CE.target < 3)
FROM_TWO = rows_of(changed(CE, target=CE.target - 1), CE.target > 0)
ONE_LABEL = Given(Task.BCE, CE.values, np.eye(4)[CE.target])
TWENTY = Given(Task.CE, 6 * np.eye(20)[np.random.default_rng(1).permutation(20)], np.arange(20))
"""One row of each class: that some order of the columns fits them costs ln 20! nats."""
COINS = np.random.default_rng(1).integers(0, 2, 25)
ROLLED = Given(Task.CE, 6 * np.eye(2)[np.roll(COINS, 1)], COINS)
"""A shift is better by what counts alone, but not by what counts among so many readings."""
LONG, WEAK = model(Task.CE, HEAD_ROWS + 1), model(Task.CE, 2000)
UNEVEN = changed(CE, 0.1 * CE.values[::-1], np.where(np.arange(ROWS) % 10, 0, 1))

# fmt: off
# the problem, the entry, the hint
SAID: dict[str, tuple[Given, int | None, str]] = {
    "softmax outputs": (changed(CE, P), 1, "the logits are within 0..1 and each row sums to 1: a second softmax keeps each loss above 0.7437; say so with --probs or --probs-cols"),
    "softmax outputs to 2 decimals": (changed(CE, P.round(2)), 1, "the logits are within 0..1 and fit far better as probabilities: about 0.802 instead of 1.05 nats; a softmax of them never gets near 0; give what stood before the sigmoid (or softmax)"),
    "softmax outputs, few rows": (changed(FEW, softmax(FEW.values)), 1, "the logits are within 0..1 and each row sums to 1: a second softmax keeps each loss above 0.7437; say so with --probs or --probs-cols"),
    "sigmoid outputs": (changed(CE, S), 1, "the logits are within 0..1 and fit far better as probabilities: about 0.683 instead of 1.13 nats; a softmax of them never gets near 0; give what stood before the sigmoid (or softmax)"),
    "one-hot predictions": (changed(CE, np.eye(4)[CE.values.argmax(axis=1)]), 1, "the logits are one-hot rows of 0 and 1: a second softmax keeps each loss above 0.7437; give the scores before the arg-max"),
    "log-softmax outputs": (changed(CE, np.log(P)), 20, "the logits are log-probabilities, whose exponentials sum to 1: harmless, the loss is the same; --log-probs says so"),
    "softmax over the rows": (changed(CE, softmax(CE.values, 0)), 11, "each column of logits sums to 1, not each row: a softmax over the rows, or rows that are columns; take it over the classes, or --transpose"),
    "softmax over everything": (changed(CE, softmax(CE.values, None)), 11, "all logits together sum to 1: a softmax over the whole array, or rows that are columns; take it over the classes, or --transpose"),
    "the transposed logits": (changed(SQUARE, SQUARE.values.T), 11, "the targets fit the transposed logits far better: about 1.83 instead of 4.91 nats; as many rows as columns do not tell which axis is which; --transpose"),
    "targets from 1": (FROM_ONE, 6, "the targets fit the class one lower far better: about 0.639 instead of 3.62 nats; labels that start at 1: subtract 1"),
    "targets without class 0": (FROM_TWO, 6, "the targets fit the class one higher far better: about 0.692 instead of 3.84 nats; labels without 0: add 1"),
    "columns in reverse": (changed(CE, CE.values[:, ::-1]), 19, "the targets fit the columns in reverse far better: about 0.683 instead of 3.68 nats; bring them into the order of the classes: --logits-cols, --classes"),
    "two columns exchanged": (EXCHANGED, 19, "the targets fit the columns in another order far better: about 0.683 instead of 2.25 nats where '1' fits column '3', '3' fits column '1'; bring them into the order of the classes: --logits-cols, --classes"),
    "columns in the order of text": (AS_TEXT, 19, "the targets fit the columns in the order of text far better: about 1.01 instead of 4.58 nats; bring them into the order of the classes: --logits-cols, --classes"),
    "negated logits": (changed(CE, -CE.values), None, "the targets fit the negated logits far better: about 0.683 instead of 4.96 nats; costs or distances are no scores; negate them"),
    "targets of the next row": (changed(CE, target=np.roll(CE.target, -1)), 14, "the targets fit the logits 1 row after far better: about 0.688 instead of 2.86 nats; a shift of tokens, or two files out of step; pair logits[1:] with target[:-1]"),
    "targets of two rows before": (changed(CE, target=np.roll(CE.target, 2)), 14, "the targets fit the logits 2 rows before far better: about 0.686 instead of 2.84 nats; a shift of tokens, or two files out of step; pair logits[:-2] with target[2:]"),
    "targets of two rows after": (changed(CE, target=np.roll(CE.target, -2)), 14, "the targets fit the logits 2 rows after far better: about 0.693 instead of 2.89 nats; a shift of tokens, or two files out of step; pair logits[2:] with target[:-2]"),
    "targets of other rows": (changed(CE, target=CE.target[::-1]), 27, "the mean loss 3.148 is above ln 4 = 1.386: a uniform guess does better; --by class shows where it comes from"),
    "targets of other rows, a weak model": (changed(WEAK, 0.1 * WEAK.values[::-1] + 0.5 * (np.arange(4) == 3)), 27, "the mean loss 1.451 is above ln 4 = 1.386: a uniform guess does better; --by class shows where it comes from"),
    "an order of twenty columns, too few rows": (TWENTY, 27, "the mean loss 5.746 is above ln 20 = 2.996: a uniform guess does better; --by class shows where it comes from"),
    "a shift, too few rows": (ROLLED, 27, "the mean loss 2.882 is above ln 2 = 0.6931: a uniform guess does better; --by class shows where it comes from"),
    "the shares of labels": (UNEVEN, 27, "the mean loss 1.411 is above 0.3251, the entropy of the labels: a guess from their shares does better; --by class shows where it comes from"),
    "a constant target": (changed(CE, target=np.full(ROWS, 2)), None, "the target of all 200 rows is 2: the model expects others, at a mean loss of 3.633; --target-col or --target names the right one"),
    "sigmoid outputs as cells": (changed(BCE, BCE_P), 12, "the logits are within 0..1 and fit far better as probabilities: about 0.368 instead of 0.613 nats; a second sigmoid leaves at least 0.3133 in each cell; say so with --probs or --probs-cols"),
    "log-sigmoid outputs as cells": (changed(BCE, np.log(BCE_P)), 12, "the logits are at most 0 and fit far better as log-probabilities: about 0.368 instead of 0.544 nats; give what stood before the log-softmax or log-sigmoid"),
    "log-sigmoid outputs with -inf": (changed(BCE, np.where(FIRST_0, -np.inf, np.log(BCE_P))), 12, "the logits are at most 0 and fit far better as log-probabilities: about 0.367 instead of 0.544 nats; give what stood before the log-softmax or log-sigmoid"),
    "0 and 1 exchanged": (changed(BCE, target=1 - BCE.target), 19, "the targets fit the other way round far better: about 0.368 instead of 2.37 nats with 0 and 1 exchanged; exchange them, or negate the logits"),
    "cells in reverse": (changed(BCE, BCE.values[:, ::-1]), 19, "the targets fit the columns in reverse far better: about 0.368 instead of 1.37 nats; bring them into the order of the classes: --logits-cols, --classes"),
    "cells of the next row": (changed(BCE, target=np.roll(BCE.target, -1, axis=0)), 14, "the targets fit the logits 1 row after far better: about 0.369 instead of 1.34 nats; a shift of tokens, or two files out of step; pair logits[1:] with target[:-1]"),
    "one label a row": (ONE_LABEL, 9, "each row of targets has exactly one 1: the mean over 4 cells a row, most of them easy zeros, looks small; one label a row is ce's: cecalc ce takes the same input"),
    "cells that are all 0": (changed(BINARY, target=np.zeros_like(BINARY.target)), None, "the target of all 200 cells is 0: the model expects others, at a mean loss of 1.39; --target-col or --target names the right one"),
    "cells of other rows": (changed(BCE, target=BCE.target[::-1]), 27, "the mean loss 1.291 is above ln 2 = 0.6931: a uniform guess does better; --by class shows where it comes from"),
    "many rows": (changed(LONG, softmax(LONG.values)), 1, "the logits are within 0..1 and each row sums to 1 (in the first 4096 rows): a second softmax keeps each loss above 0.7437; say so with --probs or --probs-cols"),
    "one-hot targets": (changed(CE, P, np.eye(4)[CE.target]), 1, "the logits are within 0..1 and each row sums to 1: a second softmax keeps each loss above 0.7437; say so with --probs or --probs-cols"),
}
# fmt: on
UNSAID: dict[str, Given] = {
    "a sound model": CE,
    "sound cells": BCE,
    "sound single cells": BINARY,
    "as many rows as columns": SQUARE,
    "few rows, all wrong": changed(FEW, -FEW.values),
    "logits that sum to 1 in each row": changed(
        CE, CE.values - CE.values.mean(axis=1, keepdims=True) + 0.25
    ),
    "logits less the largest": changed(CE, CE.values - CE.values.max(axis=1, keepdims=True)),
    "weak logits, all within 0..1": changed(
        BINARY,
        0.5 + 0.01 * np.clip(BINARY.values, -30, 30),
        (np.arange(ROWS) % 8 < 5)[:, None].astype(float),
    ),
    "rows sorted by target": rows_of(CE, np.argsort(CE.target, kind="stable")),
    "probabilities that are said to be": replace(CE, values=P, kind=Kind.PROBS),
    "log-probabilities that are said to be": replace(CE, values=np.log(P), kind=Kind.LOG_PROBS),
    "cells of probabilities": replace(BCE, values=BCE_P, kind=Kind.PROBS),
    "one label a row, as a model of it says": Given(
        Task.BCE, 20 * np.eye(4)[CE.target] - 10, np.eye(4)[CE.target]
    ),
    "one wrong row that costs 1e9 nats": changed(
        CE,
        np.where((np.arange(ROWS) == 7)[:, None], 1e9 * (np.arange(4) == 3), CE.values),
        np.where(np.arange(ROWS) == 7, 3, CE.target),
    ),
    "a class that is masked by -inf": changed(
        CE, np.where(np.arange(4) == (CE.target[:, None] + 1) % 4, -np.inf, CE.values)
    ),
    "one row of two logits": Given(Task.CE, np.asarray([[2.0, -3.0]]), np.asarray([0])),
    "one row of 0 and 1": Given(Task.CE, np.asarray([[0.0, 1.0]]), np.asarray([1])),
}


@pytest.mark.parametrize("name", SAID)
def test_it_is_said(name: str, tmp_path: Path) -> None:
    given, entry, expected = SAID[name]
    hints = given.run(tmp_path).hints
    assert [(str(hint), hint.entry) for hint in hints] == [(expected, entry)]
    assert entry is None or entry in catalogue()
    assert len(f"cecalc: hint: {expected}") <= MESSAGE_BYTES
    assert expected.isascii()


@pytest.mark.parametrize("name", UNSAID)
def test_it_is_not_said(name: str, tmp_path: Path) -> None:
    assert UNSAID[name].run(tmp_path).hints == []


def test_two_causes_are_two_hints(tmp_path: Path) -> None:
    cells = Given(Task.BCE, P, np.eye(4)[CE.target])
    assert [hint.entry for hint in cells.run(tmp_path).hints] == [12, 9]
    assert [hint.entry for hint in changed(cells, np.log(P)).run(tmp_path).hints] == [12, 9]


TABLE = "logit_a,logit_b,target\n"
PAIRS = "id," + TABLE + "r1,1,2,b\n" + "r2,1,2,b\n" * 2
SOFT = "logit_a,logit_b,target_a,target_b\n"
TWICE = TABLE + "0.25,0.75,b\n0.5,0.5,a\n"
LOGS = TABLE + "-0.6931471805599453,-0.6931471805599453,b\n"
# fmt: off
# the command line, the files it finds, the entry, what was seen and why, what to try
LINES: list[tuple[str, dict[str, str | bytes], int | None, str, str | None]] = [
    ("ce x.csv", {"x.csv": PAIRS}, None, "id 'r2' stands twice, in rows 3 and 4: what is there twice counts twice", "--id-col names another column"),
    ("bce x.csv", {"x.csv": "id,logit,target\n" + "a,1,1\nb,2,1\nc,1,1\n" * 2}, None, "id 'a' stands twice, in rows 2 and 5, 3 rows in all: what is there twice counts twice", "--id-col names another column"),
    ("ce x.csv", {"x.csv": TWICE}, 1, "the logits are within 0..1 and each row sums to 1: a second softmax keeps each loss above 0.3133", "say so with --probs or --probs-cols"),
    ("ce --logits 0.25,0.75 --target 1", {}, 1, "the logits are within 0..1 and each row sums to 1: a second softmax keeps each loss above 0.3133", "say so with --probs or --probs-cols"),
    ("softmax x.csv", {"x.csv": TWICE}, 1, "the logits are within 0..1 and each row sums to 1: a softmax of probabilities is flat", "they are probabilities already"),
    ("sigmoid x.csv", {"x.csv": TWICE}, 1, "the logits are within 0..1 and each row sums to 1: a sigmoid of probabilities is flat", "they are probabilities already"),
    ("ce x.csv", {"x.csv": LOGS}, 20, "the logits are log-probabilities, whose exponentials sum to 1: harmless, the loss is the same", "--log-probs says so"),
    ("softmax x.csv", {"x.csv": LOGS}, 20, "the logits are log-probabilities, whose exponentials sum to 1: harmless, the softmax is the same", None),
    ("sigmoid x.csv", {"x.csv": LOGS}, 12, "the logits are log-probabilities, whose exponentials sum to 1: a sigmoid of them is never above 0.5", "give what stood before the log-softmax"),
    ("ce --logits x.npy --target 1,1", {"x.npy": npy(np.asarray([[65504, 0], [1, 2]], "f2"))}, 15, "1 logit at the end of float16: what overflowed there has lost its value", "store logits in float32"),
    ("bce --logits x.npy --target 1,1", {"x.npy": npy(np.asarray([np.inf, 2], "f2"))}, 15, "1 logit at the end of float16: what overflowed there has lost its value", "store logits in float32"),
    ("ce --logits=0,-40000 --target 1 --dtype float16", {}, None, "", None),
    ("bce --logits=-1e5 --target 1 --dtype float16", {}, 15, "the loss is not finite in float16: it ends where a value overflows", "--dtype float64, which is the default"),
    ("bce --probs 0,0,1 --target 1,1,1", {}, 7, "ln 0 in 2 cells: clamped at -100, as torch does", "--no-clamp gives inf, --clip float64 scikit-learn's value"),
    ("bce --probs 0,0,1,1,1 --target 1,0,1,0,0.5", {}, 7, "ln 0 in 3 cells: clamped at -100, as torch does", "--no-clamp gives inf, --clip float64 scikit-learn's value"),
    ("bce --probs 1,0 --target 1,0", {}, None, "", None),
    ("ce x.csv", {"x.csv": SOFT + "1,2,.333333,.666666\n1,2,.5,.500001\n"}, None, "", None),
    ("ce --probs .333333,.666666 --target 0", {}, None, "", None),
    ("ce --probs .5,.5;7,8;.5,.5 --target 0,-100,1", {}, None, "", None),
    ("ce --log-probs=-0.6931471805599453,-0.6931471805599453;7,8;-inf,0 --target 0,-100,1", {}, None, "", None),
    ("ce x.csv", {"x.csv": SOFT + "1,2,.5,.505\n1,2,.5,.502\n"}, 22, "target probabilities sum to 1 only within 0.005; used as they are", None),
    ("ce --probs .5,.505 --target 0", {}, None, "predicted probabilities sum to 1 only within 0.005; used as they are", None),
    ("ce --logits=-inf,2 --target 0,1", {}, 18, "a -inf logit where the target is 0 costs nothing here; torch prints nan", None),
    ("ce --logits=-inf,2 --target 1 --label-smoothing .1", {}, 18, "-inf logits and label smoothing conflict: the loss of such a row is inf", None),
    ("ce --logits=-inf,2 --target 1 --label-smoothing .1 --weight 0,1", {}, 18, "a -inf logit where the target is 0 costs nothing here; torch prints nan", None),
    ("ce --logits 1,2 --target 1 --label-smoothing .1", {}, None, "", None),
    ("ce x.csv", {"x.csv": "logit_a,logit_b,prob_a,prob_b,target\n1,2,.5,.5,0\n"}, None, "read the logits columns; the probs columns were left alone", None),
]
# fmt: on


@pytest.mark.parametrize(("line", "files", "entry", "rule", "fix"), LINES)
def test_it_is_told_to_people_and_to_machines(
    line: str,
    files: dict[str, str | bytes],
    entry: int | None,
    rule: str,
    fix: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    written(files, tmp_path)

    def told(*more: str) -> tuple[int, str]:
        status = status_of([*line.split(), *more])
        return status, Ended(status, *capfd.readouterr()).said

    text = rule if fix is None else f"{rule}; {fix}"
    assert told() == (0, f"cecalc: hint: {text}\n" if rule else "")
    fact = {"kind": "note", "rule": rule, "hint": fix, "entry": entry}
    status, err = told("--errors", "json")
    facts = [{k: v for k, v in json.loads(line).items() if k != "try"} for line in err.splitlines()]
    assert (status, facts) == (0, [fact] if rule else [])
    assert told("--no-hints") == told("-q") == (0, "")
    if rule:
        status, err = told("--strict")
        (source, _, _) = err.removeprefix("cecalc: error: ").partition(":")
        hint = "" if fix is None else f"cecalc: hint: {fix}\n"
        assert (status, err) == (3, f"cecalc: error: {source}: {rule}\n{hint}")
        status, err = told("--strict", "--errors=json")
        assert (status, json.loads(err)["rule"], json.loads(err)["hint"]) == (3, rule, fix)


def test_strict_and_silent_exclude_each_other(capfd: pytest.CaptureFixture[str]) -> None:
    assert status_of(["ce", "--logits", "1,2", "--target", "0", "--strict", "--no-hints"]) == 2
    assert capfd.readouterr().err == "cecalc: error: --strict and --no-hints exclude each other\n"


@pytest.mark.parametrize("form", ["table", "json", "markdown", "csv", "tsv", "jsonl", "-q"])
def test_strict_ends_like_any_error(
    form: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.csv"
    path.write_text("id," + TABLE + "r1,.25,.75,b\nr1,.5,.5,a\n")
    line = ["ce", str(path), *([form] if form == "-q" else ["-f", form])]
    assert status_of([*line, "--no-hints"]) == 0
    whole = capfd.readouterr().out
    assert status_of([*line, "--strict"]) == 3
    out, err = capfd.readouterr()
    is_by_row = form in ("csv", "tsv", "jsonl")
    assert out == (whole if is_by_row else "")
    written = "; 2 rows written" if is_by_row else ""
    rule = LINES[2][3]
    assert err.splitlines() == [
        f"cecalc: error: {path}: {rule} (and 1 more hint){written}",
        f"cecalc: hint: {LINES[2][4]}",
    ]


@pytest.mark.parametrize("option", ["--strict", "--no-hints"])
@pytest.mark.parametrize("form", ["table", "json", "csv", "-q"])
def test_nothing_changes_where_nothing_is_wrong(
    option: str, form: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.csv"
    path.write_text(TABLE + "1,2,b\n3,1,a\n")
    line = ["ce", str(path), *([form] if form == "-q" else ["-f", form])]
    told = []
    for more in ([], [option]):
        assert status_of([*line, *more]) == 0
        told.append(capfd.readouterr())
    assert told[0] == told[1]
    assert told[0].err == ""


def test_an_error_is_told_alone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.csv"
    path.write_text(TWICE + "1,nan,a\n")
    assert status_of(["ce", str(path), "-f", "csv"]) == 3
    assert [line.split()[1] for line in capfd.readouterr().err.splitlines()] == ["error:", "hint:"]


@pytest.mark.parametrize("name", [*SAID, *UNSAID])
@pytest.mark.parametrize("values", [7, 1000])
def test_hints_do_not_depend_on_how_rows_are_cut(name: str, values: int, tmp_path: Path) -> None:
    given = SAID[name][0] if name in SAID else UNSAID[name]
    if len(given.values) > 1000:
        given = rows_of(given, np.arange(1000))
    asked = given.request(tmp_path)
    assert in_blocks(asked, values).hints == run(asked).hints


@pytest.mark.parametrize("name", SAID)
def test_they_change_no_number(name: str, tmp_path: Path) -> None:
    asked = SAID[name][0].request(tmp_path)
    told, silent = run(asked), run(replace(asked, hints=HintPolicy.SILENT))
    assert silent.hints == []
    for field in (f.name for f in fields(Report) if f.name != "header"):
        assert getattr(told.report, field) == getattr(silent.report, field)
    assert np.array_equal(told.rows("loss"), silent.rows("loss"), equal_nan=True)


@pytest.mark.parametrize("dtype", [Dtype.FLOAT32, Dtype.FLOAT16])
def test_what_rounds_is_looked_at_too(dtype: Dtype, tmp_path: Path) -> None:
    for given, entries in ((CE, []), (changed(CE, CE.values[:, ::-1]), [19]), (BCE, [])):
        asked = replace(given.request(tmp_path), arithmetic=rounding_to(dtype))
        assert [hint.entry for hint in run(asked).hints] == entries


def test_positions_of_other_sequences_are_not_neighbours(tmp_path: Path) -> None:
    tokens = CE.values.reshape(20, 10, 4).transpose(0, 2, 1)
    for target, entries in ((CE.target, []), (np.roll(CE.target, 1), [14])):
        given = Given(Task.CE, tokens, target.reshape(20, 10))
        assert [hint.entry for hint in given.run(tmp_path).hints] == entries


def test_a_vocabulary_is_looked_at_in_a_few_rows(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    target = random.integers(0, 5000, 40)
    logits = (random.normal(0, 1, (40, 5000)) + 12 * np.eye(5000)[target]).astype("f2")
    assert Given(Task.CE, logits, target).run(tmp_path).hints == []
    (hint,) = Given(Task.CE, logits, np.roll(target, 1)).run(tmp_path).hints
    assert hint.entry == 14
    assert "1 row before far better (in the first 32 rows)" in hint.seen


def test_groups_of_equal_ids_are_no_repeats() -> None:
    lines = [["x", "x", "y", "y", "z", "z", "z"], ["x"] * 7]
    for ids in lines:
        asked = request(Task.CE, [[1.0, 2.0]] * 7, [0] * 7)
        assert run(asked).hints == []
        text = "id," + TABLE + "".join(f"{name},1,2,a\n" for name in ids)
        assert ran_on(text, ".csv", Task.CE).hints == []


def test_probabilities_along_the_wrong_axis_are_refused_with_a_hint() -> None:
    for axis, hint in (
        (
            0,
            "each column sums to 1: a softmax over the rows, or rows that are columns: --transpose",
        ),
        (None, "all of them together sum to 1: a softmax over the whole array"),
    ):
        asked = request(Task.CE, softmax(CE.values, axis), CE.target, kind=Kind.PROBS)
        for size in (7, 10**6):
            with pytest.raises(CecalcError) as caught:
                in_blocks(asked, size)
            assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("logits", "dtype", "hint"),
    [
        (
            np.asarray([[np.inf, 0]], "f2"),
            None,
            "stored as float16, where it overflowed: store logits in float32",
        ),
        (np.asarray([[1e5, 0]]), "float16", "float16 ends at 65504: --dtype float32 or float64"),
        (np.asarray([[np.inf, 0]]), None, None),
    ],
)
def test_an_overflown_logit_is_refused_with_a_hint(
    logits: np.ndarray, dtype: str | None, hint: str | None, tmp_path: Path
) -> None:
    np.save(tmp_path / "x.npy", logits)
    asked = request(Task.CE, tmp_path / "x.npy", [0])
    if dtype is not None:
        asked = replace(asked, arithmetic=rounding_to(Dtype(dtype)))
    with pytest.raises(CecalcError) as caught:
        run(asked)
    assert caught.value.hint == hint
