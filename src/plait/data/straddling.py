"""Near-duplicates in two splits: gathered in one, left out, or told of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from plait.data.allotting import NAMES, NOWHERE, TRAIN, VALIDATION
from plait.data.duplicates import Copies
from plait.data.grouping import count_conflicts

MANY_SHARE = 0.1
"""Where more of a split's rows than this are left out, that is said in words."""


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

    A split that would be left with fewer than `least` rows keeps them, and so do columns whose
    values recur by nature. Return which rows were moved, as `Splits.moved`, and notes on those that
    were kept, and where many were not.
    """
    dropped: dict[tuple[int, str], set[int]] = {}
    recurring: dict[str, int] = {}
    given, notes = split.copy(), []
    for column, rows in copies.groups:
        rows = rows[given[rows] != NOWHERE]
        latest = int(given[rows].max(initial=NOWHERE))
        earlier = rows[given[rows] < latest]
        if column in copies.recurring:
            recurring[column] = recurring.get(column, 0) + len(earlier)
            continue
        for row in earlier:
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
        elif (split == number).sum() < (1 - MANY_SHARE) * (given == number).sum():
            notes.append(_told_dropped(given == number, split == NOWHERE, NAMES[number], dropped))
    notes.extend(_told_recurring(column, num) for column, num in recurring.items() if num)
    moved = [
        _move(
            rows, NAMES[old], "dropped" if (split[list(rows)] == NOWHERE).any() else "kept", column
        )
        for (old, column), rows in sorted(dropped.items())
    ]
    return moved, notes


def _told_dropped(
    given: np.ndarray, left_out: np.ndarray, name: str, dropped: Mapping[tuple[int, str], set[int]]
) -> str:
    """Say that many rows of a split were left out, and by which columns."""
    num, every = int((given & left_out).sum()), int(given.sum())
    columns = " and ".join(f"'{one}'" for one in dict.fromkeys(column for _, column in dropped))
    return (
        f"{num:,} of {every:,} {name} rows were left out: in {columns} they are near-duplicates of "
        "rows in a later split, which they would give away"
    )


def _told_recurring(column: str, num: int) -> str:
    return (
        f"values of '{column}' recur in most rows and say little of the target by themselves: "
        f"{num:,} rows have one of a later split too, and stay; of values never seen the model may "
        "know less than the numbers say"
    )


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
