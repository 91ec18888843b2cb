"""Reads the cells that hold a series: files, JSON, separated numbers, lists and arrays."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from plait.errors import CellError, LimitError
from plait.modalities.limits import LIMITS
from plait.modalities.media import Media, check_ratio
from plait.types import Cell

ENDINGS = (".npy", ".csv", ".tsv", ".parquet")
MAGIC = (b"\x93NUMPY", b"PAR1")
TIME_NAMES = ("time", "timestamp", "datetime", "date", "seconds", "t", "time_s", "time_ms")
GAP_WORDS = {"", "nan", "na", "null", "none", "?"}
LARGEST = 1e30
_PIECE = r"(?:[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[nN]a[nN]|NA|null|\?)"
_NUMBERS = re.compile(rf"\s*{_PIECE}(?:\s*[,;\s]\s*{_PIECE}?)*\s*")


@dataclass(frozen=True, eq=False)
class Series:
    """One series, decoded.

    Attributes:
        values: float32 ``[time, channel]``; NaN where there is a gap.
        times: float64 ``[time]``, increasing, in seconds or whatever unit the table has; None
            where steps are just counted.
        channels: Names of the channels, in order; empty where they have none.
    """

    values: np.ndarray
    times: np.ndarray | None = None
    channels: tuple[str, ...] = ()


def read_series(cell: Cell, media: Media, time_column: str = "") -> Series | None:
    """Decode a cell; None when it holds no step. Raises `CellError` or `LimitError`."""
    if isinstance(cell, str):
        text = cell.strip()
        check_num_steps(len(text) // 2, 1)
        if text[:1] in "[{" and text:
            return _from_object(_parse_json(text), time_column)
        if looks_like_numbers(text):
            return _from_array(_parse_numbers(text))
    if isinstance(cell, Mapping) and not {"bytes", "path"} & set(cell):
        return _from_object(cell, time_column)
    if isinstance(cell, list | tuple | np.ndarray | int | float):
        return _from_object(cell, time_column)
    return _from_file(cell, media.read_bytes(cell), time_column)


def looks_like_numbers(text: str) -> bool:
    """Tell whether text is nothing but numbers and separators (the first 400 characters)."""
    return _NUMBERS.fullmatch(text[:400].rpartition(" ")[0] if len(text) > 400 and " " in text[:400]
                              else text[:400].rstrip("+-.eE") if len(text) > 400 else text) is not None


def check_num_steps(num_steps: int, num_channels: int) -> None:
    """Raise `LimitError` when a series is larger than `LIMITS` allow."""
    if num_steps > LIMITS.num_steps or num_channels > LIMITS.num_channels:
        raise LimitError(
            "the series is too large",
            expected=f"at most {LIMITS.num_steps} steps of {LIMITS.num_channels} channels",
            received=f"{num_steps} steps of {num_channels} channels",
            hint="cut it into windows, one per row",
        )
