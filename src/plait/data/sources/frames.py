"""Takes tables that are in memory already: data frames, Arrow tables, lists of dicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from plait.data.sources.arrow import plain_schema
from plait.data.sources.dicts import from_dicts, plain, rows_in_python
from plait.data.sources.header import check_names
from plait.data.sources.rows import MemoryRows, Rows
from plait.errors import TableError
from plait.types import Cell


def read_frame(source: Any) -> Rows | None:
    """Return the rows of an object in memory, or None when it is not a table.

    Understood are a list of dicts (absent keys are missing cells), a dict of lists, one row (a dict
    of cells of which any is no list, or a pandas Series named by columns), a pandas DataFrame, an
    Arrow table or batch, a datasets.Dataset, and whatever offers ``__arrow_c_stream__`` (polars,
    duckdb...).

    Raises:
        TableError: No rows, doubled names, columns of unequal length.
    """
    if isinstance(source, Mapping | list | tuple):
        return rows_in_python(source)
    if type(source).__module__.startswith("pandas"):
        return from_dicts([_row_of(source)]) if source.ndim == 1 else _from_pandas(source)
    if hasattr(source, "with_format") and hasattr(source, "features"):
        source = source.with_format("arrow")[:]
    if isinstance(source, pa.RecordBatch):
        source = pa.Table.from_batches([source])
    if not isinstance(source, pa.Table) and hasattr(source, "__arrow_c_stream__"):
        source = pa.table(source)
    return _from_arrow(source) if isinstance(source, pa.Table) else None


def _row_of(series: Any) -> dict[str, Cell]:
    """Return a pandas Series as a row. Raises `TableError` where its index names no columns."""
    names = list(series.index)
    if not names or not all(isinstance(name, str) for name in names):
        raise TableError(
            "a Series is taken as one row, and its index names no columns",
            expected="an index of column names, as frame.iloc[0] has",
            received=", ".join(str(name) for name in names[:5]) or "an empty index",
            hint="series.to_frame('NAME') makes a column of it",
        )
    return dict(zip(names, series.tolist(), strict=True))


def _from_pandas(frame: Any) -> Rows:
    names = [str(name) for name in frame.columns]
    check_names(names)
    if not len(frame) or not names:
        raise TableError("the table has no rows", expected="at least one row")
    columns: dict[str, Any] = {}
    for place, name in enumerate(names):
        series = frame.iloc[:, place]
        columns[name] = _from_series(series)
    return MemoryRows(columns)


def _from_series(series: Any) -> pa.ChunkedArray | list[Cell]:
    """Return the column as Arrow; as a list where its cells are of types Arrow cannot mix."""
    if series.dtype != object:
        array = pa.Array.from_pandas(series)
        array = array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])
        coded = pa.types.is_dictionary(array.type)
        return pa.chunked_array([c.dictionary_decode() for c in array.chunks]) if coded else array
    return [plain(cell) for cell in series.tolist()]


def _from_arrow(table: pa.Table) -> Rows:
    schema = plain_schema(table.schema)
    if not table.num_rows:
        raise TableError("the table has no rows", expected="at least one row")
    columns: dict[str, pa.ChunkedArray | list[Cell]] = {}
    for field, column in zip(schema, table.columns, strict=True):
        if isinstance(column.type, pa.BaseExtensionType):
            column = pa.chunked_array([chunk.storage for chunk in column.chunks], field.type)
        columns[field.name] = column.cast(field.type)
    return MemoryRows(columns)
