"""Trains one network for several targets: one encoder and trunk, a head for each target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import torch

from plait.baselines.evidence import Evidence
from plait.errors import TargetError
from plait.fitting.network.better_head import leave_better_head
from plait.fitting.network.coding import Coded, coding_budgets, learn_codes
from plait.fitting.network.decoding import Decoder
from plait.fitting.network.deep_training import make_system, run_training, train_data
from plait.fitting.network.distilling import budgets_of, distil
from plait.fitting.network.joint_plan import JointPlan, Stage, plan_joint, rows_of
from plait.fitting.network.side_by_side import Forward, Job, num_at_once, run_all
from plait.fitting.setup.deep_plan import DeepPlan, DeepResult
from plait.fitting.setup.problem import Problem
from plait.fitting.setup.work import Work
from plait.modalities import GeneratedTarget
from plait.networks.heads import Heads
from plait.networks.start import start_from
from plait.networks.system import System, with_heads
from plait.networks.torch_runners import system_outputs
from plait.networks.weights import tensors_of
from plait.progress import Progress, Update
from plait.train.budget import Budget
from plait.train.generative import Generative, GenerativeData
from plait.train.joint import Joint
from plait.train.objective import Objective
from plait.train.result import TrainResult
from plait.train.space_network import space_network
from plait.train.supervised import Supervised

Trained = Mapping[str, DeepResult | Decoder]
"""Target -> the network with its head, as what learns that target takes it."""


def train_joint(problems: Sequence[Problem], work: Work, seconds: float | None) -> Trained:
    """Train the network on the rows of all targets; a row that lacks one teaches the others.

    Each target gets a network of its own head, pool and evidence whose encoder and trunk are the
    same modules, and the same weights in the end. It is trained as that of one target is: once on
    the training rows, judged by validation rows, or where rows are few once for each fold of them.

    Args:
        problems: One for each target, over the same rows and inputs.
        work: Settings.
        seconds: That it may take; None where time is free.
    """
    joint = plan_joint(problems, work, seconds)
    num = num_at_once(len(joint.stages), work.device)
    rounds = -(-len(joint.stages) // num)
    jobs = [
        Job(stage.name, partial(_fit, problems, joint, stage, rounds - place // num))
        for place, stage in enumerate(joint.stages)
    ]
    fitted = run_all(jobs, num, work.progress)
    return {
        str(problem.target): _result(problem, joint, place, fitted)
        for place, problem in enumerate(problems)
    }


@dataclass(frozen=True)
class _Own:
    """What a target has of a trained network: weights, evidence, answers to rows held out."""

    tensors: dict[str, np.ndarray]
    evidence: Evidence | None = None
    rows: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    outputs: np.ndarray = field(default_factory=lambda: np.zeros((0, 1), np.float32))


@dataclass(frozen=True)
class _Fitted:
    """A trained network: what each target has of it, its training, and of each target the steps in
    which its head learned from what the network had learned, and the codes that it learned."""

    own: list[_Own]
    run: TrainResult
    distilled: list[int]
    codes: list[Coded]


def _fit(
    problems: Sequence[Problem], joint: JointPlan, stage: Stage, rounds_left: int, notify: Update
) -> _Fitted:
    """Train the network of a stage, in its part of the time that is left for so many rounds."""
    plan = replace(joint.plan, seed=stage.seed, folder=stage.folder)
    networks = [
        _make(problem, replace(plan, told=told), stage)
        for problem, told in zip(problems, joint.told, strict=True)
    ]
    for network in networks[1:]:
        network.encoder, network.trunk = networks[0].encoder, networks[0].trunk
    pairs = list(zip(problems, networks, strict=True))
    objective = Joint([_objective(problem, network, plan, stage) for problem, network in pairs])
    num_held = sum(len(rows_of(problem, stage.held)) for problem in problems)
    budget = plan.budget.share(1 / len(joint.stages))
    budget = plan.part(1 / rounds_left, num_held) if plan.end else budget
    first, budget = coding_budgets(networks, budget)
    budget, rest = budgets_of(networks, budget)
    plan, progress = replace(plan, budget=budget), Forward(notify)
    codes = _codes(pairs, plan, stage, first, progress)
    run = run_training(plan, objective, objective.module, "training", progress)
    more = [0] * len(pairs) if rest is None else _distil(pairs, plan, stage, rest, progress)
    own = [_own(problem, network, plan, stage) for problem, network in pairs]
    return _Fitted(own, run, more, codes)


def _codes(
    pairs: Sequence[tuple[Problem, System | Heads]],
    plan: DeepPlan,
    stage: Stage,
    budget: Budget | None,
    progress: Progress,
) -> list[Coded]:
    """Let each head that draws codes learn them; raise `TargetError` where they lose too much."""
    found = [Coded()] * len(pairs)
    for place, (problem, network) in enumerate(pairs):
        if isinstance(network, Heads):
            found[place] = learn_codes(
                network,
                _generative_data(problem, stage),
                budget,
                **_how(plan, place, progress),
            )
        if found[place].refused:
            raise TargetError(
                f"no network is worth training: {found[place].refused}",
                expected="codes that lose little",
                hint="give it a longer budget, or ask for smaller pictures (size_px)",
            )
    return found


def _how(plan: DeepPlan, place: int, progress: Progress) -> dict[str, Any]:
    """Return the settings of one target's own trainings, whose checkpoints lie apart."""
    folder = None if plan.folder is None else plan.folder / f"target-{place + 1}"
    how = {"config": plan.train, "seed": plan.seed, "device": plan.device}
    return {**how, "folder": folder, "progress": progress}


def _distil(
    pairs: Sequence[tuple[Problem, System | Heads]],
    plan: DeepPlan,
    stage: Stage,
    budget: Budget,
    progress: Progress,
) -> list[int]:
    """Let each head that can be distilled learn from what it has learned, in so many steps."""
    steps = [0] * len(pairs)
    for place, (problem, network) in enumerate(pairs):
        if isinstance(network, Heads):
            steps[place] = distil(
                network,
                _generative_data(problem, stage),
                budget,
                **_how(plan, place, progress),
            )
    return steps


def _own(problem: Problem, network: System | Heads, plan: DeepPlan, stage: Stage) -> _Own:
    """Return what a target has of a trained network."""
    if isinstance(network, Heads):
        return _Own(tensors_of(network))
    rows = rows_of(problem, stage.held)
    outputs = system_outputs(network, problem.prepared, rows, device=plan.device)
    return _Own(tensors_of(network), network.evidence, rows, outputs)


def _make(problem: Problem, plan: DeepPlan, stage: Stage) -> System | Heads:
    """Build a target's network."""
    if not isinstance(problem.goal, GeneratedTarget):
        return make_system(problem, plan, rows_of(problem, stage.learned))
    torch.manual_seed(plan.seed)
    network = _heads(problem, plan)
    if plan.start is not None and plan.adapt != "scratch":
        start_from(network, space_network(plan.start))
    return network


def _heads(problem: Problem, plan: DeepPlan) -> Heads:
    codecs = {name: problem.codecs[name] for name in problem.columns}
    return Heads(codecs, {str(problem.target): problem.goal}, plan.config)


def _objective(
    problem: Problem, network: System | Heads, plan: DeepPlan, stage: Stage
) -> Objective:
    """Return what a target adds to the loss."""
    if not isinstance(network, System):
        return Generative(network, _generative_data(problem, stage))
    rows, stop = rows_of(problem, stage.learned), rows_of(problem, stage.stop)
    stop = stop[problem.target_codec.form.known(problem.truth[stop])]
    return Supervised(network, train_data(problem, rows, stop), plan.train)


def _generative_data(problem: Problem, stage: Stage) -> GenerativeData:
    return GenerativeData(
        prepared=problem.prepared,
        columns=problem.columns,
        shares={str(problem.target): 1.0},
        rows=rows_of(problem, stage.learned),
        rows_validation=rows_of(problem, stage.stop),
        weights=problem.weights,
    )


def _result(
    problem: Problem, joint: JointPlan, place: int, fitted: Sequence[_Fitted]
) -> DeepResult | Decoder:
    """Return the trained networks with the head of one target, and what they answer."""
    plan, run, owns = joint.plan, fitted[0].run, [one.own[place] for one in fitted]
    rows_seen = run.steps * plan.train.rows_per_step(len(joint.stages[0].learned))
    told: dict[str, Any] = {
        "run": run,
        "adapt": plan.adapt,
        "cut_short": plan.end is not None and rows_seen < len(joint.stages[0].learned),
        "notes": joint.notes,
    }
    if isinstance(problem.goal, GeneratedTarget):
        told["notes"] = (*told["notes"], *fitted[0].codes[place].notes)
        return Decoder(
            network=_filled(_heads(problem, plan), owns[0]),
            tensors=owns[0].tensors,
            distilled_steps=fitted[0].distilled[place],
            codes=fitted[0].codes[place],
            **told,
        )
    systems = tuple(_system(problem, joint, place, own) for own in owns)
    some = [own for own in owns if len(own.rows)] or owns[:1]
    rows = np.concatenate([own.rows for own in some])
    outputs = np.concatenate([own.outputs for own in some])
    outputs, order = leave_better_head(problem, systems, outputs, rows), np.argsort(rows)
    stages = [(one, own.rows) for one, own in zip(systems, owns, strict=True)]
    return DeepResult(
        systems=systems, outputs=outputs[order], rows=rows[order], stages=stages, **told
    )


def _system(problem: Problem, joint: JointPlan, place: int, own: _Own) -> System:
    told, evidence = joint.told[place], own.evidence
    if evidence is not None and told is not None:
        evidence = told.again(evidence)
    codecs = {name: problem.codecs[name] for name in problem.columns}
    system = System(codecs, problem.target_codec, with_heads(joint.plan.config, evidence), evidence)
    return _filled(system, own)


def _filled(network: Any, own: _Own) -> Any:
    network.load_state_dict({name: torch.from_numpy(array) for name, array in own.tensors.items()})
    return network.eval()
