"""What a type checker knows of Python's interface, written from the options and the figures.

``python -m tests.python.test_typed`` writes it anew.
"""

from __future__ import annotations

import re
import subprocess
import sys
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from cecalc.cli.commands import program
from cecalc.cli.options import Options
from cecalc.output.figures import FIGURES
from cecalc.python.calls import _OF_TEXT, DATA

STUB = Path(__file__).parents[2] / "cecalc" / "python" / "typed.pyi"
_NAMED = {"value", "inputs", "target"}
"""Arguments, which the functions name themselves."""
_HEAD = """\
# Written by tests/python/test_typed.py from the commands' options and a report's figures.
from collections.abc import Collection
from typing import Any, Literal, TypedDict

class Figures:
"""


def written() -> str:
    """The file as it has to be."""
    lines = [_HEAD.rstrip("\n")]
    figures = {f.name: f for f in FIGURES if f.json}
    for name, figure in figures.items():
        is_count = name.endswith(("_given", "_used", "_ignored"))
        kind = "str" if figure.is_words else "int" if is_count else "float"
        lines.append(f"    {name}: {kind}")
    for name in ("ce", "bce", "softmax", "sigmoid", "why"):
        lines += ["", f"class {name.title()}(TypedDict, total=False):"]
        params = [str(param.name) for param in program().commands[name].params]
        taken = [p for p in params if p not in _OF_TEXT | _NAMED | {"help"}]
        lines += [_folded(f"    {option}: {_kind(name, option)}") for option in taken]
    return "\n".join(lines) + "\n"


def _folded(line: str) -> str:
    """A line as ruff folds it: one choice below the other."""
    if len(line) <= 100:
        return line
    name, choices = line.split(": Literal[")
    folded = "".join(f"            {choice},\n" for choice in choices.split("]")[0].split(", "))
    return f"{name}: (\n        Literal[\n{folded}        ]\n        | None\n    )"


def _kind(command: str, name: str) -> str:
    """The type of an option's value."""
    if name in DATA:
        return "Any"
    if name in ("by", "classes") or name.endswith("_cols"):
        return "str | Collection[object] | None"
    args = getattr(Options, "__annotations__")[name].__origin__  # noqa: B009  # no string here
    union = [kind for kind in get_args(args) if kind is not type(None)]
    kind: Any = args if get_origin(args) is Literal or not union else union[0]
    if kind is bool:
        return "bool"
    if get_origin(kind) is Literal:
        said = _choice([*get_args(kind)])
    else:
        is_enum = issubclass(kind, Enum)
        said = _choice([each.value for each in kind]) if is_enum else kind.__name__
    if name in ("clip", "max_bytes") or (command == "why" and name in _FREE):
        said += " | str"
    return f"{said} | None"


_FREE = ("batch_size", "label_smoothing")
"""What may be any."""


def _choice(values: list[Any]) -> str:
    quoted = [f'"{value}"' for value in values]
    return f"Literal[{', '.join(quoted)}]"


def test_the_types_are_those_of_the_options() -> None:
    assert STUB.read_text() == written()


KNOWN = {
    "reveal_type(r.loss)": '"float"',
    "reveal_type(r.rows_used)": '"int"',
    "reveal_type(r.signature)": '"str"',
    "reveal_type(r.explain(0))": '"cecalc.python.result.View"',
    "r.los": 'has no attribute "los"',
    "cecalc.ce(x, [0], labelsmoothing=3)": 'Unexpected keyword argument "labelsmoothing"',
    "cecalc.softmax(x, by='class')": 'Unexpected keyword argument "by"',
    "cecalc.ce(x, [0], reduction='avg')": "incompatible type",
    "cecalc.ce(x, [0], reduction='sum', classes=('a', 'b'), top=1, no_hints=True)": None,
    "cecalc.why(np.float32(3), x, [0], batch_size='any').to_dict()": None,
    "cecalc.softmax(x, log=True).explain(0)": None,
}


def test_a_type_checker_knows(tmp_path: Path) -> None:
    head = ["import cecalc, numpy as np", "x = [[1.0, 2.0]]", "r = cecalc.ce(x, [0])"]
    file = tmp_path / "program.py"
    file.write_text("\n".join([*head, *KNOWN]) + "\n")
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(STUB.parents[2] / ".mypy_cache")]
    out = subprocess.run([*command, file], check=False, capture_output=True, text=True).stdout
    said = {
        line: re.findall(rf"{file.name}:{number}: (?:error|note): (.*)", out)
        for number, line in enumerate(KNOWN, len(head) + 1)
    }
    for line, told in KNOWN.items():
        assert told in said[line][0] if told else not said[line], (line, out)


if __name__ == "__main__":
    STUB.write_text(written())
