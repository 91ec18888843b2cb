"""Trees on the columns that are read in a moment, measured before anything takes long."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial

import numpy as np

from plait.baselines.base_models import Boosted, Majority, TableTrees
from plait.baselines.boosted import MAX_CLASSES
from plait.baselines.extract import Plan
from plait.baselines.features import FeatureMap, FeatureMatrices
from plait.fitting.candidates.base_model_bench import BaseModelBench, Measured
from plait.fitting.candidates.base_model_rows import LEAST_ROWS, MAX_ROWS, PILOT_ROWS
from plait.fitting.candidates.candidates import Kind, quick_columns
from plait.fitting.candidates.schedule import CHEAP_SECONDS
from plait.fitting.setup.labelled import with_labels
from plait.fitting.setup.problem import Problem
from plait.spacing import even_sample

TREES_SHARE = 0.4
"""Most of the time that trees on the table's plain columns may take, before all else."""


def with_trees(
    problem: Problem,
    folds: np.ndarray | None,
    kinds: Mapping[str, Kind],
    seed: int,
    seconds: float | None,
) -> tuple[dict[str, Kind], dict[str, Measured], dict[str, np.ndarray], dict[str, Plan]]:
    """Return the kinds with trees on plain columns where time counts and other columns are slow.

    Without folds, the trees are measured at once; they come with the rows that they learned from,
    and with what their columns' features are.
    """
    quick = () if seconds is None or Boosted.name not in kinds else quick_columns(problem)
    if not quick or seconds is None:
        return dict(kinds), {}, {}, {}
    trees = {TableTrees.name: partial(TableTrees, quick)}
    simplest = {name: kind for name, kind in kinds.items() if name == Majority.name}
    kinds = {**simplest, **trees, **kinds}
    if folds is not None:
        return kinds, {}, {}, {}
    return kinds, *_quick_trees(problem, quick, seed, TREES_SHARE * seconds)


def _quick_trees(
    problem: Problem, columns: tuple[str, ...], seed: int, seconds: float
) -> tuple[dict[str, Measured], dict[str, np.ndarray], dict[str, Plan]]:
    """Measure trees on columns that are read in a moment, before anything takes long.

    They learn from all training rows, unless their features alone take over half of the seconds.
    """
    began, rows = time.monotonic(), problem.splits.train
    pilot = even_sample(rows, PILOT_ROWS[-1])
    features, _ = FeatureMap.fit(problem.prepared, columns, pilot)
    asked = time.monotonic()
    dict(features.raw(problem.prepared, pilot))
    per_row = (time.monotonic() - asked) / len(pilot)
    most = int(min(max(seconds / 2 / max(per_row, 1e-9), LEAST_ROWS), MAX_ROWS))
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
    learned = with_labels(problem, features.matrices(problem.prepared, rows))
    if learned.form.exclusive and learned.num_outputs > MAX_CLASSES:
        return {}, {}, {}
    held = with_labels(problem, FeatureMatrices(features, problem.prepared, problem.validation))
    bench, kind = BaseModelBench(features, learned, held, None, seed), partial(TableTrees, columns)
    found = bench.measure(kind, max(began + seconds, time.monotonic() + CHEAP_SECONDS))
    if isinstance(found, float):
        return {}, {}, {}
    plans = {name: scale.plan for name, scale in features.scales.items()}
    return {TableTrees.name: found}, {TableTrees.name: rows}, plans
