"""What a filter reads from a table: its columns, and constants that compare with them."""

from __future__ import annotations

import math
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from plait.errors import UsageError, no_column

_FITTING = {
    "number": "a number, such as 20",
    "text": 'quoted text, such as "boot"',
    "bool": "the column itself, or == true",
    "time": 'a time as ISO 8601 text, such as "2024-01-31"',
}


def column_of(attributes: pa.Table, name: str) -> pa.ChunkedArray:
    """Return a column with NaN as null, categories as their values, decimals as floats.

    Raises:
        UsageError: There is no such column.
    """
    if name not in attributes.column_names:
        error = no_column(name, attributes.column_names, of="the index")
        error.hint = " ".join(filter(None, (error.hint, 'text is quoted: category == "boot"')))
        raise error
    column = attributes.column(name)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_decimal(column.type) or pa.types.is_float16(column.type):
        column = column.cast(pa.float64())
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    return column


def fitting(name: str, kind: pa.DataType, value: Any, symbol: str) -> pa.Scalar:
    """Return a constant as a scalar that compares with a column of type `kind`.

    With a column of whole numbers it is one of these, or a float: a fraction or out of their range.

    Raises:
        UsageError: They are unlike, or truth values would be ordered.
    """
    if pa.types.is_null(kind):
        return pa.scalar(None)
    try:
        if kind_of(kind) == "time" and isinstance(value, str):
            return _time(value, kind)
        if kind_of(kind) == _kind_of_value(value) and not _orders_truth(symbol, kind):
            return _scalar(value, kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeEncodeError):
        raise unlike(name, kind, f"{symbol} {value!r}") from None
    raise unlike(name, kind, f"{symbol} {value!r}")


def float_like(column: pa.ChunkedArray, other: pa.Scalar | pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of whole numbers as floats where it is compared with floats."""
    if pa.types.is_integer(column.type) and pa.types.is_floating(other.type):
        return column.cast(pa.float64(), safe=False)
    return column


def check_alike(name: str, one: pa.DataType, two: pa.DataType, symbol: str) -> None:
    """Raise `UsageError` where two columns cannot be compared."""
    kinds = {kind_of(one), kind_of(two)} - {"null"}
    if len(kinds) > 1 or "other" in kinds or _orders_truth(symbol, one):
        raise unlike(name, one, f"{symbol} a column of {two}")


def unlike(name: str, kind: pa.DataType, received: str) -> UsageError:
    """Return the error of a comparison that a column does not allow."""
    return UsageError(
        f"the filter cannot compare column '{name}' ({kind}) with this",
        expected=_FITTING.get(kind_of(kind), "is null, the only test of such a column"),
        received=received,
        column=name,
    )


def kind_of(kind: pa.DataType) -> str:
    """Return ``null``, ``bool``, ``number``, ``text``, ``time`` or ``other``."""
    if pa.types.is_null(kind):
        return "null"
    if pa.types.is_boolean(kind):
        return "bool"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return "number"
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return "text"
    return "time" if pa.types.is_temporal(kind) else "other"


def _kind_of_value(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    return "text" if isinstance(value, str) else "number"


def _orders_truth(symbol: str, kind: pa.DataType) -> bool:
    return symbol not in ("==", "!=") and kind_of(kind) == "bool"


def _time(value: str, kind: pa.DataType) -> pa.Scalar:
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        # Arrow asks for an offset in the text there; times without one are in UTC, as kept.
        return pa.scalar(value).cast(pa.timestamp(kind.unit)).cast(kind)
    return pa.scalar(value).cast(kind)


def _scalar(value: Any, kind: pa.DataType) -> pa.Scalar:
    if pa.types.is_floating(kind):
        return pa.scalar(_as_float(value), kind)
    if not pa.types.is_integer(kind):
        return pa.scalar(value)
    low = -(2 ** (kind.bit_width - 1)) if pa.types.is_signed_integer(kind) else 0
    if not low <= value < low + 2**kind.bit_width:
        return pa.scalar(math.inf if value > 0 else -math.inf)
    # Beyond 2^53 floats have gaps, so whole numbers are compared as such; others lie below.
    return pa.scalar(int(value), kind) if value == int(value) else pa.scalar(value)


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
