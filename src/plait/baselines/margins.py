"""Support vectors over many sparse features (words): fast with many rows and classes."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np

from plait.baselines.contract import end_by
from plait.baselines.descent import Weights
from plait.errors import ExtraError

MAX_STEPS, PILOT_STEPS = 300, 3


def join(dense: np.ndarray, sparse: Any) -> Any:
    """Return dense and sparse features side by side, as a SciPy CSR matrix."""
    from scipy.sparse import csr_matrix, hstack

    return hstack([csr_matrix(dense), sparse.to_scipy()], format="csr")


def support_vectors(
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
        deadline: Of `time.monotonic`: a few steps are timed, and no more done than fit before it.
            Where no more do than these, they are what there is.

    Raises:
        ExtraError: When scikit-learn is not installed.
    """
    try:
        from sklearn.svm import LinearSVC
    except ImportError:
        raise ExtraError("table", "the linear baseline") from None
    model, able = LinearSVC(C=strength, random_state=seed), MAX_STEPS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if deadline is not None:
            began = time.monotonic()
            model.set_params(max_iter=PILOT_STEPS).fit(rows, truth, sample_weight=row_weights)
            per_step = (time.monotonic() - began) / PILOT_STEPS
            able = int(min((deadline - time.monotonic()) / max(per_step, 1e-9), MAX_STEPS))
        if able > PILOT_STEPS:
            model.set_params(max_iter=able).fit(rows, truth, sample_weight=row_weights)
    if model.max_iter < MAX_STEPS and int(np.max(model.n_iter_)) >= model.max_iter:
        end_by(deadline)
    weights, bias = model.coef_.T, model.intercept_
    if weights.shape[1] == 1:
        weights, bias = np.concatenate([-weights, weights], 1), np.concatenate([-bias, bias])
    table = np.zeros((rows.shape[1], num_classes), np.float32)
    offsets = np.full(num_classes, float(bias.min()) - 3.0, np.float32)
    table[:, model.classes_], offsets[model.classes_] = weights, bias
    return Weights(table[:num_dense], table[num_dense:], offsets)
