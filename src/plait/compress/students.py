"""Students that are tried, and the choice among them on rows that none of them learned from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from plait.baselines.base_models import BaseModel
from plait.baselines.features import FeatureMap
from plait.baselines.stack import best_mix, mix_outputs
from plait.baselines.weighted_statistics import mean_by
from plait.errors import UsageError
from plait.fitting.setup.problem import Problem
from plait.model.ensemble import DEEP, Ensemble
from plait.networks.system import System
from plait.networks.weights import evidence_of, tensors_of_all
from plait.train.result import TrainResult

SIMPLE_BYTES = 8192
"""Of a bundle's JSON beside the weights, about."""


@dataclass(frozen=True)
class Student:
    """One that was tried.

    Attributes:
        name: `LINEAR`..., or of a network `plait.model.ensemble.DEEP`.
        what: For people: ``network told of simple models``.
        outputs: Of the rows that choose, canonical.
        num_bytes: Of what ships of it.
        seconds: That it took.
        again: Learns once more, from rows, within seconds (None: as before): what then ships.
        run: Of a network's training.
    """

    name: str
    what: str
    outputs: np.ndarray
    num_bytes: int
    seconds: float
    again: Callable[[np.ndarray, float | None], Learned]
    run: TrainResult | None = None


@dataclass(frozen=True)
class Learned:
    """What ships of a student: a simple model and its features, or a network."""

    simple: BaseModel | None = None
    features: FeatureMap | None = None
    system: System | None = None
    run: TrainResult | None = None


def ensemble_of(
    problem: Problem, weights: Mapping[str, float], learned: Mapping[str, Learned]
) -> Ensemble:
    """Return students as what predicts.

    Args:
        problem: Its codecs.
        weights: Name -> weight in the mix.
        learned: Name -> what ships of it; simple ones know the same features.
    """
    simple = {n: one.simple for n, one in learned.items() if one.simple is not None}
    features = [one.features for one in learned.values() if one.features is not None]
    systems = [one.system for one in learned.values() if one.system is not None]
    return Ensemble(
        codecs={name: problem.codecs[name] for name in problem.columns},
        target=problem.target_codec,
        weights=dict(weights),
        base_models=simple,
        features=features[0] if features else None,
        config=systems[0].config if systems else None,
        tensors=tensors_of_all(systems),
        evidence=evidence_of(systems),
    )


def num_bytes(problem: Problem, name: str, learned: Learned) -> int:
    """Return how large a student is alone."""
    files = ensemble_of(problem, {name: 1.0}, {name: learned}).files()
    return SIMPLE_BYTES + sum(map(len, files.values()))


def choose_students(
    problem: Problem, students: Sequence[Student], rows: np.ndarray, max_bytes: float | None
) -> dict[str, float]:
    """Return name -> weight of the student, or mix of students, that costs least and is small.

    A mix must be clearly better than the best student alone: see `best_mix`. One network is in it
    at most.

    Args:
        problem: Its target, groups and weights.
        students: Tried, of different names.
        rows: Row numbers that they were tried by.
        max_bytes: Of what ships; None for any size.

    Raises `UsageError` where none is so small.
    """
    truth, cost = problem.truth[rows], problem.target_codec.cost
    heavy = None if problem.weights is None else problem.weights[rows]
    best: tuple[float, dict[str, float]] | None = None
    for some in _small_enough(students, max_bytes):
        outputs = {one.name: one.outputs for one in some}
        weights = best_mix(outputs, truth, cost, groups=problem.groups[rows], weights=heavy)
        found = mean_by(cost(mix_outputs(_only(outputs, weights), weights), truth), heavy)
        if best is None or found < best[0]:
            best = found, weights
    if best is None:
        least = min((one.num_bytes for one in students), default=0)
        raise UsageError(
            "no student is so small",
            expected=f"at least {least / 1e6:.2f} MB",
            received=f"{(max_bytes or 0) / 1e6:.2f} MB",
            hint="allow more, or ask for a smaller network: size='dim=32,depth=1,num_heads=2'",
        )
    return best[1]


def _small_enough(
    students: Sequence[Student], max_bytes: float | None
) -> list[tuple[Student, ...]]:
    """Return the largest sets of students that are small enough together: no set within another."""
    if max_bytes is None:
        return [tuple(students)]
    fitting = [
        some
        for size in range(len(students), 0, -1)
        for some in combinations(students, size)
        if sum(one.num_bytes for one in some) <= max_bytes
    ]
    names = [{one.name for one in some} for some in fitting]
    return [
        some
        for some, own in zip(fitting, names, strict=True)
        if not any(own < other for other in names)
    ]


def one_network(problem: Problem, students: Sequence[Student], rows: np.ndarray) -> list[Student]:
    """Return the students with one network at most: that which costs less on rows."""
    truth, cost = problem.truth[rows], problem.target_codec.cost
    heavy = None if problem.weights is None else problem.weights[rows]
    networks = [one for one in students if one.name == DEEP]
    costs = [mean_by(cost(one.outputs, truth), heavy) for one in networks]
    best = [networks[int(np.argmin(costs))]] if networks else []
    return [one for one in students if one.name != DEEP] + best


def _only(outputs: Mapping[str, np.ndarray], names: Mapping[str, float]) -> dict[str, np.ndarray]:
    return {name: outputs[name] for name in names}
