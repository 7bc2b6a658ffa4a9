"""Help: a screen for -h, everything for --help; errors in colour at a terminal."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from cecalc.cli.commands import program
from cecalc.cli.options import PARAMETERS
from cecalc.cli.terminal import VARIABLES
from tests.shell import InProcess, environment, terminal
from tests.shell import program as ours

COMMANDS = program().commands
CE = """\
 cecalc ce [OPTIONS] [FILE]...

 Cross-entropy, softmax inside: nn.CrossEntropyLoss.

   cecalc ce --logits 2,-3,0.8,1.2 --target 2
   cecalc ce predictions.csv
   loss=$(cecalc ce predictions.csv -q)

   FILE                  A table, JSON or arrays; - is standard input
   --logits ROW|FILE     Raw outputs: 2,-3,0.8 is one row, 2,1;4,3 are two
   --probs ROW|FILE      Probabilities, given in the same way
   --target TARGET|FILE  A class for each row, by number or name; for bce 0 or 1
   --target-col COL      The column of targets
   -f, --format          How it is written: table, json, jsonl, csv, tsv,
                         markdown, md, html, parquet, arrow
   -q, --quiet           Only the number (or numbers), in full precision
   --top K               Only the K highest losses, highest first
   --by COLS             The loss of each group: by class, or a column

   cecalc ce --help  every option, in order
   cecalc guide      pages: concepts, which-loss, columns, output, ...
"""
ROOT = """\
 cecalc [OPTIONS] COMMAND [ARGS]...

 Computes and explains cross-entropy and binary cross-entropy, row by row.

   cecalc ce --logits 2,-3,0.8,1.2 --target 2
   cecalc ce predictions.csv --top 5
   cecalc why 0.8166 predictions.csv

   ce       Cross-entropy, softmax inside: nn.CrossEntropyLoss.
   bce      Binary cross-entropy, sigmoid inside: nn.BCEWithLogitsLoss.
   softmax  Logits to probabilities, a row together.
   sigmoid  Logits to probabilities, each alone.
   explain  Both losses, step by step, and which of them is this problem's.
   why      Which mistakes would make a training loop print another number.
   guide    What a number means and how to ask for it: a page for each topic.

   -V, --version  The version

   cecalc COMMAND -h  examples and the options most used; --help: all of them
"""


@pytest.mark.parametrize(("line", "page"), [("-h", ROOT), ("ce -h", CE)])
def test_h_is_this_screen(line: str, page: str, cecalc: InProcess) -> None:
    assert cecalc(line) == (0, page, "")


@pytest.mark.parametrize("columns", ["60", "80", "200"])
@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_h_fits_a_screen(name: str, columns: str, tmp_path: Path) -> None:
    status, shown = terminal([*name.split(), "-h"], tmp_path, COLUMNS=columns, NO_COLOR="1")
    lines = shown.splitlines()
    assert status == 0
    assert max(map(len, lines)) <= int(columns)
    assert len(lines) <= (24 if columns != "60" else 34)
    assert len([line for line in lines if line.startswith("   ") and "cecalc" in line]) >= 3


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_every_option_in_order_and_no_type(name: str, cecalc: InProcess) -> None:
    status, text, _ = cecalc(f"{name} --help")
    taken = [param for param in COMMANDS[name].params if not param.hidden]
    places = [
        text.index(f"   {', '.join(param.opts)} ") for param in taken if "--" in param.opts[-1]
    ]
    assert status == 0
    assert len(places) > 1 and len({*places}) == len(places)
    assert not re.search("<|>|bool|list\\[", text)
    assert max(map(len, text.splitlines())) <= 80


def test_help_names_the_variables(cecalc: InProcess) -> None:
    for text in (cecalc("ce --help").out, cecalc("--help").out):
        assert {name for name in VARIABLES.values() if name not in text} == set()


def test_the_version_has_a_short_name(cecalc: InProcess) -> None:
    assert cecalc("-V") == cecalc("--version")


HELP = ["ce", "-h"]
WRONG = ["ce", "1,2", "0"]
PAINTED = "cecalc: \x1b[31merror:\x1b[0m stray '1,2': the numbers of a row are one value\n"
TRY = "cecalc: try: \x1b[1mcecalc ce --logits=1,2 --target 0\x1b[0m\n"


@pytest.mark.parametrize(
    ("more", "options", "is_painted"),
    [
        ({}, [], True),
        ({"NO_COLOR": "1"}, [], False),
        ({"TERM": "dumb"}, [], False),
        ({"NO_COLOR": "1"}, ["--color", "always"], True),
        ({}, ["--color=never"], False),
        ({"CECALC_COLOR": "never"}, [], False),
        ({"CECALC_COLOR": "never"}, ["--color", "auto"], True),
    ],
)
def test_a_terminal_gets_colours(
    more: dict[str, str], options: list[str], is_painted: bool, tmp_path: Path
) -> None:
    asked = [*WRONG, *options]
    shown = terminal(asked, tmp_path, COLUMNS="200", **more)[1]
    command = " ".join(["cecalc ce", *options, "--logits=1,2 --target 0"])
    expected = PAINTED + TRY.replace("cecalc ce --logits=1,2 --target 0", command)
    assert shown == (expected if is_painted else re.sub("\x1b\\[[0-9]*m", "", expected))
    shown = terminal([*HELP, *options], tmp_path, **more)[1]
    assert ("\x1b[1m   cecalc ce predictions.csv" in shown, "\x1b" in shown) == (is_painted,) * 2


def test_standard_error_that_is_no_terminal_gets_none(tmp_path: Path) -> None:
    asked = [*ours(fresh=False), *WRONG, "--color", "always"]
    run = subprocess.run(
        asked, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, check=False
    )
    assert b"\x1b" not in run.stderr


ROW = "--logits 2,-3,.8 --target 2"
NUMBERS = [f"ce {ROW}", "bce --logits 2,-3 --target 0,1 --reduction none", f"softmax {ROW[:17]}"]
DEFAULTS = {
    "CECALC_FORMAT": ["table", "json", "csv", "md", "parquet"],
    "CECALC_COLOR": ["always", "never"],
    "CECALC_ERRORS": ["json", "text"],
    "CECALC_DEVICE": ["cpu", "auto"],
}


@pytest.mark.parametrize("line", NUMBERS)
@pytest.mark.parametrize(("name", "value"), [(n, v) for n, vs in DEFAULTS.items() for v in vs])
def test_a_variable_never_changes_a_number(
    name: str, value: str, line: str, cecalc: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set(DEFAULTS) == set(VARIABLES.values())
    expected = [cecalc(f"{line} {how}") for how in ("-q", "-f json", "-f csv -o x.csv")]
    monkeypatch.setenv(name, value)
    assert [cecalc(f"{line} {how}") for how in ("-q", "-f json", "-f csv -o x.csv")] == expected


def test_nothing_else_is_read_from_the_environment() -> None:
    found = {name: param.envvar for name, param in PARAMETERS.items() if param.envvar}
    assert {f"--{name}": variable for name, variable in found.items()} == VARIABLES


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_runs_whatever_the_default(
    name: str, cecalc: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = {"why": "why 3.05 " + ROW, "guide": "guide", "softmax": "softmax --logits 1,2"}.get(
        name, "sigmoid --logits 1,2" if name == "sigmoid" else f"{name} {ROW}"
    )
    line = line if name != "bce" else "bce --logits 2,-3 --target 0,1"
    expected = cecalc(line)[0]
    for form in DEFAULTS["CECALC_FORMAT"]:
        monkeypatch.setenv("CECALC_FORMAT", form)
        assert cecalc(line)[0] == expected
        if name == "explain":
            assert cecalc(f"{line} --code").out.startswith("import")


def test_a_default_gives_way(cecalc: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CECALC_FORMAT", "csv")
    assert cecalc(f"ce {ROW}").out.startswith("logit_0,")
    assert cecalc(f"ce {ROW} -f jsonl").out.startswith("{")
    assert cecalc(f"ce {ROW} -o x.json").status == 0
    assert (cecalc.folder / "x.json").read_text().startswith("{\n")


BAD = [
    ("FORMAT", "xx", "ce", "CECALC_FORMAT 'xx' is none of table, json, "),
    ("COLOR", "red", "ce", "CECALC_COLOR 'red' is none of auto, always, never"),
    ("DEVICE", "tpu", "ce", "CECALC_DEVICE 'tpu' is none of cpu, cuda, cuda:N, mps, auto"),
    ("DEVICE", "mps", "ce", "CECALC_DEVICE mps has no float64"),
    ("FORMAT", "xx", "ce -f yy", "--format 'yy' is none of "),
    ("DEVICE", "cuda", "ce --device tpu", "--device 'tpu' is none of "),
]


@pytest.mark.parametrize(("name", "value", "line", "said"), BAD)
def test_an_error_names_the_variable(
    name: str, value: str, line: str, said: str, cecalc: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"CECALC_{name}", value)
    status, _, err = cecalc(f"{line} {ROW}")
    assert status == 2
    assert err.startswith(f"cecalc: error: {said}")


def test_a_variable_asks_for_errors_as_json(
    cecalc: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CECALC_ERRORS", "json")
    assert cecalc("ce --logitz 1").err.startswith('{"kind": "usage"')
    assert cecalc("ce --logitz 1 --errors text").err.startswith("cecalc: error: ")
