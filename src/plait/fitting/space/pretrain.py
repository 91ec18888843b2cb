"""Learns the shared space of a table: which losses help is measured, then the best is trained."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from plait.baselines.linear_space import LinearSpace
from plait.data.contents import content_numbers
from plait.fitting.setup.problem import Problem
from plait.fitting.space.space_plan import (
    SharedPlan,
    SharedResult,
    fit_linear,
    notes_on_mixes,
    occur_together,
    of_linear,
)
from plait.model.directions import score_directions
from plait.model.shared_space import SharedSpace
from plait.model.space_check import COLLAPSED_RANK, COLLAPSED_STD
from plait.networks.space import Space
from plait.networks.weights import tensors_of
from plait.progress import Progress
from plait.train.budget import Budget, Clock
from plait.train.result import TrainResult
from plait.train.shared import MAX_ROWS_PER_CHECK, Shared, SharedConfig, SharedLearner
from plait.train.shown import train_shown
from plait.train.space_network import space_network

TRIAL_SHARE = 0.3
"""Part of the budget spent on measuring which losses help."""

LEAST_TRIAL_SECONDS = 180.0
"""Budgets below this are not spent on trials: too short to tell."""

LEAST_TRIAL_STEPS = 50
"""Timed trials of fewer steps tell nothing: the time goes to the training instead."""

LEAST_NETWORK_SECONDS, LEAST_NETWORK_SHARE = 3.0, 0.1
"""A network that has less time beside canonical correlations is left out; of its budget, too."""

LEAST_JUDGED = 10
SHARES = (0.0, 0.15, 0.3, 0.45, 0.6, 0.8, 1.0)
"""Weights of the network beside the linear space that are compared."""

RECIPES: dict[str, SharedConfig] = {
    "alignment": SharedConfig(views=0.0, latent=0.0, bank_size=0),
    "alignment + masked latents": SharedConfig(views=0.0, latent=1.0, bank_size=0),
    "alignment + views + masked latents": SharedConfig(views=1.0, latent=1.0),
}
"""What is compared where input columns occur together, simplest first."""

ALONE = "views + masked latents"
"""What is trained where no two input columns occur together."""


def learn_space(problem: Problem, plan: SharedPlan, progress: Progress) -> SharedResult:
    """Learn the shared space of a problem's input columns. See `SharedPlan` and `SharedResult`."""
    contents = {
        name: content_numbers(problem.prepared, cols)
        for name, cols in problem.input_columns.items()
    }
    clock = Clock()
    linear = fit_linear(problem, plan, progress)
    if linear is not None and _is_late(plan):
        note = "no time was left for a network: canonical correlations of simple features alone"
        return of_linear(problem, plan, linear[1], note)
    plan = replace(plan, budget=_less(plan, clock.seconds))
    recipe, trials, budget, notes = _choose_recipe(problem, plan, contents, progress)
    folder = plan.folder and plan.folder / "space"
    plan = replace(plan, budget=budget, folder=folder)
    objective, run = _train(problem, plan, RECIPES.get(recipe, SharedConfig()), contents, progress)
    learner = objective.module.cpu().eval()
    collapse = objective.collapse()
    space = SharedSpace(
        {name: problem.codecs[name] for name in problem.columns},
        dict(problem.input_columns),
        plan.config,
        tensors_of(learner.space),
        learner.alignment.scale,
    )
    mixes: list[dict[str, Any]] = []
    if linear is not None:
        space, mixes = _with_linear(problem, plan, space, linear, contents)
        notes += notes_on_mixes(mixes, run.steps)
    if has_collapsed(collapse) and not space.has_deep:
        notes += ("the network's vectors collapsed: its part was left out",)
    return SharedResult(
        space=space,
        run=run,
        recipe=recipe,
        trials=trials,
        mixes=mixes,
        collapse=collapse,
        notes=notes,
    )


def has_collapsed(collapse: dict[str, float]) -> bool:
    """Tell whether vectors lie in about a point or a line; see `plait.train.latent.spread`."""
    return bool(collapse) and (collapse["std"] < COLLAPSED_STD or collapse["rank"] < COLLAPSED_RANK)


def _is_late(plan: SharedPlan) -> bool:
    """Tell whether too little time is left for a network beside a space in closed form."""
    if plan.end is None:
        return False
    least = max(LEAST_NETWORK_SECONDS, LEAST_NETWORK_SHARE * plan.budget.amount)
    return plan.end - time.monotonic() < least


def _less(plan: SharedPlan, seconds: float) -> Budget:
    """Return the budget less the seconds spent; before the plan's end, or at least half of it."""
    budget = plan.budget
    if not budget.timed:
        return budget
    left = budget.amount - seconds
    if plan.end is not None and plan.end - time.monotonic() >= LEAST_NETWORK_SECONDS:
        return Budget(min(left, plan.end - time.monotonic()), "seconds")
    return Budget(max(left, budget.amount / 2), "seconds")


def _with_linear(
    problem: Problem,
    plan: SharedPlan,
    space: SharedSpace,
    linear: tuple[LinearSpace, LinearSpace],
    contents: dict[str, np.ndarray],
) -> tuple[SharedSpace, list[dict[str, Any]]]:
    """Measure canonical correlations beside the network; keep the best weights of the two.

    Args:
        linear: Of the training rows, to be measured, and of all rows, to be kept.
    """
    judged, kept = linear
    input_columns = dict(problem.input_columns)
    rows = plan.rows_validation[:MAX_ROWS_PER_CHECK]
    if len(rows) < LEAST_JUDGED:
        return space, []
    deep, present = space.input_column_vectors(problem.prepared, rows)
    flat, _ = judged.vectors(problem.prepared, rows)
    held = {name: numbers[rows] for name, numbers in contents.items()}
    found = {}
    for share in SHARES:
        both = replace(space, linear=judged, share=share)
        scored = score_directions(both.beside(deep, flat), present, list(input_columns), held)
        found[share] = float(np.mean([one["mrr"] for one in scored.values()]))
    best = max(found, key=lambda share: found[share])
    mixes = [
        {"network": share, "linear": 1 - share, "mrr": mrr, "chosen": share == best}
        for share, mrr in found.items()
    ]
    if best == 1.0:
        return space, mixes
    return replace(space, linear=kept, share=best), mixes


def _choose_recipe(
    problem: Problem, plan: SharedPlan, contents: dict[str, np.ndarray], progress: Progress
) -> tuple[str, list[dict[str, Any]], Budget, tuple[str, ...]]:
    """Measure the recipes by short runs; keep the simplest that is not worse than the best."""
    if not occur_together(problem, plan.rows):
        return ALONE, [], plan.budget, ()
    names = list(RECIPES)
    too_short = plan.budget.timed and plan.budget.amount < LEAST_TRIAL_SECONDS
    if too_short or len(plan.rows_validation) < 2:
        why = "the budget was too short" if too_short else "too few rows were set aside"
        return names[1], [], plan.budget, (f"{why} to measure which losses help: took {names[1]}",)
    costs = {}
    for number, name in enumerate(names):
        trial = replace(
            plan,
            budget=plan.budget.share(TRIAL_SHARE / len(names)),
            folder=plan.folder and plan.folder / f"trial-{number}",
        )
        objective, run = _train(problem, trial, RECIPES[name], contents, progress, f"trial: {name}")
        if plan.budget.timed and run.steps < LEAST_TRIAL_STEPS:
            note = f"{run.steps} steps are too few to measure which losses help: took {names[1]}"
            spent = TRIAL_SHARE / len(names) * (number + 1)
            return names[1], [], plan.budget.share(1 - spent), (note,)
        costs[name] = objective.cost()
    best = min(costs, key=lambda name: costs[name])
    trials = [{"recipe": n, "cost": costs[n], "chosen": n == best} for n in names]
    notes = tuple(
        f"{name.split(' + ', 1)[1]}: measured, and left out because retrieval got no better"
        for name in names[1:]
        if best == names[0] and name == names[1]
    )
    return best, trials, plan.budget.share(1 - TRIAL_SHARE), notes


def _train(
    problem: Problem,
    plan: SharedPlan,
    config: SharedConfig,
    contents: dict[str, np.ndarray],
    progress: Progress,
    name: str = "learning the shared space",
) -> tuple[Shared, TrainResult]:
    torch.manual_seed(plan.seed)
    codecs = {column: problem.codecs[column] for column in problem.columns}
    space = Space(codecs, plan.config, problem.input_columns)
    if plan.start is not None:
        space.load_state_dict(space_network(plan.start).state_dict())
    objective = Shared(
        SharedLearner(space, config, num_others=plan.train.rows_per_step(len(plan.rows))),
        problem.prepared,
        rows=plan.rows,
        rows_validation=plan.rows_validation,
        units=problem.copies,
        contents=contents,
        config=config,
    )
    result = train_shown(
        objective,
        name,
        progress,
        budget=plan.budget,
        config=plan.train,
        seed=plan.seed,
        device=plan.device,
        folder=plan.folder,
    )
    return objective, result
