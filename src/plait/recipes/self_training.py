"""Self-training: simple models guess the missing targets, the network learns from the guesses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from plait.baselines.stack import best_mix, mix_outputs
from plait.networks.torch_runners import system_outputs
from plait.progress import Progress
from plait.recipes.base_models import BaseModels
from plait.recipes.deep_plan import DeepPlan, DeepResult, settled
from plait.recipes.deep_training import make_system, run_training, train_data
from plait.recipes.problem import Problem
from plait.train.budget import Budget, Clock
from plait.train.student import Student, StudentConfig, StudentLearner

LEAST_JUDGED = 50
"""With fewer rows to judge by, whether the guesses help could not be told."""

LEAST_SECONDS = 60.0
"""In less time, the network learns nothing from thousands of rows."""

MAX_GUESSED = 60_000
GUESS_SHARE = 0.15
"""Part of the time in which rows are guessed: the fewer, the longer that takes."""

BATCH_SIZE = 128
"""Unless one was asked for: on guesses, more steps do better than larger ones."""

LABELLED_SHARE = 0.25
"""Rows with a real target are repeated until they are this share of an epoch."""


def can_self_train(problem: Problem, budget: Budget) -> bool:
    """Tell whether there are enough rows without a target, rows to judge by, and time.

    Then labelled rows are judged by their validation part, not by folds: the guesses must not
    come from models that learned from the rows that the network is judged on.
    """
    enough = len(problem.unlabelled) >= 2 * len(problem.splits.train)
    judged = len(problem.validation) >= LEAST_JUDGED
    time = not budget.timed or budget.amount >= LEAST_SECONDS
    return enough and judged and time and problem.target_codec.form.exclusive


def train_student(
    problem: Problem, plan: DeepPlan, base_models: BaseModels, progress: Progress
) -> DeepResult:
    """Train a network on targets and guesses; see `plait.train.student.Student`.

    The first guesses come from the best mix of the simple models by the validation rows. The
    network sees augmented rows and drops columns; the models saw them whole. None of them learned
    from the validation rows.
    """
    clock = Clock()
    plan = settled(plan)
    truth, codec = problem.truth[problem.validation], problem.target_codec
    rows = _some(problem.unlabelled, plan, base_models)
    weights = best_mix(dict(base_models.outputs), truth, codec.cost, seed=plan.seed)
    found = {name: base_models.outputs_of(name, problem.prepared, rows) for name in weights}
    guesses = mix_outputs(found, weights)
    system = make_system(problem, plan)
    prior = _prior(problem.truth[problem.splits.train], guesses.shape[1])
    learner = StudentLearner(system, prior)
    labelled = problem.splits.train[problem.truth[problem.splits.train] >= 0]
    stop = problem.stopping if len(problem.stopping) else problem.validation
    data = train_data(problem, _with_repeats(labelled, rows), stop)
    objective = Student(
        learner, data, (rows, guesses), prior, StudentConfig(smoothing=plan.train.smoothing)
    )
    size = plan.train.batch_size or BATCH_SIZE
    plan = replace(
        plan,
        train=replace(plan.train, batch_size=size),
        budget=_left(plan.budget, clock.seconds),
    )
    run = run_training(plan, objective, system, "learning from guesses", progress)
    outputs = system_outputs(system, problem.prepared, problem.validation, device=plan.device)
    note = f"{len(rows):,} rows without a target were learned from, by guesses of simple models"
    system = system.cpu()
    return DeepResult(
        systems=(system,),
        outputs=outputs,
        rows=problem.validation,
        run=run,
        notes=(note,),
        stages=[(system, problem.validation)],
    )


def _left(budget: Budget, spent_seconds: float) -> Budget:
    """Return what guessing has left of a time, or all of the steps."""
    if not budget.timed:
        return budget
    return Budget(max(budget.amount - spent_seconds, 0.5 * budget.amount), "seconds")


def _some(rows: np.ndarray, plan: DeepPlan, base_models: BaseModels) -> np.ndarray:
    """Return as many of the rows as can be guessed in the time, evenly drawn."""
    most = MAX_GUESSED
    if plan.budget.timed:
        seconds = GUESS_SHARE * plan.budget.amount
        most = min(most, max(int(seconds / max(base_models.seconds_per_row, 1e-6)), 1))
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(plan.seed).choice(rows, most, replace=False))


def _prior(truth: np.ndarray, num_classes: int) -> np.ndarray:
    """Return the classes' shares among targets, one more of each, float64 ``[class]``."""
    counts = np.bincount(truth[truth >= 0], minlength=num_classes) + 1.0
    return np.asarray(counts / counts.sum())


def _with_repeats(labelled: np.ndarray, guessed: np.ndarray) -> np.ndarray:
    share = LABELLED_SHARE / (1 - LABELLED_SHARE)
    num = max(1, round(share * len(guessed) / len(labelled)))
    return np.concatenate([np.tile(labelled, num), guessed])
