"""Actions as cells hold them: the name of one, a number, or a list of numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from plait.errors import CellError, LimitError
from plait.types import Cell, is_missing

MOST_NUMBERS, MOST_LETTERS = 256, 200
"""Of an action."""

LARGEST = 1e30
"""Numbers of this size are none."""


@dataclass(frozen=True)
class Action:
    """What is done at a step.

    Attributes:
        name: As it is written, where it is one of several.
        numbers: Where it is one number or several; a name may be a number too: ``0``, ``1``.
        worth: How high the return of its episode is among those of training, as the share of them
            that are no higher; 1 where nothing is known.
    """

    name: str
    numbers: tuple[float, ...] = ()
    worth: float = 1.0


def read_action(cell: Cell) -> Action | None:
    """Decode a cell: a name, a number, a list of numbers, or ``{"action": any of these}``.

    Lists and objects are JSON where they are text. None where there is nothing. Raises `CellError`,
    `LimitError`.
    """
    if cell is None or isinstance(cell, Action):
        return cell
    if isinstance(cell, str) and cell.lstrip()[:1] in ("{", "["):
        cell = _parsed(cell)
    if isinstance(cell, Mapping):
        if "action" not in cell:
            raise _no_action(cell)
        cell = cell["action"]
    if isinstance(cell, np.ndarray | np.generic):
        cell = cell.tolist()
    if isinstance(cell, list | tuple):
        return _of_numbers(cell)
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        raise _no_action(cell)
    if is_missing(cell):
        return None
    text = str(cell).strip()
    if len(text) > MOST_LETTERS:
        raise LimitError(
            "the name of an action is too long",
            expected=f"at most {MOST_LETTERS} letters",
            received=f"{len(text):,} letters",
        )
    try:
        number = float(text)
    except ValueError:
        return Action(text)
    if not abs(number) < LARGEST:
        raise _no_action(cell)
    return Action(written(number), (number,))


def is_told(value: Any) -> bool:
    """Tell whether a cell is surely an action: an object that says so."""
    if isinstance(value, str):
        return value.replace(" ", "").startswith('{"action":')
    return isinstance(value, Action) or (isinstance(value, Mapping) and "action" in value)


def written(number: float) -> str:
    """Return a number as text: whole ones without a point, as tables with gaps hold ``1.0``."""
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else f"{number:.6g}"


def _of_numbers(cell: Sequence[Any]) -> Action | None:
    if len(cell) > MOST_NUMBERS:
        raise LimitError(
            "the action has too many numbers",
            expected=f"at most {MOST_NUMBERS}",
            received=f"{len(cell):,} numbers",
        )
    fine = all(isinstance(n, int | float) and not isinstance(n, bool) for n in cell)
    if not cell or not fine or not all(abs(n) < LARGEST for n in cell):
        raise _no_action(cell)
    numbers = tuple(float(n) for n in cell)
    return Action(", ".join(map(written, numbers)), numbers)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise _no_action(text) from None


def _no_action(cell: Any) -> CellError:
    return CellError(
        "not an action",
        expected=f"the name of one, a number below {LARGEST:g}, or a list: left, 0.5, [0.1, -1]",
        received=cell,
    )
