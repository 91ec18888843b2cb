"""Histories as cells hold them: lists of items, each perhaps with a time and amounts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from plait.errors import CellError, LimitError
from plait.modalities.item.naming import name_of
from plait.modalities.told_lists import is_list_of, number_in
from plait.types import Cell

RESERVED = ("item", "title", "time")

MOST_ITEMS = 100_000
"""Of a cell."""


@dataclass(frozen=True, eq=False)
class History:
    """What somebody took, the earliest first.

    Attributes:
        items: Names.
        times: Seconds, float64 ``[time]``; None where only the order is known.
        amounts: float32 ``[time, amount]``, NaN where nothing is known: ratings, prices paid.
        names: Of the amounts.
        titles: What people call the items; empty where that is their names.
    """

    items: tuple[str, ...]
    times: np.ndarray | None = None
    amounts: np.ndarray | None = None
    names: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()


def read_history(cell: Cell) -> History | None:
    """Decode a cell: a `History`, or a list of items or of objects with ``item`` and ``time``.

    Lists are JSON where they are text. None where there is no item. Raises `CellError`,
    `LimitError`.
    """
    if isinstance(cell, History):
        return cell if cell.items else None
    if isinstance(cell, str):
        cell = _parsed(cell)
    if isinstance(cell, np.ndarray):
        cell = cell.tolist()
    if not isinstance(cell, Sequence) or isinstance(cell, str | bytes):
        raise _no_history(cell)
    if len(cell) > MOST_ITEMS:
        raise LimitError(
            "the history is too long", expected=f"at most {MOST_ITEMS:,} items",
            received=f"{len(cell):,} items",
        )  # fmt: skip
    told = [(name, one) for one in cell for name in [name_of(one)] if name is not None]
    return _ordered(told) if told else None


def is_told(value: Any) -> bool:
    """Tell whether a cell is surely a history: a list of objects with an item each."""
    return isinstance(value, History) or is_list_of(value, "item")


def _ordered(told: list[tuple[str, Any]]) -> History:
    objects = [one if isinstance(one, Mapping) else {} for _, one in told]
    times = np.array([number_in(one.get("time"), "time", of="an item") for one in objects])
    known = not np.isnan(times).any()
    order = np.argsort(times, kind="stable") if known else np.arange(len(told))
    names = tuple(sorted({name for one in objects for name in one if name not in RESERVED}))
    amounts = None
    if names:
        rows = [
            [number_in(objects[place].get(name), name, of="an item") for name in names]
            for place in order
        ]
        amounts = np.array(rows, np.float32)
    items = tuple(told[place][0] for place in order)
    return History(items, times[order] if known else None, amounts, names)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise _no_history(text) from None


def _no_history(cell: Cell) -> CellError:
    return CellError(
        "not a history",
        expected='a list of items, for example [{"item": "tea", "time": 3}]',
        received=cell,
    )
