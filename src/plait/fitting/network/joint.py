"""Trains one network for several targets: one encoder and trunk, a head for each target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from plait.baselines.cross_validation import inner_folds
from plait.fitting.network.decoding import Decoder
from plait.fitting.network.deep_training import make_system, run_training, train_data
from plait.fitting.network.network import LEAST_PASSES
from plait.fitting.network.network_time import NetworkTime
from plait.fitting.setup.deep_plan import LEAST_SECONDS, DeepPlan, DeepResult, settled
from plait.fitting.setup.problem import Problem
from plait.fitting.setup.stopping import LEAST_ROWS, MOST_ROWS, STOPPING_SHARE
from plait.fitting.setup.telling import tell
from plait.fitting.setup.work import Work
from plait.modalities import GeneratedTarget, PredictiveTarget
from plait.networks.config import choose_size, lean
from plait.networks.heads import Heads
from plait.networks.start import start_from
from plait.networks.system import System
from plait.networks.torch_runners import system_outputs
from plait.networks.weights import tensors_of
from plait.train.budget import Budget
from plait.train.generative import Generative, GenerativeData
from plait.train.joint import Joint
from plait.train.objective import Objective
from plait.train.space_network import space_network
from plait.train.supervised import Supervised

MID = "several targets on one trunk: kinds of fusion were not compared, mid fusion was taken"
FULL = "several targets on one trunk: ways to adapt the base were not compared, full was taken"

Trained = Mapping[str, DeepResult | Decoder]
"""Target -> the network with its head, as what learns that target takes it."""


def train_joint(problems: Sequence[Problem], work: Work, seconds: float | None) -> Trained:
    """Train the network on the training rows of all targets, a row that lacks one on the others.

    Each target gets a network of its own head, pool and evidence whose encoder and trunk are the
    same modules, and the same weights in the end. What is answered for the validation rows, from
    which nothing is learned, compares it with the simple models of each target.

    Args:
        problems: One for each target, over the same rows and inputs.
        work: Settings.
        seconds: That it may take; None where time is free.
    """
    plan = _planned(problems, work, seconds)
    rows = _union([problem.splits.train for problem in problems])
    stop = _stopping(rows, problems[0].groups, work.seed)
    parts = [_part(problem, plan, stop) for problem in problems]
    for part in parts[1:]:
        part.network.encoder = parts[0].network.encoder
        part.network.trunk = parts[0].network.trunk
    objective = Joint([part.objective(plan) for part in parts])
    plan = replace(plan, budget=plan.part(1.0, sum(len(one.validation) for one in problems)))
    run = run_training(plan, objective, objective.module, "training", work.progress)
    seen = run.steps * plan.train.rows_per_step(len(objective.rows))
    told = {
        "run": run,
        "adapt": plan.adapt,
        "cut_short": plan.end is not None and seen < len(objective.rows),
        "notes": _notes(problems, plan, work),
    }
    return {str(part.problem.target): part.result(plan, told) for part in parts}


@dataclass(frozen=True)
class _Part:
    """A target's share of the network.

    Attributes:
        problem: Of the target.
        network: A `System` of a predictive target, `Heads` of a generated one.
        learned, stop: Row numbers to learn from, and those that tell when to stop, which have it.
    """

    problem: Problem
    network: Any
    learned: np.ndarray
    stop: np.ndarray

    @property
    def is_generated(self) -> bool:
        """Whether values are generated."""
        return isinstance(self.problem.goal, GeneratedTarget)

    def objective(self, plan: DeepPlan) -> Objective:
        """Return what this target adds to the loss."""
        problem = self.problem
        if not self.is_generated:
            return Supervised(
                self.network, train_data(problem, self.learned, self.stop), plan.train
            )
        data = GenerativeData(
            prepared=problem.prepared,
            columns=problem.columns,
            shares={str(problem.target): 1.0},
            rows=self.learned,
            rows_validation=self.stop,
            weights=problem.weights,
        )
        return Generative(self.network, data)

    def result(self, plan: DeepPlan, told: dict[str, Any]) -> DeepResult | Decoder:
        """Return the trained network, and what it answers for validation rows."""
        if self.is_generated:
            network = self.network.cpu().eval()
            return Decoder(network=network, tensors=tensors_of(network), **told)
        rows, system = self.problem.validation, self.network
        outputs = system_outputs(system, self.problem.prepared, rows, device=plan.device)
        system = system.cpu()
        return DeepResult(
            systems=(system,), outputs=outputs, rows=rows, stages=[(system, rows)], **told
        )


def _part(problem: Problem, plan: DeepPlan, stop: np.ndarray) -> _Part:
    """Build a target's network; what is its own is drawn from the seed and the target's place."""
    learned = np.setdiff1d(problem.splits.train, stop)
    held = np.intersect1d(problem.splits.train, stop)
    if isinstance(problem.goal, PredictiveTarget):
        held = held[problem.goal.form.known(problem.truth[held])]
        seconds = plan.budget.amount if plan.budget.timed else None
        plan = replace(plan, told=tell(problem, seconds=seconds, seed=plan.seed))
        network: System | Heads = make_system(problem, plan, learned)
    else:
        network = _make_heads(problem, plan)
    return _Part(problem, network, learned, held)


def _make_heads(problem: Problem, plan: DeepPlan) -> Heads:
    torch.manual_seed(plan.seed)
    codecs = {name: problem.codecs[name] for name in problem.columns}
    network = Heads(codecs, {str(problem.target): problem.goal}, plan.config)
    if plan.start is not None and plan.adapt != "scratch":
        start_from(network, space_network(plan.start))
    return network


def _planned(problems: Sequence[Problem], work: Work, seconds: float | None) -> DeepPlan:
    """Return sizes and time of the network; smaller ones where rows would be seen too seldom."""
    num_rows = len(_union([problem.splits.train for problem in problems]))
    modalities = [problems[0].codecs[name].modality for name in problems[0].columns]
    space = None if work.base is None else work.base.space
    start = space if space is not None and space.has_network else None
    scratch = start is None or work.adapt == "scratch"
    adapt = "scratch" if scratch else "full" if work.adapt == "auto" else work.adapt
    timed, train, budget = seconds is not None, work.train, work.budget
    if seconds is not None:
        budget = Budget(max(seconds, LEAST_SECONDS), "seconds")
        train = train.within(work.budget.amount, num_rows)
    plan = DeepPlan(
        config=choose_size(work.size, num_rows, modalities) if start is None else start.config,
        fusion=work.fusion if len(problems[0].columns) > 1 else 0,
        train=train,
        budget=budget,
        folds=None,
        seed=work.seed,
        device=work.device,
        folder=work.folder,
        start=start,
        adapt=adapt,
        end=work.timetable.clock() + budget.amount if timed else None,
    )
    plan = plan if start is not None else settled(plan)
    predicted = [one for one in problems if isinstance(one.goal, PredictiveTarget)]
    if seconds is None or not predicted:
        return plan
    foreseen = NetworkTime.of(predicted[0], plan, seconds)
    passes = foreseen.passes(seconds / len(problems), plan, num_rows)
    may_shrink = work.size == "auto" and start is None
    if may_shrink and passes < LEAST_PASSES:
        plan = settled(replace(plan, config=lean(modalities)))
    return replace(plan, answering=foreseen.answering)


def _stopping(rows: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
    """Return training rows that tell when to stop, whole groups; none where they are few."""
    share = min(STOPPING_SHARE, MOST_ROWS / max(len(rows), 1))
    if share * len(rows) < LEAST_ROWS:
        return rows[:0]
    alike = np.zeros(len(rows), np.int64)
    learn, stop = inner_folds(alike, seed=seed, groups=groups[rows], small=0, share=share)[0]
    return np.sort(rows[stop]) if len(learn) else rows[:0]


def _union(rows: Sequence[np.ndarray]) -> np.ndarray:
    return np.unique(np.concatenate(list(rows)))


def _notes(problems: Sequence[Problem], plan: DeepPlan, work: Work) -> tuple[str, ...]:
    names = ", ".join(f"'{problem.target}'" for problem in problems)
    said = [f"one network was trained for {names}: one encoder and trunk, a head for each"]
    if plan.start is None and work.fusion == "auto" and len(problems[0].columns) > 1:
        said.append(MID)
    if plan.adapt != "scratch" and work.adapt == "auto":
        said.append(FULL)
    return tuple(said)
