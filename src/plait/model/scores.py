"""Scores outputs against truth: metrics with intervals, per class, per set of columns present."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from plait.intervals import MAX_CELLS, metric_intervals
from plait.model.judges import Judge

MAX_PATTERNS = 32
"""Sets of columns that are scored, the most frequent ones."""


def score(
    judge: Judge,
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
        judge: Of the target.
        outputs: Canonical outputs ``[row, output]``, or generated values ``[row]``.
        truth: Targets ``[row]`` or ``[row, label]``.
        present: Input column -> bool ``[row]``.
        groups: int ``[row]``: rows of one number are not independent; None where all are.
        seed: Of the bootstrap.
        intervals: False leaves them out, where time is short: they are never others than usual.
    """
    return {
        "task": judge.task,
        "rows": len(outputs),
        "metrics": judge.metrics(outputs, truth),
        "intervals": _intervals(judge, outputs, truth, groups, seed) if intervals else {},
        "by_present": _by_present(judge, outputs, truth, present, groups, seed, intervals),
        **judge.details(outputs, truth),
    }


def _by_present(
    judge: Judge,
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
            "metrics": judge.metrics(outputs[rows], truth[rows]),
            "intervals": _intervals(judge, *some, seed, cells) if intervals else {},
        }
    return found


def _intervals(
    judge: Judge,
    outputs: np.ndarray,
    truth: np.ndarray,
    groups: np.ndarray | None,
    seed: int,
    cells: int = MAX_CELLS,
) -> dict[str, list[float]]:
    return intervals_of(judge, outputs, truth, groups=groups, seed=seed, cells=cells)


def intervals_of(
    judge: Judge,
    outputs: np.ndarray,
    truth: np.ndarray,
    *,
    groups: np.ndarray | None,
    seed: int = 0,
    cells: int = MAX_CELLS,
) -> dict[str, list[float]]:
    """Return a 95 % interval of each metric; see `plait.intervals.metric_intervals`."""
    return metric_intervals(
        judge.metrics,
        outputs,
        truth,
        groups=groups,
        seed=seed,
        cells=cells,
        shares=judge.shares,
    )
