"""What the network of a fit needs of its time, and what must be kept for all that follows it."""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np

from plait.intervals import EXTRA_CALLS, resampling
from plait.recipes.deep_plan import DeepPlan, settled
from plait.recipes.held_out import calibration_seconds
from plait.recipes.refit import refit_seconds
from plait.recipes.rivals import Rivals
from plait.recipes.subsets import subsets_of
from plait.recipes.task import Task
from plait.recipes.timetable import Timetable

PILOT_ROWS = 64

STEP_PASSES = 3.5
"""A training step takes about as long as so many forward passes."""

LEAST_STEPS = 40
"""A network of fewer steps knows nothing."""

SCORING_SHARE = 0.06
"""Least part of a budget that is kept for scoring, whatever is foreseen."""

REFIT_SHARE = 0.15
"""Most of a budget that is kept for fitting what ships once more."""

CALIBRATION_SHARES = (0.03, 0.1)
"""Least and most of a budget that is kept for calibrating what ships, set by set of columns."""


class Kept(NamedTuple):
    """Seconds that are kept for what follows the network."""

    calibrating: float
    scoring: float
    refitting: float


def answer_seconds(task: Task, plan: DeepPlan) -> float:
    """Return about how long the network takes to answer one row, from a few rows."""
    from plait.model.infer import system_outputs
    from plait.recipes.deep import make_system

    rows = all_learned(task)
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), PILOT_ROWS)).astype(np.int64)]
    system = make_system(task, settled(plan)).to(plan.device)
    system_outputs(system, task.prepared, rows[:2], device=plan.device)
    began = time.monotonic()
    system_outputs(system, task.prepared, rows, device=plan.device)
    return (time.monotonic() - began) / max(len(rows), 1)


def least_seconds(task: Task, plan: DeepPlan, answering: float) -> float:
    """Return about how long it takes to learn anything, and to answer the rows that judge it."""
    rows = all_learned(task) if plan.folds is not None else task.learned
    step = STEP_PASSES * answering * plan.train.rows_per_step(len(rows))
    runs = 1 if plan.folds is None else int(plan.folds.max()) + 2
    judged = len(rows) if plan.folds is not None else len(task.validation) + len(task.stopping)
    return runs * LEAST_STEPS * step + answering * (judged + len(task.judged))


def all_learned(task: Task) -> np.ndarray:
    """Return the rows that are learned from where they are cross-fitted."""
    return np.sort(np.concatenate([task.splits.train, task.splits.validation]))


def after_network(task: Task, rivals: Rivals, timetable: Timetable, *, has_folds: bool) -> Kept:
    """Return the seconds to keep for calibrating, for scoring, and for a last fit.

    They are foreseen from what the simple models took, and no more than their part of the budget.
    """
    if timetable.seconds is None or not rivals.outputs:
        return Kept(CALIBRATION_SHARES[0] * (timetable.seconds or 0.0), timetable.scoring / 2, 0.0)
    codec, rows = task.target_codec, len(task.judged)
    outputs = next(iter(rivals.outputs.values()))
    truth = task.truth[rivals.rows if has_folds else task.validation]
    began = time.monotonic()
    codec.metrics(outputs, truth)
    per_call = (time.monotonic() - began) * rows / max(len(truth), 1)
    costs = {name: float(codec.cost(one, truth).mean()) for name, one in rivals.outputs.items()}
    best = min(costs, key=lambda name: costs[name])
    num_sets = len(subsets_of(task.inputs))
    answers = rows * (sum(rivals.answering.values()) + num_sets * rivals.answering[best])
    resampled, resamples = resampling(rows, outputs.shape[1])
    per_interval = per_call * resampled / max(rows, 1) * (resamples + EXTRA_CALLS)
    intervals = (2 + len(costs) + num_sets) * per_interval
    scoring = answers + intervals + 2 * rows * rivals.seconds_per_row
    again = 0.0 if has_folds else refit_seconds(rivals, [best], len(task.splits.validation))
    scoring = max(scoring, SCORING_SHARE * timetable.seconds)
    asked = calibration_seconds(task, 2 * rivals.answering[best] + rivals.seconds_per_row)
    least, most = (share * timetable.seconds for share in CALIBRATION_SHARES)
    return Kept(
        calibrating=float(np.clip(asked, least, most)),
        scoring=min(scoring, timetable.scoring),
        refitting=min(again, REFIT_SHARE * timetable.seconds),
    )
