"""How many rounds to boost, and on which features: chosen on inner folds, within a time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from plait.baselines.boosting import (
    LEAST_TRAVEL,
    MAX_RATE,
    PROBE_ROUNDS,
    Grower,
    Grown,
    predict,
)
from plait.baselines.contract import is_late, part_of
from plait.baselines.folding import inner_folds
from plait.baselines.selection import Selection, narrow_width, select_features
from plait.baselines.views import Views

NUM_FOLDS, SMALL_ROWS = 4, 3000
WHOLE = 4 / 3
"""Growing on all rows takes about so many times what growing on those of a fold does."""

LEAST_ROOM = 16
"""With room for fewer features of wide columns, none is taken, unless there are no others."""


class Held(NamedTuple):
    """Rows that a search held out.

    Attributes:
        places: int64 ``[judged]``: places in the views.
        means: Per goal what boosters said that had not learned the rows (see `predict`).
    """

    places: np.ndarray
    means: Sequence[np.ndarray]


@dataclass(frozen=True)
class _Stage:
    """Boosters, one per goal, and the features that they see."""

    selection: Selection
    grown: list[Grown]


class RoundSearch:
    """Chooses the number of rounds on inner folds, then grows boosters on all rows.

    With a deadline, a few rounds are timed first: where it is too short, wide columns give fewer
    features, folds are left out, and the learning rate rises, so that boosting is complete.

    Args:
        views: Rows to learn from.
        targets: float32 ``[row, output]``: what features of wide columns are chosen by.
        goals: What is boosted, each ``[row]``.
        grower: Makes the boosters.
        deadline: Of `time.monotonic`.
    """

    def __init__(
        self,
        views: Views,
        targets: np.ndarray,
        goals: Sequence[np.ndarray],
        grower: Grower,
        deadline: float | None,
    ) -> None:
        self._views, self._targets, self._goals = views, targets, goals
        self._grower, self._deadline = grower, deadline
        self._room = int(np.clip(3e8 / (len(views) * targets.shape[1]), 256, 1024))
        self.cut_short = False

    def run(self, seed: int) -> tuple[Selection, list[Any], Held]:
        """Return the features, a booster per goal, and what was said of the rows held out."""
        by = self._goals[0] if len(self._goals) == 1 else self._targets
        folds = inner_folds(
            by, seed=seed, groups=self._views.groups, num_folds=NUM_FOLDS, small=SMALL_ROWS
        )
        if self._deadline is not None:
            folds = self._fit_to_time(folds, seed)
        limit = part_of(self._deadline, len(folds) / (len(folds) + WHOLE))
        stages: list[_Stage] = []
        tables: list[np.ndarray] = []
        for done, (learn, judge) in enumerate(folds):
            if done and is_late(limit):
                self.cut_short = True
                break
            part = part_of(limit, 1 / (len(folds) - done))
            stage, table = self._fold(learn, judge, part, seed)
            stages.append(stage)
            tables.append(table)
        places = np.concatenate([judge for _, judge in folds[: len(stages)]])
        means = [_said(stages, tables, number) for number in range(len(self._goals))]
        share = float(np.mean([len(learn) for learn, _ in folds])) / len(self._views)
        last = self._whole(stages, share, seed)
        return last.selection, [one.booster for one in last.grown], Held(places, means)

    def _fold(
        self, learn: np.ndarray, judge: np.ndarray, deadline: float | None, seed: int
    ) -> tuple[_Stage, np.ndarray]:
        """Grow on some rows until others gain nothing more; return the features of these too."""
        inside, outside = self._views.take(learn), self._views.take(judge)
        selection = select_features(inside, self._targets[learn], self._room, seed=seed)
        table, other = selection.table(inside), selection.table(outside)
        categorical = selection.categorical(inside)
        grown: list[Grown] = []
        for number, goal in enumerate(self._goals):
            part = part_of(deadline, 1 / (len(self._goals) - number))
            held = other, goal[judge]
            heavy = inside.weights, outside.weights
            one = self._grower.grow(
                table, goal[learn], categorical, held=held, weights=heavy, deadline=part
            )
            grown.append(one)
            self.cut_short |= not one.finished
        return _Stage(selection, grown), other

    def _whole(self, stages: Sequence[_Stage], share: float, seed: int) -> _Stage:
        """Grow on all rows; where that comes too late, return what the first fold has."""
        selection = select_features(self._views, self._targets, self._room, seed=seed)
        table = selection.table(self._views)
        categorical = selection.categorical(self._views)
        grown: list[Grown] = []
        for number, goal in enumerate(self._goals):
            rounds = float(np.mean([stage.grown[number].rounds for stage in stages])) / share
            if is_late(self._deadline):
                break
            part = part_of(self._deadline, 1 / (len(self._goals) - number))
            num, heavy = max(1, round(rounds)), (self._views.weights, None)
            one = self._grower.grow(
                table, goal, categorical, rounds=num, weights=heavy, deadline=part
            )
            if not one.finished:
                break
            grown.append(one)
        if len(grown) < len(self._goals):
            self.cut_short = True
            return stages[0]
        return _Stage(selection, grown)

    def _fit_to_time(
        self, folds: list[tuple[np.ndarray, np.ndarray]], seed: int
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Time a few rounds, and settle room, learning rate and folds by them; return the folds."""
        learn = folds[0][0]
        inside, goal = self._views.take(learn), self._goals[0][learn]
        num_narrow, least = narrow_width(inside), LEAST_TRAVEL / MAX_RATE
        floor = 0 if num_narrow else LEAST_ROOM
        while True:
            began = time.monotonic()
            selection = select_features(inside, self._targets[learn], self._room, seed=seed)
            choosing = (time.monotonic() - began) * (1 + WHOLE)
            table = selection.table(inside)
            one = self._grower.grow(table, goal, selection.categorical(inside), rounds=PROBE_ROUNDS)
            seconds = max(one.seconds * len(self._goals), 1e-6)
            left = max(float(self._deadline or 0) - time.monotonic(), 0.0)
            rounds = (left - choosing) / (seconds * (1 + WHOLE))
            num_wide = table.shape[1] - num_narrow
            if rounds >= least or not num_wide or self._room <= floor:
                break
            room = int(num_wide * rounds / least / 2)
            self._room = room if room >= LEAST_ROOM and choosing < left / 2 else floor
        self._grower = self._grower.paced(rounds)
        wanted = left / (seconds * self._grower.usual_rounds) - WHOLE
        return folds[: int(np.clip(wanted, 1, len(folds)))]


def _said(stages: Sequence[_Stage], tables: Sequence[np.ndarray], goal: int) -> np.ndarray:
    """Return what each fold says of its rows, at the rounds that suit the other folds best.

    A fold's own best number is chosen by the very rows that it is to be judged by.
    """
    rounds = np.array([stage.grown[goal].rounds for stage in stages], float)
    others = (rounds.sum() - rounds) / max(len(rounds) - 1, 1) if len(rounds) > 1 else rounds
    parts = [
        predict(stage.grown[goal].booster, table, max(1, round(num)))
        for stage, table, num in zip(stages, tables, others, strict=True)
    ]
    return np.concatenate(parts)
