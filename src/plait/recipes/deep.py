"""Trains the network for a task: measures the kinds of fusion, then trains or cross-fits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from plait.model.config import join_layer
from plait.model.infer import system_outputs
from plait.model.start import start_from
from plait.model.system import System
from plait.nn.low_rank import adapt_linears, merge_linears
from plait.progress import Progress
from plait.recipes.deep_plan import DeepPlan, DeepResult
from plait.recipes.task import Task
from plait.recipes.work import ADAPTATIONS
from plait.train.budget import Budget
from plait.train.data import TrainData
from plait.train.loop import TrainResult, train
from plait.train.objective import Objective
from plait.train.supervised import Supervised

TRIAL_SHARE = 0.18
"""Part of the deep model's budget spent on measuring kinds of fusion, or of adaptation."""

LEAST_TRIAL_SECONDS = 150.0
"""Deep budgets below this are not spent on trials: too short to tell."""


def train_deep(task: Task, plan: DeepPlan, progress: Progress) -> DeepResult:
    """Train on a task. See `DeepPlan` and `DeepResult`."""
    plan, trials, notes = _choose_variant(task, plan, progress)
    if plan.folds is None:
        result = _train_once(task, plan, progress)
    else:
        result = _cross_fit(task, plan, progress)
    seen = result.run.steps * plan.train.rows_per_step(len(task.learned))
    cut = plan.end is not None and seen < len(task.learned)
    return replace(
        result, trials=trials, adapt=plan.adapt, notes=(*result.notes, *notes), cut_short=cut
    )


def make_system(task: Task, plan: DeepPlan) -> System:
    """Build the network of a plan: weights drawn from its seed, or those of its start."""
    torch.manual_seed(plan.seed)
    codecs = {name: task.codecs[name] for name in task.columns}
    system = System(codecs, task.target_codec, plan.config)
    if plan.start is not None and plan.adapt != "scratch":
        start_from(system, plan.start)
        if plan.adapt == "lora":
            adapt_linears(system.trunk)
            system.encoder.stems.requires_grad_(False)
            for name, stem in system.encoder.stems.items():
                stem.requires_grad_(name not in plan.start.network.encoder.stems)
    return system


def _choose_variant(
    task: Task, plan: DeepPlan, progress: Progress
) -> tuple[DeepPlan, dict[str, Any], tuple[str, ...]]:
    """Settle the kind of fusion, or with a start how to adapt it; measured where unsettled."""
    if plan.start is None:
        return _choose_join(task, replace(plan, adapt="scratch"), progress)
    plan = replace(plan, config=plan.start.config)
    if plan.adapt != "auto":
        return plan, {}, ()
    if plan.budget.timed and plan.budget.amount < LEAST_TRIAL_SECONDS:
        note = "the budget was too short to measure how best to adapt the base: full was taken"
        return replace(plan, adapt="full"), {}, (note,)
    costs = {}
    for adapt in ADAPTATIONS:
        trial = _trial_plan(replace(plan, adapt=adapt), len(ADAPTATIONS), adapt)
        costs[adapt] = _trial_cost(task, trial, progress, f"adapting: {adapt}")
    best = min(costs, key=lambda adapt: float(costs[adapt].mean()))
    measured = [
        {"adapt": adapt, "cost": float(cost.mean()), "chosen": adapt == best}
        for adapt, cost in costs.items()
    ]
    notes = ("the base's weights did not help: the network was trained from scratch",)
    plan = replace(plan, adapt=best, budget=plan.budget.share(1 - TRIAL_SHARE))
    return plan, {"adapted": measured}, notes if best == "scratch" else ()


def _choose_join(
    task: Task, plan: DeepPlan, progress: Progress
) -> tuple[DeepPlan, dict[str, Any], tuple[str, ...]]:
    """Measure late, mid and early fusion by short runs; keep the simplest not clearly worse."""
    config = plan.config
    if plan.fusion != "auto":
        config = replace(config, join=join_layer(plan.fusion, config.depth)).check()
        return replace(plan, config=config), {}, ()
    if len(task.columns) < 2:
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
        trial = _trial_plan(trial, len(joins), f"join-{join}")
        costs[join] = _trial_cost(task, trial, progress, f"fusion at layer {join}")
    best = _simplest_good(costs)
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


def _simplest_good(costs: dict[int, np.ndarray]) -> int:
    """Return the latest join whose cost is within one standard error of the best's."""
    best = min(costs, key=lambda join: float(costs[join].mean()))
    for join, cost in costs.items():
        gap = cost - costs[best]
        if gap.mean() <= gap.std() / max(len(gap), 1) ** 0.5:
            return join
    return best


def _trial_cost(task: Task, plan: DeepPlan, progress: Progress, name: str) -> np.ndarray:
    learn, check = task.learned, task.stopping if len(task.stopping) else task.validation
    if plan.folds is not None:
        rows = _learn_rows(task)
        learn, check = rows[plan.folds != 0], rows[plan.folds == 0]
    system = make_system(task, plan)
    _learn(task, plan, system, learn, name, progress)
    outputs = system_outputs(system, task.prepared, check, device=plan.device)
    return task.target_codec.cost(outputs, task.truth[check])


def _train_once(task: Task, plan: DeepPlan, progress: Progress) -> DeepResult:
    system = make_system(task, plan)
    rows = task.validation
    stop = task.stopping if len(task.stopping) else rows
    plan = replace(plan, budget=plan.part(1.0, len(rows)) if plan.end else plan.budget)
    run = _learn(task, plan, system, task.learned, "training", progress, stop)
    outputs = system_outputs(system, task.prepared, rows, device=plan.device)
    system = system.cpu()
    stages = [(system, rows)]
    return DeepResult(system=system, outputs=outputs, rows=rows, run=run, stages=stages)


def _cross_fit(task: Task, plan: DeepPlan, progress: Progress) -> DeepResult:
    """Train one network per fold for honest outputs on every row, then one on all rows."""
    if plan.folds is None:
        raise ValueError("cross-fitting needs folds")
    rows, num_folds = _learn_rows(task), int(plan.folds.max()) + 1
    found: np.ndarray | None = None
    stages = []
    for fold in range(num_folds):
        held = rows[plan.folds == fold]
        part = replace(
            plan,
            budget=_fold_budget(plan, fold, num_folds, len(held)),
            folder=plan.folder and plan.folder / f"fold-{fold}",
            seed=plan.seed + fold,
        )
        system = make_system(task, part)
        name = f"fold {fold + 1} of {num_folds}"
        _learn(task, part, system, rows[plan.folds != fold], name, progress)
        outputs = system_outputs(system, task.prepared, held, device=plan.device)
        if found is None:
            found = np.zeros((len(rows), outputs.shape[1]), np.float32)
        found[plan.folds == fold] = outputs
        stages.append((system.cpu(), held))
    last = replace(plan, budget=_fold_budget(plan, num_folds, num_folds, 0))
    system = make_system(task, last)
    run = _learn(task, last, system, rows, "training on all rows", progress)
    outputs = np.zeros((0, 1), np.float32) if found is None else found
    return DeepResult(system=system.cpu(), outputs=outputs, rows=rows, run=run, stages=stages)


def _fold_budget(plan: DeepPlan, fold: int, num_folds: int, num_answered: int) -> Budget:
    """Return the budget of a fold, or of the network of all rows, which takes 1.5 of their time."""
    whole, mine = num_folds + 1.5, 1.0 if fold < num_folds else 1.5
    if plan.end is None:
        return plan.budget.share(mine / whole)
    return plan.part(mine / (whole - fold), num_answered)


def _learn_rows(task: Task) -> np.ndarray:
    return np.sort(np.concatenate([task.splits.train, task.splits.validation]))


def run_training(
    plan: DeepPlan, objective: Objective, system: System, name: str, progress: Progress
) -> TrainResult:
    """Train a network in place within the plan's budget.

    Args:
        plan: How; its folder takes the checkpoints.
        objective: What is minimised, on which rows.
        system: The network in it.
        name: For the progress bar.
        progress: Told of the work.
    """
    update = progress.task(name, 1.0)
    notify: Callable[[float, str], None] = lambda share, note: update(min(share, 0.999), note)  # noqa: E731
    result = train(
        objective,
        budget=plan.budget,
        config=plan.train,
        seed=plan.seed,
        device=plan.device,
        folder=plan.folder,
        notify=notify,
    )
    merge_linears(system)
    update(1.0, f"{result.steps} steps, {result.precision}")
    return result


def train_data(task: Task, rows: np.ndarray, rows_validation: np.ndarray) -> TrainData:
    """Return what a network learns a task's target from.

    Args:
        task: Its columns and target.
        rows: Row numbers to learn from.
        rows_validation: Row numbers to validate on; may be empty.
    """
    return TrainData(
        prepared=task.prepared,
        columns=task.columns,
        codec=task.target_codec,
        truth=task.truth,
        rows=rows,
        rows_validation=rows_validation,
        weights=task.weights,
    )


def _learn(
    task: Task,
    plan: DeepPlan,
    system: System,
    rows: np.ndarray,
    name: str,
    progress: Progress,
    rows_validation: np.ndarray | None = None,
) -> TrainResult:
    """Train a network in place on labelled rows, validated on others where there are any."""
    held = np.zeros(0, np.int64) if rows_validation is None else rows_validation
    objective = Supervised(system, train_data(task, rows, held), plan.train)
    return run_training(plan, objective, system, name, progress)
