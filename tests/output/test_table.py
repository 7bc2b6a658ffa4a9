"""The table: whole texts, as a person sees them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from cecalc.items import Header, Item, Losses
from cecalc.output import TABLE
from cecalc.output.drawing import bars
from cecalc.ranking import TableRows
from cecalc.request import Screen, Selection
from cecalc.terms import Kind
from tests.output.examples import (
    LOGITS,
    batch,
    bce,
    ce,
    ce_outcome,
    founding,
    many,
    soft,
    softmax,
    text,
)

NAMED = ("cat", "dog", "owl [/b]", "fox")
TRICKY = ["[/foo]", "e\x1b[31mx", "a\u202eb", 'q"u,o', "n\nl", "日本"]

FOUNDING = """\
 row 0          0         1       ▸2         3   loss (nats)
─────────────────────────────────────────────────────────────
 logits    2.0000   -3.0000   0.8000    1.2000
 softmax   0.5691    0.0038   0.1714    0.2557
 target    0         0        1         0
 −y·ln p   0.0000    0.0000   1.7638    0.0000        1.7638

 row 1          0        ▸1        2         3   loss (nats)
─────────────────────────────────────────────────────────────
 logits    1.5000   -0.1000   0.9000   -1.3000
 softmax   0.5520    0.1115   0.3030    0.0336
 target    0         1        0         0
 −y·ln p   0.0000    2.1942   0.0000    0.0000        2.1942

 row   target     logit   p_target   prediction   p_pred       loss (nats)
───────────────────────────────────────────────────────────────────────────
   0        2    0.8000     0.1714            0   0.5691   ✗        1.7638
   1        1   -0.1000     0.1115            0   0.5520   ✗        2.1942

 loss           1.9790  mean of 2 rows, nats
 accuracy       0.0000  (0 of 2 rows)
 uniform guess  1.3863  nats, ln 4
 label shares   0.6931  nats, a guess by the shares of labels
 read as        logits of --logits: class indices

 cecalc:0.2|ce|mean|N=2
"""

CELLS = """\
 row 0        cat       dog   ▸owl [/b]       fox   mean (nats)
────────────────────────────────────────────────────────────────
 logits    2.0000   -3.0000      0.8000    1.2000
 sigmoid   0.8808    0.0474      0.6900    0.7685
 target    0         0           1         0
 loss      2.1269    0.0486      0.3711    1.4633        1.0025

 row 1        cat      ▸dog    owl [/b]       fox   mean (nats)
────────────────────────────────────────────────────────────────
 logits    1.5000   -0.1000      0.9000   -1.3000
 sigmoid   0.8176    0.4750      0.7109    0.2142
 target    0         1          -1         0
 loss      1.7014    0.7444     ignored    0.2410        0.8956

 row      cat      dog   owl [/b]      fox   right   loss (nats)
─────────────────────────────────────────────────────────────────
   0   2.1269   0.0486     0.3711   1.4633   2/4          1.0025
   1   1.7014   0.7444              0.2410   1/3          0.8956

 loss           0.9567  mean of 7 cells in 2 rows, nats; 1 ignored
 accuracy       0.0000  (0 of 2 rows)
                0.4286  (3 of 7 cells)
 uniform guess  0.6931  nats, ln 2
 label shares   0.6931  nats, a guess by the shares of labels
 read as        logits of --logits: cells of 0 and 1

 cecalc:0.2|ce|mean|N=2
"""

WEIGHTED = """\
 row 0              cat           dog    ▸owl [/b]           fox   loss (nats)
───────────────────────────────────────────────────────────────────────────────
 logits      2.0000       -3.0000       0.8000        1.2000
 softmax     0.5691        0.0038       0.1714        0.2557
 target      0             0            1             0
 −y·ln p     0.0000        0.0000       1.7638        0.0000        1.7638
 weighted                                                           0.8819

 row 1              cat          ▸dog     owl [/b]           fox   loss (nats)
───────────────────────────────────────────────────────────────────────────────
 logits      1.5000       -0.1000       0.9000       -1.3000
 softmax     0.5520        0.1115       0.3030        0.0336
 target      0             1            0             0
 −y·ln p     0.0000        2.1942       0.0000        0.0000        2.1942
 weighted                                                           4.3883

 row 2             ▸cat           dog     owl [/b]           fox   loss (nats)
───────────────────────────────────────────────────────────────────────────────
 logits     40.0000        0.0000       0.0000        0.0000
 softmax     1.0000        4.2484e-18   4.2484e-18    4.2484e-18
 target      1             0            0             0
 −y·ln p     1.2745e-17    0.0000       0.0000        0.0000        1.2745e-17
 weighted                                                           1.2745e-17

 row 3              cat           dog     owl [/b]           fox   loss (nats)
───────────────────────────────────────────────────────────────────────────────
 logits      1.0000        2.0000       3.0000        4.0000
 softmax     0.0321        0.0871       0.2369        0.6439
 target                                                                ignored

 row   target       logit   p_target   prediction   p_pred       weight   unweighted   loss (nats)
───────────────────────────────────────────────────────────────────────────────────────────────────
   0   owl [/b]    0.8000     0.1714   cat          0.5691   ✗   0.5000   1.7638        0.8819
   1   dog        -0.1000     0.1115   cat          0.5520   ✗   2.0000   2.1942        4.3883
   2   cat        40.0000     1.0000   cat          1.0000   ✓   1.0000   1.2745e-17    1.2745e-17
   3   -100                                                                                ignored

 loss           1.5058  mean of 3 rows, over the sum of class weights, nats; 1 ignored
 accuracy       0.3333  (1 of 3 rows)
 uniform guess  1.3863  nats, ln 4
 label shares   0.6931  nats, a guess by the weighted shares of labels
 read as        logits of --logits: class indices
                as many rows as classes: its shape cannot tell a transposed input

 cecalc:0.2|ce|mean|N=2
"""

SOFT = """\
 row 0             0        ▸1         2         3   loss (nats)
─────────────────────────────────────────────────────────────────
 log probs   -2.3026   -1.6094   -1.2040   -0.9163
 probs        0.1000    0.2000    0.3000    0.4000
 target       0         0.5000    0.5000    0
 −y·ln p      0.0000    0.8047    0.6020    0.0000        1.4067

 row 1            ▸0         1         2         3   loss (nats)
─────────────────────────────────────────────────────────────────
 log probs   -0.3567   -2.3026   -2.3026   -2.3026
 probs        0.7000    0.1000    0.1000    0.1000
 target       1         0         0         0
 −y·ln p      0.3567    0.0000    0.0000    0.0000        0.3567

 row   largest target   log_prob   p_target   prediction   p_pred       loss (nats)
────────────────────────────────────────────────────────────────────────────────────
   0                1    -1.6094     0.2000            3   0.4000   ✗        1.4067
   1                0    -0.3567     0.7000            0   0.7000   ✓        0.3567

 loss           0.8817  mean of 2 rows, nats
 accuracy       0.5000  (1 of 2 rows)
 uniform guess  1.3863  nats, ln 4
 label shares   0.6931  nats, a guess by the shares of labels
 read as        log-probabilities of --logits: class probabilities

 cecalc:0.2|ce|mean|N=2
"""

MANY = """\
 row   target    logit   p_target   prediction   p_pred       loss (nats)
──────────────────────────────────────────────────────────────────────────────
  47        0   0.0000     0.0027            1   0.9973   ✗   5.9027 ████████
  34        0   0.0000     0.0030            1   0.9970   ✗   5.8030 ███████▉
  21        0   0.0000     0.0033            1   0.9967   ✗   5.7033 ███████▊
   8        0   0.0000     0.0037            1   0.9963   ✗   5.6037 ███████▋
  55        0   0.0000     0.0041            1   0.9959   ✗   5.5041 ███████▌
  42        0   0.0000     0.0045            1   0.9955   ✗   5.4045 ███████▍
  29        0   0.0000     0.0050            1   0.9950   ✗   5.3050 ███████▎
  16        0   0.0000     0.0055            1   0.9945   ✗   5.2055 ███████
   3        0   0.0000     0.0061            1   0.9939   ✗   5.1061 ██████▉
  50        0   0.0000     0.0067            1   0.9933   ✗   5.0067 ██████▊

 the ten highest losses of 60 rows, highest first; --format csv gives all

 loss           3.0925  mean of 60 rows, nats
 accuracy       0.0167  (1 of 60 rows)
 uniform guess  0.6931  nats, ln 2
 label shares   0.6931  nats, a guess by the shares of labels
 read as        logits of --logits: class indices

 cecalc:0.2|ce|mean|N=2
"""

OTHERS = """\
 row 0             ▸0        7        8        9       10        11   6 others   loss (nats)
─────────────────────────────────────────────────────────────────────────────────────────────
 logits     0.0000      6.0000   7.0000   8.0000   9.0000   10.0000
 softmax    2.8698e-5   0.0116   0.0315   0.0855   0.2325    0.6321     0.0067
 target     1           0        0        0        0         0          0
 −y·ln p   10.4587      0.0000   0.0000   0.0000   0.0000    0.0000     0.0000       10.4587

"""

NARROW_WIDE = """\
 row  highest       p  2nd       p  3rd       p  11 others
───────────────────────────────────────────────────────────
   0  13       0.6321  12   0.2325  11   0.0855     0.0498

 the 3 highest of 14 classes, the others summed; --format
 csv gives all
"""


def table(items: Iterable[Item], width: int | None = None, *, color: bool = False) -> str:
    return text(TABLE, items, Screen(width, color))


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        pytest.param(founding(), FOUNDING, id="founding"),
        pytest.param(
            bce(batch(LOGITS, [[0, 0, 1, 0], [0, 1, -1, 0]]), classes=NAMED), CELLS, id="cells"
        ),
        pytest.param(
            ce(
                batch([*LOGITS, [40, 0, 0, 0], [1, 2, 3, 4]], [2, 1, 0, -100]),
                weight=[1, 2, 0.5, 1],
                classes=NAMED,
            ),
            WEIGHTED,
            id="weighted",
        ),
        pytest.param(soft(Kind.LOG_PROBS), SOFT, id="soft"),
        pytest.param(many(60), MANY, id="many"),
    ],
)
def test_whole_text(items: Iterable[Item], expected: str) -> None:
    assert table(items) == expected


def test_of_many_classes_a_pipe_gets_all() -> None:
    heading, _, row = table(softmax(batch([list(range(14))]))).splitlines()
    assert heading.split() == ["row", *map(str, range(14))]
    assert row.split()[::14] == ["0", "0.6321"]


def test_of_many_classes_a_terminal_gets_the_highest() -> None:
    assert table(softmax(batch([list(range(14))])), width=60) == NARROW_WIDE


def test_what_fits_is_as_in_a_pipe() -> None:
    assert table(founding(), width=75) == table(founding(), width=500) == FOUNDING
    assert table(founding(), width=74) != FOUNDING


def test_the_working_of_many_classes_adds_the_others_up() -> None:
    drawn = table(ce(batch([[0.0, *range(11)]], [0])))
    assert drawn.startswith(OTHERS)


@pytest.mark.parametrize("summary", [Selection(rows=False), Selection(rows=False, is_full=True)])
def test_without_rows_the_summary_stays(summary: Selection) -> None:
    items = list(founding())
    whole = "".join(TABLE.render(iter(items), Screen(), replace(summary, rows=True)))
    alone = "".join(TABLE.render(iter(items), Screen(), summary))
    assert alone.startswith(" loss  ") and whole.endswith(f"\n\n{alone}")
    assert ("numerator" in alone) == summary.is_full


def test_one_row_has_no_shares_to_tell() -> None:
    drawn = table(ce(batch([[2, -3]], [0])))
    assert "accuracy" not in drawn and "label shares" not in drawn


def test_bars_share_the_highest_finite_loss() -> None:
    losses = [4.0, 1.0, math.inf, math.nan, 0.0, -1.0]
    assert bars(losses) == ["████████", "██", "████████", "", "", ""]
    assert bars([0.0, 0.0]) == ["", ""]


def test_names_and_identifiers_are_shown_and_never_obeyed() -> None:
    drawn = table(ce(batch([[1, 2]] * 6, [0] * 6, ids=TRICKY), classes=("[red]", "\x07|")))
    first_column = re.findall(r"^ (\S+) +\[red\]  ", drawn, re.MULTILINE)
    assert first_column == ["[/foo]", "e\\x1b[31mx", "a\\u202eb", 'q"u,o', "n\\x0al", "日本"]
    assert "\\x07|" in drawn
    assert not {"\x07", "\x1b", "\u202e"} & set(drawn)


def test_wide_characters_take_two_columns() -> None:
    drawn = table(ce(batch([[1, 2]] * 2, [0, 0], ids=["日本", "ab"])))
    assert f" 日本{' ' * 8}0   1.0000" in drawn
    assert f" ab{' ' * 10}0   1.0000" in drawn


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize(
    "environment",
    [
        {"COLUMNS": "20", "TERM": "dumb", "NO_COLOR": "1"},
        {"FORCE_COLOR": "1", "TERM": "xterm-256color", "LINES": "3"},
        {"TTY_COMPATIBLE": "1", "COLORTERM": "truecolor", "JUPYTER_COLUMNS": "30"},
    ],
)
def test_only_the_screen_decides(
    color: bool, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = table(founding(), color=color)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert table(founding(), color=color) == expected


def test_colour_adds_escapes_and_changes_nothing_else() -> None:
    colored = table(founding(), color=True)
    assert "\x1b[31m✗\x1b[0m" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == FOUNDING


@pytest.mark.parametrize("color", [False, True])
def test_no_line_ends_in_blanks(color: bool) -> None:
    for line in table(founding(), color=color).split("\n"):
        assert not re.sub(r"\x1b\[[0-9;]*m", "", line).endswith(" ")
        assert line.count("\x1b[0m") * 2 == line.count("\x1b[")


def test_forty_rows_are_all_shown() -> None:
    drawn = table(many(40))
    assert len(re.findall(r"^ +\d+ +0 ", drawn, re.MULTILINE)) == 40
    assert "highest" not in drawn


def test_highest_losses_put_nan_first_and_ties_to_the_lower_row() -> None:
    losses = np.zeros(50)
    losses[[7, 44]] = np.nan, np.inf
    losses[20:30] = 2.0
    kept = TableRows()
    for start in (0, 25):
        outcome = ce_outcome(batch([[0.0, 0.0]] * 25, [0] * 25, start=start))
        outcome.loss[:] = losses[start : start + 25]
        kept.add(outcome)
    assert [row.batch.start for row in kept.rows()] == [7, *range(20, 28), 44]


def test_kept_rows_do_not_hold_their_batch() -> None:
    kept = TableRows()
    outcome = ce_outcome(batch([[0.0, 1.0]] * 100, [0] * 100))
    kept.add(outcome)
    for row in (*kept.first, *kept.rows()):
        assert row.batch.values.base is None
        assert isinstance(row, Losses) and row.loss.base is None


def test_forty_rows_of_softmax_and_how_to_get_the_rest() -> None:
    drawn = table(softmax(batch([[0.0, 1.0]] * 41)))
    assert drawn.endswith(
        "  39   0.2689   0.7311\n\n the first 40 of 41 rows; --format csv gives all\n"
    )


def test_coordinates_name_rows_of_k_dimensional_input() -> None:
    places = np.array([[0, 0], [0, 1]])
    drawn = table(ce(batch(LOGITS, [2, 1], coordinates=places), coordinates=("n", "d1")))
    assert " n 0, d1 1  " in drawn
    assert " 0    1        1   -0.1000 " in drawn


def test_smoothing_shows_in_the_target_of_the_working() -> None:
    head, outcome, *rest = ce(batch(LOGITS, [2, 1]))
    assert isinstance(head, Header)
    drawn = table([replace(head, label_smoothing=0.1), outcome, *rest])
    assert re.search(r"smoothed +0\.0250 +0\.0250 +0\.9250 +0\.0250\n", drawn)
