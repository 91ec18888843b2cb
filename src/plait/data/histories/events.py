"""Interactions as arrays: who took what, in the order of time, and the part of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from plait.data.by_column import read_splits
from plait.data.by_time import read_times
from plait.data.decoding import placed, read_cell
from plait.data.histories.plan import HistoryPlan
from plait.data.schema import make_codec
from plait.data.table import Table
from plait.data.windows.steps import numbers_of, rows_by_group
from plait.errors import CellError, TableError, no_column
from plait.modalities.item.naming import name_of
from plait.types import is_missing

PARTS = ("train", "validation", "test")
"""In the order of their numbers in `plait.data.allotting`."""

SHARES = (0.7, 0.8)
"""Of the interactions, the earliest are learned from, the next choose, the last are the test."""

LEAST_LEFT_OUT = 3
"""Groups of fewer interactions are only learned from, where the last one of each is the test."""


@dataclass(frozen=True)
class Events:
    """What one group took, in the order of time; equal times in the order of the table.

    Attributes:
        name: Of the group.
        items: Names, object ``[event]``.
        times: float64 ``[event]``, seconds.
        amounts: float32 ``[event, amount]``, NaN where nothing is known.
        rows: int64 ``[event]``, of the table.
        parts: int8 ``[event]``: numbers in `PARTS`.
        row: Of the table, one that is of the group: who took nothing yet has one, too.
    """

    name: str
    items: np.ndarray
    times: np.ndarray
    amounts: np.ndarray
    rows: np.ndarray
    parts: np.ndarray
    row: int

    def __len__(self) -> int:
        return len(self.items)

    def before(self, event: int, lookback: int) -> np.ndarray:
        """Return which events an event's history is of: earlier ones, of no later part."""
        earlier = np.flatnonzero(self.parts[:event] <= self.parts[event])
        return earlier[-lookback:]


def read_events(table: Table, plan: HistoryPlan) -> tuple[list[Events], int]:
    """Return the groups of a table with what they took, and how many rows name no item.

    Raises:
        TableError: A time or a group is missing or cannot be read.
        ColumnError: A column is not there.
    """
    for name in (plan.item, plan.group, plan.time):
        if name not in table.column_names:
            raise no_column(name, table.column_names)
    times, names = read_times(table, plan.time), item_names(table, plan.item)
    amounts = np.full((table.num_rows, len(plan.amounts)), np.nan, np.float32)
    for place, name in enumerate(plan.amounts):
        amounts[:, place] = numbers_of(table, name)
    known = np.array([name is not None for name in names], bool)
    parts = _parts(table, plan, times, known)
    found = []
    for name, rows in rows_by_group(table, plan.group).items():
        own = rows[known[rows]]
        own = own[np.argsort(times[own], kind="stable")]
        part = _last_out(len(own)) if plan.last_out else parts[own]
        told = names[own], times[own], amounts[own], own, part
        found.append(Events(name, *told, int(rows[0])))
    return found, int((~known).sum())


def item_names(table: Table, column: str) -> np.ndarray:
    """Return the name in each cell, object ``[row]``; None where there is none.

    Raises `CellError` at one that is no name, unless such cells are skipped.
    """
    found = np.empty(table.num_rows, object)
    for first, cells in table.batches([column]):
        for place, cell in enumerate(cells[column]):
            try:
                found[first + place] = None if is_missing(cell) else name_of(cell)
            except CellError as error:
                if not table.policy.skips:
                    raise placed(error, column, first + place) from None
    return found


def titles_in(table: Table, column: str) -> list[str]:
    """Return what a column of texts says in each row; "" where nothing."""
    codec: Any = make_codec(table.schema[column])
    media = table.media()
    raws = [read_cell(codec, cell, media) for cell in table.column(column)]
    return ["" if raw is None else str(raw) for raw in raws]


def _parts(table: Table, plan: HistoryPlan, times: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the part of each row, int8 ``[row]``, as the plan's column says, or time."""
    if plan.split is not None and plan.split in table.column_names:
        return read_splits(table, plan.split)
    if not known.any():
        raise TableError("no row names an item", expected="rows with one", column=plan.item)
    bounds = np.quantile(times[known], SHARES)
    return np.searchsorted(bounds, times, side="left").astype(np.int8)


def _last_out(num: int) -> np.ndarray:
    found = np.zeros(num, np.int8)
    if num >= LEAST_LEFT_OUT:
        found[-2:] = 1, 2
    return found


def share_of_repeats(events: Sequence[Events]) -> float:
    """Return how often training took what the same group had taken before."""
    again = every = 0
    for one in events:
        own = one.items[one.parts == 0]
        again, every = again + len(own) - len(set(own.tolist())), every + len(own)
    return again / max(every, 1)
