"""Scores outputs against truth: metrics with intervals, per class, per set of columns present."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from plait.intervals import metric_intervals
from plait.metrics import NOMINAL_COVERAGE, confusion, per_class
from plait.modalities import TargetCodec

MAX_SCATTER = 400
NUM_BINS = 10


def score(
    codec: TargetCodec,
    outputs: np.ndarray,
    truth: np.ndarray,
    present: Mapping[str, np.ndarray],
    *,
    groups: np.ndarray | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Return everything that `evaluate` reports.

    Args:
        codec: The target's codec.
        outputs: Canonical outputs ``[row, output]``.
        truth: Targets ``[row]`` or ``[row, label]``.
        present: Input column -> bool ``[row]``.
        groups: int ``[row]``: rows of one number are not independent; None where all are.
        seed: Of the bootstrap.
    """
    found: dict[str, Any] = {
        "task": codec.task,
        "rows": len(outputs),
        "metrics": codec.metrics(outputs, truth),
        "intervals": metric_intervals(codec.metrics, outputs, truth, groups=groups, seed=seed),
        "by_present": _by_present(codec, outputs, truth, present, groups, seed),
    }
    if codec.task == "classify":
        labels = list(getattr(codec, "labels", ()))
        found["labels"] = labels
        found["per_class"] = per_class(outputs, truth, labels)
        found["confusion"] = confusion(outputs, truth)
        found["reliability"] = _reliability(outputs, truth)
        found["ece"] = expected_calibration_error(found["reliability"])
    if codec.task == "regress":
        found["nominal_coverage"] = NOMINAL_COVERAGE
        some = np.linspace(0, len(outputs) - 1, min(len(outputs), MAX_SCATTER)).astype(int)
        found["scatter"] = [[float(truth[i]), float(outputs[i, 0])] for i in some]
    return found


def _by_present(
    codec: TargetCodec,
    outputs: np.ndarray,
    truth: np.ndarray,
    present: Mapping[str, np.ndarray],
    groups: np.ndarray | None,
    seed: int,
) -> dict[str, Any]:
    """Score each set of columns that occurs among the rows, most frequent first."""
    names = list(present)
    table = np.stack([present[name] for name in names], axis=1)
    patterns, which, counts = np.unique(table, axis=0, return_inverse=True, return_counts=True)
    found = {}
    for number in np.argsort(-counts, kind="stable")[:32]:
        rows = np.flatnonzero(which.ravel() == number)
        key = "+".join(np.array(names)[patterns[number]]) or "nothing"
        found[key] = {
            "rows": len(rows),
            "metrics": codec.metrics(outputs[rows], truth[rows]),
            "intervals": metric_intervals(
                codec.metrics,
                outputs[rows],
                truth[rows],
                groups=None if groups is None else groups[rows],
                seed=seed,
            ),
        }
    return found


def _reliability(outputs: np.ndarray, truth: np.ndarray) -> list[dict[str, float]]:
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
