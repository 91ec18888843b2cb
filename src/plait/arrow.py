"""Arrow arrays of plain values, made without pandas, which pyarrow loads when it makes one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

_INT64 = range(-(2**63), 2**63)
_KINDS = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}
_MOST_BYTES = 2**31 - 1
"""Of all texts of an array with offsets of 32 bits."""


def kind_of(cells: Sequence[Any]) -> pa.DataType:
    """Return the Arrow type that holds cells of Python's types, as pyarrow infers it.

    Raises what `pyarrow.array` raises where there is none.
    """
    found = _plain_kind(cells)
    return pa.array(cells).type if found is None else found


def array(values: Any, kind: pa.DataType | None = None) -> pa.Array:
    """Return what ``pyarrow.array(values, kind)`` returns.

    Lists of numbers, truth values and texts, with None, and NumPy's arrays of numbers are made
    here, in a tenth of the time that loading pandas takes; anything else is left to pyarrow.
    """
    found = _of_numpy(values, kind) if isinstance(values, np.ndarray) else _of_list(values, kind)
    return pa.array(values, kind) if found is None else found


def to_numpy(found: pa.Array, empty: Any = None) -> np.ndarray:
    """Return an Arrow array of numbers or truth values as NumPy's; nulls become `empty`."""
    there, data = found.buffers()
    kind, part = (
        np.dtype(found.type.to_pandas_dtype()),
        slice(found.offset, found.offset + len(found)),
    )
    values = _bits(data)[part] if kind == np.bool_ else np.frombuffer(data, kind)[part]
    return np.where(_bits(there)[part], values, kind.type(empty)) if found.null_count else values


def _bits(packed: pa.Buffer) -> np.ndarray:
    return np.unpackbits(np.frombuffer(packed, np.uint8), bitorder="little").view(np.bool_)


def _plain_kind(cells: Sequence[Any]) -> pa.DataType | None:
    kinds = set(map(type, cells)) - {type(None)}
    if not kinds:
        return pa.null()
    if kinds == {int, float}:
        whole = (cell for cell in cells if type(cell) is int)
        return pa.float64() if all(-(2**53) <= cell <= 2**53 for cell in whole) else None
    kind = _KINDS.get(kinds.pop()) if len(kinds) == 1 else None
    if kind == pa.int64() and not all(cell is None or cell in _INT64 for cell in cells):
        return None
    return kind


def _of_list(values: Any, kind: pa.DataType | None) -> pa.Array | None:
    cells = values if isinstance(values, list | tuple) else None
    found = None if cells is None else _plain_kind(cells)
    if cells is None or found is None:
        return None
    if pa.types.is_null(found):
        return pa.nulls(len(cells), found if kind is None else kind)
    if pa.types.is_string(found):
        return _of_texts(cells, found if kind is None else kind)
    if kind not in (None, found):
        return None
    there = None if None not in cells else np.array([cell is not None for cell in cells])
    dtype = {pa.bool_(): np.bool_, pa.int64(): np.int64, pa.float64(): np.float64}[found]
    numbers: np.ndarray = np.array([0 if cell is None else cell for cell in cells], dtype)
    return _of_buffers(numbers, found, there)


def _of_numpy(values: np.ndarray, kind: pa.DataType | None) -> pa.Array | None:
    if values.ndim != 1 or values.dtype.kind in "OU":
        return _of_list(values.tolist(), kind) if values.ndim == 1 else None
    if values.dtype.kind not in "biuf" or not values.dtype.isnative or values.dtype.itemsize > 8:
        return None
    found = pa.from_numpy_dtype(values.dtype)
    return _of_buffers(values, found, None) if kind in (None, found) else None


def _of_buffers(numbers: np.ndarray, kind: pa.DataType, there: np.ndarray | None) -> pa.Array:
    packed = np.packbits(numbers, bitorder="little") if numbers.dtype == np.bool_ else numbers
    data = pa.py_buffer(np.ascontiguousarray(packed))
    return pa.Array.from_buffers(kind, len(numbers), [_mask(there), data])


def _of_texts(cells: Sequence[str | None], kind: pa.DataType) -> pa.Array | None:
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return None
    try:
        coded = [b"" if cell is None else cell.encode() for cell in cells]
    except UnicodeEncodeError:
        return None
    ends = np.cumsum([0, *map(len, coded)], dtype=np.int64)
    if pa.types.is_string(kind):
        if ends[-1] > _MOST_BYTES:
            return None
        ends = ends.astype(np.int32)
    there = None if None not in cells else np.array([cell is not None for cell in cells])
    data = [_mask(there), pa.py_buffer(ends), pa.py_buffer(b"".join(coded))]
    return pa.Array.from_buffers(kind, len(coded), data)


def _mask(there: np.ndarray | None) -> pa.Buffer | None:
    return None if there is None else pa.py_buffer(np.packbits(there, bitorder="little"))
