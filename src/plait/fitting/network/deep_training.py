"""Makes one network of a plan, and trains it."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from plait.fitting.setup.deep_plan import DeepPlan
from plait.fitting.setup.problem import Problem
from plait.networks.start import start_from
from plait.networks.system import System, with_heads
from plait.nn.low_rank import adapt_linears, merge_linears
from plait.progress import Progress
from plait.train.data import TrainData
from plait.train.objective import Objective
from plait.train.result import TrainResult
from plait.train.shown import train_shown
from plait.train.space_network import space_network
from plait.train.supervised import Supervised

STEP_PASSES = 3.5
"""A training step takes about as long as so many forward passes."""


def make_system(problem: Problem, plan: DeepPlan, rows: np.ndarray | None = None) -> System:
    """Build the network of a plan: weights drawn from its seed, or those of its start.

    Args:
        problem: Its columns and target.
        plan: Sizes, seed, start, and whether the network is told what simple models know.
        rows: Rows to learn from, whose evidence is fitted; None for a network that is told nothing.
    """
    evidence = None if plan.told is None or rows is None else plan.told.fit(rows)
    torch.manual_seed(plan.seed)
    codecs = {name: problem.codecs[name] for name in problem.columns}
    system = System(codecs, problem.target_codec, with_heads(plan.config, evidence), evidence)
    if plan.start is not None and plan.adapt != "scratch":
        start = space_network(plan.start)
        start_from(system, start)
        if plan.adapt == "lora":
            adapt_linears(system.trunk)
            system.encoder.stems.requires_grad_(False)
            for name, stem in system.encoder.stems.items():
                stem.requires_grad_(name not in start.encoder.stems)
    return system


def run_training(
    plan: DeepPlan, objective: Objective, system: nn.Module, name: str, progress: Progress
) -> TrainResult:
    """Train a network in place within the plan's budget.

    Args:
        plan: How; its folder takes the checkpoints.
        objective: What is minimised, on which rows.
        system: The network in it.
        name: For the progress bar.
        progress: Told of the work.
    """
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
    merge_linears(system)
    return result


def train_data(
    problem: Problem,
    rows: np.ndarray,
    rows_validation: np.ndarray,
) -> TrainData:
    """Return what a network learns a problem's target from.

    Args:
        problem: Its columns and target.
        rows: Row numbers to learn from.
        rows_validation: Row numbers to validate on; may be empty.
    """
    return TrainData(
        prepared=problem.prepared,
        columns=problem.columns,
        codec=problem.target_codec,
        truth=problem.truth,
        rows=rows,
        rows_validation=rows_validation,
        weights=problem.weights,
    )


def fit_network(
    problem: Problem,
    plan: DeepPlan,
    system: System,
    rows: np.ndarray,
    name: str,
    progress: Progress,
    rows_validation: np.ndarray | None = None,
) -> TrainResult:
    """Train a network in place on labelled rows, validated on others where there are any."""
    held = np.zeros(0, np.int64) if rows_validation is None else rows_validation
    data = train_data(problem, rows, held)
    objective = Supervised(system, data, plan.train)
    return run_training(plan, objective, system, name, progress)
