"""How near a series that was made comes to the true one, in units of the training spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from plait.modalities.target import MetricWord

WORDS: Mapping[str, MetricWord] = {
    "mse": MetricWord(
        name="MSE",
        says="Mean squared error of all steps and channels, each channel in units of its spread in "
        "training: 1 is what the mean of all training values scores there.",
        lower_is_better=True,
    ),
    "mae": MetricWord(
        name="MAE",
        says="Mean absolute error of all steps and channels, in units of each channel's spread.",
        lower_is_better=True,
    ),
    "r2": MetricWord(
        name="R²",
        says="Share of the squared distance from the training mean that is explained, "
        "over all steps and channels.",
    ),
    "length_off": MetricWord(
        name="length off",
        says="Steps too many or too few, per step of the truth.",
        lower_is_better=True,
        share=True,
    ),
}
"""What is measured of series, the headline first."""


def counted(said: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return what `measured` needs to know of one pair, float64 ``[6]``.

    Squared and absolute errors, squares of the truth, values compared, steps off, steps. Steps that
    were not made count as the training mean; those too many do not count but for the length.

    Args:
        said: ``[time, channel]``, scaled as the codec prepares it; NaN where nothing is known.
        true: The same; NaN is not compared.
    """
    steps = min(len(said), len(true))
    made = np.zeros(true.shape, np.float64)
    made[:steps] = np.nan_to_num(said[:steps])
    known = ~np.isnan(true)
    gap, truth = (made - true)[known], true[known].astype(np.float64)
    return np.array(
        [
            (gap**2).sum(),
            np.abs(gap).sum(),
            (truth**2).sum(),
            known.sum(),
            abs(len(said) - len(true)),
            len(true),
        ],
        np.float64,
    )


def measured(pairs: Sequence[np.ndarray]) -> dict[str, float]:
    """Return the metrics in `WORDS` of pairs as `counted` tells of them."""
    squared, absolute, square, values, off, steps = np.sum(pairs, axis=0)
    return {
        "mse": float(squared / max(values, 1.0)),
        "mae": float(absolute / max(values, 1.0)),
        "r2": float(1.0 - squared / max(square, 1e-12)),
        "length_off": float(off / max(steps, 1.0)),
    }
