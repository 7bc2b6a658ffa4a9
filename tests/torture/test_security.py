"""Input that wants to run code or to speak to the terminal, and may not."""

from __future__ import annotations

import os
import pickle
import re
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.shell import shell, terminal
from tests.torture.sampling import longer, sampled


class Payload:
    """Creates a file when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("canary",)


def _torch_legacy(path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.save({"logits": Payload()}, path, _use_new_zipfile_serialization=False)


def _torch(path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.save({"logits": torch.zeros(2, 2), "target": Payload()}, path)


def _npz(path: Path) -> None:
    np.savez(path, logits=np.array([[Payload()]], dtype=object), target=np.array([0]))


def _npz_raw(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("logits.npy", pickle.dumps(Payload()))
        file.writestr("target.npy", pickle.dumps(Payload()))


def _pickled(protocol: int) -> Callable[[Path], None]:
    def put(path: Path) -> None:
        path.write_bytes(pickle.dumps({"logits": Payload(), "target": [0]}, protocol))

    return put


CANARIES: list[tuple[str, Callable[[Path], None]]] = [
    ("x.npy", lambda path: np.save(path, np.array([Payload()], dtype=object))),
    ("x.npz", _npz),
    ("x.npz", _npz_raw),
    ("x.pt", _torch),
    ("x.pt", _torch_legacy),
    ("x.pth", _pickled(2)),
    ("x.pt", _pickled(4)),
    ("x.npy", _pickled(4)),
    ("x.npz", _pickled(2)),
    ("x.csv", _pickled(0)),
    ("x.pkl", _pickled(5)),
]


@pytest.mark.parametrize(("name", "put"), sampled(CANARIES, every=3))
@pytest.mark.parametrize("force", ["1", longer("0")])
def test_no_file_runs_code(
    name: str, put: Callable[[Path], None], force: str, tmp_path: Path
) -> None:
    put(tmp_path / name)
    trust: dict[str, Any] = {"TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": force}
    for command in (f"ce {name} --target 0", f"ce --logits {name} --target {name}"):
        status, out, _ = shell(f"cecalc {command}", tmp_path, **trust)  # torch is imported then
        assert (status, out) in [(2, ""), (3, ""), (4, "")]
        assert not (tmp_path / "canary").exists()


def test_the_canary_sings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is unpickled, it can be seen."""
    monkeypatch.chdir(tmp_path)
    pickle.loads(pickle.dumps(Payload()))  # noqa: S301
    assert (tmp_path / "canary").exists()


BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
TERMINAL = [
    *(chr(code) for code in range(1, 0x20) if chr(code) not in "\r\n\t"),
    "\x7f",
    *(chr(code) for code in range(0x80, 0xA0)),
    *BIDI,
    "\x1b[31m", "\x1b[2J", "\x1b[?25l", "\x9b31m", "\x1b]0;title\x07", "\x1b]0;title\x1b\\",
    "\x1b]8;;https://example.org\x1b\\x\x1b]8;;\x1b\\", "\x1b]52;c;aGk=\x07", "\x1bP$qm\x1b\\",
    "\x1bPq#0\x1b\\", "\x1b_x\x1b\\", "\x1b^x\x1b\\", "\x1bc", "\u2028",
    "\ufeff", "\u200b", "\udcff",
]  # fmt: skip
"""What a terminal might obey."""
OURS = re.compile(r"\x1b\[[0-9;]*m|\x1b\[\?25h")


def acting(text: str) -> set[str]:
    """The characters of a text that a terminal may obey."""
    acts = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    return {c for c in text if c not in "\n\t" and unicodedata.category(c) in acts}


@pytest.mark.parametrize("whole", ["".join(TERMINAL), *map(longer, TERMINAL)])
@pytest.mark.parametrize("form", ["table", longer("markdown")])
def test_a_terminal_gets_our_sequences_alone(whole: str, form: str, tmp_path: Path) -> None:
    data = f"id,logit_{whole}a,logit_b,target\n{whole}r,1,2,{whole}a\n"
    path = tmp_path / "x.csv"
    if "\udcff" in whole:
        data = data.replace("\udcff", "")
    path.write_text(data, encoding="utf-8")
    for extra in ([], ["--color", "always"], ["-q"]):
        status, shown = terminal(["ce", "x.csv", "-f", form, *extra], tmp_path)
        assert status in (0, 3), shown
        assert acting(OURS.sub("", shown)) == set()


PLACES: dict[str, Callable[[str], str]] = {
    "header": lambda t: f"logit_a,logit_a{t},target\n1,x,a\n",
    "class": lambda t: f"logit_a,logit_b,target\n1,2,{t}\n",
    "number": lambda t: f"logit_a,logit_b,target\n1,2{t},a\n",
    "twice": lambda t: f"logit_a{t},logit_a{t},target\n1,2,0\n",
    "no column": lambda t: f"{t}x,{t}y,target\n1,2,0\n",
}


@pytest.mark.parametrize("place", sampled(PLACES, every=2))
@pytest.mark.parametrize("text", ["".join(TERMINAL[:-1]), *map(longer, TERMINAL[:-1])])
@pytest.mark.fault(26)
def test_a_message_is_printable(place: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(PLACES[place](text), encoding="utf-8")
    status, out, err = shell("cecalc ce x.csv", tmp_path)  # which looks at the message
    assert (status, out, err != "") == (3, "", True)


@pytest.mark.parametrize("text", ["".join(TERMINAL), *map(longer, TERMINAL)])
@pytest.mark.fault(26)
def test_the_name_of_a_file_is_printable(text: str, tmp_path: Path) -> None:
    name = text.replace("/", "").replace("'", "")[:60] + ".csv"
    assert shell(f"cecalc ce ./'{name}'", tmp_path)[0] == 4
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + os.fsencode(name)))
    path.write_text("logit_a,logit_b,target\n1,x,a\n")
    assert shell(f"cecalc ce ./'{name}'", tmp_path)[0] == 3
    path.write_text("logit_a,logit_b,target\n1,2,a\n")
    status, shown = terminal(["ce", str(path)], tmp_path)
    assert status == 0 and acting(OURS.sub("", shown)) == set()


MARKUP = ["[/foo]", "[link=https://example.org]x[/link]", ":warning:", "back\\", "[[red]]", "[a]"]


@pytest.mark.parametrize("text", [" ".join(MARKUP), *map(longer, MARKUP)])
def test_markup_is_text(text: str, tmp_path: Path) -> None:
    text = f"n{text}"  # what begins with a bracket is a list
    (tmp_path / "x.csv").write_text(f"id,logit_{text},logit_b,target\n{text},1,2,{text}\n")
    for form in ("table", "csv", "json"):
        status, shown = terminal(["ce", "x.csv", "-f", form], tmp_path, COLUMNS="400")
        assert status == 0
        shown = OURS.sub("", shown)
        assert text in shown or (form == "json" and text.replace("\\", "\\\\") in shown)
    assert shell("cecalc ce x.csv -f markdown", tmp_path)[0] == 0
    assert shell(f"cecalc ce '{text}' -q", tmp_path)[0] in (2, 4)
