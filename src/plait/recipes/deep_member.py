"""One of several networks whose mean ships: trained in a process of its own, and brought back."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from plait.baselines.evidence import Evidence
from plait.networks.system import System
from plait.networks.torch_runners import system_outputs
from plait.networks.weights import tensors_of
from plait.progress import Update
from plait.recipes.deep_plan import DeepPlan
from plait.recipes.deep_training import fit_network, make_system
from plait.recipes.problem import Problem
from plait.recipes.side_by_side import num_at_once
from plait.train.result import TrainResult

NUM_MEMBERS = 2
"""Networks that are trained at once where there are cores for it, and whose mean ships."""

MOST_PARAMETERS = 2_000_000
"""A larger network makes good use of several threads."""


def num_members(problem: Problem, plan: DeepPlan) -> int:
    """Return how many networks a training by one split may have, where time is enough for each.

    A second thread hardly quickens small steps, so that a core each costs them a quarter of theirs.
    One where it starts from given weights, and where it is large enough for several threads.
    """
    if plan.start is not None:
        return 1
    codecs = {name: problem.codecs[name] for name in problem.columns}
    with torch.random.fork_rng(devices=()):
        size = System(codecs, problem.target_codec, plan.config).num_parameters
    return 1 if size > MOST_PARAMETERS else num_at_once(NUM_MEMBERS, plan.device)


@dataclass(frozen=True)
class Member:
    """What the training of one gives: weights, evidence, answers to rows held out, its course."""

    tensors: dict[str, np.ndarray]
    evidence: Evidence | None
    outputs: np.ndarray
    run: TrainResult

    def system(self, problem: Problem, plan: DeepPlan) -> System:
        """Return the network."""
        evidence = self.evidence
        if evidence is not None and plan.told is not None:
            evidence = plan.told.again(evidence)
        codecs = {name: problem.codecs[name] for name in problem.columns}
        system = System(codecs, problem.target_codec, plan.config, evidence)
        system.load_state_dict({k: torch.from_numpy(v) for k, v in self.tensors.items()})
        return system.eval()


def train_member(
    problem: Problem,
    plan: DeepPlan,
    rows: np.ndarray,
    held: np.ndarray,
    notify: Update,
    rows_stopping: np.ndarray | None = None,
    *,
    share: float = 1.0,
) -> Member:
    """Train one and have it answer rows that it did not learn from.

    What it is told by simple models is fitted first, and takes its part of the time.

    Args:
        problem: Columns and target.
        plan: Its own seed and folder; the budget, where that is not a time.
        rows: Row numbers to learn from.
        held: Row numbers to answer.
        notify: Told how far it is.
        rows_stopping: Row numbers that tell when to stop; None for none.
        share: Of the time that is left then.
    """
    system = make_system(problem, plan, rows)
    if plan.end is not None:
        plan = replace(plan, budget=plan.part(share, len(held)))
    progress = _Forward(notify)
    run = fit_network(problem, plan, system, rows, "training", progress, rows_stopping)
    outputs = system_outputs(system, problem.prepared, held, device=plan.device)
    return Member(tensors_of(system), system.evidence, outputs, run)


@dataclass(frozen=True)
class _Forward:
    """A progress of one training, told to somebody else."""

    notify: Update

    def task(self, name: str, total: float | None = None) -> Update:
        """See `Progress.task`."""
        return self.notify
