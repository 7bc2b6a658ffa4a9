"""How rows come in: arguments, CSV/TSV, JSON, JSON lines, arrays; `open_problem` finds the way.

A source yields blocks of rows, unparsed, bounded in size; each row keeps its place. Calling a
block, in any thread, makes a batch of it. To add a format: what opens it as a `Table` (rows) or an
`ArrayFile` (arrays read by windows), its record in `formats`, its name in `terms.InputFormat`.
"""

from __future__ import annotations

from cecalc.input.files import Files, size_of
from cecalc.model import Problem
from cecalc.request import Inline, InputRequest
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
    named, wanted = request.paths or ("-",), Wanted(kind=said, target=request.wants_target)
    for kind, values in request.values.items():
        if isinstance(values, Inline):
            return array_problem.from_arguments(kind, values, request, files)
        named, wanted = (values.path,), Wanted(kind=kind, target=request.wants_target, only=True)
    from cecalc.input import dataset, json  # of no use to values on the command line

    path, *others = names = dataset.files_of(named)
    files.meter.total = size_of(names)
    found = formats.opened(request, path, wanted, files)
    formats.refuse_idle(found, request)
    if others:
        found = dataset.joined(dataset.as_table(found), others, request, wanted, files)
    if isinstance(found, json.Document):
        return array_problem.from_document(found, request, wanted.kind, files)
    if isinstance(found, Table):
        return problem.from_table(found, request)
    return array_problem.from_arrays(found, request, wanted.kind, files)
