"""Confidence intervals of metrics: Wilson's for shares, the BCa bootstrap for the rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np

from plait.bootstrap import (
    EXTRA_CALLS,
    LEAST_UNITS,
    MAX_CELLS,
    NUM_BLOCKS,
    Resampled,
    Units,
    bootstrap,
    resampling,
)
from plait.metrics import SHARES, Metric, Rows
from plait.sampling_error import share_interval
from plait.spacing import evenly_spaced


def metric_intervals(
    metric: Metric,
    outputs: np.ndarray,
    truth: np.ndarray,
    *,
    groups: np.ndarray | None = None,
    seed: int = 0,
    cells: int = MAX_CELLS,
    shares: Mapping[str, Rows] = SHARES,
    resampled: Resampled | None = None,
) -> dict[str, list[float]]:
    """Return a 95 % interval of each metric; none below ten rows, or ten groups.

    Shares of rows (see `plait.metrics.SHARES`) get Wilson's interval (Wilson 1927), with groups for
    as many rows as the clustered variance says they are worth (Kish 1965, the design effect). All
    other metrics get the bias-corrected and accelerated bootstrap (Efron 1987, sections 2 to 4),
    which draws whole groups, whose acceleration is from a jackknife of 40 blocks, and whose levels
    are those of Student's t (Hesterberg 2015, section 5.3, the expanded percentile interval). The
    same rows and outputs always give the same interval.

    Args:
        metric: Outputs and truth -> name and value.
        outputs: ``[row, output]``.
        truth: ``[row]`` or ``[row, label]``.
        groups: int ``[row]``: rows of one number are not independent; None where all are.
        seed: Of the draws.
        cells: See `resampling`.
        shares: Metrics that are shares of rows -> which rows they count.
        resampled: The same metrics of many resamples at once, where there is a quick way.
    """
    units = Units(np.arange(len(truth)) if groups is None else np.asarray(groups))
    if len(units) < LEAST_UNITS:
        return {}
    names = list(metric(outputs, truth))
    which = None if len(units) == len(truth) else units.which
    found = {
        name: share_interval(shares[name](outputs, truth), which)
        for name in names
        if name in shares
    }
    rest = [name for name in names if name not in found]
    drawn = bootstrap(metric, outputs, truth, units, seed, cells, resampled) if rest else {}
    return found | {name: drawn[name] for name in rest if name in drawn}


def interval_seconds(
    metric: Metric,
    outputs: np.ndarray,
    truth: np.ndarray,
    *,
    resampled: Resampled | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> float:
    """Return about how long `metric_intervals` takes, from as few calls as its jackknife has."""
    if not len(truth):
        return 0.0
    num_rows, resamples = resampling(len(truth), outputs[:1].size)
    calls, began = resamples + EXTRA_CALLS, clock()
    some = evenly_spaced(len(truth), num_rows)
    pilot = np.ones((NUM_BLOCKS, num_rows), np.float32)
    if resampled is not None and resampled(outputs[some], truth[some], pilot) is not None:
        return (clock() - began) * calls / NUM_BLOCKS
    began = clock()
    metric(outputs[some], truth[some])
    return (clock() - began) * calls
