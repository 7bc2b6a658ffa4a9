"""What a terminal of some width is sent, as a whole; and what holds of any table that is fitted."""

from __future__ import annotations

import csv
import random
import re
import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cecalc.cli.messages import folded
from cecalc.output.drawing import draw
from cecalc.output.fitting import Ruled, Strip, shortened
from cecalc.output.prose import paragraph, unbroken
from cecalc.request import Screen
from tests.shell import ROOT, terminal

SHOWN = Path(__file__).with_name("terminals.txt")
"""Each `$ WIDTH COMMAND` with all that a terminal is sent; this module as a program renews it."""
PARTS = re.findall(r"^\$ (\d+) (.*)\n((?:(?!\$ ).*\n)*)", SHOWN.read_text(), re.MULTILINE)
NAMES = [f"the {word} department of the northern region {i}" for i, word in enumerate("abcd")]


def files(folder: Path) -> None:
    """The samples, and files whose names or classes are too many for a terminal."""
    if not (folder / "samples").exists():
        (folder / "samples").symlink_to(ROOT / "samples")
    chance = random.Random(1)  # noqa: S311
    names = [name.ljust(45, "_") for name in NAMES]
    with (folder / "long.csv").open("w") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow([*(f"logit_{name}" for name in names), "target", "team"])
        for _ in range(50):
            numbers = [f"{chance.gauss(0, 2):.3f}" for _ in names]
            rows.writerow([*numbers, chance.choice(names), chance.choice(names)])
    (folder / "few.csv").write_text("\n".join((folder / "long.csv").read_text().split("\n")[:3]))
    for classes in (10, 200):
        logits = ",".join(f"{chance.gauss(0, 2):.3f}" for _ in range(classes))
        (folder / f"{classes}.json").write_text(f'{{"logits": [[{logits}]], "target": [3]}}')
    header = [f"measurement_{i}_of_the_second_instrument" for i in range(9)]
    (folder / "unknown.csv").write_text(f"{','.join(header)}\n{','.join('123456789')}\n")


def shown(width: str, command: str, folder: Path) -> str:
    """What a terminal is sent."""
    _, sent = terminal(shlex.split(command), folder, COLUMNS=width, NO_COLOR="1")
    return re.sub(r"numpy \d+\.\d+", "numpy N", sent)


@pytest.mark.parametrize(("width", "command", "expected"), PARTS)
def test_whole_text(width: str, command: str, expected: str, tmp_path: Path) -> None:
    files(tmp_path)
    assert shown(width, command, tmp_path) == expected
    assert max(map(cell_len, expected.split("\n"))) <= int(width)


TEXT = st.text(st.sampled_from("ab_日é"), min_size=1, max_size=60)


@st.composite
def tables(draws: st.DrawFn) -> Ruled:
    """A table of a name, numbers that may go, and names that may shrink."""
    rows = draws(st.integers(1, 4))
    column = st.lists(TEXT, min_size=rows, max_size=rows)
    numbers = st.lists(st.from_regex(r"\A-?[0-9]{1,3}\.[0-9]{4}\Z"), min_size=rows, max_size=rows)
    first = Strip("id", draws(column), side="left", shrinks="all")
    others = [
        Strip(f"n{i}", draws(numbers), f"n{i}", need=draws(st.integers(1, 5)))
        if draws(st.booleans())
        else Strip(draws(TEXT), draws(column), f"n{i}", "left", draws(st.integers(1, 5)), "all")
        for i in range(draws(st.integers(0, 8)))
    ]
    return Ruled([first, *others])


@given(tables(), st.integers(60, 200))
def test_a_table_fits_and_what_it_lost_is_said(table: Ruled, width: int) -> None:
    lines = draw(table, Screen(width)).rstrip("\n").split("\n")
    body = lines[: len(table.strips[0].cells) + 2]
    assert all(cell_len(line) <= width for line in lines)
    told = " ".join(line.strip() for line in lines[len(body) :])
    fitted = table.fitted(width)
    gone = len(table.strips) - len(fitted.strips)
    lost = [s.name for s in table.strips if s.name not in {f.name for f in fitted.strips}]
    assert len(lost) == gone
    assert all(name in told for name in lost) or f"{gone} columns" in told
    assert ("long names" in told) == any("…" in line for line in body)
    for strip in fitted.strips:
        if not strip.shrinks:
            whole = next(s for s in table.strips if s.name == strip.name)
            assert [cell.strip() for cell in strip.cells] == list(whole.cells)


@given(tables())
def test_a_pipe_gets_all(table: Ruled) -> None:
    drawn = draw(table, Screen())
    assert "no room" not in drawn and "…" not in drawn
    assert all(cell.strip() in drawn for strip in table.strips for cell in strip.cells)


def test_names_that_differ_stay_apart() -> None:
    names = [f"{word}_{'x' * 80}" for word in ("customer_a", "customer_b")]
    drawn = draw(Ruled([Strip("id", names, shrinks="all")]), Screen(60))
    assert len(set(re.findall("^ +(c.*)$", drawn, re.MULTILINE))) == 2


@given(st.lists(st.sampled_from(["cecalc", "'a b'", "-q", "'it'\"'\"'s'", "x" * 30])))
def test_a_folded_command_is_the_same_command(words: list[str]) -> None:
    text = f"cecalc: try: {' '.join(['cecalc', *words])}"
    lines = folded(text, 60).split("\n")
    assert all(len(line) <= 60 for line in lines)
    assert shlex.split(" ".join(lines).replace("\\ ", "")) == shlex.split(text)


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as directory:
        files(Path(directory))
        parts = (f"$ {w} {c}\n{shown(w, c, Path(directory))}" for w, c, _ in PARTS)
        SHOWN.write_text("".join(parts))


def test_names_that_share_their_ends_stay_apart() -> None:
    names = [f"class_name_number_{n:03d}_of_the_catalogue_with_45" for n in range(30)]
    for width in (10, 14, 24):
        short = shortened(names, width)
        assert len(set(short)) == 30
        assert max(map(cell_len, short)) <= width


def test_a_name_longer_than_its_line_is_cut_and_a_formula_is_not() -> None:
    lines = paragraph(30, f"logits {'x' * 70} of {unbroken('1 + ' * 12)}")
    assert max(map(len, lines[:4])) <= 30 and "".join(lines[1:4]).count("x") == 70
    assert any(len(line) > 30 and "1 + 1" in line for line in lines)
