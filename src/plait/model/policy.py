"""What to do: at each step of a table's episodes, for a return that is wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from plait.answer import Answer
from plait.data.episodes.episodes import read_episodes
from plait.data.episodes.plan import TRAJECTORY, EpisodePlan
from plait.data.episodes.rows import EpisodeRows, Moment, episode_table, known_moments, worths_of
from plait.data.sources.rows import MemoryRows
from plait.data.table import Table
from plait.errors import TableError, UsageError
from plait.modalities import Asked
from plait.modalities.action.cells import Action
from plait.modalities.trajectory.cells import Trajectory
from plait.model.made import raw_of
from plait.model.wants import Wants
from plait.progress import Progress
from plait.spacing import evenly_spaced
from plait.types import Cell

if TYPE_CHECKING:
    from plait.model.model import Model

WANTED = 0.95
"""Quantile of training's returns that is wanted, where nothing else is said."""

MOST_JUDGED = 1000
"""Steps by which a policy is judged, evenly spread."""


@dataclass(frozen=True)
class Policy:
    """What a model needs to tell what to do.

    Attributes:
        plan: How steps become moments.
    """

    plan: EpisodePlan

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return {"plan": self.plan.to_dict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Policy:
        """Rebuild what `to_dict` gave."""
        return cls(EpisodePlan.from_dict(data["plan"]))

    def wanted(self, return_to_go: float | None) -> float:
        """Return the return that is wanted: as said, or a high one of training.

        Raises `UsageError` for one that is no number.
        """
        if return_to_go is None:
            return float(np.quantile(self.plan.returns, WANTED))
        if not np.isfinite(return_to_go):
            raise UsageError("the return is no number", expected="a number", received=return_to_go)
        return float(return_to_go)

    def reads(self, table: Table) -> bool:
        """Tell whether a table is of steps; it may also hold whole trajectories in its cells."""
        there, plan = set(table.column_names), self.plan
        named = bool({plan.group, plan.time, *plan.states} & there)
        return named and not table.overlaps and plan.named(TRAJECTORY) not in there

    def judging(self, model: Model, table: Table) -> Table:
        """Return the steps by which a model is judged, with the returns that were reached.

        Raises `TableError` where no step says what was done; see `read_episodes`.
        """
        plan, codec = self.plan, model.target_codec
        episodes, notes = read_episodes(table, plan, codec, recorded=True)
        every = known_moments(episodes, range(len(episodes)))
        if not every:
            raise TableError("no step says what was done", column=plan.action)
        moments = [every[place] for place in evenly_spaced(len(every), MOST_JUDGED)]
        worths = worths_of(episodes, plan.returns)
        rows = EpisodeRows(table, plan, episodes, moments, worths, notes)
        return episode_table(table, plan, rows)

    def answer(
        self,
        model: Model,
        table: Table,
        asked: Asked | None,
        progress: Progress,
        wants: Wants,
    ) -> Answer:
        """Return what to do at each row of a table, in its order.

        Columns are the episode and the time, where the table has them, the ``return_to_go`` that is
        left of the one that is wanted by the rewards before, and the ``prediction``. A row sees
        what is before it in its episode, and nothing behind it.
        """
        wants.only("return_to_go")
        plan, wanted = self.plan, self.wanted(wants.return_to_go)
        episodes, _ = read_episodes(table, plan, model.target_codec, recorded=False)
        moments = [
            Moment(place, step) for place, one in enumerate(episodes) for step in range(len(one))
        ]
        places = [int(episodes[one.episode].rows[one.step]) for one in moments]
        moments = [moments[int(one)] for one in np.argsort(places, kind="stable")]
        rows = EpisodeRows(table, plan, episodes, moments, wanted=wanted)
        asking = episode_table(table, plan, rows)
        outputs = model.outputs_of(asking, asked=asked, progress=progress)
        left = [one.for_return(wanted) for one in episodes]
        columns: dict[str, Any] = {
            name: table.column(name)
            for name in (plan.group, plan.time)
            if name in table.column_names
        }
        columns["return_to_go"] = [float(left[one.episode][one.step]) for one in moments]
        return Answer({**columns, **model.predictor.answer(outputs)})

    def decide(
        self,
        model: Model,
        trajectories: Sequence[Trajectory],
        states: Mapping[str, Sequence[Cell]],
        asked: Asked | None = None,
    ) -> list[Action]:
        """Return what to do at the end of each trajectory.

        Args:
            model: Whose policy this is.
            trajectories: What is known of each episode so far.
            states: Column -> cell of the current step of each.
        """
        plan = self.plan
        cells = {name: list(column) for name, column in states.items()}
        rows = MemoryRows({plan.named(TRAJECTORY): list(trajectories), **cells})
        table = episode_table(Table(rows), plan, rows)
        return list(raw_of(model.outputs_of(table, asked=asked)))
