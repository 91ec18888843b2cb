"""Numbers rows that belong together: what a person said, and what was found to be alike."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

from plait.data.table import Table
from plait.types import Cell, is_missing

if TYPE_CHECKING:
    from jaxtyping import Int32

UNSAID = -1


def said_groups(table: Table, column: str) -> Int32[ndarray, " row"]:
    """Return a number per row, the same for equal values of a column, -1 where it holds nothing."""
    numbers: dict[Cell, int] = {}
    found = np.full(table.num_rows, UNSAID, np.int32)
    for first, cells in table.batches([column]):
        for place, cell in enumerate(cells[column]):
            if not is_missing(cell):
                found[first + place] = numbers.setdefault(str(cell).strip(), len(numbers))
    return found


def label_units(
    num_rows: int, groups: Iterable[np.ndarray], *, most: int | None = None
) -> Int32[ndarray, " row"]:
    """Return a number per row, the same for rows that groups link, in several columns too.

    Args:
        num_rows: Rows of the table.
        groups: Rows that belong together.
        most: A group that would make a unit of more rows than this links nothing: a value here
            and another there must not chain half of a table together.

    >>> label_units(4, [np.array([0, 2]), np.array([2, 3])]).tolist()
    [0, 1, 0, 0]
    """
    parent = np.arange(num_rows, dtype=np.int32)
    sizes = np.ones(num_rows, np.int32)

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = int(parent[row])
        return row

    for rows in groups:
        roots = {root(int(row)) for row in rows}
        size = sum(int(sizes[one]) for one in roots)
        if most is not None and len(rows) < size > most:
            continue
        first = min(roots)
        for other in roots:
            parent[other] = first
        sizes[first] = size
    for row in np.flatnonzero(parent != np.arange(num_rows, dtype=np.int32)):
        parent[row] = root(int(row))
    return parent


def join_said(said: Int32[ndarray, " row"], copies: Int32[ndarray, " row"]) -> np.ndarray:
    """Return int32 ``[row]``: the groups that were said; copies where nothing was.

    Said groups are never merged. A row without one joins the group of its first copy that has
    one, else it stays with its copies.

    Args:
        said: As `said_groups` gives them.
        copies: As `label_units` gives them.
    """
    known = np.flatnonzero(said != UNSAID)
    copied, firsts = np.unique(copies[known], return_index=True)
    host = np.full(len(said), UNSAID, np.int64)
    host[copied] = said[known[firsts]]
    own = np.where(said != UNSAID, said, host[copies])
    alone = own == UNSAID
    own[alone] = int(said.max(initial=UNSAID)) + 1 + copies[alone]
    _, firsts, which = np.unique(own, return_index=True, return_inverse=True)
    joined: np.ndarray = firsts[which].astype(np.int32)
    return joined


def count_conflicts(said: Int32[ndarray, " row"], groups: Iterable[np.ndarray]) -> int:
    """Return how many rows are near-duplicates of a first row that lies in another said group."""
    num = 0
    for rows in groups:
        named = said[rows]
        num += int(((named != named[0]) & (named != UNSAID) & (named[0] != UNSAID)).sum())
    return num
