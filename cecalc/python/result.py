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
from cecalc.model import Batch
from cecalc.output import ARROW, FORMATS, HTML, JSON, TABLE, Format
from cecalc.output.figures import members
from cecalc.python.calls import Call
from cecalc.request import EVERYTHING, Selection
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

    _formats: Mapping[str, Format] = FORMATS

    def __init__(self, call: Call) -> None:
        self._call, self._report = call, None
        try:
            self._request, hints = call.request, list[Hint]()
            for item in run(self._request, hinted(self._collecting, hints.append)):
                self._report = item if isinstance(item, Report) else self._report
        except CecalcError as error:
            raise _noted(error, call) from None
        for hint in hints:
            warnings.warn(_named(str(hint)), CecalcWarning, stacklevel=4)

    _report: Report | None

    @property
    def _collecting(self) -> Collecting:
        """What is computed of the rows."""
        raise NotImplementedError

    def __str__(self) -> str:
        return self._text(TABLE).rstrip("\n")

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """The command's page, for a notebook."""
        from cecalc.output import page

        return page.part(self._text(HTML))

    def to_dict(self) -> dict[str, Any]:
        """What the command writes as JSON."""
        found: dict[str, Any] = json.loads(self._text(JSON))
        return found

    def _text(self, form: Format, selection: Selection = EVERYTHING) -> str:
        """What the command writes, of another run over the same rows."""
        screen = screen_of("auto", None)
        collecting = self._collecting
        has_pictures = form is HTML and collecting is results
        items = run(self._request, picturing if has_pictures else collecting)
        return "".join(self._formats[form.name].render(items, screen, selection))


class Result(View):
    """The loss of some rows, or their probabilities.

    Its figures are those of the command's JSON, losses in nats: ``loss``, ``mean``, ``accuracy``,
    ``perplexity``, ``rows_used``, …
    """

    @property
    def _collecting(self) -> Collecting:
        return results

    def __float__(self) -> float:
        return float(self.loss)

    def __getattr__(self, name: str) -> Any:
        figures = {} if self._report is None else dict(members(self._report))
        if name.startswith("_") or name not in figures:
            raise AttributeError(f"there is no figure {name!r}: {', '.join(figures)}")
        return figures[name]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *({} if self._report is None else dict(members(self._report)))]

    @property
    def rows(self) -> pa.Table:
        """Each row with its loss (or each group), and the columns that it came with, typed."""
        import pyarrow as pa

        request = self._request
        passed_on = "" if request.by is None else request.by
        asked = replace(request, input=replace(request.input, passed_on=passed_on))
        chunks = ARROW.render(run(asked, results), screen_of("auto", None))
        return pa.ipc.open_file(b"".join(chunks)).read_all()

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
        return _Explained(self._call.named("explain"), row)

    def why(self, value: float | str, **options: Any) -> View:
        """Why a training loop prints another number."""
        return Answer(self._call.named("why").but(value=str(value), **options))


class _Explained(View):
    """A row, explained."""

    def __init__(self, call: Call, row: int) -> None:
        from cecalc.explain import FORMATS as OF_EXPLAIN

        self._formats, self._row = OF_EXPLAIN, row
        super().__init__(call)

    @property
    def _collecting(self) -> Collecting:
        from cecalc.explain.collector import explaining

        return partial(_alone, self._row, explaining)


class Answer(View):
    """What is said of a number."""

    def __init__(self, call: Call) -> None:
        from cecalc.mistakes import FORMATS as OF_WHY

        self._formats = OF_WHY
        super().__init__(call)

    @property
    def _collecting(self) -> Collecting:
        from cecalc.mistakes.collector import diagnosing

        return partial(diagnosing, parse.question_of(self._call.options))


def _alone(row: int, collecting: Collecting, setup: Setup) -> Job[Any]:
    """The job of one row."""
    rows = 0
    for block in setup.blocks:
        batch = block()
        rows = batch.start + batch.size
        if batch.start <= row < rows:
            alone = batch.take(row - batch.start)
            only = iter([partial(_same, alone)])
            return collecting(replace(setup, first=alone, blocks=only))
    raise DataError(f"no row {row}: there are {count(rows, 'row')}")


def _same(batch: Batch) -> Batch:
    return batch


def _noted(error: CecalcError, call: Call) -> CecalcError:
    """An error whose notes say what else the command says."""
    error.tries = tuple(itertools.islice(call.tries(error), _TRIES))
    for note in ([_named(f"hint: {error.hint}")] if error.hint else []) + [
        f"try: {each}" for each in error.tries
    ]:
        error.add_note(note)
    return error


def _named(text: str) -> str:
    """A text whose options are called as Python does.

    >>> _named("say so with --target-col")
    'say so with target_col='
    """
    return re.sub(r"--([a-z]+(?:-[a-z]+)*)", lambda m: m[1].replace("-", "_") + "=", text)
