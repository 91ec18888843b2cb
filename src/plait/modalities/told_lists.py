"""Cells that are lists of objects, the latest last: items of a history, steps of a trajectory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from plait.errors import CellError
from plait.types import Arrays

LARGEST = 1e15


def number_in(value: Any, name: str, *, of: str) -> float:
    """Return a number; NaN of none, and of what is too large to be one.

    >>> number_in("2.5", "price", of="an item")
    2.5

    Args:
        value: As the cell has it.
        name: What it is called there, for the error.
        of: What it belongs to, for the error: ``an item``.

    Raises `CellError` for what is no number.
    """
    if value is None or isinstance(value, bool):
        return float("nan")
    try:
        found = float(value)
    except (TypeError, ValueError):
        raise CellError(
            f"'{name}' of {of} is no number", expected="a number", received=value
        ) from None
    return found if abs(found) < LARGEST else float("nan")


def is_list_of(value: Any, key: str) -> bool:
    """Tell whether a cell is a list of objects, or JSON of one, that have a key; JSON has it first.

    >>> is_list_of('[{"item": "tea"}]', "item"), is_list_of([{"item": "tea"}, {}], "item")
    (True, False)
    """
    if isinstance(value, str):
        return value.replace(" ", "").startswith(f'[{{"{key}":')
    listed = isinstance(value, list | tuple) and len(value) > 0
    return listed and all(isinstance(one, Mapping) and key in one for one in value)


def means_and_scales(numbers: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation of each column, 1 for one that does not vary.

    Args:
        numbers: ``[row, column]``, NaN where nothing is known.
    """
    numbers = numbers.astype(np.float64)
    known = ~np.isnan(numbers)
    num = np.maximum(known.sum(axis=0), 1)
    means = np.where(known, numbers, 0.0).sum(axis=0) / num
    spread = np.sqrt(np.where(known, (numbers - means) ** 2, 0.0).sum(axis=0) / num)
    return tuple(means.tolist()), tuple(np.where(spread > 1e-9, spread, 1.0).tolist())


def begun_later(arrays: Arrays, rng: np.random.Generator) -> Arrays:
    """Return arrays ``[time, ...]`` without some of the earliest places, every other time whole."""
    num = len(next(iter(arrays.values())))
    first = int(rng.integers(0, num)) if rng.random() < 0.5 else 0
    return {name: array[first:].copy() for name, array in arrays.items()}
