"""The room as a whole: its choices, what loading it costs, what it may import."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

import cecalc.output
from cecalc.items import Item
from cecalc.output import FORMATS, HTML, JSON, SUFFIXES, TABLE, Format
from cecalc.request import Screen
from cecalc.terms import Reduction
from tests.output.examples import batch, bce, ce, founding, many, soft, softmax

ROOM = Path(cecalc.output.__file__).parent
ALLOWED = {
    "diagnosis",
    "errors",
    "model",
    "items",
    "numbers",
    "output",
    "ranking",
    "records",
    "request",
    "selection",
    "terms",
}


TEXTS = {name: form for name, form in FORMATS.items() if not form.is_whole}


@pytest.mark.parametrize("view", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("reduction", Reduction)
def test_every_format_writes_whole_lines(view: Format, reduction: Reduction) -> None:
    for items in _everything(reduction):
        for chunk in view.render(iter(items), Screen()):
            assert chunk if view is JSON else chunk.endswith("\n")


def _everything(reduction: Reduction) -> Iterable[Iterable[Item]]:
    yield founding(reduction=reduction)
    yield ce(batch([[0, 1]] * 3, [0, 1, -100]), weight=[1, 2], reduction=reduction)
    yield bce(batch([[0, 1]] * 3, [[0, 1]] * 3), reduction=reduction)
    yield bce(batch([[0]] * 3, [[0]] * 3), reduction=reduction)
    yield bce(batch([[0] * 20], [[1] * 20]), reduction=reduction)
    yield many(50)
    yield soft()
    yield softmax(batch([[0, 1]] * 50))


def test_every_format_has_suffixes_of_its_own() -> None:
    assert set(SUFFIXES.values()) == set(FORMATS.values())
    assert len(SUFFIXES) == sum(len(form.suffixes) for form in FORMATS.values())


def test_loading_the_room_loads_nothing_heavy() -> None:
    code = (
        "import sys, cecalc.output; "
        "print([m for m in ('rich', 'numpy', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("view", sorted(FORMATS.keys() - {TABLE.name, HTML.name}))
def test_only_the_table_and_the_page_need_rich(view: str) -> None:
    code = (
        f"import sys; from cecalc.output import FORMATS; FORMATS['{view}'].render(iter([]), None); "
        "print('rich' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize("path", sorted(ROOM.glob("*.py")), ids=lambda path: str(path.name))
def test_views_import_no_other_room(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            root, _, rest = (node.module or "").partition(".")
            if root == "cecalc":
                assert rest.split(".")[0] in ALLOWED
            assert root in {"cecalc", "matplotlib", "numpy", "rich", *sys.stdlib_module_names}
