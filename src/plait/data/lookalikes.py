"""Looks for near-duplicates in a table's columns within a time; beyond it, for equal cells."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from plait.data.duplicates import Copies, equal_rows, find_copies
from plait.data.entries import Progress
from plait.data.fingerprints import fingerprints
from plait.data.table import Table
from plait.modalities import Codec
from plait.types import is_missing

READING_SHARE = 0.6
"""Of a time, so much may go into fingerprints: the rest compares them."""


def look_for_copies(
    table: Table,
    columns: Sequence[str],
    *,
    deadline: float | None = None,
    progress: Progress | None = None,
    foreseen: Callable[[], Mapping[str, Codec]] = dict,
) -> Copies:
    """Return the near-duplicates of some columns, and what there was no time to look at.

    Args:
        table: The rows.
        columns: Names.
        deadline: Of `time.monotonic`; None for as long as it takes. Later by what is spent on
            columns that are foreseen.
        progress: Told how many cells were looked at.
        foreseen: As of `plait.data.fingerprints.fingerprints`.

    Raises:
        CellError: The first unreadable cell, unless the table's policy skips such.
    """
    now = time.monotonic()
    seconds = 0.0 if deadline is None else max(deadline - now, 0.0)
    until = None if deadline is None else now + READING_SHARE * seconds
    prints = fingerprints(table, columns, deadline=until, progress=progress, foreseen=foreseen)
    if deadline is not None:
        deadline = max(deadline, time.monotonic() + (1 - READING_SHARE) * seconds)
    found = find_copies(prints, deadline=deadline)
    for name, one in prints.items():
        if one.num_seen < table.num_rows:
            found.num_unread[name] = table.num_rows - one.num_seen
            equal = Copies()
            equal_rows(equal, name, _cell_keys(table, name))
            found.groups.extend(group for group in equal.groups if group[1][-1] >= one.num_seen)
    if progress is not None:
        progress(len(columns) * table.num_rows)
    return found


def _cell_keys(table: Table, column: str) -> np.ndarray:
    """Return uint64 ``[row]``: equal for rows with the same cell, and for no two without one."""
    keys = np.arange(table.num_rows, dtype=np.uint64)
    for first, cells in table.batches([column]):
        for row, cell in enumerate(cells[column], first):
            if not is_missing(cell):
                text = repr(cell).encode(errors="surrogatepass")
                digest = hashlib.blake2b(text, digest_size=8).digest()
                keys[row] = int.from_bytes(digest, "little")
    return keys
