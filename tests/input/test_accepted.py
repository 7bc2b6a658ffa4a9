"""What looks odd and is right: read, computed, and worth at most a hint."""

from __future__ import annotations

import math
import os
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from cecalc.cli import status_of
from tests.faults import of_row
from tests.input.array_files import npy, npz, pt, zipped
from tests.shell import InProcess

H = "logit_a,logit_b,target\n"
ROW = "1.3132616875182228"  # of logits 1, 2 and class 0: ln(1 + e)
ROWS = H + "1,2,0\n" * 4
OFF = "{} probabilities sum to 1 only within 0.01; used as they are"
LN = math.log(0.33)

# fmt: off
# the row of tests/faults.py, the command line, the files it finds, what -q prints, the hint
CASES: list[tuple[int | str | tuple[int, ...], str, dict[str, str | bytes], str, str | None]] = [
    (37, "ce [o]k.csv", {"[o]k.csv": ROWS, "ok.csv": "bad"}, ROW, None),
    (51, "ce x.csv", {"x.csv": "note," + H + "1x,1,2,0\n,1,2,0\n"}, ROW, None),
    (54, "ce x.csv", {"x.csv": "note," + H + '"a\nb",1,2,0\n'}, ROW, None),
    (55, "ce x.csv", {"x.csv": ROWS.replace("\n", "\r\n")}, ROW, None),
    (55, "ce x.csv", {"x.csv": ROWS.replace("\n", "\r\n", 2)}, ROW, None),
    (56, "ce x.csv", {"x.csv": ROWS.replace("\n", "\r")}, ROW, None),
    (57, "ce x.csv", {"x.csv": "\ufeff" + ROWS}, ROW, None),
    (58, "ce x.csv --encoding utf-16", {"x.csv": ROWS.encode("utf-16")}, ROW, None),
    (59, "ce x.csv", {"x.csv": b"note,logit_a,logit_b,target\n\xe9,1,2,0\n"}, ROW, None),
    (64, "ce x.csv", {"x.csv": ROWS.replace("\n", ",\n")}, ROW, None),
    (65, "ce x.csv", {"x.csv": ROWS + "\n\r\n\n"}, ROW, None),
    (72, "ce x.csv", {"x.csv": H + "+1.,.2e+1,0\n"}, ROW, None),
    (73, "ce x.csv", {"x.csv": H + " 1,2 ,\t0 \n"}, ROW, None),
    (76, "ce x.csv", {"x.csv": H + "1e-400,-1e-400,0\n"}, "0.6931471805599453", None),
    (77, "ce x.csv", {"x.csv": H + "1.000000000000000000000001,2.000000000000000000000000,0\n"}, ROW, None),
    (78, "ce x.csv", {"x.csv": H + "1,2,0.0\n1,2,0e5\n1,2,-0\n"}, ROW, None),
    (82, "ce x.jsonl --nan propagate", {"x.jsonl": '{"logits":[1,NaN],"target":0}'}, "nan", None),
    (82, "ce x.jsonl", {"x.jsonl": '{"logits":[1,-Infinity],"target":0}'}, "0", None),
    (85, "ce x.jsonl", {"x.jsonl": '{"logits":[9007199254740993,0],"target":1}'}, "9007199254740992", None),
    (90, "ce x.jsonl", {"x.jsonl": '\ufeff{"logits":[1,2],"target":0}'}, ROW, None),
    (93, "ce x.jsonl", {"x.jsonl": '{"logits":[1,2],"target":0}\n{"late":1,"target":0,"logits":[1,2]}'}, ROW, None),
    (106, "ce x.npz", {"x.npz": npz(8, logits=np.array([[1.0, 2]]), target=np.array(["cat"]), classes=np.array(["cat", "dog"]))}, ROW, None),
    (106, "ce --logits x.npy --target t.npy --classes cat,dog", {"x.npy": npy(np.array([[1.0, 2]])), "t.npy": npy(np.array([b"cat"]))}, ROW, None),
    (106, "ce --logits x.npy --target t.npy --classes 7,5 --target-as name", {"x.npy": npy(np.array([[1.0, 2]] * 2)), "t.npy": npy(np.array(["7", "7"]))}, ROW, None),
    (106, "ce x.csv --target t.npy", {"x.csv": "logit_cat,logit_dog\n1,2\n1,2\n", "t.npy": npy(np.array(["cat", "cat"]))}, ROW, None),
    (106, "ce --logits 1,2 --target t.npy --classes cat,dog", {"t.npy": npy(np.array(["cat"]))}, ROW, None),
    (107, "ce x.npz", {"x.npz": npz(logits=np.array([[1, 2]], ">f8"), target=np.array([0], ">i4"))}, ROW, None),
    (107, "ce --logits x.npy --target 0,0", {"x.npy": npy(np.array([[1.0, 2], [1, 2]], order="F"))}, ROW, None),
    (108, "ce --logits x.npy --target 1", {"x.npy": npy(np.array([[60000, -60000]], "f2"))}, "120000", None),
    (108, "ce --logits x.pt --target 1", {"x.pt": pt(torch.tensor([[2.0**100, 0]], dtype=torch.bfloat16))}, "1267650600228229401496703205376", None),
    (109, "ce --logits x.npz --target 0", {"x.npz": zipped({"../../evil.npy": npy(np.array([[1.0, 2]]))})}, ROW, None),
    ("109b", "ce --logits x.pt --target 0", {"x.pt": pt(torch.tensor([[1.0, 2]], requires_grad=True))}, ROW, None),
    ("109b", "ce --logits x.npy --target 0", {"x.npy": npy(np.array([1.0, 2]))}, ROW, None),
    (110, "ce x.csv --nan propagate", {"x.csv": H + "nan,2,0\n"}, "nan", None),
    (112, "ce --logits=-inf,2 --target 1", {}, "0", None),
    (113, "ce --logits=-inf,2 --target 0", {}, "inf", None),
    (115, "ce --logits=-inf,2 --target 0,1", {}, "0", "a -inf logit where the target is 0 costs nothing here; torch prints nan"),
    (116, "ce --logits=-inf,2 --target 1 --label-smoothing .1", {}, "inf", "-inf logits and label smoothing conflict: the loss of such a row is inf"),
    (117, "ce --logits 1,2 --target .5,.505", {}, str(0.5 * math.log1p(math.e) + 0.505 * math.log1p(math.exp(-1))), "target probabilities sum to 1 only within 0.005; used as they are"),
    (117, "ce --logits 1,2 --target 1,1 --unchecked", {}, str(math.log1p(math.e) + math.log1p(math.exp(-1))), None),
    (117, "bce --probs=-0.5 --target 1 --unchecked", {}, "nan", None),
    (117, "ce --logits 1,2 --target 0.333333,0.666667", {}, str(0.333333 * math.log1p(math.e) + 0.666667 * math.log1p(math.exp(-1))), None),
    (117, "ce --logits 1,2,1 --target .33,.33,.33", {}, str(0.33 * (3 * math.log(2 + math.e) - 1)), OFF.format("target")),
    (117, "ce --logits 1,2,1 --target .34,.33,.34", {}, str(1.01 * math.log(2 + math.e) - 0.33), OFF.format("target")),
    (117, "ce --probs .33,.33,.33 --target 0", {}, str(-math.log(0.33)), OFF.format("predicted")),
    (117, "ce --probs .34,.33,.34 --target 0", {}, str(-math.log(0.34)), OFF.format("predicted")),
    (117, "ce --log-probs=-1.1087,-1.1087,-1.1087 --target 0", {}, "1.1087", OFF.format("predicted")),
    (117, "ce x.csv", {"x.csv": "prob_a,prob_b,prob_c,target\n.33,.33,.33,0\n"}, str(-math.log(0.33)), OFF.format("predicted")),
    (117, "ce x.csv", {"x.csv": f"log_prob_a,log_prob_b,log_prob_c,target\n{LN},{LN},{LN},0\n"}, str(-LN), OFF.format("predicted")),
    (117, "ce x.npz", {"x.npz": npz(probs=np.full((1, 3), 0.33, "f4"), target=np.zeros(1, int))}, str(-math.log(np.float32(0.33))), OFF.format("predicted")),
    (117, "ce x.jsonl", {"x.jsonl": '{"logits":[1,2,1],"target":[0.33,0.33,0.33]}'}, str(0.33 * (3 * math.log(2 + math.e) - 1)), OFF.format("target")),
    (119, "ce --logits 1,2 --target=-100 --reduction sum", {}, "0", None),
    (120, "ce --logits=nan,2;1,2 --target=-100,0", {}, ROW, None),
    (121, "ce --logits=1,2 --target=0 --weight 0,1 --reduction sum", {}, "0", None),
    (122, "ce --logits=1,2;1,2 --target=0,1 --weight 3,1", {}, str((3 * math.log1p(math.e) + math.log1p(math.exp(-1))) / 4), None),
    (122, "ce --logits=1,2 --target=1,0 --weight 3,1", {}, str(3 * math.log1p(math.e)), None),
    (123, "ce --logits=40,0 --target=0", {}, str(math.log1p(math.exp(-40))), None),
    (124, "ce --logits=1.7e308,-1.7e308 --target=1", {}, "inf", None),
    (129, "bce --logits=inf,-inf --target=1,0", {}, "0", None),
    (129, "bce --logits=inf --target=0", {}, "inf", None),
    (129, "bce --logits=-inf --target=1", {}, "inf", None),
    (130, "bce --probs=0 --target=1", {}, "100", "ln 0 in 1 cell: clamped at -100, as torch does; --no-clamp gives inf, --clip float64 scikit-learn's value"),
    (130, "bce --probs=0 --target=1 --no-clamp", {}, "inf", None),
    (130, "bce --probs=1,0 --target=1,0", {}, "0", None),
]
# fmt: on


@pytest.mark.parametrize(("line", "files", "number", "hint"), [*map(of_row, CASES)])
def test_accepted(
    line: str,
    files: dict[str, str | bytes],
    number: str,
    hint: str | None,
    cecalc: InProcess,
) -> None:
    ended = cecalc(f"{line} -f json", files)
    assert (ended.status, ended.said) == (0, f"cecalc: hint: {hint}\n" if hint else "")
    status, out, err = cecalc(f"{line} -q")
    assert (status, err) == (0, "")
    assert float(out) == pytest.approx(float(number), rel=4e-16, nan_ok=True)
    assert not out.startswith("-")


@pytest.mark.fault(59)
def test_bytes_that_are_not_used_pass_as_they_came(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"note,logit_a,logit_b,target\n\xe9\xff,1,2,0\n")
    assert status_of(["ce", str(path), "-f", "csv"]) == 0
    assert capfdbinary.readouterr().out.splitlines()[1].startswith(b"\xe9\xff,1,2,0,")


@pytest.mark.fault(108)
def test_the_stored_dtype_is_shown(cecalc: InProcess) -> None:
    stored = {"x.npy": npy(np.array([[1, 2]], "f2"))}
    status, out, _ = cecalc("ce --logits x.npy --target 0", stored)
    assert status == 0 and "float16" in out


@pytest.mark.fault(122)
def test_the_denominator_is_named(cecalc: InProcess) -> None:
    for target, name in (("0", "sum of class weights"), ("1,0", "rows")):
        status, out, _ = cecalc(f"ce --logits 1,2 --target {target} --weight 3,1 -f json")
        assert status == 0 and f'"denominator_is": "{name}"' in out


FORMS = {
    "x.csv": ROWS.encode(),
    "x.jsonl": b'{"logits":[1,2],"target":0}\n' * 3,
    "x.json": b'{"logits":[[1,2]],"target":[0]}',
    "x.npz": npz(logits=np.array([[1.0, 2]]), target=np.array([0])),
}


@pytest.mark.fault(32)
@pytest.mark.parametrize("name", FORMS)
def test_a_fifo_is_read(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / name
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(FORMS[name],))
    writer.start()
    assert status_of(["ce", str(path), "-q"]) == 0
    writer.join()
    assert capfd.readouterr().out == f"{ROW}\n"
