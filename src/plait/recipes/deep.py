"""Trains the network for a task: measures the kinds of fusion, then trains or cross-fits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from plait.model.config import SystemConfig, join_layer
from plait.model.infer import system_outputs
from plait.model.system import System
from plait.progress import Progress
from plait.recipes.task import Task
from plait.train.budget import Budget
from plait.train.config import TrainConfig
from plait.train.data import TrainData
from plait.train.loop import TrainResult, train
from plait.train.supervised import Supervised

FUSION_SHARE = 0.18
"""Part of the deep model's budget spent on measuring the kinds of fusion."""

LEAST_FUSION_SECONDS = 150.0
"""Deep budgets below this are not spent on measuring fusion: too short to tell."""


@dataclass(frozen=True, kw_only=True)
class DeepResult:
    """A trained network and how it came about.

    Attributes:
        system: The network, on the CPU, in evaluation mode.
        outputs: Its outputs on `rows`, which it did not learn from.
        rows: Row numbers of `outputs`.
        run: Of the shipped network's training.
        fusion: ``{"join", "cost"}`` per kind of fusion measured; empty when it was not.
        notes: What a person should know.
    """

    system: System
    outputs: np.ndarray
    rows: np.ndarray
    run: TrainResult
    fusion: list[dict[str, Any]]
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DeepPlan:
    """Settings of the deep model's part of a fit.

    Attributes:
        config: Network sizes.
        fusion: ``auto``, a name, or a layer.
        train: Training settings.
        budget: For all of it.
        folds: Fold number of each row of `learn`; None validates on `rows_validation`.
        seed, device: See `plait.train.loop.train`.
        folder: Where checkpoints go; None writes none.
    """

    config: SystemConfig
    fusion: str | int
    train: TrainConfig
    budget: Budget
    folds: np.ndarray | None
    seed: int
    device: str
    folder: Path | None


def train_deep(task: Task, plan: DeepPlan, progress: Progress) -> DeepResult:
    """Train on a task. See `DeepPlan` and `DeepResult`."""
    config, fusion, budget, notes = _choose_join(task, plan, progress)
    plan = replace(plan, config=config, budget=budget)
    if plan.folds is None:
        result = _train_once(task, plan, progress)
    else:
        result = _cross_fit(task, plan, progress)
    return replace(result, fusion=fusion, notes=(*result.notes, *notes))


def make_system(task: Task, config: SystemConfig, seed: int) -> System:
    """Build the network of a task with weights drawn from `seed`."""
    torch.manual_seed(seed)
    return System({name: task.codecs[name] for name in task.columns}, task.target_codec, config)


def _choose_join(
    task: Task, plan: DeepPlan, progress: Progress
) -> tuple[SystemConfig, list[dict[str, Any]], Budget, tuple[str, ...]]:
    """Measure late, mid and early fusion by short runs; keep the simplest not clearly worse."""
    config = plan.config
    if plan.fusion != "auto":
        return (
            replace(config, join=join_layer(plan.fusion, config.depth)).check(),
            [],
            plan.budget,
            (),
        )
    if len(task.inputs) < 2:
        return replace(config, join=0), [], plan.budget, ()
    if plan.budget.timed and plan.budget.amount < LEAST_FUSION_SECONDS:
        note = "the budget was too short to measure the kinds of fusion: mid fusion was taken"
        return replace(config, join=join_layer("mid", config.depth)), [], plan.budget, (note,)
    joins = sorted(
        {join_layer(name, config.depth) for name in ("late", "mid", "early")}, reverse=True
    )
    share = FUSION_SHARE / len(joins)
    costs = {}
    for join in joins:
        trial = replace(
            plan,
            config=replace(config, join=join),
            budget=plan.budget.share(share),
            folder=plan.folder and plan.folder / f"join-{join}",
        )
        costs[join] = _trial_cost(task, trial, progress, f"fusion at layer {join}")
    best = _simplest_good(costs)
    measured = [
        {"join": join, "cost": float(cost.mean()), "chosen": join == best}
        for join, cost in costs.items()
    ]
    return replace(config, join=best), measured, plan.budget.share(1 - FUSION_SHARE), ()


def _simplest_good(costs: dict[int, np.ndarray]) -> int:
    """Return the latest join whose cost is within one standard error of the best's."""
    best = min(costs, key=lambda join: float(costs[join].mean()))
    for join, cost in costs.items():
        gap = cost - costs[best]
        if gap.mean() <= gap.std() / max(len(gap), 1) ** 0.5:
            return join
    return best


def _trial_cost(task: Task, plan: DeepPlan, progress: Progress, name: str) -> np.ndarray:
    learn, check = task.splits.train, task.validation
    if plan.folds is not None:
        rows = _learn_rows(task)
        learn, check = rows[plan.folds != 0], rows[plan.folds == 0]
    system = make_system(task, plan.config, plan.seed)
    _run(task, plan, system, learn, np.zeros(0, np.int64), plan.budget, name, progress)
    outputs = system_outputs(system, task.prepared, check, device=plan.device)
    return task.target_codec.cost(outputs, task.truth[check])


def _train_once(task: Task, plan: DeepPlan, progress: Progress) -> DeepResult:
    system = make_system(task, plan.config, plan.seed)
    rows = task.validation
    run = _run(task, plan, system, task.splits.train, rows, plan.budget, "training", progress)
    outputs = system_outputs(system, task.prepared, rows, device=plan.device)
    return DeepResult(system=system.cpu(), outputs=outputs, rows=rows, run=run, fusion=[], notes=())


def _cross_fit(task: Task, plan: DeepPlan, progress: Progress) -> DeepResult:
    """Train one network per fold for honest outputs on every row, then one on all rows."""
    if plan.folds is None:
        raise ValueError("cross-fitting needs folds")
    rows, num_folds = _learn_rows(task), int(plan.folds.max()) + 1
    budget = plan.budget.share(1 / (num_folds + 1.5))
    found: np.ndarray | None = None
    for fold in range(num_folds):
        held = rows[plan.folds == fold]
        system = make_system(task, plan.config, plan.seed + fold)
        part = replace(
            plan, folder=plan.folder and plan.folder / f"fold-{fold}", seed=plan.seed + fold
        )
        _run(
            task,
            part,
            system,
            rows[plan.folds != fold],
            np.zeros(0, np.int64),
            budget,
            f"fold {fold + 1} of {num_folds}",
            progress,
        )
        outputs = system_outputs(system, task.prepared, held, device=plan.device)
        if found is None:
            found = np.zeros((len(rows), outputs.shape[1]), np.float32)
        found[plan.folds == fold] = outputs
    system = make_system(task, plan.config, plan.seed)
    run = _run(
        task,
        plan,
        system,
        rows,
        np.zeros(0, np.int64),
        plan.budget.share(1.5 / (num_folds + 1.5)),
        "training on all rows",
        progress,
    )
    outputs = np.zeros((0, 1), np.float32) if found is None else found
    return DeepResult(system=system.cpu(), outputs=outputs, rows=rows, run=run, fusion=[], notes=())


def _learn_rows(task: Task) -> np.ndarray:
    return np.sort(np.concatenate([task.splits.train, task.splits.validation]))


def _run(
    task: Task,
    plan: DeepPlan,
    system: System,
    rows: np.ndarray,
    rows_validation: np.ndarray,
    budget: Budget,
    name: str,
    progress: Progress,
) -> TrainResult:
    data = TrainData(
        prepared=task.prepared,
        columns=task.columns,
        codec=task.target_codec,
        truth=task.truth,
        rows=rows,
        rows_validation=rows_validation,
    )
    update = progress.task(name, 1.0)
    notify: Callable[[float, str], None] = lambda share, note: update(min(share, 0.999), note)  # noqa: E731
    result = train(
        Supervised(system, data, plan.train),
        budget=budget,
        config=plan.train,
        seed=plan.seed,
        device=plan.device,
        folder=plan.folder,
        notify=notify,
    )
    update(1.0, f"{result.steps} steps, {result.precision}")
    return result
