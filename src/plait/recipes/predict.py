"""Predict: a bundle and a table in, the rows with predictions out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from plait.data.table import Table, read
from plait.errors import UsageError
from plait.model.model import load
from plait.types import Cell

ENDINGS = (".csv", ".parquet")
CHUNK_ROWS = 8192


def predict(
    bundle: Path | str,
    table: Table | Path | str,
    *,
    out: Path | str,
    on_error: str = "raise",
    root: Path | str | None = None,
) -> dict[str, Any]:
    """Write the table's rows with ``prediction``, ``confidence`` and details; return what was done.

    The file appears whole or not at all; bytes cells are left out of CSV. Rows are predicted in
    chunks, so that the table need not fit in memory.

    Args:
        bundle: A bundle's folder.
        table: Rows with any subset of the model's input columns.
        out: ``.csv`` or ``.parquet`` file.
        on_error: ``raise``, or ``skip`` to treat unreadable cells as missing.
        root: Folder of the media.

    Returns:
        ``rows``, ``out`` and ``columns``.

    Raises:
        UsageError: When `out` has another ending, or its columns would collide.
    """
    out = Path(out)
    if out.suffix not in ENDINGS:
        raise UsageError(
            "unknown kind of output file",
            expected=" or ".join(ENDINGS),
            received=out.name,
            hint="name it with --out predictions.csv",
        )
    model = load(bundle)
    rows = table if isinstance(table, Table) else read(table, root=root)
    temporary = out.with_name(f".{out.name}.{os.getpid()}")
    columns: list[str] = []
    try:
        with _Writer(temporary, out.suffix) as writer:
            for first in range(0, rows.num_rows, CHUNK_ROWS):
                part = rows.take(range(first, min(first + CHUNK_ROWS, rows.num_rows)))
                answer = _shift_rows(model.predict, part, on_error, first)
                chunk = _arrow(part, answer, keep_bytes=out.suffix == ".parquet")
                columns = chunk.column_names
                writer.write(chunk)
        os.replace(temporary, out)
    finally:
        temporary.unlink(missing_ok=True)
    return {"rows": rows.num_rows, "out": str(out), "columns": columns}


def _shift_rows(predict_rows: Any, part: Table, on_error: str, first: int) -> Mapping[str, Any]:
    """Predict a chunk; an error names the row of the whole table."""
    from plait.errors import PlaitError

    try:
        columns: Mapping[str, Any] = predict_rows(part, on_error=on_error).columns
        return columns
    except PlaitError as error:
        if error.row is not None:
            error.row += first
        raise


def _arrow(part: Table, answer: Mapping[str, Any], *, keep_bytes: bool) -> pa.Table:
    taken = [name for name in part.column_names if name in answer]
    if taken:
        raise UsageError(
            "the table already has columns of predictions",
            expected="no column named " + ", ".join(taken),
            hint="rename or drop them",
        )
    found = {}
    for name in part.column_names:
        cells = part.column(name)
        if keep_bytes or not any(_has_bytes(cell) for cell in cells):
            found[name] = _column(cells)
    return pa.table({**found, **{name: pa.array(values) for name, values in answer.items()}})


def _has_bytes(cell: Cell) -> bool:
    return isinstance(cell, bytes) or (isinstance(cell, dict) and "bytes" in cell)


def _column(cells: list[Cell]) -> pa.Array:
    try:
        array = pa.array(cells)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        array = pa.array([None if cell is None else str(cell) for cell in cells])
    return array.cast(pa.string()) if pa.types.is_null(array.type) else array


class _Writer:
    """Appends chunks to a CSV or Parquet file; later chunks follow the first one's schema."""

    def __init__(self, path: Path, ending: str) -> None:
        self.path, self.ending = path, ending
        self._inner: Any = None
        self._schema: pa.Schema | None = None

    def __enter__(self) -> _Writer:
        return self

    def write(self, chunk: pa.Table) -> None:
        """Append a chunk."""
        if self._inner is None:
            self._schema = chunk.schema
            kind = pa.csv.CSVWriter if self.ending == ".csv" else pa.parquet.ParquetWriter
            self._inner = kind(self.path, chunk.schema)
        if chunk.schema != self._schema:
            chunk = chunk.cast(self._schema)
        (self._inner.write if self.ending == ".csv" else self._inner.write_table)(chunk)

    def __exit__(self, *_: object) -> None:
        if self._inner is not None:
            self._inner.close()
