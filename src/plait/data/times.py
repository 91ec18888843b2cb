"""Reads a column's cells as points in time, for splits: dates, times and plain numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from plait.data.inference import MAX_SAMPLE, sample_rows
from plait.data.schema import make_codec
from plait.data.table import Table
from plait.errors import CellError, TableError
from plait.modalities import Codec, traits_of_modality
from plait.modalities.date.codec import DateCodec
from plait.modalities.number.codec import NumberCodec
from plait.types import Cell, ColumnSample, is_missing


def tells_offset(table: Table, column: str) -> bool:
    """Tell whether a column's times say how far they are from UTC.

    Raises `TableError` where some do and some do not: hours would lie between them.
    """
    dates = _codecs(table, column)[1]
    first: dict[bool, tuple[int, Cell]] = {}
    for start, cells in table.batches([column]):
        for place, cell in enumerate(cells[column]):
            moment = dates.moment(cell)
            if moment is not None:
                first.setdefault(moment.offset is not None, (start + place, cell))
    if len(first) > 1:
        row, cell = max(first.values())
        raise TableError(
            "some times say how far they are from UTC, and some do not",
            expected="all times with an offset, or none: 2024-03-01T07:05+01:00",
            received=f"{cell}, but {min(first.values())[1]} in row {min(first.values())[0]}",
            column=column,
            row=row,
        )
    return True in first


def _codecs(table: Table, column: str) -> tuple[Any, DateCodec]:
    """Return what reads a column as its schema says, and what reads its dates."""
    known = table.schema[column]
    is_told = traits_of_modality(known.modality).amount
    codec: Any = make_codec(known) if is_told else _settled(table, column)
    return codec, codec if isinstance(codec, DateCodec) else DateCodec()


def time_reader(table: Table, column: str) -> Callable[[Cell], float | None]:
    """Return what gives a cell's seconds since 1970 in UTC, or its number; None for neither.

    The column's own settings say how it is written; where its schema reads no dates, all of its
    cells together decide.
    """
    codec, dates = _codecs(table, column)
    numbers: Codec = codec if isinstance(codec, NumberCodec) else NumberCodec()
    media = table.media()

    def read(cell: Cell) -> float | None:
        moment = None if codec is numbers else dates.moment(cell)
        if moment is not None:
            return moment.seconds - (moment.offset or 0.0)
        try:
            return numbers.read(cell, media)
        except CellError:
            return None

    return read


def _settled(table: Table, column: str) -> Codec:
    cells = [c for c in table.column(column, sample_rows(table.num_rows)) if not is_missing(c)]
    some = cells[:: max(1, len(cells) // MAX_SAMPLE)]
    found = DateCodec().survey(ColumnSample(column, some, table.num_rows, len(some)))
    return DateCodec(**found.settings)
