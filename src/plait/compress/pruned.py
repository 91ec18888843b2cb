"""A student whose network has lost whole units, and recovered by what its teacher says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from plait.compress.exported import networks_of, with_graphs
from plait.compress.network_students import NetworkStudents
from plait.compress.prune import Pruned, prune
from plait.compress.settings import SHARE, TEMPERATURE
from plait.compress.student_features import StudentFeatures
from plait.compress.student_problem import make_lessons, student_problem
from plait.compress.system_graphs import graph_parity, system_graph
from plait.compress.teacher import Teacher
from plait.data.loader import Loader
from plait.fitting.setup.problem import Problem, with_derived
from plait.fitting.setup.timetable import Timetable
from plait.fitting.setup.work import choose_device
from plait.model.model import Model
from plait.networks.building import build_systems
from plait.networks.system import System, to_tensors
from plait.progress import Progress
from plait.train.budget import Budget
from plait.train.config import TrainConfig
from plait.train.distilled import Distilled

NUM_BATCHES, BATCH_ROWS = 24, 64
"""Of rows, by which units are weighed."""

RECOVERY_RATE = 0.5
"""Of the learning rate of a first training: what is left need not be learned anew."""


def pruned_student(
    teacher: Teacher,
    student: Model,
    share: float,
    *,
    budget: Budget,
    seed: int,
    progress: Progress,
    problem: Problem | None = None,
) -> tuple[Model, Pruned]:
    """Return a student without a share of its network's weights, as a graph; and what was taken.

    Args:
        teacher: Of the student.
        student: With one network in its mix.
        share: Of the network's weights, in (0, 1).
        budget: Of the recovery.
        seed: Of whatever is drawn.
        progress: Told of the work.
        problem: Of the student, where that is known already.
    """
    ensemble = networks_of(student)
    (system,) = build_systems(ensemble.systems)
    problem = problem or student_problem(
        teacher, seed=seed, progress=progress, timetable=Timetable.of(budget)
    )
    problem = with_derived(problem, student.derived_columns, progress=progress)
    lessons = make_lessons(teacher, problem, seed=seed)
    rates = TrainConfig()
    students = NetworkStudents(
        problem=problem,
        lessons=lessons,
        features=StudentFeatures(problem, lessons.rows),
        config=system.config,
        train=replace(
            rates,
            learning_rate=RECOVERY_RATE * rates.learning_rate,
            muon_rate=RECOVERY_RATE * rates.muon_rate,
        ),
        share=SHARE,
        temperature=TEMPERATURE,
        seed=seed,
        device=choose_device("auto", simple=False),
        progress=progress,
    )

    if system.evidence is not None:
        # As it was fitted: of rows that it learned from, it then tells what fits without them say.
        system.evidence = students.evidence(lessons.rows)

    def learn(network: nn.Module) -> None:
        _fill_gradients(students.objective(_system(network), lessons.rows), seed)

    def recover(network: nn.Module, part: float) -> None:
        name = f"recovery, {share:.0%} pruned"
        students.train_on(_system(network), lessons.rows, budget.share(part), name)

    found = prune(system, share, learn=learn, recover=recover)
    evidence = system.evidence
    rows = lessons.rows[:BATCH_ROWS]
    graph = system_graph(system, problem.prepared, rows, evidence)
    told = graph_parity(ensemble, system, graph, problem.prepared, rows, evidence)
    told.require("the graph of a pruned network", f"over {len(rows)} rows")
    parts = with_graphs(ensemble, [graph])
    parts = parts if evidence is None else replace(parts, evidence=(evidence,))
    records = _of_size(student.records, system.num_parameters)
    return replace(student, parts=parts, records=records, path=None), found


def _of_size(records: Mapping[str, Any], num_parameters: int) -> dict[str, Any]:
    metrics = records["metrics"]
    told = {"num_parameters": num_parameters}
    return {
        **records,
        "metrics": {**metrics, **told, "training": {**metrics["training"], **told}},
    }


def _fill_gradients(objective: Distilled, seed: int) -> None:
    """Add up the gradients of some batches in the network's weights."""
    loader = Loader(
        objective.prepared,
        objective.rows,
        objective.columns,
        batch_size=min(BATCH_ROWS, len(objective.rows)),
        shuffle=True,
        seed=seed,
        num_ahead=0,
    )
    objective.module.eval()
    torch.manual_seed(seed)
    for number, (rows, batch) in enumerate(loader.batches(0)):
        if number == NUM_BATCHES:
            break
        objective.loss(np.asarray(rows), (to_tensors(batch),), "float32").backward()


def _system(network: nn.Module) -> System:
    if not isinstance(network, System):
        raise TypeError("what is pruned is no network of a predictive target")
    return network
