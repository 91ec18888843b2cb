"""Episodes as arrays: steps in the order of time, with states, rewards, and what was done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from plait.data.by_time import read_times
from plait.data.decoding import placed, read_cell
from plait.data.episodes.plan import EpisodePlan
from plait.data.table import Table
from plait.data.windows.steps import numbers_of, rows_by_group
from plait.errors import CellError, TableError, no_column
from plait.modalities.action.cells import Action
from plait.modalities.trajectory.cells import Trajectory


@dataclass(frozen=True)
class Episode:
    """The steps of one episode in the order of time.

    Attributes:
        name: As its column says.
        rows: int64 ``[step]``, of the table.
        states: float32 ``[step, number]``, NaN where nothing is known.
        rewards: float64 ``[step]``.
        actions: What was done; None where that is not known.
    """

    name: str
    rows: np.ndarray
    states: np.ndarray
    rewards: np.ndarray
    actions: tuple[Action | None, ...]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def total(self) -> float:
        """The return of the whole episode: the sum of its rewards."""
        return float(self.rewards.sum())

    @property
    def to_go(self) -> np.ndarray:
        """The return to go at each step: its reward and all that follow, float64 ``[step]``."""
        return np.cumsum(self.rewards[::-1])[::-1]

    def for_return(self, wanted: float) -> np.ndarray:
        """Return what is left of a wanted return at each step, by the rewards before it alone."""
        before = np.concatenate([[0.0], np.cumsum(self.rewards)[:-1]])
        return wanted - before

    def until(self, step: int, plan: EpisodePlan, to_go: np.ndarray) -> Trajectory:
        """Return what is known at a step: states up to it, actions before it, and returns to go."""
        first = max(step + 1 - plan.lookback, 0)
        return Trajectory(
            plan.numbers,
            self.states[first : step + 1],
            to_go[first : step + 1],
            self.actions[first:step],
            first,
        )


def read_episodes(
    table: Table, plan: EpisodePlan, codec: Any, *, recorded: bool
) -> tuple[list[Episode], tuple[str, ...]]:
    """Return the episodes of a table, and what to say of them.

    Args:
        table: Rows of steps.
        plan: Which column is what.
        codec: Reads actions.
        recorded: Whether all of it was recorded: each step must have a reward, each but the last
            an action; a last step without one need not have a reward. Else it is asked what to do:
            columns may be missing, a table without episodes is one of first steps, and a last step
            has no reward yet.

    Raises:
        TableError: A step without a reward or an action, one time twice, an episode of one step.
        CellError: An action outside of the space, or of other numbers than most; a reward or a
            number of a state that is none.
        ColumnError: A column is not there.
    """
    needed = (plan.action, plan.group, plan.time, plan.reward) if recorded else ()
    for name in needed:
        if name not in table.column_names:
            raise no_column(name, table.column_names)
    groups = {str(row): np.array([row]) for row in range(table.num_rows)}
    if plan.group in table.column_names:
        groups = rows_by_group(table, plan.group)
    times = np.arange(table.num_rows, dtype=np.float64)
    if plan.time in table.column_names:
        times = read_times(table, plan.time)
    rewards, actions = numbers_of(table, plan.reward), _actions(table, plan.action, codec)
    states = [numbers_of(table, name) for name in plan.numbers]
    numbers = np.array(states, np.float32).reshape(len(states), table.num_rows).T
    found, moved = [], 0
    if recorded:
        actions = _of_one_kind(actions, plan.action, skips=table.policy.skips)
    for name, rows in groups.items():
        order = np.argsort(times[rows], kind="stable")
        moved += int((np.diff(order) < 0).any())
        own = rows[order]
        _check_times(times[own], own, name, plan)
        if recorded and actions[int(own[-1])] is None:  # what was seen when all was over
            rewards[own[-1]] = np.nan_to_num(rewards[own[-1]])
        if recorded:
            _check_recorded(own, rewards, actions, name, plan, skips=table.policy.skips)
        elif plan.reward in table.column_names:
            _check_rewards(own[:-1], rewards, name, plan)
        told = tuple(actions[int(row)] for row in own)
        found.append(Episode(name, own, numbers[own], np.nan_to_num(rewards[own]), told))
    notes = [f"{moved:,} episodes were put in the order of '{plan.time}'"] if moved else []
    return found, tuple(notes)


def _actions(table: Table, column: str, codec: Any) -> list[Action | None]:
    """Return what was done in each row. Raises `CellError` unless such cells are skipped."""
    if column not in table.column_names:
        return [None] * table.num_rows
    media, found = table.media(), list[Action | None]()
    for first, cells in table.batches([column]):
        for place, cell in enumerate(cells[column]):
            try:
                found.append(read_cell(codec, cell, media))
            except CellError as error:
                if not table.policy.skips:
                    raise placed(error, column, first + place) from None
                found.append(None)
    return found


def _of_one_kind(
    actions: Sequence[Action | None], column: str, *, skips: bool
) -> list[Action | None]:
    """Return actions that are all names, or lists of as many numbers.

    Raises `CellError` at the first that is not as most are, or where those are skipped, leaves it.
    """
    sizes = [0 if one is None or len(one.numbers) < 2 else len(one.numbers) for one in actions]
    known = Counter(size for one, size in zip(actions, sizes, strict=True) if one is not None)
    usual = max(known, key=lambda size: known[size], default=0)
    other = [size != usual and one is not None for one, size in zip(actions, sizes, strict=True)]
    if any(other) and not skips:
        row = other.index(True)
        raise CellError(
            "an action is of another kind than most",
            expected=f"{usual} numbers" if usual else "a name, or one number",
            received=getattr(actions[row], "name", None),
            column=column,
            row=row,
            hint="mend or remove the row, or leave it out with --on-error skip",
        )
    return [None if wrong else one for one, wrong in zip(actions, other, strict=True)]


def _check_times(times: np.ndarray, rows: np.ndarray, name: str, plan: EpisodePlan) -> None:
    twice = np.flatnonzero(np.diff(times) == 0)
    if len(twice):
        raise TableError(
            f"two steps of episode '{name}' are of the same time",
            expected="each step at a time of its own",
            received=f"{times[twice[0]]:g}, also in row {rows[twice[0]]}",
            column=plan.time,
            row=int(rows[twice[0] + 1]),
            hint="number the steps of each episode: 0, 1, 2, ...",
        )


def _check_recorded(
    rows: np.ndarray,
    rewards: np.ndarray,
    actions: Sequence[Action | None],
    name: str,
    plan: EpisodePlan,
    *,
    skips: bool,
) -> None:
    if len(rows) < 2:
        raise TableError(
            f"episode '{name}' has one step only, of which nothing follows",
            expected="two steps or more in each episode",
            column=plan.group,
            row=int(rows[0]),
            hint="remove it, or name the column of episodes with --group",
        )
    _check_rewards(rows, rewards, name, plan)
    for row in () if skips else rows[:-1]:
        if actions[int(row)] is None:
            raise TableError(
                f"a step of episode '{name}' does not say what was done",
                expected="an action in every row but the last of an episode",
                column=plan.action,
                row=int(row),
                hint="fill or remove the row; with --on-error skip nothing is learned of it",
            )


def _check_rewards(rows: np.ndarray, rewards: np.ndarray, name: str, plan: EpisodePlan) -> None:
    unknown = rows[~np.isfinite(rewards[rows])]
    if len(unknown):
        raise TableError(
            f"a step of episode '{name}' has no reward, so no return is known",
            expected="a number in every row",
            column=plan.reward,
            row=int(unknown[0]),
            hint="fill it (0 where a step brings nothing), or remove the episode",
        )
