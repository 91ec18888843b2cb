"""Judges the choice itself: every row is answered by what the other rows would have shipped."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from plait.baselines.cross_validation import fold_numbers
from plait.model.calibration import fit_calibration, with_input_columns
from plait.model.scales import HeldOut
from plait.recipes.comparison import Candidates, choose_candidates
from plait.recipes.problem import Problem

NUM_FOLDS = 5


def answers_by_folds(
    problem: Problem, candidates: Candidates, metric: str | None, *, seed: int
) -> np.ndarray:
    """Return what the choice answers for `candidates.rows`, float32 ``[row, output]``.

    The best of several candidates is good by luck too on the rows that it was chosen by. So the
    rows are parted once more: for each part, what ships is chosen and calibrated on all others
    (Varma and Simon 2006, "Bias in error estimation when using cross-validation for model
    selection"). Rows of one group fall into one part; with a single group there is nothing to part,
    and what ships is both chosen and judged by it.

    Args:
        problem: Its target, groups and weights.
        candidates: What is chosen from.
        metric: What decides; see `choose_candidates`.
        seed: Of the parts.
    """
    rows = candidates.rows
    finite = [name for name, found in candidates.outputs.items() if np.isfinite(found).all()]
    if finite:
        candidates = candidates.only(finite)
    parts = fold_numbers(problem.groups[rows], problem.truth[rows], NUM_FOLDS, seed)
    out = np.full_like(next(iter(candidates.outputs.values())), np.nan)
    for part in range(int(parts.max()) + 1):
        own = parts == part
        others = candidates.take(~np.isin(problem.groups, problem.groups[rows[own]]))
        if not len(others.rows):
            others = candidates
        weights = choose_candidates(problem, others, metric).weights
        out[own] = _calibrated(problem, candidates, others, weights)[own]
    return out


def _calibrated(
    problem: Problem, candidates: Candidates, others: Candidates, weights: Mapping[str, float]
) -> np.ndarray:
    """Return a mix's outputs on all rows, calibrated by the others as they are."""
    mixed = candidates.mixed(weights)
    heavy = None if problem.weights is None else problem.weights[others.rows].astype(np.float64)
    known = HeldOut(
        outputs=others.mixed(weights),
        truth=problem.truth[others.rows],
        present=with_input_columns(problem.prepared, problem.input_columns, others.rows),
        groups=problem.groups[others.rows],
        hidden=np.zeros(len(others.rows), bool),
        weights=heavy,
    )
    calibration = fit_calibration(problem.target_codec, problem.input_columns, known)
    if calibration is None:
        return mixed
    return calibration.apply(mixed, problem.prepared, candidates.rows)
