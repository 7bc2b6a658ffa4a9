"""The README is always true: every command in it is run, and prints what it says."""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cecalc.insight.catalogue import CATALOGUE
from cecalc.options import OPTIONS
from tests.forking import asked

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
SETUP = re.compile(r"^\S*(?:python3 -m venv|pip) ")
VERSIONS = re.compile(r"\b(numpy|torch) \d+\.\d+\b")
FULL_PRECISION = re.compile(r"\d*\.\d{12,}(?:e-?\d+)?")


def blocks() -> list[tuple[str, str]]:
    """The commands of the README's console blocks, each with the output below it."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            while command.endswith("\\"):
                more, _, output = output.partition("\n")
                command = f"{command[:-1]}{more.lstrip('> ')}"
            found.append((command, output))
    return found


def normal(text: str) -> str:
    """Text without what may differ between machines: versions, and the last digits of exp."""
    text = FULL_PRECISION.sub(lambda number: f"{float(number.group()):.12g}", text)
    return VERSIONS.sub(r"\1 N", text).rstrip()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the samples in it, as in a clone."""
    path = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "samples", path / "samples")
    bin_ = path / "bin"
    bin_.mkdir()
    script = bin_ / "cecalc"
    script.write_text(f'#!/bin/sh\nexec {" ".join(asked())} "$@"\n')
    script.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("command", "output"), [block for block in blocks() if not SETUP.match(block[0])]
)
def test_command_prints_what_the_readme_shows(command: str, output: str, home: Path) -> None:
    run = subprocess.run(
        ["bash", "-c", command],
        cwd=home,
        env=os.environ | {"PATH": f"{home / 'bin'}:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert normal(run.stdout) == normal(output)


def test_the_python_example_runs() -> None:
    example = "\n".join(re.findall(r"```python\n(.*?)```", README, re.DOTALL))
    parsed = doctest.DocTestParser().get_doctest(example, {}, "README.md", None, 0)
    assert doctest.DocTestRunner().run(parsed) == (0, 4)


def test_set_up_is_two_commands() -> None:
    assert len([command for command, _ in blocks() if SETUP.match(command)]) == 2


def test_every_option_is_in_the_readme() -> None:
    names = {name.replace("_", "-") for name in OPTIONS} - {"inputs", "value", "debug"}
    assert {name for name in names if f"--{name}" not in README} == set()


def test_every_sample_is_in_the_readme() -> None:
    samples = {path.name for path in (ROOT / "samples").iterdir() if path.is_file()}
    assert {name for name in samples if name not in README} == set()


def test_every_confusion_is_in_the_readme() -> None:
    rows = [f"| {e.number} | {e.title} | {e.seen} |" for e in CATALOGUE.values()]
    assert "\n".join(rows) in README
