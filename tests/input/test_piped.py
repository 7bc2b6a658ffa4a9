"""Numbers of a pipe, for an option that is given `-`: read as they would be on the command line."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.shell import shell

TYPED = [
    ("ce --logits {} --target 2", "2,-3,.8,1.2"),
    ("ce --logits {} --target 0,1", "2,-3; .8,1.2"),
    ("ce --logits {} --target 1", "  2 -3 \t 1 "),
    ("ce --logits {} --target 1", "[ 2. -3.  1.]"),
    ("ce --logits {} --target 1,0", "[[ 2. -3.]\n [ 1.  4.]]"),
    ("ce --logits {} --target 1,0", "tensor([[ 2., -3.],\n        [ 1.,  4.]])"),
    ("ce --probs {} --target 1", ".25,.75"),
    ("bce --logits {} --target 1,0", "2,-3"),
    ("bce --logits {} --target 1", "2"),
    ("ce --logits '2,1;3,4' --target {}", "1,0"),
    ("ce --logits 2,1,4 --target {}", "2"),
    ("ce --logits 2,1 --target {}", ".5,.5"),
    ("ce --logits '2,1;3,4' --target 0,0 --sample-weight {}", "1,3"),
    ("ce --logits 2,1 --target 0 --weight {}", "1,3"),
    ("softmax --logits {}", "2,-3,.8,1.2"),
    ("sigmoid --logits {}", "array([2, -3])"),
]


@pytest.mark.parametrize(("line", "text"), TYPED)
@pytest.mark.parametrize("end", ["", "\n"])
def test_a_pipe_is_read_as_an_argument(line: str, text: str, end: str, tmp_path: Path) -> None:
    typed = shell(f"cecalc {line.format(shlex.quote(text))} -q", tmp_path)
    piped = shell(f"printf %s {shlex.quote(text + end)} | cecalc {line.format('-')} -q", tmp_path)
    assert piped == typed
    assert (typed[0], typed[2]) == (0, "")


REFUSED = [
    ("2,-3\n4,5\n", "standard input:1: the first line is all numbers, where the names of the"),
    ("2,-3,x\n", "standard input: no data rows"),
    ("", "nothing on standard input"),
]


@pytest.mark.parametrize(("text", "said"), REFUSED)
def test_what_could_be_a_table_is_not_guessed_at(text: str, said: str, tmp_path: Path) -> None:
    line = f"printf %s {shlex.quote(text)} | cecalc softmax --logits - 2>&1 | head -1"
    assert shell(line, tmp_path)[1].startswith(f"cecalc: error: {said}")


def test_a_second_line_that_comes_late_is_seen(tmp_path: Path) -> None:
    line = "{ echo 1,2; sleep .4; echo 3,4; } | cecalc softmax --logits - --errors json"
    assert shell(f"{line} 2>&1 | grep -c 'all numbers'", tmp_path)[1] == "1\n"
