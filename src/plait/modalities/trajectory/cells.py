"""Trajectories as cells hold them: lists of steps, the current one last."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from plait.errors import CellError, LimitError
from plait.modalities.action.cells import Action, read_action
from plait.modalities.told_lists import is_list_of, number_in
from plait.types import Cell

RESERVED = ("return_to_go", "action", "step")

MOST_STEPS = 10_000
"""Of a cell."""


@dataclass(frozen=True, eq=False)
class Trajectory:
    """The last steps of an episode, the current one last.

    Attributes:
        names: Of the numbers of a state.
        states: float32 ``[time, number]``, NaN where nothing is known.
        returns: float64 ``[time]``: the return to go at each step, in units of the rewards.
        actions: What was done at each step but the last; None where that is not known.
        first: Number of the first of these steps in its episode, from 0.
    """

    names: tuple[str, ...]
    states: np.ndarray
    returns: np.ndarray
    actions: tuple[Action | None, ...] = ()
    first: int = 0


def read_trajectory(cell: Cell) -> Trajectory | None:
    """Decode a cell: a `Trajectory`, or a list of steps, of which the last is the current one.

    A step is an object of ``return_to_go``, the ``action``, and numbers of its state by name; lists
    are JSON where they are text. None where there is no step. Raises `CellError`, `LimitError`.
    """
    if isinstance(cell, Trajectory):
        return cell if len(cell.returns) else None
    if isinstance(cell, str):
        try:
            cell = json.loads(cell)
        except (ValueError, RecursionError):
            raise _no_trajectory(cell) from None
    if isinstance(cell, np.ndarray):
        cell = cell.tolist()
    listed = isinstance(cell, Sequence) and not isinstance(cell, str | bytes)
    if not listed or not all(isinstance(one, Mapping) for one in cell):
        raise _no_trajectory(cell)
    if len(cell) > MOST_STEPS:
        raise LimitError(
            "the trajectory is too long",
            expected=f"at most {MOST_STEPS:,} steps",
            received=f"{len(cell):,} steps",
        )
    return _of_steps(cell) if len(cell) else None


def is_told(value: Any) -> bool:
    """Tell whether a cell is surely a trajectory: a list of objects with a return to go each."""
    return isinstance(value, Trajectory) or is_list_of(value, "return_to_go")


def _of_steps(steps: Sequence[Mapping[str, Any]]) -> Trajectory:
    names = tuple(sorted({str(n) for one in steps for n in one if n not in RESERVED}))
    states = [[number_in(one.get(name), name, of="a step") for name in names] for one in steps]
    returns = np.array(
        [number_in(one.get("return_to_go"), "return_to_go", of="a step") for one in steps]
    )
    first = number_in(steps[0].get("step", 0), "step", of="a step")
    return Trajectory(
        names,
        np.array(states, np.float32).reshape(len(steps), len(names)),
        np.nan_to_num(returns),
        tuple(read_action(one.get("action")) if one.get("action") is not None else None
              for one in steps[:-1]),
        int(min(max(np.nan_to_num(first), 0), MOST_STEPS)),
    )  # fmt: skip


def _no_trajectory(cell: Any) -> CellError:
    return CellError(
        "not a trajectory",
        expected='a list of steps, for example [{"return_to_go": 9, "x": 0.5, "action": "left"}]',
        received=cell,
    )
