"""What a person should know of rows in time: their order, gaps, and series too short to learn."""

from __future__ import annotations

from collections.abc import Container, Sequence

import numpy as np

from plait.data.table import Table
from plait.data.windows.plan import WindowPlan
from plait.data.windows.steps import Steps
from plait.errors import TableError

MOST_NAMED = 3


def notes_on_steps(table: Table, plan: WindowPlan, series: Sequence[Steps]) -> tuple[str, ...]:
    """Return what was decided of rows that are out of order, missing, doubled or not known.

    Args:
        table: The rows.
        plan: What they are told as.
        series: The same, step by step.
    """
    own = [np.append(True, np.diff(one.row_of) != 0) for one in series]
    moved = any((np.diff(one.row_of) < 0).any() for one in series)
    left_out = table.num_rows - sum(int(one.sum()) for one in own)
    unknown = sum(
        int((np.isnan(one.values).any(axis=1) & there).sum())
        for one, there in zip(series, own, strict=True)
    )
    doubt = table.schema[plan.time].doubt
    said = [
        (moved, f"rows are put in the order of '{plan.time}', in which they were not"),
        (bool(doubt), f"column '{plan.time}': {doubt}"),
        (plan.clock.zoned, f"'{plan.time}' tells how far it is from UTC: forecasts are in UTC"),
        (unknown > 0, f"{unknown:,} rows lack a value of {plan.goal}, which is a gap"),
        (left_out > 0, f"{left_out:,} rows lie between two steps and are left out"),
    ]
    return (*(text for is_so, text in said if is_so), *_below(plan, series), *_gaps(series, own))


def notes_on_logarithms(plan: WindowPlan) -> tuple[str, ...]:
    """Return which targets are told in logarithms, by which their errors count."""
    return tuple(
        f"'{name}' varies the more the higher it is: it is told in logarithms, and so errors count"
        for name in plan.floors
    )


def notes_on_series(series: Sequence[Steps], learned: Container[int]) -> tuple[str, ...]:
    """Return which series nothing was learned from.

    Args:
        series: All of them.
        learned: Places of those that have windows.
    """
    idle = [one.name for place, one in enumerate(series) if place not in learned]
    if not idle:
        return ()
    names = ", ".join(idle[:MOST_NAMED]) + (", ..." if len(idle) > MOST_NAMED else "")
    told = f"{len(idle):,} of {len(series):,} series are too short, or too little is known of them"
    return (f"{told}, to learn from: {names}",)


def longest_gap(series: Sequence[Steps]) -> tuple[int, int]:
    """Return how many steps without a row follow each other at most, and the row behind them."""
    found = (0, -1)
    for one in series:
        places = np.append(np.flatnonzero(np.append(True, np.diff(one.row_of) != 0)), len(one))
        gaps = np.diff(places[:-1]) - 1
        if len(gaps) and gaps.max() > found[0]:
            behind = places[:-1][int(gaps.argmax()) + 1]
            found = int(gaps.max()), int(one.row_of[behind])
    return found


def _below(plan: WindowPlan, series: Sequence[Steps]) -> list[str]:
    """Return how many values are lower than a logarithm tells."""
    found = []
    for place, name in enumerate(plan.targets):
        floor = plan.floors.get(name)
        if floor is None:
            continue
        num = sum(int((one.values[:, place] <= np.log(floor)).sum()) for one in series)
        if num:
            found.append(
                f"{num:,} values of '{name}' lie below {floor:.3g}, half of the least that was "
                "learned from, and count as that: it is told in logarithms"
            )
    return found


def _gaps(series: Sequence[Steps], own: Sequence[np.ndarray]) -> tuple[str, ...]:
    num = sum(int((~there).sum()) for there in own)
    most, row = longest_gap(series)
    if not num:
        return ()
    return (f"{num:,} steps without a row are gaps, the longest of {most:,} before row {row}",)


def too_few(plan: WindowPlan, series: Sequence[Steps], part: str) -> TableError:
    """Return the error for rows that leave no window for a part; a long gap is named with it."""
    most, row = longest_gap(series)
    far = most > plan.horizon
    mend = (
        f"mend the time of row {row}, before which {most:,} steps have no row, or " if far else ""
    )
    return TableError(
        f"there are too few rows to forecast {plan.horizon:,} steps: none is left for {part}",
        expected=f"about {5 * plan.horizon:,} steps or more in all, each with a row",
        received=f"{sum(map(len, series)):,} steps",
        column=plan.time,
        row=row if far else None,
        hint=f"{mend}ask for a shorter --horizon",
    )
