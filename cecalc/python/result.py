"""What a function returns: figures at once; rows, groups, tables when they are asked for."""

from __future__ import annotations

import json
import re
import warnings
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from operator import index
from typing import TYPE_CHECKING, Any, SupportsFloat, SupportsIndex, TypeVar, Unpack

from cecalc.cli import parse
from cecalc.cli.options import PARAMETERS, flag
from cecalc.cli.terminal import screen_of
from cecalc.errors import CecalcError, DataError, UsageError, count, excerpt
from cecalc.hints.collector import hinted
from cecalc.items import Groups, Item, Outcome, Report
from cecalc.numbers import is_number
from cecalc.output import ARROW, FORMATS, Format
from cecalc.output.figures import members
from cecalc.python.calls import DATA, Call
from cecalc.request import Request, Screen
from cecalc.run import run
from cecalc.run.collectors import Collecting, Job, Setup
from cecalc.run.results import picturing, results
from cecalc.terms import Hint

if TYPE_CHECKING:
    import pyarrow as pa

    from cecalc.python.typed import Figures, Why
else:

    class Figures:
        """What a result has of the summary; a type checker knows each."""

        def __getattr__(self, name: str) -> Any:
            if name in (figures := vars(self).get("_figures", {})):
                return figures[name]
            raise AttributeError(f"there is no figure {name!r}: {', '.join(figures)}")


_Shown = TypeVar("_Shown")
_OPTION = re.compile(
    r"--([a-z]+(?:-[a-z]+)*)(:|(?: (?!(?:or|and|says?|would|names?|calls|computes|goes|exclude|has"
    r"""|is|takes|belongs?|draws|both)\b)('[^']*'|"[^"]*"|[^\s,;:)]+|,$))?)"""
)
"""An option, and the value behind it: no word that goes on with the sentence."""


class CecalcWarning(UserWarning):
    """What looks wrong and is no error: a hint of the command."""


class View:
    """What a command shows of some rows; printed, it is the command's table."""

    def __init__(self, call: Call, collecting: Collecting, formats: Mapping[str, Format]) -> None:
        self._call, self._formats, hints = call, formats, list[Hint]()
        try:
            self._request = call.request
            items = run(self._request, hinted(collecting, hints.append))
            self._items = [item for item in items if not isinstance(item, Outcome | Groups)]
        except CecalcError as error:
            raise _noted(error, call) from None
        for hint in hints:
            warnings.warn(_in_python(str(hint)), CecalcWarning, stacklevel=4)

    def __str__(self) -> str:
        return self._text("table").rstrip("\n")

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """The command's page, for a notebook."""
        from cecalc.output import page

        return page.part(self._text("html"))

    def to_dict(self) -> dict[str, Any]:
        """What the command writes as JSON."""
        return dict(json.loads(self._text("json")))

    def _shown(self, form: str) -> Iterator[Item]:  # noqa: ARG002  # the same in each
        return iter(self._items)

    def _text(self, form: str) -> str:
        """What the command writes."""
        return "".join(self._formats[form].render(self._shown(form), screen_of("auto", None)))


class Result(View, Figures):
    """The loss of some rows, or their probabilities.

    Its figures are those of the command's JSON, losses in nats: ``loss``, ``mean``, ``accuracy``,
    ``perplexity``, ``rows_used``, …
    """

    def __init__(self, call: Call) -> None:
        super().__init__(call, results, FORMATS)
        self._figures = dict(m for i in self._items if isinstance(i, Report) for m in members(i))

    def _shown(self, form: str) -> Iterator[Item]:
        return self._again(picturing if form == "html" else results)

    def _again(self, collecting: Collecting, request: Request | None = None) -> Iterator[Item]:
        """Another run over the same rows.

        Raises
        ------
        CecalcError : they are not the same any more
        """
        try:
            for item in run(request or self._request, collecting):
                yield self._same(members(item), item) if isinstance(item, Report) else item
        except CecalcError as error:
            raise _noted(error, self._call) from None

    def _same(self, figures: Iterable[tuple[str, Any]], shown: _Shown) -> _Shown:
        if repr(dict(figures)) != repr(self._figures):  # nan is like nan
            raise DataError("the values have changed since: call it again, or with a copy")
        return shown

    def __float__(self) -> float:
        return float(self.loss)

    def __format__(self, specification: str) -> str:
        return format(float(self), specification) if specification else str(self)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._figures]

    @property
    def rows(self) -> pa.Table:
        """Each row with its loss (or each group), and the columns that it came with, typed."""
        import pyarrow as pa

        passed_on = replace(self._request.input, passed_on=self._request.by or "")
        items = self._again(results, replace(self._request, input=passed_on))
        return pa.ipc.open_file(b"".join(ARROW.render(items, Screen()))).read_all()

    def by(self, *columns: str) -> Result:
        """The loss of each group of rows, the highest first.

        >>> import cecalc
        >>> cecalc.ce([[2.0, 0], [0, 1], [1, 0]], [0, 0, 1]).by("class").rows["rows"].to_pylist()
        [1, 2]
        """
        groups = Result(self._call.but(by=[*columns]))
        return self._same(groups._figures.items(), groups)

    def top(self, count: int = 10) -> Result:
        """The rows of the highest losses, the highest first."""
        highest = Result(self._call.but(top=count))
        return self._same(highest._figures.items(), highest)

    def explain(self, row: SupportsIndex) -> View:
        """Both losses of a row, by its number in the data, step by step."""
        from cecalc.explain import FORMATS as FORMS
        from cecalc.explain.collector import explaining

        if not hasattr(row, "__index__"):
            raise UsageError(f"{excerpt(str(row))} is no row: the first is 0")
        deque(self._again(results), maxlen=0)
        return View(self._call.named("explain"), partial(_alone, index(row), explaining), FORMS)

    def why(self, value: SupportsFloat | str, **options: Unpack[Why]) -> View:
        """Why a training loop prints another number."""
        deque(self._again(results), maxlen=0)
        return answer(self._call.named("why").but(value=value, **options))


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
            job = collecting(replace(setup, first=alone(), blocks=iter([alone])))
            if (job.setup.first.truth == job.settings.ignored).all():
                raise DataError(f"row {row} is ignored: it counts in neither loss")
            return job
    raise DataError(f"no row {row}: there are {count(rows, 'row')}")


def _noted(error: CecalcError, call: Call) -> CecalcError:
    """An error in Python's words, whose notes say what else the command says."""
    error.tries = tuple(call.tries(error))[:2]
    source = {flag(name): name for name in DATA}.get(error.place.source or "", error.place.source)
    error.rule, error.place = _in_python(error.rule), replace(error.place, source=source)
    error.hint = error.hint and _in_python(error.hint)
    for note in [f"hint: {error.hint}"] * bool(error.hint) + [f"try: {e}" for e in error.tries]:
        error.add_note(note)
    return error


def _in_python(text: str) -> str:
    """A text whose options are given as Python does.

    >>> _in_python("--by class shows where; --transpose, or name it: --logits FILE, --probs")
    'by="class" shows where; transpose=True, or name it: logits=FILE, probs='
    >>> _in_python("--by: no column 'x'"), _in_python("--top 0 keeps no row")
    ("by: no column 'x'", 'top=0 keeps no row')
    """

    def given(found: re.Match[str]) -> str:
        name, value = found[1].replace("-", "_"), found[3] or ""
        if name not in PARAMETERS or found[2] == ":":
            return f"{name}:" if name in PARAMETERS else found[0]
        if PARAMETERS[name].is_flag:
            return f"{name}=True{found[2]}"
        is_plain = not value or value[0] in "'\"" or value.isupper() or is_number(value)
        return f"{name}={value}" if is_plain else f'{name}="{value}"'

    return _OPTION.sub(given, text)
