"""Rows that tell the network when to stop: no candidate is compared on them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from plait.baselines.cross_validation import inner_folds
from plait.fitting.setup.problem import Problem
from plait.modalities import PredictiveTarget

STOPPING_SHARE, MOST_ROWS = 0.1, 1000
"""Of the training rows, at most so many."""

LEAST_ROWS = 20
"""Fewer rows cannot tell when to stop."""


JUDGES = (
    "few rows: the network's training stopped by the rows that it is compared with simple models "
    "on, which favours it a little"
)


def stop_notes(problem: Problem) -> tuple[str, ...]:
    """Return what is to be known where too few rows are learned from to set some apart."""
    return () if len(problem.stopping) else (JUDGES,)


def with_stopping(problem: Problem, *, from_validation: bool, seed: int) -> Problem:
    """Return the problem with rows to stop by set apart: whole groups, of every class alike.

    Early stopping on the rows that candidates are compared on would favour the network. Of moments
    in time they are the latest.

    Args:
        problem: Whose network is not cross-fitted.
        from_validation: Whether they are half of the validation rows, where training rows cannot
            tell (an encoder knows their targets, or all of them are needed); else they are
            training rows.
        seed: Of the draw.
    """
    rows = problem.splits.validation if from_validation else problem.splits.train
    moments = problem.table.moments
    if moments is not None:
        return replace(problem, stopping=_latest(problem, rows, moments))
    rows, keys = _stratified(problem, rows)
    share = 0.5 if from_validation else min(STOPPING_SHARE, MOST_ROWS / max(len(rows), 1))
    if share * len(rows) < LEAST_ROWS:
        return problem
    folds = inner_folds(keys, seed=seed, groups=problem.groups[rows], small=0, share=share)
    learn, stop = folds[0]
    if not len(learn) or not len(stop):
        return problem
    return replace(problem, stopping=np.sort(rows[stop]))


def _latest(problem: Problem, rows: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """Return the latest of the rows, whole groups."""
    num = min(int(STOPPING_SHARE * len(rows)), MOST_ROWS)
    if num < LEAST_ROWS:
        return rows[:0]
    late = rows[moments[rows] >= np.sort(moments[rows])[-num]]
    return rows[np.isin(problem.groups[rows], problem.groups[late])]


def _stratified(problem: Problem, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows that can tell, and what they are drawn alike by; generated values are not."""
    codec = problem.goal
    if not isinstance(codec, PredictiveTarget):
        return rows, np.zeros(len(rows), np.int64)
    rows = rows[codec.form.known(problem.truth[rows])]
    return rows, problem.truth[rows]
