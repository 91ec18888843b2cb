"""Corrects how sure probabilities are, by a temperature."""

from __future__ import annotations

from typing import Any

import numpy as np

from plait.modalities import PredictiveTarget
from plait.model.held_out import PRIOR_ROWS, HeldOutRows, group_weights, own_weights

TEMPERATURES = np.geomspace(0.25, 4.0, 33)

FLOOR = 1e-12
"""Probabilities are at least this before a power is taken."""


class TemperatureScale:
    """Sharpens or softens probabilities (Guo et al. 2017, section 4.2), per set of columns.

    Classes: ``p ** t`` normalised. Labels: their log-odds times ``t``. Neither changes a decision.

    Args:
        codec: Of the target; its cost decides.
        exclusive: Whether the probabilities of a row sum to 1.
    """

    nominal: float | None = None

    def __init__(self, codec: PredictiveTarget, *, exclusive: bool) -> None:
        self._codec, self._exclusive = codec, exclusive

    def known(self, truth: np.ndarray) -> np.ndarray:
        return truth >= 0 if self._exclusive else np.ones(len(truth), bool)

    def scores(self, rows: HeldOutRows) -> np.ndarray:
        """Return the cost of every row at every temperature, float64 ``[row, temperature]``."""
        costs = [
            self._codec.cost(self._powered(rows.outputs, temperature), rows.truth)
            for temperature in TEMPERATURES
        ]
        return np.stack(costs, axis=1)

    def fit(
        self, seen: np.ndarray, rows: HeldOutRows, own: np.ndarray, prior: np.ndarray
    ) -> np.ndarray:
        parts = [(own, own_weights(rows, own))]
        if len(prior):
            parts.append((prior, group_weights(rows.groups[prior], PRIOR_ROWS)))
        total = np.log(TEMPERATURES) ** 2
        for places, weights in parts:
            heavy = 1.0 if rows.weights is None else rows.weights[places]
            total = total + (weights * heavy) @ seen[places]
        return np.array([TEMPERATURES[int(np.argmin(total))]], np.float32)

    def apply(self, outputs: np.ndarray, factors: np.ndarray) -> np.ndarray:
        return self._powered(outputs, factors.astype(np.float64))

    def most_cautious(self, factors: np.ndarray) -> np.ndarray:
        return np.asarray(factors.min(axis=0))

    def _powered(self, outputs: np.ndarray, power: Any) -> np.ndarray:
        exact = np.clip(outputs.astype(np.float64), FLOOR, 1.0)
        powers = exact**power
        if self._exclusive:
            return np.asarray(powers / powers.sum(axis=1, keepdims=True))
        return np.asarray(powers / (powers + np.clip(1.0 - exact, FLOOR, 1.0) ** power))
