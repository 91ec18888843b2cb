"""How two models of one target differ on the same rows, with the interval of the difference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plait.intervals import metric_intervals
from plait.model.judges import Judge


@dataclass(frozen=True)
class Gap:
    """A difference of two models.

    Attributes:
        metric: What was measured.
        first, second: Its values.
        interval: 95 %, of `gap`, by paired draws of rows; [] where rows are too few.
        lower_is_better: Whether less of the metric is better.
    """

    metric: str
    first: float
    second: float
    interval: list[float]
    lower_is_better: bool

    @property
    def gap(self) -> float:
        """The first one's value less the second one's."""
        return self.first - self.second


def paired_gap(
    judge: Judge,
    first: np.ndarray,
    second: np.ndarray,
    truth: np.ndarray,
    groups: np.ndarray,
    *,
    metric: str | None = None,
) -> Gap:
    """Return how the first of two models differs from the second.

    Args:
        judge: Of the target, a predicted one.
        first, second: Canonical outputs ``[row, output]`` of the same rows.
        truth: Of the rows.
        groups: int ``[row]``: rows of one number are not independent.
        metric: One of the target's; None for the headline.
    """
    mine, theirs, width = judge.metrics(first, truth), judge.metrics(second, truth), first.shape[1]
    name = next(iter(mine)) if metric is None else metric

    def gap(both: np.ndarray, real: np.ndarray) -> dict[str, float]:
        left, right = both[:, :width], both[:, width:]
        return {"gap": judge.metrics(left, real)[name] - judge.metrics(right, real)[name]}

    both = np.concatenate([first, second], axis=1)
    ends = metric_intervals(gap, both, truth, groups=groups, shares={}).get("gap", [])
    return Gap(name, mine[name], theirs[name], _both_ways(ends), judge.lower_is_better(name))


def _both_ways(ends: list[float]) -> list[float]:
    """Return the interval of a difference; where no draw showed any, it may be of either sign."""
    return [-ends[1], ends[1]] if ends and ends[0] == 0.0 < ends[1] else ends
