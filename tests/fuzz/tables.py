"""Strict readers of text and tables, and what their columns are."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

from tests.fuzz.reference import (
    Abstains,
    Given,
    Refused,
    arranged,
    class_index,
    depth,
    floats,
    number,
    strict_json,
)

_TARGETS = ("target", "label", "y")
_PLAIN = ("logits", "logit", "probs", "prob", "log_probs", "log_prob")
_NAMED = re.compile(r"logit[-_. ]+", re.IGNORECASE)
_OPTIONS = {"weight", "pos_weight", "ignore_index", "label_smoothing", "reduction", "classes"}


def decoded(data: bytes) -> str:
    """Text without its byte order mark."""
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError as error:
        raise Refused(f"no UTF-8: {error}") from None
    if "\0" in text:
        raise Refused("NUL")
    return text


def delimited(data: bytes, delimiter: str = ",", *, is_binary: bool = False) -> Given:
    """CSV with a header, as Python's own strict reader sees it."""
    header, *rows = _records(decoded(data), delimiter)
    fields = [field.strip() for field in header]
    if not rows:
        raise Refused("no rows")
    if fields[-1] == "" and any(row[-1].strip() for row in rows):
        raise Refused("a field without a name at the end")
    return table(fields, rows, is_binary=is_binary)


def headless(data: bytes) -> Given:
    """CSV without a header: an identifier, two logits, the target."""
    rows = _records(decoded(data), ",")
    if len(rows[0]) < 4:
        raise Refused("too few columns")
    return by_position(rows, [1, 2], None, [3], [], [])


def utf_16(data: bytes) -> Given:
    """CSV in UTF-16."""
    try:
        return delimited(data.decode("utf-16").encode())
    except UnicodeError as error:
        raise Refused(f"no UTF-16: {error}") from None


def sniffed(data: bytes) -> Given:
    """CSV, or TSV, of which only the content tells that it is."""
    first = re.split(rb"\r\n?|\n", data)[0]
    if data[:2] in (b"\x1f\x8b", b"BZ") or data.lstrip()[:1] in (b"{", b"["):
        raise Abstains
    return delimited(data, "\t" if first.count(b"\t") > first.count(b",") else ",")


def _records(text: str, delimiter: str) -> list[list[str]]:
    """Rows of as many fields as the first; blank lines only at the end."""
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise Refused(f"no CSV: {error}") from None
    while rows and not rows[-1]:
        rows.pop()
    if not rows or any(len(row) != len(rows[0]) for row in rows):
        raise Refused("no rows, ragged, or a blank line")
    return rows


def lines(data: bytes, *, is_binary: bool = False) -> Given:
    """JSON lines."""
    every = [line for line in re.split(r"\r\n?|\n", decoded(data)) if line.strip(" \t")]
    return objects([strict_json(line) for line in every], is_binary=is_binary)


def document(data: bytes) -> Given:
    """A JSON document, a JSON array of row objects, or JSON lines."""
    try:
        value = strict_json(decoded(data))
    except Refused:
        return lines(data)
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return objects(value)
    if not isinstance(value, dict):
        raise Refused("a bare array")
    known = {key.replace("-", "_"): part for key, part in value.items() if part is not None}
    if len(known) < sum(part is not None for part in value.values()):
        raise Refused("a key appears twice")
    if set(known) & _OPTIONS:
        raise Abstains
    known_keys = {"logits", "probs", "log_probs", "target", "sample_weight", "ids"}
    if "logits" not in known or not known.keys() <= known_keys:
        raise Abstains
    weight = known.get("sample_weight")
    if weight is not None and depth(weight) != 1:
        raise Abstains
    return arranged(
        known["logits"], known.get("target"), None if weight is None else floats([weight])[0]
    )


def objects(rows: list[Any], *, is_binary: bool = False) -> Given:
    """Row objects, whose keys are those of the first."""
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise Refused("no rows, or one is no object")
    keys = list(rows[0])
    used = {i for i, key in enumerate(keys) if key.replace("-", "_") != "id"}
    cells = []
    for row in rows:
        missing = [i for i, key in enumerate(keys) if key not in row]
        if any(_is_used(keys[i]) for i in missing):
            raise Refused("a key is missing")
        cells.append([row.get(key) if i in used else None for i, key in enumerate(keys)])
    return table([key.replace("-", "_") for key in keys], cells, is_binary=is_binary)


def _is_used(key: str) -> bool:
    name = key.replace("-", "_")
    return name.startswith(("logit", "target")) or name in ("sample_weight", "label", "y", "id")


def table(fields: Sequence[str], rows: list[list[Any]], *, is_binary: bool = False) -> Given:
    """Columns by their names: logit_*, target or target_*, sample_weight."""
    named = [field for field in fields if field]
    if len(set(named)) < len(named):
        raise Refused("a column appears twice")
    folded = [field.strip().casefold() for field in fields]
    ids = [i for i, name in enumerate(folded) if name == "id"]
    weights = [i for i, name in enumerate(folded) if name == "sample_weight"]
    single = [i for i, name in enumerate(folded) if name in _TARGETS]
    several = [i for i, name in enumerate(fields) if name.startswith("target_")]
    if max(len(ids), len(weights), len(single)) > 1 or (single and several):
        raise Refused("more than one column could be meant")
    taken = {*ids, *weights, *single, *several}
    values = [i for i, f in enumerate(fields) if _NAMED.match(f) and i not in taken]
    plain = [i for i, name in enumerate(folded) if name in _PLAIN and i not in taken]
    if plain or not values or not (single or several):
        return _plain_table(rows, plain, values, single, several, weights, is_binary=is_binary)
    names = [_NAMED.sub("", fields[i]) for i in values]
    return by_position(rows, values, names, single, _in_order(fields, several, names),
                       weights, is_binary=is_binary)  # fmt: skip


def _plain_table(
    rows: list[list[Any]],
    plain: list[int],
    values: list[int],
    single: list[int],
    several: list[int],
    weights: list[int],
    *,
    is_binary: bool,
) -> Given:
    """A column of lists, or of one score a row."""
    if values or several or len(plain) != 1 or len(single) != 1:
        raise Abstains
    weight = _weights(rows, weights)
    cells, targets = [row[plain[0]] for row in rows], [row[single[0]] for row in rows]
    if is_binary and not any(isinstance(cell, list) for cell in (*cells, *targets)):
        column = floats([[_cell(cell)] for cell in cells])
        return Given(column, floats([[_cell(t)] for t in targets]), weight, None, is_binary)
    if not all(isinstance(cell, list) for cell in cells) or depth(cells) != 2:
        raise Abstains
    if all(isinstance(target, list) for target in targets):
        return Given(floats(cells), floats(targets), weight, None, is_binary)
    if is_binary:
        raise Abstains
    return Given(floats(cells), [class_index(target, None) for target in targets], weight)


def by_position(
    rows: list[list[Any]],
    values: Sequence[int],
    names: Sequence[str] | None,
    single: Sequence[int],
    several: Sequence[int],
    weights: Sequence[int],
    *,
    is_binary: bool = False,
) -> Given:
    """Columns whose places are known; classes that are just numbers are put in order."""
    order = list(range(len(values)))
    if names is not None and sorted(names) == sorted(map(str, order)):
        order = [list(names).index(name) for name in map(str, order)]
        names = list(map(str, range(len(order))))
    used = {*values, *single, *several, *weights}
    if any(_may_be_list(row[i]) for row in rows for i in used):
        raise Abstains
    matrix = [[_cell(row[values[i]]) for i in order] for row in rows]
    weight = _weights(rows, weights)
    is_numbered = names is not None and list(names) == [str(i) for i in range(len(names))]
    shown = None if names is None or is_numbered else tuple(names)
    if several:
        places = [several[i] for i in order]
        cells = [[_cell(row[i]) for i in places] for row in rows]
        return Given(matrix, cells, weight, shown, is_binary)
    if is_binary:
        if len(values) > 1:
            raise Refused("one target for several values")
        return Given(matrix, [[_cell(row[single[0]])] for row in rows], weight, None, is_binary)
    target = [class_index(row[single[0]], names) for row in rows]
    return Given(matrix, target, weight, shown)


def _in_order(fields: Sequence[str], several: list[int], names: list[str]) -> list[int]:
    """The target's columns in the order of the values'."""
    places = {fields[i].removeprefix("target_"): i for i in several}
    if several and sorted(places) != sorted(names):
        raise Refused("target columns do not match the classes")
    return [places[name] for name in names] if several else []


def _weights(rows: list[list[Any]], places: Sequence[int]) -> list[float] | None:
    return [_cell(row[places[0]]) for row in rows] if places else None


def _may_be_list(cell: Any) -> bool:
    return isinstance(cell, list) or str(cell).lstrip().startswith("[")


def _cell(cell: Any) -> float:
    return number(cell) if isinstance(cell, str) else floats([[cell]])[0][0]
