"""Tables in other dialects, cells that name their classes, and what is said of other formats."""

from __future__ import annotations

import json
import math
import pickle
import re
import shlex
import shutil
import subprocess
import warnings

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from cecalc.input import table as tables
from tests.shell import InProcess

A, B = -math.log(0.75), -math.log(0.75 * 0.5) / 2
"""The loss of a row whose class has 0.75; the mean of that and of one that has 0.5."""
TOLD: dict[str, tuple[str, dict[str, str], str, float]] = {
    "semicolons": ("ce x.csv", {"x.csv": "y;prob_a;prob_b\na;.75;.25\n"}, "--delimiter ';'", A),
    "decimal commas": (
        "ce x.csv", {"x.csv": "y;prob_a;prob_b\na;0,75;0,25\nb;,5;5e-1\n"},
        "--delimiter ';' --decimal ,", B,
    ),
    "decimal commas behind whole numbers": (
        "ce x.csv", {"x.csv": "y;prob_a;prob_b\na;1;0\nb;0,5;0,5\n"},
        "--delimiter ';' --decimal ,", -math.log(0.5) / 2,
    ),
    "tabs and decimal commas": (
        "ce x.tsv", {"x.tsv": "y\tprob_a\tprob_b\na\t0,75\t0,25\n"}, "--decimal ,", A,
    ),
    "quoted decimal commas": (
        "ce x.csv", {"x.csv": 'y,prob_a,prob_b\na,"0,75","0,25"\n'}, "--decimal ,", A,
    ),
    "names that do not settle it": (
        "ce x.csv", {"x.csv": "y;p_a;p_b\na;0,75;0,25\n"},
        "--delimiter ';' --decimal , --probs-cols 'p_*'", A,
    ),
    "bars": ("ce x.csv", {"x.csv": "y|prob_a|prob_b\na|.75|.25\n"}, "--delimiter '|'", A),
    "commas in a .tsv": ("ce x.tsv", {"x.tsv": "y,prob_a,prob_b\na,.75,.25\n"}, "--delimiter ,", A),
    "blanks": ("ce x.txt", {"x.txt": "y  prob_a prob_b\n a  .75   .25\n"}, "--delimiter space", A),
    "a printed data frame": (
        "ce x.txt", {"x.txt": "   y  prob_a  prob_b\n0  a    0.75    0.25\n1  b  0.50 0.50\n"},
        "--delimiter space", B,
    ),
    "R's names of rows": (
        "ce x.txt", {"x.txt": '"y" "prob_a" "prob_b"\n"row 1" "a" .75 .25\n'},
        "--delimiter space", A,
    ),
    "blanks without a header": (
        "ce --probs x.txt --target 0", {"x.txt": "0.75 0.25\n"}, "--delimiter space", A,
    ),
    "semicolons without a header": (
        "ce --probs x.csv --target 0 --no-header", {"x.csv": "0,75;0,25\n"},
        "--delimiter ';' --decimal ,", A,
    ),
    "scores by label": (
        "ce x.jsonl", {"x.jsonl": '{"label": "b", "prediction": {"b": 0.75, "a": 0.25}}\n'},
        "--probs-cols prediction", A,
    ),
    "a saved data frame": (
        "ce x.csv", {"x.csv": ",0,1,label\n7,.75,.25,0\n8,.5,.5,1\n"}, "--probs-cols=0,1", B,
    ),
    "lists": ("ce x.jsonl", {"x.jsonl": '{"label": 0, "scores": [0.75, 0.25]}\n'},
        "--probs-cols scores", A,
    ),
}  # fmt: skip


FRAME: dict[str, list[object]] = {"prob_a": [0.75], "prob_b": [0.25], "y": ["a"]}
BY_ROW: dict[str, dict[str, object]] = {"0": {key: cells[0] for key, cells in FRAME.items()}}
AS_FRAMES: dict[str, object] = {
    "columns": {key: dict(enumerate(cells)) for key, cells in FRAME.items()},
    "index": BY_ROW,
    "split": {"columns": [*FRAME], "index": [0], "data": [[c[0] for c in FRAME.values()]]},
    "table": {
        "schema": {"fields": [], "primaryKey": ["index"]},
        "data": [{"index": 0, **BY_ROW["0"]}],
    },
}


@pytest.mark.parametrize("orient", AS_FRAMES)
def test_a_frame_as_pandas_writes_json_is_told_how_to_be_rows(
    orient: str, cecalc: InProcess
) -> None:
    ended = cecalc("ce x.json", {"x.json": json.dumps(AS_FRAMES[orient])})
    assert ended.status == 3
    assert f"pandas.read_json('x.json', orient='{orient}').to_json('new.jsonl'" in ended.err


def test_rows_inside_an_object_are_told_how_to_come_out(cecalc: InProcess) -> None:
    rows = [{"probs": [0.75, 0.25], "label": 0}, {"probs": [0.5, 0.5], "label": 1}]
    ended = cecalc("ce x.json", {"x.json": json.dumps({"model": "m", "predictions": rows})})
    told = re.search("jq .*", ended.err)
    assert told is not None
    if shutil.which("jq"):
        subprocess.run(["bash", "-c", told[0]], cwd=cecalc.folder, check=True)
        assert math.isclose(float(cecalc("ce new.jsonl -q").out), B)


def test_a_pipeline_that_sorts_its_classes_is_told_how_to_name_them(cecalc: InProcess) -> None:
    rows = [
        {"sequence": "x", "labels": ["b", "a"], "scores": [0.75, 0.25], "target": "b"},
        {"sequence": "y", "labels": ["a", "b"], "scores": [0.5, 0.5], "target": "b"},
    ]
    ended = cecalc("ce x.json", {"x.json": json.dumps(rows)})
    told = re.search("jq .*", ended.err)
    assert told is not None
    if shutil.which("jq"):
        subprocess.run(["bash", "-c", told[0]], cwd=cecalc.folder, check=True)
        assert math.isclose(float(cecalc("ce new.jsonl --probs-cols scores -q").out), B)


BEFORE_THE_HEADER = {
    "for Excel": "sep=,\ny,prob_a,prob_b\na,.75,.25\n",
    "comments": "# made, by hand\n#\ny,prob_a,prob_b\na,.75,.25\n",
    "in a comment": "# by hand\n# y,prob_a,prob_b\na,.75,.25\n",
}


@pytest.mark.parametrize("text", BEFORE_THE_HEADER.values(), ids=BEFORE_THE_HEADER)
def test_what_stands_before_the_header_is_told_with_what_takes_it_away(
    text: str, cecalc: InProcess
) -> None:
    ended = cecalc("ce x.csv", {"x.csv": text})
    command = re.search("(sed|awk) .*", ended.err)
    assert (ended.status, command is not None) == (3, True)
    assert command is not None
    subprocess.run(["bash", "-c", command[0]], cwd=cecalc.folder, check=True)
    assert math.isclose(float(cecalc("ce new.csv -q").out), A)


@pytest.mark.parametrize("order", [("p.npy", "t.npy"), ("t.npy", "p.npy")])
def test_two_arrays_are_values_and_their_target(order: tuple[str, str], cecalc: InProcess) -> None:
    np.save(cecalc.folder / "p.npy", [[0.75, 0.25], [0.5, 0.5]])
    np.save(cecalc.folder / "t.npy", [0, 1])
    ended = cecalc(["ce", *order])
    assert ended.tries == ["ce --probs p.npy --target t.npy", "ce --logits p.npy --target t.npy"]


@pytest.mark.parametrize("line", ["ce", "bce"])
def test_case_alone_does_not_tell_classes_apart(line: str, cecalc: InProcess) -> None:
    text = "label,prob_no,prob_yes\nYes,.25,.75\nNo,.5,.5\n"
    text = text if line == "ce" else "label,prob_yes\nYes,.75\nNo,.5\n"
    ended = cecalc(f"{line} x.csv -q", {"x.csv": text})
    assert (ended.status, ended.err) == (0, "")
    assert math.isclose(float(ended.out), B)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("bce", '{"prob": 0.75, "label": true}\n{"prob": 0.5, "label": false}\n'),
        ("bce", '[{"prob": 0.75, "label": true}, {"prob": 0.5, "label": false}]'),
        ("bce", '{"prob": [0.75, 0.5], "label": [true, false]}'),
        ("bce", '{"prob": [0.75, 0.5], "label": [true, false]}\n' * 2),
        ("ce", '{"prob_no": 0.5, "prob_true": 0.5, "label": true}\n' * 2),
        ("ce", '{"probs": [[0.75, 0.25]], "classes": ["true", "false"], "label": [true]}'),
    ],
)
def test_true_and_false_of_json_are_1_and_0(line: str, text: str, cecalc: InProcess) -> None:
    ended = cecalc(f"{line} x.json -q", {"x.json": text})
    loss = B if line == "bce" else A if "classes" in text else math.log(2)
    assert (ended.status, ended.err) == (0, "")
    assert math.isclose(float(ended.out), loss)


@pytest.mark.parametrize(("line", "files", "way", "loss"), TOLD.values(), ids=TOLD)
def test_a_table_in_another_dialect_is_told(
    line: str, files: dict[str, str], way: str, loss: float, cecalc: InProcess
) -> None:
    ended = cecalc(line, files)
    assert (ended.status, ended.out) == (3, "")
    assert way in ended.tries[0]
    again = cecalc([*shlex.split(ended.tries[0]), "-q"])
    assert float(again.out) == pytest.approx(loss, abs=1e-12)


@pytest.mark.parametrize("quick", [1, 10**9])
@pytest.mark.parametrize("quote", ["", '"'])
def test_decimal_commas_are_read_alike_however_they_come(
    quick: int, quote: str, cecalc: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MIN_ARROW_BYTES", quick)
    rows = [(1.5, -0.25, 1), (1e-3, 12.0, 0), (float("-inf"), 0.5, 1)]
    wrote = [";".join(f"{quote}{str(x).replace('.', ',')}{quote}" for x in row) for row in rows]
    cecalc.folder.joinpath("x.csv").write_text("logit_a;logit_b;target\n" + "\n".join(wrote))
    plain = "logit_a,logit_b,target\n" + "\n".join(",".join(map(str, row)) for row in rows)
    cecalc.folder.joinpath("y.csv").write_text(plain)
    read = [cecalc(f"ce {x} -q --reduction none") for x in ("x.csv --decimal ,", "y.csv")]
    assert read[0].out == read[1].out and not read[0].status


def test_a_point_is_no_decimal_sign_beside_decimal_commas(cecalc: InProcess) -> None:
    for quick in ("", "1,5;0;0\n" * 10_000):
        ended = cecalc("ce x.csv --decimal ,", {"x.csv": f"logit_a;logit_b;y\n{quick}1.234;0;0\n"})
        assert ended.status == 3
        assert "cannot read '1.234' as a number" in ended.err


def test_classes_by_number_beside_an_index(cecalc: InProcess) -> None:
    files = {"x.csv": ",1,0,label\n7,0.25,0.75,0\n8,0.5,0.5,1\n"}
    ended = cecalc("ce x.csv --probs-cols 0,1 -q", files)
    assert float(ended.out) == pytest.approx(B)


SCORED = "ce x.jsonl --probs-cols prediction --target-col label -q"


@pytest.mark.parametrize("more", ["", " --classes pos,neg"])
def test_scores_by_label_are_of_the_classes_they_name(more: str, cecalc: InProcess) -> None:
    def pairs(**scores: float) -> list[dict[str, object]]:
        return [{"label": name, "score": scores[name]} for name in scores]

    rows = [
        {"label": "pos", "prediction": pairs(pos=0.75, neg=0.25)},
        {"label": "neg", "prediction": [pairs(neg=0.5, pos=0.5)]},
    ]
    ended = cecalc(SCORED + more, {"x.jsonl": "\n".join(map(json.dumps, rows))})
    assert float(ended.out) == pytest.approx(B)
    rows.append({"label": "neg", "prediction": pairs(pos=0.5)})
    ended = cecalc(SCORED, {"x.jsonl": "\n".join(map(json.dumps, rows))})
    assert "x.jsonl:3: column 'prediction' (2): no score for class 'neg'" in ended.err


def test_names_of_classes_are_not_met_by_numbers(cecalc: InProcess) -> None:
    """What names its classes is never met by their numbers unless their order is said."""
    scored = {"pos": 0.75, "neg": 0.25}
    for label, more in ((0, ""), ([1, 0], ""), ("pos", " --weight 1,2"), (0, " --target 0,0")):
        row = json.dumps({"label": label, "prediction": scored})
        asked = SCORED.replace(" --target-col label", "" if "--target" in more else "$&") + more
        asked = asked.replace("$&", " --target-col label")
        ended = cecalc(asked, {"x.jsonl": f"{row}\n{row}"})
        assert "'prediction' has the names of its classes, not their numbers" in ended.err
        assert [line.rpartition(" ")[2] for line in ended.tries] == ["neg,pos", "pos,neg"]
        assert float(cecalc(f"{asked} --classes pos,neg").out) == pytest.approx(A)


def test_a_number_among_names_of_classes_is_told(cecalc: InProcess) -> None:
    rows = [{"label": label, "prediction": {"pos": 0.75, "neg": 0.25}} for label in ("pos", 0)]
    ended = cecalc(SCORED, {"x.jsonl": "\n".join(map(json.dumps, rows))})
    assert "x.jsonl:2: column 'label' (1): the number of a class" in ended.err


@pytest.mark.parametrize(("rule", "prediction"), {
    "x.jsonl:1: class 'a' is scored twice": [{"label": "a", "score": 0.75}] * 2,
    "x.jsonl:1: 'prediction' scores one class alone": [{"label": "a", "score": 0.75}],
}.items())  # fmt: skip
def test_a_class_has_one_score(rule: str, prediction: object, cecalc: InProcess) -> None:
    row = json.dumps({"label": "a", "prediction": prediction})
    assert rule in cecalc(SCORED, {"x.jsonl": f"{row}\n{row}"}).err


def test_targets_by_label_match_scores_by_label(cecalc: InProcess) -> None:
    rows = [{"truth": {"a": 1, "b": 0}, "scores": {"b": 0.25, "a": 0.75}},
            {"truth": {"b": 1, "a": 0}, "scores": {"a": 0.5, "b": 0.5}}]  # fmt: skip
    files = {"x.jsonl": "\n".join(map(json.dumps, rows))}
    ended = cecalc("bce x.jsonl --probs-cols scores --target-col truth -q", files)
    assert float(ended.out) == pytest.approx(B)


def test_numbered_labels_are_in_the_order_of_their_numbers(cecalc: InProcess) -> None:
    scores = {f"LABEL_{i}": 0.75 if i == 10 else 0.025 for i in range(10, -1, -1)}
    row = json.dumps({"label": 10, "prediction": scores})
    assert float(cecalc(SCORED, {"x.jsonl": row + "\n" + row}).out) == pytest.approx(A)


@pytest.mark.parametrize("as_text", [True, False])
@pytest.mark.parametrize("key", ["resps", "filtered_resps"])
def test_samples_of_lm_evaluation_harness(as_text: bool, key: str, cecalc: InProcess) -> None:
    def row(number: int, *logs: float, **more: object) -> str:
        said = [[str(x), "False"] if as_text else [x, False] for x in logs]
        responses = [[each] for each in said] if key == "resps" else said
        target = str(number) if as_text else number
        return json.dumps({"doc_id": 0, "target": target, key: responses, **more})

    files, logs = dict[str, str](), [-A, math.log(0.25)]
    for lines in ([row(0, *logs)], [row(0, *logs, -9.0, -9.0, acc_mutual_info=1)]):
        files["x.jsonl"] = "\n".join(lines * 2)
        ended = cecalc("ce x.jsonl", files)
        assert "log-likelihoods of the choices" in ended.err
        assert float(cecalc("ce x.jsonl -q").out) == pytest.approx(A)
    ended = cecalc("ce x.jsonl", {"x.jsonl": "\n".join([row(0, -1.0)] * 2)})
    assert "one response" in ended.err
    ended = cecalc("ce x.jsonl", {"x.jsonl": row(0, *logs) + "\n" + row(0, *logs, -9.0)})
    assert f"x.jsonl:2: column '{key}' (3): 3 choices, where the first row has 2" in ended.err
    assert f"select(.{key} | length == 3)" in ended.err


def test_generated_text_is_no_likelihood(cecalc: InProcess) -> None:
    row = json.dumps({"doc_id": 0, "target": "0", "filtered_resps": ["42", "17"]})
    assert "generated text" in cecalc("ce x.jsonl", {"x.jsonl": f"{row}\n{row}\n"}).err


LONG = "id,class,prob,truth\n1,a,.75,a\n1,b,.25,a\n2,a,.5,b\n2,b,.5,b\n"
SAID: dict[str, tuple[str, str | bytes, str, str]] = {
    "ARFF": ("x.arff", "% of ours\n@RELATION r\n@ATTRIBUTE a NUMERIC\n@DATA\n1\n",
        "is ARFF, which is not read", "awk "),
    "Weka": ("x.csv", "inst#,actual,predicted,error,distribution,\n1,2:b,2:b,,.25,*.75\n",
        "is Weka's, not read as it is", "sed "),
    "completions": ("x.json", '{"choices": [{"logprobs": {"token_logprobs": [-1.5]}}]}',
        "log-probabilities of tokens, not of classes: no file for ce", "minus its log-prob"),
    "prompts": ("x.jsonl", '{"prompt_logprobs": [null]}\n{"prompt_logprobs": [null]}\n',
        "log-probabilities of tokens, not of classes: no file for ce", "minus its log-prob"),
    "llama.cpp": ("x.log", "perplexity: calculating perplexity over 2 chunks\n[1]9.5,[2]7.5,\n",
        "its loss is ln PPL = ln 7.5 = 2.014903", ""),
    "llama.cpp, done": ("x.log", "perplexity: tokenizing\n[1]9.5,\nFinal estimate: PPL = 4 +/- 1\n",
        "its loss is ln PPL = ln 4 = 1.386294", ""),
    "a pickle": ("x.pkl", pickle.dumps({"logits": [1, 2]}), "is a pickle", "numpy.savez"),
    "an old pickle": ("x.pkl", pickle.dumps([1], protocol=0), "is a pickle", "numpy.savez"),
    "HDF5": ("x.h5", b"\x89HDF\r\n\x1a\n\0\0\0\0\0\0\0\0", "is HDF5", "numpy.savez"),
    "SQLite": ("x.db", b"SQLite format 3\0\x10\0", "is a database of SQLite", "sqlite3"),
    "Excel": ("x.xlsx", b"PK\x03\x04\x14\0\0\0[Content_Types].xml", "workbook of Excel", "as CSV"),
    "a pointer": ("x.csv", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        "is a pointer of Git LFS", "git lfs pull"),
    "a web page": ("x.csv", "<!DOCTYPE html>\n<html></html>\n", "is a web page", "raw"),
    "a long table": ("x.csv", LONG, "one row per class of each 'id'",
        "pivot(index=['id', 'truth'], columns='class', values='prob')"),
    "a long table of other names": ("x.csv", LONG.replace("prob", "score").replace("id", "text"),
        "one row per class of each 'text'", "pivot(index=['text', 'truth']"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "content", "rule", "hint"), SAID.values(), ids=SAID)
def test_what_is_not_read_is_said_with_the_way_on(
    name: str, content: str | bytes, rule: str, hint: str, cecalc: InProcess
) -> None:
    ended = cecalc(f"ce {name}", {name: content})
    error, *hints = ended.err.splitlines()
    assert ended.status == 3
    assert error.startswith(f"cecalc: error: {name}: ") and rule in error
    assert hint in "".join(hints)
    assert len(hints) == bool(hint)


def test_records_by_their_ids_are_told(cecalc: InProcess) -> None:
    records = {name: {"probs": [0.75, 0.25], "label": 0} for name in ("img1", "img2")}
    ended = cecalc("ce x.json", {"x.json": json.dumps(records)})
    error, hint = ended.err.splitlines()
    assert error == "cecalc: error: x.json: holds records by their ids, not rows"
    assert hint == "cecalc: hint: jq -c 'to_entries[] | {id: .key} + .value' x.json > new.jsonl"


ARRAYS = np.empty(2, object)
ARRAYS[:] = [np.asarray([0.5, 1.5]), np.asarray([2.0, 1], np.float32)]
OBJECTS = {
    "arrays": (ARRAYS, "ce --logits {} --target 1,0"),
    "rows": (np.asarray([{"logits": [0.5, 1.5], "y": 1}, {"logits": [2.0, 1], "y": 0}]), "ce {}"),
    "one": (np.asarray({"logits": [[0.5, 1.5], [2.0, 1]], "y": [1, 0]}), "ce {}"),
    "names": (np.asarray(["b", "a"], object), "ce --logits .5,1.5;2,1 --classes a,b --target {}"),
}


@pytest.mark.parametrize(
    ("name", "case"), [*(("x.npy", case) for case in OBJECTS), ("x.npz", "arrays")]
)
def test_objects_are_converted_by_the_line_that_is_printed(
    name: str, case: str, cecalc: InProcess
) -> None:
    array, line = OBJECTS[case]
    member = f"{name}:m" if name == "x.npz" else name
    if name == "x.npz":
        np.savez(name, m=array)
    else:
        np.save(name, array)
    ended = cecalc(line.format(member))
    assert (ended.status, ended.out) == (3, "") and "Python objects; not loaded" in ended.err
    printed = ended.err.splitlines()[1].removeprefix("cecalc: hint: where you trust it: ")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        exec(printed, {"numpy": np, "json": json})  # noqa: S102  # it is what a person would do
    ended = cecalc(f"{line.format('new.json')} -q")
    assert float(ended.out) == pytest.approx(math.log1p(math.exp(-1)))


@pytest.mark.parametrize("name", ["prob", "p", "score"])
def test_a_wide_table_is_no_long_one(name: str, cecalc: InProcess) -> None:
    rows = "0,a,.75,.25\n0,b,.25,.75\n1,a,.75,.25\n"
    ended = cecalc("ce x.csv -q", {"x.csv": f"fold,label,{name}_a,{name}_b\n{rows}"})
    ended = cecalc(shlex.split(ended.tries[0])) if name != "prob" else ended
    assert float(ended.out) == pytest.approx(A)


@pytest.mark.parametrize("task", ["ce", "bce"])
@pytest.mark.parametrize("header", ["y,prob_a,prob_b", "y,probs"])
def test_a_list_in_a_cell_is_the_target_of_its_row(
    task: str, header: str, cecalc: InProcess
) -> None:
    rows = ['"[1, 0]",.75,.25', '"[0 1]",.5,.5']
    if header == "y,probs":
        rows = ['"[1, 0]","[.75, .25]"', '"[0, 1]",[.5 .5]']
    ended = cecalc(f"{task} x.csv -q", {"x.csv": "\n".join([header, *rows])})
    assert float(ended.out) == pytest.approx(B)


def test_a_list_as_numpy_prints_it_is_of_the_classes_that_are_said(cecalc: InProcess) -> None:
    files = {"x.csv": "text,logit,label\nt,[0.25 0.75],pos\nu,[5.0e-01  5.e-01],neg\n"}
    ended = cecalc("ce x.csv --probs-cols logit --classes neg,pos -q", files)
    assert float(ended.out) == pytest.approx(B)


@pytest.mark.parametrize(("line", "rule"), {
    "ce x.csv": "both commas and blanks between numbers",
    "ce x.csv --delimiter ;": "both commas and blanks between numbers",
    "ce x.csv --delimiter ; --decimal ,": "a list in a cell has decimal points",
}.items())  # fmt: skip
def test_a_list_with_decimal_commas_is_not_taken_for_one_twice_as_long(
    line: str, rule: str, cecalc: InProcess
) -> None:
    sign = ";" if ";" in line else ","
    ended = cecalc(line, {"x.csv": f'y{sign}logits\n1{sign}"[0,2 0,8]"\n'})
    assert (ended.status, rule in ended.err) == (3, True)


def test_whole_numbers_are_not_read_with_a_decimal_comma(cecalc: InProcess) -> None:
    ended = cecalc("bce x.csv", {"x.csv": "y,score\n1,3\n0,-2\n"})
    assert ended.tries == ["bce x.csv --logits-cols score"]


@pytest.mark.parametrize(("task", "name", "content", "then", "loss"), [
    ("ce", "x.csv", "y,prob_a,prob_b\na,75%,25 %\nb,50.0%,50%\n", "", B),
    ("bce", "x.csv", "y;prob\n1;75,0%\n0;50%\n", " --delimiter ; --decimal ,", B),
    ("ce", "x.arff", ("% ours\n@RELATION r\n@ATTRIBUTE prob_a NUMERIC\n@attribute prob_b real\n"
        "@attribute y {a,b}\n@DATA\n.75,.25,a\n.5,.5,b\n"), "", B),
    ("ce", "x.csv", ("inst#,actual,predicted,error,distribution,\n1,1:a,1:a,,*.75,.25\n"
        "2,2:b,1:a,+,*.5,.5\n"), "", B),
])  # fmt: skip
def test_what_a_hint_has_the_shell_do_makes_a_file_that_is_read(
    task: str, name: str, content: str, then: str, loss: float, cecalc: InProcess
) -> None:
    ended = cecalc(f"{task} {name}{then}", {name: content})
    line = re.search("(sed|awk) .*", ended.err)
    assert line is not None
    command = line[0].replace("FILE", name)
    subprocess.run(["bash", "-c", command], check=True, cwd=cecalc.folder)
    assert float(cecalc(f"{task} new.csv -q{then}").out) == pytest.approx(loss)


def test_a_comma_that_may_part_thousands_is_not_taken_for_a_decimal_sign(cecalc: InProcess) -> None:
    ended = cecalc("ce x.csv", {"x.csv": 'y,logit_a,logit_b\n1,"1,234","2,345"\n'})
    assert (ended.status, ended.tries) == (3, [])
    ended = cecalc("ce x.csv --decimal ,", {"x.csv": "y;logit_a;logit_b\n1;1.234,5;2\n"})
    assert "cannot read '1.234,5'" in ended.err


def test_a_field_too_many_is_no_index(cecalc: InProcess) -> None:
    ended = cecalc("ce x.txt --delimiter space", {"x.txt": "logit_a logit_b y n\n1.5 2 0 1 0\n"})
    assert "expected 4 fields, found 5" in ended.err


TEXTS = [pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(),
         pa.binary_view(), pa.binary(1), pa.dictionary(pa.uint32(), pa.large_string()),
         pa.dictionary(pa.int8(), pa.string())]  # fmt: skip
NUMBERS = [pa.float16(), pa.float32(), pa.decimal32(4, 2), pa.decimal64(9, 2), pa.decimal128(38, 2),
           pa.decimal256(40, 2), pa.dictionary(pa.int32(), pa.float64())]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS, ids=str)
@pytest.mark.parametrize("number", NUMBERS, ids=str)
def test_every_type_of_arrow(text: pa.DataType, number: pa.DataType, cecalc: InProcess) -> None:
    table = pa.table({"label": pa.array(["a", "b"]), "prob_a": [0.75, 0.5], "prob_b": [0.25, 0.5]})
    types = {"label": text, "prob_a": number, "prob_b": pa.float64()}
    columns = {name: _as(table[name].combine_chunks(), kind) for name, kind in types.items()}
    parquet.write_table(pa.table(columns), cecalc.folder / "x.parquet")
    with pa.ipc.new_file(cecalc.folder / "x.arrow", pa.table(columns).schema) as sink:
        sink.write_table(pa.table(columns))
    for file in ("x.parquet", "x.arrow"):
        assert float(cecalc(f"ce {file} -q").out) == pytest.approx(B)
        ended = cecalc(f"bce {file} -q --probs-cols prob_b")  # b is 1
        assert float(ended.out) == pytest.approx(B)


def _as(array: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(kind):
        encoded = array.cast(kind.value_type).dictionary_encode()
        return pa.DictionaryArray.from_arrays(
            encoded.indices.cast(kind.index_type), encoded.dictionary
        )
    if pa.types.is_fixed_size_binary(kind):
        return pa.array([text.encode() for text in array.to_pylist()], kind)
    return array.cast(kind)
