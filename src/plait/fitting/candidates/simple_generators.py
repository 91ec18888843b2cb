"""Fits the honest baselines of a generated target: simple models on simple features."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from plait.baselines.feature_matrices import FeatureMatrices
from plait.baselines.features import FeatureMap
from plait.baselines.generated import kinds_of
from plait.baselines.start import Start
from plait.data.prepared import Prepared
from plait.display import model_name
from plait.fitting.candidates.base_model_rows import rows_to_learn
from plait.fitting.setup.problem import Problem
from plait.fitting.setup.work import Work
from plait.modalities import GeneratedTarget, SimpleGenerator, StartingGenerator, begins_at
from plait.types import Arrays

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
        start: What a network begins at, where the target has it begin at a simple model.
        matrices, targets: Of the rows that they learned from; None where there are none.
    """

    fitted: Mapping[str, SimpleGenerator] = field(default_factory=dict)
    features: FeatureMap | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    start: Start | None = None
    matrices: FeatureMatrices | None = None
    targets: Sequence[Arrays] = ()

    def told(self, prepared: Prepared, rows: np.ndarray) -> Prepared:
        """Return the columns, and what a network that learns from rows is to begin at, if at
        anything: of those that the simple model learned from, what is said by fits without them.
        """
        if self.start is None or self.matrices is None:
            return prepared
        return self.start.left_out(prepared, self.matrices, self.targets, rows)


def measure_simple(problem: Problem, work: Work) -> Simple:
    """Fit every baseline of a problem's target on training rows, whole groups apart.

    Where they are off, only the one that the network begins at, which does not count as one.
    """
    codec = problem.goal
    if not isinstance(codec, GeneratedTarget):
        return Simple()
    first = begins_at(codec)
    kinds = kinds_of(codec) if work.baselines else {}
    if not kinds and first is None:
        return Simple()
    seconds_left = work.timetable.baselines()
    rows, notes = rows_to_learn(problem, None, work.seed, seconds_left, most=MAX_ROWS)
    asked = kinds if first is None else {**kinds, first.name: first}
    update = work.progress.task("baselines", len(asked) + 1)
    features, matrices = FeatureMap.fit(problem.prepared, problem.columns, rows)
    matrices = matrices.grouped(problem.groups[rows])
    column = problem.prepared.columns[str(problem.target)]
    targets = [column[int(row)] or {} for row in rows]
    update(1, "features")
    fitted: dict[str, SimpleGenerator] = {}
    seconds = {}
    for number, (name, kind) in enumerate(asked.items()):
        began, fitted[name] = time.monotonic(), kind()
        fitted[name].fit(matrices, targets, codec, seed=work.seed)
        seconds[name] = time.monotonic() - began
        update(number + 2, model_name(name))
    start = None
    if first is not None:
        start = Start(cast("StartingGenerator", fitted[first.name]), features, codec)
    own = {name: fitted[name] for name in kinds}
    return Simple(own, features, seconds, notes, start, matrices, targets)
