"""Reads Parquet and Arrow files batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from plait.data.sources.header import check_names
from plait.data.sources.rows import Rows
from plait.data.sources.spool import BATCH_BYTES, BATCH_ROWS, keep
from plait.errors import TableError

BROKEN = (pa.ArrowException, OSError, UnicodeDecodeError)
"""What Arrow raises when a file is damaged; the last for names that are not text."""


def read_parquet(path: Path) -> Rows:
    """Return the rows of a Parquet file. Raises `TableError` when it is damaged."""

    def open_stream() -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        import pyarrow.parquet as parquet

        try:
            file = parquet.ParquetFile(path, pre_buffer=False)
            schema = plain_schema(file.schema_arrow, path)
        except BROKEN as error:
            raise _damaged("Parquet", path, error) from None
        size = _rows_per_batch(file.metadata)
        return schema, _plain(file.iter_batches(size), schema, "Parquet", path)

    return keep(path, "parquet", open_stream)


def read_arrow(path: Path) -> Rows:
    """Return the rows of an Arrow IPC file or stream (Feather). Raises `TableError`."""

    def open_stream() -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        try:
            reader, batches = _open_ipc(path)
            schema = plain_schema(reader.schema, path)
        except BROKEN as error:
            raise _damaged("Arrow", path, error) from None
        return schema, _plain(batches, schema, "Arrow", path)

    return keep(path, "arrow", open_stream)


def plain_schema(schema: pa.Schema, path: Path | None = None) -> pa.Schema:
    """Return the schema with dictionaries decoded and without metadata.

    Raises:
        TableError: When two columns have the same name, or there are none.
    """
    check_names(schema.names, path)
    if not schema.names:
        raise TableError("the table has no columns", expected="at least one", path=path)
    return pa.schema([(field.name, _plain_type(field.type)) for field in schema])


def _plain_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return _plain_type(kind.value_type)
    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def _plain(
    batches: Iterator[pa.RecordBatch], schema: pa.Schema, kind: str, path: Path
) -> Iterator[pa.RecordBatch]:
    try:
        for batch in batches:
            batch.validate(full=True)
            columns = [
                column.storage if isinstance(column, pa.ExtensionArray) else column
                for column in batch.columns
            ]
            plain = [c.cast(f.type) for c, f in zip(columns, schema, strict=True)]
            yield pa.record_batch(plain, schema=schema)
    except BROKEN as error:
        raise _damaged(kind, path, error) from None


def _open_ipc(path: Path) -> tuple[Any, Iterator[pa.RecordBatch]]:
    file = pa.OSFile(str(path))
    if file.read(6) == b"ARROW1":
        reader = pa.ipc.open_file(file)
        return reader, (reader.get_batch(i) for i in range(reader.num_record_batches))
    file.seek(0)
    stream = pa.ipc.open_stream(file)
    return stream, iter(stream)


def _rows_per_batch(metadata: Any) -> int:
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    num_bytes = sum(group.total_byte_size for group in groups)
    return max(1, min(BATCH_ROWS, BATCH_BYTES * metadata.num_rows // (num_bytes + 1)))


def _damaged(kind: str, path: Path, error: Exception) -> TableError:
    return TableError(
        f"the {kind} file cannot be read",
        expected=f"a whole {kind} file",
        received=str(error),
        path=path,
        hint="was it copied to its end, and has it the right ending?",
    )
