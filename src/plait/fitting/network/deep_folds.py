"""Trains a network for each fold of the rows, side by side; their mean ships."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch

from plait.baselines.evidence import Evidence
from plait.fitting.network.better_head import leave_better_head
from plait.fitting.network.deep_training import fit_network, make_system
from plait.fitting.network.side_by_side import Forward, Job, num_at_once, run_all
from plait.fitting.setup.deep_plan import DeepPlan, DeepResult, learn_rows
from plait.fitting.setup.problem import Problem
from plait.networks.system import System, with_heads
from plait.networks.torch_runners import system_outputs
from plait.networks.weights import tensors_of
from plait.progress import Progress, Update
from plait.train.result import TrainResult


def cross_fit(problem: Problem, plan: DeepPlan, progress: Progress) -> DeepResult:
    """Train one network per fold for honest outputs on every row; the mean of all ships.

    Each row is judged by a single network that did not learn from it: the mean of all is better
    than it shows (Breiman 1996, "Bagging predictors"; Krogh and Vedelsby 1995, of folds).
    """
    rows, folds = learn_rows(problem), _folds_of(plan)
    num_folds = int(folds.max()) + 1
    num = num_at_once(num_folds, plan.device)
    rounds = -(-num_folds // num)
    jobs = [
        Job(
            f"fold {fold + 1} of {num_folds}",
            partial(_fold, problem, plan, fold, plan.seed + fold, rounds - fold // num),
        )
        for fold in range(num_folds)
    ]
    found = run_all(jobs, num, progress)
    outputs = np.zeros((len(rows), *found[0].outputs.shape[1:]), np.float32)
    systems, stages = [], []
    for fold, one in enumerate(found):
        outputs[folds == fold] = one.outputs
        systems.append(one.system(problem, plan))
        stages.append((systems[-1], rows[folds == fold]))
    outputs = leave_better_head(problem, systems, outputs, rows)
    return DeepResult(
        systems=tuple(systems), outputs=outputs, rows=rows, run=found[0].run, stages=stages
    )


@dataclass(frozen=True)
class _Fold:
    """What the training of a fold gives: weights, evidence, answers to its rows, its course."""

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
        system = System(codecs, problem.target_codec, with_heads(plan.config, evidence), evidence)
        system.load_state_dict({k: torch.from_numpy(v) for k, v in self.tensors.items()})
        return system.eval()


def _fold(
    problem: Problem, plan: DeepPlan, fold: int, seed: int, rounds_left: int, notify: Update
) -> _Fold:
    """Train the network of a fold, in its part of the time that is left for so many rounds."""
    rows, folds = learn_rows(problem), _folds_of(plan)
    held, learned = rows[folds == fold], rows[folds != fold]
    plan = replace(plan, seed=seed, folder=plan.folder and plan.folder / f"fold-{fold + 1}")
    system = make_system(problem, plan, learned)
    num_folds = int(folds.max()) + 1
    budget = plan.budget.share(1 / num_folds)
    if plan.end is not None:
        budget = plan.part(1 / rounds_left, len(held))
    plan = replace(plan, budget=budget)
    run = fit_network(problem, plan, system, learned, "training", Forward(notify))
    outputs = system_outputs(system, problem.prepared, held, device=plan.device)
    return _Fold(tensors_of(system), system.evidence, outputs, run)


def _folds_of(plan: DeepPlan) -> np.ndarray:
    if plan.folds is None:
        raise ValueError("cross-fitting needs folds")
    return plan.folds
