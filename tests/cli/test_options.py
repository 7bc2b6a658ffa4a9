"""Options: each has one declaration, which every command and every document goes by."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest
import typer

from cecalc.cli import app, status_of
from cecalc.cli.options import PARAMETERS, Options
from cecalc.input.members import KEYS
from cecalc.output import FORMATS, SUFFIXES, Format, FormatName
from cecalc.request import LOSS_OPTIONS

GROUP = typer.main.get_command(app)
COMMANDS = {
    name: {param.name for param in command.params}
    for name, command in getattr(GROUP, "commands").items()  # noqa: B009  # Typer types it as one
}


@pytest.mark.parametrize("name", LOSS_OPTIONS)
def test_an_option_of_the_loss_is_where_its_declaration_says(name: str) -> None:
    takers = {command for command, options in COMMANDS.items() if name in options}
    assert takers == LOSS_OPTIONS[name].commands
    assert f"--{name.replace('_', '-')}" in PARAMETERS[name].opts
    assert name in KEYS


def test_every_option_has_a_command_and_every_command_its_options() -> None:
    assert set().union(*COMMANDS.values()) == {field.name for field in fields(Options)}
    assert COMMANDS["guide"] == {"topic", "color", "errors", "debug"}
    assert COMMANDS["softmax"] == COMMANDS["sigmoid"]
    assert COMMANDS["ce"] - COMMANDS["bce"] == {
        *("log_probs", "log_probs_cols", "target_form", "target_as", "label_smoothing")
    }
    assert COMMANDS["bce"] - COMMANDS["ce"] == {"pos_weight", "no_clamp"}


@pytest.mark.parametrize("option", ["--weight", "--label-smoothing"])
def test_any_goes_with_why_alone(option: str, capfd: pytest.CaptureFixture[str]) -> None:
    rows = ["--logits", "1,2", "--target", "0", option, "any"]
    assert status_of(["ce", *rows]) == 2
    expected = f"cecalc: error: {option}: cannot read 'any' as a number\n"
    assert capfd.readouterr() == ("", expected)
    assert status_of(["why", "1.3133", *rows]) in (0, 1)


@pytest.mark.parametrize(
    "pair",
    [
        ("--logits-cols a", "--probs-cols b"),
        ("--target-col a", "--target-cols b"),
        ("--probs 1", "--log-probs 0"),
        ("--top 1", "--bottom 1"),
        ("--strict", "--no-hints"),
    ],
)
def test_what_excludes_each_other(pair: tuple[str, str], capfd: pytest.CaptureFixture[str]) -> None:
    assert status_of(["ce", *" ".join(reversed(pair)).split()]) == 2
    first, second = (text.split()[0] for text in pair)
    assert capfd.readouterr().err == f"cecalc: error: {first} and {second} exclude each other\n"


def test_the_formats_that_can_be_chosen_are_those_there_are() -> None:
    assert [name for name in get_args(FormatName) if name != "md"] == list(FORMATS)


@pytest.mark.parametrize(("suffix", "form"), SUFFIXES.items())
def test_a_suffix_in_any_case_says_the_format(suffix: str, form: Format, tmp_path: Path) -> None:
    told, chosen = tmp_path / f"x{suffix.upper()}", tmp_path / "x"
    line = ["ce", "--logits", "1,2", "--target", "0"]
    assert status_of([*line, "-o", str(told)]) == 0
    assert status_of([*line, "-o", str(chosen), "-f", form.name]) == 0
    assert told.read_bytes() == chosen.read_bytes()
