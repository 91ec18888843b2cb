"""Windows that tell each step of a table by what came before it, from one moment after another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plait.data.table import Table
from plait.data.windows.plan import WindowPlan
from plait.data.windows.rows import Window, WindowRows, last_known, window_table
from plait.data.windows.steps import Steps, read_steps
from plait.data.windows.told import notes_on_steps

LEAST_KNOWN = 0.5
"""Of the steps before a moment, for a target to be foreseen from them."""


@dataclass(frozen=True)
class Rolled:
    """The moments from which the steps of a table are foreseen.

    Attributes:
        series: Of the table.
        ends: Of each series, how many steps may be compared: all, or where something is known
            ahead those up to its last target.
        windows: The moments, by series and time.
        firsts: Of each, the first step that no earlier one foresaw.
        table: The windows as a table; None where there are none.
        notes: What people should know.
    """

    series: list[Steps]
    ends: list[int]
    windows: list[Window]
    firsts: list[int]
    table: Table | None
    notes: tuple[str, ...]


def rolling_windows(table: Table, plan: WindowPlan, *, every: int) -> Rolled:
    """Return windows from moments that are `every` steps apart, each series from its first step
    with a whole lookback before it, so that each step is foreseen once.

    Moments of which too little is known before are left out. Where something is known ahead, the
    last window lies so that it is known for all of its steps.

    Args:
        table: Rows in time.
        plan: Of the windows.
        every: Steps from one moment to the next, 1 to the horizon.
    """
    series = read_steps(table, plan)
    ends = [last_known(one) if plan.known else len(one) for one in series]
    windows: list[Window] = []
    firsts: list[int] = []
    for number, (one, end) in enumerate(zip(series, ends, strict=True)):
        for first in range(plan.lookback, end, every):
            origin = min(first, len(one) - plan.horizon) if plan.known else first
            if origin >= plan.lookback and enough_before(one, origin, plan).any():
                windows.append(Window(number, origin))
                firsts.append(first)
    notes = notes_on_steps(table, plan, series)
    rows = WindowRows(table, plan, series, windows, notes)
    found = window_table(table, plan, rows) if windows else None
    return Rolled(series, ends, windows, firsts, found, rows.notes)


def enough_before(series: Steps, origin: int, plan: WindowPlan) -> np.ndarray:
    """Return of which targets enough is known before a moment, bool ``[target]``."""
    before = series.values[max(origin - plan.lookback, 0) : origin]
    known: np.ndarray = (~np.isnan(before)).sum(axis=0) >= LEAST_KNOWN * plan.lookback
    return known
