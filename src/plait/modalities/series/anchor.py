"""What a series goes on as by few weights: at its level, by its seasons, or by its last values.

The linear map is pulled to it: it tells what differs. A naive forecast has no weights to learn
(Hyndman and Athanasopoulos 2021, "Forecasting: Principles and Practice", section 5.2), an
autoregression few (Yule 1927, "On a Method of Investigating Periodicities in Disturbed Series"), so
that few steps can tell which is the best; seasons are found by how well they go on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plait.spacing import evenly_spaced

MOST_SAMPLED = 300
"""Rows that an anchor is found by."""

NUM_SEASONS = 3
"""Lengths of a season that are looked at more closely."""

CLEARLY = 0.9
"""Of the level's squared error, that another anchor has at most: else the level it is."""

MOST_AVERAGED = 8

ORDERS = (1, 2, 3, 5, 8, 13)
"""Last values that an autoregression sees."""

MOST = 1e6
"""No continuation goes further, in units of its series."""

STEPS_PER_WEIGHT, PULL = 8, 1e-3


@dataclass(frozen=True)
class Anchor:
    """A naive forecast of steps whose level was taken away.

    Attributes:
        season: Steps of a season, 1 for the last value; 0 stays at the level.
        averaged: So many seasons before say how a season runs; the last tells its level.
        drift: Share of the mean change from season to season that goes on.
        weights: Of an autoregression, the last value's first; empty where there is none.
    """

    season: int = 0
    averaged: int = 1
    drift: float = 0.0
    weights: tuple[float, ...] = ()

    def __call__(self, before: np.ndarray, length: int) -> np.ndarray:
        """Return the steps that follow, ``[row, length]``, of those before, ``[row, step]``."""
        if self.weights:
            return _iterated(before, np.array(self.weights), length)
        if self.season == 0:
            return np.zeros((len(before), length))
        own = before[:, before.shape[1] - self.averaged * self.season :]
        seasons = own.reshape(len(before), self.averaged, self.season)
        means = seasons.mean(axis=2)
        profile = (seasons - means[..., None]).mean(axis=1)
        change = (means[:, -1] - means[:, 0]) / max(self.averaged - 1, 1)
        steps = np.arange(length)
        later = self.drift * (steps // self.season + 1)
        found: np.ndarray = means[:, -1:] + profile[:, steps % self.season]
        return found + change[:, None] * later


def find_anchor(before: np.ndarray, ahead: np.ndarray) -> Anchor:
    """Return the naive forecast of least squared error, the level unless another is clearly better.

    Args:
        before: ``[row, step]``, without their level.
        ahead: ``[row, step]``, without that level.
    """
    some = evenly_spaced(len(before), MOST_SAMPLED)
    before, ahead = before[some], ahead[some]

    def error(anchor: Anchor) -> float:
        return float(((anchor(before, ahead.shape[1]) - ahead) ** 2).mean())

    most = before.shape[1] // 2
    lengths = sorted(range(1, most + 1), key=lambda season: error(Anchor(season)))
    tried = [
        Anchor(season, averaged, drift)
        for season in sorted({*lengths[:NUM_SEASONS], 1})
        for averaged in (1, 2, 4, MOST_AVERAGED)
        for drift in ((0.0, 0.5, 1.0) if averaged > 1 else (0.0,))
        if averaged * season <= before.shape[1]
    ]
    whole = np.concatenate([before, ahead], axis=1)
    num = len(some) + whole.shape[1]
    orders = [order for order in ORDERS if order <= min(most, num // STEPS_PER_WEIGHT)]
    fitted = [Anchor(weights=_regressed(whole, order)) for order in orders]

    def cost(anchor: Anchor) -> float:
        return error(anchor) * (1 + 2 * len(anchor.weights) / num)

    best = min([*tried, *fitted], key=cost, default=Anchor())
    return best if cost(best) < CLEARLY * error(Anchor()) else Anchor()


def _regressed(series: np.ndarray, order: int) -> tuple[float, ...]:
    """Return the weights by which the last values tell the next, ``[row, step]``; least squares."""
    lags = np.lib.stride_tricks.sliding_window_view(series, order + 1, axis=1)
    lags = lags.reshape(-1, order + 1)
    x, y = lags[:, :-1][:, ::-1], lags[:, -1]
    gram = x.T @ x
    pull = PULL * max(float(np.trace(gram)) / order, 1e-12)
    return tuple(np.linalg.solve(gram + pull * np.eye(order), x.T @ y).tolist())


def _iterated(before: np.ndarray, weights: np.ndarray, length: int) -> np.ndarray:
    """Return the steps that follow by an autoregression, each from those before it."""
    num = len(weights)
    found = np.concatenate([before[:, -num:], np.zeros((len(before), length))], axis=1)
    for step in range(num, num + length):
        found[:, step] = found[:, step - num : step][:, ::-1] @ weights
    return np.clip(found[:, num:], -MOST, MOST)
