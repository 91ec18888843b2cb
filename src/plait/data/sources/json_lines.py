"""Reads JSON lines (one object per line) and JSON lists of objects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from plait.data.sources.encodings import NotText, encoding_of
from plait.data.sources.formats import Format
from plait.data.sources.frames import from_dicts
from plait.data.sources.names import cleaned, notes_of
from plait.data.sources.rows import Rows
from plait.data.sources.spool import MEMORY_BYTES, keep, no_rows
from plait.errors import TableError

CHUNK_ROWS = 4096
MAX_LIST_BYTES = 2**30
"""A list is read as a whole; longer ones belong into JSON lines."""

MAX_LINE_CHARACTERS = 256 * 2**20


def read_json(path: Path, said: Format | None = None) -> Rows:
    """Return the rows of a JSON file; a key that an object lacks is a missing cell.

    In large files a column whose cells are of several types becomes text: text as it is, the
    rest as JSON.

    Raises:
        TableError: Empty, not JSON (with the row), or a row that is not an object.
    """
    said = said or Format()
    said.refuse("sheet", "delimiter", kind="JSON", path=path)
    encoding, notes = _encoding(path, said.encoding)
    rows = _read(path, encoding)
    rows.notes += notes
    return rows


def _read(path: Path, encoding: str) -> Rows:
    is_list, num_bytes = _is_list(path, encoding), path.stat().st_size
    if is_list and num_bytes > MAX_LIST_BYTES:
        raise TableError(
            "the JSON list is too large to be read as a whole",
            expected=f"at most {MAX_LIST_BYTES // 2**20} MiB",
            received=f"{num_bytes // 2**20} MiB",
            path=path,
            hint="write one object per line (JSON lines): jq -c '.[]' table.json > table.jsonl",
        )
    if is_list or num_bytes <= MEMORY_BYTES:
        return _held(list(_objects(path, encoding)))

    def open_stream() -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        written = _schema(path, encoding)
        schema = cleaned(written)
        return schema, _batches(path, encoding, schema, written.names)

    return keep(path, f"json|{encoding}", open_stream)


def _held(objects: list[dict[str, Any]]) -> Rows:
    names = list(dict.fromkeys(name for cells in objects for name in cells))
    schema = cleaned(pa.schema([(name, pa.string()) for name in names]))
    if schema.names != names:
        under = dict(zip(names, schema.names, strict=True))
        objects = [{under[name]: cell for name, cell in cells.items()} for cells in objects]
    rows = from_dicts(objects)
    rows.notes = notes_of(schema)
    return rows


def _encoding(path: Path, said: str | None) -> tuple[str, tuple[str, ...]]:
    try:
        found = encoding_of(path, said)
    except NotText as failure:
        raise failure.error.at(path=path) from None
    name = "utf-8-sig" if found.name == "utf-8" else found.name
    return name, (found.note,) if found.note else ()


def _is_list(path: Path, encoding: str) -> bool:
    with path.open(encoding=encoding, errors="replace") as file:
        return file.read(1024).lstrip("\ufeff \r\n\t").startswith("[")


def _objects(path: Path, encoding: str) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding=encoding) as file:
            values = json.load(file) if _is_list(path, encoding) else _lines(file, path)
            row = -1
            for row, value in enumerate(values):
                if not isinstance(value, dict):
                    raise _not_an_object(value, row, path)
                yield value
            if row < 0:
                raise no_rows(path)
    except UnicodeError as error:
        raise TableError(
            f"the table is not {encoding.upper()} text",
            expected="JSON in UTF-8, or in the encoding named",
            received=str(error),
            path=path,
            hint="name the encoding, for example --encoding latin-1",
        ) from None
    except (ValueError, RecursionError) as error:
        raise _not_json(error, None, path) from None


def _lines(file: Any, path: Path) -> Iterator[Any]:
    row = 0
    while line := file.readline(MAX_LINE_CHARACTERS + 1):
        if len(line) > MAX_LINE_CHARACTERS:
            raise TableError(
                "a row is too long",
                expected=f"at most {MAX_LINE_CHARACTERS // 2**20} million characters",
                row=row,
                path=path,
                hint="put large values into files beside the table, and their paths into the cells",
            )
        if not line.strip():
            continue
        try:
            yield json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _not_json(error, row, path) from None
        row += 1


def _chunks(path: Path, encoding: str) -> Iterator[list[dict[str, Any]]]:
    objects = _objects(path, encoding)
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


def _not_an_object(value: Any, row: int, path: Path) -> TableError:
    return TableError(
        "a row is not a JSON object",
        expected='one object per line, such as {"text": "warm", "price": 3}',
        received=value,
        row=row,
        path=path,
    )


def _not_json(error: Exception, row: int | None, path: Path) -> TableError:
    received = str(error)
    if row is not None and isinstance(error, json.JSONDecodeError):
        received = f"{error.msg} at character {error.pos}"
    return TableError(
        "the row is not JSON" if row is not None else "the file is not JSON",
        expected="one JSON object per line, or a list of objects",
        received=received,
        row=row,
        path=path,
        hint="was the file written to its end?",
    )
