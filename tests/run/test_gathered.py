"""Rows that are picked by their loss, groups, and bounds: what they say of the rows as they are."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cecalc import run as flow
from cecalc.cli import status_of
from cecalc.items import Groups
from cecalc.output import FORMATS
from cecalc.request import Rank, Screen
from cecalc.run.collectors import Summed
from cecalc.run.results import Grouping, results
from cecalc.summary import Summary
from cecalc.terms import NanPolicy, Reduction, Task
from tests.run.running import in_blocks, ran, request, run
from tests.shell import InProcess

LOSSES = st.sampled_from([0.0, 1.0, 1.0, 2.5, -3.0, math.inf, math.nan, 7.0])
"""Logits of the wrong class against 0: ties, an infinite loss, nan."""


def values(logits: list[float]) -> np.ndarray:
    """Rows of two classes, the second one's logit as given; of -inf comes an infinite loss."""
    array = np.zeros((len(logits), 2))
    array[:, 1] = -np.asarray(logits)
    return array


@given(
    st.lists(st.tuples(LOSSES, st.sampled_from([0, 1, 1, -100])), min_size=1, max_size=30),
    st.integers(1, 12),
    st.booleans(),
    st.integers(1, 9),
)
def test_ranked_rows_are_the_first_of_all_rows_sorted(
    rows: list[tuple[float, int]], count: int, lowest: bool, block: int
) -> None:
    logits, target = map(list, zip(*rows, strict=True))
    asked: dict[str, Any] = {"nan": NanPolicy.PROPAGATE, "reduction": Reduction.SUM}
    whole = ran(Task.CE, values(logits), target, **asked)
    loss, used = whole.rows("loss"), whole.rows("used")

    def order(row: int) -> tuple[bool, float, int]:
        value = float(loss[row])
        if math.isnan(value):
            return lowest, 0.0, row
        return not lowest, value if lowest else -value, row

    expected = sorted(np.flatnonzero(used).tolist(), key=order)[:count]
    ranked = request(Task.CE, values(logits), target, rank=Rank(count, lowest=lowest), **asked)
    for found in (run(ranked), in_blocks(ranked, 2 * block)):
        assert [outcome.batch.start for outcome in found.outcomes] == expected
        if expected:
            np.testing.assert_array_equal(found.rows("loss"), loss[expected])
        assert found.report.numerator == pytest.approx(whole.report.numerator, nan_ok=True, rel=0)


def groups_of(*arguments: str, capfd: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What `-f json` says of groups."""
    assert status_of([*arguments, "-f", "json"]) == 0
    found: dict[str, Any] = json.loads(capfd.readouterr().out)
    return found


TABLE = "site,logit_a,logit_b,target,sample_weight\n"
SITES = ["Ulm", '"a, b"', "", "x"]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Rows of four sites, some ignored, one site wholly."""
    rng = np.random.default_rng(3)
    lines = [
        f"{SITES[rng.integers(3)]},{rng.normal():.3f},{rng.normal():.3f},{'ab'[rng.integers(2)]},"
        f"{rng.integers(1, 4)}"
        for _ in range(60)
    ]
    lines += ["x,1,2,-100,1", "Ulm,1,2,-100,1"]
    path = tmp_path / "x.csv"
    path.write_text(TABLE + "\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_a_group_is_what_a_run_on_its_rows_alone_gives(
    reduction: str, table: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    options = ["--reduction", reduction, "--weight", "0.3,0.7"]
    whole = groups_of("ce", str(table), "--by", "site", *options, capfd=capfd)
    groups = {group["site"]: group for group in whole["groups"]}
    assert set(groups) == {"Ulm", "a, b", "", "x"}
    assert groups["x"] == {"site": "x", "loss": None, "rows": 0, "accuracy": None, "share": 0}
    header, *lines = table.read_text().splitlines()
    for site in ["Ulm", '"a, b"', ""]:
        alone = table.with_name("alone.csv")
        kept = [line for line in lines if line.startswith(f"{site},")]
        alone.write_text("\n".join([header, *kept]) + "\n")
        expected = groups_of("ce", str(alone), *options, capfd=capfd)
        group = groups[site.strip('"')]
        assert group["loss"] == expected["loss"]
        assert group["rows"] == expected["rows_used"]
        assert group["accuracy"] == expected["accuracy"]
        assert group["share"] == pytest.approx(expected["numerator"] / whole["numerator"])
    order = [group["loss"] for group in whole["groups"][:3]]
    assert order == sorted(order, reverse=True)


def test_classes_of_ce_and_of_bce(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ce = ["ce", "--logits", "0,1;0,1;3,0", "--target", "0,1,1"]
    found = groups_of(*ce, "--by", "class", capfd=capfd)["groups"]
    assert [(g["class"], g["rows"], g["accuracy"]) for g in found] == [(1, 2, 0.5), (0, 1, 0)]
    bce = ["bce", "--logits", "0,9;-1,2;0,0", "--target", "1,0;0,1;1,1", "--classes", "cat,dog"]
    found = groups_of(*bce, "--by", "class", capfd=capfd)["groups"]
    assert [(g["class"], g["rows"], g["accuracy"]) for g in found] == [
        ("dog", 3, 2 / 3),
        ("cat", 3, 1),
    ]
    dog = groups_of("bce", "--logits", "9;2;0", "--target", "0;1;1", capfd=capfd)
    assert found[0]["loss"] == dog["loss"]
    path = tmp_path / "x.csv"  # a column that has the name is the one that is meant
    path.write_text("class,logit_0,logit_1,target\nq,0,1,0\n")
    found = groups_of("ce", str(path), "--by", "class", capfd=capfd)["groups"]
    assert found[0]["class"] == "q"


def test_accuracy_of_a_group_of_bce_is_by_rows_and_by_cells_that_count(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.csv"
    rows = "u,1,2,1,-1\nu,1,2,1,0\nu,1,2,1,1\nu,1,2,-1,-1\nv,1,-2,0,-1\nv,1,2,1,-1\n"
    path.write_text(f"site,logit_a,logit_b,target_a,target_b\n{rows}")
    found = groups_of("bce", str(path), "--by", "site", "--ignore-index=-1", capfd=capfd)["groups"]
    figures = {g["site"]: (g["rows"], g["accuracy"], g["cell_accuracy"]) for g in found}
    assert figures == {"u": (3, 2 / 3, 4 / 5), "v": (2, 1 / 2, 1 / 2)}
    path.write_text("site,logit,target\nu,1,1\n")  # of one cell a row it would be the same
    (found,) = groups_of("bce", str(path), "--by", "site", capfd=capfd)["groups"]
    assert list(found) == ["site", "loss", "rows", "accuracy", "share"]


def test_a_column_of_the_input_is_meant_before_a_class(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.csv"
    path.write_text("logit_a,logit_b,target_a,target_b,class\n1,2,0,1,q\n3,4,1,0,r\n")
    found = groups_of("bce", str(path), "--by", "class", capfd=capfd)["groups"]
    assert {group["class"] for group in found} == {"q", "r"}


@pytest.mark.parametrize(
    ("options", "sites"),
    [([], ["nan", "bad", "good", "none"]), (["--bottom", "4"], ["good", "bad", "nan", "none"])],
)
def test_groups_stand_as_rows_do(
    options: list[str], sites: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.csv"
    rows = "none,1,2,-100\ngood,1,2,1\nnan,nan,2,1\nbad,2,1,1\n"
    path.write_text(f"site,logit_0,logit_1,target\n{rows}")
    line = ["ce", str(path), "--by", "site", "--nan", "propagate", *options]
    found = groups_of(*line, capfd=capfd)["groups"]
    assert [group["site"] for group in found] == sites
    assert {group["share"] for group in found} == {None}  # of a sum that is nan


def test_blocks_change_no_digit_of_groups() -> None:
    rng = np.random.default_rng(0)
    logits, target = rng.normal(size=(97, 3)) * 30, rng.integers(0, 3, 97)
    asked = request(Task.CE, logits, target.tolist())
    found = []
    for size in (3, 30, 1000):
        ranked = in_blocks(asked, size)
        grouping = Grouping(
            ranked.header, lambda losses: [(str(c % 2),) for c in losses.target_class.tolist()]
        )
        for outcome in ranked.outcomes:
            grouping.add(Summed(outcome, Summary()), outcome.batch)
        (groups,) = grouping.finish(Summary())
        found.append((groups.keys, groups.loss.tolist(), groups.share.tolist()))
        assert math.fsum(groups.share) == pytest.approx(1)
    assert found[0] == found[1] == found[2]


# The format, and how two groups stand in it (before the summary).
WRITTEN = {
    "csv": "class,loss,rows,accuracy,share\n1,1.5,1,0,0.6\n0,0.5,2,1,0.4\n",
    "tsv": "class\tloss\trows\taccuracy\tshare\n1\t1.5\t1\t0\t0.6\n0\t0.5\t2\t1\t0.4\n",
    "jsonl": '{"class": 1, "loss": 1.5, "rows": 1, "accuracy": 0, "share": 0.6}\n'
    '{"class": 0, "loss": 0.5, "rows": 2, "accuracy": 1, "share": 0.4}\n',
    "json": '{\n  "groups": [\n'
    '    {"class": 1, "loss": 1.5, "rows": 1, "accuracy": 0, "share": 0.6},\n'
    '    {"class": 0, "loss": 0.5, "rows": 2, "accuracy": 1, "share": 0.4}\n  ],\n',
    "markdown": "| class | loss (nats, mean) | rows | accuracy | of all loss |\n"
    "| :-- | --: | --: | --: | --: |\n"
    "| 1 | 1.5000 | 1 | 0.0000 | 0.6000 |\n| 0 | 0.5000 | 2 | 1.0000 | 0.4000 |\n",
    "table": " class   loss (nats, mean)   rows   accuracy   of all loss\n"
    "───────────────────────────────────────────────────────────\n"
    " 1       1.5000 ████████        1     0.0000        0.6000\n"
    " 0       0.5000 ██▋             2     1.0000        0.4000\n\n"
    " 2 groups, highest loss first\n",
}


@pytest.mark.parametrize("form", WRITTEN)
def test_groups_are_written(form: str) -> None:
    head = run(request(Task.CE, values([1.0]), [0], by="class")).header
    groups = Groups(
        keys=[("1",), ("0",)],
        total=2,
        rows=np.asarray([1, 2]),
        loss=np.asarray([1.5, 0.5]),
        share=np.asarray([0.6, 0.4]),
        accuracy=np.asarray([0.0, 1.0]),
    )
    text = "".join(FORMATS[form].render(iter([head, groups]), Screen()))
    rest = {"json": text[len(WRITTEN["json"]) :]}.get(form, "")
    assert text == WRITTEN[form] + rest


BOUNDS = [
    ("--fail-above 2", 0, ""),
    ("--fail-above 1.3132616875182228", 0, ""),
    ("--fail-above 1", 1, "loss 1.3132616875182228 is above 1 by 0.313262"),
    ("--fail-above loss=1.3132", 1, "loss 1.3132616875182228 is above 1.3132 by 6.16875e-05"),
    ("--fail-below accuracy=0.5", 1, "accuracy 0 is below 0.5 by 0.5"),
    ("--fail-below rows-used=2", 1, "rows_used 1 is below 2 by 1"),
    ("--fail-above inf", 0, ""),
    ("--reduction none --fail-above mean=1", 1, "mean 1.3132616875182228 is above 1 by 0.313262"),
    ("--fail-above 2 --fail-above 1", 1, "loss 1.3132616875182228 is above 1 by 0.313262"),
    ("--fail-above 2 --fail-below rows-used=1 --fail-below accuracy=1", 1,
        "accuracy 0 is below 1 by 1"),
    ("--fail-below accuracy=0 --fail-above mean=2 --fail-above rows-used=0", 1,
        "rows_used 1 is above 0 by 1"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "status", "failure"), BOUNDS)
def test_bounds(options: str, status: int, failure: str, cecalc: InProcess) -> None:
    found, out, err = cecalc(f"ce --logits 1,0 --target 1 -q {options}")
    assert (found, out) == (status, "1.3132616875182228\n")
    assert err == (failure and f"cecalc: failed: {failure}\n")


GROUPS = "site,logit_a,logit_b,target\na,1,0,1\nb,1,0,0\nc,9,9,-100\n"
OF_GROUPS = [
    ("worst=2", 0, ""),
    ("worst=1", 1, "failed: loss of 'a' 1.3132616875182228 is above 1 by 0.313262"),
    ("worst=1 --bottom 1", 1, "failed: loss of 'a' 1.3132616875182228 is above 1 by 0.313262"),
    ("1", 0, "hint: the bound is on the whole; --fail-above worst=X bounds every group"),
    ("1 --no-hints", 0, ""),
    ("accuracy=1", 0, ""),
]


@pytest.mark.parametrize(("bound", "status", "said"), OF_GROUPS)
def test_bounds_of_groups(bound: str, status: int, said: str, cecalc: InProcess) -> None:
    line = f"ce x.csv --by site -f csv --fail-above {bound}"
    found, _, err = cecalc(line, {"x.csv": GROUPS})
    assert (found, err) == (status, said and f"cecalc: {said}\n")


def test_groups_of_which_no_row_counts_keep_no_bound(cecalc: InProcess) -> None:
    line = "ce x.csv --by site -f csv --reduction sum --fail-above worst=9 --no-hints"
    found, _, err = cecalc(line, {"x.csv": "site,logit_a,logit_b,target\na,1,0,-100\n"})
    assert (found, err[:28]) == (1, "cecalc: failed: worst is nan")


def test_several_bounds_each_say_so_and_machines_are_told(
    cecalc: InProcess,
) -> None:
    line = "ce --logits 1,0 --target 1 -q --fail-above 1 --fail-below accuracy=1 --errors json"
    status, _, err = cecalc(line)
    assert status == 1
    found = [json.loads(line) for line in err.splitlines()]
    assert [(f["kind"], f["figure"], f["value"], f["limit"]) for f in found] == [
        ("check", "loss", 1.3132616875182228, 1),
        ("check", "accuracy", 0, 1),
    ]


@pytest.mark.parametrize(
    ("options", "status"),
    [("--fail-above perplexity=1", 1), ("--fail-below perplexity=1", 1), ("--fail-above 1", 1)],
)
def test_what_is_undefined_or_nan_keeps_no_bound(
    options: str, status: int, cecalc: InProcess
) -> None:
    found, _, _ = cecalc(f"ce --logits nan,0 --target 1 --nan propagate -q {options}")
    assert found == status
    expected = 0 if options == "--fail-above 1" else 1  # the sum of nothing is 0
    found, _, err = cecalc(f"ce --logits 1,0 --target -100 --reduction sum -q {options}")
    assert (found, "is undefined" in err) == (expected, bool(expected))


@pytest.mark.parametrize("side", ["--fail-above", "--fail-below"])
@pytest.mark.parametrize("figure", ["loss", "mean", "numerator", "perplexity", "bits"])
@pytest.mark.parametrize("limit", ["inf", "-inf", "0"])
def test_a_figure_that_is_nan_keeps_no_bound_whatever_the_limit(
    side: str, figure: str, limit: str, capfd: pytest.CaptureFixture[str]
) -> None:
    line = f"ce --logits nan,0 --target 1 --nan propagate -q {side} {figure}={limit}"
    assert status_of(line.split()) == 1
    which = side.removeprefix("--fail-")
    said = f"{figure} is nan, and has to be known not to be {which} {limit}"
    assert capfd.readouterr().err == f"cecalc: failed: {said}\n"


def test_groups_come_before_the_report() -> None:
    asked = request(Task.CE, values([1.0, 2.0]), [0, 1], by="class", rank=Rank(1))
    header, groups, report = flow.run(asked, results)
    assert isinstance(groups, Groups)
    assert (groups.size, groups.total, len(groups.loss), report is not header) == (1, 2, 1, True)
