"""Reads one sheet of a spreadsheet (.xlsx, .ods) as a stream of text columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import ParseError

import pyarrow as pa

from plait.data.sources import ods, xlsx
from plait.data.sources.arrow_names import text_schema
from plait.data.sources.formats import Format
from plait.data.sources.header import MAX_COLUMNS
from plait.data.sources.rows import Rows
from plait.data.sources.spool import BATCH_BYTES, BATCH_ROWS, keep
from plait.data.sources.zipped import Allowance, locked, opened_zip
from plait.errors import TableError, UsageError

SHEET_ENDINGS = frozenset({".xlsx", ".xlsm", ".ods"})
MAX_CELL_CHARACTERS = 2**20
OLD_FORMAT = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

Line = tuple[int, dict[int, str]]
"""A row's number from 0, and its cells by column; empty cells are absent."""


class Sheet(NamedTuple):
    """One sheet of an opened spreadsheet."""

    name: str
    lines: Callable[[], Iterator[Line]]


def read_sheet(path: Path, said: Format | None = None) -> Rows:
    """Return the rows of a sheet below its header, the first row with any cell.

    Cells are text: numbers as the file writes them, dates as ``2024-03-01 12:00:00``, formulas as
    their kept results, errors such as ``#N/A`` as missing. Without a sheet named, the first is
    read, and the others are named in a note.

    Raises:
        TableError: Not a whole spreadsheet, protected, empty, beyond the limits, or with cells
            outside of the header's columns.
        UsageError: There is no such sheet.
    """
    said = said or Format()
    said.refuse("encoding", "delimiter", "decimal", kind="a spreadsheet", path=path)
    _refuse_old(path)
    kind = ods if path.suffix.lower() == ".ods" else xlsx
    with opened_zip(path, "spreadsheet") as file:
        allowance = Allowance(path)
        try:
            names = kind.sheet_names(file, allowance, path)
            place = _place(names, said.sheet, path)
        except ParseError as error:
            raise _broken(path, error) from None

        def open_stream() -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
            lines = kind.lines(file, place, allowance)
            schema = _header(lines, names[place], path)
            return schema, _batches(lines, schema, path)

        try:
            rows = keep(path, f"sheet|{place}", open_stream)
        except ParseError as error:
            raise _broken(path, error) from None
    if len(names) > 1 and said.sheet is None:
        others = ", ".join(name for i, name in enumerate(names) if i != place)
        rows.notes += (f"the sheet '{names[place]}' is read; others: {others} (--sheet NAME)",)
    return rows


def _refuse_old(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(2**16)
    if not head.startswith(OLD_FORMAT):
        return
    if "EncryptedPackage".encode("utf-16-le") in path.read_bytes()[: 2**24]:
        raise locked("spreadsheet", path)
    raise TableError(
        "the spreadsheet is of the old binary format",
        expected=".xlsx or .ods",
        received=".xls",
        path=path,
        hint="save it as .xlsx or CSV",
    )


def _place(names: list[str], said: str | None, path: Path) -> int:
    if not names:
        raise TableError("the spreadsheet has no sheets with cells", path=path)
    if said is None:
        return 0
    if said in names:
        return names.index(said)
    if said.isdecimal() and 1 <= int(said) <= len(names):
        return int(said) - 1
    raise UsageError(
        f"the spreadsheet has no sheet '{said}'",
        expected="one of " + ", ".join(names),
        path=path,
        hint="name one with --sheet, by name or by number from 1",
    )


def _header(lines: Iterator[Line], sheet: str, path: Path) -> pa.Schema:
    for _, cells in lines:
        if cells:
            return text_schema([cells.get(i, "") for i in range(max(cells) + 1)], path)
    raise TableError(
        f"the sheet '{sheet}' is empty",
        expected="a header row and rows",
        path=path,
        hint="name another sheet with --sheet",
    )


def _batches(lines: Iterator[Line], schema: pa.Schema, path: Path) -> Iterator[pa.RecordBatch]:
    waiting: list[dict[int, str]] = []
    width, num_bytes, num_all = len(schema), 0, 0
    for number, cells in lines:
        if not cells:
            continue
        _check_line(number, cells, width, num_all + len(waiting), path)
        waiting.append(cells)
        num_bytes += sum(map(len, cells.values()))
        if len(waiting) == BATCH_ROWS or num_bytes > BATCH_BYTES:
            yield _batch(waiting, schema)
            num_all += len(waiting)
            waiting, num_bytes = [], 0
    if waiting:
        yield _batch(waiting, schema)


def _batch(waiting: list[dict[int, str]], schema: pa.Schema) -> pa.RecordBatch:
    columns = [
        pa.array([cells.get(i) or None for cells in waiting], pa.string())
        for i in range(len(schema))
    ]
    return pa.record_batch(columns, schema=schema)


def _check_line(number: int, cells: dict[int, str], width: int, row: int, path: Path) -> None:
    last = max(cells)
    if last >= width:
        raise TableError(
            "a cell lies outside of the header's columns",
            expected=f"at most {width} columns, as in the first row",
            received=f"'{cells[last][:40]}' in {cell_name(last, number)}",
            row=row,
            path=path,
            hint="name its column in the first row; if that is a title, delete it",
        )
    longest = max(cells, key=lambda place: len(cells[place]))
    if len(cells[longest]) > MAX_CELL_CHARACTERS:
        raise TableError(
            "a cell is too long",
            expected=f"at most {MAX_CELL_CHARACTERS} characters",
            received=f"{len(cells[longest])} in {cell_name(longest, number)}",
            row=row,
            path=path,
            hint="put the value into a file beside the table, and its path into the cell",
        )


def cell_name(column: int, row: int) -> str:
    """Return a cell's name as spreadsheets show it.

    >>> cell_name(0, 0), cell_name(27, 9)
    ('A1', 'AB10')
    """
    letters, column = "", min(column, MAX_COLUMNS) + 1
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(65 + letter) + letters
    return f"{letters}{row + 1}"


def _broken(path: Path, error: Exception) -> TableError:
    return TableError(
        "the spreadsheet cannot be read",
        expected="a whole spreadsheet",
        received=str(error),
        path=path,
        hint="open it in a spreadsheet program and save it again",
    )
