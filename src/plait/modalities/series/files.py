"""Reads series from the bytes of .npy, .parquet and .csv files, checking sizes first."""

from __future__ import annotations

import io
import math
import re
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from plait.errors import CellError
from plait.modalities.media import check_ratio
from plait.modalities.series.cells import (
    GAP_WORDS,
    Series,
    check_num_steps,
    looks_like_numbers,
    make_series,
    series_of_columns,
)

if TYPE_CHECKING:
    import pyarrow as pa

ENDINGS = (".npy", ".csv", ".tsv", ".parquet")
MAGIC = (b"\x93NUMPY", b"PAR1")


def series_of_bytes(data: bytes, time_column: str = "") -> Series | None:
    """Decode a file by its first bytes: NumPy, Parquet, else separated text."""
    if data.startswith(MAGIC[0]):
        return make_series(_numpy_array(data))
    if data.startswith(MAGIC[1]):
        return _of_table(_parquet_table(data), time_column)
    if b"\0" in data[:4096]:
        raise CellError(
            "the file is not a series",
            expected="a .npy, .parquet or .csv file",
            received=f"a file that begins with {data[:8]!r}",
        )
    return _of_text(data, time_column)


def _numpy_array(data: bytes) -> np.ndarray:
    """Load an array of numbers whose header agrees with the number of bytes."""
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        read = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else (np.lib.format.read_array_header_2_0)
        )
        shape, _, dtype = read(stream)
    except (ValueError, OSError, EOFError) as error:
        raise CellError("the .npy file is damaged", received=str(error)) from None
    if dtype.kind not in "fiub" or not 1 <= len(shape) <= 2:
        raise CellError(
            "the .npy file does not hold a series",
            expected="numbers of shape [time] or [time, channel]",
            received=f"{dtype} of shape {list(shape)}",
        )
    check_num_steps(shape[0], shape[1] if len(shape) == 2 else 1)
    if math.prod(shape) * dtype.itemsize != len(data) - stream.tell():
        raise CellError(
            "the .npy file is truncated, or longer than its header says",
            expected=f"{math.prod(shape) * dtype.itemsize} bytes of values",
            received=f"{len(data) - stream.tell()} bytes",
        )
    array: np.ndarray = np.load(io.BytesIO(data), allow_pickle=False)
    return array


def _require_arrow(kind: str) -> None:
    """Raise `CellError` where pyarrow is not installed, as in the smallest installations."""
    if find_spec("pyarrow") is None:
        raise CellError(
            f"a series in a {kind} file is read by pyarrow, which is not installed",
            expected="pyarrow; or a .npy file, or a list of numbers, which need nothing",
            hint="pip install pyarrow",
        )


def _parquet_table(data: bytes) -> pa.Table:
    _require_arrow(".parquet")
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        num_rows, num_columns = file.metadata.num_rows, file.metadata.num_columns
        check_num_steps(num_rows, num_columns)
        check_ratio(num_rows * num_columns * 8, len(data))
        return file.read()
    except (pa.ArrowException, OSError) as error:
        raise CellError("the .parquet file is damaged", received=str(error)) from None


def _of_text(data: bytes, time_column: str) -> Series | None:
    _require_arrow(".csv")
    import pyarrow as pa
    from pyarrow import csv

    data = _as_utf8(data)
    lines = data[:65536].decode("utf-8", "replace").strip().splitlines() or [""]
    separator = max(",;\t", key=lines[0].count)
    if separator not in lines[0] and " " in lines[0].strip():
        data, separator = re.sub(rb"(?m)^[ \t]+|[ \t\r]+$", b"", data), " "
        data = re.sub(rb"[ \t]+", b" ", data)
    named = not looks_like_numbers(_first_numbers(lines[0], separator))
    comma = separator == ";" and any("," in line for line in lines[1:3])
    try:
        table = csv.read_csv(
            pa.BufferReader(data),
            csv.ReadOptions(use_threads=False, autogenerate_column_names=not named),
            csv.ParseOptions(delimiter=separator),
            csv.ConvertOptions(null_values=list(GAP_WORDS), decimal_point="," if comma else "."),
        )
    except (pa.ArrowException, ValueError) as error:
        raise CellError(
            "the file cannot be read as a table of numbers",
            expected="a .csv file of one row per step and one column per channel",
            received=str(error),
        ) from None
    check_num_steps(table.num_rows, table.num_columns)
    return _of_table(table, time_column, named=named)


def _as_utf8(data: bytes) -> bytes:
    """Recode a file whose header is not UTF-8 (``Temp. in \u00b0C`` from older loggers)."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace").encode()
    return data


def _first_numbers(line: str, separator: str) -> str:
    """Return a line without its dates, so that a first line of values is told from a header."""
    pieces = [piece.strip().strip('"') for piece in line.split(separator)]
    kept = [p for p in pieces if not re.match(r"\d{4}-\d\d-\d\d|\d\d?:\d\d", p)]
    return " ".join(piece.replace(",", ".") for piece in kept)


def _of_table(table: pa.Table, time_column: str, *, named: bool = True) -> Series | None:
    import pyarrow as pa

    columns: dict[str, np.ndarray] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if name in columns:
            raise CellError("two channels of the series have one name", received=name)
        if pa.types.is_temporal(column.type):
            columns[name] = column.cast(pa.timestamp("ns"), safe=False).to_numpy()
        elif pa.types.is_null(column.type):
            columns[name] = np.full(len(column), np.nan)
        else:
            columns[name] = column.to_numpy()
    if not columns or not table.num_rows:
        return None
    series = series_of_columns(columns, time_column)
    if series is None or named:
        return series
    return Series(series.values, series.times, unit=series.unit)
