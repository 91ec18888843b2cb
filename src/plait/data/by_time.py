"""Splits by time: the latest rows are the test, alone or of groups that training did not see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

from plait.data.allotting import NOWHERE
from plait.data.table import Table
from plait.data.times import time_reader
from plait.errors import TableError
from plait.types import is_missing

if TYPE_CHECKING:
    from jaxtyping import Float, Int8


def read_times(table: Table, column: str) -> Float[ndarray, " row"]:
    """Return a column's times in seconds. Raises `TableError` at the first that is none."""
    times, parse_time = np.zeros(table.num_rows), time_reader(table, column)
    for first, cells in table.batches([column]):
        for place, cell in enumerate(cells[column]):
            seconds = None if is_missing(cell) else parse_time(cell)
            if seconds is None:
                nothing = is_missing(cell)
                raise TableError(
                    "a time cannot be read",
                    expected="a date such as 2024-03-01 or 2024-03-01T07:05, or a number",
                    received="nothing" if nothing else cell,
                    column=column,
                    row=first + place,
                    hint=("fill it" if nothing else "write it like the others, or as 2024-03-01")
                    + ", or remove the row",
                )
            times[first + place] = seconds
    return times


def allot_in_time(
    times: Float[ndarray, " row"], fractions: Sequence[float], column: str
) -> Int8[ndarray, " row"]:
    """Return the period of each row, 0 earliest: in about these shares, equal times together.

    Raises:
        TableError: All times are equal.
    """
    values, which, counts = np.unique(times, return_inverse=True, return_counts=True)
    if len(values) < 2:
        raise TableError(
            "all times are equal",
            expected="at least two different times, better three",
            received=f"{len(times)} rows of one time",
            column=column,
            hint="leave --time out to split at random, or by --group",
        )
    before = np.concatenate([[0], counts.cumsum()])
    places = np.arange(len(before))
    wanted = np.cumsum(fractions)[:2] * len(times)
    first = _nearest(before, wanted[0], (places >= 1) & (places < len(values)))
    second = _nearest(before, wanted[1], (places > first) & (places <= len(values)))
    if fractions[2] > 0 and second == len(values) and first + 1 < len(values):
        second = len(values) - 1
    if fractions[2] > 0 and second == len(values) and first > 1:
        first, second = first - 1, len(values) - 1
    period = np.searchsorted([first, second], np.arange(len(values)), side="right")
    return np.asarray(period[which], np.int8)


def allot_groups_in_time(
    times: Float[ndarray, " row"],
    units: np.ndarray,
    fractions: Sequence[float],
    column: str,
) -> Int8[ndarray, " row"]:
    """Return the split of each row, -1 for rows left out: test rows are latest, and of new groups.

    Rows of training lie before all of validation, and these before all of the test, and no group is
    in two of them. Each group goes where it adds most, the largest first: the sum over splits of
    share x log(rows kept) is made large. A group of one period costs no row; of one of several
    periods, the rows of the others are left out.

    Raises:
        TableError: All times are equal.
    """
    period = allot_in_time(times, fractions, column)
    _, which = np.unique(units, return_inverse=True)
    counts = np.zeros((int(which.max()) + 1, 3))
    np.add.at(counts, (which, period), 1)
    shares = np.asarray(fractions, float)
    kept, home = np.zeros(3), np.zeros(len(counts), np.int8)
    is_single = (counts > 0).sum(1) == 1
    for unit in np.lexsort((-counts.sum(1), ~is_single)):
        gain = shares * np.log((kept + counts[unit] + 1) / (kept + 1))
        home[unit] = int(np.argmax(gain))
        kept[home[unit]] += counts[unit, home[unit]]
    _fill_empty(home, counts, kept)
    return np.where(home[which] == period, period, NOWHERE).astype(np.int8)


def _fill_empty(home: np.ndarray, counts: np.ndarray, kept: np.ndarray) -> None:
    """Give an empty training or validation the group that costs least, in place."""
    for empty in (0, 1):
        if kept[empty] > 0:
            continue
        lost = counts[np.arange(len(home)), home]
        spare = np.array([(home == one).sum() > 1 for one in range(3)])
        able = (counts[:, empty] > 0) & (spare[home] | (home == 2))
        if able.any():
            unit = int(np.argmin(np.where(able, lost - counts[:, empty], np.inf)))
            kept[home[unit]] -= lost[unit]
            home[unit] = empty
            kept[empty] += counts[unit, empty]


def _nearest(before: np.ndarray, wanted: float, able: np.ndarray) -> int:
    """Return the able place whose number of rows before it is nearest to the wanted one."""
    return int(np.argmin(np.where(able, np.abs(before - wanted), np.inf)))
