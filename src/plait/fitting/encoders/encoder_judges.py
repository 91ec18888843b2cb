"""Measures on rows that were held out whether a pretrained encoder's vectors help."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from plait.baselines.feature_matrices import FeatureMatrices
from plait.baselines.features import ColumnScale, FeatureMap
from plait.baselines.linear import Linear
from plait.baselines.linear_space import LinearSpace
from plait.data.contents import content_numbers
from plait.fitting.setup.labelled import with_labels
from plait.fitting.setup.problem import Problem
from plait.retrieval import match_ranks
from plait.spacing import even_sample

MAX_ROWS, LEAST_ROWS = 2000, 40
"""Rows that an encoder is judged by: at most so many, and with fewer nothing could be told."""

NUM_FOLDS = 3
HELD_SHARE = 0.25
SPACE_DIM = 256
PILOT_ROWS = 24

SPACE_PASSES = 4.0
"""Fitting a space and judging it makes the features of its rows so many times in all."""


@dataclass(frozen=True)
class Gain:
    """What an encoder changed.

    Attributes:
        before, after: Means over the judged rows: less is better.
        gain: Mean of the differences.
        error: Standard error of that, over groups of rows.
    """

    before: float
    after: float
    gain: float
    error: float

    @property
    def helps(self) -> bool:
        """Whether the gain is more than its standard error."""
        return bool(np.isfinite(self.gain)) and self.gain > self.error

    def told(self) -> dict[str, float]:
        """Return it for records, rounded."""
        return {
            "without": round(self.before, 4),
            "with": round(self.after, 4),
            "gain": round(self.gain, 4),
            "standard_error": round(self.error, 4),
        }


class Judge(Protocol):
    """Attributes:
    rows: int64 ``[row]``: what it looks at, ascending.
    by: What it measures, in words; less is better.
    """

    rows: np.ndarray
    by: str

    def costs(self, problem: Problem) -> np.ndarray:
        """Return what each row costs by a problem's columns, float64 ``[row]``; NaN if unjudged."""


def make_judge(problem: Problem, *, seed: int, seconds: float | None) -> Judge | None:
    """Return what judges encoders of a problem; None where there are too few rows, or no time.

    Args:
        problem: With a target, a linear model of it is measured; without, canonical correlations.
        seed: Of samples and folds.
        seconds: Time that measuring the problem as it is may take; None for as long as it needs.
    """
    pool = np.sort(np.concatenate([problem.splits.train, problem.splits.validation]))
    passes = 1.0 if problem.target is not None else SPACE_PASSES
    most = MAX_ROWS
    if seconds is not None:
        most = int(min(most, seconds / passes / max(_feature_seconds(problem, pool), 1e-9)))
    if len(pool) > most:
        pool = np.sort(np.random.default_rng(seed).choice(pool, most, replace=False))
    if len(pool) < LEAST_ROWS or len(np.unique(problem.groups[pool])) < NUM_FOLDS:
        return None
    kind = TargetJudge if problem.target is not None else SpaceJudge
    return kind(problem, pool, seed)


def measure_gain(before: np.ndarray, after: np.ndarray, groups: np.ndarray) -> Gain:
    """Compare two costs of the same rows, ``[row]``; rows of one group count as one draw."""
    both = np.isfinite(before) & np.isfinite(after)
    if not both.any():
        return Gain(np.nan, np.nan, np.nan, np.nan)
    gains = before[both] - after[both]
    _, which = np.unique(groups[both], return_inverse=True)
    apart = np.bincount(which, gains - gains.mean())
    error = float(np.sqrt((apart**2).sum())) / len(gains)
    return Gain(float(before[both].mean()), float(after[both].mean()), float(gains.mean()), error)


class TargetJudge:
    """The cost of a linear model of the target, each row answered by a fold that left it out.

    The features of a column are made once. Args: see `make_judge`; `rows` are those to look at.
    """

    by = "cost of a linear model"

    def __init__(self, problem: Problem, rows: np.ndarray, seed: int) -> None:
        self.rows, self._seed = rows, seed
        self._folds = _folds(problem.groups[rows], NUM_FOLDS, seed)
        self._scales: dict[str, ColumnScale] = {}
        self._raw: dict[str, Any] = {}

    def costs(self, problem: Problem) -> np.ndarray:
        """See `Judge.costs`."""
        for name in problem.columns:
            if name not in self._scales:
                features, matrices = FeatureMap.fit(problem.prepared, (name,), self.rows)
                self._scales[name], self._raw[name] = features.scales[name], matrices.raw[name]
        kept = {name: self._scales[name] for name in problem.columns}
        raw = {name: self._raw[name] for name in problem.columns}
        rows = with_labels(
            problem, FeatureMatrices(FeatureMap(kept), problem.prepared, self.rows, raw=raw)
        )
        costs = np.full(len(self.rows), np.nan)
        for fold in range(NUM_FOLDS):
            places = np.flatnonzero(self._folds == fold)
            model, judged = Linear(), rows.take(places)
            model.fit(rows.take(np.flatnonzero(self._folds != fold)), seed=self._seed)
            costs[places] = judged.codec.cost(model.outputs(judged.matrices), judged.truth)
        return costs


class SpaceJudge:
    """How far from the first place the right rows are found in a space of canonical correlations.

    That is 1 less the mean reciprocal rank, over all directions between input columns that a row
    has, of rows that the space was not learned from. Args: as of `TargetJudge`.
    """

    by = "1 - mean reciprocal rank"

    def __init__(self, problem: Problem, rows: np.ndarray, seed: int) -> None:
        self.rows, self._seed = rows, seed
        self._held = _folds(problem.groups[rows], round(1 / HELD_SHARE), seed) == 0

    def costs(self, problem: Problem) -> np.ndarray:
        """See `Judge.costs`."""
        found, held = np.full(len(self.rows), np.nan), self.rows[self._held]
        learn, input_columns = self.rows[~self._held], dict(problem.input_columns)
        space, _ = LinearSpace.fit(
            problem.prepared, input_columns, learn, held, dim=SPACE_DIM, seed=self._seed
        )
        vectors, present = space.vectors(problem.prepared, held)
        contents = [
            content_numbers(problem.prepared, columns)[held] for columns in input_columns.values()
        ]
        total, num = np.zeros(len(held)), np.zeros(len(held))
        for a in range(len(input_columns)):
            for b in range(len(input_columns)):
                both = present[a] & present[b]
                if a != b and both.sum() >= 2:
                    ranks = match_ranks(vectors[a][both], vectors[b][both], contents[b][both])
                    total[both] += 1 / ranks
                    num[both] += 1
        found[self._held] = np.where(num > 0, 1 - total / np.maximum(num, 1), np.nan)
        return found


def _folds(groups: np.ndarray, num: int, seed: int) -> np.ndarray:
    """Return a fold per row, int64 ``[row]``; rows of one group lie in one."""
    names, which = np.unique(groups, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(names))
    return (order % num)[which]


def _feature_seconds(problem: Problem, rows: np.ndarray) -> float:
    """Return about how long the simple features of one row take to make."""
    some = even_sample(rows, PILOT_ROWS)
    features, _ = FeatureMap.fit(problem.prepared, problem.columns, some[:4])
    began = time.monotonic()
    dict(features.raw(problem.prepared, some))
    return (time.monotonic() - began) / max(len(some), 1)
