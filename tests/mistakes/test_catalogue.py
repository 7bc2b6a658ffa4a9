"""The page of confusions cannot be false: its lines run in torch and print what its commands ask.

Keras and scikit-learn are not there to be run; their numbers are those of `mistaken`.
"""

from __future__ import annotations

import json
import math
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F  # noqa: N812

import cecalc
from cecalc.cli import status_of
from cecalc.mistakes import FORMATS
from cecalc.mistakes.catalogue import Entry, catalogue, render
from cecalc.mistakes.recipes import FACTORS
from cecalc.request import Screen
from tests.mistakes.mistaken import OF_CELLS as CELLS_OTHERWISE
from tests.mistakes.mistaken import OF_CLASSES as CLASSES_OTHERWISE
from tests.mistakes.mistaken import Rows
from tests.mistakes.test_why import MISTAKES

ENTRIES = list(catalogue().values())
PAGE = (Path(cecalc.__file__).parent / "guide" / "confusions.md").read_text()
OF_OTHERS = {8: "keras", 19: "log_loss", 46: "keras"}
"""Entries whose lines are another library's, and what they call."""


def _asked(entry: Entry) -> tuple[str, dict[str, str]]:
    """The number and the options of an entry's command."""
    program, command, *rest = shlex.split(entry.command)
    assert (program, command) == ("cecalc", "ce" if entry.number in OF_ERRORS else "why")
    value, *rest = ["", *rest] if command == "ce" else rest
    words = [word for part in rest for word in part.split("=")]
    return value, dict(zip(words[::2], words[1::2], strict=True))


def _numbers(text: str) -> torch.Tensor:
    if text.startswith("["):
        return torch.tensor(json.loads(text))
    return torch.tensor([[float(n) for n in row.split(",")] for row in text.split(";")])


def _rows(entry: Entry) -> dict[str, Any]:
    """What the lines of an entry are about: the rows of its command."""
    _, options = _asked(entry)
    logits, given = _numbers(options["--logits"]), options["--target"]
    classes = options.get("--classes", "").split(",")
    if ";" in given or given.startswith("["):
        target = _numbers(given)
    else:
        target = torch.tensor([_index(name, classes) for name in given.split(",")])
    weight = options.get("--weight")
    known = {} if weight is None else {"weight": _numbers(weight)[0]}
    eps = float(options.get("--label-smoothing", "0"))
    names = {"F": F, "torch": torch, "math": math, "logits": logits, "target": target, "eps": eps}
    return names | known | {"model": MODEL}


def _index(name: str, classes: list[str]) -> int:
    return classes.index(name) if name in classes else int(name)


def _made(lines: str, entry: Entry) -> float:
    """What lines of an entry assign last."""
    names = _rows(entry)
    exec(compile(lines, "lines", "exec"), names)  # noqa: S102
    last = re.findall(r"^(\w+) = ", lines, re.MULTILINE)[-1]
    return float(torch.as_tensor(names[last]).detach())


def _printed(value: float, typed: str) -> str:
    """A value with the decimals of a typed one."""
    return f"{value + 0.0:.{len(typed.partition('.')[2])}f}"


def _diagnosis(entry: Entry, folder: Path) -> Any:
    path = folder / "found.json"
    line = shlex.split(entry.command)[1:]
    assert status_of([*line, "-o", str(path)]) == (entry.number in POSSIBLE)
    return json.loads(path.read_text())


def _named(entries: list[Entry]) -> list[Any]:
    return [pytest.param(entry, id=f"§{entry.number}") for entry in entries]


def test_there_are_fifty_three() -> None:
    assert [entry.number for entry in ENTRIES] == list(range(1, 54))
    for entry in ENTRIES:
        assert all((entry.title, entry.seen, entry.why, entry.wrong, entry.right, entry.command))
        assert entry.wrong != entry.right


def _references() -> Iterator[int]:
    """The numbers that `why` or a hint can name."""
    for mistake in MISTAKES.values():
        yield from mistake.entries
    yield from (factor.entry for factor in FACTORS)
    house = Path(__file__).parents[2] / "cecalc"
    for path in [*house.rglob("*.py"), *house.rglob("*.md")]:
        yield from map(int, re.findall(r"§(\d+)", path.read_text()))
    for path in [*(house / "hints").glob("*.py"), house / "notices.py"]:
        for call in re.findall(r"Hint\((.*?)\)$", path.read_text(), re.MULTILINE | re.DOTALL):
            yield from map(int, re.findall(r"(?:entry=|, )(\d+),?\s*$", call))


def test_every_number_that_is_named_has_a_section() -> None:
    assert set(_references()) == set(catalogue())


@pytest.mark.parametrize("entry", _named(ENTRIES))
def test_lines_are_python(entry: Entry) -> None:
    compile(entry.wrong, "wrong", "exec")
    compile(entry.right, "right", "exec")


def test_every_entry_is_in_one_group() -> None:
    groups = re.findall(r"^- [A-Z].+?: ([\d, ]+)\.$", PAGE, re.MULTILINE)
    numbers = [[int(number) for number in group.split(",")] for group in groups]
    assert all(group == sorted(group) for group in numbers)
    assert sorted(n for group in numbers for n in group) == [*catalogue()]


POSSIBLE = {34, 36, 41}
"""Entries that no number shows: where nothing fits, the answer says that they may be."""
OF_ERRORS = {32}
"""Entries whose rows have no loss: the error says what to do."""
MODEL = torch.nn.Linear(3, 4)
for _weights in MODEL.parameters():
    torch.nn.init.constant_(_weights, 0.6)


@pytest.mark.parametrize("entry", _named([e for e in ENTRIES if e.number in POSSIBLE]))
def test_the_answer_names_what_no_number_shows(
    entry: Entry, capfd: pytest.CaptureFixture[str]
) -> None:
    assert status_of(shlex.split(entry.command)[1:]) == 1
    out, _ = capfd.readouterr()
    assert "fits none of" in out
    assert re.search(rf"§{entry.number}\b", out)


@pytest.mark.parametrize("entry", _named([e for e in ENTRIES if e.number in OF_ERRORS]))
def test_the_error_says_what_to_do(entry: Entry, capfd: pytest.CaptureFixture[str]) -> None:
    assert status_of(shlex.split(entry.command)[1:]) == 3
    error = capfd.readouterr().err
    assert re.search(r"--ignore-index[ =]255", error)
    assert f"#{entry.number}" in error  # messages are ASCII, which has no §


def test_a_void_label_is_left_out_where_that_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    entry = catalogue()[32]
    with pytest.raises(IndexError, match="Target 255 is out of bounds"):
        _made(entry.wrong, entry)
    line = [*shlex.split(entry.command)[1:], "--ignore-index", "255", "-q"]
    assert status_of(line) == 0
    assert float(capfd.readouterr().out) == pytest.approx(_made(entry.right, entry), rel=1e-6)


@pytest.mark.parametrize(
    "entry", _named([e for e in ENTRIES if e.number not in POSSIBLE | OF_ERRORS])
)
def test_the_command_names_the_entry(entry: Entry, tmp_path: Path) -> None:
    first = _diagnosis(entry, tmp_path)["matches"][0]
    assert entry.number in {reference["number"] for reference in first["entries"]}


AS_BOOL = {27}
"""The entry whose lines ask a question: its number is what a uniform guess costs."""


@pytest.mark.filterwarnings("ignore:reduction:UserWarning")
@pytest.mark.parametrize(
    "entry", _named([e for e in ENTRIES if e.number not in {*OF_OTHERS, *AS_BOOL, *OF_ERRORS}])
)
def test_the_wrong_line_makes_the_number_and_the_right_one_ours(
    entry: Entry, tmp_path: Path
) -> None:
    typed, _ = _asked(entry)
    ours = _diagnosis(entry, tmp_path)["loss"]
    ours = math.nan if ours is None else ours
    due = {13: math.exp(ours), 30: ours - _made(entry.wrong, entry)}.get(entry.number, ours)
    assert _printed(_made(entry.wrong, entry), typed) == typed
    assert _made(entry.right, entry) == pytest.approx(due, rel=1e-6, nan_ok=True)


def test_a_loss_above_one_may_be_fine() -> None:
    (entry,) = (e for e in ENTRIES if e.number in AS_BOOL)
    assert (_made(entry.wrong, entry), _made(entry.right, entry)) == (True, False)
    assert _asked(entry)[0] == _printed(math.log(_rows(entry)["logits"].shape[1]), "0.0000")


def test_numbers_of_other_libraries_are_made_by_the_other_route() -> None:
    keras, sklearn, swapped = (catalogue()[number] for number in OF_OTHERS)
    rows = _rows(swapped)
    classes_of = Rows(rows["logits"], rows["target"])
    made = CLASSES_OTHERWISE["prediction and target swapped in Keras"][1](classes_of).mean()
    assert _printed(float(made), "0.0000") == _asked(swapped)[0]
    rows = _rows(keras)
    cells = Rows(rows["logits"], rows["target"])
    made = CELLS_OTHERWISE["logits as probabilities"][1](cells).mean()
    assert _printed(float(made), "0.0000") == _asked(keras)[0]
    rows, classes = _rows(sklearn), _asked(sklearn)[1]["--classes"].split(",")
    order = np.argsort(np.argsort(classes)).tolist()
    by_name = Rows(rows["logits"], rows["target"], order=order)
    made = CLASSES_OTHERWISE["classes in the order of their sorted names"][1](by_name).mean()
    assert _printed(float(made), "0.0000") == _asked(sklearn)[0]


def test_lines_of_other_libraries_do_the_same_where_they_are() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    entry = catalogue()[19]
    classes = np.asarray(_asked(entry)[1]["--classes"].split(","))
    rows = _rows(entry)
    names = {
        "np": np, "log_loss": metrics.log_loss, "classes": classes,
        "names": classes[rows["target"].numpy()],
        "probs": rows["logits"].double().softmax(1).numpy(),
    }  # fmt: skip
    made = {}
    for name, lines in (("wrong", entry.wrong), ("right", entry.right)):
        own = dict(names)
        exec(compile(lines, name, "exec"), own)  # noqa: S102
        made[name] = own["loss"]
    assert _printed(made["wrong"], "0.0000") == _asked(entry)[0]
    assert made["right"] == pytest.approx(float(F.cross_entropy(rows["logits"], rows["target"])))


E = math.e
SINGLE = float(np.log(np.float32(2) ** 23))
SAID: list[tuple[int, str, float]] = [
    *((1, text, math.log1p((c - 1) / E)) for c, text in (
        (2, "0.3133"), (4, "0.7437"), (10, "1.4612"), (1000, "5.9095"))),
    *((1, text, math.log(c - 1 + E)) for c, text in (
        (2, "1.3133"), (4, "1.7437"), (10, "2.4612"), (1000, "6.9095"))),
    (7, "36.0437", -math.log(2.0**-52)), (7, "34.5388", -math.log(1e-15)),
    (7, "16.1181", -math.log(float(np.float32(1e-7)))), (7, "15.9424", SINGLE),
    (8, "15.9424", SINGLE), (8, "16.1181", -math.log(1e-7)), (9, "0.6931", math.log(2)),
    (10, "-4.9933", math.log1p(math.exp(5)) - 10),
    (12, "0.3133", math.log1p(1 / E)), (12, "0.6931", math.log(2)), (12, "1.3133", math.log1p(E)),
    (12, "0.5032", (math.log1p(1 / E) + math.log(2)) / 2), (12, "0.7311", 1 / (1 + 1 / E)),
    (13, "1.4427", 1 / math.log(2)), (13, "0.6931", math.log(2)), (13, "0.4343", math.log10(E)),
    (15, "11.09", math.log(float(np.finfo(np.float16).max))),
    (15, "88.72", math.log(float(np.finfo(np.float32).max))),
    (15, "709.78", math.log(float(np.finfo(np.float64).max))),
    (19, "36.0437", -math.log(2.0**-52)), (19, "34.5388", -math.log(1e-15)),
    (22, "1.3863", 2 * math.log(2)), (22, "3.2958", 3 * math.log(3)),
    *((27, text, math.log(c)) for c, text in (
        (2, "0.6931"), (3, "1.0986"), (10, "2.3026"), (1000, "6.9078"), (50257, "10.8249"))),
    (27, "0.0980", -0.98 * math.log(0.98) - 0.02 * math.log(0.02)), (30, "0.6931", math.log(2)),
    (31, "0.0011", -(0.1**2) * math.log(0.9)), (31, "0.1054", -math.log(0.9)),
    (35, "14.2857", 1 / 0.07), (37, "4", 2**2), (37, "16", 4**2), (37, "25", 5**2),
    (44, "60", 2 * 30),
    *((45, text, -math.log(p)) for text, p in (
        ("11.5129", 1e-5), ("13.8155", 1e-6), ("18.4207", 1e-8), ("20.7233", 1e-9),
        ("23.0259", 1e-10), ("27.6310", 1e-12), ("87.3365", float(np.finfo(np.float32).tiny)))),
    (46, "16.1181", -math.log(1e-7)), (48, "1.8", 0.9 + 0.9), (48, "1.9", 0.9 + 1),
    (52, "0.0010", float(np.spacing(np.float32(1e4)))),
    (52, "0.0078", float(np.spacing(np.float32(1e5)))),
]  # fmt: skip
"""An entry, a number in its words, and where that comes from."""


@pytest.mark.parametrize(("number", "text", "value"), SAID, ids=[f"§{s[0]} {s[1]}" for s in SAID])
def test_numbers_in_the_words_are_right(number: int, text: str, value: float) -> None:
    entry = catalogue()[number]
    assert re.search(rf"(?<![\d.]){re.escape(text)}(?!\d)", f"{entry.seen} {entry.why}")
    assert _printed(value, text) == text


def test_no_number_in_the_words_is_left_out() -> None:
    """Those with four decimals."""
    told = {(e.number, n) for e in ENTRIES for n in re.findall(r"-?\d+\.\d{4}", e.seen + e.why)}
    assert told == {(number, text) for number, text, _ in SAID if re.search(r"\.\d{4}$", text)}


X, T = torch.zeros(3, 4), torch.tensor([1, 2, 3])
ERRORS = {
    "multi-target not supported": lambda: F.cross_entropy(X, T[:, None]),
    "Expected floating point type for target with class probabilities": (
        lambda: F.cross_entropy(X, F.one_hot(T, 4))
    ),
    "Target 4 is out of bounds": lambda: F.cross_entropy(X, T + 1),
    "Target 255 is out of bounds": lambda: F.cross_entropy(X, T + 254),
    "all elements of input should be between 0 and 1": (
        lambda: F.binary_cross_entropy(X - 1, torch.zeros(3, 4))
    ),
}


@pytest.mark.parametrize("text", ERRORS)
def test_torch_says_what_it_is_said_to(text: str) -> None:
    assert any(f"`{text}`" in entry.seen for entry in ENTRIES)
    with pytest.raises((RuntimeError, IndexError), match=re.escape(text)):
        ERRORS[text]()


WHOLE = """\
## §25 NLLLoss without log_softmax

**Seen:** A negative loss, drifting to -1: on probabilities it is -mean p of
the target, within -1..0; on logits it is -mean x of the target, without a
floor.

**Why:** NLLLoss takes log-probabilities and computes no logarithm: it picks
the target's entry and changes its sign.

**Wrong:**

```python
loss = F.nll_loss(logits.softmax(1), target)
```

**Right:**

```python
loss = F.nll_loss(F.log_softmax(logits, 1), target)
```

**Shown by:**

```text
cecalc why -0.1512 --target 2,1,3 \\
    --logits '2,-3,0.8,1.2;1.5,-0.1,0.9,-1.3;0.2,1.7,-0.6,0.4'
```
"""


@pytest.mark.parametrize("spelled", ["§25", "#25"])
def test_an_entry_is_shown_as_it_stands(spelled: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert status_of(["why", spelled]) == 0
    assert capfd.readouterr() == (WHOLE, "")
    assert WHOLE in PAGE


def test_a_number_alone_is_asked_about(capfd: pytest.CaptureFixture[str]) -> None:
    assert status_of(["why", "1", "--logits", "1,2", "--target", "0"]) == 0
    assert capfd.readouterr().out.startswith(" 1 has too few digits")


def test_the_page_is_its_entries_and_says_first_what_it_is() -> None:
    first, second, *_ = PAGE.split("\n")
    assert (first, second[-1]) == ("# Confusions", ".")
    assert PAGE.endswith("\n".join(entry.text for entry in ENTRIES))


@pytest.mark.parametrize("entry", _named(ENTRIES))
def test_text_and_json_agree(entry: Entry, capfd: pytest.CaptureFixture[str]) -> None:
    assert status_of(["why", f"§{entry.number}", "-f", "json"]) == 0
    facts = json.loads(capfd.readouterr().out)
    assert [*facts] == ["number", "title", "seen", "why", "wrong", "right", "command"]
    assert status_of(["why", f"#{entry.number}"]) == 0
    text = capfd.readouterr().out
    heading, seen, why, *blocks = text.split("\n\n")
    assert heading == f"## §{facts['number']} {facts['title']}"
    assert seen.replace("\n", " ") == f"**Seen:** {facts['seen']}"
    assert why.replace("\n", " ") == f"**Why:** {facts['why']}"
    assert blocks[:4] == [
        "**Wrong:**", f"```python\n{facts['wrong']}\n```",
        "**Right:**", f"```python\n{facts['right']}\n```",
    ]  # fmt: skip
    assert shlex.split(blocks[5].strip("`\n").removeprefix("text\n").replace("\\\n", "")) == (
        shlex.split(facts["command"])
    )


def test_an_entry_goes_to_a_file_too(tmp_path: Path) -> None:
    for name, entry in (("x.txt", WHOLE), ("x.json", None)):
        assert status_of(["why", "§25", "-o", str(tmp_path / name)]) == 0
        written = (tmp_path / name).read_text()
        assert written == entry or json.loads(written)["number"] == 25


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_terminal_gets_it_drawn(columns: int) -> None:
    for is_colored in (False, True):
        screen = Screen(width=columns, color=is_colored)
        drawn = render(catalogue()[25], FORMATS["table"], screen)
        plain = re.sub(r"\x1b\[[0-9;]*m", "", drawn)
        assert "**" not in plain and "```" not in plain and plain.lstrip().startswith("§25 NLLLoss")
        assert all(len(line) <= columns for line in plain.split("\n"))
        assert (drawn != plain) == is_colored
    assert "loss = F.nll_loss(" in plain


Q = "--target 0.1,0.1,0.6,0.2;0.3,0.5,0.1,0.1;0.1,0.2,0.3,0.4"
POINTING = {
    "-0.8852 samples/digits.csv": "see cecalc why §25 (NLLLoss without log_softmax) ",
    f"0.1640 --logits 2,-3,0.8,1.2;1.5,-0.1,0.9,-1.3;0.2,1.7,-0.6,0.4 {Q}": (
        "see cecalc why §26 (cross-entropy and KL divergence), §21 (sum and mean) "
    ),
    "8.25 samples/digits.csv": "of each row before cross-entropy (cecalc why §1) without ",
    "8.25 samples/tumours.csv": "after a sigmoid before BCE with logits (cecalc why §12) without ",
    "-9.9 samples/digits.csv": (
        "a turned sign is (cecalc why §38), a sum with a negative part such as CE - Dice (§36), "
        "NLLLoss of logits (§25), targets beyond 1 (§10) "
    ),
}
"""What is asked, and what the answer says about an entry."""


@pytest.mark.parametrize(("asked", "said"), POINTING.items())
def test_what_names_an_entry_says_how_to_read_it(
    asked: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    status_of(["why", *asked.split()])
    assert said in " ".join(capfd.readouterr().out.split())
