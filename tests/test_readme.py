"""README and guide are always true: every command in them is run, and prints what they say."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cecalc import guide
from cecalc.cli import status_of
from cecalc.cli.options import PARAMETERS
from cecalc.errors import Status
from tests.forking import asked

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PAGES = {"README": README} | {topic: guide.page(topic) for topic in guide.topics()}
SETUP = re.compile(r"^\S*(?:python3 -m venv|pip) ")
VERSIONS = re.compile(r"\b(numpy|torch) \d+\.\d+\b")
FULL_PRECISION = re.compile(r"\d*\.\d{12,}(?:e-?\d+)?")


def commands(page: str) -> list[tuple[str, str]]:
    """The commands of a page's console blocks, each with the output below it."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", page, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


def normal(text: str) -> str:
    """Text without what may differ between machines: versions, and the last digits of exp."""
    text = FULL_PRECISION.sub(lambda number: f"{float(number.group()):.12g}", text)
    return VERSIONS.sub(r"\1 N", text).rstrip()


def words(command: str) -> list[str] | None:
    """The words of a call of cecalc that needs no shell; None of anything else."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    try:
        found = list(lexer)
    except ValueError:  # a quotation without its end
        return None
    is_plain = "$" not in command and not any(set(word) <= set("();<>|&") for word in found)
    return found if is_plain and found[0] == "cecalc" else None


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the samples in it, as in a clone."""
    path = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "samples", path / "samples")
    (path / "bin").mkdir()
    for name, program in (("cecalc", " ".join(asked())), ("python", f'"{sys.executable}"')):
        script = path / "bin" / name
        script.write_text(f'#!/bin/sh\nexec {program} "$@"\n')
        script.chmod(0o755)
    return path


@pytest.fixture
def printed(
    home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[[str], str]:
    """What a command prints on both streams; a shell runs only what needs one."""
    monkeypatch.chdir(home)
    monkeypatch.setenv("PATH", f"{home / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))

    def run(command: str) -> str:
        first, bar, rest = command.partition(" | ")
        plain, given = words(first), ""
        if plain:
            status_of(plain[1:])
            given, told = capfd.readouterr()
            if not bar:
                return given + told
            assert told == ""
        return subprocess.run(
            ["bash", "-c", rest if plain else command],
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        ).stdout

    return run


@pytest.mark.parametrize("name", PAGES)
def test_commands_print_what_the_page_shows(name: str, printed: Callable[[str], str]) -> None:
    shown, found = [], []
    for command, output in commands(PAGES[name]):
        if not SETUP.match(command):
            shown.append(f"$ {command}\n{normal(output)}")
            found.append(f"$ {command}\n{normal(printed(command))}")
    assert "\n".join(found) == "\n".join(shown)


@pytest.mark.parametrize("name", [name for name, page in PAGES.items() if ">>> " in page])
def test_examples_of_python_run(name: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    example = "\n".join(re.findall(r"```python\n(.*?)```", PAGES[name], re.DOTALL))
    parsed = doctest.DocTestParser().get_doctest(example, {}, name, None, 0)
    assert len(parsed.examples) > 1
    assert doctest.DocTestRunner().run(parsed).failed == 0


def test_every_sample_gives_what_the_guide_says(printed: Callable[[str], str]) -> None:
    tried = re.findall(r"^- `(cecalc .*?)`: ", PAGES["samples"], re.MULTILINE)
    found = {command: normal(printed(f"{command} -q")) for command in tried}
    for task in ("ce", "bce"):
        forms = [command for command in tried if re.match(rf"cecalc {task} .*/example", command)]
        numbers = {found[command] for command in forms}
        said = normal(re.findall(rf"for `{task}` (\S+?),?\s", PAGES["samples"])[0])
        assert len(forms) > 5 and numbers == {said}
    samples = {path.name for path in (ROOT / "samples").iterdir() if path.suffix != ".py"}
    assert samples == set(re.findall(r"samples/([\w.-]+)", " ".join(tried)))


def test_the_readme_is_a_shop_window() -> None:
    assert len(README.splitlines()) <= 220


def test_set_up_is_two_commands() -> None:
    assert len([command for command, _ in commands(README) if SETUP.match(command)]) == 2


def test_every_option_is_told() -> None:
    names = {name.rstrip("_").replace("_", "-") for name in PARAMETERS} - {
        "inputs",
        "value",
        "topic",
        "debug",
    }
    told = "".join(PAGES.values())
    assert {name for name in names if f"--{name}" not in told} == set()


@pytest.mark.parametrize("name", ["README", "checks"])
def test_every_exit_status_is_told(name: str) -> None:
    assert [int(n) for n in re.findall(r"^\| (\d+) \| ", PAGES[name], re.MULTILINE)] == list(Status)


@pytest.mark.parametrize("name", PAGES)
def test_modules_that_are_named_exist(name: str) -> None:
    homes = (ROOT, ROOT / "cecalc")
    for path in re.findall(r"`([a-z_]+/[a-z_/]+\.py)`", PAGES[name]):
        assert any((home / path).exists() for home in homes), path


@pytest.mark.parametrize("name", PAGES)
def test_what_is_pointed_to_exists(name: str) -> None:
    pointed = set(re.findall(r"`cecalc\s+guide\s+([a-z][a-z-]*)`", PAGES[name]))
    assert pointed <= set(guide.topics())
