"""Moments as a table: each row is a group's history up to a time, and what it took next."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from plait.data.histories.events import PARTS, Events, read_events
from plait.data.histories.plan import HISTORY, SPLIT, WHO, HistoryPlan
from plait.data.overrides import Override
from plait.data.table import Table
from plait.errors import TableError
from plait.modalities.history.cells import History
from plait.spacing import evenly_spaced
from plait.types import Cell

MOST_JUDGED = 1000
"""Moments that choose, and that are the test, at most each, evenly spread; more never say more."""


@dataclass(frozen=True)
class Moment:
    """A time at which a group takes an item.

    Attributes:
        group: Place of the group.
        event: Its event that comes next; as many as it has where nobody knows what.
        part: ``train``, ``validation`` or ``test``; "" of one that is only asked.
    """

    group: int
    event: int
    part: str = ""


class HistoryRows:
    """Rows of moments, made when they are read; see `plait.data.sources.rows.Rows`.

    Args:
        table: The interactions.
        plan: How they become moments.
        events: The same, group by group.
        moments: Which.
        titles: Name of an item -> what people call it.
        notes: What people should know.
    """

    overlap = True
    """Moments of one group share most of their history: being alike is no sign of copies."""

    def __init__(
        self,
        table: Table,
        plan: HistoryPlan,
        events: Sequence[Events],
        moments: Sequence[Moment],
        titles: Mapping[str, str],
        notes: tuple[str, ...] = (),
    ) -> None:
        self._table, self._plan, self._events, self._moments = table, plan, events, moments
        self._titles = titles
        self.num_rows, self.notes = len(moments), (*table.notes, *notes)
        told = (plan.named(HISTORY), *plan.still, plan.goal)
        self.column_names = (*told, plan.named(SPLIT), plan.named(WHO))

    @property
    def key(self) -> str:
        """Changes with the table, the plan, and the moments."""
        about = json.dumps([self._plan.to_dict(), [vars(one) for one in self._moments]])
        return hashlib.sha256(f"{self._table.key}|{about}".encode()).hexdigest()

    def given_row(self, column: str, row: int) -> int:
        """Return the row of the interactions that a cell is from: of what it knows, the last."""
        moment = self._moments[row]
        events = self._events[moment.group]
        if column in self._plan.still or not len(events):
            return events.row
        return int(events.rows[min(moment.event, len(events) - 1)])

    def read(self, column: str, first: int, stop: int) -> list[Cell]:
        """Return the cells of rows ``first`` to ``stop - 1``."""
        return self.pick(column, np.arange(first, stop))

    def pick(self, column: str, rows: np.ndarray) -> list[Cell]:
        """Return the cells of the given row numbers, in that order."""
        plan, some = self._plan, [self._moments[int(row)] for row in rows]
        if column in plan.still:
            if column not in self._table.column_names:
                return [None] * len(some)
            return self._table.column(column, [self._events[m.group].row for m in some])
        return [self._cell(column, one) for one in some]

    def _cell(self, column: str, moment: Moment) -> Cell:
        plan, events = self._plan, self._events[moment.group]
        if column == plan.named(HISTORY):
            return self._history(events, moment)
        if column == plan.goal:
            return None if moment.event >= len(events) else events.items[moment.event]
        if column == plan.named(SPLIT):
            return moment.part or None
        return f"{events.name} {moment.part}".strip()

    def _history(self, events: Events, moment: Moment) -> Cell:
        if moment.event >= len(events):
            places = np.arange(len(events))[-self._plan.lookback :]
        else:
            places = events.before(moment.event, self._plan.lookback)
        if not len(places):
            return None
        items = tuple(events.items[places].tolist())
        titles = tuple(self._titles.get(name, name) for name in items) if self._titles else ()
        amounts = events.amounts[places] if self._plan.amounts else None
        return History(items, events.times[places], amounts, self._plan.amounts, titles)


def learning_histories(
    table: Table,
    plan: HistoryPlan,
    events: Sequence[Events],
    settings: Mapping[str, Any],
    titles: Mapping[str, str],
    notes: Sequence[str] = (),
) -> Table:
    """Return the moments to learn from, to choose by, and to judge by.

    What is learned is told once for each group, as its last item with all before it (of long ones,
    several times, each with its own part of the history): no history holds what is of a later part.
    Of the others, each item with any before it is a moment.

    Args:
        table, plan, titles, notes: See `HistoryRows`.
        events: From `read_events`.
        settings: Of the target's codec.

    Raises:
        TableError: There is none to learn from, or where no column says the parts, a part has none.
    """
    kept: list[Moment] = []
    for number, one in enumerate(events):
        train = np.flatnonzero(one.parts == 0)
        kept += [Moment(number, int(event), PARTS[0]) for event in _last_ones(train, plan)]
    new = 0
    for number, part in enumerate(PARTS[1:], 1):
        own = []
        for place, one in enumerate(events):
            for event in np.flatnonzero(one.parts == number):
                if len(one.before(int(event), plan.lookback)):
                    own.append(Moment(place, int(event), part))
                else:
                    new += 1
        if not kept or not (own or plan.split is not None):
            raise _too_few(plan, sum(map(len, events)), part)
        kept += [own[place] for place in evenly_spaced(len(own), MOST_JUDGED)]
    told = [f"{len(events):,} histories of '{plan.group}': {_how(plan)}"]
    if new:
        told.append(f"{new:,} interactions after training are the first of their '{plan.group}'")
    rows = HistoryRows(table, plan, events, kept, titles, (*told, *notes))
    return history_table(table, plan, rows, settings)


def judging_histories(table: Table, plan: HistoryPlan, titles: Mapping[str, str]) -> Table:
    """Return the moments of new rows by which a model is judged: items with any before them.

    Where the table has the plan's split, those of the test; where each group's last item is the
    test, the last ones; else all. At most some, evenly spread.

    Raises `TableError` where there is none.
    """
    own = plan.split is not None and plan.split in table.column_names
    events, _ = read_events(table, plan)
    judged = own and any((one.parts == 2).any() for one in events)
    found = []
    for place, one in enumerate(events):
        for event in range(1, len(one)):
            if judged and one.parts[event] != 2:
                continue
            if plan.last_out and event < len(one) - 1:
                continue
            found.append(Moment(place, event, PARTS[2] if judged else ""))
    if not found:
        raise _too_few(plan, sum(map(len, events)), "the test")
    moments = [found[place] for place in evenly_spaced(len(found), MOST_JUDGED)]
    return history_table(table, plan, HistoryRows(table, plan, events, moments, titles), {})


def last_histories(
    table: Table, plan: HistoryPlan, titles: Mapping[str, str]
) -> tuple[Table, list[Events]]:
    """Return one moment for each group, of which nobody knows what comes next, and the groups."""
    events, _ = read_events(table, plan)
    moments = [Moment(number, len(one)) for number, one in enumerate(events)]
    rows = HistoryRows(table, plan, events, moments, titles)
    return history_table(table, plan, rows, {}), events


def history_table(
    table: Table, plan: HistoryPlan, rows: HistoryRows, settings: Mapping[str, Any]
) -> Table:
    """Return moments as a table that says what its columns are; settings are the target's."""
    of = " and ".join(f"'{name}'" for name in (plan.group, plan.time) if name)
    said: dict[str, Override] = {
        plan.named(HISTORY): {
            "modality": "history",
            "settings": {"longest": plan.lookback},
            "why": f"what '{plan.item}' held before, in time",
        },
        plan.goal: {"modality": "item", "settings": dict(settings)},
        plan.named(SPLIT): {"modality": None, "role": "split", "why": "by the time of each row"},
        plan.named(WHO): {"modality": None, "role": "group", "why": f"made of {of}"},
    }
    for name in (name for name in plan.still if name in table.column_names):
        column = table.schema[name]
        said[name] = {"modality": column.modality, "settings": dict(column.settings)}
    return Table(rows, name=table.name, policy=table.policy, overrides=said)


def _last_ones(train: np.ndarray, plan: HistoryPlan) -> list[int]:
    """Return the events whose histories tell each interaction of training once."""
    return [int(event) for event in train[::-1][:: plan.lookback + 1]]


def _how(plan: HistoryPlan) -> str:
    if plan.last_out:
        return "the last item of each is the test, the one before it chooses"
    if plan.split is not None:
        return "split as said"
    return "the latest fifth of all interactions is the test"


def _too_few(plan: HistoryPlan, num: int, part: str) -> TableError:
    return TableError(
        f"there are too few interactions to learn what comes next: none is left for {part}",
        expected=f"groups that take several items before and after, about {10 * 3} rows or more",
        received=f"{num:,} rows with an item",
        column=plan.time,
        hint="--leave-last-out makes the last item of each group the test",
    )
