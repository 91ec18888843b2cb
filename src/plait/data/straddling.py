"""Near-duplicates in two splits: gathered in one, left out, or told of."""

from __future__ import annotations

from typing import Any

import numpy as np

from plait.data.allotting import NAMES, NOWHERE, TRAIN, VALIDATION
from plait.data.duplicates import Copies
from plait.data.grouping import count_conflicts


def gather_units(
    split: np.ndarray, units: np.ndarray, rows: np.ndarray, copies: Copies
) -> list[dict[str, Any]]:
    """Move every unit of near-duplicates to the split of its first row; tell what was moved."""
    place = {int(row): number for number, row in enumerate(rows)}
    moves: dict[tuple[int, int, str], set[int]] = {}
    for column, members in copies.groups:
        for one in (place[row] for row in members.tolist() if row in place):
            old, new = int(split[one]), int(split[units[one]])
            if old != new:
                moves.setdefault((old, new, column), set()).add(int(rows[one]))
    split[:] = split[units]
    return [
        _move(found, NAMES[old], NAMES[new], column)
        for (old, new, column), found in sorted(moves.items())
    ]


def drop_straddling(
    split: np.ndarray, copies: Copies, least: int
) -> tuple[list[dict[str, Any]], list[str]]:
    """Leave out rows whose near-duplicate lies in a later split, in place.

    A split that would be left with fewer than `least` rows keeps them. Return which rows were
    moved, as `Splits.moved`, and notes on those that were kept.
    """
    dropped: dict[tuple[int, str], set[int]] = {}
    given, notes = split.copy(), []
    for column, rows in copies.groups:
        rows = rows[given[rows] != NOWHERE]
        latest = int(given[rows].max(initial=NOWHERE))
        for row in rows[given[rows] < latest]:
            dropped.setdefault((int(given[row]), column), set()).add(int(row))
            split[row] = NOWHERE
    for number in (TRAIN, VALIDATION):
        if (given == number).any() and (split == number).sum() < least:
            num = int(((given == number) & (split == NOWHERE)).sum())
            split[given == number] = number
            notes.append(
                f"{num} {NAMES[number]} rows have near-duplicates in a later split and stay, "
                "for nothing else would be left: the numbers may be too good"
            )
    moved = [
        _move(
            rows, NAMES[old], "dropped" if (split[list(rows)] == NOWHERE).any() else "kept", column
        )
        for (old, column), rows in sorted(dropped.items())
    ]
    return moved, notes


def straddling_notes(split: np.ndarray, copies: Copies) -> tuple[str, ...]:
    """Count copies that are apart because they would have linked too many rows."""
    apart = sum(int((split[rows] != split[rows[0]]).sum()) for _, rows in copies.groups)
    if not apart:
        return ()
    return (
        f"{apart} near-duplicates are in another split than the row that they are like: kept "
        "together, rows alike in one column and another would have been too many for one split",
    )


def conflict_notes(said: np.ndarray, copies: Copies, group: str | None) -> tuple[str, ...]:
    """Count near-duplicates that lie in different groups, said int ``[row]`` by column `group`."""
    num = count_conflicts(said, (rows for _, rows in copies.groups))
    if not num:
        return ()
    pairs = "near-duplicate lies" if num == 1 else "near-duplicates lie"
    return (
        f"{num} {pairs} in another '{group}' than the row that they are like; the groups "
        "were kept as said",
    )


def _move(rows: set[int], old: str, new: str, column: str) -> dict[str, Any]:
    return {"rows": sorted(rows), "from": old, "to": new, "column": column}
