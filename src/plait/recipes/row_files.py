"""Writes rows with their answers, chunk by chunk: CSV, JSON lines (packed too) or Parquet."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import date, time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from plait.arrow import array, kind_of
from plait.data.table import Table
from plait.errors import UsageError
from plait.storing import storing
from plait.types import Cell
from plait.writing import OUTPUT, spare_folder, write_whole

STDOUT = "-"
FORMATS = {".csv": "csv", ".parquet": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl"}
PACKINGS = {".gz": "gzip", ".zst": "zstd"}
"""Ending behind ``.csv`` or ``.jsonl`` -> how the file is compressed."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Spreadsheets take a text of a CSV file that begins so for a formula (OWASP, CSV injection)."""

BEFORE = "input_"
"""What the name of a table's column gets in front where an answer has that name."""


def format_of(out: Path, said: str | None) -> str:
    """Return ``csv``, ``jsonl`` or ``parquet``: as said, else by the file's ending.

    Raises `UsageError` for any other, and for Parquet on standard output or packed once more.
    """
    inner = bare(out).suffix.lower()
    found = said or ("csv" if str(out) == STDOUT else FORMATS.get(inner))
    if found is None or found not in FORMATS.values():
        packed = [f".csv{ending}" for ending in PACKINGS]
        raise UsageError(
            "unknown kind of output file",
            expected=" or ".join(FORMATS) + f"; text perhaps packed: {', '.join(packed)}",
            received=said or out.name,
            hint="name it with --out predictions.csv",
        )
    if found == "parquet" and out.suffix.lower() in PACKINGS:
        raise UsageError(
            "a Parquet file is compressed in its parts, and not once more",
            expected=".parquet",
            received=out.name,
            hint="name it with --out predictions.parquet",
        )
    if found == "parquet" and str(out) == STDOUT:
        raise UsageError(
            "Parquet is not written to standard output",
            expected="--format csv or jsonl with --out -",
            hint="name a file with --out predictions.parquet",
        )
    return found


def is_row_file(out: Path, said: str | None) -> bool:
    """Tell whether `format_of` knows the form of a file."""
    inner = bare(out).suffix.lower()
    return said in FORMATS.values() if said else str(out) == STDOUT or inner in FORMATS


def bare(out: Path) -> Path:
    """Return the path without the ending that says how the file is compressed.

    >>> bare(Path("predictions.csv.gz")).name
    'predictions.csv'
    """
    return out.with_suffix("") if out.suffix.lower() in PACKINGS else out


@contextmanager
def writing_to(out: Path) -> Iterator[Path]:
    """Give a file to write, which becomes `out`, or goes to standard output, when all is well."""
    if str(out) != STDOUT:
        with write_whole(out) as temporary:
            yield temporary
        return
    with spare_folder("plait-stdout-") as folder:
        temporary = folder / "rows"
        yield temporary
        with storing(OUTPUT), temporary.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.flush()


def kinds_of(rows: Table, form: str, *, chunk_rows: int) -> dict[str, pa.DataType]:
    """Return the type in which each column is written, which holds all of its cells.

    Args:
        rows: The table; read once, chunk by chunk.
        form: Of the file; bytes are left out of all but Parquet, and nested values are JSON text.
        chunk_rows: Rows looked at together.
    """
    found = dict.fromkeys(rows.column_names, pa.null())
    for _, cells in rows.batches(batch_rows=chunk_rows):
        for name, column in cells.items():
            if form != "parquet" and any(_has_bytes(cell) for cell in column):
                found[name] = pa.binary()
            found[name] = _wider(found[name], _kind(column))
    if form == "parquet":
        return {name: kind if _can_be_kept(kind) else pa.string() for name, kind in found.items()}
    kept = {name: kind for name, kind in found.items() if not pa.types.is_binary(kind)}
    return {name: kind if _is_plain(kind) else pa.string() for name, kind in kept.items()}


def free_names(names: Sequence[str], answer: Sequence[str]) -> dict[str, str]:
    """Return table column -> name in the file: answers keep theirs, columns make way.

    >>> free_names(["a", "prediction"], ["prediction"])
    {'a': 'a', 'prediction': 'input_prediction'}
    """
    taken, found = {*names, *answer}, {}
    for name in names:
        free = name
        while free in answer or (free != name and free in taken):
            free = BEFORE + free
        taken.add(free)
        found[name] = free
    return found


def chunk_of(
    part: Table, answer: Mapping[str, Any], kinds: Mapping[str, pa.DataType]
) -> tuple[pa.Table, list[str]]:
    """Return the rows of a chunk with their answers, and the columns that had to be renamed."""
    names = free_names(list(kinds), list(answer))
    found = {names[name]: _column(part.column(name), kind) for name, kind in kinds.items()}
    found |= {name: array(values) for name, values in answer.items()}
    return pa.table(found), [name for name, free in names.items() if free != name]


def num_formulas(answer: Mapping[str, Any], form: str) -> int:
    """Return how many texts of an answer a spreadsheet would take for formulas in a CSV file."""
    columns = [one for one in answer.values() if getattr(one, "dtype", np.dtype("O")).kind == "O"]
    return sum(
        isinstance(value, str) and value.startswith(FORMULA) and not _is_number(value)
        for values in (columns if form == "csv" else ())
        for value in values
    )


def formulas_said(num: int) -> list[str]:
    """Return what to say of `num_formulas`: that they are written as they are.

    So do other writers of CSV (pandas, pyarrow): what is read back must be the same.
    """
    begin = "texts of the answer begin with =, +, - or @, which a spreadsheet takes for formulas"
    return [f"{num:,} {begin}: they are written as they are"] if num else []


class RowWriter:
    """Appends chunks of one schema to a file.

    Args:
        path: Of the file.
        form: ``csv``, ``jsonl`` or ``parquet``.
        packing: ``gzip`` or ``zstd``, in which what is written is compressed; None for neither.
    """

    def __init__(self, path: Path, form: str, packing: str | None = None) -> None:
        self._path, self._form, self._packing = path, form, packing
        self._opened = ExitStack()
        self._inner: Any = None

    def __enter__(self) -> RowWriter:
        return self

    def write(self, chunk: pa.Table) -> None:
        """Append a chunk."""
        if self._inner is None:
            self._inner = self._opened.enter_context(self._open(chunk.schema))
        if self._form == "jsonl":
            for row in chunk.to_pylist():
                self._inner.write(_json_line(row))
        else:
            (self._inner.write if self._form == "csv" else self._inner.write_table)(chunk)

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def _open(self, schema: pa.Schema) -> Any:
        if self._form == "parquet":
            from pyarrow.parquet import ParquetWriter  # loads file systems of clouds

            return ParquetWriter(self._path, schema)
        stream = self._opened.enter_context(
            pa.OSFile(str(self._path), "wb")
            if self._packing is None
            else pa.CompressedOutputStream(str(self._path), self._packing)
        )
        if self._form == "jsonl":
            return nullcontext(stream)
        from pyarrow.csv import CSVWriter

        return CSVWriter(stream, schema)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _kind(cells: list[Cell]) -> pa.DataType:
    try:
        return kind_of(cells)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return pa.string()


def _wider(first: pa.DataType, second: pa.DataType) -> pa.DataType:
    """Return a type that holds the values of both; text where there is no better one."""
    if first == second or pa.types.is_null(second) or pa.types.is_binary(first):
        return first
    if pa.types.is_null(first) or pa.types.is_binary(second):
        return second
    numbers = {pa.int64(), pa.float64()}
    return pa.float64() if {first, second} == numbers else pa.string()


def _is_plain(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)


def _can_be_kept(kind: pa.DataType) -> bool:
    """Tell whether Parquet has a type for it; null and an empty struct have none worth keeping."""
    if pa.types.is_null(kind):
        return False
    from pyarrow.parquet import write_table

    try:
        write_table(pa.table({"x": array([], kind)}), pa.BufferOutputStream())
    except (pa.ArrowException, ValueError):
        return False
    return True


def _has_bytes(cell: Cell) -> bool:
    return isinstance(cell, bytes) or (isinstance(cell, dict) and "bytes" in cell)


def _column(cells: list[Cell], kind: pa.DataType) -> pa.Array:
    if pa.types.is_string(kind):
        return array([_text(cell) for cell in cells], kind)
    if pa.types.is_float64(kind):
        return array([None if cell is None else float(cell) for cell in cells], kind)
    return array(cells, kind)


def _text(cell: Cell) -> str | None:
    if cell is None:
        return None
    if isinstance(cell, bytes):
        return cell.decode("utf8", "backslashreplace")
    if isinstance(cell, list | tuple | dict | np.ndarray):
        cell = json.dumps(cell, ensure_ascii=False, default=_plain, skipkeys=True)
    # A half of a letter that JSON may hold (a lone surrogate) cannot be written as it is.
    return str(cell).encode("utf8", "backslashreplace").decode("utf8")


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, bytes):
        return value.decode("utf8", "backslashreplace")
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _json_line(row: Mapping[str, Any]) -> bytes:
    """Return a row as a line of JSON, UTF-8."""
    row = {k: None if isinstance(v, float) and v != v else v for k, v in row.items()}
    return (json.dumps(row, ensure_ascii=False, default=_plain) + "\n").encode()
