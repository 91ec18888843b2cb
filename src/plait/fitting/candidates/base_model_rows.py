"""Which rows simple models learn from: as many as their features can be made of in time."""

from __future__ import annotations

import time

import numpy as np

from plait.baselines.features import FeatureMap
from plait.fitting.setup.problem import Problem
from plait.spacing import even_sample

MAX_ROWS = 100_000

MAX_PROPAGATION_ROWS = 4000

FEATURE_SHARE = 0.35
"""Part of the time that making features may take; fewer rows are learned from beyond."""

PILOT_ROWS, PILOT_SECONDS = (4, 32, 256), 0.05
"""Rows that tell how long features take; no more once they took so many seconds."""

DOUBTED_SECONDS = 0.2
"""What took no longer is timed again: another process may have had the processor meanwhile."""

LEAST_ROWS = 500

LEAST_ROWS_LATE = 150
"""Where the features of `LEAST_ROWS` rows alone take longer than all of the time, so many do."""


def rows_to_learn(
    problem: Problem,
    folds: np.ndarray | None,
    seed: int,
    seconds: float | None,
    *,
    most: int = MAX_ROWS,
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the rows that simple models learn from, fewer where features take long; and a note."""
    if folds is not None:
        return np.sort(np.concatenate([problem.splits.train, problem.splits.validation])), ()
    rows, enough = problem.splits.train, most
    if seconds is not None and len(rows) > LEAST_ROWS_LATE:
        per_row = feature_seconds(problem, rows)
        others = len(problem.validation) * per_row
        most = int(max(FEATURE_SHARE * seconds - others, 0.0) / max(per_row, 1e-9))
        late = LEAST_ROWS * per_row > seconds
        most = min(max(most, LEAST_ROWS_LATE if late else LEAST_ROWS), enough)
    if len(rows) <= most:
        return rows, ()
    some = np.random.default_rng(seed).choice(rows, most, replace=False)
    why = "" if most == enough else ": the time is too short to look at all"
    return np.sort(some), (f"the baselines learned from {most:,} of {len(rows):,} rows{why}",)


def feature_seconds(problem: Problem, rows: np.ndarray) -> float:
    """Return about how long it takes to make the features of one row, from ever more of them.

    A few rows are enough where each takes long.
    """
    seconds = 0.0
    features, _ = FeatureMap.fit(
        problem.prepared, problem.columns, even_sample(rows, PILOT_ROWS[0])
    )
    for num in PILOT_ROWS:
        some = even_sample(rows, num)
        spent = _spent(features, problem, some)
        if PILOT_SECONDS < spent < DOUBTED_SECONDS:
            spent = min(spent, _spent(features, problem, some))
        seconds = spent / max(len(some), 1)
        if spent > PILOT_SECONDS:
            break
    return seconds


def _spent(features: FeatureMap, problem: Problem, rows: np.ndarray) -> float:
    """Return the seconds that making the features of some rows takes."""
    began = time.monotonic()
    dict(features.raw(problem.prepared, rows))
    return time.monotonic() - began


def too_slow_for_folds(problem: Problem, rows: np.ndarray, seconds: float | None) -> bool:
    """Tell whether the features of all rows take more than their part of so many seconds.

    Then fewer rows are learned from, and others judge: folds would need all of them.
    """
    if seconds is None or not len(problem.splits.train) or not len(problem.splits.validation):
        return False
    return feature_seconds(problem, rows) * len(rows) > FEATURE_SHARE * seconds


def some_unlabelled(problem: Problem, seed: int) -> np.ndarray:
    """Return rows without a target to propagate targets to."""
    rows = problem.unlabelled
    if len(rows) <= MAX_PROPAGATION_ROWS:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, MAX_PROPAGATION_ROWS, replace=False))
