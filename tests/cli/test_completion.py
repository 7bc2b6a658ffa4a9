"""Completion, asked of the shells themselves where they are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import forking

ROOT = Path(__file__).parent.parent
TABLE = 'id,site,logit_a,logit_b,target,"we,ird",$(touch pwned),`touch pwned`,*\n1,\xe9,0,0,0,,,,\n'

# What stands in for a shell's own machinery: the words as it splits them, and what is offered.
DRIVERS = {
    "bash": """
        COMP_WORDS=($1); [[ $1 == *' ' ]] && COMP_WORDS+=("")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _cecalc_completion cecalc; printf '%s\\n' "${COMPREPLY[@]}"
    """,
    "zsh": """
        _arguments() {
            local all=${1#*\\(\\(}; all=${all%\\)\\)}
            print -rl -- ${(Q)${(z)all}%%:*}
        }
        _files() { print -l FILES; }
        words=(${(s: :)1}); [[ $1 == *' ' ]] && words+=('')
        CURRENT=${#words}; _cecalc_completion
    """,
    "fish": "complete -C $argv[1] | string split -f 1 \\t",
}
CASES = [
    ("cecalc s", {"softmax", "sigmoid"}),
    ("cecalc ce --log-", {"--log-probs", "--log-probs-cols"}),
    ("cecalc ce --reduction ", {"mean", "sum", "none"}),
    ("cecalc ce x.csv --target-col ", {"id", "site", "logit_a", "logit_b", "target"}),
    ("cecalc ce --logits x.csv --id-col i", {"id"}),
    ("cecalc ce x.csv --logits-cols logit_a,l", {"logit_a,logit_b"}),
    ("cecalc ce x.csv --by s", {"site"}),
    ("cecalc ce x.csv --top 0 --by s", {"site"}),
    ("cecalc ce x.csv --select loss,p", {"loss,prediction", "loss,p_target"}),
    ("cecalc ce x.jsonl --select lo", {"logits", "loss"}),
    ("cecalc bce x.csv --fail-below cell_", {"cell_accuracy="}),
    ("cecalc explain x.csv --id-col i", {"id"}),
    ("cecalc guide conc", {"concepts"}),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A table, and a program named `cecalc` on the path."""
    (tmp_path / "x.csv").write_bytes(TABLE.encode("latin-1"))  # only its header is looked at
    (tmp_path / "x.jsonl").write_text('{"logits": [1, 2], "target": 0}\n')
    program = tmp_path / "bin" / "cecalc"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {" ".join(forking.asked())} "$@"\n')
    program.chmod(0o755)
    return tmp_path


def asked(folder: Path, *command: str, **more: str) -> str:
    """What a command prints, `cecalc` being on its path; it has nothing to complain about."""
    environment = os.environ | {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder),
    }
    found = subprocess.run(
        command, cwd=folder, env=environment | more, capture_output=True, text=True, check=False
    )
    assert found.stderr == ""
    return found.stdout


@pytest.mark.parametrize("shell", DRIVERS)
def test_shell(shell: str, folder: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = folder / "script"
    script.write_text(asked(folder, "cecalc", _CECALC_COMPLETE=f"source_{shell}"))
    flags = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    begin = "compdef() { : }\n" if shell == "zsh" else ""
    driver = f"{begin}source {script}\n{DRIVERS[shell]}"
    for line, expected in CASES:
        arguments = [line] if shell == "fish" else [shell, line]
        offered = asked(folder, shell, *flags, "-c", driver, *arguments)
        assert set(offered.split("\n")) - {""} == expected, line
    assert not (folder / "pwned").exists()
