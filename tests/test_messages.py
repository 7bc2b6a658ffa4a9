"""Every bad input gets one clear message with its place, the right status, nothing on stdout."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from cecalc.cli import status_of
from cecalc.errors import MESSAGE_BYTES, DataError, Place, Status, message
from tests.faults import of_row

H = "logit_a,logit_b,target\n"
# fmt: off
# the row of tests/faults.py (0: none), the command line, the files it finds, the status, the error, the hint
CASES: list[tuple[int | str, str, dict[str, str | bytes], int, str, str | None]] = [
    (29, "ce missing.csv", {}, 4, "missing.csv: No such file or directory", None),
    (29, "ce --logits missing.csv --target 0", {}, 4, "missing.csv: No such file or directory", None),
    (31, "ce d", {"d/x": ""}, 4, "d: is a directory", None),
    (33, "ce x.csv", {"x.csv": ""}, 3, "x.csv: file is empty", None),
    (33, "ce x.json", {"x.json": " \n"}, 3, "x.json: file is empty", None),
    (34, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n"}, 3, "x.csv: no data rows", None),
    (34, "ce x.json", {"x.json": "[]"}, 3, "x.json: no data rows", None),
    (34, "ce x.json", {"x.json": '{"logits": [], "target": []}'}, 3, "x.json: no data rows", None),
    (48, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,2,0\n1,2\n"}, 3, "x.csv:3: expected 3 fields, found 2", None),
    (49, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,2,0\n1,2,0,9\n"}, 3, "x.csv:3: expected 3 fields, found 4", None),
    (64, "ce x.csv", {"x.csv": "id,logit_a,logit_b,target,\nr,1,2,0,\nr,1,2,0,x\n"}, 3, "x.csv:3: expected 4 fields, found 5", None),
    (71, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,x3,0\n"}, 3, "x.csv:2: column 'logit_b' (2): cannot read 'x3' as a number", None),
    (74, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,,0\n"}, 3, "x.csv:2: column 'logit_b' (2): empty", None),
    (75, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,NA,0\n"}, 3, "x.csv:2: column 'logit_b' (2): cannot read 'NA' as a number", None),
    (70, "ce x.csv --delimiter ;", {"x.csv": "logit_a;logit_b;target\n1,5;2;0\n"}, 3, "x.csv:2: column 'logit_a' (1): cannot read '1,5' as a number", None),
    (72, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,1_0,0\n"}, 3, "x.csv:2: column 'logit_b' (2): cannot read '1_0' as a number", None),
    (76, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,1e400,0\n"}, 3, "x.csv:2: column 'logit_b' (2): '1e400' is outside float64", None),
    (110, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,nan,0\n1,2,1\nnan,2,1\n"}, 3, "x.csv:2: column 'logit_b' (2): logit is nan (2 such rows: 2, 4)", "--nan propagate lets it through"),
    (111, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,inf,0\n"}, 3, "x.csv:2: column 'logit_b' (2): logit is inf", None),
    (114, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n-inf,-inf,0\n"}, 3, "x.csv:2: all logits are -inf", None),
    (80, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,2,3\n"}, 3, "x.csv:2: column 'target' (3): target 3 outside 0..1", None),
    (80, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,2,1\n3,4,2\n5,6,2\n"}, 3, "x.csv:3: column 'target' (3): target 2 outside 0..1 (2 such rows: 3, 4)", "targets run from 1 to 2: looks 1-based, subtract 1"),
    (80, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,2,-1\n3,4,1\n"}, 3, "x.csv:2: column 'target' (3): target -1 outside 0..1", "negative targets: leave rows out with --ignore-index -1"),
    (80, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,2,0\n3,4,255\n"}, 3, "x.csv:3: column 'target' (3): target 255 outside 0..1", "targets are 0 and 255: looks like a mask of grey levels"),
    (79, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,2,0.7\n"}, 3, "x.csv:2: column 'target' (3): target 0.7 is not a class index", None),
    (0, "ce x.csv", {"x.csv": "logit_cat,logit_dog,target\n1,2,dgo\n"}, 3, "x.csv:2: column 'target' (3): no class is named 'dgo'; did you mean 'dog'? (classes: cat, dog)", None),
    (0, "ce x.csv", {"x.csv": "logit_5,logit_7,target\n1,2,5\n"}, 3, "x.csv:2: column 'target' (3): target '5' could be the name of a class or its number; say which with --target-as name|index", None),
    (0, "ce x.csv", {"x.csv": "a,b,c\n1,2,3\n"}, 3, "x.csv:1: no column is named logit_*, prob_* or log_prob_*", "say which with --logits-cols, --probs-cols or --log-probs-cols; columns: a, b, c"),
    (69, "ce x.csv", {"x.csv": "a;b;c\n1;2;3\n"}, 3, "x.csv:1: one column", "it holds 2 ';': try --delimiter ';'"),
    (0, "ce x.csv", {"x.csv": "1,2.5,0\n3,4,1\n"}, 3, "x.csv:1: the first line is all numbers, where the names of the columns are expected", "if it is data, say --no-header (and which columns are what)"),
    (62, "ce x.csv", {"x.csv": "logit_a,logit_a,target\n1,2,0\n"}, 3, "x.csv:1: column 'logit_a' appears twice (1 and 2)", None),
    (0, "ce x.csv", {"x.csv": "logit_a,logit_b\n1,2\n"}, 3, "x.csv: no target", "give one with --target"),
    (0, "ce x.csv", {"x.csv": "logit_a,logit_b,target,label\n1,2,0,1\n"}, 3, "x.csv:1: more than one column could be meant: 'target', 'label'", "name it: --target-col"),
    (63, "ce x.csv --target-col taget", {"x.csv": "logit_a,logit_b,target\n1,2,0\n"}, 3, "x.csv:1: --target-col: no column 'taget'; did you mean 'target'?", "columns: logit_a, logit_b, target"),
    (0, "ce x.csv", {"x.csv": "logit_a,logit_b,target_a,target_c\n1,2,0,1\n"}, 3, "x.csv:1: target columns do not match the classes: no target for class 'b'", "name both in class order: --logits-cols (or --probs-cols) and --target-cols; columns: logit_a, logit_b, target_a, target_c"),
    (52, "ce x.csv", {"x.csv": 'logit_a,logit_b,target\n1,"2,0\n1,2,0\n'}, 3, "x.csv:2: quoted field is never closed", None),
    (53, "ce x.csv", {"x.csv": 'logit_a,logit_b,target\n1,"2"x,0\n'}, 3, "x.csv:2: text after closing quote", None),
    (53, "ce x.csv", {"x.csv": 'id,logit_a,logit_b,target\na"b,1,2,0\n'}, 3, "x.csv:2: quote inside an unquoted field", None),
    (65, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n\n1,2,0\n"}, 3, "x.csv:2: empty line", None),
    (61, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,2\x00,0\n"}, 3, "x.csv:2: NUL byte", None),
    (59, "ce x.csv", {"x.csv": b"logit_a,logit_b,target\n1,2,\xe9\n"}, 3, "x.csv:2: not valid UTF-8 (byte 0xe9)", "name the encoding, for example --encoding latin-1"),
    (58, "ce x.csv", {"x.csv": b"\xff\xfel\x00o\x00"}, 3, "x.csv: UTF-16 text where UTF-8 is expected", "convert it, or use --encoding utf-16"),
    (119, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,2,-100\n3,4,-100\n"}, 3, "x.csv: the mean is undefined: all 2 rows are ignored", None),
    (121, "ce x.csv --weight 0,1", {"x.csv": "logit_a,logit_b,target\n1,2,0\n3,4,0\n"}, 3, "x.csv: the mean is undefined: the sum of class weights is 0 (2 of 2 rows used)", None),
    (0, "ce x.csv", {"x.csv": "prob_a,prob_b,target\n0.5,0.5,a\n2,-1,a\n"}, 3, "x.csv:3: column 'prob_a' (1): probability 2 outside 0..1", "these look like logits: say so with --logits or --logits-cols"),
    (117, "ce x.csv", {"x.csv": "prob_a,prob_b,target\n0.5,0.4,a\n"}, 3, "x.csv:2: predicted probabilities sum to 0.9, not 1", None),
    (0, "ce x.csv", {"x.csv": "log_prob_a,log_prob_b,target\n0.5,0.5,a\n"}, 3, "x.csv:2: column 'log_prob_a' (1): log-probability above 0: 0.5", "these look like probabilities: say so with --probs or --probs-cols"),
    (117, "ce x.csv", {"x.csv": "logit_a,logit_b,target_a,target_b\n1,2,1,1\n"}, 3, "x.csv:2: target probabilities sum to 2, not 1", "several classes at once (multi-hot) belong to bce"),
    (117, "ce x.csv", {"x.csv": "logit_a,logit_b,target_a,target_b\n1,2,1.5,-0.5\n"}, 3, "x.csv:2: column 'target_a' (3): target 1.5 outside 0..1", None),
    (0, "ce x.csv", {"x.csv": "logit,target\n1,0\n"}, 3, "x.csv: one class: cross-entropy over it is 0 whatever the value", "one score per row against 0/1 targets is bce"),
    (128, "bce x.csv", {"x.csv": "logit,target\n1,0\n2,2\n"}, 3, "x.csv:3: column 'target' (2): target 2 outside 0..1", None),
    (128, "bce x.csv", {"x.csv": "logit,target\n1,-1\n2,1\n"}, 3, "x.csv:2: column 'target' (2): target -1 outside 0..1", "targets are -1 and 1: map them with (t + 1) / 2"),
    (128, "bce x.csv", {"x.csv": "logit,target\n1,0\n2,255\n"}, 3, "x.csv:3: column 'target' (2): target 255 outside 0..1", "targets up to 255: looks like grey levels, divide by 255"),
    (128, "bce x.csv", {"x.csv": "logit,target\n1,1\n2,2\n"}, 3, "x.csv:3: column 'target' (2): target 2 outside 0..1", "targets are 1 and 2: subtract 1"),
    (0, "bce x.csv", {"x.csv": "prob,target\n1,1\n1.2,1\n"}, 3, "x.csv:3: column 'prob' (1): probability 1.2 outside 0..1", "these look like logits: say so with --logits or --logits-cols"),
    (0, "bce x.csv", {"x.csv": "logit_a,logit_b,target\n1,2,0\n"}, 3, "x.csv: values of shape (1, 2) and a target of shape (1,)", "bce needs a target for each value; a class index for each row belongs to ce"),
    (0, "bce x.csv", {"x.csv": "log_prob_a,log_prob_b,target_a,target_b\n-1,-2,0,1\n"}, 3, "x.csv: bce takes logits or probabilities, not log-probabilities", None),
    (92, "ce x.json", {"x.json": '{"logits": [[1,2],[3]], "target": [0,1]}'}, 3, "x.json: logits[1] has 1 value, logits[0] has 2 values", None),
    (94, "ce x.json", {"x.json": '{"logits": [[1,"2"]], "target": [0]}'}, 3, "x.json: logits[0][1] is the text '2'", None),
    (94, "ce x.json", {"x.json": '{"logits": [[1,null]], "target": [0]}'}, 3, "x.json: logits[0][1] is null", None),
    (94, "ce x.json", {"x.json": '{"logits": [[1,true]], "target": [0]}'}, 3, "x.json: logits[0][1] is true", None),
    (93, "ce x.json", {"x.json": '{"logitz": [[1,2]], "target": [0]}'}, 3, "x.json: unknown key 'logitz'; did you mean 'logits'?", "keys: logits, probs, log_probs, target, weight, pos_weight, ignore_index, label_smoothing, sample_weight, reduction, classes, ids; a single row object: --input-format jsonl"),
    (86, "ce x.json", {"x.json": '{"logits": [[1,2]], "target": [0], "target": [1]}'}, 3, "x.json: key 'target' appears twice", None),
    (82, "ce x.json", {"x.json": '{"logits": [[1,NaN]], "target": [0]}'}, 3, "x.json:1: NaN is not JSON; --nan propagate lets it through", None),
    (83, "ce x.json", {"x.json": '{"logits": [[1,1e400]], "target": [0]}'}, 3, "x.json:1: '1e400' is outside float64", None),
    (88, "ce x.json", {"x.json": '{"logits": [[1,2]],\n "target": [0]'}, 3, "x.json:2: ends inside a value", None),
    (89, "ce x.json", {"x.json": '{"logits": [[1,2]], "target": [0]} x'}, 3, "x.json:1: text after the value (column 36)", None),
    (0, "ce x.json", {"x.json": '{"logits": [[1,2]], "target": [0], "reduction": "avg"}'}, 3, "x.json: reduction 'avg' is none of mean, sum, none", None),
    (0, "ce x.json", {"x.json": '{"logits": [[1,2]], "target": [0], "label_smoothing": 1.5}'}, 3, "x.json: label_smoothing 1.5 outside 0..1", None),
    (0, "ce x.json --target 0", {"x.json": "[[1,2]]"}, 3, "x.json: a bare array does not say what its numbers are", "name it: --logits FILE, --probs FILE or --log-probs FILE"),
    (87, "ce --logits x.json --target 0", {"x.json": "[" * 200 + "]" * 200}, 3, "x.json: logits: nested deeper than 100", None),
    (0, "ce x.json", {"x.json": '{"logits": [[1,2]], "target": [[0.5,0.5]], "ignore_index": 0}'}, 3, "ignore_index goes with class indices; this target is a distribution", None),
    (92, "ce x.jsonl", {"x.jsonl": '{"logits":[1,2],"target":0}\n{"logits":[1,2,3],"target":0}\n'}, 3, "x.jsonl:2: 3 logits, expected 2", None),
    (93, "ce x.jsonl", {"x.jsonl": '{"logits":[1,2],"target":0}\n{"logits":[1,2],"targt":0}\n'}, 3, "x.jsonl:2: no 'target' (keys: logits, targt)", None),
    (94, "ce x.jsonl", {"x.jsonl": '{"logits":[1,2],"target":0}\n{"logits":[1,2],"target":null}\n'}, 3, "x.jsonl:2: column 'target' (2): target is null, expected a class", None),
    (88, "ce x.jsonl", {"x.jsonl": '{"logits":[1,2],"target":0}\n{"logits":[1,2'}, 3, "x.jsonl:2: ends inside a value", None),
    (89, "ce x.jsonl", {"x.jsonl": '{"logits":[1,2],"target":0} 5\n'}, 3, "x.jsonl:1: text after the value (column 29)", None),
    (0, "ce x.jsonl", {"x.jsonl": '{"logits":[1,2],"target":0,"weight":2}\n'}, 3, "x.jsonl:1: class weights do not belong in a row", "give them once with --weight; the weight of a row is sample_weight"),
    (0, "ce x.json", {"x.json": '[{"logits":[1,2],"target":0},{"logits":[1,2],"target":5}]'}, 3, "x.json: row 1: column 'target' (2): target 5 outside 0..1", None),
    ("109b", "ce --logits l.csv --target t.csv", {"l.csv": "logit_a,logit_b\n1,2\n3,4\n", "t.csv": "target\n0\n"}, 3, "l.csv: 1 target, but more rows of values", None),
    (0, "ce --logits l.csv --target t.csv", {"l.csv": "logit_a,logit_b\n1,2\n3,4\n", "t.csv": "target\n0\n7\n"}, 3, "t.csv:3: column 'target' (1): target 7 outside 0..1", None),
    (0, "ce --logits l.csv --target t.csv", {"l.csv": "id,logit_a,logit_b\nr1,1,2\nr2,3,4\n", "t.csv": "id,target\nr2,0\nr1,0\n"}, 3, "l.csv: row 0: id 'r1' of the values beside id 'r2' of the target", "both files carry ids: bring them into the same order"),
    (0, "ce --logits 1,2,x --target 0", {}, 2, "--logits '1,2,x': cannot read 'x' as a number", None),
    (0, "ce --logits 1,2;3 --target 0", {}, 3, "--logits[1] has 1 value, --logits[0] has 2 values", None),
    (80, "ce --logits 1,2,3 --target 3", {}, 3, "--target: row 0: target 3 outside 0..2", None),
    (0, "ce --logits 1,2,3", {}, 2, "no target", "give one with --target"),
    ("109b", "ce --logits 1,2;3,4 --target 0", {}, 3, "2 rows of values, 1 target", "give one class index for each row, or one probability for each class"),
    (0, "ce --logits 1,2;3,4 --target 0,cat", {}, 3, "--target: cannot read 'cat' as a class index; the classes have no names", None),
    (0, "ce --logits 1,2 --target 0 --classes a", {}, 3, "1 class name for 2 classes", None),
    (121, "ce --logits 1,2 --target 0 --weight 1,2,3", {}, 3, "--weight: 3 weights for 2 classes", None),
    (121, "ce --logits 1,2 --target 0 --weight 1,-2", {}, 3, "--weight: weight 1 is -2, expected finite and at least 0", None),
    (0, "ce --logits 1,2;3,4 --target 0,1 --sample-weight 1", {}, 3, "2 rows of values, 1 sample weight", None),
    (0, "ce --logits 1,2;3,4 --target 0,1 --sample-weight 1,-1", {}, 3, "--sample-weight: row 1: sample weight -1 is not finite and at least 0", None),
    (0, "ce --logits 1,2 --target .5,.5 --ignore-index 0", {}, 2, "ignore_index goes with class indices; this target is a distribution", None),
    (118, "ce --logits 1,2 --target 0 --label-smoothing 2", {}, 2, "--label-smoothing '2' is outside 0..1", None),
    (118, "ce --logits 1,2 --target 0 --label-smoothing nan", {}, 2, "--label-smoothing 'nan' is outside 0..1", None),
    (0, "ce --logits 1,2 --target 0 --ignore-index 1.5", {}, 2, "--ignore-index '1.5' is not a class index", None),
    (0, "ce --logits 1,2 --probs 1,2 --target 0", {}, 2, "--logits and --probs exclude each other", None),
    (0, "ce --logits -1.5 2 3", {}, 2, "stray '2': the numbers of a row are one value", "write --logits=-1.5,2,3"),
    (0, "ce -1.5 2 3", {}, 2, "stray -1: the numbers of a row are one value", "write --logits=-1.5,2,3"),
    (0, "ce --logits 1,2 --target 0 --device gpu", {}, 2, "--device 'gpu' is none of cpu, cuda, cuda:N, mps, auto", None),
    (0, "ce --logits 1,2 --target 0 --device mps", {}, 2, "--device mps has no float64", "add --dtype float32"),
    (0, "ce --logits 1,2 --target 0 --backend numpy --dtype float32", {}, 2, "--dtype float32 runs on torch, not on --backend numpy", None),
    (0, "ce --logits 1,2 --target 0 --reduction avg", {}, 2, "invalid value for '--reduction': 'avg' is not one of 'mean', 'sum', 'none'", None),
    (0, "ce --logits 1,2 --target 0 -o x.docx", {}, 2, "-o 'x.docx': unknown suffix '.docx'", "say the format with -f, or use one of .csv, .tsv, .json, .jsonl, .ndjson, .md, .markdown, .txt"),
    (0, "ce --logits 1,2 --target 0 -o no/x.csv", {}, 5, "cannot create no/x.csv: No such file or directory", None),
    (0, "ce --logits 1,2 --target 0 --max-bytes x", {}, 2, "--max-bytes 'x' is not a size such as 500M or 8G", None),
    (0, "ce --logits 1,2 --target 0 --delimiter ,,", {}, 2, "--delimiter ',,' is not one character", None),
    (0, "ce --logits 1,2 --target 0 --encoding klingon", {}, 2, "--encoding 'klingon' is not known", None),
    (0, "ce x.csv -o x.csv", {"x.csv": "logit_a,logit_b,target\n1,2,0\n"}, 2, "output 'x.csv' is also an input", None),
    (0, "ce x.csv --logits 1,2", {"x.csv": "logit_a,logit_b,target\n1,2,0\n"}, 2, "both the file 'x.csv' and --logits give values", None),
    (0, "ce x.csv y.csv", {"x.csv": "logit_a,logit_b,target\n1,2,0\n", "y.csv": "logit_a,logit_c,target\n1,2,0\n"}, 3, "y.csv: its columns are not those of x.csv", "column 2 is 'logit_c' here and 'logit_b' there"),
    (47, "ce x.csv y.csv", {"x.csv": "logit_a,logit_b,target\n1,2,0\n", "y.csv": "logit_a,logit_b,target\n1,2,0\n1,x,0\n"}, 3, "y.csv:3: column 'logit_b' (2): cannot read 'x' as a number", None),
    (47, "ce x.csv y.csv", {"x.csv": "logit_a,logit_b,target\n1,2,0\n", "y.csv": "logit_a,logit_b,target\n1,2,0\n1,2,7\n"}, 3, "y.csv:3: column 'target' (3): target 7 outside 0..1", None),
    (0, "ce x.csv y.tsv", {"x.csv": "logit_a,logit_b,target\n1,2,0\n", "y.tsv": "logit_a\tlogit_b\ttarget\n1\t2\t0\n"}, 3, "y.tsv: its format is not that of x.csv", None),
    (0, "ce x.csv y.json", {"x.csv": "logit_a,logit_b,target\n1,2,0\n", "y.json": '{"logits": [[1, 2]], "target": [0]}'}, 3, "y.json: one of several files has to hold rows, not one JSON document", "JSON lines, CSV, TSV and Parquet hold rows"),
    (29, "ce q-*.csv", {}, 4, "q-*.csv: no file matches", None),
    (29, "ce x.csv y.csv", {"x.csv": "logit_a,logit_b,target\n1,2,0\n"}, 4, "y.csv: No such file or directory", None),
    (67, "ce x.csv --max-columns 2", {"x.csv": "logit_a,logit_b,target\n1,2,0\n"}, 6, "x.csv:1: header has more than 2 columns", None),
    (43, "ce x.csv --max-bytes 10", {"x.csv": "logit_a,logit_b,target\n1,2,0\n"}, 6, "x.csv: more than --max-bytes 10", None),
    (0, "ce --weigth 1", {}, 2, "no such option --weigth; did you mean --weight?", None),
    (0, "softmx", {}, 2, "no such command 'softmx'. Did you mean 'softmax'?", None),
    (0, "bce --probs 0.5 --target 1 --pos-weight 2", {}, 2, "--pos-weight goes with --logits; torch's BCELoss on probabilities has none", None),
    (0, "bce --logits 1,2 --target 1", {}, 3, "values of shape (1, 2) and a target of shape (1,)", "bce needs a target for each value; a class index for each row belongs to ce"),
    (0, "bce --logits 1,nan --target 1,0", {}, 3, "--logits: row 0, class 1: logit is nan", "--nan propagate lets it through"),
    (0, "bce --logits 1,2 --target 1,0 --weight 1,2,3", {}, 3, "--weight: weights of shape (3,) do not fit rows of (2,) cells", None),
    (0, "softmax --logits 1,nan", {}, 3, "--logits: row 0, class 1: logit is nan", "--nan propagate lets it through"),
    (0, "ce --transpose --logits 1,2 --target 0", {}, 3, "--transpose: shape (2,) has no two axes to exchange", None),
    (0, "softmax x.json", {"x.json": '{"probs":[[0.2,0.8]]}'}, 3, "x.json: no logits", "keys: probs"),
    (0, "ce --probs x.json --target 1", {"x.json": '{"logits":[[1,2]],"target":[0]}'}, 3, "x.json: no probs", "keys: logits, target"),
    (0, "ce x.csv --classes b,c", {"x.csv": "logit_a,logit_b,target\n1,2,b\n"}, 3, "x.csv:1: --classes names b, c, but the columns name a, b", None),
    (0, "ce x.csv", {"x.csv": "logit_a,logit_b,target_a\n1,2,1\n"}, 3, "x.csv:1: target columns do not match the classes: no target for class 'b'", "name both in class order: --logits-cols (or --probs-cols) and --target-cols; columns: logit_a, logit_b, target_a"),
    (0, "bce x.csv", {"x.csv": "logit_a,target_b\n1,0\n"}, 3, "x.csv:1: target columns do not match the classes: no target for class 'a'", "name both in class order: --logits-cols (or --probs-cols) and --target-cols; columns: logit_a, target_b"),
    (0, "bce x.json", {"x.json": '{"logits":[[0.5,0.5]],"target":[[1,0]],"label_smoothing":0.1}'}, 3, "x.json: bce has no label_smoothing", None),
    (0, "ce x.json", {"x.json": '{"logits":[[1,2]],"target":[0],"pos_weight":[1,2]}'}, 3, "x.json: ce has no pos_weight", None),
    (0, "ce x.json", {"x.json": '{"logits":[[1,2]],"target":[0],"ignore_index":1.5}'}, 3, "x.json: ignore_index 1.5 is not a class index", None),
    (0, "ce x.json", {"x.json": '{"logits":{"a":1},"target":[0]}'}, 3, "x.json: logits is an object", None),
    ("109b", "ce x.json", {"x.json": '{"logits":[[1,2],[3,4]],"target":1}'}, 3, "x.json: 2 rows of values, 1 target", "give one class index for each row, or one probability for each class"),
    (0, "ce x.jsonl", {"x.jsonl": '{"logits":[1,2],"target":0}\n{"logits":[1,2],"target":[0,1]}\n'}, 3, "x.jsonl:2: column 'target' (2): target is a list, expected a class", None),
    (0, "ce x.csv --logits-cols a,b,t --target-col t", {"x.csv": "a,b,t\n1,2,0\n"}, 3, "x.csv:1: --logits-cols t: column 't' has another role already", None),
    (0, "ce x.csv --target-col " + "9" * 5000, {"x.csv": "logit_a,logit_b,target\n1,2,0\n"}, 3, "x.csv:1: --target-col: no column '9999999999999999999999999999999999999...'", "columns: logit_a, logit_b, target"),
    (0, "ce x.json", {"x.json": '{"logits": [[1,2]],\n "target": [0]\n'}, 3, "x.json:2: ends inside a value", None),
    (0, "ce x.json", {"x.json": '{"logits": [[1,2]],\r "target": [0} '}, 3, "x.json:2: not JSON at column 14: expecting ',' delimiter", None),
    (0, "ce x.csv -f csv -o " + "9" * 300, {"x.csv": "logit_a,logit_b,target\n1,2,0\n"}, 5, f"cannot create {'9' * 300}: File name too long", None),
    (0, "ce *" + "9" * 300, {}, 4, f"*{'9' * 300}: no file matches", None),
    (0, "ce " + "9" * 300, {}, 2, "stray '9999999999999999999999999999999999999...': the numbers of a row are one value", f"write --logits={'9' * 300}"),
    (0, "ce x.csv --top 1 --bottom 1", {"x.csv": "id,logit_a,logit_b,target\n1,1,2,0\n"}, 2, "--top and --bottom exclude each other", None),
    (0, "ce x.csv --top " + "9" * 5000, {"x.csv": "id,logit_a,logit_b,target\n1,1,2,0\n"}, 2, "--top: cannot read '9999999999999999999999999999999999999...' as a whole number", None),
    (0, "ce x.csv --max-bytes " + "9" * 5000, {"x.csv": "id,logit_a,logit_b,target\n1,1,2,0\n"}, 2, "--max-bytes '9999999999999999999999999999999999999...' is not a size such as 500M or 8G", None),
    (0, "ce x.csv -f csv --select /a{99999999999}/", {"x.csv": "id,logit_a,logit_b,target\n1,1,2,0\n"}, 2, "--select '/a{99999999999}/': /a{99999999999}/ is no regular expression: the repetition number is too large", None),
    (0, "ce x.csv -f csv --select /[[q]$/", {"x.csv": "id,logit_a,logit_b,target\n1,1,2,0\n"}, 3, "--select: no column '/[[q]$/'", "columns: id, logit_a, logit_b, target, loss, prediction, p_target, correct, status"),
    (0, "ce x.csv --top 0", {"x.csv": "id,logit_a,logit_b,target\n1,1,2,0\n"}, 2, "--top 0 keeps no row", None),
    (0, "ce x.csv --bottom 1.5", {"x.csv": "id,logit_a,logit_b,target\n1,1,2,0\n"}, 2, "--bottom: cannot read '1.5' as a whole number", None),
    (0, "ce x.csv --by id -q", {"x.csv": "id,logit_a,logit_b,target\n1,1,2,0\n"}, 2, "--by writes groups, and -q writes none", None),
    (0, "ce x.csv --by id -f csv --only-added", {"x.csv": "id,logit_a,logit_b,target\n1,1,2,0\n"}, 2, "--only-added goes with rows, and --by has none", None),
    (0, "ce x.csv --by site", {"x.csv": "id,logit_a,logit_b,target\n1,1,2,0\n"}, 3, "x.csv: --by: no column 'site'", "columns: id, logit_a, logit_b, target, row, prediction, correct, class"),
    (0, "ce x.csv --by /(/", {"x.csv": "id,logit_a,logit_b,target\n1,1,2,0\n"}, 2, "--by '/(/': /(/ is no regular expression: missing ), unterminated subpattern at position 0", None),
    (0, "ce x.csv --logits-cols logit_a,,b", {"x.csv": "id,logit_a,logit_b,target\n1,1,2,0\n"}, 2, "--logits-cols 'logit_a,,b': a part is empty", None),
    (0, "ce x.csv --select loss", {}, 4, "x.csv: No such file or directory", None),
    (0, "ce x.csv -f csv --select los", {"x.csv": "id,logit_a,logit_b,target\n1,1,2,0\n"}, 3, "--select: no column 'los'; did you mean 'loss'?", "columns: id, logit_a, logit_b, target, loss, prediction, p_target, correct, status"),
    (0, "ce x.csv -q --select loss", {"x.csv": "id,logit_a,logit_b,target\n1,1,2,0\n"}, 2, "--select chooses columns of rows, and -q writes none", None),
    (0, "ce x.csv -f json --no-rows --select loss", {"x.csv": "id,logit_a,logit_b,target\n1,1,2,0\n"}, 2, "--select chooses columns of rows, and --no-rows writes none", None),
    (0, "ce x.csv --only-added", {"x.csv": "id,logit_a,logit_b,target\n1,1,2,0\n"}, 2, "--only-added goes with --format csv, tsv or jsonl", None),
    (0, "ce x.csv --prefix a", {"x.csv": "id,logit_a,logit_b,target\n1,1,2,0\n"}, 2, "--prefix goes with --format csv, tsv or jsonl", None),
    (0, "ce x.csv -f csv --prefix a", {"x.csv": "aloss,logit_a,logit_b,target\n1,1,2,0\n"}, 3, "--prefix 'a': the input has a column 'aloss' already", "choose another prefix, or leave the choice to cecalc"),
    (0, "ce x.csv --fail-above x", {"x.csv": "id,logit_a,logit_b,target\n1,1,2,0\n"}, 2, "--fail-above: cannot read 'x' as a number", None),
    (0, "ce x.csv --fail-above nan", {"x.csv": "id,logit_a,logit_b,target\n1,1,2,0\n"}, 2, "--fail-above 'nan': nothing is above or below nan", None),
    (0, "ce x.csv --fail-below acc=1", {"x.csv": "id,logit_a,logit_b,target\n1,1,2,0\n"}, 2, "--fail-below 'acc=1': no figure is named 'acc'; did you mean accuracy?", "figures: loss, numerator, denominator, rows_given, rows_used, rows_ignored, mean, perplexity, bits, accuracy, chance, label_entropy"),
    (0, "ce x.csv --fail-above 1 --reduction none", {"x.csv": "id,logit_a,logit_b,target\n1,1,2,0\n"}, 2, "--fail-above '1': there is no one loss under --reduction none", "name another figure: --fail-above mean=1"),
    (0, "softmax x.csv --top 1", {"x.csv": "id,logit_a,logit_b,target\n1,1,2,0\n"}, 2, "no such option --top; did you mean --dtype?", None),
    (0, "ce x.csv --logits-cols 3-9 --target-col t", {"x.csv": "a,b,t\n1,2,0\n"}, 3, "x.csv:1: --logits-cols 3-9: columns are numbered 1 to 3", None),
    (0, "ce x.csv", {"x.csv": "logit_1,logit_2,target\n1,2,-100\n1,2,1\n"}, 3, "x.csv:3: column 'target' (3): target '1' could be the name of a class or its number; say which with --target-as name|index", None),
    (0, "ce x.csv --sample-weight w.csv", {"x.csv": "logit_a,logit_b,target\n1,2,a\n", "w.csv": "u,v\n1,2\n"}, 3, "w.csv: no sample_weight column", "name it sample_weight, or use --sample-weight-col; columns: u, v"),
    (0, "ce x.csv --sample-weight w.csv", {"x.csv": "id,logit_a,logit_b,target\nr,1,2,a\n", "w.csv": "id,w\ns,2\n"}, 3, "x.csv: row 0: id 'r' of the values beside id 's' of the sample weight", "both files carry ids: bring them into the same order"),
    (69, "ce x.csv", {"x.csv": "logit_a;logit_b;target\n1;2;0\n"}, 3, "x.csv:1: one column", "it holds 2 ';': try --delimiter ';'"),
    (59, "ce x.csv --encoding ascii", {"x.csv": b"logit_a,logit_b,target\n1,2,\xe9\n"}, 3, "x.csv:2: not valid ASCII (byte 0xe9)", "name the encoding, for example --encoding latin-1"),
    (0, "ce --logits 1,2 --target t.json", {"t.json": '{"label": [0]}'}, 3, "t.json: no target", None),
    (0, "ce --logits 1,2 --target 0 --encoding base64", {}, 2, "--encoding 'base64' is not known", None),
    (0, "ce --logits 2 -3 --target 0", {}, 2, "stray -3: the numbers of a row are one value", "write --logits=2,-3"),
    (0, "ce -1,2 --target 0", {}, 2, "stray -1: the numbers of a row are one value", "write --logits=-1,2"),
    (0, "ce 1,2 --target 0", {}, 2, "stray '1,2': the numbers of a row are one value", "write --logits=1,2"),
    (0, "ce --logits 1,2 --target 0 --target-form cells", {}, 2, "--target-form is index or dist", None),
    (0, "ce --logits 1,2 --target 0 --no-rows", {}, 2, "--no-rows goes with --format json", None),
    (0, "ce --logits - --target -", {}, 2, "standard input (-) can be read only once", None),
    (117, "ce --logits 1,2 --target .5,.4", {}, 3, "--target: row 0: target probabilities sum to 0.9, not 1", None),
    (0, "bce --logits 1;2;3 --target 0;1;0 --weight 1,2", {}, 3, "--logits: weights for 2 rows, but there are more", None),
    (0, "bce --logits 1;2;3 --target 0;1;0 --weight 1,2,3,4", {}, 3, "weights for 4 rows, but there are 3", None),
    (0, "ce x.jsonl --classes a,b,c", {"x.jsonl": '{"logits":[1,2],"target":0}\n'}, 3, "x.jsonl: 3 class names for 2 classes", None),
    (37, "ce http://localhost/x.csv", {}, 4, "http://localhost/x.csv: No such file or directory", None),
    (38, "ce x.csv", {"x.csv": b"PAR1\x15\x04\x15\x80"}, 3, "x.csv:1: not valid UTF-8 (byte 0x80)", "it begins like Parquet: see --input-format"),
    (38, "ce x.csv", {"x.csv": b"PK\x03\x04\x00\x00"}, 3, "x.csv:1: NUL byte", "it begins like a zip of NumPy or torch: see --input-format"),
    (38, "ce x.csv", {"x.csv": '{"logits":[1,2],"target":0}\n'}, 3, "x.csv:1: text after closing quote", "it begins like JSON: see --input-format"),
    (38, "ce x.jsonl", {"x.jsonl": "logit_a,target\n1,0\n"}, 3, "x.jsonl:1: not JSON at column 1: expecting value", None),
    (38, "ce x.parquet", {"x.parquet": "hello"}, 3, "x.parquet: not a Parquet file (starts with 'hello')", None),
    (38, "ce x.feather", {"x.feather": "hello"}, 3, "x.feather: not an Arrow file (starts with 'hello')", None),
    (34, "ce x.jsonl", {"x.jsonl": "\n \n"}, 3, "x.jsonl: no data rows", None),
    (34, "ce x.tsv", {"x.tsv": "logit_a\tlogit_b\ttarget\n"}, 3, "x.tsv: no data rows", None),
    (33, "ce x.npy", {"x.npy": ""}, 3, "x.npy: file is empty", None),
    (33, "ce x.npz", {"x.npz": ""}, 3, "x.npz: file is empty", None),
    (33, "ce x.pt", {"x.pt": ""}, 3, "x.pt: file is empty", None),
    (33, "ce x.safetensors", {"x.safetensors": ""}, 3, "x.safetensors: file is empty", None),
    (33, "ce x.parquet", {"x.parquet": ""}, 3, "x.parquet: file is empty", None),
    (33, "ce x.feather", {"x.feather": ""}, 3, "x.feather: file is empty", None),
    (50, "ce x.csv", {"x.csv": "id,logit_a,logit_b,target\nr,1,2,0\nr,1,2,0,5\n"}, 3, "x.csv:3: expected 4 fields, found 5", None),
    (52, "ce x.csv", {"x.csv": 'id,logit_a,logit_b,target\nr,1,2,0\n"a\nb,1,2,0\n'}, 3, "x.csv:3: quoted field is never closed", None),
    (54, "ce x.csv", {"x.csv": 'id,logit_a,logit_b,target\n"a\nb",1,2,0\n"c\nd",1,x,0\n'}, 3, "x.csv:4: column 'logit_b' (3): cannot read 'x' as a number", None),
    (58, "ce x.csv", {"x.csv": b"\xff\xfel\x00o\x00g\x00i\x00t\x00_\x00a\x00,\x00t\x00a\x00r\x00g\x00e\x00t\x00\n\x00"}, 3, "x.csv: UTF-16 text where UTF-8 is expected", "convert it, or use --encoding utf-16"),
    (58, "ce x.csv", {"x.csv": b"l\x00o\x00g\x00i\x00t\x00_\x00a\x00,\x00t\x00a\x00r\x00g\x00e\x00t\x00\n\x00"}, 3, "x.csv: UTF-16-LE text where UTF-8 is expected", "convert it, or use --encoding utf-16-le"),
    (58, "ce x.csv", {"x.csv": b"\x00l\x00o\x00g\x00i\x00t\x00_\x00a\x00,\x00t\x00a\x00r\x00g\x00e\x00t\x00\n"}, 3, "x.csv: UTF-16-BE text where UTF-8 is expected", "convert it, or use --encoding utf-16-be"),
    (58, "ce x.csv", {"x.csv": b"\xff\xfe\x00\x00l\x00\x00\x00o\x00\x00\x00g\x00\x00\x00i\x00\x00\x00t\x00\x00\x00_\x00\x00\x00a\x00\x00\x00,\x00\x00\x00t\x00\x00\x00a\x00\x00\x00r\x00\x00\x00g\x00\x00\x00e\x00\x00\x00t\x00\x00\x00\n\x00\x00\x00"}, 3, "x.csv: UTF-32 text where UTF-8 is expected", "convert it, or use --encoding utf-32"),
    (90, "ce x.jsonl", {"x.jsonl": b'\xff\xfe{\x00"\x00l\x00o\x00g\x00i\x00t\x00s\x00"\x00:\x00[\x001\x00,\x002\x00]\x00}\x00'}, 3, "x.jsonl: UTF-16 text where UTF-8 is expected", "convert it, or use --encoding utf-16"),
    (90, "ce x.jsonl", {"x.jsonl": b'\x00\x00\x00{\x00\x00\x00"\x00\x00\x00l\x00\x00\x00o\x00\x00\x00g\x00\x00\x00i\x00\x00\x00t\x00\x00\x00s\x00\x00\x00"\x00\x00\x00:\x00\x00\x00[\x00\x00\x001\x00\x00\x00,\x00\x00\x002\x00\x00\x00]\x00\x00\x00}'}, 3, "x.jsonl: UTF-32-BE text where UTF-8 is expected", "convert it, or use --encoding utf-32-be"),
    (58, "ce x.csv --encoding utf-16", {"x.csv": b"\xff\xfel\x00o\x00g\x00i\x00t\x00_\x00a\x00,\x00l\x00o\x00g\x00i\x00t\x00_\x00b\x00,\x00t\x00a\x00r\x00g\x00e\x00t\x00\n\x001\x00,\x002\x00,\x000\x00\x00\xd8\n\x00"}, 3, "x.csv:2: not valid UTF-16", None),
    (59, "ce x.csv", {"x.csv": b"id,logit_a,logit_b,target\n\xe9,1,2,0\n"}, 3, "x.csv:2: not valid UTF-8 (byte 0xe9)", "name the encoding, for example --encoding latin-1"),
    (59, "ce x.csv --encoding shift_jis", {"x.csv": b"note,logit_a,logit_b,target\n\xff,1,2,0\n"}, 3, "x.csv:2: not valid SHIFT_JIS (byte 0xff)", "name the encoding, for example --encoding latin-1"),
    (59, "ce x.jsonl", {"x.jsonl": b'{"note":"\xe9","logits":[1,2],"target":0}\n'}, 3, "x.jsonl:1: not valid UTF-8 (byte 0xe9)", "name the encoding, for example --encoding latin-1"),
    (60, "ce x.csv", {"x.csv": b"not\xe9,logit_a,logit_b,target\nx,1,2,0\n"}, 3, "x.csv:1: not valid UTF-8 (byte 0xe9)", "name the encoding, for example --encoding latin-1"),
    (61, "ce x.csv", {"x.csv": "note,logit_a,logit_b,target\na\x00b,1,2,0\n"}, 3, "x.csv:2: NUL byte", None),
    (64, "ce x.csv", {"x.csv": "logit_a,logit_b,target,\n1,2,0,5\n"}, 3, "x.csv:2: expected 3 fields, found 4", None),
    (65, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,2,0\n\n\n1,2,0\n"}, 3, "x.csv:3: empty line", None),
    (66, "ce x.csv", {"x.csv": "id,logit_a,logit_b,target\n" + "a" * 2**21 + ",1,2,0\n"}, 6, "x.csv:2: field is longer than 1048576 characters", None),
    (66, "ce x.csv", {"x.csv": 'id,logit_a,logit_b,target\n"' + "a\n" * 2**20 + ",1,2,0\n"}, 3, "x.csv:2: quoted field is never closed", None),
    (67, "ce x.csv", {"x.csv": "," * 1_000_001 + "\n"}, 6, "x.csv:1: header has more than 1000000 columns", None),
    (67, "ce x.csv", {"x.csv": "," * (2**26 + 2)}, 6, "x.csv:1: line is longer than 67108864 characters", None),
    (68, "ce x.bin", {"x.bin": b"a\x00b\x01" * 2**20}, 3, "x.bin:1: NUL byte", None),
    (68, "ce x.bin", {"x.bin": b"a\xffb\x01" * 2**20}, 3, "x.bin:1: not valid UTF-8 (byte 0xff)", "name the encoding, for example --encoding latin-1"),
    (70, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n0,5,2,0\n"}, 3, "x.csv:2: expected 3 fields, found 4", None),
    (72, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,١,0\n"}, 3, "x.csv:2: column 'logit_b' (2): cannot read '\\u0661' as a number", None),
    (72, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,0x1,0\n"}, 3, "x.csv:2: column 'logit_b' (2): cannot read '0x1' as a number", None),
    (72, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,1d3,0\n"}, 3, "x.csv:2: column 'logit_b' (2): cannot read '1d3' as a number", None),
    (72, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,1e,0\n"}, 3, "x.csv:2: column 'logit_b' (2): cannot read '1e' as a number", None),
    (72, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,+-1,0\n"}, 3, "x.csv:2: column 'logit_b' (2): cannot read '+-1' as a number", None),
    (72, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,infinit,0\n"}, 3, "x.csv:2: column 'logit_b' (2): cannot read 'infinit' as a number", None),
    (72, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,1 2,0\n"}, 3, "x.csv:2: column 'logit_b' (2): cannot read '1 2' as a number", None),
    (72, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,1_0,0\n"}, 3, "x.csv:2: column 'logit_b' (2): cannot read '1_0' as a number", None),
    (75, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,null,0\n"}, 3, "x.csv:2: column 'logit_b' (2): cannot read 'null' as a number", None),
    (76, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,-1e400,0\n"}, 3, "x.csv:2: column 'logit_b' (2): '-1e400' is outside float64", None),
    (81, "ce x.csv", {"x.csv": "logit_a,logit_b,target\n1,2,99999999999999999999\n"}, 3, "x.csv:2: column 'target' (3): target 1e20 outside 0..1", None),
    (82, "ce x.jsonl", {"x.jsonl": '{"logits":[1,NaN],"target":0}\n'}, 3, "x.jsonl:1: NaN is not JSON; --nan propagate lets it through", None),
    (82, "ce x.jsonl", {"x.jsonl": '{"logits":[1,Infinity],"target":0}\n'}, 3, "x.jsonl:1: column 'logits' (1): logit is inf", None),
    (83, "ce x.jsonl", {"x.jsonl": '{"logits":[1,1e400],"target":0}\n'}, 3, "x.jsonl:1: '1e400' is outside float64", None),
    (84, "ce x.jsonl", {"x.jsonl": '{"logits":[1,' + "1" * 5000 + '],"target":0}'}, 3, "x.jsonl:1: integer too long", None),
    (84, "ce x.json", {"x.json": '{"logits":[[1,' + "1" * 5000 + ']],"target":0}'}, 3, "x.json:1: integer too long", None),
    (86, "ce x.jsonl", {"x.jsonl": '{"logits":[1,2],"target":0}\n{"logits":[1,2],"target":0,"target":1}\n'}, 3, "x.jsonl:2: key 'target' appears twice", None),
    (87, "ce x.jsonl", {"x.jsonl": '{"logits":' + "[" * 10**6}, 3, "x.jsonl:1: nested deeper than 100", None),
    (87, "ce x.json", {"x.json": "[" * 10**6}, 3, "x.json: nested deeper than 100", None),
    (88, "ce x.jsonl", {"x.jsonl": '{"logits":[1,2],"target":0}\n{"logits":[1,2],"targ'}, 3, "x.jsonl:2: ends inside a value", None),
    (89, "ce x.jsonl", {"x.jsonl": '{"logits":[1,2],"target":0} {"logits":[1,2],"target":0}\n'}, 3, "x.jsonl:1: text after the value (column 29)", None),
    (91, "ce x.jsonl", {"x.jsonl": '{"logits":[1,2],"target":0,"id":"\\ud800"}\n'}, 3, "x.jsonl:1: half a surrogate pair is no character", None),
    (91, "ce x.jsonl", {"x.jsonl": '{"logits":[1,2],"target":0,"note":"\\ud800"}\n'}, 3, "x.jsonl:1: half a surrogate pair is no character", None),
    (91, "ce x.json", {"x.json": '{"logits":[[1,2]],\n"target":[0],"ids":["\\ud800x"]}\n'}, 3, "x.json:2: half a surrogate pair is no character", None),
    (93, "ce x.jsonl", {"x.jsonl": '{"logits":[1,2],"target":0}\n{"target":0,"x":1}\n'}, 3, "x.jsonl:2: no 'logits' (keys: target, x)", None),
    (94, "ce x.jsonl", {"x.jsonl": '{"logit_a":1,"logit_b":2,"target":0}\n{"logit_a":1,"logit_b":null,"target":0}\n'}, 3, "x.jsonl:2: column 'logit_b' (2): expected a number, found null", None),
    (94, "ce x.jsonl", {"x.jsonl": '{"logit_a":1,"logit_b":2,"target":0}\n{"logit_a":1,"logit_b":true,"target":0}\n'}, 3, "x.jsonl:2: column 'logit_b' (2): expected a number, found true", None),
    (94, "ce x.jsonl", {"x.jsonl": '{"logit_a":1,"logit_b":2,"target":0}\n{"logit_a":1,"logit_b":"2","target":0}\n'}, 3, "x.jsonl:2: column 'logit_b' (2): expected a number, found the text '2'", None),
    (94, "ce x.jsonl", {"x.jsonl": '{"logit_a":1,"logit_b":2,"target":0}\n{"logit_a":1,"logit_b":[1],"target":0}\n'}, 3, "x.jsonl:2: column 'logit_b' (2): expected a number, found a list", None),
    (94, "ce x.jsonl", {"x.jsonl": '{"logit_a":1,"logit_b":2,"target":0}\n{"logit_a":1,"logit_b":{},"target":0}\n'}, 3, "x.jsonl:2: column 'logit_b' (2): expected a number, found an object", None),
    (94, "bce x.jsonl", {"x.jsonl": '{"logit":1,"target":"0"}\n'}, 3, "x.jsonl:1: column 'target' (2): expected a number, found the text '0'", None),
    (94, "ce x.jsonl", {"x.jsonl": '{"logits":[1,2],"target":0}\n{"logits":[1,null],"target":0}\n'}, 3, "x.jsonl:2: logits[1] is null", None),
    ("109b", "ce x.json", {"x.json": '{"logits":[[1,2],[3,4]],"target":[0,1,1]}'}, 3, "x.json: 2 rows of values, 3 targets", "give one class index for each row, or one probability for each class"),
    ("109b", "ce x.json", {"x.json": '{"logits":[[1,2],[3,4]],"target":[[0],[1]]}'}, 3, "x.json: values of shape (2, 2) and a target of shape (2, 1)", "class indices have the shape (2,): leave the axis of length 1 out"),
    (117, "ce --logits 1,2 --target 1.5,-.5", {}, 3, "--target: row 0, class 0: target 1.5 outside 0..1", None),
    (118, "ce --logits 1,2 --target 0 --label-smoothing=-0.1", {}, 2, "--label-smoothing '-0.1' is outside 0..1", None),
    (121, "ce --logits 1,2 --target 0 --weight nan,1", {}, 3, "--weight: weight 0 is nan, expected finite and at least 0", None),
    (121, "ce --logits 1,2 --target 0 --weight x,1", {}, 2, "--weight 'x,1': cannot read 'x' as a number", None),
    (43, "ce x.csv --max-bytes 1K", {"x.csv": H + "1,2,0\n" * 999}, 6, "x.csv: more than --max-bytes 1K", None),
    (43, "ce x.csv.gz --max-bytes 1k", {"x.csv.gz": gzip.compress((H + "1,2,0\n" * 999).encode())}, 6, "x.csv.gz: more than --max-bytes 1k", None),
    (0, "ce x.json --delimiter ;", {"x.json": '{"logits":[[1,2]],"target":[0]}'}, 3, "x.json: --delimiter goes with CSV and TSV", None),
    (0, "ce --logits 1,2 --target 0 --delimiter ;", {}, 2, "--delimiter goes with a file", None),
    (0, "ce x.json --no-header", {"x.json": '{"logits":[[1,2]],"target":[0]}'}, 3, "x.json: --no-header goes with CSV and TSV", None),
    (0, "ce --logits 1,2 --target 0 --no-header", {}, 2, "--no-header goes with a file", None),
    (0, "ce x.json --logits-cols a", {"x.json": '{"logits":[[1,2]],"target":[0]}'}, 3, "x.json: --logits-cols goes with tables: CSV, TSV, JSON lines, Parquet, Arrow", None),
    (0, "ce --logits 1,2 --target 0 --logits-cols a", {}, 2, "--logits-cols goes with a file", None),
    (0, "ce x.json --id-col a", {"x.json": '{"logits":[[1,2]],"target":[0]}'}, 3, "x.json: --id-col goes with tables: CSV, TSV, JSON lines, Parquet, Arrow", None),
    (0, "ce --logits 1,2 --target 0 --id-col a", {}, 2, "--id-col goes with a file", None),
    (0, "ce --logits 1,2 --target 0 --encoding latin-1", {}, 2, "--encoding goes with a file", None),
    (0, "ce x.jsonl --no-header", {"x.jsonl": '{"logits":[1,2],"target":0}\n'}, 3, "x.jsonl: --no-header goes with CSV and TSV", None),
    (0, "ce x.csv --transpose", {"x.csv": "logit_a,logit_b,target\n1,2,0\n"}, 3, "x.csv: --transpose goes with values as arguments, JSON documents and arrays", None),
    (0, "ce x.csv --sample-weight w.csv", {"x.csv": "logit_a,logit_b,target\n1,2,0\n1,2,1\n", "w.csv": "w\n1\n-2\n"}, 3, "w.csv:3: column 'w' (1): sample weight -2 is not finite and at least 0", None),
    (0, "ce x.csv y.csv", {"x.csv": "logit_a,logit_b,target,sample_weight\n1,2,0,1\n", "y.csv": "logit_a,logit_b,target,sample_weight\n1,2,0,1\n1,2,0,nan\n"}, 3, "y.csv:3: column 'sample_weight' (4): sample weight nan is not finite and at least 0", None),
]
# fmt: on


def written(files: dict[str, str | bytes], folder: Path) -> None:
    """Put files into a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize(("line", "files", "status", "error", "hint"), [*map(of_row, CASES)])
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
    written(files, tmp_path)
    before = sorted(tmp_path.rglob("*"))

    found = status_of(line.split())

    expected = f"cecalc: error: {error}\n" + (f"cecalc: hint: {hint}\n" if hint else "")
    out, err = capfd.readouterr()
    assert (found, err, out) == (status, expected, "")
    assert sorted(tmp_path.rglob("*")) == before
    assert all(len(text) <= MESSAGE_BYTES for text in err.splitlines())


@pytest.mark.parametrize(("_row", "line", "files", "status", "error", "hint"), CASES[::4])
def test_machines_are_told_the_same(
    _row: object,
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
    written(files, tmp_path)
    assert status_of([*line.split(), "--errors", "json"]) == status
    out, err = capfd.readouterr()
    (told,) = map(json.loads, err.splitlines())
    place = Place(
        source=told["file"]
        or (told["option"] if f"{told['option']}" not in told["rule"] else None),
        line=told["line"],
        row=told["row"],
        column=told["column"] if told["column_number"] is not None else None,
        label=told["column"] if told["column_number"] is None else None,
        number=told["column_number"],
    )
    text = message(DataError(told["rule"], place=place, hint=told["hint"]))
    assert text.splitlines()[0] == f"cecalc: error: {error}"
    assert (told["status"], told["hint"], out) == (status, hint, "")
    assert Status[told["kind"].upper()] == status


@pytest.mark.parametrize(
    ("row", "value"),
    [
        ("1,x3,0,1", "x3"),
        ("1,,0,1", ""),
        ("1,nan,0,1", "nan"),
        ("1,2,7,1", "7"),
        ("1,2,0,-3", "-3"),
        ("-inf,-inf,0,1", None),
    ],
)
def test_machines_are_told_the_value(
    row: str, value: str | None, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f"logit_a,logit_b,target,sample_weight\n{row}\n")
    assert status_of(["ce", str(path), "--errors=json"]) == Status.DATA
    assert json.loads(capfd.readouterr().err)["value"] == value


def test_every_status_but_the_rest_is_met() -> None:
    assert {status for _, _, _, status, _, _ in CASES} == {
        Status.USAGE,
        Status.DATA,
        Status.INPUT,
        Status.OUTPUT,
        Status.LIMIT,
    }
