"""Metrics of canonical outputs; NumPy only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

FLOOR = 1e-7
"""Probabilities are clipped to [FLOOR, 1] before a logarithm."""

LEAST_ROWS = 10
"""Fewer rows than this have no R2: its denominator is an accident."""

FEW_ROWS = 16
"""Up to so many rows of a class, all scores are compared with theirs: sorting takes longer."""

NUM_BINS = 10
"""Parts of confidence in which a reliability diagram counts."""

NOMINAL_COVERAGE = 0.9
"""What the interval between the outer quantiles of a number promises."""

LOWER_IS_BETTER = frozenset({"log_loss", "rmse", "mae"})
"""Metrics of which less is better; of all others more is."""

Metric = Callable[[np.ndarray, np.ndarray], dict[str, float]]


Rows = Callable[[np.ndarray, np.ndarray], np.ndarray]


def right_rows(outputs: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return which rows the likeliest class gets right, bool ``[row]``."""
    return np.asarray(outputs.argmax(axis=1) == truth)


def covered_rows(outputs: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return which numbers lie inside their interval, bool ``[row]``."""
    return np.asarray((truth >= outputs[:, 1]) & (truth <= outputs[:, 3]))


SHARES: dict[str, Rows] = {"accuracy": right_rows, "coverage": covered_rows}
"""Metrics that are shares of rows -> which rows they count."""


def classification_metrics(outputs: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Score class probabilities.

    Args:
        outputs: ``[row, class]``.
        truth: int64 ``[row]``; -1 is a class that training did not see: counted as wrong.

    Returns:
        ``accuracy``, ``macro_f1`` (over classes that occur), ``auc`` (one against the rest, mean
        over classes that occur and have rows on both sides) and ``log_loss`` (nats per row).
    """
    guess = outputs.argmax(axis=1)
    return {
        "accuracy": known_mean(right_rows(outputs, truth)),
        "macro_f1": _macro_f1(guess, truth, outputs.shape[1]),
        "auc": _mean_auc(outputs, truth),
        "log_loss": known_mean(log_loss(outputs, truth)),
    }


def tagging_metrics(outputs: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Score label probabilities ``[row, label]`` against 0/1 truth ``[row, label]``.

    Returns ``macro_f1`` (over labels that occur), ``micro_f1``, ``auc`` and ``log_loss``.
    """
    guess, real = outputs >= 0.5, truth >= 0.5
    hits, guessed, occurring = (guess & real).sum(0), guess.sum(0), real.sum(0)
    f1 = 2 * hits / np.maximum(guessed + occurring, 1)
    total = guessed.sum() + occurring.sum()
    return {
        "macro_f1": known_mean(f1[occurring > 0]),
        "micro_f1": float(2 * hits.sum() / total) if total else float("nan"),
        "auc": known_mean([auc(outputs[:, i], real[:, i]) for i in range(real.shape[1])]),
        "log_loss": known_mean(binary_log_loss(outputs, truth)),
    }


def regression_metrics(outputs: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Score ``[row, 4]`` outputs (mean, 5, 50 and 95 % quantile) against ``[row]`` truth.

    Returns ``rmse`` and ``mae`` in the target's unit, ``r2`` (NaN below ten rows), and
    ``coverage``: the share of rows inside the 90 % interval.
    """
    gap = outputs[:, 0].astype(np.float64) - truth
    exact = truth.astype(np.float64)
    spread = float(((exact - exact.mean()) ** 2).sum()) if len(truth) >= LEAST_ROWS else 0.0
    return {
        "rmse": float(np.sqrt(known_mean(gap**2))),
        "mae": known_mean(np.abs(gap)),
        "r2": 1.0 - float((gap**2).sum()) / spread if spread > 0 else float("nan"),
        "coverage": known_mean(covered_rows(outputs, truth)),
    }


def log_loss(outputs: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return ``-log p(truth)`` per row, float64.

    A row whose class training did not see (-1) costs ``log(num_classes)``, a uniform guess: no
    model can do better on it, and it must not drown the rest.
    """
    num_classes = outputs.shape[1]
    seen = truth >= 0
    chosen = outputs[np.arange(len(truth)), np.where(seen, truth, 0)].astype(np.float64)
    cost = -np.log(np.clip(chosen, FLOOR, 1.0))
    return np.where(seen, cost, np.log(max(num_classes, 2)))


def binary_log_loss(outputs: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the mean binary cross-entropy over labels per row, float64."""
    p = np.clip(outputs.astype(np.float64), FLOOR, 1 - FLOOR)
    return -(truth * np.log(p) + (1 - truth) * np.log(1 - p)).mean(axis=1)


def pinball_loss(quantiles: np.ndarray, truth: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    """Return the quantile loss summed over levels per row (Koenker and Bassett 1978).

    Args:
        quantiles: ``[row, level]``.
        truth: ``[row]``.
        levels: In (0, 1), one per column of `quantiles`.
    """
    gap = truth[:, None].astype(np.float64) - quantiles
    level = np.asarray(levels)[None]
    return np.maximum(level * gap, (level - 1) * gap).sum(axis=1)


def auc(score: np.ndarray, positive: np.ndarray) -> float:
    """Return the area under the ROC curve by ranks, ties counted half; NaN with one side empty."""
    num_positive = int(positive.sum())
    num_negative = len(positive) - num_positive
    if not num_positive or not num_negative:
        return float("nan")
    ordered, mine = np.sort(score), np.sort(score[positive])
    places = np.searchsorted(ordered, mine, "left") + np.searchsorted(ordered, mine, "right")
    rank = (places + 1) / 2.0
    above = rank.sum() - num_positive * (num_positive + 1) / 2.0
    return float(above / (num_positive * num_negative))


def class_aucs(outputs: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the area under the ROC curve of each class against the rest, float64 ``[class]``.

    As `auc`, but quick with many classes of few rows, whose scores are compared, not sorted.
    """
    scores = np.ascontiguousarray(outputs.T)
    order = np.argsort(truth, kind="stable")
    ends = np.searchsorted(truth[order], np.arange(len(scores) + 1))
    found = np.full(len(scores), np.nan)
    for number, score in enumerate(scores):
        rows = order[ends[number] : ends[number + 1]]
        num, others = len(rows), len(truth) - len(rows)
        if num > FEW_ROWS:
            found[number] = auc(score, truth == number)
        elif num and others:
            mine = score[rows, None]
            below = np.count_nonzero(score < mine) + 0.5 * np.count_nonzero(score == mine)
            found[number] = (below - 0.5 * num * num) / (num * others)
    return found


def per_class(
    outputs: np.ndarray, truth: np.ndarray, labels: Sequence[str]
) -> list[dict[str, Any]]:
    """Return ``label``, ``rows``, ``precision``, ``recall``, ``f1`` and ``auc`` of each class."""
    guess, areas = outputs.argmax(axis=1), class_aucs(outputs, truth)
    found = []
    for number, label in enumerate(labels):
        real, said = truth == number, guess == number
        hits = int((real & said).sum())
        found.append(
            {
                "label": label,
                "rows": int(real.sum()),
                "precision": hits / int(said.sum()) if said.any() else float("nan"),
                "recall": hits / int(real.sum()) if real.any() else float("nan"),
                "f1": 2 * hits / max(int(real.sum() + said.sum()), 1),
                "auc": float(areas[number]),
            }
        )
    return found


def per_label(
    outputs: np.ndarray, truth: np.ndarray, labels: Sequence[str]
) -> list[dict[str, Any]]:
    """Return ``label``, ``rows``, ``precision``, ``recall``, ``f1`` of each label, said at 0.5."""
    said, real = outputs >= 0.5, truth >= 0.5
    hits, num_said, num_real = (said & real).sum(0), said.sum(0), real.sum(0)
    return [
        {
            "label": str(label),
            "rows": int(num_real[i]),
            "precision": float(hits[i] / num_said[i]) if num_said[i] else float("nan"),
            "recall": float(hits[i] / num_real[i]) if num_real[i] else float("nan"),
            "f1": float(2 * hits[i] / max(int(num_said[i] + num_real[i]), 1)),
        }
        for i, label in enumerate(labels)
    ]


def reliability(outputs: np.ndarray, truth: np.ndarray) -> list[dict[str, float]]:
    """Accuracy within each tenth of confidence (Guo et al. 2017, figure 1)."""
    confidence = outputs.max(axis=1)
    right = outputs.argmax(axis=1) == truth
    bins = np.minimum((confidence * NUM_BINS).astype(int), NUM_BINS - 1)
    return [
        {
            "confidence": float(confidence[bins == b].mean()),
            "accuracy": float(right[bins == b].mean()),
            "count": int((bins == b).sum()),
        }
        for b in range(NUM_BINS)
        if (bins == b).any()
    ]


def expected_calibration_error(bins: Sequence[Mapping[str, float]]) -> float:
    """Return the mean gap between confidence and accuracy (Guo et al. 2017, equation 3).

    Args:
        bins: ``confidence``, ``accuracy`` and ``count`` of each tenth of confidence.
    """
    total = sum(one["count"] for one in bins)
    gaps = (one["count"] * abs(one["confidence"] - one["accuracy"]) for one in bins)
    return float(sum(gaps) / total) if total else float("nan")


def confusion(outputs: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return counts, int64 ``[true class, guessed class]``; rows of unseen classes are left out."""
    num = outputs.shape[1]
    seen = truth >= 0
    pairs = truth[seen] * num + outputs.argmax(axis=1)[seen]
    return np.bincount(pairs, minlength=num * num).reshape(num, num)


def _macro_f1(guess: np.ndarray, truth: np.ndarray, num_classes: int) -> float:
    size = num_classes + 1
    real, said = np.bincount(truth + 1, minlength=size), np.bincount(guess + 1, minlength=size)
    hits = np.bincount(truth[guess == truth] + 1, minlength=size)
    f1 = 2 * hits / np.maximum(real + said, 1)
    return known_mean(f1[real > 0])


def _mean_auc(outputs: np.ndarray, truth: np.ndarray) -> float:
    if outputs.shape[1] == 2:
        return auc(outputs[:, 1], truth == 1)
    return known_mean(class_aucs(outputs, truth))


def known_mean(values: Any) -> float:
    """Return the mean of what is finite; NaN of nothing."""
    array = np.asarray(values, np.float64)
    array = array[np.isfinite(array)]
    return float(array.mean()) if len(array) else float("nan")
