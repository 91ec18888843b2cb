"""Reads the cells that hold vectors: lists of numbers, lists of such lists, arrays, JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from plait.errors import CellError, LimitError
from plait.modalities.limits import LIMITS
from plait.types import Cell

LARGEST = 60_000.0
"""Vectors are stored as float16, whose largest number is 65,504."""

EXPECTED = "a list of numbers, or a list of such lists, all of one length"


def read_vectors(cell: Cell) -> np.ndarray | None:
    """Return float32 ``[token, dim]``; None for an empty list.

    Raises:
        CellError: Not numbers, lists of different lengths, or a number that is not finite or
            larger than `LARGEST`.
        LimitError: More numbers than ``LIMITS.num_steps``.
    """
    value = _parse(cell) if isinstance(cell, str) else cell
    if not isinstance(value, list | tuple | np.ndarray):
        raise CellError("not a vector", expected=EXPECTED, received=cell)
    array = _numbers(value)
    if array.ndim not in (1, 2):
        raise CellError("not a vector", expected=EXPECTED, received=f"{array.ndim} axes")
    if not array.size:
        return None
    if array.size > LIMITS.num_steps:
        raise LimitError(
            "the vectors of a cell are too large",
            expected=f"at most {LIMITS.num_steps} numbers",
            received=f"{array.size} numbers",
        )
    _check_values(array)
    return np.ascontiguousarray(np.atleast_2d(array), np.float32)


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CellError(
            "the cell is not valid JSON", expected=EXPECTED, received=text, hint=str(error)
        ) from None


def _numbers(value: Any) -> np.ndarray:
    rows = value.tolist() if isinstance(value, np.ndarray) else value
    try:
        array = np.array(rows)
    except ValueError:
        raise CellError(
            "the vectors of a cell differ in length", expected=EXPECTED, received=rows
        ) from None
    if array.size and array.dtype.kind not in "iuf":
        raise CellError("not a vector", expected=EXPECTED, received=rows)
    return array.astype(np.float64)


def _check_values(array: np.ndarray) -> None:
    largest = float(np.abs(array).max())
    if not np.isfinite(array).all():
        raise CellError(
            "a number of the vector is not finite", expected="finite numbers", received=largest
        )
    if largest > LARGEST:
        raise CellError(
            "a number of the vector is too large",
            expected=f"at most {LARGEST:g} in size",
            received=f"{largest:g}",
            hint="divide the vectors by their length first",
        )
