"""Moments as a table: each row is a step, with what is known at it and what was done."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from plait.data.by_column import read_splits
from plait.data.episodes.episodes import Episode
from plait.data.episodes.plan import EPISODE, SPLIT, TRAJECTORY, EpisodePlan
from plait.data.overrides import Override
from plait.data.table import Table
from plait.errors import TableError
from plait.spacing import evenly_spaced
from plait.types import Cell

PARTS = ("train", "validation", "test")
"""In the order of their numbers in `plait.data.allotting`."""

SHARES = (0.8, 0.1)
"""Of the episodes, so many are learned from, the next choose, the others are the test."""

MOST = (12_000, 1000, 1000)
"""Steps of each part, evenly spread, at most: each tells what was done at all steps before it."""

LEAST_EPISODES = 5


@dataclass(frozen=True)
class Moment:
    """A step at which something is done.

    Attributes:
        episode: Place of the episode.
        step: Its number.
        part: ``train``, ``validation`` or ``test``; "" of one that is only asked.
    """

    episode: int
    step: int
    part: str = ""


class EpisodeRows:
    """Rows of moments, made when they are read; see `plait.data.sources.rows.Rows`.

    Args:
        table: The steps.
        plan: How they become moments.
        episodes: The same, episode by episode.
        moments: Which.
        worths: Of each episode, see `worths_of`; empty where nothing is known.
        notes: What people should know.
        wanted: The return that is wanted, where it is asked what to do; None tells what each
            episode reached.
    """

    overlap = True
    """Moments of one episode share most of their steps: being alike is no sign of copies."""

    def __init__(
        self,
        table: Table,
        plan: EpisodePlan,
        episodes: Sequence[Episode],
        moments: Sequence[Moment],
        worths: Sequence[float] = (),
        notes: tuple[str, ...] = (),
        wanted: float | None = None,
    ) -> None:
        self._table, self._plan, self._episodes, self._moments = table, plan, episodes, moments
        self._worths, self._wanted = worths, wanted
        self._to_go = [one.to_go if wanted is None else one.for_return(wanted) for one in episodes]
        self.num_rows, self.notes = len(moments), (*table.notes, *notes)
        told = (plan.named(TRAJECTORY), *plan.states, plan.goal)
        self.column_names = (*told, plan.named(SPLIT), plan.named(EPISODE))

    @property
    def key(self) -> str:
        """Changes with the table, the plan, and the moments."""
        moments = [vars(one) for one in self._moments]
        about = json.dumps([self._plan.to_dict(), moments, self._wanted, list(self._worths)])
        return hashlib.sha256(f"{self._table.key}|{about}".encode()).hexdigest()

    def given_row(self, column: str, row: int) -> int:
        """Return the row of the steps that a cell is from."""
        moment = self._moments[row]
        return int(self._episodes[moment.episode].rows[moment.step])

    def read(self, column: str, first: int, stop: int) -> list[Cell]:
        """Return the cells of rows ``first`` to ``stop - 1``."""
        return self.pick(column, np.arange(first, stop))

    def pick(self, column: str, rows: np.ndarray) -> list[Cell]:
        """Return the cells of the given row numbers, in that order."""
        plan, some = self._plan, [self._moments[int(row)] for row in rows]
        if column in plan.states:
            if column not in self._table.column_names:
                return [None] * len(some)
            places = [int(self._episodes[one.episode].rows[one.step]) for one in some]
            return self._table.column(column, places)
        return [self._cell(column, one) for one in some]

    def _cell(self, column: str, moment: Moment) -> Cell:
        plan, episode = self._plan, self._episodes[moment.episode]
        if column == plan.named(TRAJECTORY):
            return episode.until(moment.step, plan, self._to_go[moment.episode])
        if column == plan.goal:
            action = episode.actions[moment.step]
            if action is None or not len(self._worths):
                return action
            return replace(action, worth=self._worths[moment.episode])
        if column == plan.named(SPLIT):
            return moment.part or None
        return episode.name


def parts_of(table: Table, plan: EpisodePlan, episodes: Sequence[Episode], seed: int) -> np.ndarray:
    """Return the part of each episode, int8 ``[episode]``, as the plan's column says, or drawn.

    Raises `TableError` for too few episodes, or one that lies in two parts.
    """
    if plan.split is not None and plan.split in table.column_names:
        said = read_splits(table, plan.split)
        for one in episodes:
            other = one.rows[said[one.rows] != said[one.rows[0]]]
            if len(other):
                raise TableError(
                    f"episode '{one.name}' lies in two parts",
                    expected="all steps of an episode in one",
                    column=plan.split,
                    row=int(other[0]),
                )
        return np.array([said[one.rows[0]] for one in episodes], np.int8)
    num = len(episodes)
    if num < LEAST_EPISODES:
        raise TableError(
            "there are too few episodes to learn from some and to judge by others",
            expected=f"{LEAST_EPISODES} or more",
            received=f"{num}",
            column=plan.group,
        )
    order = np.random.default_rng(seed).permutation(num)
    found, few = np.full(num, 2, np.int8), max(1, round(SHARES[1] * num))
    found[order[: num - 2 * few]] = 0
    found[order[num - 2 * few : num - few]] = 1
    return found


def learning_episodes(
    table: Table,
    plan: EpisodePlan,
    episodes: Sequence[Episode],
    parts: np.ndarray,
    settings: Mapping[str, Mapping[str, Any]],
    notes: Sequence[str] = (),
) -> Table:
    """Return the moments to learn from, to choose by, and to judge by: no episode is in two.

    Args:
        table, plan, episodes, notes: See `EpisodeRows`.
        parts: From `parts_of`.
        settings: Of the codecs of the action and of the trajectory, by modality.

    Raises:
        TableError: A part has no step of which it is known what was done.
    """
    kept: list[Moment] = []
    for number, most in enumerate(MOST):
        own = known_moments(episodes, np.flatnonzero(parts == number), PARTS[number])
        if not own and not (number and plan.split is not None):
            raise TableError(
                f"no step of the {PARTS[number]} part says what was done",
                expected="episodes of two steps or more",
                column=plan.action,
            )
        kept += [own[place] for place in evenly_spaced(len(own), most)]
    worths = worths_of(episodes, plan.returns)
    rows = EpisodeRows(table, plan, episodes, kept, worths, tuple(notes))
    columns = (table.schema[name] for name in plan.states)
    states = {
        one.name: {"modality": one.modality, "settings": dict(one.settings)} for one in columns
    }
    return episode_table(table, plan, rows, settings, states)


def known_moments(
    episodes: Sequence[Episode], places: Sequence[int] | np.ndarray, part: str = ""
) -> list[Moment]:
    """Return all steps of some episodes of which it is known what was done."""
    return [
        Moment(int(place), step, part)
        for place in places
        for step, action in enumerate(episodes[int(place)].actions)
        if action is not None
    ]


def worths_of(episodes: Sequence[Episode], ascending: Sequence[float]) -> list[float]:
    """Return of each episode the share of training's returns that are no higher."""
    places = np.searchsorted(ascending, [one.total for one in episodes], side="right")
    shares: list[float] = (places / max(len(ascending), 1)).tolist()
    return shares


def episode_table(
    table: Table,
    plan: EpisodePlan,
    rows: Any,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    states: Mapping[str, Override] | None = None,
) -> Table:
    """Return moments as a table that says what its columns are; of states, what is said here."""
    settings = settings or {}
    said: dict[str, Override] = {
        plan.named(TRAJECTORY): {
            "modality": "trajectory",
            "settings": {"longest": plan.lookback, **settings.get("trajectory", {})},
        },
        plan.goal: {"modality": "action", "settings": dict(settings.get("action", {}))},
        plan.named(SPLIT): "split",
        plan.named(EPISODE): "group",
    }
    said = {name: kind for name, kind in said.items() if name in rows.column_names}
    said |= states or {}
    return Table(rows, name=table.name, policy=table.policy, overrides=said)
