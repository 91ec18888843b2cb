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
    Judges,
    predict,
)
from plait.baselines.contract import is_late, part_of
from plait.baselines.cross_validation import inner_folds
from plait.baselines.feature_matrices import FeatureMatrices
from plait.baselines.selection import Selection, narrow_width, select_features

NUM_FOLDS, SMALL_ROWS = 4, 3000
WHOLE = 4 / 3
"""Growing on all rows takes about so many times what growing on those of a fold does."""

ENOUGH = 3.0
"""Variants are compared where the time would do for so many times their usual rounds: those that
see little of the features take more."""

LEAST_ROOM = 16
"""With room for fewer features of wide columns, none is taken, unless there are no others."""


class Held(NamedTuple):
    """Rows that a search held out.

    Attributes:
        places: int64 ``[judged]``: places in the feature matrices.
        means: Per goal what boosters said that had not learned the rows (see `predict`).
    """

    places: np.ndarray
    means: Sequence[np.ndarray]


@dataclass(frozen=True)
class _Stage:
    """Boosters of each variant, one per goal, and the features that they see."""

    selection: Selection
    grown: list[list[Grown]]


@dataclass(frozen=True)
class _Judged:
    """Rows that a fold holds out, and the features that its boosters see of them.

    Attributes:
        places: int64 ``[judged]``: places in the feature matrices.
        parts: Places in `places`: each tells how many rounds suit the others.
        table: float32 ``[judged, feature]``.
    """

    places: np.ndarray
    parts: Sequence[np.ndarray]
    table: np.ndarray


class RoundSearch:
    """Chooses the number of rounds on inner folds, then grows boosters on all rows.

    With a deadline, a few rounds are timed first: where it is too short, wide columns give fewer
    features, folds are left out, and the learning rate rises, so that boosting is complete. Where
    there are many rows and it is long enough, variants of the trees are compared too: each held-out
    row is answered by the variant, and the number of rounds, that suit other rows best.

    Args:
        matrices: Rows to learn from.
        targets: float32 ``[row, output]``: what features of wide columns are chosen by.
        goals: What is boosted, each ``[row]``.
        grower: Makes the boosters.
        deadline: Of `time.monotonic`.
    """

    def __init__(
        self,
        matrices: FeatureMatrices,
        targets: np.ndarray,
        goals: Sequence[np.ndarray],
        grower: Grower,
        deadline: float | None,
    ) -> None:
        self._matrices, self._targets, self._goals = matrices, targets, goals
        self._grower, self._deadline = grower, deadline
        self._variants = [grower]
        self._room = int(np.clip(3e8 / (len(matrices) * targets.shape[1]), 256, 1024))
        self.cut_short = False

    def run(self, seed: int) -> tuple[Selection, list[Any], Held]:
        """Return the features, a booster per goal, and what was said of the rows held out."""
        by = self._goals[0] if len(self._goals) == 1 else self._targets
        folds = inner_folds(
            by, seed=seed, groups=self._matrices.groups, num_folds=NUM_FOLDS, small=SMALL_ROWS
        )
        if self._deadline is not None:
            folds = self._fit_to_time(folds, seed)
        elif len(self._matrices) > SMALL_ROWS:
            self._variants = self._grower.variants(narrow_width(self._matrices))
        limit = part_of(self._deadline, len(folds) / (len(folds) + WHOLE))
        stages: list[_Stage] = []
        judged: list[_Judged] = []
        for done, (learn, judge) in enumerate(folds):
            if done and is_late(limit):
                self.cut_short = True
                break
            part = part_of(limit, 1 / (len(folds) - done))
            parts = self._halves(judge, by, seed) if len(folds) == 1 else [np.arange(len(judge))]
            stage, one = self._fold(learn, judge, parts, part, seed)
            stages.append(stage)
            judged.append(one)
        places = np.concatenate([one.places for one in judged])
        means = [_said(stages, judged, number) for number in range(len(self._goals))]
        share = float(np.mean([len(learn) for learn, _ in folds])) / len(self._matrices)
        selection, grown = self._whole(stages, judged, share, seed)
        return selection, [one.booster for one in grown], Held(places, means)

    def _halves(self, judge: np.ndarray, by: np.ndarray, seed: int) -> list[np.ndarray]:
        """Return two halves of rows, as places in them, that share no group."""
        groups = None if self._matrices.groups is None else self._matrices.groups[judge]
        folds = inner_folds(by[judge], seed=seed, groups=groups, num_folds=2, small=len(judge))
        return [places for _, places in folds]

    def _fold(
        self,
        learn: np.ndarray,
        judge: np.ndarray,
        parts: Sequence[np.ndarray],
        deadline: float | None,
        seed: int,
    ) -> tuple[_Stage, _Judged]:
        """Grow on some rows until the parts of others gain nothing more."""
        inside, outside = self._matrices.take(learn), self._matrices.take(judge)
        selection = select_features(inside, self._targets[learn], self._room, seed=seed)
        table, other = selection.table(inside), selection.table(outside)
        categorical = selection.categorical(inside)
        grown: list[list[Grown]] = [[] for _ in self._variants]
        todo = len(self._goals) * len(self._variants)
        for goal in self._goals:
            heavy = outside.weights
            held = [
                Judges(other[rows], goal[judge][rows], None if heavy is None else heavy[rows])
                for rows in parts
            ]
            for found, grower in zip(grown, self._variants, strict=True):
                until = part_of(deadline, 1 / todo)
                one = grower.grow(
                    table, goal[learn], categorical, held=held, weights=inside.weights,
                    deadline=until,
                )  # fmt: skip
                found.append(one)
                todo -= 1
                self.cut_short |= not one.finished
        return _Stage(selection, grown), _Judged(judge, parts, other)

    def _whole(
        self, stages: Sequence[_Stage], judged: Sequence[_Judged], share: float, seed: int
    ) -> tuple[Selection, list[Grown]]:
        """Grow on all rows; where that comes too late, return what the first fold has."""
        selection = select_features(self._matrices, self._targets, self._room, seed=seed)
        table = selection.table(self._matrices)
        categorical = selection.categorical(self._matrices)
        grown: list[Grown] = []
        best = [_Units(stages, judged, number).best() for number in range(len(self._goals))]
        for number, goal in enumerate(self._goals):
            done = [stage.grown[best[number]][number].rounds for stage in stages]
            rounds = float(np.mean(done)) / share
            if is_late(self._deadline):
                break
            part = part_of(self._deadline, 1 / (len(self._goals) - number))
            num, heavy = max(1, round(rounds)), self._matrices.weights
            one = self._variants[best[number]].grow(
                table, goal, categorical, rounds=num, weights=heavy, deadline=part
            )
            if not one.finished:
                break
            grown.append(one)
        if len(grown) < len(self._goals):
            self.cut_short = True
            first = stages[0].grown
            return stages[0].selection, [first[place][i] for i, place in enumerate(best)]
        return selection, grown

    def _fit_to_time(
        self, folds: list[tuple[np.ndarray, np.ndarray]], seed: int
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Time a few rounds, and settle room, learning rate and folds by them; return the folds."""
        learn = folds[0][0]
        inside, goal = self._matrices.take(learn), self._goals[0][learn]
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
        variants = self._grower.variants(num_narrow) if len(self._matrices) > SMALL_ROWS else []
        enough = wanted > ENOUGH * len(variants) * len(folds)
        self._variants = variants if variants and enough else [self._grower]
        return folds[: int(np.clip(wanted, 1, len(folds)))]


class _Units:
    """What is known of a goal from each unit of held-out rows: a fold, or a half of a single one.

    What suits a unit best is chosen by the very rows that are to be judged by it: these are
    answered by what suits all other units best.
    """

    def __init__(self, stages: Sequence[_Stage], judged: Sequence[_Judged], goal: int) -> None:
        found = list(zip(*(stage.grown for stage in stages), strict=True))
        self._rounds = np.array(
            [np.concatenate([one[goal].best for one in folds]) for folds in found], float
        )
        self._costs = np.array(
            [np.concatenate([one[goal].costs for one in folds]) for folds in found], float
        )
        self._rows = np.array([len(rows) for one in judged for rows in one.parts], float)

    def best(self, apart_from: int | None = None) -> int:
        """Return the variant that costs least, in all units or all but one."""
        return int(np.argmin(self._costs @ (self._rows * self._others(apart_from))))

    def rounds(self, apart_from: int) -> int:
        """Return how many rounds of the best variant suit the other units."""
        others = self._others(apart_from)
        mean = float(self._rounds[self.best(apart_from)] @ others / others.sum())
        return max(round(mean), 1)

    def _others(self, apart_from: int | None) -> np.ndarray:
        others = np.ones(len(self._rows))
        if apart_from is not None and len(others) > 1:
            others[apart_from] = 0.0
        return others


def _said(stages: Sequence[_Stage], judged: Sequence[_Judged], goal: int) -> np.ndarray:
    """Return what each fold says of its rows, by what suits other rows best."""
    units, unit, found = _Units(stages, judged, goal), 0, []
    for stage, one in zip(stages, judged, strict=True):
        said = []
        for rows in one.parts:
            grown = stage.grown[units.best(unit)][goal]
            said.append(predict(grown.booster, one.table[rows], units.rounds(unit)))
            unit += 1
        out = np.zeros((len(one.places), *said[0].shape[1:]), np.float32)
        for rows, answers in zip(one.parts, said, strict=True):
            out[rows] = answers
        found.append(out)
    return np.concatenate(found)
