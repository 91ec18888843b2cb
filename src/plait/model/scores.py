"""Scores outputs against truth: metrics with intervals, per class, per set of columns present."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from plait.bootstrap import MAX_CELLS
from plait.intervals import interval_seconds, metric_intervals
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
    """Return everything that `evaluate` reports; of a number with a unit also ``unit``.

    Args:
        judge: Of the target.
        outputs: Canonical outputs ``[row, output]``, or generated values ``[row]``.
        truth: Targets ``[row]`` or ``[row, label]``.
        present: Input column -> bool ``[row]``.
        groups: int ``[row]``: rows of one number are not independent; None where all are.
        seed: Of the bootstrap.
        intervals: False leaves them out, where time is short: they are never others than usual.
    """
    every = _Some(judge, outputs, truth, groups, seed, intervals)
    whole = every.scored(np.arange(len(outputs)), MAX_CELLS)
    return {
        "task": judge.task,
        **({"unit": judge.unit} if judge.unit else {}),
        **whole,
        "by_present": _by_present(every, present, whole),
        **judge.details(outputs, truth),
    }


@dataclass(frozen=True)
class _Some:
    """Outputs of rows, any of which can be scored."""

    judge: Judge
    outputs: np.ndarray
    truth: np.ndarray
    groups: np.ndarray | None
    seed: int
    intervals: bool

    def scored(self, rows: np.ndarray, cells: int) -> dict[str, Any]:
        """Return ``rows``, ``metrics`` and ``intervals`` of some rows; ``groups`` of fewer."""
        outputs, truth = self.outputs[rows], self.truth[rows]
        groups = None if self.groups is None else self.groups[rows]
        ends = {}
        if self.intervals:
            ends = intervals_of(
                self.judge, outputs, truth, groups=groups, seed=self.seed, cells=cells
            )
        metrics = self.judge.metrics(outputs, truth)
        num_groups = len(rows) if groups is None else len(np.unique(groups))
        fewer = {"groups": num_groups} if num_groups < len(rows) else {}
        return {"rows": len(rows), **fewer, "metrics": metrics, "intervals": ends}


def _by_present(
    every: _Some, present: Mapping[str, np.ndarray], whole: dict[str, Any]
) -> dict[str, Any]:
    """Score each set of columns that occurs among the rows, most frequent first.

    Args:
        every: All rows.
        present: Input column -> bool ``[row]``.
        whole: The scores of all rows, which are those of a set that all rows have.
    """
    names = list(present)
    table = np.stack([present[name] for name in names], axis=1)
    patterns, which, counts = np.unique(table, axis=0, return_inverse=True, return_counts=True)
    shown = np.argsort(-counts, kind="stable")[:MAX_PATTERNS]
    found = {}
    for number in shown:
        key = "+".join(np.array(names)[patterns[number]]) or "nothing"
        rows = np.flatnonzero(which.ravel() == number)
        found[key] = dict(whole) if len(shown) == 1 else every.scored(rows, MAX_CELLS // len(shown))
    return found


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
        resampled=judge.resampled,
    )


def scoring_seconds(judge: Judge, outputs: np.ndarray, truth: np.ndarray) -> float:
    """Return about how long it takes to make the metrics of some rows, with their intervals."""
    began = time.monotonic()
    judge.metrics(outputs, truth)
    return time.monotonic() - began + intervals_seconds_of(judge, outputs, truth)


def intervals_seconds_of(judge: Judge, outputs: np.ndarray, truth: np.ndarray) -> float:
    """Return about how long `intervals_of` takes; see `plait.intervals.interval_seconds`."""
    return interval_seconds(judge.metrics, outputs, truth, resampled=judge.resampled)
