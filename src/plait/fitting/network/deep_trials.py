"""Measures kinds of fusion, or ways to adapt a base, by short runs of the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from plait.fitting.network.better_head import leave_better_head
from plait.fitting.network.deep_training import fit_network, make_system
from plait.fitting.setup.deep_plan import DeepPlan, learn_rows
from plait.fitting.setup.problem import Problem
from plait.fitting.setup.work import ADAPTATIONS
from plait.networks.config import join_layer
from plait.networks.torch_runners import system_outputs
from plait.progress import Progress

TRIAL_SHARE = 0.18
"""Part of the deep model's budget spent on measuring kinds of fusion, or of adaptation."""

CLEARLY = 2.0
"""Standard errors by which another kind of fusion must be better than mid."""

LEAST_TRIAL_SECONDS = 150.0
"""Deep budgets below this are not spent on trials: too short to tell."""


def choose_variant(
    problem: Problem, plan: DeepPlan, progress: Progress
) -> tuple[DeepPlan, dict[str, Any], tuple[str, ...]]:
    """Settle the kind of fusion, or with a start how to adapt it; measured where unsettled."""
    if plan.start is None:
        return _choose_join(problem, replace(plan, adapt="scratch"), progress)
    if plan.adapt != "auto":
        return plan, {}, ()
    if plan.budget.timed and plan.budget.amount < LEAST_TRIAL_SECONDS:
        note = "the budget was too short to measure how best to adapt the base: full was taken"
        return replace(plan, adapt="full"), {}, (note,)
    costs = {}
    for adapt in ADAPTATIONS:
        trial = _trial_plan(replace(plan, adapt=adapt), len(ADAPTATIONS), adapt)
        costs[adapt] = _trial_cost(problem, trial, progress, f"adapting: {adapt}")
    best = min(costs, key=lambda adapt: float(costs[adapt].mean()))
    measured = [
        {"adapt": adapt, "cost": float(cost.mean()), "chosen": adapt == best}
        for adapt, cost in costs.items()
    ]
    notes = ("the base's weights did not help: the network was trained from scratch",)
    plan = replace(plan, adapt=best, budget=plan.budget.share(1 - TRIAL_SHARE))
    return plan, {"adapted": measured}, notes if best == "scratch" else ()


def _choose_join(
    problem: Problem, plan: DeepPlan, progress: Progress
) -> tuple[DeepPlan, dict[str, Any], tuple[str, ...]]:
    """Measure late, mid and early fusion by short runs; leave mid for what is clearly better.

    Short runs learn what each column tells by itself: that late fusion ends level with mid in them
    says nothing of what columns tell together, which takes longer (docs/log.md, 2026-11-30).
    """
    config = plan.config
    if plan.fusion != "auto":
        config = replace(config, join=join_layer(plan.fusion, config.depth)).check()
        return replace(plan, config=config), {}, ()
    if len(problem.columns) < 2:
        return replace(plan, config=replace(config, join=0)), {}, ()
    if plan.budget.timed and plan.budget.amount < LEAST_TRIAL_SECONDS:
        note = "the budget was too short to measure the kinds of fusion: mid fusion was taken"
        config = replace(config, join=join_layer("mid", config.depth))
        return replace(plan, config=config), {}, (note,)
    joins = sorted(
        {join_layer(name, config.depth) for name in ("late", "mid", "early")}, reverse=True
    )
    costs = {}
    for join in joins:
        trial = replace(plan, config=replace(config, join=join))
        trial = _trial_plan(trial, len(joins), f"fusion-at-layer-{join}")
        costs[join] = _trial_cost(problem, trial, progress, f"fusion at layer {join}")
    best = _mid_or_better(costs, join_layer("mid", config.depth))
    measured = [
        {"join": join, "cost": float(cost.mean()), "chosen": join == best}
        for join, cost in costs.items()
    ]
    plan = replace(
        plan, config=replace(config, join=best), budget=plan.budget.share(1 - TRIAL_SHARE)
    )
    return plan, {"fusion": measured}, ()


def _trial_plan(plan: DeepPlan, num_trials: int, name: str) -> DeepPlan:
    """Return a plan for one of several trials, with its part of the budget and its own folder."""
    budget = plan.budget.share(TRIAL_SHARE / num_trials)
    return replace(plan, budget=budget, folder=plan.folder and plan.folder / name)


def _mid_or_better(costs: Mapping[int, np.ndarray], mid: int) -> int:
    """Return mid fusion's layer, or that of the least cost where it is better by two errors."""
    best = min(costs, key=lambda join: float(costs[join].mean()))
    gap = costs[mid] - costs[best]
    error = gap.std() / max(len(gap), 1) ** 0.5
    return best if gap.mean() > CLEARLY * error else mid


def _trial_cost(problem: Problem, plan: DeepPlan, progress: Progress, name: str) -> np.ndarray:
    learn, check = (
        problem.learned,
        problem.stopping if len(problem.stopping) else problem.validation,
    )
    if plan.folds is not None:
        rows = learn_rows(problem)
        learn, check = rows[plan.folds != 0], rows[plan.folds == 0]
    system = make_system(problem, plan, learn)
    fit_network(problem, plan, system, learn, name, progress)
    outputs = system_outputs(system, problem.prepared, check, device=plan.device)
    outputs = leave_better_head(problem, [system], outputs, check)
    return problem.target_codec.cost(outputs, problem.truth[check])
