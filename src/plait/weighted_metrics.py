"""Metrics of canonical outputs where rows count by weights; NumPy only."""

from __future__ import annotations

import numpy as np

from plait.metrics import binary_log_loss, known_mean, log_loss


def weighted_auc(score: np.ndarray, positive: np.ndarray, weights: np.ndarray) -> float:
    """Return the area under the ROC curve, pairs counted by the product of their weights.

    Ties count half; NaN with one side empty.
    """
    total, mine = float(weights[~positive].sum()), float(weights[positive].sum())
    if not total or not mine:
        return float("nan")
    values, which = np.unique(score, return_inverse=True)
    lower = np.bincount(which, weights * ~positive, minlength=len(values))
    upper = np.bincount(which, weights * positive, minlength=len(values))
    below = np.cumsum(lower) - 0.5 * lower
    return float((upper * below).sum() / (total * mine))


def weighted_classification_metrics(
    outputs: np.ndarray, truth: np.ndarray, weights: np.ndarray
) -> dict[str, float]:
    """Return `plait.metrics.classification_metrics` with each row counted by its weight.

    Equal to those of a table in which rows are repeated as often as they weigh; so are the others
    here. Weights are ``[row]``, not negative.
    """
    heavy = weights.astype(np.float64)
    guess, num = outputs.argmax(axis=1), outputs.shape[1]
    size = num + 1
    real = np.bincount(truth + 1, heavy, minlength=size)
    said = np.bincount(guess + 1, heavy, minlength=size)
    right = guess == truth
    hits = np.bincount(truth[right] + 1, heavy[right], minlength=size)
    f1 = 2 * hits / np.maximum(real + said, 1e-300)
    sides = [1] if num == 2 else range(num)
    areas = [weighted_auc(outputs[:, i], truth == i, heavy) for i in sides]
    return {
        "accuracy": _mean(right, heavy),
        "macro_f1": known_mean(f1[real > 0]),
        "auc": known_mean(areas),
        "log_loss": _mean(log_loss(outputs, truth), heavy),
    }


def weighted_tagging_metrics(
    outputs: np.ndarray, truth: np.ndarray, weights: np.ndarray
) -> dict[str, float]:
    """Return `plait.metrics.tagging_metrics` with each row counted by its weight."""
    heavy = weights.astype(np.float64)
    guess, real = outputs >= 0.5, truth >= 0.5
    hits, guessed, occurring = (heavy @ one for one in (guess & real, guess, real))
    f1 = 2 * hits / np.maximum(guessed + occurring, 1e-300)
    total = float(guessed.sum() + occurring.sum())
    areas = [weighted_auc(outputs[:, i], real[:, i], heavy) for i in range(real.shape[1])]
    return {
        "macro_f1": known_mean(f1[occurring > 0]),
        "micro_f1": float(2 * hits.sum()) / total if total else float("nan"),
        "auc": known_mean(areas),
        "log_loss": _mean(binary_log_loss(outputs, truth), heavy),
    }


def weighted_regression_metrics(
    outputs: np.ndarray, truth: np.ndarray, weights: np.ndarray
) -> dict[str, float]:
    """Return `plait.metrics.regression_metrics` with each row counted by its weight."""
    heavy = weights.astype(np.float64)
    real = truth.astype(np.float64)
    gap = outputs[:, 0].astype(np.float64) - real
    spread = float((heavy * (real - _mean(real, heavy)) ** 2).sum())
    inside = (truth >= outputs[:, 1]) & (truth <= outputs[:, 3])
    return {
        "rmse": _mean(gap**2, heavy) ** 0.5,
        "mae": _mean(np.abs(gap), heavy),
        "r2": 1.0 - float((heavy * gap**2).sum()) / spread if spread > 0 else float("nan"),
        "coverage": _mean(inside, heavy),
    }


def _mean(values: np.ndarray, heavy: np.ndarray) -> float:
    total = float(heavy.sum())
    return float((values * heavy).sum()) / total if total else float("nan")
