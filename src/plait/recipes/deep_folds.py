"""Trains a network for each fold of the rows, side by side; their mean ships."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from plait.progress import Progress, Update
from plait.recipes.deep_member import Member, train_member
from plait.recipes.deep_plan import DeepPlan, DeepResult, learn_rows
from plait.recipes.problem import Problem
from plait.recipes.side_by_side import Job, num_at_once, run_all


def cross_fit(problem: Problem, plan: DeepPlan, progress: Progress) -> DeepResult:
    """Train one network per fold for honest outputs on every row; the mean of all ships.

    Each row is judged by a single network that did not learn from it: the mean of all is better
    than it shows (Breiman 1996, "Bagging predictors"; Krogh and Vedelsby 1995, of folds).
    """
    rows, folds = learn_rows(problem), _folds_of(plan)
    num_folds = int(folds.max()) + 1
    num = num_at_once(num_folds, plan.device)
    rounds = -(-num_folds // num)
    jobs = [
        Job(
            f"fold {fold + 1} of {num_folds}",
            partial(_fold, problem, plan, fold, plan.seed + fold, rounds - fold // num),
        )
        for fold in range(num_folds)
    ]
    found = run_all(jobs, num, progress)
    outputs = np.zeros((len(rows), found[0].outputs.shape[1]), np.float32)
    systems, stages = [], []
    for fold, one in enumerate(found):
        outputs[folds == fold] = one.outputs
        systems.append(one.system(problem, plan))
        stages.append((systems[-1], rows[folds == fold]))
    return DeepResult(
        systems=tuple(systems), outputs=outputs, rows=rows, run=found[0].run, stages=stages
    )


def _fold(
    problem: Problem, plan: DeepPlan, fold: int, seed: int, rounds_left: int, notify: Update
) -> Member:
    """Train the network of a fold, in its part of the time that is left for so many rounds."""
    rows, folds = learn_rows(problem), _folds_of(plan)
    held, learned = rows[folds == fold], rows[folds != fold]
    plan = replace(plan, seed=seed, folder=plan.folder and plan.folder / f"fold-{fold}")
    plan = replace(plan, budget=plan.budget.share(1 / (int(folds.max()) + 1)))
    return train_member(problem, plan, learned, held, notify, share=1 / rounds_left)


def _folds_of(plan: DeepPlan) -> np.ndarray:
    if plan.folds is None:
        raise ValueError("cross-fitting needs folds")
    return plan.folds
