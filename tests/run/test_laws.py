"""Laws of the whole program: one answer however the rows come in, in blocks, in shards, in order.

Where a law says *the same*, every digit is the same; a law that lets digits round says how far.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cecalc.exact import ExactSum
from cecalc.input.arguments import given as as_typed
from cecalc.output import CSV, FORMATS, JSONL, TSV
from cecalc.request import Arithmetic, Request
from cecalc.summary import Summary
from cecalc.terms import InputFormat, Kind, Reduction, TargetForm, Task
from tests import strategies
from tests.oracle import ulps_apart
from tests.run.running import (
    ARITHMETICS,
    BACKENDS,
    FEWER,
    NUMPY,
    TORCH,
    Ran,
    in_blocks,
    joined,
    ran,
    ran_on,
    ran_on_files,
    ran_on_pipe,
    request,
    run,
)

Array = np.ndarray
ANY = tuple(name for name in strategies.MAGNITUDES if name != "up to 1e300")
MILD = ("±5", "±50", "float32", "float16", "bfloat16", "ties")
"""Logits whose losses can be scaled without becoming subnormal."""
MOST_ULPS = 8.0
"""Two losses, each within 4 units of the same exact one."""


@dataclass(frozen=True)
class Matrix:
    """One problem, still to be written down in some format."""

    task: Task
    values: Array
    """(N, C)"""
    target: Array
    """(N,) or (N, C)"""
    sample_weight: Array | None = None
    """(N,)"""

    @property
    def weights(self) -> dict[str, Any]:
        """The sample weights under their name, where there are any."""
        return {} if self.sample_weight is None else {"sample_weight": self.sample_weight.tolist()}

    def run(self, **options: Any) -> Ran:
        """The answer to the arrays themselves."""
        more = {"sample_weight": self.sample_weight} | options
        return ran(self.task, self.values, self.target, **more)

    def rows(self, order: Any) -> Matrix:
        """Some of the rows, in some order."""
        weight = None if self.sample_weight is None else self.sample_weight[order]
        return replace(
            self, values=self.values[order], target=self.target[order], sample_weight=weight
        )

    @property
    def columns(self) -> dict[str, list[Any]]:
        """The same as named columns, those of the values first."""
        named = _columns("logit", self.values)
        named |= {"target": _plain(self.target)} if self.target.ndim == 1 else {}
        named |= _columns("target", self.target) if self.target.ndim == 2 else {}
        return named | self.weights


def _plain(array: Array) -> list[Any]:
    """Numbers as a person writes them: whole ones without a point."""
    flat = array.tolist()
    return [int(x) for x in flat] if all(map(float.is_integer, map(float, flat))) else flat


def _columns(name: str, array: Array) -> dict[str, list[Any]]:
    if array.shape[1] == 1:
        return {name: array[:, 0].tolist()}
    return {f"{name}_{c}": array[:, c].tolist() for c in range(array.shape[1])}


@st.composite
def matrices(draw: st.DrawFn, *, weights: bool = True, kinds: tuple[str, ...] = ANY) -> Matrix:
    """N ≥ 1 rows of C ≥ 2 classes, or of cells."""
    task = draw(st.sampled_from([Task.CE, Task.BCE]))
    classes = draw(st.integers(2 if task is Task.CE else 1, 9))
    rows, rng = draw(st.integers(1, 12)), draw(strategies.generators())
    values = strategies.MAGNITUDES[draw(st.sampled_from(kinds))](rng, (rows, classes))
    weight = 10.0 ** rng.uniform(-3, 3, rows) if weights and draw(st.booleans()) else None
    if task is Task.BCE:
        cells = rng.choice([0.0, 1.0, 0.25, rng.random()], values.shape)
        return Matrix(task, values, cells, weight)
    if draw(st.booleans()):
        soft = strategies.draw_distributions(rng, values.shape)
        return Matrix(task, values, soft, weight)
    index = strategies.draw_index(rng, values)
    index[1:] = np.where(rng.random(rows - 1) < 0.3, -100, index[1:])
    return Matrix(task, values, index.astype(np.float64), weight)


def _table(m: Matrix, delimiter: str, *leave_out: str) -> str:
    columns = {name: c for name, c in m.columns.items() if name not in leave_out}
    return joined([list(columns), *zip(*columns.values(), strict=True)], delimiter)


def _objects(m: Matrix, *, lists: bool) -> list[dict[str, Any]]:
    if lists:
        columns = {"logits": m.values.tolist(), "target": m.target.tolist()} | m.weights
    else:
        columns = m.columns
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _document(m: Matrix) -> str:
    return json.dumps({"logits": m.values.tolist(), "target": m.target.tolist()} | m.weights)


def _json_lines(m: Matrix, *, lists: bool) -> str:
    return "".join(json.dumps(row) + "\n" for row in _objects(m, lists=lists))


def _repeated(rows: list[Any]) -> list[str]:
    return [",".join(map(repr, np.atleast_1d(row).tolist())) for row in rows]


def _typed(m: Matrix, write: Callable[[list[Any]], list[str]], **options: Any) -> Ran:
    """The matrix as the texts of options, which go through their own parser."""
    more = {"sample_weight": m.sample_weight} | options
    values = as_typed("--logits", write(m.values.tolist()))
    target = as_typed("--target", write(m.target.tolist()), names=m.task is Task.CE)
    return ran(m.task, values, target, **more)


def _two_files(m: Matrix, delimiter: str, suffix: str, **options: Any) -> Ran:
    targets = [name for name in m.columns if name.startswith("target")]
    others = [name for name in m.columns if name not in targets]
    texts = {"values": _table(m, delimiter, *targets), "target": _table(m, delimiter, *others)}
    return ran_on_files(m.task, texts, suffix, **options)


WAYS: dict[str, Callable[..., Ran]] = {
    "nested JSON in an option": lambda m, **o: _typed(m, lambda rows: [json.dumps(rows)], **o),
    "rows apart by ;": lambda m, **o: _typed(m, lambda rows: [";".join(_repeated(rows))], **o),
    "a repeated option": lambda m, **o: _typed(m, _repeated, **o),
    "as NumPy prints": lambda m, **o: _typed(
        m, lambda rows: [json.dumps(rows).replace(",", "\n ")], **o
    ),
    "as torch prints": lambda m, **o: _typed(
        m, lambda rows: [f"tensor({rows}, dtype=torch.float64)"], **o
    ),
    "JSON document": lambda m, **o: ran_on(_document(m), ".json", m.task, **o),
    "JSON document over lines": lambda m, **o: ran_on(
        json.dumps(json.loads(_document(m)), indent=1), ".json", m.task, **o
    ),
    "array of row objects": lambda m, **o: ran_on(
        json.dumps(_objects(m, lists=True)), ".json", m.task, **o
    ),
    "array of flat row objects": lambda m, **o: ran_on(
        json.dumps(_objects(m, lists=False)), ".json", m.task, **o
    ),
    "JSON lines": lambda m, **o: ran_on(_json_lines(m, lists=True), ".jsonl", m.task, **o),
    "flat JSON lines": lambda m, **o: ran_on(_json_lines(m, lists=False), ".ndjson", m.task, **o),
    "CSV": lambda m, **o: ran_on(_table(m, ","), ".csv", m.task, **o),
    "CSV with CRLF": lambda m, **o: ran_on(
        _table(m, ",").replace("\n", "\r\n"), ".csv", m.task, **o
    ),
    "TSV": lambda m, **o: ran_on(_table(m, "\t"), ".tsv", m.task, **o),
    "CSV, target and values apart": lambda m, **o: _two_files(m, ",", ".csv", **o),
    "TSV, target and values apart": lambda m, **o: _two_files(m, "\t", ".tsv", **o),
    "CSV from a pipe": lambda m, **o: ran_on_pipe(_table(m, ","), m.task, **o),
    "TSV from a pipe": lambda m, **o: ran_on_pipe(_table(m, "\t"), m.task, **o),
    "semicolons from a pipe": lambda m, **o: ran_on_pipe(
        _table(m, ";"), m.task, delimiter=";", **o
    ),
    "JSON document from a pipe": lambda m, **o: ran_on_pipe(_document(m), m.task, **o),
    "row objects from a pipe": lambda m, **o: ran_on_pipe(
        json.dumps(_objects(m, lists=True), indent=1), m.task, **o
    ),
    "JSON lines from a pipe": lambda m, **o: ran_on_pipe(
        _json_lines(m, lists=True), m.task, input_format=InputFormat.JSONL, **o
    ),
}
"""How the same matrix can come in."""
OURS = ("loss", "loss_unweighted", "prediction", "p_target", "correct", "status", "loss_")


def _ours(result: Ran) -> list[list[str]]:
    """The columns of `-f csv` that are computed."""
    rows = [line.split(",") for line in result.text(CSV).splitlines()]
    return [list(c) for c in zip(*rows, strict=True) if c[0].startswith(OURS)]


@pytest.mark.parametrize("way", WAYS)
@FEWER
@given(m=matrices(), reduction=st.sampled_from(Reduction))
def test_one_answer_for_all_formats(way: str, m: Matrix, reduction: Reduction) -> None:
    """The same matrix gives the same computed columns, summary and `-q`, however it comes in."""
    expected, got = m.run(reduction=reduction), WAYS[way](m, reduction=reduction)
    assert _ours(got) == _ours(expected)
    assert got.same() == expected.same()
    assert got.quiet() == expected.quiet()


@FEWER
@given(rng=strategies.generators(), extents=st.lists(st.integers(1, 3), min_size=2, max_size=4))
def test_one_answer_for_k_dimensions(rng: np.random.Generator, extents: list[int]) -> None:
    """(N, C, d1, …) as nested lists, a document, row objects of any shape or flat rows (N·d, C)."""
    n, *rest = extents
    logits = rng.uniform(-9, 9, (n, 4, *rest))
    index, weight = rng.integers(0, 4, (n, *rest)), rng.uniform(0.1, 9, n)
    columns = {"logits": logits, "target": index, "sample_weight": weight}
    nested = {name: array.tolist() for name, array in columns.items()}
    rows = [dict(zip(nested, row, strict=True)) for row in zip(*nested.values(), strict=True)]
    flat = Matrix(
        Task.CE,
        np.moveaxis(logits, 1, -1).reshape(-1, 4),
        index.reshape(-1),
        np.repeat(weight, index[0].size),
    ).run()
    for result in (
        ran(Task.CE, logits, index, sample_weight=weight),
        ran_on(json.dumps(nested), ".json", Task.CE),
        ran_on(json.dumps(rows), ".json", Task.CE),
        ran_on("".join(json.dumps(row) + "\n" for row in rows), ".jsonl", Task.CE),
    ):
        assert result.rows("loss").tobytes() == flat.rows("loss").tobytes()
        assert replace(result.report, header=flat.header, target_form="") == replace(
            flat.report, target_form=""
        )


@FEWER
@given(m=matrices())
def test_output_for_arrays_is_what_a_table_would_have_given(m: Matrix) -> None:
    """Records are made up for input that had none: read as a table, they come out byte by byte."""
    made_up = m.run().text(CSV)
    kept = len(m.columns)
    for delimiter, view, suffix in ((",", CSV, ".csv"), ("\t", TSV, ".tsv")):
        made = made_up.replace(",", delimiter)
        table = "".join(delimiter.join(r.split(delimiter)[:kept]) + "\n" for r in made.splitlines())
        assert ran_on(table, suffix, m.task).text(view) == made
    assert ran_on(_document(m), ".json", m.task).text(CSV) == made_up


@FEWER
@given(m=matrices(), reduction=st.sampled_from(Reduction))
def test_output_can_be_fed_back(m: Matrix, reduction: Reduction) -> None:
    """`-f csv`, `tsv` and `jsonl` are inputs with the same answer, and so is what they give."""
    first = m.run(reduction=reduction)
    for view, suffix in ((CSV, ".csv"), (TSV, ".tsv"), (JSONL, ".jsonl")):
        again = ran_on(first.text(view), suffix, m.task, reduction=reduction)
        third = ran_on(again.text(view), suffix, m.task, reduction=reduction)
        assert first.same() == again.same() == third.same()
        assert first.quiet() == again.quiet() == third.quiet()


def _requests() -> dict[str, Request]:
    rng = np.random.default_rng(5)
    logits, soft = rng.uniform(-50, 50, (50, 6)), rng.dirichlet(np.ones(6), 50)
    index = np.where(rng.random(50) < 0.2, -100, rng.integers(0, 6, 50))
    positions: dict[str, Any] = {
        "values": rng.uniform(-50, 50, (7, 4, 2, 3)),
        "target": rng.integers(0, 4, (7, 2, 3)),
        "sample_weight": rng.random(7) + 0.5,
        "weight": rng.random(4),
        "label_smoothing": 0.1,
    }
    cells, shares = rng.uniform(-50, 50, (23, 17)), rng.random((23, 17))
    weights: dict[str, Any] = {
        "weight": rng.random((23, 17)),
        "pos_weight": rng.random((23, 1)) * 5,
    }
    return {
        "indices": request(Task.CE, logits, index, weight=rng.random(6), label_smoothing=0.1),
        "one-hot, then soft": request(Task.CE, logits, np.concatenate([np.eye(6)[:1], soft[1:]])),
        "distributions": request(Task.CE, logits, soft, sample_weight=rng.random(50)),
        "log-probs": request(Task.CE, np.log(soft), index, kind=Kind.LOG_PROBS),
        "K dimensions": request(Task.CE, **positions),
        "probs of cells": request(Task.BCE, soft, soft, kind=Kind.PROBS),
        "0/1 cells, then soft": request(
            Task.BCE, cells, np.where(np.arange(23)[:, None], shares, 1)
        ),
        "cells": request(Task.BCE, cells, shares, sample_weight=rng.random(23)),
        "weighted cells": request(Task.BCE, cells, shares, **weights),
        "transposed cells": request(Task.BCE, cells.T, shares.T, transpose=True, **weights),
    }


@BACKENDS
@pytest.mark.parametrize(("name", "asked"), _requests().items(), ids=list(_requests()))
def test_blocks_change_no_digit(name: str, asked: Request, arithmetic: Arithmetic) -> None:
    """Every output is the same byte by byte whether batches hold one row, a few or all."""
    for reduction in Reduction if arithmetic is NUMPY else [Reduction.MEAN]:
        options = replace(asked.input.options, reduction=reduction)
        asked_so = replace(
            asked, input=replace(asked.input, options=options), arithmetic=arithmetic
        )
        _is_the_same_in_blocks(asked_so, name)


@BACKENDS
@pytest.mark.parametrize("reduction", Reduction)
@pytest.mark.parametrize("task", [Task.CE, Task.BCE])
def test_where_rows_lie_in_memory_changes_no_digit(
    task: Task, reduction: Reduction, arithmetic: Arithmetic
) -> None:
    """Rows that are columns in memory (`--transpose`, or classes on axis 1 of K dimensions) cost
    what rows side by side do, and so does each row alone.
    """
    rng = np.random.default_rng(7)
    values, shares = rng.uniform(-2, 2, (40, 13)), rng.dirichlet(np.ones(13), 40)
    options: dict[str, Any] = {"reduction": reduction, "arithmetic": arithmetic}
    plain = ran(task, values, shares, **options)
    turned = ran(task, values.T, shares.T, transpose=True, **options)
    assert turned.text(CSV) == plain.text(CSV)
    assert turned.quiet() == plain.quiet()
    assert in_blocks(request(task, values, shares, **options), 1).quiet() == plain.quiet()
    if task is Task.CE:
        for target, of_rows in (
            (shares.T[None], shares),
            (shares.argmax(1)[None], shares.argmax(1)),
        ):
            positions = ran(task, values.T[None], target, **options)
            assert positions.quiet() == ran(task, values, of_rows, **options).quiet()


def test_blocks_of_tables_change_no_digit(tmp_path: Path) -> None:
    """The same of files, which are read in blocks; what is in a file of its own keeps step."""
    rng = np.random.default_rng(6)
    m = Matrix(Task.CE, rng.uniform(-5, 5, (41, 3)), rng.integers(0, 3, 41) * 1.0, rng.random(41))
    grids = [
        {"id": f"r{i}", "logits": rng.uniform(-9, 9, (5, 2)).tolist(), "target": [i % 5, 4 - i % 5]}
        for i in range(33)
    ]
    texts = {
        "table.csv": _table(m, ","),
        "flat.jsonl": _json_lines(m, lists=False),
        "lists.json": json.dumps(_objects(m, lists=True)),
        "grids.jsonl": "".join(json.dumps(row) + "\n" for row in grids),
        "values.csv": _table(m, ",", "target", "sample_weight"),
        "target.csv": joined([["target"], *([t] for t in _plain(m.target))], ","),
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    for name in texts.keys() - {"values.csv", "target.csv"}:
        _is_the_same_in_blocks(request(Task.CE, inputs=(str(tmp_path / name),)), name)
    beside: dict[str, Any] = {"target": tmp_path / "target.csv", "sample_weight": m.sample_weight}
    _is_the_same_in_blocks(request(Task.CE, tmp_path / "values.csv", **beside), "values.csv")


def _is_the_same_in_blocks(asked: Request, name: str) -> None:
    expected = run(asked)
    given_row = max(1, len(expected.rows("batch.values")) // max(1, expected.entries))
    views = FORMATS.values() if expected.header.reduction is Reduction.MEAN else [CSV]
    for values in (1, 7, expected.header.width * 10):
        got = in_blocks(asked, values)
        largest = max(outcome.batch.values.size for outcome in got.outcomes)
        assert largest <= max(values, given_row * expected.header.width), (name, "batch too large")
        assert got.quiet() == expected.quiet()
        for view in views:
            assert got.text(view) == expected.text(view), (name, view, values)


@given(m=matrices(), rng=strategies.generators())
def test_shards_merge_to_the_whole_in_any_order(m: Matrix, rng: np.random.Generator) -> None:
    """Summaries of the rows, merged in any order and any tree, finish with the digits of all."""
    whole = m.run()
    single = in_blocks(request(m.task, m.values, m.target, sample_weight=m.sample_weight), 1)
    parts = [Summary.of(outcome, whole.header) for outcome in single.outcomes] + [Summary()]
    while len(parts) > 1:
        i, j = rng.choice(len(parts), 2, replace=False)
        merged = parts[i].merge(parts[j])
        parts = [part for k, part in enumerate(parts) if k not in (i, j)] + [merged]
    merged = parts[0].finish(whole.header, None, whole.report.backend)
    assert replace(merged, signature=whole.report.signature) == whole.report


@given(arithmetic=ARITHMETICS, m=matrices(), rng=strategies.generators())
def test_rows_have_no_order_and_duplicates_no_say(
    arithmetic: Arithmetic, m: Matrix, rng: np.random.Generator
) -> None:
    """Permuted rows have permuted losses and the same summary; rows given thrice leave the mean,
    the accuracy and the entropy of the labels where they were.
    """
    whole, order = m.run(arithmetic=arithmetic), rng.permutation(len(m.values))
    mixed = m.rows(order).run(arithmetic=arithmetic)
    assert mixed.rows("loss").tobytes() == whole.rows("loss")[order].tobytes()
    assert mixed.same() == whole.same()
    thrice = m.rows(np.tile(order, 3)).run(arithmetic=arithmetic).report
    assert thrice.mean == whole.report.mean
    assert thrice.correct == 3 * whole.report.correct
    entropy, expected = thrice.label_entropy, whole.report.label_entropy
    assert entropy == pytest.approx(expected, rel=1e-14, abs=1e-15)


@given(m=matrices(weights=False))
def test_ignored_rows_can_be_removed(m: Matrix) -> None:
    """Without its ignored rows an input has the same summary but for their count; in bce, so it is
    with the cells whose target is the ignored one.
    """
    kept = m.target != -100 if m.target.ndim == 1 else np.ones(len(m.values), dtype=bool)
    whole, without = m.run(), m.rows(kept).run()
    assert without.report == replace(
        whole.report,
        header=without.header,
        rows_given=without.report.rows_given,
        rows_ignored=0,
        signature=without.report.signature,
    )
    assert whole.report.rows_ignored == (~kept).sum()
    assert without.rows("loss").tobytes() == whole.rows("loss")[kept].tobytes()
    if m.task is Task.BCE:
        wider = replace(
            m,
            values=np.concatenate([m.values, m.values], axis=1),
            target=np.concatenate([m.target, np.full(m.target.shape, 7.0)], axis=1),
        )
        report = wider.run(ignore_index=7.0).report
        assert (report.loss, report.cells_ignored) == (without.report.loss, m.values.size)


@given(
    logits=strategies.dyadic_logits(6, 6).filter(lambda a: a.shape[1] > 1),
    rng=strategies.generators(),
    shift=st.integers(-(2**20), 2**20).map(lambda n: n / 1024),
)
def test_shift_mask_and_uniform(logits: Array, rng: np.random.Generator, shift: float) -> None:
    """Dyadic shifts of a row's logits change nothing; neither does a class at −inf; and equal
    logits cost what the summary calls chance, whatever the target.
    """
    index = strategies.draw_index(rng, logits)
    expected = ran(Task.CE, logits, index)
    shifted = logits + shift * rng.integers(-1, 2, (len(logits), 1))
    assert ran(Task.CE, shifted, index).same() == expected.same()
    masked = ran(Task.CE, np.concatenate([logits, np.full((len(logits), 1), -np.inf)], 1), index)
    assert ulps_apart(masked.rows("loss"), expected.rows("loss")) <= MOST_ULPS
    assert masked.report.correct == expected.report.correct
    uniform = ran(Task.CE, np.zeros(logits.shape) + shift, index).report
    assert uniform.loss == pytest.approx(uniform.chance, rel=4e-16)


@given(
    arithmetic=ARITHMETICS,
    m=matrices(kinds=MILD),
    rng=strategies.generators(),
    power=st.integers(-30, 30),
)
def test_weights_scale(
    arithmetic: Arithmetic, m: Matrix, rng: np.random.Generator, power: int
) -> None:
    """Weights times 2ᵏ: losses and denominator are 2ᵏ as large, and the mean is the same; where the
    denominator counts losses, the mean is 2ᵏ as large. Weights of 1 are no weights.
    """
    scale = 2.0**power
    weight = rng.uniform(0.5, 2, len(m.values))
    plain = replace(m, sample_weight=weight).run(arithmetic=arithmetic)
    scaled = replace(m, sample_weight=weight * scale).run(arithmetic=arithmetic)
    assert scaled.rows("loss").tobytes() == (plain.rows("loss") * scale).tobytes()
    assert scaled.report.denominator == plain.report.denominator * scale
    assert scaled.report.loss == plain.report.loss

    by_class = strategies.draw_weights(rng, m.values.shape[1]) + 0.25
    plain, scaled = (m.run(arithmetic=arithmetic, weight=w) for w in (by_class, by_class * scale))
    counts_losses = plain.header.target_form is not TargetForm.INDEX
    assert plain.report.loss is not None
    assert scaled.report.numerator == plain.report.numerator * scale
    assert scaled.report.loss == plain.report.loss * (scale if counts_losses else 1)

    bare = replace(m, sample_weight=None).run(arithmetic=arithmetic)
    rows, classes = np.ones(len(m.values)), np.ones(m.values.shape[1])
    for ones in ({"sample_weight": rows}, {"sample_weight": None, "weight": classes}):
        unit = m.run(arithmetic=arithmetic, **ones)
        assert unit.rows("loss").tobytes() == bare.rows("loss").tobytes()
        assert unit.report.loss == bare.report.loss


@given(
    arithmetic=ARITHMETICS,
    logits=strategies.dyadic_logits(8, 1),
    others=strategies.generators(),
)
def test_two_classes_are_one_cell(
    arithmetic: Arithmetic, logits: Array, others: np.random.Generator
) -> None:
    """CE of two classes is BCE of the difference of their logits, in every figure they share."""
    pairs = np.concatenate([others.integers(-700, 700, logits.shape) * 1.0, logits], axis=1)
    index = others.integers(0, 2, len(logits))
    ce = ran(Task.CE, pairs, index, arithmetic=arithmetic)
    bce = ran(Task.BCE, pairs[:, 1:] - pairs[:, :1], index[:, None], arithmetic=arithmetic)
    assert ulps_apart(bce.rows("loss"), ce.rows("loss")) <= MOST_ULPS
    assert bce.report.loss is not None and ce.report.loss is not None
    assert ulps_apart(np.asarray(bce.report.loss), np.asarray(ce.report.loss)) <= MOST_ULPS
    assert np.abs(bce.rows("p_target") - ce.rows("p_target")).max() <= 1e-15
    assert (bce.report.denominator, bce.report.chance) == (len(pairs), ce.report.chance)
    assert bce.report.label_entropy == pytest.approx(ce.report.label_entropy, rel=1e-14)
    untied = pairs[:, 0] != pairs[:, 1]  # on a tie the first class is predicted, and y = 1
    assert (bce.rows("prediction") == ce.rows("prediction"))[untied].all()


@given(
    arithmetic=ARITHMETICS,
    logits=strategies.logits(6, 6, masks=True).filter(lambda a: a.shape[1] > 1),
    rng=strategies.generators(),
    epsilon=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
)
def test_an_index_is_its_one_hot_row(
    arithmetic: Arithmetic, logits: Array, rng: np.random.Generator, epsilon: float
) -> None:
    """The same row losses; with class weights the same numerator, while the denominators differ as
    torch's do: Σ w_t of indices, N of distributions. Smoothing is mixing the target with 1/C.
    """
    classes = logits.shape[1]
    index = rng.integers(0, classes, len(logits))
    one_hot, weight = np.eye(classes)[index], np.asarray(rng.integers(1, 9, classes) / 4)
    common = {"arithmetic": arithmetic, "reduction": Reduction.SUM}
    for options in (common, common | {"weight": weight}):
        hard, soft = (ran(Task.CE, logits, t, **options) for t in (index, one_hot))
        assert hard.rows("loss").tobytes() == soft.rows("loss").tobytes()
        assert hard.report.numerator == soft.report.numerator
        assert hard.report.correct == soft.report.correct
    assert soft.report.denominator == len(index)
    assert hard.report.denominator == weight[index].sum()

    dyadic = 0.5 if epsilon == 0.1 else epsilon  # mixed here without rounding
    finite = np.where(logits == -np.inf, -40.0, logits)
    smooth = ran(Task.CE, finite, index, label_smoothing=dyadic, **common)
    mixture = one_hot * (1 - dyadic) + dyadic / classes
    mixed = ran(Task.CE, finite, mixture, **common)
    assert ulps_apart(smooth.rows("loss"), mixed.rows("loss")) <= 2 * MOST_ULPS
    soft_too = ran(Task.CE, finite, one_hot, label_smoothing=epsilon, **common)
    hard_too = ran(Task.CE, finite, index, label_smoothing=epsilon, **common)
    assert ulps_apart(soft_too.rows("loss"), hard_too.rows("loss")) <= 2 * MOST_ULPS


@given(m=matrices(weights=False, kinds=MILD), power=st.integers(1, 8))
def test_unchecked_targets_scale(m: Matrix, power: int) -> None:
    """Cross-entropy is linear in the target: 2ᵏ times the shares cost 2ᵏ as much."""
    soft = m.target if m.target.ndim == 2 and m.task is Task.CE else np.abs(np.sin(m.values))
    if m.values.shape[1] > 1:
        one, many = (
            ran(Task.CE, m.values, soft * scale, unchecked=True) for scale in (1, 2.0**power)
        )
        assert many.rows("loss").tobytes() == (one.rows("loss") * 2.0**power).tobytes()


TIES = [  # task, values, target; prediction, right or wrong of each row
    (Task.CE, [[1, 1, 0], [0, 1, 1], [0, 0, 0]], [0, 2, 0], [0, 1, 0], [True, False, True]),
    (Task.CE, [[3, 3], [0, -0.0]], [[0, 1], [0.5, 0.5]], [0, 0], [False, True]),
    (Task.BCE, [[0], [0], [-1e-9]], [[1], [0.5], [0.4]], [1, 1, 0], [True, True, True]),
    (Task.BCE, [[0], [1], [-1]], [[0], [0.4], [1]], [1, 1, 0], [False, False, False]),
]


@pytest.mark.parametrize(("task", "values", "target", "prediction", "correct"), TIES)
def test_ties_go_to_the_first_class_and_a_half_is_yes(
    task: Task, values: Any, target: Any, prediction: list[int], correct: list[bool]
) -> None:
    """Arg-max, the first on ties, also of soft targets; for bce p ≥ 0.5. Each with its share."""
    given, rows = np.asarray(target), np.arange(len(target))
    logits = np.asarray(values, dtype=np.float64)
    if task is Task.BCE:
        meant, logits = (given[:, 0] >= 0.5).astype(int), np.hstack([0 * logits, logits])
    else:
        meant = given if given.ndim == 1 else given.argmax(axis=1)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    for arithmetic in (NUMPY, TORCH):
        result = ran(task, values, target, arithmetic=arithmetic)
        assert result.rows("prediction").tolist() == prediction
        assert result.rows("correct").tolist() == correct
        assert result.report.correct == sum(correct)
        for name, of in (("p_prediction", prediction), ("p_target", meant)):
            np.testing.assert_allclose(result.rows(name), shares[rows, of], rtol=1e-14)


wild = st.lists(
    st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([5e-324, -5e-324, 2.0**-1022, 1.7e308, -1.7e308, 1.0, 2.0**-53, 0.0]),
    max_size=60,
)


def _nearest(exact: Fraction) -> float:
    """Python rounds a fraction once, to even."""
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


@pytest.mark.fault(125)
@given(terms=wild, cut=st.integers(0, 60), others=wild)
def test_sums_are_exact(terms: list[float], cut: int, others: list[float]) -> None:
    """Sums and quotients of sums are the exact ones, rounded once, however the terms are split."""

    def total(part: list[float]) -> ExactSum:
        return ExactSum.of(np.asarray(part, dtype=np.float64))

    exact = sum(map(Fraction, terms), Fraction())
    parts = total(terms[cut:]) + total(terms[:cut])
    singles = reduce(ExactSum.__add__, (total([term]) for term in terms), ExactSum())
    assert parts == total(terms) == singles
    assert parts.value() == _nearest(exact)
    if all(abs(term) < 1e300 for term in terms):
        assert parts.value() == math.fsum(terms)
    weights = [abs(other) for other in others]
    divisor = sum(map(Fraction, weights), Fraction())
    quotient = parts.over(total(weights))
    assert math.isnan(quotient) if not divisor else quotient == _nearest(exact / divisor)


@pytest.mark.parametrize(
    ("terms", "value"),
    [
        ([math.inf, 1.0], math.inf),
        ([-math.inf, 1e308, 1e308], -math.inf),
        ([math.inf, -math.inf], math.nan),
        ([math.nan, math.inf], math.nan),
        ([1e308] * 10, math.inf),
        ([1e308] * 10 + [-1e308] * 9, 1e308),
        ([], 0.0),
    ],
)
def test_sums_of_what_is_not_finite(terms: list[float], value: float) -> None:
    """Infinities and NaN are kept apart from the finite terms, and mix as IEEE 754 has it."""
    for split in range(len(terms) + 1):
        parts = (ExactSum.of(np.asarray(p, dtype=float)) for p in (terms[:split], terms[split:]))
        np.testing.assert_equal(reduce(ExactSum.__add__, parts).value(), value)


TINY = 2.0**-1074
"""The smallest float64 above 0."""


@pytest.mark.parametrize(
    ("terms", "value"),
    [
        ([TINY], TINY),
        ([TINY] * 3 + [-TINY], 2 * TINY),
        ([TINY, 2.0**-1022], 2.0**-1022 + TINY),
        ([-TINY, 2.0**-1022 - TINY], 2.0**-1022 - 2 * TINY),
        ([1.0, TINY, -1.0], TINY),
        ([1.7e308, 3 * TINY, -1.7e308, -TINY], 2 * TINY),
    ],
)
def test_the_smallest_numbers_count(terms: list[float], value: float) -> None:
    """In a sum, and in that of each group: the first one empty, and of ones the third."""
    array = np.asarray(terms)
    assert ExactSum.of(array).value() == value
    groups = np.repeat(np.asarray([1, 2, 3]), len(terms))
    both = np.concatenate([array, np.ones(len(terms)), array])
    sums = [part.value() for part in ExactSum.by_group(both, groups, 4)]
    assert sums == [0, value, len(terms), value]
    assert ExactSum.of(array).over(ExactSum.of(np.tile(array, 2))) == 0.5


def test_options_of_a_file_yield_to_the_command_line() -> None:
    """What a document says holds, unless the command line says otherwise."""
    document = json.dumps({"logits": [[1, 2], [3, 1]], "target": [0, 1], "reduction": "sum"})
    said = ran_on(document, ".json", Task.CE).report
    told = ran_on(document, ".json", Task.CE, reduction=Reduction.MEAN).report
    assert (said.loss, told.loss) == (said.numerator, said.mean)
