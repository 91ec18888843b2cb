"""Rows in time as arrays: one series per group, its steps in order, gaps where rows are missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from plait.data.by_time import read_times
from plait.data.decoding import placed, read_cell, read_plain
from plait.data.schema import make_codec
from plait.data.table import Table
from plait.data.times import tells_offset
from plait.data.windows.clock import Clock
from plait.data.windows.growth import in_logarithms
from plait.data.windows.known import numbers_ahead
from plait.data.windows.plan import WindowPlan
from plait.errors import CellError, LimitError, TableError, TargetError, no_column
from plait.modalities import traits_of_modality
from plait.modalities.limits import LIMITS
from plait.types import is_missing


@dataclass(frozen=True)
class Steps:
    """One series, step by step.

    Attributes:
        name: Of the group; "" where all rows are one series.
        times: float64 ``[step]``, those of missing rows foreseen by the clock.
        values: float64 ``[step, target]``, NaN where nothing is known; as the plan tells them.
        beside: float64 ``[step, column]``, the same of other numbers.
        known: float64 ``[step, channel]``, of what is known ahead.
        row_of: int64 ``[step]``: the row of the table, the last one before where it is missing.
    """

    name: str
    times: np.ndarray
    values: np.ndarray
    beside: np.ndarray
    known: np.ndarray
    row_of: np.ndarray

    def __len__(self) -> int:
        return len(self.times)


def in_order(table: Table, time: str, group: str | None) -> dict[str, np.ndarray]:
    """Return group -> its rows in the order of time; one group "" where none is named.

    Raises:
        TableError: A time or a group is missing or cannot be read, or two rows are of one time.
    """
    times = read_times(table, time)
    rows = {"": np.arange(table.num_rows)} if group is None else rows_by_group(table, group)
    found = {}
    for name, own in rows.items():
        order = own[np.argsort(times[own], kind="stable")]
        same = np.flatnonzero(np.diff(times[order]) == 0)
        if len(same):
            raise TableError(
                "two rows are of one time" + (f" in '{group}' {name}" if name else ""),
                expected="one row for each time" + ("" if group else ", or a --group"),
                received=f"rows {order[same[0]]} and {order[same[0] + 1]}",
                column=time,
                row=int(order[same[0] + 1]),
                hint="name who each row is of with --group, or keep one row of each time; where "
                "clocks were put back, say so: 2024-10-27T02:30+01:00",
            )
        found[name] = order
    return found


def clock_of(table: Table, time: str, group: str | None) -> Clock:
    """Return how time goes on in a table. Raises `TableError` as `in_order`."""
    times, first = read_times(table, time), table.column(time, [0])[0]
    dated = traits_of_modality(table.schema[time].modality).moment
    dates = dated or not is_plain_number(first)
    zoned = dates and tells_offset(table, time)
    series = [times[rows] for rows in in_order(table, time, group).values()]
    return Clock.of(series, dates=dates, zoned=zoned)


def read_steps(table: Table, plan: WindowPlan) -> list[Steps]:
    """Return the series of a table. Raises `TableError`, or `CellError` at an unreadable cell.

    Rows that are missing in even time are gaps; those that come between two steps are taken for
    the nearer one, the earlier row first.
    """
    for name in (*plan.targets, plan.time, *([] if plan.group is None else [plan.group])):
        if name not in table.column_names:
            raise no_column(name, table.column_names)
    rows = in_order(table, plan.time, plan.group)
    times = read_times(table, plan.time)
    counted = [name for name, labels in plan.known.items() if not labels]
    told = (*plan.targets, *plan.beside, *counted)
    numbers = {name: numbers_of(table, name) for name in told}
    known = numbers_ahead(table, plan.known, numbers)
    return [_steps(plan, name, times, own, numbers, known) for name, own in rows.items()]


def _steps(
    plan: WindowPlan,
    name: str,
    times: np.ndarray,
    rows: np.ndarray,
    numbers: dict[str, np.ndarray],
    known: np.ndarray,
) -> Steps:
    places, firsts = np.unique(plan.clock.places(times[rows]), return_index=True)
    num = int(places[-1]) + 1
    kept = rows[firsts]
    if num > LIMITS.num_steps:
        longest = int(np.diff(places).argmax()) + 1
        raise LimitError(
            "the gaps between rows are too long to be filled",
            expected=f"at most {LIMITS.num_steps:,} steps",
            received=f"{num:,} steps, {places[longest] - places[longest - 1]:,} of them before a "
            f"row at {plan.clock.written(times[kept[longest : longest + 1]])[0]}",
            column=plan.time,
            row=int(kept[longest]),
            hint="mend the time of that row, or leave out what came before or after the gap",
        )
    row_of = np.full(num, -1, np.int64)
    row_of[places] = kept
    there = np.maximum.accumulate(np.where(row_of >= 0, np.arange(num), 0))
    filled = np.full(num, np.nan)
    filled[places] = times[kept]
    for place, gap in zip(places[:-1].tolist(), np.diff(places).tolist(), strict=True):
        if gap > 1:
            filled[place + 1 : place + gap] = plan.clock.after(filled[place], gap - 1)

    def laid(columns: Sequence[np.ndarray]) -> np.ndarray:
        found = np.full((num, len(columns)), np.nan)
        for place, column in enumerate(columns):
            found[places, place] = column[kept]
        return found

    values, beside = ([numbers[one] for one in names] for names in (plan.targets, plan.beside))
    told = in_logarithms(laid(values), plan.targets, plan.floors)
    return Steps(name, filled, told, laid(beside), laid(list(known.T)), row_of[there])


def origins_of(series: Steps, plan: WindowPlan, *, ahead: int) -> list[int]:
    """Return the moments with enough before and after them, of which something is known."""
    least = max(1, min(plan.lookback, len(series) // 4))
    known = ~np.isnan(series.values).all(axis=1)
    counted = np.concatenate([[0], np.cumsum(known)])
    return [
        origin
        for origin in range(least, len(series) - ahead + 1)
        if counted[origin] > counted[max(origin - plan.lookback, 0)]
        and counted[origin + ahead] > counted[origin]
    ]


def rows_by_group(table: Table, group: str) -> dict[str, np.ndarray]:
    """Return group -> its rows, int64 ascending; a `TableError` for a row that names none."""
    found: dict[str, list[int]] = {}
    for first, cells in table.batches([group]):
        for place, cell in enumerate(cells[group]):
            if is_missing(cell):
                raise TableError(
                    "a row does not say whose it is",
                    expected="a value in every row",
                    column=group,
                    row=first + place,
                    hint="fill or remove the row, or leave --group out",
                )
            found.setdefault(str(cell).strip(), []).append(first + place)
    return {name: np.array(rows, np.int64) for name, rows in found.items()}


def numbers_of(table: Table, name: str) -> np.ndarray:
    """Return a column of numbers, float64 ``[row]``, NaN where a cell holds none."""
    media, found = table.media(), np.full(table.num_rows, np.nan)
    if name not in table.column_names:
        return found
    codec = _as_number(table, name)
    for first, cells in table.batches([name]):
        at_once = read_plain(codec, cells[name], media)
        if at_once is not None:
            found[first : first + len(cells[name])] = at_once
            continue
        for place, cell in enumerate(cells[name]):
            try:
                raw = read_cell(codec, cell, media)
            except CellError as error:
                if not table.policy.skips:
                    raise placed(error, name, first + place) from None
                continue
            if raw is not None:
                found[first + place] = float(raw)
    return found


def _as_number(table: Table, name: str) -> Any:
    """Return the codec of a column of numbers; few rows, or few different numbers, look like
    labels, or like nothing. Raises `TargetError` where it is something else."""
    column = table.schema[name]
    traits = traits_of_modality(column.modality)
    if traits.labels or (column.modality is None and name not in table.overrides):
        column = table.told(columns={name: "number"}).schema[name]
    if traits_of_modality(column.modality).amount:
        return make_codec(column)
    raise TargetError(
        "a column is not of numbers, as it was when the forecast was learned",
        expected="numbers",
        received=f"{table.schema[name].modality or table.schema[name].role}",
        column=name,
        hint=f"if they are, say so: --columns {name}=number",
    )


def is_plain_number(cell: Any) -> bool:
    """Tell whether a cell is a number, or text that Python reads as one; truth values are none."""
    if isinstance(cell, bool):
        return False
    if isinstance(cell, int | float | np.number):
        return True
    try:
        float(str(cell))
    except ValueError:
        return False
    return True
