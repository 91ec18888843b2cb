"""Reads JSON lines (one object per line) and JSON lists of objects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from plait.data.sources.arrow_names import cleaned
from plait.data.sources.formats import Format
from plait.data.sources.json_objects import held, is_list, json_encoding, objects_of
from plait.data.sources.rows import Rows
from plait.data.sources.spool import MEMORY_BYTES, keep
from plait.errors import TableError

CHUNK_ROWS = 4096
MAX_LIST_BYTES = 2**30
"""A list is read as a whole; longer ones belong into JSON lines."""


def read_json(path: Path, said: Format | None = None) -> Rows:
    """Return the rows of a JSON file; a key that an object lacks is a missing cell.

    In large files a column whose cells are of several types becomes text: text as it is, the
    rest as JSON.

    Raises:
        TableError: Empty, not JSON (with the row), or a row that is not an object.
    """
    said = said or Format()
    said.refuse("sheet", "delimiter", kind="JSON", path=path)
    encoding, notes = json_encoding(path, said.encoding)
    rows = _read(path, encoding)
    rows.notes += notes
    return rows


def _read(path: Path, encoding: str) -> Rows:
    whole, num_bytes = is_list(path, encoding), path.stat().st_size
    if whole and num_bytes > MAX_LIST_BYTES:
        raise TableError(
            "the JSON list is too large to be read as a whole",
            expected=f"at most {MAX_LIST_BYTES // 2**20} MiB",
            received=f"{num_bytes // 2**20} MiB",
            path=path,
            hint="write one object per line (JSON lines): jq -c '.[]' table.json > table.jsonl",
        )
    if whole or num_bytes <= MEMORY_BYTES:
        return held(list(objects_of(path, encoding)))

    def open_stream() -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        written = _schema(path, encoding)
        schema = cleaned(written)
        return schema, _batches(path, encoding, schema, written.names)

    return keep(path, f"json|{encoding}", open_stream)


def _chunks(path: Path, encoding: str) -> Iterator[list[dict[str, Any]]]:
    objects = objects_of(path, encoding)
    while chunk := list(islice(objects, CHUNK_ROWS)):
        yield chunk


def _schema(path: Path, encoding: str) -> pa.Schema:
    """Read the file once to learn the columns and one type for each."""
    kinds: dict[str, pa.DataType] = {}
    for chunk in _chunks(path, encoding):
        for name in dict.fromkeys(name for cells in chunk for name in cells):
            found = _kind([cells.get(name) for cells in chunk])
            kinds[name] = _joined(kinds.get(name, pa.null()), found)
    null = pa.null()
    return pa.schema([(name, pa.string() if k == null else k) for name, k in kinds.items()])


def _kind(cells: list[Any]) -> pa.DataType:
    try:
        kind = pa.array(cells).type
    except (pa.ArrowException, OverflowError):
        return pa.string()
    return pa.string() if pa.types.is_struct(kind) else kind


def _joined(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    if one == other or other == pa.null():
        return one
    if one == pa.null():
        return other
    if {one, other} == {pa.int64(), pa.float64()}:
        return pa.float64()
    if pa.types.is_list(one) and pa.types.is_list(other):
        inner = _joined(one.value_type, other.value_type)
        mixed = inner == pa.string() and {one.value_type, other.value_type} - {inner, pa.null()}
        return pa.string() if mixed else pa.list_(inner)
    return pa.string()


def _batches(
    path: Path, encoding: str, schema: pa.Schema, written: list[str]
) -> Iterator[pa.RecordBatch]:
    for chunk in _chunks(path, encoding):
        columns = []
        for name, field in zip(written, schema, strict=True):
            cells = [row.get(name) for row in chunk]
            as_text = [_text(c) for c in cells] if field.type == pa.string() else cells
            columns.append(pa.array(as_text, field.type))
        yield pa.record_batch(columns, schema=schema)


def _text(cell: Any) -> str | None:
    return cell if cell is None or isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)
