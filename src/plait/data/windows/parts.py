"""Which steps are learned from, which choose, and which are the test: as a column says, or time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plait.data.allotting import TRAIN, VALIDATION
from plait.data.by_column import read_splits
from plait.data.table import Table
from plait.data.windows.plan import WindowPlan
from plait.data.windows.steps import Steps

PARTS = ("train", "validation", "test")
"""In the order of their numbers in `plait.data.allotting`."""

SHARES = (0.7, 0.8)
"""Of the time, the earliest is learned from, the next chooses, and the latest is the test."""

MOST_HELD = 0.3
"""Of the time, that the next or the latest takes where series are short: each has a window."""


def parts_of_steps(table: Table, plan: WindowPlan, series: Sequence[Steps]) -> list[np.ndarray]:
    """Return the part that each step is of, its number in `PARTS`, int8 ``[step]`` per series."""
    if plan.split is not None:
        said = read_splits(table, plan.split)
        return [said[one.row_of] for one in series]
    num = max(map(len, series))
    test = min(max(1 - SHARES[1], plan.horizon / num), MOST_HELD)
    choosing = min(max(SHARES[1] - SHARES[0], 2 * plan.horizon / num), MOST_HELD)
    shares = (1 - test - choosing, 1 - test)
    bounds = np.quantile(np.concatenate([one.times for one in series]), shares)
    return [np.searchsorted(bounds, one.times, side="left").astype(np.int8) for one in series]


def without_test(table: Table, plan: WindowPlan, series: Sequence[Steps]) -> list[np.ndarray]:
    """Return the values of each series that may be looked at before it is judged, float64
    ``[step, target]``; of those that have none, nothing."""
    parts = parts_of_steps(table, plan, series)
    kept = [
        one.values[np.isin(own, (TRAIN, VALIDATION))]
        for one, own in zip(series, parts, strict=True)
    ]
    return [values for values in kept if len(values)]
