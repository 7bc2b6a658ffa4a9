"""What is a row, what is a target: each shape is understood in one way, or refused for a reason."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cecalc.errors import CecalcError, DataError
from cecalc.input.arguments import given
from cecalc.output import JSON, JSONL, MARKDOWN, TABLE
from cecalc.request import ColumnChoice
from cecalc.terms import TargetAs, TargetForm, Task
from tests.run.running import Ran, activated, ran, ran_on, ran_on_files, request
from tests.strategies import Shape

CE, BCE = Task.CE, Task.BCE
INDEX, DIST, CELLS = TargetForm.INDEX, TargetForm.DISTRIBUTION, TargetForm.CELLS


def _as_arguments(task: Task, values: np.ndarray, target: np.ndarray, **options: Any) -> Ran:
    return ran(task, values, target, **options)


def _as_document(task: Task, values: np.ndarray, target: np.ndarray, **options: Any) -> Ran:
    text = json.dumps({"logits": values.tolist(), "target": target.tolist()})
    return ran_on(text, ".json", task, **options)


def _as_rows(task: Task, values: np.ndarray, target: np.ndarray, **options: Any) -> Ran:
    pairs = zip(values.tolist(), target.tolist(), strict=True)
    lines = [json.dumps({"logits": row, "target": t}) for row, t in pairs]
    return ran_on("\n".join(lines), ".jsonl", task, **options)


WAYS: dict[str, Callable[..., Ran]] = {
    "arguments": _as_arguments,
    "document": _as_document,
    "rows": _as_rows,
}
ARGUMENTS, DOCUMENT, ROWS = WAYS
ALL, WHOLE = " ".join(WAYS), f"{ARGUMENTS} {DOCUMENT}"

# As many dimensions as the values is a distribution, one fewer an index, as in torch.
UNDERSTOOD = [  # task, shapes of values and target, how they come in; form, (rows, classes/cells)
    (CE, (4,), (), WHOLE, INDEX, (1, 4)),
    (CE, (4,), (1,), WHOLE, INDEX, (1, 4)),
    (CE, (4,), (4,), WHOLE, DIST, (1, 4)),
    (CE, (1, 4), (), WHOLE, INDEX, (1, 4)),  # --target 2
    (CE, (1, 4), (1,), ALL, INDEX, (1, 4)),
    (CE, (1, 4), (4,), WHOLE, DIST, (1, 4)),  # a one-row target of length C is a distribution
    (CE, (1, 4), (1, 4), ALL, DIST, (1, 4)),
    (CE, (3, 4), (3,), ALL, INDEX, (3, 4)),
    (CE, (4, 4), (4,), ALL, INDEX, (4, 4)),
    (CE, (3, 4), (3, 4), ALL, DIST, (3, 4)),
    (CE, (4, 4), (4, 4), ALL, DIST, (4, 4)),
    (CE, (2, 4, 3), (2, 3), ALL, INDEX, (6, 4)),
    (CE, (2, 2, 2), (2, 2), ALL, INDEX, (4, 2)),
    (CE, (2, 4, 3), (2, 4, 3), ALL, DIST, (6, 4)),
    (CE, (1, 4, 3), (1, 3), ALL, INDEX, (3, 4)),
    (CE, (2, 4, 1), (2, 1), ALL, INDEX, (2, 4)),
    (CE, (2, 4, 3, 5), (2, 3, 5), ALL, INDEX, (30, 4)),
    (CE, (2, 4, 3, 5), (2, 4, 3, 5), ALL, DIST, (30, 4)),
    (CE, (1, 2, 1, 1, 2), (1, 1, 1, 2), ALL, INDEX, (2, 2)),
    (BCE, (), (), WHOLE, CELLS, (1, 1)),
    (BCE, (4,), (4,), ARGUMENTS, CELLS, (1, 4)),  # a comma list is one row, in bce as in ce
    (BCE, (4,), (4,), DOCUMENT, CELLS, (4, 1)),  # of shape (N,): N rows of one cell
    (BCE, (4,), (4,), ROWS, CELLS, (4, 1)),
    (BCE, (4, 1), (4,), ALL, CELLS, (4, 1)),
    (BCE, (4,), (4, 1), DOCUMENT, CELLS, (4, 1)),
    (BCE, (4, 1), (4, 1), ALL, CELLS, (4, 1)),
    (BCE, (1, 4), (4,), WHOLE, CELLS, (1, 4)),
    (BCE, (1, 4), (1, 4), ALL, CELLS, (1, 4)),
    (BCE, (3, 4), (3, 4), ALL, CELLS, (3, 4)),
    (BCE, (2, 4, 3), (2, 4, 3), ALL, CELLS, (2, 12)),
]


def _filled(shape: Shape, form: TargetForm, classes: int, rng: np.random.Generator) -> np.ndarray:
    """A target that is valid in this form and differs from place to place."""
    if form is INDEX:
        return np.asarray(rng.integers(0, classes, shape))
    if form is CELLS:
        return np.asarray(rng.integers(0, 2, shape))
    axis = min(1, len(shape) - 1)
    return np.asarray(
        np.moveaxis(rng.dirichlet(np.ones(classes), np.delete(shape, axis)), -1, axis)
    )


@pytest.mark.parametrize(
    ("way", "task", "shape", "of_target", "form", "rows"),
    [(way, *c[:3], *c[4:]) for c in UNDERSTOOD for way in c[3].split()],
)
def test_shape_decides(
    way: str, task: Task, shape: Shape, of_target: Shape, form: TargetForm, rows: Shape
) -> None:
    """The form is the tabled one, said in words; every row holds the values and the target of its
    coordinates; `rows_given` counts positions.
    """
    rng = np.random.default_rng(1)
    values, target = rng.normal(size=shape), _filled(of_target, form, rows[1], rng)
    result = WAYS[way](task, values, target)
    assert result.header.target_form is form
    assert result.report.target_form.startswith(
        {INDEX: "class indices", DIST: "class prob"}.get(form, "0/1 for each cell")
    )
    assert result.rows("batch.values").shape == rows
    assert result.report.rows_given == rows[0]
    if len(shape) < 3 or task is BCE:
        assert result.header.schema.coordinates == ()
        np.testing.assert_array_equal(result.rows("batch.values").ravel(), values.ravel())
        np.testing.assert_array_equal(result.rows("batch.target").ravel(), target.ravel())
        assert task is CE or result.header.cell_shape == (shape[1:] if len(shape) > 1 else rows[1:])
        return
    axes = ("n", *(f"d{k}" for k in range(1, len(shape) - 1)))
    assert result.header.schema.coordinates == axes
    everywhere: Any = list(itertools.product(*map(range, (shape[0], *shape[2:]))))
    assert result.rows("batch.coordinates").tolist() == [list(place) for place in everywhere]
    for row, (n, *d) in enumerate(everywhere):
        at = (n, slice(None), *d)
        assert result.rows("batch.values")[row].tolist() == values[at].tolist()
        expected = target[at] if form is DIST else target[n, *d]
        assert result.rows("batch.target")[row].tolist() == expected.tolist()
    first = json.loads(result.text(JSONL).splitlines()[0])
    assert way == ROWS or [first[axis] for axis in ("row", *axes)] == [0] * (len(axes) + 1)


@pytest.mark.parametrize(
    ("task", "shape", "as_document", "rows"),
    [
        (Task.SOFTMAX, (4,), False, (1, 4)),
        (Task.SOFTMAX, (4,), True, (1, 4)),
        (Task.SOFTMAX, (3, 4), True, (3, 4)),
        (Task.SOFTMAX, (2, 4, 3), False, (6, 4)),
        (Task.SIGMOID, (), False, (1, 1)),
        (Task.SIGMOID, (4,), False, (1, 4)),
        (Task.SIGMOID, (4,), True, (4, 1)),
        (Task.SIGMOID, (2, 4, 3), False, (2, 12)),
    ],
)
def test_activations_have_the_rows_of_the_losses(
    tmp_path: Any, task: Task, shape: Shape, as_document: bool, rows: Shape
) -> None:
    """Softmax reads its input as ce does, sigmoid as bce."""
    values = np.zeros(shape)
    (tmp_path / "a.json").write_text(json.dumps({"logits": values.tolist()}))
    named = request(task, inputs=(str(tmp_path / "a.json"),))
    assert activated(named if as_document else request(task, values)).shape == rows


ROWS_AND_TARGETS = r"values of shape \({}\) and a target of shape \({}\)"
REFUSED: list[tuple[Task, Shape, Shape, str, dict[str, Any], str]] = [
    (CE, (3, 4), (), WHOLE, {}, "3 rows of values, 1 target"),
    (CE, (3, 4), (2,), WHOLE, {}, "3 rows of values, 2 targets.*one class index for each row"),
    (CE, (3, 4), (4,), WHOLE, {}, "3 rows of values, 4 targets"),
    (CE, (1, 4), (3,), WHOLE, {}, "1 row of values, 3 targets"),
    (CE, (4,), (3,), WHOLE, {}, "1 row of values, 3 targets.*or one probability for each class"),
    (
        CE,
        (3, 4),
        (3, 1),
        ALL,
        {},
        ROWS_AND_TARGETS.format("3, 4", "3, 1") + ".*axis of length 1 out",
    ),
    (CE, (3, 4), (4, 3), WHOLE, {}, ROWS_AND_TARGETS.format("3, 4", "4, 3") + ".*looks transposed"),
    (CE, (3, 4), (3, 5), ALL, {}, ROWS_AND_TARGETS.format("3, 4", "3, 5")),
    (CE, (3, 4), (3, 4, 1), ALL, {}, ROWS_AND_TARGETS.format("3, 4", "3, 4, 1")),
    (
        CE,
        (2, 4, 3),
        (2,),
        ALL,
        {},
        ROWS_AND_TARGETS.format("2, 4, 3", "2,") + ".*class indices|index",
    ),
    (CE, (2, 4, 3), (2, 4), ALL, {}, r"class indices have the shape \(2, 3\), distr.*\(2, 4, 3\)"),
    (CE, (2, 4, 3), (6,), WHOLE, {}, ROWS_AND_TARGETS.format("2, 4, 3", "6,")),
    (CE, (1, 4, 3), (4,), WHOLE, {}, ROWS_AND_TARGETS.format("1, 4, 3", ".*4,?")),
    (CE, (1, 2, 2), (2,), WHOLE, {}, ROWS_AND_TARGETS.format("1, 2, 2", "2,")),
    (CE, (1,), (), WHOLE, {}, "one class.*bce"),
    (CE, (3, 1), (3,), ALL, {}, "one class.*bce"),
    (CE, (0,), (), WHOLE, {}, "no data rows"),
    (CE, (0, 4), (0,), WHOLE, {}, "no data rows"),
    (CE, (3, 0), (3,), WHOLE, {}, "rows without values"),
    (CE, (2, 4, 0), (2, 0), WHOLE, {}, "rows without values"),
    (BCE, (0,), (0,), WHOLE, {}, "no data rows|rows without values"),
    (
        BCE,
        (3, 4),
        (3,),
        ALL,
        {},
        "a target for each value; a class index for each row belongs to ce",
    ),
    (BCE, (3, 4), (4, 3), WHOLE, {}, ROWS_AND_TARGETS.format("3, 4", "4, 3")),
    (BCE, (3, 4), (12,), WHOLE, {}, ROWS_AND_TARGETS.format("3, 4", "12,")),
    (BCE, (3, 4), (), WHOLE, {}, "a target for each value"),
    (BCE, (4,), (3,), DOCUMENT, {}, "a target for each value"),
    (BCE, (4,), (3,), ARGUMENTS, {}, "a target for each value"),
    (BCE, (2, 4, 3), (2, 3), ALL, {}, "belongs to ce"),
    (CE, (3, 4), (3,), ALL, {"target_form": DIST}, "--target-form dist.*that of class indices"),
    (CE, (3, 4), (3, 4), ALL, {"target_form": INDEX}, "--target-form index.*that of distributions"),
    (CE, (1, 4), (4,), WHOLE, {"target_form": INDEX}, "--target-form index"),
    (CE, (3, 4), (3,), ALL, {"sample_weight": [1, 2]}, "3 rows of.*, 2 |2 .*, but more rows"),
    (CE, (3, 4), (3,), ALL, {"sample_weight": [1] * 4}, "3 rows of values, 4 sample weights"),
    (
        BCE,
        (3, 4),
        (3, 4),
        WHOLE,
        {"sample_weight": [1] * 12},
        "3 rows of values, 12 sample weights",
    ),
    (
        CE,
        (2, 4, 3),
        (2, 3),
        WHOLE,
        {"sample_weight": [1] * 6},
        "2 rows of values, 6 sample weights",
    ),
    (CE, (3, 4), (3,), ALL, {"weight": [1, 2, 3]}, "3 weights for 4 classes"),
    (CE, (3, 4), (3,), ALL, {"weight": 2}, "1 weight for 4 classes"),
    (CE, (3, 4), (3,), ALL, {"weight": [[1, 2, 3, 4]]}, "weight"),
    (BCE, (3, 4), (3, 4), ALL, {"weight": [1, 2, 3]}, r"weights of shape \(3,\) do not fit"),
    (BCE, (3, 4), (3, 4), ALL, {"weight": [[1], [2]]}, "weights for 2 rows, but there are more"),
    (BCE, (3, 4), (3, 4), ALL, {"pos_weight": [[1]] * 5}, "weights for 5 rows, but there are 3"),
    (BCE, (3, 4), (3, 4), ALL, {"weight": [[[1]]]}, r"weights of shape \(1, 1, 1\) do not fit"),
    (BCE, (3, 4), (3, 4), ALL, {"pos_weight": [1, 2]}, r"weights of shape \(2,\) do not fit"),
    (CE, (3, 4), (3,), ALL, {"classes": ("a", "b")}, "2 class names for 4 classes"),
]


@pytest.mark.parametrize(
    ("way", "task", "shape", "of_target", "options", "rule"),
    [(way, *c[:3], *c[4:]) for c in REFUSED for way in c[3].split()],
)
def test_what_does_not_fit_is_refused(
    way: str, task: Task, shape: Shape, of_target: Shape, options: dict[str, Any], rule: str
) -> None:
    """The error tells the shapes that came, and where one can be told, what to try."""
    target = np.full(of_target, 0.25) if options.get("target_form") else np.zeros(of_target)
    with pytest.raises(DataError, match=rule) as caught:
        _hinted(lambda: WAYS[way](task, np.zeros(shape), target, **options))
    assert type(caught.value) is DataError


def _hinted(act: Callable[[], Ran]) -> Ran:
    """Puts the hint into the message, so that one pattern sees both."""
    try:
        return act()
    except CecalcError as error:
        raise type(error)(f"{error} | {error.hint}") from error


WRITTEN = [  # texts of --logits as typed; rows of ce, rows of bce
    (["2,-3,0.8"], (1, 3), (1, 3)),
    (["2 -3 0.8"], (1, 3), (1, 3)),
    (["2,-3;0.8,1"], (2, 2), (2, 2)),
    (["2,-3", "0.8,1"], (2, 2), (2, 2)),
    (["[2,-3]", "[0.8,1]"], (2, 2), (2, 2)),
    (["[[2,-3],[0.8,1]]"], (2, 2), (2, 2)),
    (["[[2,-3]]", "[[0.8,1]]"], (2, 2), (2, 2)),
    (["[[ 2. -3. ]\n [ 0.8 1. ]]"], (2, 2), (2, 2)),
    (["tensor([[2., -3.], [0.8, 1.]], device='cuda:0')"], (2, 2), (2, 2)),
    (["[[[2,-3],[0.8,1],[3,4]]]"], (2, 3), (1, 6)),
    (["2;-3;0.8"], (3, 1), (3, 1)),
    (["2", "-3", "0.8"], (3, 1), (3, 1)),
    (["2"], (1, 1), (1, 1)),
]


@pytest.mark.parametrize(("texts", "ce", "bce"), WRITTEN)
def test_repeating_semicolons_and_brackets_make_rows(
    texts: list[str], ce: Shape, bce: Shape
) -> None:
    """A comma list is one row in every command, and nothing else is."""
    values = given("--logits", texts)
    for task, rows in ((Task.SOFTMAX, ce), (Task.SIGMOID, bce)):
        assert activated(request(task, values)).shape == rows


@pytest.mark.parametrize("one", ["1", "1.0", "1e0", "+1", "01", "10e-1"])
def test_text_has_no_dtype(one: str) -> None:
    """However 1 is written, it is the class 1; a number that is not whole is none."""
    table = "logit_0,logit_1,target\n0,1,{}\n2,1,0\n"
    typed = given("--target", [f"{one},0"], names=True)
    results = [ran_on(table.format(one), ".csv", CE), ran(CE, [[0, 1], [2, 1]], typed)]
    assert [r.rows("batch.target").tolist() for r in results] == [[1, 0]] * 2
    for text in ("1.5", "1e-1", "nan", "inf"):
        with pytest.raises(DataError, match=r"target (is )?(1\.5|0\.1|nan|inf)"):
            ran_on(table.format(text), ".csv", CE)


NAMED: list[tuple[str, dict[str, Any], list[int] | str]] = [
    ("logit_cat,logit_dog,target\n0,1,dog\n2,1,cat\n", {}, [1, 0]),
    ("logit_dog,logit_cat,target\n0,1,dog\n2,1,cat\n", {}, [0, 1]),
    ("logit_cat,logit_dog,target\n0,1,1\n2,1,0\n", {}, [1, 0]),
    ("cat,dog,target\n0,1,dog\n2,1,cat\n", {"values": "cat,dog"}, [1, 0]),
    ("logit_cat,logit_dog,target\n0,1,dogg\n", {}, "no class is named 'dogg'; did you mean 'dog'"),
    ("logit_0,logit_1,target\n0,1,dog\n", {}, "'dog'"),
    ("logit_1,logit_0,target\n5,6,1\n5,6,0\n", {}, [1, 0]),  # 0…C−1 go by number, not by column
    ("logit_10,logit_20,target\n0,1,20\n", {}, [1]),
    ("logit_1,logit_2,target\n0,1,1\n", {}, "--target-as name|index"),
    ("logit_1,logit_a,target\n0,1,1\n", {}, "--target-as name|index"),  # class 0 or class 1
    ("logit_a,logit_2,logit_1,target\n0,1,2,2\n", {}, "--target-as name|index"),
    ("logit_1,logit_a,target\n0,1,0\n2,1,0\n", {}, [0, 0]),  # none is named 0: an index
    ("logit_a,logit_1,target\n0,1,1\n2,1,0\n", {}, [1, 0]),  # the same class either way
    ("logit_1,logit_a,target\n0,1,1\n2,1,a\n", {"target_as": TargetAs.NAME}, [0, 1]),
    ("logit_1,logit_a,target\n0,1,1\n2,1,0\n", {"target_as": TargetAs.INDEX}, [1, 0]),
    ("logit_1,logit_2,target\n0,1,2\n2,1,1\n", {"target_as": TargetAs.NAME}, [1, 0]),
    ("logit_1,logit_2,target\n0,1,1\n2,1,0\n", {"target_as": TargetAs.INDEX}, [1, 0]),
    ("logit_cat,logit_dog,target\n0,1,1\n2,1,0\n", {"classes": ("cat", "dog")}, [1, 0]),
    ("logit_cat,logit_dog,target\n0,1,b\n", {"classes": ("a", "b")}, "columns name cat, dog"),
    ("logit_cat,logit_dog,target\n0,1,1\n", {"classes": ("cat",)}, "columns name cat, dog"),
    ("logit_a,logit_b,target_b,target_a\n0,1,1,0\n2,1,0,1\n", {}, [1, 0]),  # matched by name
    ("logit_a,logit_b,target_a,target_c\n0,1,1,0\n", {}, "no target for class 'b'"),
    ('[{"logit_cat":0,"logit_dog":1,"target":"dog"}]', {}, [1]),
    ('{"logits":[[0,1],[2,1]],"target":["b","a"],"classes":["a","b"]}', {}, [1, 0]),
    ('{"logits":[[0,1],[2,1]],"target":[1,0],"classes":["a","b"]}', {}, [1, 0]),
    ('{"logits":[0,1],"target":"b","classes":["a","b"]}', {}, [1]),
    (
        '{"logits":[[0,1]],"target":["b"],"classes":["a","b","c"]}',
        {},
        "3 class names for 2 classes",
    ),
    ('{"logits":[[0,1]],"target":["b"]}', {}, "classes have no names"),
    ('{"logits":[[0,1]],"target":[20],"classes":[10,20]}', {}, [1]),
    ('{"logits":[[0,1]],"target":[0],"ids":["a","b"]}', {}, "1 row of values, 2 ids"),
]


@pytest.mark.parametrize(("text", "options", "expected"), NAMED)
def test_class_names(text: str, options: dict[str, Any], expected: list[int] | str) -> None:
    """Names come from the header or from `classes` and are matched, never taken by order."""
    suffix = ".json" if text[0] in "[{" else ".csv"
    if "values" in options:
        options = {"columns": ColumnChoice(logits_cols=options["values"])}
    if isinstance(expected, str):
        with pytest.raises(DataError) as caught:
            ran_on(text, suffix, CE, **options)
        assert expected in f"{caught.value} {caught.value.hint}"
        return
    result = ran_on(text, suffix, CE, **options)
    assert result.rows("target_class").tolist() == expected
    by_number = text.startswith("logit_1,logit_0")
    assert result.rows("batch.values")[0].tolist() == ([6, 5] if by_number else [0, 1])


def test_twelve_numbered_columns_are_in_the_order_of_numbers() -> None:
    """Of text, 10 and 11 would come before 2."""
    order = [int(c) for c in np.random.default_rng(1).permutation(12)]
    header = ",".join(f"logit_{c}" for c in order)
    table = f"{header},target\n{','.join(map(str, order))},10\n"
    result = ran_on(table, ".csv", CE)
    assert result.rows("batch.values").tolist() == [list(range(12))]
    assert result.rows("target_class").tolist() == [10]
    assert result.header.schema.classes is None


WORDS = [
    (CE, [[0, 1]], [1], "class indices, shape (N)"),
    (CE, [[[0], [1]]], [[1]], "class indices, shape (N, d1)"),
    (CE, [[0, 1]], [[0, 1]], "one-hot, shape (N, C)"),
    (CE, [[0, 1]], [[0.5, 0.5]], "class probabilities, shape (N, C)"),
    (CE, [[0, 1]], [[-1, 1]], "class probabilities, shape (N, C)"),
    (BCE, [[0, 1]], [[0, 1]], "0/1 for each cell"),
    (BCE, [[0, 1]], [[0.5, 1]], "a probability for each cell"),
    (BCE, [[0, 1]], [[-1, 1]], "a probability for each cell"),
]


@pytest.mark.parametrize(("task", "values", "target", "words"), WORDS)
def test_the_form_understood_is_always_printed(
    task: Task, values: Any, target: Any, words: str
) -> None:
    """In the table, in markdown and under `target_form` in JSON."""
    result = ran(task, values, target, unchecked=True)
    assert json.loads(result.text(JSON))["target_form"] == words
    assert words in result.text(TABLE)
    assert words in result.text(MARKDOWN)


def test_names_say_so() -> None:
    """A target matched to class names is said to be."""
    report = ran_on("logit_a,logit_b,target\n0,1,b\n", ".csv", CE).report
    assert report.target_form == "class indices, shape (N)"


FILES = [
    ("id,logit_0,logit_1\na,0,1\nb,2,1\n", "id,target\na,1\nb,0\n", [1, 0]),
    ("id,logit_0,logit_1\na,0,1\nb,2,1\n", "target\n1\n0\n", [1, 0]),
    ("id,x,z\na,0,1\nb,2,1\n", "label\n1\n0\n", [1, 0]),
    ("logit_a,logit_b\n0,1\n2,1\n", "class\nb\na\n", [1, 0]),
    ("id,logit_0,logit_1\na,0,1\nb,2,1\n", "id,target\nb,1\na,0\n", [0, 1]),
    ("logit_0,logit_1\n0,1\n2,1\n", "target\n1\n", "1 target, but more rows of values"),
    ("logit_0,logit_1\n0,1\n", "target\n1\n0\n", "1 row of values, 2 targets"),
]


@pytest.mark.parametrize(("values", "target", "expected"), FILES)
def test_two_files_keep_step(values: str, target: str, expected: list[int] | str) -> None:
    """Values and target in files of their own belong together row by row; ids must agree."""
    texts = {"values": values, "target": target}
    if isinstance(expected, str):
        with pytest.raises(DataError, match=expected):
            _hinted(lambda: ran_on_files(CE, texts, ".csv"))
        return
    assert ran_on_files(CE, texts, ".csv").rows("target_class").tolist() == expected
