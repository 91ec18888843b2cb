"""What the windows of a table are made of: columns, lengths, and how time goes on."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from plait.data.free_names import free_name
from plait.data.table import Table
from plait.data.windows.clock import Clock
from plait.data.windows.known import labels_ahead
from plait.data.windows.scale import spread_of
from plait.data.windows.usual import Usual
from plait.errors import TargetError, UsageError
from plait.modalities import traits_of_modality

BEFORE, BESIDE, SPLIT, BLOCK = "before", "beside", "split", "stretch of time"
KNOWN = "known ahead"
"""Names of columns of the windows, with an underscore behind where the table has such a column."""

MOST_BEFORE, TIMES_BEFORE = 512, 5
"""Steps that are looked at by default: so many times those ahead, no more than so many."""

LEAST_BEFORE = 24

MOST_KNOWN = 2048
"""Steps of what is known ahead, past ones with them, at most: more would be averaged together."""

MOST_LEVELS = 16
"""Targets whose level and spread are told as columns of their own, at most."""


@dataclass(frozen=True, kw_only=True)
class WindowPlan:
    """How a table of rows in time becomes windows.

    Attributes:
        targets: Columns of numbers that are forecast.
        time: Column of the times.
        group: Column that says whose row it is (a store, a machine); None where all rows are one
            series.
        horizon: Steps ahead.
        lookback: Steps that came before, at most.
        clock: How time goes on from row to row.
        beside: Other columns of numbers, of which the past is told.
        still: Other columns, which are told as they last were.
        known: Column whose values are known ahead -> the labels it is told as; () for a number.
        floors: Target -> its least value, of those that are told in logarithms.
        usual: How widely series vary, for those of which little is known; None where all rows are
            one series.
        split: Column that says which part each row is of, ``train``, ``validation`` or ``test``;
            None where time decides.
    """

    targets: tuple[str, ...]
    time: str
    group: str | None
    horizon: int
    lookback: int
    clock: Clock
    beside: tuple[str, ...] = ()
    still: tuple[str, ...] = ()
    known: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    floors: Mapping[str, float] = field(default_factory=dict)
    usual: Usual | None = None
    split: str | None = None

    @property
    def goal(self) -> str:
        """Name of the column of what comes after."""
        return ", ".join(self.targets)

    @property
    def levels(self) -> tuple[str, ...]:
        """Names of the columns that tell how high and how wide each target was, in turn."""
        if len(self.targets) > MOST_LEVELS:
            return ()
        return tuple(
            name
            for target in self.targets
            for name in (f"level of {target}", f"spread of {target}")
        )

    @property
    def own(self) -> tuple[str, ...]:
        """Names of the columns that tell of one series alone: whose it is, and how high; none
        where all rows are one series."""
        return () if self.group is None else (self.group, *self.levels)

    def spread(self, known: np.ndarray) -> np.ndarray:
        """Return the spread of a series of which ``[step, target]`` is known, float64
        ``[target]``."""
        return spread_of(known) if self.usual is None else self.usual.spread(known)

    def named(self, name: str) -> str:
        """Return a name for a column of the windows that no column of the table has."""
        return free_name(name, {*self.still, self.time, self.group, self.split, self.goal})

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> WindowPlan:
        """Rebuild what `to_dict` gave."""
        names = {name: tuple(data[name]) for name in ("targets", "beside", "still")}
        known = {name: tuple(labels) for name, labels in data.get("known", {}).items()}
        told = {name: tuple(one) for name, one in (data.get("usual") or {}).items()}
        usual = Usual(**told) if told else None
        clock = Clock(**data["clock"])
        return cls(**{**data, **names, "known": known, "usual": usual, "clock": clock})


def plan_windows(
    table: Table,
    targets: Sequence[str],
    *,
    time: str | None,
    group: str | None,
    horizon: int,
    lookback: int | None,
    known: Sequence[str] = (),
    split: str | None = None,
    exclude: Sequence[str] = (),
    clock: Clock | None,
) -> WindowPlan:
    """Return what the windows of a table are.

    Args:
        table: Rows in time, which has all of the columns that are named.
        targets: What is forecast.
        time, group, horizon, lookback, split: See `WindowPlan`; no lookback is five times the
            horizon.
        known: Columns that are known ahead.
        exclude: Columns that tell nothing.
        clock: How time goes on.

    Raises:
        UsageError: No time, or lengths that are none.
        TargetError: A target is no number.
        ColumnError, UsageError, TargetError: See `labels_ahead`.
    """
    if time is None or clock is None:
        raise UsageError(
            "a forecast needs to know when each row was",
            expected="a column of times",
            hint="name it with --time date",
        )
    for name, steps in (("horizon", horizon), ("lookback", lookback)):
        if steps is not None and steps < 1:
            raise UsageError(f"the {name} is no length", expected="1 step or more", received=steps)
    for name in targets:
        if not _is_number(table.schema[name]):
            raise TargetError(
                "only numbers are forecast",
                expected="a column of numbers",
                received=f"{table.schema[name].modality or table.schema[name].why}",
                column=name,
                hint=f"if it is one, say so: --columns {name}=number",
            )
    labels = labels_ahead(table, known, (*targets, time, group, split, *exclude))
    said = {*targets, time, group, split, *exclude, *labels}
    others = [column for column in table.schema.values() if column.name not in said]
    amounts = [column.name for column in others if _is_number(column)]
    if lookback is None:
        lookback = min(max(TIMES_BEFORE * horizon, LEAST_BEFORE), MOST_BEFORE)
    if labels and lookback + horizon > MOST_KNOWN:
        raise UsageError(
            "what is known ahead is of too many steps",
            expected=f"at most {MOST_KNOWN:,} steps, lookback and horizon together",
            received=f"{lookback + horizon:,} steps",
            hint="ask for a shorter --horizon or --lookback",
        )
    return WindowPlan(
        targets=tuple(targets),
        time=time,
        group=group,
        horizon=horizon,
        lookback=lookback,
        clock=clock,
        known=labels,
        split=split,
        beside=tuple(amounts),
        still=tuple(column.name for column in others if column.name not in amounts),
    )


def _is_number(column: Any) -> bool:
    """Tell whether a column holds amounts, and no moments."""
    traits = traits_of_modality(column.modality)
    return traits.amount and not traits.moment
