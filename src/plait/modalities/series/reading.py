"""Reads the cells that hold a series: files, JSON, separated numbers, lists and arrays."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from plait.errors import CellError
from plait.modalities.media import Media
from plait.modalities.series.cells import (
    GAP_WORDS,
    Series,
    looks_like_numbers,
    series_of_object,
)
from plait.modalities.series.files import series_of_bytes
from plait.types import Cell


def read_series(cell: Cell, media: Media, time_column: str = "") -> Series | None:
    """Decode a cell; None when it holds no step. Raises `CellError` or `LimitError`."""
    if isinstance(cell, str):
        text = cell.strip()
        if text[:1] in ("[", "{"):
            return series_of_object(_parse_json(text), time_column)
        if looks_like_numbers(text):
            return series_of_object(_parse_numbers(text), time_column)
    if isinstance(cell, Mapping) and not {"bytes", "path"} & set(cell):
        return series_of_object(cell, time_column)
    if isinstance(cell, list | tuple | np.ndarray | int | float | np.number):
        return series_of_object(cell, time_column)
    return series_of_bytes(media.read_bytes(cell), time_column)


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CellError(
            "the cell is not valid JSON",
            expected="[1, 2, 3], [[1, 2], [3, 4]] as [time][channel], or an object of lists",
            received=text,
            hint=str(error),
        ) from None


def _parse_numbers(text: str) -> list[Any]:
    """Split at ``;`` (or ``,`` or blanks); with both ``;`` and ``,`` they are time and channel."""
    if ";" in text and "," in text:
        return [_split(step, ",") for step in text.strip("; \t\r\n").split(";")]
    separator = next((mark for mark in ";," if mark in text), None)
    return _split(text.removesuffix(separator) if separator else text, separator)


def _split(text: str, separator: str | None) -> list[float | str | None]:
    pieces = (piece.strip() for piece in text.split(separator))
    return [None if piece in GAP_WORDS else piece for piece in pieces]
