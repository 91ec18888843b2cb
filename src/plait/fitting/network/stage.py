"""The network's stage of a fit: planned, and trained in the form that its time allows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from plait.fitting.candidates.base_models import BaseModels
from plait.fitting.candidates.candidates import refuse_none
from plait.fitting.network.network_time import NetworkTime
from plait.fitting.setup.deep_plan import DeepPlan, DeepResult, Form
from plait.fitting.setup.problem import Problem
from plait.fitting.setup.work import Work
from plait.model.shared_space import SharedSpace
from plait.networks.config import choose_size, lean
from plait.train.budget import Budget
from plait.train.config import TrainConfig

LEAST_SECONDS = 0.5
"""In less, no network is even looked at, if there are other models."""

LEAST_PASSES = 5.0
"""Times that a network should see every row; one that sees them less is made smaller."""

LEAST_SHARE = 0.15
"""Part of the budget that a network gets which ships alone, without base models, however late."""


@dataclass(frozen=True)
class NetworkStage:
    """What is known of the network before it is trained.

    Attributes:
        plan: None where none is trained.
        foreseen: What it needs; None where time is free.
        why: Why none is trained.
        trained: What was trained already, together with other targets; None where nothing was.
    """

    plan: DeepPlan | None = None
    foreseen: NetworkTime | None = None
    why: str = ""
    trained: DeepResult | None = None

    @property
    def answering(self) -> float:
        """Seconds to answer a row; 0 where none is planned, or time is free."""
        return 0.0 if self.foreseen is None else self.foreseen.answering

    def spared(self, seconds: float | None) -> float | None:
        """Return what simple models may have of the seconds left before the network has its own."""
        if seconds is None or self.foreseen is None:
            return seconds
        return self.foreseen.spared(seconds)


def plan_network(
    problem: Problem,
    work: Work,
    base_models: BaseModels,
    folds: np.ndarray | None,
    space: SharedSpace | None,
    *,
    left: float | None,
) -> NetworkStage:
    """Plan it, and see how long its steps take where seconds that are `left` for it count."""
    if work.simple:
        refuse_none(base_models.outputs, work.baselines)
        return NetworkStage(why="no network was trained: simple models were asked for")
    if work.trained is not None:
        return NetworkStage(trained=work.trained)
    if left is not None and left < LEAST_SECONDS and base_models.fitted:
        return NetworkStage(why="no network was trained: no time was left for it")
    modalities = [problem.codecs[name].modality for name in problem.columns]
    start = space if space is not None and space.has_network else None
    config = choose_size(work.size, len(problem.splits.train), modalities)
    plan = DeepPlan(
        config=config if start is None else start.config,
        fusion=work.fusion,
        train=_train_config(problem, work),
        budget=work.budget,
        folds=folds,
        seed=work.seed,
        device=work.device,
        folder=work.folder,
        start=start,
        adapt=work.adapt,
    )
    smallest = lean(modalities)
    may_shrink = work.size == "auto" and start is None and plan.config != smallest
    if left is None:
        return NetworkStage(plan)
    foreseen = NetworkTime.of(problem, plan, left)
    if may_shrink and foreseen.passes(left, plan, len(problem.learned)) < LEAST_PASSES:
        plan = replace(plan, config=smallest)
        foreseen = NetworkTime.of(problem, plan, left)
    return NetworkStage(plan, foreseen)


def _train_config(problem: Problem, work: Work) -> TrainConfig:
    if not work.budget.timed:
        return work.train
    return work.train.within(work.budget.amount, len(problem.splits.train))


def train_network(
    problem: Problem, work: Work, stage: NetworkStage, base_models: BaseModels, *, kept: float
) -> DeepResult:
    """Train the network in the time that is left when so many seconds are kept, if that is enough.

    Args:
        problem: What to learn.
        work: Settings.
        stage: See `plan_network`.
        base_models: The simple models: what ships where there is no network.
        kept: Seconds.
    """
    plan, foreseen = stage.plan, stage.foreseen
    if stage.trained is not None:
        return _among(stage.trained, base_models)
    if plan is None:
        return _none(base_models, stage.why)
    seconds = work.timetable.seconds
    if foreseen is not None and seconds is not None:
        left = work.timetable.left(kept) or 0.0
        form = foreseen.form(left)
        if form is None and base_models.fitted:
            return _none(
                base_models,
                f"no network was trained: {left:.1f} s were left for it, and learning anything "
                f"takes about {foreseen.least:,.1f} s",
            )
        least = min(foreseen.least, LEAST_SHARE * seconds)
        left = max(left - foreseen.answering_in_the_end(form), least)
        plan = replace(
            plan,
            budget=Budget(left, "seconds"),
            end=work.timetable.clock() + left,
            answering=foreseen.answering,
            step=foreseen.step,
            form=form or Form.SPLIT,
        )
    from plait.fitting.network.deep import train_deep

    return train_deep(problem, plan, work.progress)


def _among(trained: DeepResult, base_models: BaseModels) -> DeepResult:
    """Return what was trained for several targets, compared on the rows of the simple models."""
    if not base_models.fitted:
        return trained
    found = trained.among(base_models.judged)
    if not len(found.rows):
        return _none(base_models, "the network learned from every row that could compare it")
    return found


def _none(base_models: BaseModels, note: str) -> DeepResult:
    return DeepResult.none(base_models.judged, base_models.outputs, note)
