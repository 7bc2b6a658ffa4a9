"""Parquet and Arrow: the input's columns with the types they have, ours with theirs, in groups of
rows.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cecalc.errors import DataError, Place, excerpt
from cecalc.items import Groups, Header, Item, Outcome, Report
from cecalc.numbers import as_float, is_number, pointed
from cecalc.output import arrow_text, columns, csv
from cecalc.output.column import Column, Sort, Style, cell_text
from cecalc.output.fields import Fields, Places, of_records
from cecalc.output.figures import members
from cecalc.output.typed_columns import plain
from cecalc.request import Screen, Selection
from cecalc.terms import TargetForm

GROUP_BYTES = 2**24
"""About how much of the rows in memory makes a row group."""
_STYLE = Style(str, cell_text)
_types = pa.types


def _render(
    open_it: Callable[[io.BytesIO, Any, Header], Any],
    items: Iterator[Item],
    _screen: Screen,
    selection: Selection,
) -> Iterator[bytes]:
    """The bytes of a file as they come about; it is one only when all of them are there."""
    header, rest = columns.stream_of(items)
    sink, group = io.BytesIO(), list[Any]()
    fields, writer = list[Fields](), None
    for item in rest:
        if isinstance(item, Report) and not selection.rows:
            group.append(pa.RecordBatch.from_pylist([dict(members(item))]))
            writer = open_it(sink, group[0].schema, header)
        if not (selection.rows and isinstance(item, Outcome | Groups)):
            continue
        if not fields:
            theirs = partial(_theirs, has_codes=open_it is _parquet)
            fields, _ = of_records(header, item, "csv", selection, _field, theirs)
        names = [name for part in fields for name in part.names]
        arrays = [array for part in fields for array in part.rows(item)]
        group.append(pa.RecordBatch.from_arrays(arrays, names=names))
        writer = writer or open_it(sink, group[0].schema, header)
        if sum(batch.nbytes for batch in group) >= GROUP_BYTES:
            _write(group, writer)
            yield _taken(sink)
    if writer is not None:
        _write(group, writer)
        writer.close()
    yield _taken(sink)


def _taken(sink: io.BytesIO) -> bytes:
    """What has been written since this was asked last."""
    data = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return data


def _parquet(sink: io.BytesIO, schema: Any, header: Header) -> Any:
    numbers = {name for _, name in header.schema.columns}  # which may be texts: few stand twice
    coded = [f.name for f in schema if not (_types.is_floating(f.type) or f.name in numbers)]
    try:
        return pq.ParquetWriter(sink, schema, use_dictionary=coded)
    except pa.ArrowNotImplementedError:
        if len(schema) > 1:
            for field in schema:
                _parquet(io.BytesIO(), pa.schema([field]), header).close()
        rule = f"column {excerpt(schema[0].name)}: Parquet has no {schema[0].type}"
        place = Place(source=header.schema.source)
        hint = "--format arrow has it; --select '!NAME' leaves a column out"
        raise DataError(rule, place=place, hint=hint) from None


def _arrow(sink: io.BytesIO, schema: Any, _: Header) -> Any:
    return pa.ipc.new_file(sink, schema)


render_parquet, render_arrow = partial(_render, _parquet), partial(_render, _arrow)


def _write(group: list[Any], writer: Any) -> None:
    """A row group, if there are rows for one."""
    if group:
        table = pa.Table.from_batches(group).combine_chunks()  # blocks leave no trace
        writer.write_table(table, table.num_rows)
    group.clear()


def _theirs(header: Header, first: Outcome, *, has_codes: bool) -> list[Fields]:
    """The input's columns; dictionaries only where each batch may have its own."""
    if (types := header.schema.types) is not None:
        given = columns.given(header, columns.of(header, "csv"))
        return [
            *(_field(c) for c in given if c.name not in types),
            *(Fields([n], partial(_typed, n, has_codes)) for n in types),
        ]
    if not first.batch.originals:
        return []
    names, cells = csv.cells_of(header, first)
    row = map(
        is_number, map(pointed, next(iter(cells(first))))
    )  # lists and names of two classes are none
    kinds = _kinds(header)
    typed = [kinds.get(name) if is_one else None for name, is_one in zip(names, row, strict=True)]
    return [Fields(columns.distinct(names), partial(_texts, header, cells, typed))]


def _kinds(header: Header) -> dict[str, pa.DataType]:
    """The types of the columns of text that are read as numbers."""
    schema, is_index = header.schema, header.target_form is TargetForm.INDEX
    given = columns.given(header, columns.of(header, "csv")) if schema.delimiter is None else ()
    lists = [name for c in given if c.sort is Sort.NUMBERS for name in c.field_names]
    known = [name for _, name in (*schema.columns, *schema.sample_weight_columns)]
    kinds = dict.fromkeys([*lists, *known], pa.float64())
    if schema.target_source is None and not (is_index and schema.classes):
        kind = pa.int64() if is_index else pa.float64()
        kinds |= {name: kind for _, name in schema.target_columns}
    return kinds


def _typed(name: str, has_codes: bool, outcome: Outcome, _: Places) -> list[pa.Array]:
    """A column as it came, but for layouts that are not known everywhere."""
    column = outcome.batch.typed.column(name)
    kind = column.type
    is_odd = _types.is_run_end_encoded(kind)
    if _types.is_dictionary(kind):
        is_odd = not has_codes or kind.value_type not in (
            pa.string(),
            pa.large_string(),
            pa.binary(),
        )
    return [plain(column) if is_odd else column]


def _texts(
    header: Header,
    cells: csv.Cells,
    kinds: list[pa.DataType | None],
    outcome: Outcome,
    places: Places,
) -> list[pa.Array]:
    names, delimiter = header.schema.fields or (), header.schema.delimiter
    packed = getattr(outcome.batch.originals, "packed", None) if delimiter else None
    if packed is None or delimiter is None:
        rows = zip(*cells(outcome), strict=True)
        every = [arrow_text.strings(list(column)) for column in rows]
        found = every if places is None else [every[i] for i in places]
    else:
        wanted = range(len(names)) if places is None else places
        found = arrow_text.fields_of(packed, delimiter, len(names), wanted)
    try:
        texts = [column.cast(pa.string()) for column in found]
    except pa.ArrowInvalid:
        rule, hint = "holds bytes that are no text", "name the encoding, for example latin-1"
        place = Place(source=outcome.batch.source or header.schema.source)
        raise DataError(rule, place=place, hint=f"{hint}, with --encoding") from None
    chosen = kinds if places is None else [kinds[i] for i in places]
    pairs = zip(texts, chosen, strict=True)
    return [text if kind is None else _numbers(text).cast(kind) for text, kind in pairs]


def _numbers(texts: pa.Array) -> pa.Array:
    """What texts that were read as numbers say."""
    try:
        return texts.cast(pa.float64())
    except pa.ArrowInvalid:  # it knows no blanks around a number, no plus and no decimal comma
        return arrow_text.array(np.asarray([as_float(pointed(t)) for t in texts.to_pylist()]))


def _field(column: Column) -> Fields:
    """A column of ours; of numbers, one for each class."""
    parts = column.split() if column.sort is Sort.NUMBERS else [column]

    def arrays(rows: Outcome | Groups, places: Places) -> list[pa.Array]:
        return [_array(parts[i], rows) for i in (range(len(parts)) if places is None else places)]

    return Fields(column.field_names, arrays)


def _array(column: Column, rows: Outcome | Groups) -> pa.Array:
    """A column of ours, null where it says nothing."""
    if column.names or column.sort in (Sort.TEXT, Sort.CELL):
        found = arrow_text.texts(column, rows, _STYLE)
        is_said = pc.binary_length(found).cast(pa.bool_())
        return pc.if_else(is_said, found.cast(pa.string()), pa.nulls(1, pa.string())[0])
    values, used = column.of(rows), column.used and column.used(rows)
    if column.sort in (Sort.COUNT, Sort.CLASS):
        counted = values if used is None else np.where(used, values, 0)
        values = counted.astype(np.int64)
    found = arrow_text.array(values)
    return found if used is None else arrow_text.only(found, used)
