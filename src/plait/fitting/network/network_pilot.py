"""Times a few answers, and a few steps, of the very network that is to be trained."""

from __future__ import annotations

import time

import numpy as np

from plait.fitting.network.deep_training import STEP_PASSES, make_system, train_data
from plait.fitting.setup.deep_plan import DeepPlan, settled
from plait.fitting.setup.problem import Problem
from plait.networks.system import System
from plait.networks.torch_runners import system_outputs
from plait.spacing import even_sample
from plait.train.budget import Budget
from plait.train.data_parallel import one_thread
from plait.train.loop import train
from plait.train.supervised import Supervised

PILOT_ROWS, PILOT_STEPS = (2, 4, 16, 64), 3
"""Rows that are answered, and steps that are taken, to see how long that takes."""

PILOT_GROWTH = 4.0
"""Each time so many more rows are answered, or nearly."""

LOOKING_SHARE = 0.05
"""Of the time left, answers and steps that tell how long others take may each take this."""

LEAST_OF_STEP = 0.25
"""A step takes no less than this part of what it takes with all that begins and ends a training."""


def look(problem: Problem, plan: DeepPlan, rows: np.ndarray, left: float) -> tuple[float, float]:
    """Return the seconds of an answer to one row, and of a step; steps are taken if they are cheap.

    A step is one of one process: a training in several is quicker, which nobody counts on.

    Args:
        problem: What to learn.
        plan: Of the network.
        rows: That are learned from.
        left: Seconds: looking takes a small part of them.
    """
    plan = settled(plan)
    system = make_system(problem, plan).to(plan.device)
    answering = answer_seconds(problem, plan, system, rows, LOOKING_SHARE * left)
    step = STEP_PASSES * answering * plan.train.rows_per_step(len(rows))
    if (3 + PILOT_STEPS) * step < LOOKING_SHARE * left:
        with one_thread():
            step = step_seconds(problem, plan, system, rows)
    return answering, step


def step_seconds(problem: Problem, plan: DeepPlan, system: System, rows: np.ndarray) -> float:
    """Return how long a training step takes, from a few: the first ones, and what begins them,
    apart.

    A first training does not count: its first step takes longer than several of those that follow
    (1.3 and .2 s, docs/log.md, 2026-12-01).
    """
    data = train_data(problem, rows, rows[:0])
    objective = Supervised(system, data, plan.train)
    taken = []
    for num_steps in (1, 1, 1 + PILOT_STEPS):
        began = time.monotonic()
        train(
            objective,
            budget=Budget(num_steps, "steps"),
            config=plan.train,
            seed=plan.seed,
            device=plan.device,
        )
        taken.append(time.monotonic() - began)
    _, begun, whole = taken
    most = whole / (1 + PILOT_STEPS)
    return float(np.clip((whole - begun) / PILOT_STEPS, LEAST_OF_STEP * most, most))


def answer_seconds(
    problem: Problem, plan: DeepPlan, system: System, rows: np.ndarray, seconds: float
) -> float:
    """Return about how long the network takes to answer one row, from ever more of them.

    No more are asked once that took so many seconds; the first call does not count.
    """
    per_row = 0.0
    for num in PILOT_ROWS:
        some = even_sample(rows, num)
        began = time.monotonic()
        system_outputs(system, problem.prepared, some, device=plan.device)
        spent = time.monotonic() - began
        per_row = spent / max(len(some), 1)
        if spent * PILOT_GROWTH > seconds:
            break
    return per_row
