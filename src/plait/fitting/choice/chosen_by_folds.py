"""Chooses what ships, and judges the choice: each row is answered by what the others would ship."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from plait.baselines.cross_validation import fold_numbers
from plait.fitting.candidates.base_models import BaseModels
from plait.fitting.choice.choose import Choice
from plait.fitting.choice.comparison import Candidates, choose_candidates
from plait.fitting.setup.problem import Problem
from plait.fitting.setup.work import Work
from plait.model.calibration import fit_calibration, with_input_columns
from plait.model.held_out import HeldOutRows

NUM_FOLDS = 5

TOLERATED = 2.0
"""Choosing may take so many times what was kept for it: a busy machine is no reason to leave it."""

CHOICE_SHARE = 0.25
"""Choosing once more for each part of the rows may take this of a budget, or of what is left."""

OPTIMISTIC = (
    "the numbers are from the rows that the mix was chosen by, so that they are a little too good: "
    "no time was left to choose for each part of them by the others"
)


def seconds_to_choose(problem: Problem, base_models: BaseModels, work: Work) -> float:
    """Return the seconds to keep for choosing, and for judging that: tried on simple models.

    None are kept where time is free, and where rows of a test tell how good the choice is.
    """
    clock, seconds = work.timetable.clock, work.timetable.seconds
    if seconds is None or not base_models.outputs or _has_test(problem, work):
        return 0.0
    found, rows = base_models.outputs, base_models.judged
    began = clock()
    choose_candidates(problem, Candidates(found, rows, found, rows), work.metric)
    return min((1 + NUM_FOLDS) * (clock() - began), CHOICE_SHARE * seconds)


def choose_and_judge(
    problem: Problem, candidates: Candidates, work: Work, kept: float
) -> tuple[Choice, np.ndarray | None]:
    """Return what ships, and what the choice answers for its rows, each chosen by the others.

    Where there is no time for that, the answers are of what ships, and it is noted. None where test
    rows tell how good it is.

    Args:
        problem, candidates, work: What is chosen, and how.
        kept: Seconds that were kept for it; see `seconds_to_choose`.
    """
    timetable = work.timetable
    began = timetable.clock()
    choice = choose_candidates(problem, candidates, work.metric)
    if _has_test(problem, work):
        return choice, None
    foreseen = NUM_FOLDS * (timetable.clock() - began)
    left = timetable.left()
    if left is None or foreseen <= max(min(TOLERATED * kept, left), CHOICE_SHARE * left):
        return choice, answers_by_folds(problem, candidates, work.metric, seed=work.seed)
    choice = replace(choice, notes=(*choice.notes, OPTIMISTIC))
    return choice, candidates.mixed(choice.weights)


def _has_test(problem: Problem, work: Work) -> bool:
    return bool(len(problem.splits.test)) and work.scores


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
    known = HeldOutRows(
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
