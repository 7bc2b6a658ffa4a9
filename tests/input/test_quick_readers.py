"""What a quick reader reads, the strict one reads exactly so; the rest it leaves to that one."""

from __future__ import annotations

import pytest

from cecalc.input.layout import Wanted
from cecalc.input.text import MAX_FIELD
from cecalc.request import InputRequest
from cecalc.terms import Task
from tests.input.damaged_texts import Case, case
from tests.input.fuzz_quick import compared

SEEDS, PARTS = 1200, 4
HEADER = "id,logit_a,logit_b,target\n"
GOOD = HEADER + "r,1,2,0\n"
ROW = '{"logits": [1, 2], "target": 0}\n'
ODD = '{{"logit": 1, "target": 0, "x": {}}}\n'
LONG = "x" * (MAX_FIELD + 1)

# fmt: off
CASES = {
    "the last row broken in two": "logit,target\n1,0\n2\n0",
    "a row broken in two, then one too long": "logit,target\n1,0\n2\n0,3\n",
    "a byte order mark that is not the file's": 'logit_a,logit_b,target\n\ufeff1,"2",0\n',
    "a line end in quotes, none at the end": HEADER + '"x\ny",1,2,0\nz,1,2,0',
    "a line end in quotes": HEADER + '"x\ny",1,2,0\nz,1,2,0\n',
    "a field beyond the limit": GOOD + f"{LONG},1,2,0\n",
    "a quoted field beyond the limit": GOOD + f'"{LONG}",1,2,0\n',
    "quoted lines beyond the limit": GOOD + '"' + "\n".join([LONG[:999]] * 1100) + '",1,2,0\n',
    "many doubled quotes beyond the limit": GOOD + '"' + '""\n' * MAX_FIELD + '",1,2,0\n',
    "a long row": ",".join(f"logit_{i}" for i in range(300)) + "\n" + "1,".ljust(4000) * 299 + "1",
    "only class names": "target\na\nb\n",
    "quoted class names": 'target\n"a"\n"b"\n',
    "class names, one row too long": "target\na\nb,c\n",
    "quotes around some, a blank line": 'logit,target\n"1",0\n\n2,0\n',
}
JSON_CASES = {
    "blank lines": ROW + "\n\n" + ROW,
    "a blank line, no line end at the end": ROW + "\n" + ROW.strip(),
    "blank lines at the end": ROW + ROW + "\n\n",
    "spaces at the end of a line": ROW + ROW.strip() + "  \n",
    "a line of what only Python calls blank": ROW + "\xa0\n" + ROW,
    "no id": '{"id": "r", "logits": [1, 2], "target": 0}\n' + ROW,
    "lists beside each other": '{"logit_a": [1, 2], "logit_b": [3, 4], "target": 0}\n' * 2,
    "a list of weights": '{"sample_weight": [1, 2], "logits": [3, 4], "target": 0}\n' * 2,
    "lists of one weight": '{"sample_weight": [1], "logits": [3, 4], "target": 0}\n' * 2,
    "NaN in a field nobody asks for": ODD.format("1") + ODD.format("NaN"),
    "infinity deep in such a field": ODD.format("[1]") + ODD.format("[Inf]"),
    "half a surrogate pair as a key": '{"\\ud800": 1, "logits": [3, 4], "target": 0}\n' * 2,
    "a ragged first row": ROW.replace("1, 2", "[1], [2, 3]") + ROW.replace("1, 2", "[1]"),
    "bare CR": ROW.replace("\n", "\r") * 3,
}
# fmt: on


@pytest.mark.parametrize("part", range(PARTS))
def test_damaged_texts(part: int) -> None:
    found = {seed: list(compared(case(seed))) for seed in range(part, SEEDS, PARTS)}
    assert {s: faults for s, parts in found.items() if (faults := [f for f in parts if f])} == {}
    assert sum(map(bool, found.values())) > SEEDS / PARTS / 5  # enough of them were read quickly


@pytest.mark.parametrize("name", CASES)
def test_delimited(name: str) -> None:
    _check(CASES[name], ",")


@pytest.mark.parametrize("delimiter", ["§", "→", " ", ";", "|", "\\", "'", "1"])
def test_any_delimiter(delimiter: str) -> None:
    text = HEADER + "ħr,0,2,0\n" + '"q",0,2,0\n'
    _check(text.replace(",", delimiter), delimiter)


@pytest.mark.parametrize("name", JSON_CASES)
def test_json_lines(name: str) -> None:
    _check(JSON_CASES[name], None)


def _check(text: str, delimiter: str | None) -> None:
    has_values = "logit" in text
    request = InputRequest(Task.CE, classes=None if has_values else ("a", "b"))
    wanted = Wanted(values=has_values, only=not has_values)
    for size in (1, 2**24) if len(text) < 1000 else (2**24,):
        tried = Case(text.encode(), delimiter, request, wanted, size)
        assert [fault for fault in compared(tried) if fault] == []
