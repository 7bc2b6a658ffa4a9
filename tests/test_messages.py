"""Every bad input gets one clear message with its place, the right status, nothing on stdout."""

from __future__ import annotations

from pathlib import Path

import pytest

from cecalc.cli import status_of
from cecalc.errors import MESSAGE_BYTES, Status

# the command line, the files it finds, the status, the error, the hint
CASES: list[tuple[str, dict[str, str | bytes], int, str, str | None]] = [
    ("ce missing.csv", {}, 4, "missing.csv: No such file or directory", None),
    ("ce --logits missing.csv --target 0", {}, 4, "missing.csv: No such file or directory", None),
    ("ce d", {"d/x": ""}, 4, "d: is a directory", None),
    ("ce x.csv", {"x.csv": ""}, 3, "x.csv: file is empty", None),
    ("ce x.json", {"x.json": " \n"}, 3, "x.json: file is empty", None),
    ("ce x.csv", {"x.csv": "logit_a,logit_b,target\n"}, 3, "x.csv: no data rows", None),
    ("ce x.json", {"x.json": "[]"}, 3, "x.json: no data rows", None),
    ("ce x.json", {"x.json": '{"logits": [], "target": []}'}, 3, "x.json: no data rows", None),
    ("ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,2,0\n1,2\n"}, 3, "x.csv:3: expected 3 fields, found 2", None),
    ("ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,2,0\n1,2,0,9\n"}, 3, "x.csv:3: expected 3 fields, found 4", None),
    ("ce x.csv", {"x.csv": "id,logit_a,logit_b,target,\nr,1,2,0,\nr,1,2,0,x\n"}, 3, "x.csv:3: expected 4 fields, found 5", None),
    ("ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,x3,0\n"}, 3, "x.csv:2: column 'logit_b' (2): cannot read 'x3' as a number", None),
    ("ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,,0\n"}, 3, "x.csv:2: column 'logit_b' (2): empty", None),
    ("ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,NA,0\n"}, 3, "x.csv:2: column 'logit_b' (2): cannot read 'NA' as a number", None),
    ("ce x.csv --delimiter ;", {"x.csv": "logit_a;logit_b;target\n1,5;2;0\n"}, 3, "x.csv:2: column 'logit_a' (1): cannot read '1,5' as a number", None),
    ("ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,1_0,0\n"}, 3, "x.csv:2: column 'logit_b' (2): cannot read '1_0' as a number", None),
    ("ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,1e400,0\n"}, 3, "x.csv:2: column 'logit_b' (2): '1e400' is outside float64", None),
    ("ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,nan,0\n1,2,1\nnan,2,1\n"}, 3, "x.csv:2: column 'logit_b' (2): logit is nan (2 such rows: 2, 4)", "--nan propagate lets it through"),
    ("ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,inf,0\n"}, 3, "x.csv:2: column 'logit_b' (2): logit is inf", None),
    ("ce x.csv", {"x.csv": "logit_a,logit_b,target\n-inf,-inf,0\n"}, 3, "x.csv:2: all logits are -inf", None),
    ("ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,2,3\n"}, 3, "x.csv:2: column 'target' (3): target 3 outside 0..1", None),
    ("ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,2,1\n3,4,2\n5,6,2\n"}, 3, "x.csv:3: column 'target' (3): target 2 outside 0..1 (2 such rows: 3, 4)", "targets run from 1 to 2: looks 1-based, subtract 1"),
    ("ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,2,-1\n3,4,1\n"}, 3, "x.csv:2: column 'target' (3): target -1 outside 0..1", "negative targets: leave rows out with --ignore-index -1"),
    ("ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,2,0\n3,4,255\n"}, 3, "x.csv:3: column 'target' (3): target 255 outside 0..1", "targets are 0 and 255: looks like a mask of grey levels"),
    ("ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,2,0.7\n"}, 3, "x.csv:2: column 'target' (3): target 0.7 is not a class index", None),
    ("ce x.csv", {"x.csv": "logit_cat,logit_dog,target\n1,2,dgo\n"}, 3, "x.csv:2: column 'target' (3): no class is named 'dgo'; did you mean 'dog'? (classes: cat, dog)", None),
    ("ce x.csv", {"x.csv": "logit_5,logit_7,target\n1,2,5\n"}, 3, "x.csv:2: column 'target' (3): target '5' could be the name of a class or its number; say which with --target-as name|index", None),
    ("ce x.csv", {"x.csv": "a,b,c\n1,2,3\n"}, 3, "x.csv:1: no column is named logit_*, prob_* or log_prob_*", "say which with --logits-cols, --probs-cols or --log-probs-cols; columns: a, b, c"),
    ("ce x.csv", {"x.csv": "a;b;c\n1;2;3\n"}, 3, "x.csv:1: no column is named logit_*, prob_* or log_prob_*", "one column; found 2 ';': try --delimiter ';'"),
    ("ce x.csv", {"x.csv": "1,2.5,0\n3,4,1\n"}, 3, "x.csv:1: the first line is all numbers, where the names of the columns are expected", "if it is data, say --no-header (and which columns are what)"),
    ("ce x.csv", {"x.csv": "logit_a,logit_a,target\n1,2,0\n"}, 3, "x.csv:1: column 'logit_a' appears twice (1 and 2)", None),
    ("ce x.csv", {"x.csv": "logit_a,logit_b\n1,2\n"}, 3, "x.csv: no target", "give one with --target"),
    ("ce x.csv", {"x.csv": "logit_a,logit_b,target,label\n1,2,0,1\n"}, 3, "x.csv:1: more than one column could be meant: 'target', 'label'", "name it: --target-col"),
    ("ce x.csv --target-col taget", {"x.csv": "logit_a,logit_b,target\n1,2,0\n"}, 3, "x.csv:1: no column 'taget'; did you mean 'target'?", "columns: logit_a, logit_b, target"),
    ("ce x.csv", {"x.csv": "logit_a,logit_b,target_a,target_c\n1,2,0,1\n"}, 3, "x.csv:1: target columns do not match the classes: no target for class 'b'", "columns: logit_a, logit_b, target_a, target_c"),
    ("ce x.csv", {"x.csv": 'logit_a,logit_b,target\n1,"2,0\n1,2,0\n'}, 3, "x.csv:2: quoted field is never closed", None),
    ("ce x.csv", {"x.csv": 'logit_a,logit_b,target\n1,"2"x,0\n'}, 3, "x.csv:2: text after closing quote", None),
    ("ce x.csv", {"x.csv": 'id,logit_a,logit_b,target\na"b,1,2,0\n'}, 3, "x.csv:2: quote inside an unquoted field", None),
    ("ce x.csv", {"x.csv": "logit_a,logit_b,target\n\n1,2,0\n"}, 3, "x.csv:2: empty line", None),
    ("ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,2\x00,0\n"}, 3, "x.csv:2: NUL byte", None),
    ("ce x.csv", {"x.csv": b"logit_a,logit_b,target\n1,2,\xe9\n"}, 3, "x.csv:2: not valid UTF-8 (byte 0xe9)", "name the encoding, for example --encoding latin-1"),
    ("ce x.csv", {"x.csv": b"\xff\xfel\x00o\x00"}, 3, "x.csv: UTF-16 text where UTF-8 is expected", "convert it, or use --encoding utf-16"),
    ("ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,2,-100\n3,4,-100\n"}, 3, "x.csv: the mean is undefined: all 2 rows are ignored", None),
    ("ce x.csv --weight 0,1", {"x.csv": "logit_a,logit_b,target\n1,2,0\n3,4,0\n"}, 3, "x.csv: the mean is undefined: the sum of class weights is 0 (2 of 2 rows used)", None),
    ("ce x.csv", {"x.csv": "prob_a,prob_b,target\n0.5,0.5,a\n2,-1,a\n"}, 3, "x.csv:3: column 'prob_a' (1): probability 2 outside 0..1", "these look like logits: say so with --logits or --logits-cols"),
    ("ce x.csv", {"x.csv": "prob_a,prob_b,target\n0.5,0.4,a\n"}, 3, "x.csv:2: predicted probabilities sum to 0.9, not 1", None),
    ("ce x.csv", {"x.csv": "log_prob_a,log_prob_b,target\n0.5,0.5,a\n"}, 3, "x.csv:2: column 'log_prob_a' (1): log-probability above 0: 0.5", "these look like probabilities: say so with --probs or --probs-cols"),
    ("ce x.csv", {"x.csv": "logit_a,logit_b,target_a,target_b\n1,2,1,1\n"}, 3, "x.csv:2: target probabilities sum to 2, not 1", "several classes at once (multi-hot) belong to bce"),
    ("ce x.csv", {"x.csv": "logit_a,logit_b,target_a,target_b\n1,2,1.5,-0.5\n"}, 3, "x.csv:2: column 'target_a' (3): target 1.5 outside 0..1", None),
    ("ce x.csv", {"x.csv": "logit,target\n1,0\n"}, 3, "x.csv: one class: cross-entropy over it is 0 whatever the value", "one score per row against 0/1 targets is bce"),
    ("bce x.csv", {"x.csv": "logit,target\n1,0\n2,2\n"}, 3, "x.csv:3: column 'target' (2): target 2 outside 0..1", None),
    ("bce x.csv", {"x.csv": "logit,target\n1,-1\n2,1\n"}, 3, "x.csv:2: column 'target' (2): target -1 outside 0..1", "targets are -1 and 1: map them with (t + 1) / 2"),
    ("bce x.csv", {"x.csv": "logit,target\n1,0\n2,255\n"}, 3, "x.csv:3: column 'target' (2): target 255 outside 0..1", "targets up to 255: looks like grey levels, divide by 255"),
    ("bce x.csv", {"x.csv": "logit,target\n1,1\n2,2\n"}, 3, "x.csv:3: column 'target' (2): target 2 outside 0..1", "targets are 1 and 2: subtract 1"),
    ("bce x.csv", {"x.csv": "prob,target\n1,1\n1.2,1\n"}, 3, "x.csv:3: column 'prob' (1): probability 1.2 outside 0..1", "these look like logits: say so with --logits or --logits-cols"),
    ("bce x.csv", {"x.csv": "logit_a,logit_b,target\n1,2,0\n"}, 3, "x.csv: values of shape (1, 2) and a target of shape (1,)", "bce needs a target for each value; a class index for each row belongs to ce"),
    ("bce x.csv", {"x.csv": "log_prob_a,log_prob_b,target_a,target_b\n-1,-2,0,1\n"}, 3, "x.csv: bce takes logits or probabilities, not log-probabilities", None),
    ("ce x.json", {"x.json": '{"logits": [[1,2],[3]], "target": [0,1]}'}, 3, "x.json: logits[1] has 1 value, logits[0] has 2 values", None),
    ("ce x.json", {"x.json": '{"logits": [[1,"2"]], "target": [0]}'}, 3, "x.json: logits[0][1] is the text '2'", None),
    ("ce x.json", {"x.json": '{"logits": [[1,null]], "target": [0]}'}, 3, "x.json: logits[0][1] is null", None),
    ("ce x.json", {"x.json": '{"logits": [[1,true]], "target": [0]}'}, 3, "x.json: logits[0][1] is true", None),
    ("ce x.json", {"x.json": '{"logitz": [[1,2]], "target": [0]}'}, 3, "x.json: unknown key 'logitz'; did you mean 'logits'?", "keys: logits, probs, log_probs, target, weight, pos_weight, ignore_index, label_smoothing, sample_weight, reduction, classes, ids"),
    ("ce x.json", {"x.json": '{"logits": [[1,2]], "target": [0], "target": [1]}'}, 3, "x.json: key 'target' appears twice", None),
    ("ce x.json", {"x.json": '{"logits": [[1,NaN]], "target": [0]}'}, 3, "x.json:1: NaN is not JSON", None),
    ("ce x.json", {"x.json": '{"logits": [[1,1e400]], "target": [0]}'}, 3, "x.json:1: '1e400' is outside float64", None),
    ("ce x.json", {"x.json": '{"logits": [[1,2]],\n "target": [0]'}, 3, "x.json:2: ends inside a value", None),
    ("ce x.json", {"x.json": '{"logits": [[1,2]], "target": [0]} x'}, 3, "x.json:1: text after the value (column 36)", None),
    ("ce x.json", {"x.json": '{"logits": [[1,2]], "target": [0], "reduction": "avg"}'}, 3, "x.json: reduction 'avg' is none of mean, sum, none", None),
    ("ce x.json", {"x.json": '{"logits": [[1,2]], "target": [0], "label_smoothing": 1.5}'}, 3, "x.json: label_smoothing 1.5 outside 0..1", None),
    ("ce x.json --target 0", {"x.json": "[[1,2]]"}, 3, "x.json: a bare array does not say what its numbers are", "name it: --logits FILE, --probs FILE or --log-probs FILE"),
    ("ce --logits x.json --target 0", {"x.json": "[" * 200 + "]" * 200}, 3, "x.json: logits: nested deeper than 100", None),
    ("ce x.json", {"x.json": '{"logits": [[1,2]], "target": [[0.5,0.5]], "ignore_index": 0}'}, 3, "ignore_index goes with class indices; this target is a distribution", None),
    ("ce x.jsonl", {"x.jsonl": '{"logits":[1,2],"target":0}\n{"logits":[1,2,3],"target":0}\n'}, 3, "x.jsonl:2: 3 logits, expected 2", None),
    ("ce x.jsonl", {"x.jsonl": '{"logits":[1,2],"target":0}\n{"logits":[1,2],"targt":0}\n'}, 3, "x.jsonl:2: no 'target' (keys: logits, targt)", None),
    ("ce x.jsonl", {"x.jsonl": '{"logits":[1,2],"target":0}\n{"logits":[1,2],"target":null}\n'}, 3, "x.jsonl:2: column 'target' (2): target is null, expected a class", None),
    ("ce x.jsonl", {"x.jsonl": '{"logits":[1,2],"target":0}\n{"logits":[1,2'}, 3, "x.jsonl:2: ends inside a value", None),
    ("ce x.jsonl", {"x.jsonl": '{"logits":[1,2],"target":0} 5\n'}, 3, "x.jsonl:1: text after the value (column 29)", None),
    ("ce x.jsonl", {"x.jsonl": '{"logits":[1,2],"target":0,"weight":2}\n'}, 3, "x.jsonl:1: class weights do not belong in a row", "give them once with --weight; the weight of a row is sample_weight"),
    ("ce x.json", {"x.json": '[{"logits":[1,2],"target":0},{"logits":[1,2],"target":5}]'}, 3, "x.json: row 1: column 'target' (2): target 5 outside 0..1", None),
    ("ce --logits l.csv --target t.csv", {"l.csv": "logit_a,logit_b\n1,2\n3,4\n", "t.csv": "target\n0\n"}, 3, "l.csv: 2 rows of values, 1 target", "give one class index for each row, or one probability for each class"),
    ("ce --logits l.csv --target t.csv", {"l.csv": "logit_a,logit_b\n1,2\n3,4\n", "t.csv": "target\n0\n7\n"}, 3, "t.csv:3: column 'target' (1): target 7 outside 0..1", None),
    ("ce --logits l.csv --target t.csv", {"l.csv": "id,logit_a,logit_b\nr1,1,2\nr2,3,4\n", "t.csv": "id,target\nr2,0\nr1,0\n"}, 3, "row 0: id 'r1' of the values beside id 'r2' of the target", "both files carry ids: bring them into the same order"),
    ("ce --logits 1,2,x --target 0", {}, 2, "--logits '1,2,x': cannot read 'x' as a number", None),
    ("ce --logits 1,2;3 --target 0", {}, 3, "--logits[1] has 1 value, --logits[0] has 2 values", None),
    ("ce --logits 1,2,3 --target 3", {}, 3, "--target: row 0: target 3 outside 0..2", None),
    ("ce --logits 1,2,3", {}, 3, "--logits: no target", "give one with --target"),
    ("ce --logits 1,2;3,4 --target 0", {}, 3, "2 rows of values, 1 target", "give one class index for each row, or one probability for each class"),
    ("ce --logits 1,2;3,4 --target 0,cat", {}, 3, "--target: cannot read 'cat' as a class index; the classes have no names", None),
    ("ce --logits 1,2 --target 0 --classes a", {}, 3, "1 class name for 2 classes", None),
    ("ce --logits 1,2 --target 0 --weight 1,2,3", {}, 3, "--weight: 3 weights for 2 classes", None),
    ("ce --logits 1,2 --target 0 --weight 1,-2", {}, 3, "--weight: weights must be finite and at least 0", None),
    ("ce --logits 1,2;3,4 --target 0,1 --sample-weight 1", {}, 3, "2 rows of values, 1 sample weight", None),
    ("ce --logits 1,2;3,4 --target 0,1 --sample-weight 1,-1", {}, 3, "--logits: row 1: sample weight -1 is not finite and at least 0", None),
    ("ce --logits 1,2 --target .5,.5 --ignore-index 0", {}, 2, "ignore_index goes with class indices; this target is a distribution", None),
    ("ce --logits 1,2 --target 0 --label-smoothing 2", {}, 2, "--label-smoothing '2' is outside 0..1", None),
    ("ce --logits 1,2 --target 0 --label-smoothing nan", {}, 2, "--label-smoothing 'nan' is outside 0..1", None),
    ("ce --logits 1,2 --target 0 --ignore-index 1.5", {}, 2, "--ignore-index '1.5' is not a class index", None),
    ("ce --logits 1,2 --probs 1,2 --target 0", {}, 2, "--logits and --probs exclude each other", None),
    ("ce --logits -1.5 2 3", {}, 2, "stray '2': the numbers of a row are one value", "write --logits=-1.5,2,3"),
    ("ce -1.5 2 3", {}, 2, "stray -1: the numbers of a row are one value", "write --logits=-1.5,2,3"),
    ("ce --logits 1,2 --target 0 --device gpu", {}, 2, "--device 'gpu' is none of cpu, cuda, cuda:N, mps, auto", None),
    ("ce --logits 1,2 --target 0 --device mps", {}, 2, "--device mps has no float64", "add --dtype float32"),
    ("ce --logits 1,2 --target 0 --backend numpy --dtype float32", {}, 2, "--dtype float32 runs on torch, not on --backend numpy", None),
    ("ce --logits 1,2 --target 0 --reduction avg", {}, 2, "invalid value for '--reduction': 'avg' is not one of 'mean', 'sum', 'none'", None),
    ("ce --logits 1,2 --target 0 -o x.docx", {}, 2, "-o 'x.docx': unknown suffix '.docx'", "say the format with -f, or use one of .csv, .tsv, .json, .jsonl, .ndjson, .md, .markdown, .txt"),
    ("ce --logits 1,2 --target 0 -o no/x.csv", {}, 5, "cannot create no/x.csv: No such file or directory", None),
    ("ce --logits 1,2 --target 0 --max-bytes x", {}, 2, "--max-bytes 'x' is not a size such as 500M or 8G", None),
    ("ce --logits 1,2 --target 0 --delimiter ,,", {}, 2, "--delimiter ',,' is not one character", None),
    ("ce --logits 1,2 --target 0 --encoding klingon", {}, 2, "--encoding 'klingon' is not known", None),
    ("ce x.csv -o x.csv", {"x.csv": "logit_a,logit_b,target\n1,2,0\n"}, 2, "output 'x.csv' is also an input", None),
    ("ce x.csv --logits 1,2", {"x.csv": "logit_a,logit_b,target\n1,2,0\n"}, 2, "both the file 'x.csv' and --logits give values", None),
    ("ce x.csv x.csv", {"x.csv": "logit_a,logit_b,target\n1,2,0\n"}, 2, "one input at a time; 2 were named: x.csv, x.csv", None),
    ("ce x.csv --max-columns 2", {"x.csv": "logit_a,logit_b,target\n1,2,0\n"}, 6, "x.csv:1: header has more than 2 columns", None),
    ("ce x.csv --max-bytes 10", {"x.csv": "logit_a,logit_b,target\n1,2,0\n"}, 6, "x.csv:1: more than --max-bytes 10", None),
    ("ce --weigth 1", {}, 2, "no such option --weigth; did you mean --weight?", None),
    ("softmx", {}, 2, "no such command 'softmx'. Did you mean 'softmax'?", None),
    ("bce --probs 0.5 --target 1 --pos-weight 2", {}, 2, "--pos-weight goes with --logits; torch's BCELoss on probabilities has none", None),
    ("bce --logits 1,2 --target 1", {}, 3, "values of shape (1, 2) and a target of shape (1,)", "bce needs a target for each value; a class index for each row belongs to ce"),
    ("bce --logits 1,nan --target 1,0", {}, 3, "--logits: row 0, class 1: logit is nan", "--nan propagate lets it through"),
    ("bce --logits 1,2 --target 1,0 --weight 1,2,3", {}, 3, "--weight: weights of shape (3,) do not fit rows of (2,) cells", None),
    ("softmax --logits 1,nan", {}, 3, "--logits: row 0, class 1: logit is nan", "--nan propagate lets it through"),
    ("ce --transpose --logits 1,2 --target 0", {}, 3, "--transpose: shape (2,) has no two axes to exchange", None),
]  # fmt: skip


@pytest.mark.parametrize(("line", "files", "status", "error", "hint"), CASES)
def test_message(
    line: str,
    files: dict[str, str | bytes],
    status: int,
    error: str,
    hint: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = sorted(tmp_path.rglob("*"))

    found = status_of(line.split())

    expected = f"cecalc: error: {error}\n" + (f"cecalc: hint: {hint}\n" if hint else "")
    out, err = capfd.readouterr()
    assert (found, err, out) == (status, expected, "")
    assert sorted(tmp_path.rglob("*")) == before
    assert all(len(text) <= MESSAGE_BYTES for text in err.splitlines())


def test_every_status_but_the_rest_is_met() -> None:
    assert {status for _, _, status, _, _ in CASES} == {
        Status.USAGE,
        Status.DATA,
        Status.INPUT,
        Status.OUTPUT,
        Status.LIMIT,
    }
