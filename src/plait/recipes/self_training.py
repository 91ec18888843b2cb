"""Self-training: simple models guess the missing targets, the network learns from the guesses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from plait.baselines.stack import best_mix, mix_outputs
from plait.model.ensemble import DEEP
from plait.model.infer import system_outputs
from plait.progress import Progress
from plait.recipes.deep import DeepPlan, DeepResult, make_system, run_training
from plait.recipes.rivals import Rivals
from plait.recipes.task import Task
from plait.train.budget import Budget, Clock

NUM_ROUNDS = 2
LEAST_JUDGED = 20
"""With fewer rows to judge by, whether the guesses help could not be told."""

MAX_GUESSED = 30_000
LABELLED_SHARE = 0.25
"""Rows with a real target are repeated until they are this share of an epoch."""


def can_self_train(task: Task, rivals: Rivals) -> bool:
    """Tell whether there are rows without a target, teachers, and rows to judge by."""
    enough = len(task.unlabelled) >= 2 * len(task.splits.train)
    judged = len(task.validation) >= LEAST_JUDGED
    return enough and judged and task.target_codec.task == "classify" and bool(rivals.experts)


def train_student(task: Task, plan: DeepPlan, rivals: Rivals, progress: Progress) -> DeepResult:
    """Train a network on targets and guesses: noisy student (Xie et al. 2020, algorithm 1).

    The teacher is the best mix of the simple models by the validation rows, in the second round
    of them and the student itself. Guesses are drawn anew for every batch from the teacher's
    probabilities, which is its soft labels in expectation. The student sees augmented rows and
    drops columns; the teacher saw them whole. None of them learned from the validation rows.
    """
    system = make_system(task, plan)
    rows = _some(task.unlabelled, plan.seed)
    truth, codec = task.truth[task.validation], task.target_codec
    found = dict(rivals.outputs)
    guesses: dict[str, np.ndarray] = {}
    run, clock = None, Clock()
    for number in range(NUM_ROUNDS):
        weights = best_mix(found, truth, codec.cost, seed=plan.seed)
        for name in weights.keys() - guesses.keys():
            guesses[name] = rivals.outputs_of(name, task.prepared, rows)
        budget = _part(plan.budget, clock.seconds, NUM_ROUNDS - number)
        part = replace(plan, budget=budget, seed=plan.seed + number)
        run = run_training(
            task,
            replace(part, folder=plan.folder and plan.folder / f"round-{number}"),
            system,
            _with_repeats(task.splits.train, rows),
            task.validation,
            budget,
            f"learning from guesses, round {number + 1}",
            progress,
            guesses=(rows, mix_outputs(guesses, weights)),
        )
        for store, places in ((found, task.validation), (guesses, rows)):
            store[DEEP] = system_outputs(system, task.prepared, places, device=plan.device)
    if run is None:
        raise ValueError("no round was run")
    note = f"{len(rows):,} rows without a target were learned from, by guesses of simple models"
    return DeepResult(
        system=system.cpu(), outputs=found[DEEP], rows=task.validation, run=run, notes=(note,)
    )


def _part(budget: Budget, spent_seconds: float, num_rounds: int) -> Budget:
    """Return a round's share of the steps, or of the time that guessing has left."""
    if not budget.timed:
        return budget.share(1 / NUM_ROUNDS)
    left = max(budget.amount - spent_seconds, 0.3 * budget.amount / NUM_ROUNDS)
    return Budget(left / num_rounds, "seconds")


def _some(rows: np.ndarray, seed: int) -> np.ndarray:
    if len(rows) <= MAX_GUESSED:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, MAX_GUESSED, replace=False))


def _with_repeats(labelled: np.ndarray, guessed: np.ndarray) -> np.ndarray:
    share = LABELLED_SHARE / (1 - LABELLED_SHARE)
    num = max(1, round(share * len(guessed) / len(labelled)))
    return np.concatenate([np.tile(labelled, num), guessed])
