"""How scores become probabilities: a temperature, chosen by the cost of rows held out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plait.baselines.descent import Weights, link
from plait.baselines.labelled_rows import LabelledRows
from plait.baselines.weighted_statistics import mean_by

TEMPERATURES, STRIDE = np.logspace(-0.7, 2.3, 46), 5
"""Tried for scores: each fifth, then those around the best."""


@dataclass(frozen=True)
class Trial:
    """A strength and how it did on rows that were held out."""

    strength: float
    weights: Weights
    scores: np.ndarray
    cost: float
    temperature: float

    @classmethod
    def judge(
        cls, strength: float, weights: Weights, scores: np.ndarray, rows: LabelledRows
    ) -> Trial:
        """Make it of scores ``[row, output]`` of these rows."""
        cost, temperature = best_temperature(scores, rows)
        return cls(strength, weights, scores, cost, temperature)


def best_temperature(scores: np.ndarray, rows: LabelledRows) -> tuple[float, float]:
    """Return the least cost, and what scores of classes or labels are multiplied with for it.

    Temperature scaling (Guo et al. 2017, section 4.2).
    """
    if not rows.form.probable:
        return mean_by((scores[:, 0] - rows.truth) ** 2, rows.weights), 1.0
    scores = scores.astype(np.float32)
    costs: dict[int, float] = {}

    def best_of(places: range) -> int:
        for place in places:
            if place not in costs:
                found = link(scores * float(TEMPERATURES[place]), rows.form)
                costs[place] = rows.mean_cost(found)
        return min(costs, key=lambda place: costs[place])

    near = best_of(range(0, len(TEMPERATURES), STRIDE))
    best = best_of(range(max(near - STRIDE + 1, 0), min(near + STRIDE, len(TEMPERATURES))))
    return costs[best], float(TEMPERATURES[best])
