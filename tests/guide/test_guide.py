"""`cecalc guide`: the list, the pages, a terminal, its pager, and a wheel that brings them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cecalc import guide
from cecalc.cli import status_of
from cecalc.output import drawing
from cecalc.request import Screen
from tests.shell import ROOT, environment, terminal

HERE = ROOT / "cecalc" / "guide"
LONG, SHORT = "concepts", "changes"
BUILD = "from setuptools import build_meta; build_meta.build_wheel('built')"


@pytest.mark.parametrize("path", sorted(HERE.glob("*.md")), ids=lambda path: path.stem)
def test_a_page_begins_with_what_the_list_says_of_it(path: Path) -> None:
    title, line, *_ = path.read_text().split("\n")
    assert title.startswith("# ") and line and line.isprintable()
    assert f" {path.stem} " in guide.contents() and f"  {line}\n" in guide.contents()
    width = max(len(found.stem) for found in HERE.glob("*.md"))
    assert len(line) + width + 3 <= 100


def test_the_list_and_a_page_in_a_pipe(capfd: pytest.CaptureFixture[str]) -> None:
    assert status_of(["guide"]) == 0
    assert capfd.readouterr() == (guide.contents(), "")
    assert status_of(["guide", LONG]) == 0
    assert capfd.readouterr() == ((HERE / f"{LONG}.md").read_text(), "")


@pytest.mark.parametrize(
    ("topic", "rule"),
    [
        ("concept", "no topic 'concept'; did you mean concepts?"),
        ("Why", "no topic 'Why'; did you mean why?"),
        ("which", "no topic 'which'; did you mean which-loss?"),
        ("xyz", "no topic 'xyz'"),
        ("../cli", "no topic '../cli'"),
        ("", "no topic ''"),
    ],
)
def test_an_unknown_topic_names_the_near_one_and_all(
    topic: str, rule: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert status_of(["guide", topic]) == 2
    topics = ", ".join(guide.topics())
    expected = f"cecalc: error: {rule}\ncecalc: hint: one of {topics}\n"
    assert capfd.readouterr() == ("", expected)
    assert len(expected) < 400


def test_pages_for_a_terminal_keep_to_its_width() -> None:
    for topic in guide.topics():
        plain = drawing.markdown(guide.page(topic), Screen(width=72))
        assert "\x1b" not in plain and "```" not in plain
        assert max(map(len, plain.splitlines())) <= 72
    assert "\x1b[" in drawing.markdown(guide.page(LONG), Screen(width=72, color=True))
    widest = max(map(len, drawing.markdown(guide.page(LONG), Screen(width=500)).splitlines()))
    assert 90 < widest <= 100


@pytest.mark.parametrize(
    ("pager", "term", "lines", "shown"),
    [
        ("sed s/^/./", "xterm", "3", ".1\n.2\n.3\n"),
        ("sed s/^/./", "xterm", "4", None),
        ("sed s/^/./", "dumb", "3", None),
        ("", "xterm", "3", None),
        ("head -n 1", "xterm", "3", "1\n"),
        ("true", "xterm", "3", ""),
        ("a-pager-that-is-missing", "xterm", "3", None),
    ],
)
def test_the_pager_of_the_environment(
    pager: str,
    term: str,
    lines: str,
    shown: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name, value in {"PAGER": pager, "TERM": term, "LINES": lines, "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)
    assert guide.paged("1\n2\n3\n", Screen(width=80)) is (shown is not None)
    assert capfd.readouterr().out == (shown or "")
    assert not guide.paged("1\n2\n3\n", Screen(width=None))


@pytest.mark.parametrize("topic", [LONG, SHORT])
def test_at_a_terminal(topic: str, tmp_path: Path) -> None:
    status, shown = terminal(["guide", topic], tmp_path, PAGER="sed s/^/./", NO_COLOR="1")
    drawn = drawing.markdown(guide.page(topic), Screen(width=80))
    lines = drawn.splitlines(keepends=True)
    assert (status, shown) == (0, "".join(f".{line}" for line in lines) if lines[24:] else drawn)


def test_an_interrupt_is_the_pagers(tmp_path: Path) -> None:
    status, shown = terminal(
        ["guide", LONG], tmp_path, PAGER="kill -INT $PPID; sleep 0.2; tail -n 1"
    )
    assert status == 0 and len(shown.splitlines()) == 1


def test_a_wheel_alone_has_the_guide(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    shutil.copytree(
        ROOT / "cecalc", source / "cecalc", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    subprocess.run([sys.executable, "-c", BUILD], cwd=source, capture_output=True, check=True)
    (wheel,) = (source / "built").glob("*.whl")
    shutil.unpack_archive(wheel, target, "zip")
    shutil.rmtree(source)
    probe = "import sys, cecalc.cli as c; print(c.__file__); sys.exit(c.status_of(sys.argv[1:]))"
    for arguments, expected in ((["guide"], guide.contents()), (["guide", LONG], guide.page(LONG))):
        run = subprocess.run(
            [sys.executable, "-c", probe, *arguments],
            cwd=target,
            env=environment(PYTHONPATH=str(target)),
            capture_output=True,
            text=True,
            check=True,
        )
        origin, _, shown = run.stdout.partition("\n")
        assert (Path(origin).parents[1], shown) == (target / "cecalc", expected)
