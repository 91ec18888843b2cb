"""A teacher's out-of-fold answers, made anew: its simple models are fitted once more, by folds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from plait.baselines.base_models import BASELINES, BaseModel, ProductOfExperts
from plait.baselines.contract import part_of
from plait.baselines.cross_validation import fold_numbers
from plait.baselines.labelled_rows import LabelledRows
from plait.baselines.stack import mix_outputs
from plait.compress.teacher import Teacher
from plait.fitting.encoders.tuning import has_tuned
from plait.fitting.setup.problem import Problem

NUM_FOLDS = 3

LEAST_WEIGHT = 0.3
"""Part of a mix that its simple models must be, or their answers say too little of it."""


def cross_fitted(
    teacher: Teacher, problem: Problem, *, seed: int, deadline: float | None
) -> np.ndarray | None:
    """Return what a teacher's simple models say of the training rows, each by a fit without it.

    Of many rows a fit keeps out-of-fold answers of the validation rows alone; of the others its
    models know the targets by heart. The network of the mix is left out: it would have to be
    trained once more.

    Args:
        teacher: Whose simple models are fitted again, with the features that they had.
        problem: Of the student: its rows, groups and weights.
        seed: Of the folds.
        deadline: Of `time.monotonic`; None for as long as it needs.

    Returns:
        Canonical outputs float32 ``[row of the table, output]``, NaN but for training rows; None
        where the teacher is its network, or knows the targets by a tuned encoder.
    """
    ensemble, model = teacher.ensemble, teacher.model
    kinds = _kinds(model.input_columns.values())
    weights = {name: one for name, one in ensemble.weights.items() if name in kinds}
    total = sum(weights.values())
    knows = has_tuned(replace(problem, derived_columns=model.derived_columns))
    if total < LEAST_WEIGHT or knows or ensemble.features is None:
        return None
    rows = problem.splits.train
    heavy = None if problem.weights is None else problem.weights[rows]
    matrices = ensemble.features.matrices(teacher.prepared, rows)
    told = matrices.grouped(problem.groups[rows]).weighted(heavy)
    labelled = LabelledRows(told, problem.truth[rows], problem.target_codec)
    folds = fold_numbers(problem.groups[rows], problem.truth[rows], NUM_FOLDS, seed)
    found = {}
    for place, name in enumerate(weights):
        until = part_of(deadline, 1 / (len(weights) - place))
        found[name] = _by_folds(kinds[name], labelled, folds, seed, until)
    mixed = mix_outputs(found, {name: one / total for name, one in weights.items()})
    if ensemble.calibration is not None:
        mixed = ensemble.calibration.apply(mixed, teacher.prepared, rows)
    out = np.full((len(problem.labelled), mixed.shape[1]), np.nan, np.float32)
    out[rows] = mixed
    return out


def _kinds(input_columns: Iterable[Sequence[str]]) -> dict[str, Callable[[], BaseModel]]:
    """Return name -> what makes a model, of those that learn from features of rows alone."""
    columns = list(input_columns)
    return {**BASELINES, ProductOfExperts.name: partial(ProductOfExperts, columns)}


def _by_folds(
    kind: Callable[[], BaseModel],
    rows: LabelledRows,
    folds: np.ndarray,
    seed: int,
    deadline: float | None,
) -> np.ndarray:
    """Return what models of a kind say of rows, each of a fit without the rows of its fold."""
    parts = []
    for fold in range(int(folds.max()) + 1):
        kept, judged = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        model = kind()
        until = part_of(deadline, 1 / (int(folds.max()) + 1 - fold))
        model.fit(rows.take(kept), seed=seed, deadline=until)
        parts.append((judged, model.outputs(rows.matrices.take(judged))))
    found = np.zeros((len(rows), parts[0][1].shape[1]), np.float32)
    for judged, outputs in parts:
        found[judged] = outputs
    return found
