"""What a function returns: figures at once; rows, groups, tables when they are asked for."""

from __future__ import annotations

import itertools
import json
import re
import warnings
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from cecalc.cli import parse
from cecalc.cli.terminal import screen_of
from cecalc.errors import CecalcError, DataError, count
from cecalc.hints.collector import hinted
from cecalc.items import Report
from cecalc.output import ARROW, FORMATS, Format
from cecalc.output.figures import members
from cecalc.python.calls import Call
from cecalc.request import EVERYTHING, Screen
from cecalc.run import run
from cecalc.run.collectors import Collecting, Job, Setup
from cecalc.run.results import picturing, results
from cecalc.terms import Hint

if TYPE_CHECKING:
    import pyarrow as pa

_TRIES = 2


class CecalcWarning(UserWarning):
    """What looks wrong and is no error: a hint of the command."""


class View:
    """What a command shows of some rows; printed, it is the command's table."""

    def __init__(
        self, call: Call, collecting: Collecting, formats: Mapping[str, Format] = FORMATS
    ) -> None:
        self._call, self._collecting, self._formats = call, collecting, formats
        self._figures, hints = dict[str, Any](), list[Hint]()
        try:
            self._request = call.request
            for item in run(self._request, hinted(collecting, hints.append)):
                self._figures = dict(members(item)) if isinstance(item, Report) else self._figures
        except CecalcError as error:
            raise _noted(error, call) from None
        for hint in hints:
            warnings.warn(_named(str(hint)), CecalcWarning, stacklevel=4)

    def __str__(self) -> str:
        return self._text("table").rstrip("\n")

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """The command's page, for a notebook."""
        from cecalc.output import page

        return page.part(self._text("html"))

    def to_dict(self) -> dict[str, Any]:
        """What the command writes as JSON."""
        found: dict[str, Any] = json.loads(self._text("json"))
        return found

    def _text(self, form: str) -> str:
        """What the command writes, of another run over the same rows."""
        is_drawn = form == "html" and self._collecting is results
        items = run(self._request, picturing if is_drawn else self._collecting)
        return "".join(self._formats[form].render(items, screen_of("auto", None), EVERYTHING))


class Result(View):
    """The loss of some rows, or their probabilities.

    Its figures are those of the command's JSON, losses in nats: ``loss``, ``mean``, ``accuracy``,
    ``perplexity``, ``rows_used``, …
    """

    def __init__(self, call: Call) -> None:
        super().__init__(call, results)

    def __float__(self) -> float:
        return float(self.loss)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._figures:
            raise AttributeError(f"there is no figure {name!r}: {', '.join(self._figures)}")
        return self._figures[name]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._figures]

    @property
    def rows(self) -> pa.Table:
        """Each row with its loss (or each group), and the columns that it came with, typed."""
        import pyarrow as pa

        passed_on = replace(self._request.input, passed_on=self._request.by or "")
        items = run(replace(self._request, input=passed_on), results)
        return pa.ipc.open_file(b"".join(ARROW.render(items, Screen()))).read_all()

    def by(self, *columns: str) -> Result:
        """The loss of each group of rows, the highest first.

        >>> import cecalc
        >>> cecalc.ce([[2.0, 0], [0, 1], [1, 0]], [0, 0, 1]).by("class").rows["rows"].to_pylist()
        [1, 2]
        """
        return Result(self._call.but(by=[*columns]))

    def top(self, count: int = 10) -> Result:
        """The rows of the highest losses, the highest first."""
        return Result(self._call.but(top=count))

    def explain(self, row: int) -> View:
        """Both losses of a row, step by step."""
        from cecalc.explain import FORMATS as OF_EXPLAIN
        from cecalc.explain.collector import explaining

        return View(self._call.named("explain"), partial(_alone, row, explaining), OF_EXPLAIN)

    def why(self, value: float | str, **options: Any) -> View:
        """Why a training loop prints another number."""
        return answer(self._call.named("why").but(value=str(value), **options))


def answer(call: Call) -> View:
    """What is said of a number."""
    from cecalc.mistakes import FORMATS as OF_WHY
    from cecalc.mistakes.collector import diagnosing

    return View(call, lambda setup: diagnosing(parse.question_of(call.options), setup), OF_WHY)


def _alone(row: int, collecting: Collecting, setup: Setup) -> Job[Any]:
    """The job of one row."""
    rows = 0
    for block in setup.blocks:
        batch = block()
        rows = batch.start + batch.size
        if batch.start <= row < rows:
            alone = partial(batch.take, row - batch.start)
            return collecting(replace(setup, first=alone(), blocks=iter([alone])))
    raise DataError(f"no row {row}: there are {count(rows, 'row')}")


def _noted(error: CecalcError, call: Call) -> CecalcError:
    """An error whose notes say what else the command says."""
    error.tries = tuple(itertools.islice(call.tries(error), _TRIES))
    if error.hint:
        error.add_note(_named(f"hint: {error.hint}"))
    for each in error.tries:
        error.add_note(f"try: {each}")
    return error


def _named(text: str) -> str:
    """A text whose options are called as Python does.

    >>> _named("say so with --target-col")
    'say so with target_col='
    """
    return re.sub(r"--([a-z]+(?:-[a-z]+)*)", lambda m: m[1].replace("-", "_") + "=", text)
