"""From a predicted mean to quantiles: residuals of rows that the model did not learn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plait.baselines.weighted_statistics import quantiles, worth

LEVELS = (0.05, 0.5, 0.95)
BINS = ((0, 1), (120, 4), (1200, 8))
"""From so many rows on, so many bins. Few steps: a base model of a fold has fewer rows than the one
that ships, and its intervals must not be of another kind, for they are what calibrates these."""


@dataclass(frozen=True)
class Residuals:
    """Quantiles of residuals, varying with the predicted mean.

    Split-conformal regression, Mondrian by the prediction (Bostrom and Johansson 2020), with
    quantiles interpolated between the bins.

    Attributes:
        places: float32 ``[bin]``: mean prediction in each bin, ascending.
        offsets: float32 ``[bin, 3]``: 5, 50 and 95 % quantiles of truth minus prediction.
    """

    places: np.ndarray
    offsets: np.ndarray

    @classmethod
    def fit(
        cls, means: np.ndarray, truth: np.ndarray, weights: np.ndarray | None = None
    ) -> Residuals:
        """Learn from predictions ``[row]`` of rows that were held out, their truth and weights."""
        order = np.argsort(means, kind="stable")
        bins = np.array_split(order, num_bins(len(order)))
        heavy = [None if weights is None else weights[rows] for rows in bins]
        centres = [np.average(means[r], weights=w) for r, w in zip(bins, heavy, strict=True)]
        places = np.array(centres, np.float32)
        gaps = truth.astype(np.float64) - means
        offsets = np.stack(
            [_widened_quantiles(gaps[r], w) for r, w in zip(bins, heavy, strict=True)]
        )
        return cls(places, offsets.astype(np.float32))

    def outputs(self, means: np.ndarray) -> np.ndarray:
        """Return float32 ``[row, 4]``: the mean and its 5, 50 and 95 % quantiles."""
        moved = [means + np.interp(means, self.places, column) for column in self.offsets.T]
        quantiles = np.sort(np.stack(moved, axis=1), axis=1)
        return np.concatenate([means[:, None], quantiles], axis=1).astype(np.float32)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays to save."""
        return {"residual_places": self.places, "residual_offsets": self.offsets}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> Residuals:
        """Undo `arrays`."""
        return cls(arrays["residual_places"], arrays["residual_offsets"])


def num_bins(num_rows: int) -> int:
    """Return how many bins `Residuals` makes of so many rows."""
    return max(num for least, num in BINS if num_rows >= least)


def _widened_quantiles(gaps: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """Return the quantiles, both ends with the finite-sample widening of conformal prediction."""
    num = worth(weights, len(gaps))
    high = min(1.0, LEVELS[2] * (num + 1) / num)
    low = max(0.0, 1.0 - (1.0 - LEVELS[0]) * (num + 1) / num)
    return quantiles(gaps, [low, LEVELS[1], high], weights)
