"""Fits the honest baselines of a generated target: simple models on simple features."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from plait.baselines.features import FeatureMap
from plait.baselines.generated import kinds_of
from plait.display import model_name
from plait.fitting.candidates.base_model_rows import rows_to_learn
from plait.fitting.setup.problem import Problem
from plait.fitting.setup.work import Work
from plait.modalities import GeneratedTarget, SimpleGenerator

MAX_ROWS = 20_000
"""More training rows than this are sampled: simple models store some thousand values at most."""


@dataclass(frozen=True)
class Simple:
    """The simple models.

    Attributes:
        fitted: Name -> model, from simple to strong.
        features: Makes their features.
        seconds: Name -> how long fitting it took.
        notes: What a person should know.
    """

    fitted: Mapping[str, SimpleGenerator] = field(default_factory=dict)
    features: FeatureMap | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def measure_simple(problem: Problem, work: Work) -> Simple:
    """Fit every baseline of a problem's target on training rows, whole groups apart; {} if off."""
    codec = problem.goal
    if not work.baselines or not isinstance(codec, GeneratedTarget):
        return Simple()
    seconds_left = work.timetable.baselines()
    rows, notes = rows_to_learn(problem, None, work.seed, seconds_left, most=MAX_ROWS)
    kinds = kinds_of(codec)
    update = work.progress.task("baselines", len(kinds) + 1)
    features, matrices = FeatureMap.fit(problem.prepared, problem.columns, rows)
    matrices = matrices.grouped(problem.groups[rows])
    column = problem.prepared.columns[str(problem.target)]
    targets = [column[int(row)] or {} for row in rows]
    update(1, "features")
    fitted: dict[str, SimpleGenerator] = {}
    seconds = {}
    for number, (name, kind) in enumerate(kinds.items()):
        began, fitted[name] = time.monotonic(), kind()
        fitted[name].fit(matrices, targets, codec, seed=work.seed)
        seconds[name] = time.monotonic() - began
        update(number + 2, model_name(name))
    return Simple(fitted, features, seconds, notes)
