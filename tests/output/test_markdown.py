"""Markdown: a table of all rows and a table of figures, every name taken literally."""

from __future__ import annotations

import re

import pytest

from cecalc.output import MARKDOWN
from tests.output.examples import batch, bce, ce, founding, many, softmax, text

FOUNDING = """\
| row | target | logit | p_target | prediction | p_pred | correct | loss (nats) |
| --: | --: | --: | --: | --: | --: | :-: | --: |
| 0 | 2 | 0.8000 | 0.1714 | 0 | 0.5691 | ✗ | 1.7638 |
| 1 | 1 | -0.1000 | 0.1115 | 0 | 0.5520 | ✗ | 2.1942 |

| | |
| :-- | :-- |
| loss | 1.9790 mean of 2 rows, nats |
| accuracy | 0.0000 (0 of 2 rows) |
| uniform guess | 1.3863 nats, ln 4 |
| label shares | 0.6931 nats, a guess by the shares of labels |
| read as | logits of --logits: class indices |
| signature | cecalc:0.2\\|ce\\|mean\\|N=2 |
"""


def test_whole_text() -> None:
    assert text(MARKDOWN, founding()) == FOUNDING


def test_all_rows_are_written() -> None:
    assert len(re.findall(r"^\| \d+ \| 0 ", text(MARKDOWN, many(60)), re.MULTILINE)) == 60


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a|b", r"a\|b"),
        ("*a*", r"\*a\*"),
        ("a_b", "a_b"),
        ("__init__", r"\_\_init\_\_"),
        ("<b>", r"\<b\>"),
        ("`x`", r"\`x\`"),
        ("[x](y)", r"\[x\](y)"),
        ("a\\|b", r"a\\\|b"),
        ("&lt;", r"\&lt;"),
        ("a\nb\x1b", r"a\\x0ab\\x1b"),
    ],
)
def test_names_are_taken_literally(name: str, expected: str) -> None:
    written = text(MARKDOWN, ce(batch([[0, 0]], [0], ids=[name]), classes=(name, "x")))
    assert f"| {expected} | {expected} | 0.0000 |" in written
    values = text(MARKDOWN, softmax(batch([[0, 0]]), classes=(name, "x")))
    assert values.startswith(f"| row | {expected} | x |\n")


def test_cells_and_what_is_ignored() -> None:
    written = text(MARKDOWN, bce(batch([[0, 0], [0, 0]], [[1, -1], [-1, -1]])))
    assert "| 0 | 0.6931 |  | 1/1 | 0.6931 |\n" in written
    assert "| 1 |  |  |  | ignored |\n" in written
    assert "| loss | 0.6931 mean of 1 cell in 1 row, nats; 3 ignored |\n" in written
