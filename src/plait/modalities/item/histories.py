"""Histories of rows as simple models of items read them: places of items, in the order of time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

HISTORY = "history"
"""Modality of the column that is read."""


def history_column(matrices: Any) -> str:
    """Return the first input column that is a history; "" for none."""
    names = matrices.features.scales
    columns = matrices.prepared.columns
    return next((str(n) for n in names if columns[n].codec.modality == HISTORY), "")


def histories_of(matrices: Any, codes: np.ndarray) -> list[np.ndarray]:
    """Return the places of the known items of each row's history, int64 ``[time]``.

    Args:
        matrices: Of the rows; see `plait.modalities.target.SimpleGenerator`.
        codes: int64 ``[item]``: numbers of the names, by which histories know them.
    """
    name = history_column(matrices)
    if not name:
        return [np.zeros(0, np.int64)] * len(matrices)
    column, order = matrices.prepared.columns[name], np.argsort(codes)
    ascending = codes[order]
    found = []
    for row in matrices.rows:
        value = column[int(row)]
        told = np.zeros(0, np.int64) if value is None else value["item"]
        found.append(placed(told, ascending, order))
    return found


def placed(told: np.ndarray, ascending: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return the places of those codes that are known, in their order."""
    if not len(ascending):
        return np.zeros(0, np.int64)
    near = np.searchsorted(ascending, told).clip(0, len(ascending) - 1)
    return np.asarray(order[near[ascending[near] == told]], np.int64)


def taken_by(histories: Sequence[np.ndarray], num_items: int) -> np.ndarray:
    """Return which items each row took, float32 ``[row, item]`` of 0 and 1."""
    found = np.zeros((len(histories), num_items), np.float32)
    for row, places in enumerate(histories):
        found[row, places] = 1.0
    return found


def with_next(histories: Iterable[np.ndarray], taken: Iterable[int]) -> list[np.ndarray]:
    """Return histories with what came next behind; below 0 is nothing known."""
    return [
        history if place < 0 else np.append(history, place)
        for history, place in zip(histories, taken, strict=True)
    ]


def transitions(histories: Iterable[np.ndarray], num_items: int, fades: float, far: int) -> Any:
    """Return how often each item followed each, float32 ``[before, after]``.

    Args:
        histories: Places.
        num_items: All.
        fades: What comes one item later counts so many times as much.
        far: Items after it that count.
    """
    found = np.zeros(num_items * num_items, np.float64)
    for places in histories:
        for gap in range(1, min(far, len(places) - 1) + 1):
            pairs = places[:-gap] * num_items + places[gap:]
            np.add.at(found, pairs, fades ** (gap - 1))
    return found.reshape(num_items, num_items).astype(np.float32)
