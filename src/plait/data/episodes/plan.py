"""What the steps of a table of episodes are made of: columns, the space of actions, lengths."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from plait.data.free_names import free_name
from plait.data.histories.plan import is_amount
from plait.data.table import Table
from plait.errors import TableError
from plait.modalities import as_tuples
from plait.modalities.action.space import Space

TRAJECTORY, SPLIT, EPISODE = "trajectory", "split", "episode"
"""Names of columns of the moments, with an underscore behind where the table has such a column."""

LOOKBACK = 10
"""Steps that are looked at, where nothing else is said."""


@dataclass(frozen=True, kw_only=True)
class EpisodePlan:
    """How a table of steps becomes moments at which something is done.

    Attributes:
        action: Column of what was done.
        group: Column of the episode.
        time: Column of when.
        reward: Column of what a step brought.
        states: Columns of what was known when it was decided, of any modality.
        numbers: Those that are numbers, which are told of earlier steps too.
        split: Column that says which part each episode is of; None where a draw decides.
        lookback: Steps of a trajectory, the current one among them, at most.
        labels, low, high: The space of actions.
        returns: Of the episodes that are learned from: evenly spaced quantiles, ascending.
    """

    action: str
    group: str
    time: str
    reward: str
    states: tuple[str, ...]
    numbers: tuple[str, ...]
    split: str | None = None
    lookback: int = LOOKBACK
    labels: tuple[str, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    returns: tuple[float, ...] = ()

    @property
    def goal(self) -> str:
        """Name of the column of what is done."""
        return self.action

    @property
    def space(self) -> Space:
        """Which actions there are."""
        return Space(self.labels, self.low, self.high)

    def named(self, name: str) -> str:
        """Return a name for a column of the moments that no column of the table has."""
        own = {self.action, self.group, self.time, self.reward, self.split}
        return free_name(name, {*self.states, *own})

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> EpisodePlan:
        """Rebuild what `to_dict` gave."""
        return cls(**{name: as_tuples(value) for name, value in data.items()})


def plan_episodes(
    table: Table,
    action: str,
    *,
    group: str,
    time: str,
    reward: str,
    split: str | None,
    lookback: int | None = None,
    exclude: Sequence[str] = (),
) -> EpisodePlan:
    """Return how a table becomes moments; every column that is not said is of the state.

    Raises `TableError` where none is.
    """
    said = {action, group, time, reward, split, *exclude}
    others = [column for column in table.schema.values() if column.name not in said]
    if not others:
        raise TableError(
            "nothing is known of the state in which something is done",
            expected="at least one column beside action, episode, time and reward",
            received=", ".join(table.column_names),
        )
    return EpisodePlan(
        action=action,
        group=group,
        time=time,
        reward=reward,
        split=split,
        lookback=LOOKBACK if lookback is None else lookback,
        states=tuple(column.name for column in others),
        numbers=tuple(column.name for column in others if is_amount(table, column)),
    )
