"""What is not read, told by how it begins: what it is, and the way on."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from cecalc.errors import CecalcError, DataError, Place, excerpt
from cecalc.input import names as known
from cecalc.input.classes import HEAD
from cecalc.input.files import STANDARD_INPUT, Files, open_bytes, remembered
from cecalc.input.glimpses import Glimpse
from cecalc.numbers import is_number
from cecalc.selection import quoted
from cecalc.terms import Kind, Task

_LOOKED_AT = 2**20
_FRAME = "is a data frame as pandas writes it with orient='{}', not rows"
_RECORDS = "pandas.read_json(FILE, orient='{}').to_json('new.jsonl', orient='records', lines=True)"
_NPZ = "save its arrays anew: numpy.savez('new.npz', logits=..., target=...)"
_KINDS = (
    (r"(?i)(\s|%[^\n]*\n)*@relation\b", "is ARFF, which is not read",
        ('make a CSV of it: awk \'tolower($1)=="@attribute"{h=h c $2;c=","} d&&!/^%/; '
        'tolower($1)=="@data"{print h;d=1}\' FILE > new.csv')),
    (r"(?s).{0,400}?\binst#[ ,\t]+actual[ ,\t]+predicted", "is Weka's, not read as it is",
        ("labels are n:name, and * marks the largest; with your classes for a and b: sed "
        r"'1s/.*/inst,actual,predicted,error,prob_a,prob_b/; s/[0-9]*:\([^,]*\)/\1/g; s/\*//g' "
        "FILE > new.csv")),
    (r"\x80[\x02-\x05](?!\x8a\nl\xfc)", "is a pickle, which may run code and is never loaded",
        f"{_NPZ}, or a data frame with to_parquet"),
    (r"\x89HDF", "is HDF5, which is not read", _NPZ),
    (r"MATLAB 5", "is MATLAB's, which is not read", f"scipy.io.loadmat reads it; {_NPZ}"),
    (r"(?s)PK\x03\x04.{0,4096}(xl/|\[Content_Types\])|\xd0\xcf\x11\xe0",
        "is a workbook of Excel, which is not read",
        "save the sheet as CSV, or pandas.read_excel(FILE).to_parquet('new.parquet')"),
    ("SQLite format 3", "is a database of SQLite, which is not read",
        "sqlite3 -header -csv FILE 'select * from TABLE' > new.csv"),
    (r"ORC[^\n -~]|Obj\x01", "is ORC or Avro, which is not read",
        "with Arrow, Spark or DuckDB make it Parquet"),
    (r"RD[AX][23]\n|X\n\0\0\0[\2\3]", "is R's own format, which is not read",
        "in R: write.csv(readRDS(FILE), 'new.csv', row.names=FALSE)"),
    ("version https://git-lfs", "is a pointer of Git LFS, not the file itself", "git lfs pull"),
    (r"(?i)\s*<(!doctype html|html)\b", "is a web page, not the file itself",
        "download the raw file"),
    (r'\s*\{"[^"]*":\s*\{"0":', _FRAME.format("columns"), _RECORDS.format("columns")),
    (r'\s*\{"0":\s*\{"', _FRAME.format("index"), _RECORDS.format("index")),
    (r'\s*\{"[^"]*":\s*\{[^{}]*"(label|target|y_true|truth)s?":[^{}]*\},\s*"[^"]*":\s*\{',
        "holds records by their ids, not rows",
        "jq -c 'to_entries[] | {id: .key} + .value' FILE > new.jsonl"),
    (r'(?s)\s*\{"columns":\s*\[.*"data":\s*\[', _FRAME.format("split"), _RECORDS.format("split")),
    (r'\s*\{"schema":\s*\{"fields":', _FRAME.format("table"), _RECORDS.format("table")),
    (r'(?s)\s*[\[{].{0,4096}?"sequence":.*?"labels":\s*\[\s*"[^\]]*\],\s*"scores":\s*\[\s*[0-9]',
        "is a zero-shot pipeline's: each row has its classes in an order of its own",
        ("jq -c 'if type==\"array\" then .[] else . end | .scores=([[.labels,.scores]|transpose[]|"
        "{(.[0]):.[1]}]|add) | del(.labels)' FILE > new.jsonl")),
    ((r'(?s)(?!.*("score"|\n\{))\s*\{("[^"]*":\s*("[^"]*"|[^"\[{,]+),\s*)*"[^"]*":\s*\[\s*\{'
        r'.{0,2000}?"(label|target|y_true|truth)s?":'),
        "holds its rows inside an object", "jq -c '.[] | arrays[]' FILE > new.jsonl"),
    (r"\ufeff?(\xef\xbb\xbf)?\"?sep=.\"?\r?\n", "its first line, sep=, is for Excel alone",
        "leave it out: sed 1d FILE > new.csv"),
    (r"(?:#[^\n]*\n)*#[ \t][^\n]*[,;\t][^\n]*\n(?=([^\n#]*[,;\t])?[-+.\d][-+.e\d]*[,;\t\n])",
        "the names of its columns stand in a comment",
        "awk '/^#/{h=$0;next} h{sub(/^# */,\"\",h);print h;h=\"\"} 1' FILE > new.csv"),
    (r"#([ \t][^\n]*|[^\n,;\t]*)\n", "it begins with comments",
        "leave them out: sed '/^#/d' FILE > new.csv"),
    (r'(?s)\s*[\[{](?!.*"(logit|(log_)?prob)s?"\s*:).*"(prompt|token|top)_logprobs"\s*:',
        "holds log-probabilities of tokens, not of classes: no file for ce",
        "the loss of a token is minus its log-probability; of a text, their mean"),
)  # fmt: skip
"""A pattern of how a file begins, what it is, and the way on."""
_WIDE = 40
"""How many columns are looked at to tell a long table."""
_OFF = 0.02
_PICKLES = (".pkl", ".pickle", ".joblib")
_LLAMA = re.compile(r"(?m)^(perplexity: (calculating|tokenizing)|Final estimate: PPL)")
_PPL = re.compile(r"PPL = ([0-9.]+)|\[[0-9]+\]([0-9.]+),")


def explained(name: str) -> DataError | None:
    """The error that says what a file is that is not read; None where it may be one that is."""
    with suppress(CecalcError, OSError, ValueError):
        if found := _told(_beginning(name), name):
            rule, hint = found
            quote = repr if "(FILE" in hint else shlex.quote
            hint = hint.replace("FILE", quote("-" if name == STANDARD_INPUT else name))
            return DataError(rule, place=Place(source=name), hint=hint or None)
    return None


def _told(text: str, name: str) -> tuple[str, str] | None:
    if _LLAMA.search(text):
        is_whole = name != STANDARD_INPUT and len(text) < _LOOKED_AT
        return _of_llama(text, is_whole=is_whole)
    if name.endswith(_PICKLES) and not text.startswith("PK"):
        text = "\x80\x04"
    return next(((rule, hint) for how, rule, hint in _KINDS if re.match(how, text)), None)


def _beginning(name: str) -> str:
    if name == STANDARD_INPUT:
        return remembered().decode("latin-1")
    with Files() as files:
        return open_bytes(name, files).binary(files).read(_LOOKED_AT).decode("latin-1")


def _of_llama(text: str, *, is_whole: bool) -> tuple[str, str]:
    """What the log of a perplexity says of the loss: at its end, in the estimate of all."""
    rule = "is llama.cpp's log, no table: its loss is ln PPL"
    found = [float(match[1] or match[2]) for match in _PPL.finditer(text)]
    if not found or found[-1] <= 0 or not (is_whole or "Final estimate" in text):
        return rule, ""
    return f"{rule} = ln {found[-1]:g} = {math.log(found[-1]):.6f}", ""


def refuse_long(
    fields: Sequence[str],
    head: Callable[[int], Sequence[Any]],
    among: Sequence[int],
    task: Task,
    source: str | None,
) -> None:
    """Refuse a table of a row per class: where each item has a run of rows, the same classes in
    each, and numbers that add up to 1 or are called logits or log-probabilities.

    Parameters
    ----------
    fields, head : the names of the columns, and what they hold in the first rows
    among : the columns that may be of the values

    Raises
    ------
    DataError : it is one
    """
    if task in (Task.BCE, Task.SIGMOID):
        return
    width = min(len(fields), _WIDE)
    columns = [[str(cell).strip() for cell in head(i)] for i in range(width)]
    for key, cells in enumerate(columns):
        size = next((i for i, cell in enumerate(cells) if cell != cells[0]), 0)
        rows = len(cells) - len(cells) % (size or 1)
        if size < 2 or rows < 2 * size or rows < len(cells) < HEAD:
            continue
        items = [slice(i, i + size) for i in range(0, rows, size)]
        runs = [[frozenset(column[item]) for item in items] for column in columns]
        same = [i for i, run in enumerate(runs) if all(len(found) == 1 for found in run)]
        named = [i for i, run in enumerate(runs) if len({*run}) == 1 and len(run[0]) == size]
        values = [i for i in among if i < width and i not in named[:1]]
        values = [i for i in values if _adds_up(fields[i], columns[i], items)]
        if key in same and len({*runs[key]}) == len(items) and named and values:
            index, value = [fields[i] for i in same], fields[values[0]]
            prefix = (known.alone(value) or Kind.PROBS).option[2:]
            raise DataError(
                f"one row per class of each {excerpt(fields[key])}; a row holds all classes",
                place=Place(source=source),
                hint=f"with pandas: table.pivot(index={index}, columns={fields[named[0]]!r}, "
                f"values={value!r}).add_prefix('{prefix}_').to_csv('new.csv')",
            ) from None


def _adds_up(name: str, cells: Sequence[str], items: Sequence[slice]) -> bool:
    """Whether the cells of each item are probabilities, or called a kind of other values."""
    if not all(map(is_number, cells)):
        return False
    if known.alone(name) not in (None, Kind.PROBS):
        return True
    numbers = [*map(float, cells)]
    if all(map(float.is_integer, numbers)):
        return False
    return all(abs(sum(numbers[item]) - 1) < _OFF and min(numbers[item]) >= 0 for item in items)


def refuse_id(columns: Sequence[Glimpse]) -> None:
    """Refuse two columns as those of a target where one of them is called like an id, and is no
    share of a class.
    """
    ids = [c.name for c in columns if known.is_of_rows(c.name) and not c.is_share]
    if len(ids) == 1 and len(columns) == 2:
        option = f"--target-col={quoted(next(c.name for c in columns if c.name not in ids))}"
        raise DataError(
            f"column {excerpt(ids[0])} may be an id",
            hint="name the target with --target-col",
            ways=((option, f"--join={quoted(ids[0])}"), (option,)),
        )
