"""Trains the network for a problem in the form that its time allows: once, or cross-fitted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from plait.baselines.cross_validation import inner_folds
from plait.fitting.network.better_head import leave_better_head
from plait.fitting.network.deep_folds import cross_fit
from plait.fitting.network.deep_training import fit_network, make_system
from plait.fitting.network.deep_trials import choose_variant
from plait.fitting.network.side_by_side import num_at_once
from plait.fitting.setup.deep_plan import DeepPlan, DeepResult, Form, learn_rows
from plait.fitting.setup.problem import Problem
from plait.fitting.setup.stopping import LEAST_ROWS, STOPPING_SHARE
from plait.fitting.setup.telling import tell
from plait.networks.torch_runners import system_outputs
from plait.progress import Progress


def train_deep(problem: Problem, plan: DeepPlan, progress: Progress) -> DeepResult:
    """Train on a problem. See `DeepPlan` and `DeepResult`."""
    seconds = plan.budget.amount if plan.budget.timed else None
    told = tell(problem, seconds=seconds, seed=plan.seed, num_fits=_num_rounds(plan))
    plan = replace(plan, told=told)
    plan, trials, notes = choose_variant(problem, plan, progress)
    if plan.folds is None:
        result = _train_once(problem, plan, progress)
    elif plan.form is Form.FOLDS:
        result = cross_fit(problem, plan, progress)
    else:
        result = _split_fit(problem, plan, progress)
    seen = result.run.steps * plan.train.rows_per_step(len(problem.learned))
    cut = plan.end is not None and seen < len(problem.learned)
    return replace(
        result, trials=trials, adapt=plan.adapt, notes=(*result.notes, *notes), cut_short=cut
    )


def _num_rounds(plan: DeepPlan) -> int:
    """Return how many networks are trained one after the other."""
    if plan.folds is None or plan.form is not Form.FOLDS:
        return 1
    num_folds = int(plan.folds.max()) + 1
    return -(-num_folds // num_at_once(num_folds, plan.device))


def _train_once(problem: Problem, plan: DeepPlan, progress: Progress) -> DeepResult:
    system = make_system(problem, plan, problem.learned)
    rows = problem.validation
    stop = problem.stopping if len(problem.stopping) else rows
    plan = replace(plan, budget=plan.part(1.0, len(rows)) if plan.end else plan.budget)
    run = fit_network(problem, plan, system, problem.learned, "training", progress, stop)
    outputs = system_outputs(system, problem.prepared, rows, device=plan.device)
    system = system.cpu()
    outputs = leave_better_head(problem, [system], outputs, rows)
    stages = [(system, rows)]
    return DeepResult(systems=(system,), outputs=outputs, rows=rows, run=run, stages=stages)


def _split_fit(problem: Problem, plan: DeepPlan, progress: Progress) -> DeepResult:
    """Train one network on all folds but the first, which judges it.

    Some of the rows learned from, where they are enough, tell it when to stop.
    """
    if plan.folds is None:
        raise ValueError("a split of the rows needs their folds")
    rows = learn_rows(problem)
    held = rows[plan.folds == 0]
    plan = replace(plan, budget=plan.part(1.0, len(held)))
    learned, stop = _with_stop(problem, plan, rows[plan.folds != 0])
    system = make_system(problem, plan, learned)
    run = fit_network(problem, plan, system, learned, "training", progress, stop)
    outputs = system_outputs(system, problem.prepared, held, device=plan.device)
    system = system.cpu()
    outputs = leave_better_head(problem, [system], outputs, held)
    stages = [(system, held)]
    note = (
        f"the network was compared on {len(held):,} of the {len(rows):,} rows: the time was too "
        "short to train one for each fold"
    )
    return DeepResult(
        systems=(system,), outputs=outputs, rows=held, run=run, stages=stages, notes=(note,)
    )


def _with_stop(problem: Problem, plan: DeepPlan, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return rows to learn from, and others that tell when to stop: none where they are few."""
    if STOPPING_SHARE * len(rows) < LEAST_ROWS:
        return rows, rows[:0]
    truth, groups = problem.truth[rows], problem.groups[rows]
    folds = inner_folds(truth, seed=plan.seed, groups=groups, small=0, share=STOPPING_SHARE)
    learned, stop = folds[0]
    return rows[learned], rows[stop]
