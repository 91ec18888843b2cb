"""Windows as a table: each row is a moment, with what came before it and what comes after."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plait.data.overrides import Override
from plait.data.table import Table
from plait.data.windows.known import check_ahead
from plait.data.windows.parts import PARTS, parts_of_steps
from plait.data.windows.plan import BEFORE, BESIDE, BLOCK, KNOWN, SPLIT, WindowPlan
from plait.data.windows.scale import Scale, spread_of
from plait.data.windows.steps import Steps, origins_of, read_steps
from plait.data.windows.stretches import stretches_of
from plait.data.windows.told import (
    notes_on_logarithms,
    notes_on_series,
    notes_on_steps,
    too_few,
)
from plait.errors import TableError
from plait.spacing import evenly_spaced
from plait.types import Cell

DETAIL = {"detail": 3}
PLAIN: Override = {"modality": "series", "settings": DETAIL}
"""Windows are alike step by step: their simple features are the series itself."""

MOST = (5000, 1000, 1000)
"""Windows of each part, evenly spread, at most."""


@dataclass(frozen=True)
class Window:
    """A moment in a series.

    Attributes:
        series: Place of the series.
        origin: The first step that is not known yet.
        part: ``train``, ``validation`` or ``test``; "" of one that is only asked.
    """

    series: int
    origin: int
    part: str = ""


class WindowRows:
    """Rows of windows, made when they are read; see `plait.data.sources.rows.Rows`.

    Args:
        table: The rows in time.
        plan: How they become windows.
        series: The same rows, step by step.
        windows: Which moments.
        notes: What people should know.
        spreads: Of each series, float64 ``[target]``; None for that of all that is known before
            each moment, of one or of all of them.
    """

    overlap = True
    """Windows of one series share most of their steps: being alike is no sign of copies."""

    def __init__(
        self,
        table: Table,
        plan: WindowPlan,
        series: Sequence[Steps],
        windows: Sequence[Window],
        notes: tuple[str, ...] = (),
        spreads: Sequence[np.ndarray | None] | None = None,
    ) -> None:
        self._table, self._plan, self._series, self._windows = table, plan, series, windows
        self._spreads, self._stretches = spreads, stretches_of(series, plan)
        self.num_rows, self.notes = len(windows), (*table.notes, *notes)
        self.moments = np.array([_begun(series[one.series], one.origin) for one in windows])
        self._scales: dict[tuple[int, int], Scale] = {}
        told = [plan.named(BEFORE), *([plan.named(BESIDE)] if plan.beside else [])]
        told += [plan.named(KNOWN)] if plan.known else []
        told += [plan.time] if plan.clock.dates else []
        told += [] if plan.group is None else [plan.group]
        told += plan.levels
        self.column_names = (*told, *plan.still, plan.goal, plan.named(SPLIT), plan.named(BLOCK))

    @property
    def key(self) -> str:
        """Changes with the table, the plan, and the moments."""
        spreads = [None if one is None else one.tolist() for one in self._spreads or ()]
        about = json.dumps([self._plan.to_dict(), [vars(one) for one in self._windows], spreads])
        return hashlib.sha256(f"{self._table.key}|{about}".encode()).hexdigest()

    def given_row(self, column: str, row: int) -> int:
        """Return the row in time that a cell is from: of what it knows, the last."""
        window = self._windows[row]
        return int(self._series[window.series].row_of[window.origin - 1])

    def read(self, column: str, first: int, stop: int) -> list[Cell]:
        """Return the cells of rows ``first`` to ``stop - 1``."""
        return self.pick(column, np.arange(first, stop))

    def pick(self, column: str, rows: np.ndarray) -> list[Cell]:
        """Return the cells of the given row numbers, in that order."""
        plan, some = self._plan, [self._windows[int(row)] for row in rows]
        if column in plan.still and column not in self._table.column_names:
            return [None] * len(some)
        if column in plan.still:
            known = [int(self._series[one.series].row_of[one.origin - 1]) for one in some]
            return self._table.column(column, known)
        return [self._cell(column, one) for one in some]

    def _cell(self, column: str, window: Window) -> Cell:
        plan, series = self._plan, self._series[window.series]
        before = slice(max(window.origin - plan.lookback, 0), window.origin)
        if column in (plan.goal, plan.named(BEFORE)):
            scale = self._scale(window)
            ahead = slice(window.origin, window.origin + plan.horizon)
            return _known(scale.without(series.values[ahead if column == plan.goal else before]))
        if column == plan.named(BESIDE):
            return _known(series.beside[before])
        if column == plan.named(KNOWN):
            return _known(series.known[before.start : window.origin + plan.horizon])
        if column in plan.levels:
            place = plan.levels.index(column)
            return self._scale(window).told[place]
        if column == plan.time:
            times = series.times
            next_one = times[window.origin : window.origin + 1]
            if not len(next_one):
                next_one = plan.clock.after(float(times[-1]), 1)
            return plan.clock.written(next_one)[0]
        if column == plan.group:
            return series.name
        if column == plan.named(SPLIT):
            return window.part or None
        own = self._stretches[window.series]
        return str(own[min(window.origin, len(own) - 1)])

    def _scale(self, window: Window) -> Scale:
        """Return a window's scale, which several of its cells ask for."""
        key = window.series, window.origin
        if key not in self._scales:
            known = self._series[window.series].values[: window.origin]
            given = self._spreads[window.series] if self._spreads else None
            spread = self._plan.spread(known) if given is None else given
            self._scales[key] = Scale.of(known[-self._plan.lookback :], spread)
        return self._scales[key]


def _begun(series: Steps, origin: int) -> float:
    """Return when the first unknown step was; behind the end, the last."""
    return float(series.times[min(origin, len(series) - 1)])


def learning_windows(table: Table, plan: WindowPlan) -> Table:
    """Return the windows to learn from, to choose by, and to judge by, earliest to latest.

    All steps that a window foresees are of one part, as the plan's column says, or time: what is
    learned ends before what chooses begins, and that before the test. Each series is told in units
    of its spread in the part that is learned from; one that begins later, of what is known of it.

    Raises:
        TableError: The rows are too few for three parts of windows.
    """
    series = read_steps(table, plan)
    steps, stretches = parts_of_steps(table, plan, series), stretches_of(series, plan)
    windows = [
        Window(number, origin, PARTS[int(parts[origin])])
        for number, (one, parts) in enumerate(zip(series, steps, strict=True))
        for origin in origins_of(one, plan, ahead=plan.horizon)
        if (parts[origin : origin + plan.horizon] == parts[origin]).all()
    ]
    kept: list[Window] = []
    for part, most in zip(PARTS, MOST, strict=True):
        own = [one for one in windows if one.part == part]
        if not own:
            raise too_few(plan, series, part)
        own = [own[place] for place in evenly_spaced(len(own), most)]
        kept += sorted(own, key=lambda one: _in_time(one, stretches))
    how = "the latest fifth of the time is the test" if plan.split is None else "split as said"
    note = (
        f"{len(kept):,} windows of {plan.lookback:,} steps before and {plan.horizon:,} after: {how}"
    )
    spreads = [
        spread_of(one.values[parts == 0]) if (parts == 0).any() else None
        for one, parts in zip(series, steps, strict=True)
    ]
    notes = note, *notes_on_logarithms(plan), *notes_on_steps(table, plan, series)
    notes += notes_on_series(series, {one.series for one in windows})
    rows = WindowRows(table, plan, series, kept, notes, spreads)
    return window_table(table, plan, rows, learning=True)


def judging_windows(table: Table, plan: WindowPlan) -> Table:
    """Return windows of new rows by rolling origin, each beginning where the last one ended."""
    series = read_steps(table, plan)
    windows = [
        Window(number, origin)
        for number, one in enumerate(series)
        for origin in origins_of(one, plan, ahead=plan.horizon)[:: plan.horizon]
    ]
    if not windows:
        raise too_few(plan, series, "the test")
    notes = notes_on_steps(table, plan, series)
    return window_table(table, plan, WindowRows(table, plan, series, windows, notes))


def last_windows(table: Table, plan: WindowPlan) -> tuple[Table, list[Steps], list[int]]:
    """Return one window for each series, whose next steps nobody knows, the series, and where these
    steps begin: behind the last row, or where some columns are known ahead, the last target.

    Raises `TableError` where a series has no known value among its last steps, and where what is
    known ahead is missing for a step to be forecast.
    """
    series = read_steps(table, plan)
    windows = []
    for number, one in enumerate(series):
        origin = last_known(one) if plan.known else len(one)
        if np.isnan(one.values[max(origin - plan.lookback, 0) : origin]).all():
            raise TableError(
                "nothing is known of the last steps" + (f" of '{one.name}'" if one.name else ""),
                expected=f"a value of {plan.goal} in the last {plan.lookback:,} steps",
                column=plan.targets[0],
                row=int(one.row_of[-1]),
                hint="fill them, or leave out its rows" if one.name else "fill them",
            )
        if plan.known:
            ahead, rows = one.known[origin:], one.row_of[origin:]
            check_ahead(plan.known, ahead, rows.tolist(), plan.horizon, one.name)
        windows.append(Window(number, origin))
    notes = notes_on_steps(table, plan, series)
    found = window_table(table, plan, WindowRows(table, plan, series, windows, notes))
    return found, series, [one.origin for one in windows]


def last_known(series: Steps) -> int:
    """Return how many steps there are up to the last of which a target is known."""
    known = np.flatnonzero(~np.isnan(series.values).all(axis=1))
    return int(known[-1]) + 1 if len(known) else 0


def _in_time(window: Window, stretches: Sequence[np.ndarray]) -> tuple[int, int, int]:
    """Return what windows are ordered by: stretches of time, and within each another series first
    than in the one before, so that any few that are evenly spaced are of all."""
    stretch = int(stretches[window.series][window.origin])
    return stretch, (window.series + stretch) % len(stretches), window.origin


def _known(values: np.ndarray) -> Cell:
    """Return steps as a cell; None where nothing is known."""
    return None if not values.size or np.isnan(values).all() else values.astype(np.float32)


def window_table(
    table: Table, plan: WindowPlan, rows: WindowRows, *, learning: bool = False
) -> Table:
    """Return the windows as a table that says what its columns are; of those that stand still only
    what was said, but where it is learned what they are."""
    own: Override = {"modality": "series", "settings": {**DETAIL, "own": list(plan.own)}}
    said: dict[str, Override] = {
        plan.named(BEFORE): own if plan.own else PLAIN, plan.goal: PLAIN,
        plan.named(SPLIT): "split", plan.named(BLOCK): "group",
    }  # fmt: skip
    if plan.beside:
        said[plan.named(BESIDE)] = PLAIN
    if plan.known:
        told = {"ahead": plan.horizon}
        said[plan.named(KNOWN)] = {"modality": "series", "settings": {**DETAIL, **told}}
    said |= dict.fromkeys(plan.levels, "number")
    if plan.clock.dates:
        said[plan.time] = "date"
    if plan.group is not None:
        said[plan.group] = "category"
    still = table.column_names if learning else table.overrides
    for name in (name for name in plan.still if name in still):
        column = table.schema[name]
        said[name] = {"modality": column.modality, "settings": dict(column.settings)}
    return Table(rows, name=table.name, policy=table.policy, overrides=said)
