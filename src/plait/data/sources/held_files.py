"""Reads CSV and JSON lines into memory by Python alone: the same cells that Arrow reads."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from plait.data.sources.delimited_errors import (
    check_bytes,
    checked_head,
    ragged_error,
    wrong_encoding,
)
from plait.data.sources.encodings import NotText, encoding_of
from plait.data.sources.formats import Format
from plait.data.sources.header import Header, parsed, read_header
from plait.data.sources.json_objects import held, json_encoding, objects_of
from plait.data.sources.names import notes_on
from plait.data.sources.rows import MemoryRows, Opened, no_rows
from plait.errors import TableError
from plait.types import Cell

JSON_ENDINGS = frozenset({".jsonl", ".ndjson", ".json"})
TEXT_ENDINGS = frozenset({".csv", ".tsv", ".txt", ""})
MOST_BYTES = 2**28
"""Of a file that is held in memory as a whole."""


def open_held(path: Path, said: Format | None = None) -> Opened:
    """Return the rows of a CSV, TSV or JSON lines file, or of a JSON list.

    Raises:
        TableError: There is no such file, it is of another kind, larger than `MOST_BYTES`, or it
            cannot be read: see `plait.data.sources.delimited.read_delimited`.
        UsageError: Something was said of its format that its kind does not have.
    """
    said = said or Format()
    if not path.is_file():
        raise TableError("the table does not exist", expected="a file", path=path).of_call()
    ending = path.suffix.lower()
    if ending not in JSON_ENDINGS | TEXT_ENDINGS:
        raise TableError(
            "this kind of file is not read without Arrow",
            expected="CSV, TSV or JSON lines, or rows as dicts",
            received=ending,
            path=path,
            hint="plait.read opens it, where pyarrow is installed",
        )
    if path.stat().st_size > MOST_BYTES:
        raise TableError(
            "the file is too large to be held in memory",
            expected=f"at most {MOST_BYTES // 2**20} MiB",
            received=f"{path.stat().st_size // 2**20} MiB",
            path=path,
            hint="give its rows in parts, or read it with plait.read, where pyarrow is installed",
        )
    rows = _json(path, said) if ending in JSON_ENDINGS else _text(path, said)
    return Opened(rows, path.name, path.resolve().parent)


def _json(path: Path, said: Format) -> MemoryRows:
    said.refuse("sheet", "delimiter", kind="JSON", path=path)
    encoding, notes = json_encoding(path, said.encoding)
    rows = held(list(objects_of(path, encoding)))
    rows.notes += notes
    return rows


def _text(path: Path, said: Format) -> MemoryRows:
    """Read delimited text; every cell is text, an empty one is missing."""
    said.refuse("sheet", kind="delimited text", path=path)
    head = checked_head(path)
    try:
        encoding = encoding_of(path, said.encoding)
    except NotText as failure:
        raise failure.error.at(path=path) from None
    check_bytes(head, encoding.name, path)
    delimiter = said.delimiter or ("\t" if path.suffix.lower() == ".tsv" else None)
    header = read_header(path, encoding.name, delimiter)
    columns: list[list[Cell]] = [[] for _ in header.names]
    for fields in _rows(path, encoding.name, header):
        for column, field in zip(columns, fields, strict=True):
            column.append(field or None)
    if not columns[0]:
        raise no_rows(path)
    rows = MemoryRows(dict(zip(header.names, columns, strict=True)))
    rows.notes = notes_on(header.written, header.names)
    rows.notes += (encoding.note,) if encoding.note else ()
    return rows


def _rows(path: Path, encoding: str, header: Header) -> Iterator[list[str]]:
    """Give the fields of each row below the header. Raises `TableError` for one that is broken."""
    row, width = -1, len(header.names)
    name = "utf-8-sig" if encoding == "utf-8" else encoding
    try:
        with path.open(encoding=name, newline="") as file:
            for place, fields in enumerate(parsed(file, header.delimiter, strict=True)):
                if place <= header.num_skipped or (not fields and width > 1):
                    continue
                row += 1
                fields = fields or [""]
                if len(fields) != width:
                    text = header.delimiter.join(fields)
                    raise ragged_error(path, row, width, len(fields), text)
                yield fields
    except UnicodeError as error:
        raise wrong_encoding(encoding, path, f"near row {max(row, 0)}: {error}") from None
    except csv.Error as error:
        raise TableError(
            "the table cannot be parsed",
            expected="delimited text with one row per line; line breaks only inside quotes",
            received=f"{error}, after row {max(row, 0)}",
            path=path,
            hint="is a quotation mark not closed?",
        ) from None
