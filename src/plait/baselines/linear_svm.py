"""A linear support vector machine over many sparse features (words): fast with many classes."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np

from plait.baselines.contract import end_by
from plait.baselines.descent import Weights
from plait.errors import ExtraError

MAX_STEPS, PILOT_STEPS = 300, 3

PILOT_CELLS, LEAST_ROWS = 200_000, 100
"""Rows times classes that are timed; no fewer rows."""


def fit_linear_svm(
    rows: Any,
    truth: np.ndarray,
    num_classes: int,
    num_dense: int,
    strength: float,
    seed: int,
    row_weights: np.ndarray | None = None,
    deadline: float | None = None,
) -> Weights:
    """Fit one class against the rest, squared hinge loss (liblinear, Fan et al. 2008).

    Classes that do not occur get a score below all others.

    Args:
        rows: SciPy CSR ``[row, feature]``, the first `num_dense` of them dense.
        truth: int64 ``[row]``; at least two classes.
        num_classes: Of the target.
        num_dense: Where the sparse features begin.
        strength: ``C`` of scikit-learn's `LinearSVC`.
        seed: Of the order of coordinates.
        row_weights: ``[row]`` of mean 1: how much a row counts; None for the same.
        deadline: Of `time.monotonic`: a few steps of some rows are timed, and no more done of all
            rows than fit before it; where not even a few do, of fewer rows.

    Raises:
        ExtraError: When scikit-learn is not installed.
    """
    try:
        from sklearn.svm import LinearSVC
    except ImportError:
        raise ExtraError("table", "the linear baseline") from None
    model = LinearSVC(C=strength, random_state=seed, max_iter=MAX_STEPS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if deadline is not None:
            num_steps, some = _in_time(model, rows, truth, seed, deadline)
            model.set_params(max_iter=num_steps)
            heavy = row_weights
            rows, truth = rows[some], truth[some]
            row_weights = None if heavy is None else heavy[some]
        model.fit(rows, truth, sample_weight=row_weights)
    if model.max_iter < MAX_STEPS and int(np.max(model.n_iter_)) >= model.max_iter:
        end_by(deadline)
    weights, bias = model.coef_.T, model.intercept_
    if weights.shape[1] == 1:
        weights, bias = np.concatenate([-weights, weights], 1), np.concatenate([-bias, bias])
    table = np.zeros((rows.shape[1], num_classes), np.float32)
    offsets = np.full(num_classes, float(bias.min()) - 3.0, np.float32)
    table[:, model.classes_], offsets[model.classes_] = weights, bias
    return Weights(table[:num_dense], table[num_dense:], offsets)


def _in_time(
    model: Any, rows: Any, truth: np.ndarray, seed: int, deadline: float
) -> tuple[int, np.ndarray]:
    """Return how many steps, and of which rows, end before a deadline."""
    num_classes = len(np.unique(truth))
    order = np.random.default_rng(seed).permutation(len(truth))
    few = max(PILOT_CELLS // num_classes, LEAST_ROWS)
    while len(np.unique(truth[order[:few]])) < 2:
        few *= 2
    some = order[:few]
    began = time.monotonic()
    model.set_params(max_iter=PILOT_STEPS).fit(rows[some], truth[some])
    spent = (time.monotonic() - began) / PILOT_STEPS
    spent *= len(truth) / len(some) * num_classes / len(np.unique(truth[some]))
    able = (deadline - time.monotonic()) / max(spent, 1e-9)
    if able >= PILOT_STEPS:
        return int(min(able, MAX_STEPS)), np.arange(len(truth))
    num = max(int(len(truth) * able / PILOT_STEPS), len(some))
    return PILOT_STEPS, np.sort(order[:num])
