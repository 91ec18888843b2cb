"""Series of what cells hold: numbers, lists, arrays, records and named columns, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from plait.errors import CellError, LimitError
from plait.modalities.limits import LIMITS
from plait.types import Cell

TIME_NAMES = ("", "time", "timestamp", "datetime", "date", "seconds", "t", "time_s", "time_ms")
UNITS = {"seconds": "s", "time_s": "s", "time_ms": "ms"}
GAP_WORDS = ("", "nan", "NaN", "NA", "na", "null", "None", "?")
LARGEST = 1e30
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


@dataclass(frozen=True, eq=False)
class Series:
    """One series, decoded.

    Attributes:
        values: float32 ``[time, channel]``; NaN where there is a gap.
        times: float64 ``[time]``, increasing, in seconds or whatever unit the table has; None
            where steps are just counted.
        channels: Names of the channels, in order; empty where they have none.
        unit: Of the times, ``s`` or ``ms``; empty where it is not known.
    """

    values: np.ndarray
    times: np.ndarray | None = None
    channels: tuple[str, ...] = ()
    unit: str = ""


def looks_like_numbers(text: str) -> bool:
    """Tell whether text begins with (up to 200 characters of) separated numbers and no words."""
    pieces = [piece for piece in re.split(r"[,;\s]+", text[:200]) if piece]
    if len(text) > 200:
        pieces = pieces[:-1]
    numbers = [piece for piece in pieces if piece not in GAP_WORDS]
    return bool(numbers) and all(_NUMBER.fullmatch(piece) for piece in numbers)


def series_of_object(value: Any, time_column: str = "") -> Series | None:
    """Make a series of ``[number]``, ``[time][channel]``, records, or channel -> numbers."""
    if isinstance(value, Mapping):
        return series_of_columns({str(k): _array(v) for k, v in value.items()}, time_column)
    if isinstance(value, list | tuple) and value and isinstance(value[0], Mapping):
        names = list(value[0])
        columns = {str(n): _array([record.get(n) for record in value]) for n in names}
        return series_of_columns(columns, time_column)
    array = _array(value)
    return make_series(array.reshape(1, 1) if array.ndim == 0 else array)


def series_of_columns(columns: Mapping[str, np.ndarray], time_column: str = "") -> Series | None:
    """Make a series of named columns, one of which may be the time."""
    found = _time_name(columns, time_column)
    channels = tuple(name for name in columns if name != found)
    sizes = {len(np.atleast_1d(column)) for column in columns.values()}
    if not channels or len(sizes) != 1 or any(np.ndim(c) != 1 for c in columns.values()):
        raise CellError(
            "the channels of a series do not fit together",
            expected="at least one channel, all of one length",
            received=f"channels {list(channels)} of lengths {sorted(sizes)}",
        )
    values = np.stack([_floats(columns[name], name) for name in channels], axis=1)
    times = None if found is None else seconds(columns[found], found)
    series = make_series(values, times, channels)
    if series is None or found is None:
        return series
    return replace(series, unit=_unit(found, columns[found]))


def make_series(
    values: np.ndarray, times: np.ndarray | None = None, channels: tuple[str, ...] = ()
) -> Series | None:
    """Check ``[time]`` or ``[time, channel]`` numbers and wrap them; None when there is no step.

    Rows are sorted by time; of rows with the same time the first is kept. Raises `CellError` on
    infinite, too large or all-missing values and on missing times.
    """
    values = _floats(values, "values")
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2:
        raise CellError(
            "a series must be [time] or [time, channel]", received=f"{values.ndim} axes"
        )
    check_num_steps(*values.shape)
    if not values.size:
        return None
    _check_values(values)
    if times is not None:
        if not np.isfinite(times).all():
            raise CellError("a time in the series is missing or infinite", expected="finite times")
        times, order = np.unique(times, return_index=True)
        values = values[order]
    return Series(np.ascontiguousarray(values, np.float32), times, channels)


def check_num_steps(num_steps: int, num_channels: int) -> None:
    """Raise `LimitError` when a series is larger than `LIMITS` allow."""
    if num_steps > LIMITS.num_steps or num_channels > LIMITS.num_channels:
        raise LimitError(
            "the series is too large",
            expected=f"at most {LIMITS.num_steps} steps and {LIMITS.num_channels} channels",
            received=f"{num_steps} steps and {num_channels} channels",
            hint="cut it into windows, one per row; a file holds [time, channel], time first",
        )


def seconds(column: np.ndarray, name: str = "time") -> np.ndarray:
    """Return times as float64: dates as seconds since 1970, numbers as they are."""
    if column.dtype.kind in "OUS":
        try:
            column = column.astype("datetime64[ns]")
        except ValueError:
            return _floats(column, name)
    if column.dtype.kind == "M":
        whole = column.astype("datetime64[ns]")
        return np.where(np.isnat(whole), np.nan, whole.astype(np.int64) / 1e9)
    return _floats(column, name)


def _unit(name: str, column: np.ndarray) -> str:
    """Return the unit of a time column, told by its name or by its dates; "" when unknown."""
    if column.dtype.kind in "OUSM" and not _are_numbers(column):
        return "s"
    return UNITS.get(name.strip().lower(), "")


def _are_numbers(column: np.ndarray) -> bool:
    try:
        column.astype(np.float64)
    except (TypeError, ValueError):
        return False
    return column.dtype.kind != "M"


def _check_values(values: np.ndarray) -> None:
    finite = values[~np.isnan(values)]
    if not finite.size:
        raise CellError("every value of the series is missing", expected="at least one number")
    largest = np.abs(finite).max()
    if largest > LARGEST:
        raise CellError(
            "a value of the series is infinite or too large",
            expected=f"numbers below {LARGEST:g} in size",
            received=f"{largest:g}",
            hint="leave the place empty where the sensor gave nothing",
        )


def _time_name(columns: Mapping[str, np.ndarray], time_column: str) -> str | None:
    if time_column:
        if time_column not in columns:
            raise CellError(
                "the series lacks its time column", expected=time_column, received=list(columns)
            )
        return time_column
    dated = [n for n, c in columns.items() if isinstance(c, np.ndarray) and c.dtype.kind == "M"]
    named = [name for name in columns if name.strip().lower() in TIME_NAMES]
    return next(iter(dated + named), None) if len(columns) > 1 else None


def _array(value: Any) -> np.ndarray:
    """Return an array of numbers, or of whatever else it holds, as objects."""
    if isinstance(value, np.ndarray) and value.dtype != object:
        return value
    rows = value.tolist() if isinstance(value, np.ndarray) else value
    try:
        return np.array(rows, np.float64)
    except (TypeError, ValueError, OverflowError):
        pass
    if isinstance(rows, Sequence) and not any(isinstance(r, list | tuple) for r in rows):
        return np.array(rows, object)
    raise CellError(
        "the cell does not hold a series of numbers",
        expected="numbers, or lists of numbers that are all of one length",
        received=value,
    )


def _floats(column: np.ndarray, name: str) -> np.ndarray:
    try:
        if column.dtype.kind in "mMc":
            raise TypeError
        return column.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        raise CellError(
            f"'{name}' of the series is not numeric", expected="numbers", received=column.tolist()
        ) from None


def sureness(value: Cell) -> float:
    """Return how much one cell looks like numbers in a row, in [0, 1]."""
    if isinstance(value, np.ndarray):
        return sureness(value.tolist())
    if isinstance(value, Mapping):
        rows = [v for v in value.values() if isinstance(v, list | tuple | np.ndarray)]
        return 0.95 if rows and len(rows) == len(value) and sureness(rows[-1]) else 0.0
    if isinstance(value, list | tuple):
        inner = value[0] if value else None
        if isinstance(inner, list | tuple | np.ndarray | Mapping):
            return 0.95 if _is_numeric_row(inner) else 0.0
        return 0.95 if value and all(_is_numeric(v) for v in value[:50]) else 0.0
    return _sureness_of_text(value) if isinstance(value, str) else 0.0


def _sureness_of_text(value: str) -> float:
    text = value.strip()
    if text[:1] in ("[", "{"):
        opened = text.lstrip('[{" ')
        if text[0] == "{":
            opened = opened.partition(":")[2].lstrip("[ ")
        number = opened[:1].isdigit() or opened[:1] in "-+." or opened.startswith(("NaN", "null"))
        return 0.95 if opened and number and "," in text else 0.0
    if not looks_like_numbers(text):
        return 0.0
    num = len(text.replace(",", " ").replace(";", " ").split())
    return 0.95 if num >= 8 else 0.6 if num >= 4 else 0.0


def _is_numeric_row(row: object) -> bool:
    cells = list(row.values()) if isinstance(row, Mapping) else list(row)  # type: ignore[call-overload]
    return bool(cells) and any(_is_numeric(cell) for cell in cells)


def _is_numeric(value: object) -> bool:
    return value is None or isinstance(value, int | float | np.number)
