"""The bias-corrected and accelerated bootstrap of metrics: draws whole units of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import NormalDist

import numpy as np

from plait.metrics import Metric
from plait.sampling_error import LEVEL, student_quantile, wilson

NUM_RESAMPLES, LEAST_RESAMPLES = 300, 100
LEAST_UNITS = 10
"""Fewer rows, or groups of rows, than this say too little for an interval."""

NUM_BLOCKS = 40
"""Parts that the jackknife leaves out in turn."""

EXTRA_CALLS = NUM_BLOCKS + 2
"""Calls of the metric that an interval needs beside its resamples."""

MAX_ROWS, LEAST_RESAMPLED = 20_000, 500
"""Rows that are resampled at most, and at least where they have many outputs."""

MAX_CELLS = 10_000_000
"""Rows times outputs times calls of the metric that an interval may take: half a second or so.
Counted, not timed, so that the same model has the same interval wherever it is scored."""

_NORMAL = NormalDist()

Resampled = Callable[[np.ndarray, np.ndarray, np.ndarray], dict[str, np.ndarray] | None]
"""Outputs, truth and how often each resample drew each row, float32 ``[resample, row]`` -> name and
values ``[resample]``; None where calls of the metric one by one are as quick."""


def resampling(num_rows: int, num_outputs: int, cells: int = MAX_CELLS) -> tuple[int, int]:
    """Return of how many rows intervals are, and from how many resamples.

    Of more rows a sample is resampled and the interval narrowed. There are 300 resamples, but
    fewer, down to 100, for more than 2,000 rows.

    >>> resampling(1000, 2), resampling(10_000, 2), resampling(10_000, 500)
    ((1000, 300), (10000, 100), (500, 100))

    Args:
        num_rows: That there are.
        num_outputs: Of each row.
        cells: Rows times outputs times calls of the metric that it may take.
    """
    able = cells // ((LEAST_RESAMPLES + EXTRA_CALLS) * max(num_outputs, 1))
    rows = min(num_rows, MAX_ROWS, max(able, LEAST_RESAMPLED))
    able = cells // max(rows * num_outputs, 1) - EXTRA_CALLS
    usual = min(NUM_RESAMPLES * 2000 / max(rows, 1), able)
    return rows, int(np.clip(usual, LEAST_RESAMPLES, NUM_RESAMPLES))


class Units:
    """Rows sorted by the unit that they are drawn with.

    Args:
        groups: int ``[row]``.
    """

    def __init__(self, groups: np.ndarray) -> None:
        # Numbered as they come: how a caller numbers them must not change what is drawn.
        _, firsts, which = np.unique(groups, return_index=True, return_inverse=True)
        self.which = np.argsort(np.argsort(firsts))[which.reshape(-1)]
        self.sizes = np.bincount(self.which)
        self._order = np.argsort(self.which, kind="stable")
        self._firsts = np.cumsum(self.sizes) - self.sizes

    def __len__(self) -> int:
        return len(self.sizes)

    def rows(self, units: np.ndarray) -> np.ndarray:
        """Return the rows of some units, each as often as it is named."""
        sizes = self.sizes[units]
        within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return self._order[np.repeat(self._firsts[units], sizes) + within]


def bootstrap(
    metric: Metric,
    outputs: np.ndarray,
    truth: np.ndarray,
    units: Units,
    seed: int,
    cells: int,
    resampled: Resampled | None,
) -> dict[str, list[float]]:
    """Return a 95 % interval of each metric that is finite; see `plait.intervals`."""
    rng = np.random.default_rng(seed)
    kept, shrink = np.arange(len(units)), 1.0
    max_rows, num = resampling(len(truth), outputs[:1].size, cells)
    if len(truth) > max_rows:
        most = max(LEAST_UNITS, int(max_rows * len(units) / len(truth)))
        kept = np.sort(rng.choice(len(units), most, replace=False))
        shrink = (most / len(units)) ** 0.5
    draws = [units.rows(rng.choice(kept, len(kept))) for _ in range(num)]
    draws = [units.rows(kept), *draws, *_jackknife(units, kept, rng)]
    measured = _measured(metric, outputs, truth, draws, resampled)
    found = {}
    for name, centre in metric(outputs, truth).items():
        middle, values = float(measured[name][0]), _finite(measured[name][1 : num + 1])
        if len(values) < num / 2 or not np.isfinite(centre):
            continue
        ends = _bca_ends(values, middle, _finite(measured[name][num + 1 :]), len(kept))
        low, high = (centre + (end - middle) * shrink for end in ends)
        found[name] = [float(low), float(high)]
    return found


def _measured(
    metric: Metric,
    outputs: np.ndarray,
    truth: np.ndarray,
    draws: list[np.ndarray],
    resampled: Resampled | None,
) -> dict[str, np.ndarray]:
    """Return name -> values ``[draw]`` of draws of rows, of which the first has every row once."""
    if resampled is not None:
        rows, places = draws[0], np.zeros(len(truth), np.int64)
        places[rows] = np.arange(len(rows))
        counts = [np.bincount(places[one], minlength=len(rows)) for one in draws]
        found = resampled(outputs[rows], truth[rows], np.stack(counts).astype(np.float32))
        if found is not None:
            return found
    called = [metric(outputs[rows], truth[rows]) for rows in draws]
    return {name: np.array([one[name] for one in called], np.float64) for name in called[0]}


def _jackknife(units: Units, kept: np.ndarray, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield the rows without one block of units after the other."""
    blocks = np.array_split(rng.permutation(kept), min(NUM_BLOCKS, len(kept)))
    for block in blocks:
        yield units.rows(np.setdiff1d(kept, block))


def _finite(values: np.ndarray) -> np.ndarray:
    return values[np.isfinite(values)]


def _bca_ends(
    values: np.ndarray, centre: float, left_out: np.ndarray, num_units: int
) -> tuple[float, float]:
    """Return the ends of the BCa interval; where nothing varies at 0 or 1, those of a share."""
    if values.min() == values.max():
        at_edge = centre in (0.0, 1.0) and values[0] == centre
        z = _NORMAL.inv_cdf(0.5 + LEVEL / 2)
        low, high = wilson(centre, num_units, z) if at_edge else (centre, centre)
        return float(low), float(high)
    below = ((values < centre).mean() + (values <= centre).mean()) / 2
    bias = _NORMAL.inv_cdf(float(np.clip(below, 1 / len(values), 1 - 1 / len(values))))
    gaps = left_out.mean() - left_out if len(left_out) > 1 else np.zeros(1)
    spread = float((gaps**2).sum())
    speed = float((gaps**3).sum()) / (6 * spread**1.5) if spread > 0 else 0.0
    wide = (num_units / (num_units - 1)) ** 0.5 * student_quantile(0.5 + LEVEL / 2, num_units - 1)
    levels = []
    for side in (-wide, wide):
        z = bias + side
        levels.append(_NORMAL.cdf(bias + z / max(1 - speed * z, 0.1)))
    low, high = np.quantile(values, levels)
    return float(min(low, centre)), float(max(high, centre))
