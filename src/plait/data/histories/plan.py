"""What the moments of a table of interactions are made of: columns, lengths and parts."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from plait.data.free_names import free_name
from plait.data.schema import Column
from plait.data.table import Table
from plait.data.windows.steps import is_plain_number
from plait.modalities import as_tuples, traits_of_modality
from plait.types import Cell, is_missing

HISTORY, SPLIT, WHO = "history", "split", "who and when"
"""Names of columns of the moments, with an underscore behind where the table has such a column."""

MOST_BEFORE = 512
"""Items of a history that are looked at, at most."""


@dataclass(frozen=True, kw_only=True)
class HistoryPlan:
    """How a table of interactions becomes moments.

    Attributes:
        item: Column of what was taken.
        group: Column of who took it.
        time: Column of when.
        amounts: Columns of numbers that are known of each interaction: ratings, prices.
        still: Columns that are the same in all rows of a group: the age of a person.
        split: Column that says which part each row is of; None where time decides.
        last_out: Whether the last item of each group is the test, and the one before it chooses.
        lookback: Items of a history, at most.
    """

    item: str
    group: str
    time: str
    amounts: tuple[str, ...] = ()
    still: tuple[str, ...] = ()
    split: str | None = None
    last_out: bool = False
    lookback: int = MOST_BEFORE

    @property
    def goal(self) -> str:
        """Name of the column of what came next."""
        return self.item

    def named(self, name: str) -> str:
        """Return a name for a column of the moments that no column of the table has."""
        return free_name(name, {*self.still, self.item, self.group, self.time, self.split})

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> HistoryPlan:
        """Rebuild what `to_dict` gave."""
        return cls(**{name: as_tuples(value) for name, value in data.items()})


def plan_histories(
    table: Table,
    item: str,
    *,
    group: str,
    time: str,
    split: str | None,
    last_out: bool,
    exclude: Sequence[str] = (),
) -> tuple[HistoryPlan, tuple[str, ...], tuple[str, ...]]:
    """Return how a table becomes moments, columns that are of items, and those not told.

    A column that is the same in all rows of a group is told of the group; one that is the same in
    all rows of an item is of the item; other numbers are told of each interaction. What else varies
    from row to row is not told: of the next row it would not be known.
    """
    said = {item, group, time, split, *exclude}
    others = [column for column in table.schema.values() if column.name not in said]
    still, of_items, amounts, untold = [], [], [], []
    for column in others:
        if _is_one_per(table, column.name, group):
            still.append(column.name)
        elif _is_one_per(table, column.name, item):
            of_items.append(column.name)
        elif is_amount(table, column):
            amounts.append(column.name)
        else:
            untold.append(column.name)
    plan = HistoryPlan(
        item=item,
        group=group,
        time=time,
        amounts=tuple(amounts),
        still=tuple(still),
        split=split,
        last_out=last_out,
    )
    return plan, tuple(of_items), tuple(untold)


def is_amount(table: Table, column: Column) -> bool:
    """Tell whether a column holds numbers, few different ones too: stars from 1 to 5."""
    traits = traits_of_modality(column.modality)
    if traits.amount:
        return not traits.moment
    told = {str(cell) for cell in table.column(column.name) if not is_missing(cell)}
    return traits.labels and all(map(is_plain_number, told))


def _is_one_per(table: Table, column: str, key: str) -> bool:
    """Tell whether all rows of one key have the same cell, and not all keys the same."""
    known: dict[str, Cell] = {}
    for _, cells in table.batches([column, key]):
        for name, cell in zip(cells[key], cells[column], strict=True):
            if known.setdefault(str(name), str(cell)) != str(cell):
                return False
    return len(set(known.values())) > 1
