"""From Python: the same digits, checks and words as the commands, whatever holds the numbers."""

from __future__ import annotations

import copy
import io
import json
import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from pyarrow import csv
from torch.nn import functional as F  # noqa: N812

import cecalc
from tests.shell import InProcess

DIGITS = Path(__file__).parents[2] / "samples" / "digits.csv"
LOGITS = [[2, -3, 0.8, 1.2], [1.5, -0.1, 0.9, -1.3]]
FRAMES: dict[str, Any] = {
    "pandas": lambda: pd.read_csv(DIGITS),
    "polars": lambda: pl.read_csv(DIGITS),
    "arrow": lambda: csv.read_csv(DIGITS),
    "a file": lambda: DIGITS,
}


@pytest.mark.parametrize("frame", FRAMES)
def test_the_digits_sample(frame: str, cecalc_: InProcess) -> None:
    """Its loss, rows, groups, an explanation and a diagnosis, as the commands have them."""
    found = cecalc.ce(FRAMES[frame]())
    told = json.loads(cecalc_(["ce", str(DIGITS), "-f", "json"]).out)
    assert found.loss == told["loss"] == float(found)
    assert (found.accuracy, found.rows_used) == (told["accuracy"], 450)
    assert found.rows["loss"].to_pylist() == [row["loss"] for row in told["rows"]]
    assert found.rows["target"].to_pylist() == pd.read_csv(DIGITS)["target"].to_list()
    assert isinstance(found.rows.to_pandas(), pd.DataFrame)
    groups = json.loads(cecalc_(["ce", str(DIGITS), "--by", "class", "-f", "json"]).out)["groups"]
    assert found.by("class").rows["loss"].to_pylist() == [group["loss"] for group in groups]
    top = json.loads(cecalc_(["ce", str(DIGITS), "--top", "3", "-f", "json"]).out)["rows"]
    assert found.top(3).rows["loss"].to_pylist() == [row["loss"] for row in top]
    explained = json.loads(cecalc_(["explain", str(DIGITS), "--top", "1", "-f", "json"]).out)
    row = explained["rows"][0]["row"]
    assert found.explain(row).to_dict()["rows"][0] == explained["rows"][0]
    why = json.loads(cecalc_(["why", "0.4463552", str(DIGITS), "-f", "json"]).out)
    assert found.why("0.4463552").to_dict()["matches"] == why["matches"]


@pytest.mark.parametrize("start", range(0, 500, 50))
def test_random_problems(start: int, cecalc_: InProcess) -> None:
    """Python and command agree to the digit."""
    for seed in range(start, start + 50):
        _agree(seed, cecalc_)


def _agree(seed: int, cecalc_: InProcess) -> None:
    random = np.random.default_rng(seed)
    n, c = random.integers(1, 9), random.integers(2, 6)
    logits = random.normal(0, 3, (n, c)).astype(random.choice(["float64", "float32", "float16"]))
    task = str(random.choice(["ce", "bce"]))
    target: Any = random.integers(0, c, n) if task == "ce" else random.integers(0, 2, (n, c))
    options: dict[str, Any] = {"reduction": str(random.choice(["mean", "sum"]))}
    words = [f"--reduction={options['reduction']}"]
    if random.random() < 0.3:
        options["weight"] = random.random(c).tolist()
        words.append(f"--weight={','.join(map(repr, options['weight']))}")
    if task == "ce" and random.random() < 0.3:
        options["label_smoothing"] = 0.1
        words.append("--label-smoothing=0.1")
    np.save("x.npy", logits)
    np.save("t.npy", target)
    command = [task, "--logits", "x.npy", "--target", "t.npy", "-f", "json", *words]
    told = json.loads(cecalc_(command).out)
    holders: list[Any] = [lambda a: a, torch.from_numpy, lambda a: a.tolist()]
    hold = holders[seed % len(holders)]
    found = getattr(cecalc, task)(hold(logits), hold(target), no_hints=True, **options)
    assert found.loss == told["loss"]
    assert found.rows["loss"].to_pylist() == [row["loss"] for row in told["rows"]]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(name="cecalc_")
def _command(cecalc: InProcess) -> InProcess:
    """The command, beside the package of its name."""
    return cecalc


def _untyped(**options: Any) -> Any:
    """Options that a type checker would not let pass."""
    return options


def _masked(values: Any, mask: Any) -> Any:
    return np.ma.array(values, mask=mask)


def _as(values: list[list[float]]) -> dict[str, Any]:
    array = np.asarray(values)
    return {
        "list": values, "tuples": tuple(map(tuple, values)), "numpy": array,
        "float32": array.astype("float32"), "torch": torch.tensor(values, requires_grad=True),
        "bfloat16": torch.tensor(values, dtype=torch.bfloat16),
        "fortran": np.asfortranarray(array), "strided": np.repeat(array, 2, axis=0)[::2],
        "frame": pd.DataFrame(array, columns=[f"logit_{i}" for i in range(4)]),
        "arrow": pa.table({f"logit_{i}": array[:, i] for i in range(4)}),
    }  # fmt: skip


@pytest.mark.parametrize("holder", _as(LOGITS))
@pytest.mark.parametrize("target", ["list", "numpy", "torch", "series", "names", "objects"])
def test_whatever_holds_the_numbers(holder: str, target: str) -> None:
    values = _as(LOGITS)[holder]
    names = ["c", "b"]
    targets: dict[str, Any] = {
        "list": [2, 1], "numpy": np.asarray([2, 1], np.uint8), "torch": torch.tensor([2, 1]),
        "series": pd.Series([2, 1]), "names": names, "objects": np.asarray(names, object),
    }  # fmt: skip
    options: dict[str, Any] = {}
    if target in ("names", "objects"):
        options = {"classes": ["a", "b", "c", "d"]}
    found = cecalc.ce(values, targets[target], reduction="sum", **options)
    tolerance = {"float32": 1e-7, "bfloat16": 0.01}.get(holder, 1e-15)
    assert found.loss == pytest.approx(3.9579217043, rel=max(tolerance, 1e-9))


def test_what_is_wrong_is_said_with_the_call_that_works() -> None:
    table = pa.table({"p_a": [0.2, 0.3], "p_b": [0.8, 0.7], "y": ["a", "b"]})
    with pytest.raises(cecalc.CecalcError) as raised:
        cecalc.ce(table)
    assert raised.value.tries == ("cecalc.ce(..., probs_cols='p_*')",)
    assert raised.value.__notes__[-1] == "try: cecalc.ce(..., probs_cols='p_*')"
    assert "probs_cols=" in raised.value.__notes__[0]
    assert cecalc.ce(table, probs_cols="p_*").loss == pytest.approx(0.9830564281864164)


@pytest.mark.parametrize(
    ("call", "rule"),
    [
        (cecalc.ce, "no values"),
        (lambda: cecalc.ce(LOGITS), "logits: no target"),
        (lambda: cecalc.ce(LOGITS, [2, 4]), "target: row 1: target 4 outside 0..3"),
        (lambda: cecalc.ce(LOGITS, 0, **_untyped(smoothing=0.1)), "ce has no option smoothing"),
        (lambda: cecalc.ce(LOGITS, 0, **_untyped(output="x.csv")), "ce has no option output"),
        (lambda: cecalc.ce(LOGITS, 0, label_smoothing=2), "label_smoothing='2' is outside 0..1"),
        (
            lambda: cecalc.ce(LOGITS, 0, **_untyped(reduction="avg")),
            "reduction='avg' is none of mean, sum, none",
        ),
        (
            lambda: cecalc.ce(LOGITS, 0, **_untyped(dtype=torch.float32)),
            "dtype='torch.float32' is none of float64, float32, float16, bfloat16",
        ),
        (lambda: cecalc.ce(LOGITS, 0, probs=LOGITS), "logits= and probs= exclude each other"),
        (lambda: cecalc.ce(logits="1,2", target="5"), "target: row 0: target 5 outside 0..1"),
        (lambda: cecalc.ce(LOGITS, [2, 1], top=0), "top=0 keeps no row"),
        (lambda: cecalc.ce(LOGITS, [2, 1]).by("x"), "logits: by: no column 'x'"),
        (
            lambda: cecalc.ce(DIGITS, "target"),
            f'{DIGITS}: target="target" is a column, not a target',
        ),
        (
            lambda: cecalc.ce(pd.read_csv(DIGITS).iloc[:, [0, 1, 1, 2]]),
            "data: column 'ink' appears twice (2 and 3)",
        ),
        (lambda: cecalc.ce("--unchecked"), "--unchecked: No such file or directory"),
        (lambda: cecalc.ce([[object(), 2]], [0]), "logits: expected numbers, found object"),
        (lambda: cecalc.ce([[1, None]], [0]), "logits: logits[0][1] is null"),
        (
            lambda: cecalc.ce(io.StringIO("logit_a,logit_b,target")),
            "logits: is no array and no table: StringIO",
        ),
        (
            lambda: cecalc.ce(torch.zeros(2, 4, device="meta"), [2, 1]),
            "logits: is no array and no table: Tensor",
        ),
        (
            lambda: cecalc.ce(_masked(LOGITS, np.eye(2, 4, 1)), [2, 1]),
            "logits: row 0, class 1: expected a number, found a masked one",
        ),
        (
            lambda: cecalc.ce(LOGITS, _masked([2, 1], [0, 1])),
            "target: row 1: expected a number, found a masked one",
        ),
        (
            lambda: cecalc.ce(LOGITS, [2, 1], weight=_masked([1, 1, 1, 1], [0, 0, 1, 0])),
            "weight: row 2: expected a number, found a masked one",
        ),
        (
            lambda: cecalc.ce(LOGITS, [2, 1]).explain("a"),  # type: ignore[arg-type]
            "'a' is no row: the first is 0",
        ),
        (
            lambda: cecalc.ce(LOGITS, [2, -100]).explain(1),
            "row 1 is ignored: it counts in neither loss",
        ),
        (
            lambda: cecalc.why(torch.zeros(3), LOGITS, [2, 1]),
            "3 numbers for 2 rows",
        ),
        (lambda: cecalc.ce(object(), [2, 1]), "logits: is no array and no table: object"),
        (lambda: cecalc.ce(np.asarray([1j, 2]), 0), "logits: dtype '<c16' is complex"),
        (lambda: cecalc.ce("none.csv"), "none.csv: No such file or directory"),
        (lambda: cecalc.ce(LOGITS, [2, 1]).explain(2), "no row 2: there are 2 rows"),
        (lambda: cecalc.bce([[0.5]], [[2]]), "target: row 0: target 2 outside 0..1"),
    ],
)  # fmt: skip
def test_errors_are_those_of_the_command(call: Any, rule: str) -> None:
    with pytest.raises(cecalc.CecalcError) as raised:
        call()
    assert str(raised.value) == rule


def test_hints_are_warnings() -> None:
    probs = torch.randn(30, 3, generator=torch.Generator().manual_seed(0)).softmax(1)
    target = [i % 3 for i in range(30)]
    with pytest.warns(cecalc.CecalcWarning, match="each row sums to 1"):
        cecalc.ce(probs, target)
    with pytest.raises(cecalc.CecalcError):
        cecalc.ce(probs, target, strict=True)


def test_printed_it_is_the_table(cecalc_: InProcess) -> None:
    logits = "2,-3,0.8,1.2;1.5,-0.1,0.9,-1.3"
    printed = cecalc_(["ce", "--logits", logits, "--target", "2,1"]).out
    assert str(cecalc.ce(logits=logits, target="2,1")) + "\n" == printed.rstrip("\n") + "\n"
    assert repr(cecalc.ce(LOGITS, [2, 1])).splitlines()[0] == printed.splitlines()[0]


def test_what_is_no_figure_is_no_attribute() -> None:
    found = cecalc.ce(LOGITS, [2, 1])
    assert "perplexity" in dir(found)
    with pytest.raises(AttributeError, match="there is no figure 'los'"):
        _ = found.los  # type: ignore[attr-defined]


def test_importing_it_costs_nothing() -> None:
    program = (
        "import sys, cecalc; assert not {'numpy', 'torch', 'pyarrow', 'typer'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


GROUPED: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas": lambda df: df, "polars": pl.from_pandas, "arrow": pa.Table.from_pandas,
    "batch": pa.RecordBatch.from_pandas,
    "category": lambda df: df.astype({"g,p": "category"}),
}  # fmt: skip


@pytest.mark.parametrize("frame", GROUPED)
def test_groups_by_a_column_of_a_table_in_memory(frame: str, cecalc_: InProcess) -> None:
    """As of the same table in a file; a name with a comma is one name, beside the class two."""
    table = pd.read_csv(DIGITS).assign(**{"g,p": ["u", "v", "w"] * 150})
    table.to_csv("grouped.csv", index=False)
    for by in (["ink"], ["g,p"], ["g,p", "class"]):
        quoted = ",".join(f'"{name}"' for name in by)
        told = json.loads(cecalc_(["ce", "grouped.csv", "--by", quoted, "-f", "json"]).out)
        losses = [group["loss"] for group in told["groups"]]
        found = cecalc.ce(GROUPED[frame](table)).by(*by)
        assert found.rows["loss"].to_pylist() == losses
        assert cecalc.ce(GROUPED[frame](table), by=by).rows["loss"].to_pylist() == losses
        assert by[0] in str(found) and by[0] in found._repr_html_()


def test_a_stream_is_read_once() -> None:
    reader = pa.Table.from_pandas(pd.read_csv(DIGITS)).to_reader()
    found = cecalc.ce(reader)
    assert found.rows.num_rows == found.by("class").rows_used == 450
    assert "digit-0005" in str(found.explain(0)) and str(found) == str(cecalc.ce(DIGITS))
    assert "nothing is wrong" in str(found.why("0.2232"))


CHANGED: dict[str, Callable[[Any], Any]] = {
    "numpy": np.asarray, "float32": lambda a: np.asarray(a, np.float32),
    "torch": lambda a: torch.tensor(a, requires_grad=True),
    "pandas": lambda a: pd.DataFrame(a, columns=[f"logit_{i}" for i in range(4)]),
}  # fmt: skip
ASKED_AGAIN: dict[str, Callable[[cecalc.Result], Any]] = {
    "rows": lambda r: r.rows, "str": str, "html": lambda r: r._repr_html_(),
    "to_dict": lambda r: r.to_dict(), "by": lambda r: r.by("class"), "top": lambda r: r.top(1),
    "explain": lambda r: r.explain(0), "why": lambda r: r.why("1.9"),
}  # fmt: skip


@pytest.mark.parametrize("holder", CHANGED)
@pytest.mark.parametrize("asked", ASKED_AGAIN)
def test_values_that_change_are_refused(holder: str, asked: str) -> None:
    values = CHANGED[holder](LOGITS)
    found = cecalc.ce(values, [2, 1])
    explained, why = found.explain(0), found.why("1.979")
    told = str(explained), str(why), explained.to_dict(), explained._repr_html_()
    ASKED_AGAIN[asked](found)
    loss = found.loss
    if holder == "pandas":
        values["logit_2"] = 0.0
    else:
        with torch.no_grad():
            values[0, 0] += 1
    with pytest.raises(cecalc.CecalcError, match="the values have changed since"):
        ASKED_AGAIN[asked](found)
    assert found.loss == loss
    assert (str(explained), str(why), explained.to_dict(), explained._repr_html_()) == told


def test_a_file_that_changes_or_goes_is_refused() -> None:
    Path("x.csv").write_text(DIGITS.read_text())
    found = cecalc.ce("x.csv")
    Path("x.csv").write_text("".join(DIGITS.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(cecalc.CecalcError, match="the values have changed since"):
        str(found)
    Path("x.csv").unlink()
    with pytest.raises(cecalc.CecalcError, match=r"x\.csv: No such file or directory"):
        _ = found.rows


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
@pytest.mark.parametrize("backend", ["auto", "torch"])
def test_values_that_stay_are_the_same_again(dtype: Any, backend: Any) -> None:
    """However the blocks are cut, of which there are several."""
    random = np.random.default_rng(0)
    columns = {f"logit_{i}": random.normal(0, 3, 300_000).astype("float32") for i in range(7)}
    columns |= {"target": random.integers(0, 7, 300_000), "x": random.random(300_000)}
    of_nan = cecalc.ce([[1, float("nan")], [1, 2]], [0, 1], nan="propagate", no_hints=True)
    assert "nan" in str(of_nan)
    if (backend, dtype) == ("auto", "float16"):
        return
    options: dict[str, Any] = {"dtype": dtype, "backend": backend, "no_hints": True}
    found = cecalc.ce(pa.table(columns), **options)
    assert found.rows.num_rows == 300_000
    assert found.by("class").rows.num_rows == 7
    assert found.top(2).to_dict()["rows_used"] == 300_000


def test_a_result_can_be_copied_and_pickled() -> None:
    found = cecalc.ce(torch.tensor(LOGITS, requires_grad=True) * 1, torch.tensor([2, 1]))
    views = found, found.explain(0), found.why("1.979"), cecalc.softmax(LOGITS)
    for view in views:
        for another in (copy.copy(view), copy.deepcopy(view), pickle.loads(pickle.dumps(view))):  # noqa: S301
            assert str(another) == str(view)
            assert another._repr_html_() == view._repr_html_()
    assert copy.deepcopy(found).loss == found.loss == found.top(1).loss


def test_columns_that_are_not_needed_may_hold_anything() -> None:
    frame, loss = pd.read_csv(DIGITS), cecalc.ce(DIGITS).loss
    for column in (["a", 1] * 225, [object()] * 450, [{"a": 1}] * 450, [1j] * 450):
        found = cecalc.ce(frame.assign(x=column))
        assert (found.loss, found.rows.num_rows) == (loss, 450)
    found = cecalc.ce(frame.assign(x=["a", 1] * 225, target=frame["target"].astype(object)))
    assert found.rows["x"].to_pylist()[:2] == ["a", "1"]
    assert found.by("x").rows["x"].to_pylist() == ["1", "a"]
    indexed = cecalc.ce(frame.assign(x=["a", 1] * 225).set_index("id"))
    assert indexed.rows["id"].to_pylist() == frame["id"].to_list()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        numbered = pd.DataFrame(LOGITS).assign(target=[2, 1])
        assert cecalc.ce(numbered, logits_cols="0,1,2,3").rows_used == 2


def test_everyday_arguments() -> None:
    x, y = torch.tensor(LOGITS), torch.tensor([2, 1])
    ours = cecalc.ce(x, y)
    for value in (torch.nn.functional.cross_entropy(x, y), np.float32(ours.loss), ours.loss):
        assert "nothing is wrong" in str(cecalc.why(value, x, y))
        assert "nothing is wrong" in str(ours.why(value))
    double = torch.nn.functional.cross_entropy(x.double(), y)
    assert cecalc.why(double, x, y).to_dict()["typed"] == str(double.item())
    flags = [True, False]
    assert cecalc.bce([0.5, -1], flags).loss == cecalc.bce([0.5, -1], np.array(flags)).loss
    assert cecalc.ce([[Decimal("1.5"), 2]], [0]).loss == cecalc.ce([[1.5, 2]], [0]).loss
    assert cecalc.ce([range(3), range(3)], range(2)).loss == cecalc.ce([[0, 1, 2]] * 2, [0, 1]).loss
    for names in (["x", "y"], ("x", "y"), np.array(["x", "y"]), pd.Index(["x", "y"])):
        assert cecalc.ce([[1, 2.0]], ["x"], classes=names).rows["target"].to_pylist() == ["x"]
    named = cecalc.ce([[1, 2.0]], ["a,b"], classes=["a,b", "c"])
    assert named.by("class").rows["class"].to_pylist() == ["a,b"]
    Path("-x.csv").write_text(DIGITS.read_text())
    assert cecalc.ce("-x.csv").loss == cecalc.ce(Path("-x.csv")).loss == cecalc.ce(DIGITS).loss
    assert f"{ours:.4f} {ours:8.2f}|{ours}" == f"1.9790     1.98|{ours!s}"


def test_a_lazy_frame_is_collected_first() -> None:
    with pytest.raises(cecalc.CecalcError, match="LazyFrame") as raised:
        cecalc.ce(pl.LazyFrame({"logit_a": [1.0]}))
    assert "a lazy one after collect()" in raised.value.__notes__[0]


@pytest.mark.parametrize(
    ("call", "hint"),
    [
        (lambda: cecalc.ce([[1, float("nan")]], [0]), 'nan="propagate" lets it through'),
        (lambda: cecalc.ce(DIGITS, "target"), 'name the column with target_col="target"'),
        (
            lambda: cecalc.ce(Path("x.npy"), [0]),
            "name it: logits=FILE, probs=FILE or log_probs=FILE",
        ),
        (lambda: cecalc.ce(LOGITS), "give one with target="),
    ],
)
def test_a_hint_speaks_python(call: Any, hint: str) -> None:
    np.save("x.npy", np.asarray([[1.0, 2.0]]))
    with pytest.raises(cecalc.CecalcError) as raised:
        call()
    assert raised.value.__notes__[0] == f"hint: {hint}"
    assert raised.value.hint == hint


def test_a_warning_speaks_python() -> None:
    with pytest.warns(cecalc.CecalcWarning, match='; by="class" shows where it comes from'):
        cecalc.bce([5.0, -5.0, 1, -1] * 9, [1, 1, 0, 0] * 9)
    with pytest.warns(cecalc.CecalcWarning, match='; clip="float64" gives'):
        cecalc.ce(probs=[[0.0, 1]], target=[0])


def test_a_list_of_losses_is_asked_about_row_by_row() -> None:
    losses = F.cross_entropy(
        torch.tensor(LOGITS).softmax(1), torch.tensor([2, 1]), reduction="none"
    )
    found = cecalc.why(losses, LOGITS, [2, 1]).to_dict()
    assert found["matches"][0]["name"] == "softmax before cross-entropy"
    assert found["rows"] == "none of 2 rows agree with cecalc"
    assert cecalc.why(1.9789608521490663, LOGITS, [2, 1], as_="ce").to_dict()["matches"]
