"""How rows come in: arguments, CSV/TSV, JSON, JSON lines, arrays; `open_problem` finds the way.

A source yields blocks of rows, unparsed, bounded in size; each row keeps its place. Calling a
block, in any thread, makes a batch of it. To add a format: what opens it as a `Table` (rows) or an
`ArrayFile` (arrays read by windows), its record in `formats`, its name in `terms.InputFormat`.
"""

from __future__ import annotations

from collections.abc import Sequence

from cecalc.input.files import Files
from cecalc.model import Problem
from cecalc.request import Held, Inline, InputRequest, NamedFile
from cecalc.terms import Kind


def open_problem(request: InputRequest, files: Files) -> Problem:
    """Open the input and understand its shape; rows are read as they are asked for.

    `files` closes what is opened.

    Raises
    ------
    InputError : it cannot be opened
    DataError : it breaks a rule that shows in its first rows
    """
    from cecalc.input import array_problem, formats, problem
    from cecalc.input.layout import Wanted
    from cecalc.input.table import Table

    said = None if request.task.is_loss else Kind.LOGITS
    given: Held | NamedFile | Sequence[str] = request.held or request.inputs or ("-",)
    wanted = Wanted(kind=said, target=request.wants_target)
    for kind, values in request.values.items():
        if isinstance(values, Inline):
            return array_problem.from_arguments(kind, values, request, files)
        given, wanted = values, Wanted(kind=kind, target=request.wants_target, only=True)
    from cecalc.input import dataset  # of no use to values on the command line

    found = dataset.opened(given, request, wanted, files)
    formats.refuse_idle(found, request)
    if isinstance(found, Table):
        return problem.from_table(found, request)
    return array_problem.from_members(found, request, wanted.kind, files)
