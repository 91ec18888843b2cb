"""Numbers that are told within a cell: of an item of a history, of a step of a trajectory."""

from __future__ import annotations

from typing import Any

from plait.errors import CellError

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
