"""Scores outputs against truth: metrics with intervals, per class, per set of columns present."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from plait.intervals import MAX_CELLS, metric_intervals
from plait.metrics import NOMINAL_COVERAGE, confusion, per_class
from plait.modalities import TargetCodec

MAX_SCATTER = 400
NUM_BINS = 10

MAX_PATTERNS = 32
"""Sets of columns that are scored, the most frequent ones."""

MAX_CONFUSION = 500
"""With more classes there is no confusion matrix: nobody reads it, and it grows by the square."""


def score(
    codec: TargetCodec,
    outputs: np.ndarray,
    truth: np.ndarray,
    present: Mapping[str, np.ndarray],
    *,
    groups: np.ndarray | None = None,
    seed: int = 0,
    intervals: bool = True,
) -> dict[str, Any]:
    """Return everything that `evaluate` reports.

    Args:
        codec: The target's codec.
        outputs: Canonical outputs ``[row, output]``.
        truth: Targets ``[row]`` or ``[row, label]``.
        present: Input column -> bool ``[row]``.
        groups: int ``[row]``: rows of one number are not independent; None where all are.
        seed: Of the bootstrap.
        intervals: False leaves them out, where time is short: they are never others than usual.
    """
    found: dict[str, Any] = {
        "task": codec.task,
        "rows": len(outputs),
        "metrics": codec.metrics(outputs, truth),
        "intervals": _intervals(codec, outputs, truth, groups, seed) if intervals else {},
        "by_present": _by_present(codec, outputs, truth, present, groups, seed, intervals),
    }
    if codec.task == "classify":
        labels = list(getattr(codec, "labels", ()))
        found["labels"] = labels
        found["per_class"] = per_class(outputs, truth, labels)
        if outputs.shape[1] <= MAX_CONFUSION:
            found["confusion"] = confusion(outputs, truth)
        else:
            found["left_out"] = [
                f"the table of classes mistaken for each other: more than {MAX_CONFUSION} classes"
            ]
        found["reliability"] = _reliability(outputs, truth)
        found["ece"] = expected_calibration_error(found["reliability"])
    if codec.task == "regress":
        found["nominal_coverage"] = NOMINAL_COVERAGE
        some = np.linspace(0, len(outputs) - 1, min(len(outputs), MAX_SCATTER)).astype(int)
        # Truth, prediction, and the ends of its 90 % interval.
        found["scatter"] = [[float(truth[i]), *map(float, outputs[i, [0, 1, 3]])] for i in some]
    if codec.task == "tag":
        found["per_label"] = _per_label(codec, outputs, truth)
    return found


def _by_present(
    codec: TargetCodec,
    outputs: np.ndarray,
    truth: np.ndarray,
    present: Mapping[str, np.ndarray],
    groups: np.ndarray | None,
    seed: int,
    intervals: bool,
) -> dict[str, Any]:
    """Score each set of columns that occurs among the rows, most frequent first."""
    names = list(present)
    table = np.stack([present[name] for name in names], axis=1)
    patterns, which, counts = np.unique(table, axis=0, return_inverse=True, return_counts=True)
    found = {}
    shown = np.argsort(-counts, kind="stable")[:MAX_PATTERNS]
    cells = MAX_CELLS // len(shown)
    for number in shown:
        rows = np.flatnonzero(which.ravel() == number)
        key = "+".join(np.array(names)[patterns[number]]) or "nothing"
        some = outputs[rows], truth[rows], None if groups is None else groups[rows]
        found[key] = {
            "rows": len(rows),
            "metrics": codec.metrics(outputs[rows], truth[rows]),
            "intervals": _intervals(codec, *some, seed, cells) if intervals else {},
        }
    return found


def _intervals(
    codec: TargetCodec,
    outputs: np.ndarray,
    truth: np.ndarray,
    groups: np.ndarray | None,
    seed: int,
    cells: int = MAX_CELLS,
) -> dict[str, list[float]]:
    return metric_intervals(codec.metrics, outputs, truth, groups=groups, seed=seed, cells=cells)


def _per_label(codec: TargetCodec, outputs: np.ndarray, truth: np.ndarray) -> list[dict[str, Any]]:
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
        for i, label in enumerate(getattr(codec, "labels", ()))
    ]


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
