"""Times a piece of the real work: a round of boosting, a step of a linear model's descent."""

from __future__ import annotations

import numpy as np

from plait.baselines.boosting import Grower
from plait.baselines.contract import as_columns, known_rows, num_outputs
from plait.baselines.descent import LinearProblem
from plait.baselines.feature_matrices import FeatureMatrices
from plait.baselines.selection import select_features
from plait.modalities import PredictiveTarget

NUM_ROUNDS = 2
"""That are timed: the first, with all that begins it, apart."""

NUM_ROWS = 2000
"""Of a linear model; a step takes as many times longer as there are more rows."""


def round_seconds(
    matrices: FeatureMatrices, truth: np.ndarray, codec: PredictiveTarget, seed: int
) -> float:
    """Return the seconds of a round of trees, of all goals, on the features of narrow columns.

    That is 0 where there are none.
    """
    matrices, truth = known_rows(matrices, truth, codec)
    num = num_outputs(codec, truth)
    selection = select_features(matrices, as_columns(truth, codec.form, num), 0, seed=seed)
    table = selection.table(matrices)
    if not table.shape[1]:
        return 0.0
    goal, goals = (truth, 1) if truth.ndim == 1 else (truth[:, 0].copy(), num)
    grower = Grower(codec.form, num, seed)
    grown = grower.grow(table, goal, selection.categorical(matrices), rounds=NUM_ROUNDS)
    return grown.seconds * goals


def step_seconds(matrices: FeatureMatrices, truth: np.ndarray, codec: PredictiveTarget) -> float:
    """Return the seconds of a step of a linear model's descent on all rows, from some of them."""
    matrices, truth = known_rows(matrices, truth, codec)
    some = np.linspace(0, len(matrices) - 1, min(len(matrices), NUM_ROWS)).astype(np.int64)
    part = matrices.take(some)
    targets = as_columns(truth[some], codec.form, num_outputs(codec, truth))
    problem = LinearProblem(part.dense, part.sparse, targets, codec.form)
    problem.step_seconds()
    return problem.step_seconds() * len(matrices) / len(some)
