"""The page and its pictures: one file that runs nothing, whose pictures show the right numbers."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cecalc
from cecalc.items import Pictured
from cecalc.output import page, pictures
from cecalc.python.calls import Call
from cecalc.request import Request
from cecalc.run import run
from cecalc.run.results import picturing
from tests.output.browser import PATH, Chromium
from tests.run.running import in_blocks_of
from tests.shell import InProcess

pytest.importorskip("matplotlib")

SAMPLES = Path(__file__).parents[2] / "samples"
DIGITS = str(SAMPLES / "digits.csv")
ROWS = "--logits 2,-3,0.8,1.2;1.5,-0.1,0.9,-1.3 --target 2,1"
COMMANDS = {
    "ce": f"ce {DIGITS}",
    "ce of two rows": f"ce {ROWS}",
    "ce of one row": "ce --logits 2,-3 --target 0",
    "ce, all of it": f"ce {DIGITS} --summary all --select id,loss",
    "ce without rows": f"ce {DIGITS} --no-rows",
    "ce by class": f"ce {DIGITS} --by class",
    "ce, losses alone": f"ce {DIGITS} --reduction none --top 3",
    "ce, a class that is certain": "ce --probs 1,0;0,1;1,0 --target 0,0,1 --no-hints",
    "bce": f"bce {SAMPLES / 'tumours.csv'}",
    "bce of cells": f"bce {SAMPLES / 'example-bce.csv'}",
    "softmax": f"softmax {DIGITS}",
    "sigmoid": "sigmoid --logits 2,-3",
    "explain": f"explain {ROWS}",
    "why": f"why 0.4463552 {DIGITS}",
    "an entry": "why §1",
}
VOID = {"meta", "link"}
HOSTILE = ["<script>alert(1)</script>", '"><img src=x onerror=y>', "</svg></main>", "$x^2$ &lt;"]


@pytest.fixture(name="cecalc_")
def _cecalc(cecalc: InProcess) -> InProcess:
    return cecalc


class Read(HTMLParser):
    """A page, taken apart; its elements have to nest."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.texts = list[str](), list[str](), list[str]()
        self.attributes = list[tuple[str, str]]()
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element that is empty."""
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        """The element that is open ends."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Text."""
        self.texts.append(data)


def found_of(name: str, values: Any, target: Any = None, **options: Any) -> Pictured:
    """What pictures show of these rows."""
    items = run(Call(name, values, target, options).request, picturing)
    return next(item for item in items if isinstance(item, Pictured))


@pytest.mark.parametrize("name", COMMANDS)
def test_it_is_whole_and_asks_for_nothing(name: str, cecalc_: InProcess) -> None:
    ended = cecalc_([*COMMANDS[name].split(" "), "-f", "html"])
    assert (ended.status, ended.err) == (0, "")
    read = Read(ended.out)
    links = {value for key, value in read.attributes if key in ("src", "href", "xlink:href")}
    assert all(link == "data:," or link.startswith("#") for link in links)
    ids = [value for key, value in read.attributes if key == "id"]
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)
    assert not {"script", "iframe", "img", "object"} & {*read.tags}
    assert not any(key.startswith("on") for key, _ in read.attributes)
    assert ended.out == cecalc_([*COMMANDS[name].split(" "), "-f", "html"]).out


def test_it_has_what_the_table_has(cecalc_: InProcess) -> None:
    texts = {text.strip() for text in Read(cecalc_(["ce", DIGITS, "-f", "html"]).out).texts}
    table = cecalc_(["ce", DIGITS]).out
    words = {word for line in table.splitlines() for word in re.split(r" {2,}", line.strip())}
    cells = {re.sub(r" [█▏▎▍▌▋▊▉]*$", "", word).strip("─ ") for word in words} - {""}
    told = " ".join(texts)
    assert [cell for cell in cells if cell not in told] == []


@pytest.mark.parametrize("name", HOSTILE)
def test_names_stay_text(name: str, tmp_path: Path, cecalc_: InProcess) -> None:
    quoted = name.replace('"', '""')
    body = "".join(f'"{quoted}",{n % 5},1,{n % 2},"{quoted}"\n' for n in range(12))
    rows = f'id,"logit_{quoted}",logit_b,target,"{quoted}"\n{body}'
    file = tmp_path / f"{name.replace('/', '')}.csv"
    file.write_text(rows)
    line = ["ce", str(file), "--select", "*,loss", "-f", "html"]
    pages = [cecalc_(line), cecalc_([*line[:2], "--by", "1,class", "-f", "html"])]
    pages.append(cecalc_(["explain", str(file), "--top", "1", "-f", "html"]))
    pages.append(cecalc_(["why", "1.23", str(file), "-f", "html"]))
    for ended in pages:
        assert ended.status in (0, 1), ended.err
        read = Read(ended.out)
        assert not {"script", "img"} & {*read.tags}
        assert read.tags.count("main") == 1
        assert any(file.name in text for text in read.texts)
    assert all(any(name in text for text in Read(ended.out).texts) for ended in pages[:3])


def test_pictures_have_their_numbers() -> None:
    """Those of the digits sample, of NumPy alone."""
    rows = cecalc.ce(DIGITS).rows.to_pandas()
    logits = rows[[name for name in rows if name.startswith("logit_")]].to_numpy()
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    top, loss, right = shares.max(axis=1), rows["loss"].to_numpy(), rows["correct"].to_numpy()
    found = found_of("ce", DIGITS)
    steps, counts = np.unique(np.floor(8 * np.log2(loss)), return_counts=True)
    assert dict(found.losses) == dict(zip(steps.tolist(), counts.tolist(), strict=True))
    for k in range(15):
        inside = (top > k / 15) & (top <= (k + 1) / 15)
        expected = [inside.sum(), top[inside].sum(), right[inside].sum()]
        assert found.bins[:, k] == pytest.approx(expected, abs=1e-12)
    by_class = rows.groupby("target")
    names = [key for (key,) in found.classes.keys]
    assert found.classes.loss == pytest.approx(by_class["loss"].mean()[names].to_numpy())
    assert found.classes.accuracy == pytest.approx(by_class["correct"].mean()[names].to_numpy())
    assert [*found.classes.loss] == sorted(found.classes.loss, reverse=True)


def test_pictures_of_cells() -> None:
    probs, target = [[0.2, 1 / 15, 1.0], [0.6, 0.0, 0.5]], [[0, 1, 1], [1, 0, 0]]
    found = found_of("bce", None, target, probs=probs, reduction="sum")
    assert np.flatnonzero(found.bins[0]).tolist() == [0, 2, 7, 8, 14]
    assert found.bins[:, 0].tolist() == pytest.approx([2, 1 / 15, 1])  # (0, 1/15]; and 0 itself
    losses = -np.log([0.8, 1 / 15, 1, 0.6, 1, 0.5])
    assert found.classes.keys == [("1",), ("0",), ("2",)]
    means = [losses[[1, 4]].mean(), losses[[0, 3]].mean(), losses[[2, 5]].mean()]
    assert found.classes.loss == pytest.approx(means)
    assert sum(found.losses.values()) == 6
    assert found.losses[-160] == 2  # ln 1, at the least


@pytest.mark.parametrize("size", [100, 1_000, 7_000])
@pytest.mark.parametrize("sample", ["digits", "tumours"])
def test_blocks_change_nothing(sample: str, size: int) -> None:
    name = {"digits": "ce", "tumours": "bce"}[sample]
    request: Request = Call(name, str(SAMPLES / f"{sample}.csv"), None, {}).request
    whole, parts = (
        next(item for item in items if isinstance(item, Pictured))
        for items in (run(request, picturing), in_blocks_of(request, size, picturing))
    )
    assert whole.losses == parts.losses
    assert np.array_equal(whole.bins[0], parts.bins[0])
    assert whole.bins == pytest.approx(parts.bins, rel=1e-13)
    assert np.array_equal(whole.classes.loss, parts.classes.loss)


def test_losses_of_every_height() -> None:
    logits = [
        [0.0, 1.7e308],
        [0.0, 800.0],
        [0.0, 0.0],
        [0.0, -800.0],
        [math.inf, 0.0],
        [3.0, -math.inf],
    ]
    found = found_of("ce", logits, [0, 0, 0, 0, 1, 0], unchecked=True)
    assert found.unbounded == 1
    assert sum(found.losses.values()) == 5
    assert (min(found.losses), max(found.losses)) == (-160, 8000)
    html = cecalc.ce(logits, [0, 0, 0, 0, 1, 0], unchecked=True, no_hints=True)._repr_html_()
    assert "1 infinite, not drawn" in html


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_a_picture_alone(suffix: str, tmp_path: Path, cecalc_: InProcess) -> None:
    first, again = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix.upper()}"
    assert cecalc_(["ce", DIGITS, "-q", "--plot", str(first)]).out == "0.22317760673938095\n"
    assert cecalc_(["ce", DIGITS, "--plot", str(again)]).out == cecalc_(["ce", DIGITS]).out
    assert first.read_bytes() == again.read_bytes()
    begin = {"svg": b"<?xml", "png": b"\x89PNG"}[suffix]
    assert first.read_bytes().startswith(begin)
    if suffix == "svg":
        assert b"uniform guess ln 10 = 2.3026</text>" in first.read_bytes()


@pytest.mark.parametrize("form", ["csv", "jsonl", "json", "md", "parquet"])
def test_what_a_program_reads_is_as_without_a_picture(
    form: str, tmp_path: Path, cecalc_: InProcess
) -> None:
    files = tmp_path / "a", tmp_path / "b"
    line = ["ce", DIGITS, "-f", form, "-o"]
    cecalc_([*line, str(files[0])])
    ended = cecalc_([*line, str(files[1]), "--plot", str(tmp_path / "x.svg")])
    assert (ended.status, ended.out, ended.err) == (0, "", "")
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize(
    ("line", "status", "rule"),
    [
        ("--plot x.pdf", 2, "--plot 'x.pdf': unknown suffix"),
        ("--plot -", 2, "--plot '-': unknown suffix"),
        ("--plot x.svg -o x.svg -f html", 2, "--plot and -o are both 'x.svg'"),
        ("--plot x.svg --ignore-index 1", 5, "--plot needs two rows with a loss"),
    ],
)
def test_pictures_that_cannot_be(line: str, status: int, rule: str, cecalc_: InProcess) -> None:
    ended = cecalc_(["ce", *ROWS.split(), *line.split()])
    assert (ended.status, ended.out) == (status, "")
    assert ended.err.startswith(f"cecalc: error: {rule}")


BROKEN = "raise ImportError('made for another NumPy')"


@pytest.mark.parametrize(
    ("made", "hint"),
    [
        (None, "pip install 'cecalc[plot]'"),
        (BROKEN, "matplotlib does not load: made for another NumPy"),
    ],
)
def test_without_matplotlib(
    made: str | None,
    hint: str,
    cecalc_: InProcess,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    if made is None:
        monkeypatch.setitem(sys.modules, "matplotlib", None)
    else:
        (tmp_path / "matplotlib.py").write_text(made)
        monkeypatch.syspath_prepend(tmp_path)
    ended = cecalc_(["ce", DIGITS, "-f", "html"])
    assert (ended.status, ended.err) == (0, "")
    assert "svg" not in Read(ended.out).tags
    assert hint in Read(ended.out).texts
    ended = cecalc_(["ce", DIGITS, "-q", "--plot", "x.svg"])
    rule = f"cecalc: error: --plot needs matplotlib\ncecalc: hint: {hint}\n"
    assert ended == (5, "", rule)


def test_explain_and_why_need_no_matplotlib() -> None:
    program = (
        "import sys; sys.modules['matplotlib'] = None; from cecalc.cli import status_of; "
        f"sys.exit(status_of({[*COMMANDS['explain'].split(), '-f', 'html']!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "−ln 0.1714" in done.stdout


def test_in_a_notebook(cecalc_: InProcess) -> None:
    """The same, as a part of what is there; nothing of its style holds for that."""
    result = cecalc.ce(DIGITS)
    html = result._repr_html_()
    whole = cecalc_(["ce", DIGITS, "-f", "html"]).out
    assert html.count("<svg") == 3
    assert html[html.index("<main") :] == whole[whole.index("<main") : whole.index("</body>")]
    rules = re.findall(r"^ *([^{}@\n]+) \{", html, re.MULTILINE)
    assert all(".cecalc" in part for rule in rules for part in rule.split(","))
    shown = [result.by("class"), result.top(3), result.explain(0), result.why("0.4463552")]
    for each in shown:
        assert Read(each._repr_html_()).tags.count("main") == 1


def _schemes() -> list[dict[str, str]]:
    """The page's colours on light ground, and on dark."""
    found = re.findall(r"--([a-z]+): (#[0-9a-f]{6})", page._PAGE.read_text())
    half = len(found) // 2
    return [dict(found[:half]), dict(found[half:])]


def _contrast(first: str, second: str) -> float:
    """As the Web Content Accessibility Guidelines have it."""
    lights = []
    for color in (first, second):
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        lights.append(sum(np.asarray([0.2126, 0.7152, 0.0722]) * linear) + 0.05)
    return float(max(lights) / min(lights))


@pytest.mark.parametrize("scheme", [0, 1])
def test_contrast_is_aa(scheme: int) -> None:
    colors = _schemes()[scheme]
    assert set(colors) == set(_schemes()[0])
    for name in ("ink", "dim", "red", "green", "yellow", "cyan"):
        assert _contrast(colors[name], colors["ground"]) >= 4.5, name
    assert _contrast(colors["ink"], colors["faint"]) >= 4.5  # losses stand on their bars
    for name in ("main", "mark"):
        assert _contrast(colors[name], colors["ground"]) >= 3, name


def test_pictures_have_the_colours_of_the_page(cecalc_: InProcess) -> None:
    drawn = set(re.findall(r"\b[0-9a-f]{6}\b", pictures.STYLE.read_text()))
    assert {f"#{color}" for color in drawn} <= set(_schemes()[0].values())
    html = cecalc_(["ce", DIGITS, "-f", "html"]).out
    svg = "".join(re.findall(r"<svg.*?</svg>", html, re.DOTALL))
    assert re.findall(r"(?:fill|stroke): *#[0-9a-f]+", svg) == []


@pytest.mark.skipif(PATH is None, reason="no chromium on PATH")
def test_in_a_browser(tmp_path: Path, cecalc_: InProcess) -> None:
    files = {}
    for number, (name, line) in enumerate(COMMANDS.items()):
        files[name] = tmp_path / f"{number}.html"
        assert cecalc_([*line.split(" "), "-f", "html", "-o", str(files[name])]).status == 0
    logits = ",".join(f"logit_{'x' * 45}{i}" for i in range(30))
    wide = tmp_path / "wide.csv"
    wide.write_text(f"id,{logits},target\n" + f"{'y' * 90},{'1,' * 30}3\n" * 50)
    files["wide"] = tmp_path / "wide.html"
    cecalc_(["ce", str(wide), "-o", str(files["wide"]), "--no-hints"])
    with Chromium() as browser:
        for name, file in files.items():
            for scheme in ("light", "dark"):
                browser.open(file, width=375, scheme=scheme)
                said = browser.of("Log.entryAdded", "Runtime.consoleAPICalled")
                assert said + browser.of("Runtime.exceptionThrown") == [], name
                asked = [e["request"]["url"] for e in browser.of("Network.requestWillBeSent")]
                assert [url for url in asked if url != "data:,"] == [file.as_uri()]
                assert browser.value("document.documentElement.scrollWidth") <= 375, name
                ground = browser.value(
                    "getComputedStyle(document.querySelector('main')).backgroundColor"
                )
                color = _schemes()[scheme == "dark"]["ground"]
                assert ground == f"rgb{tuple(int(color[i : i + 2], 16) for i in (1, 3, 5))}"


def test_the_files_of_the_page_are_in_the_package() -> None:
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert json.dumps("output/page.html") in project
    assert json.dumps("output/pictures.mplstyle") in project
