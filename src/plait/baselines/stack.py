"""Late fusion of experts: a weighted mean of outputs, weights chosen by honest cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

NUM_PICKS = 20
MARGIN = 0.005
"""A mix must be better than its best member by this share of its cost to be worth its size."""

Cost = Callable[[np.ndarray, np.ndarray], np.ndarray]


def best_mix(
    outputs: Mapping[str, np.ndarray], truth: np.ndarray, cost: Cost
) -> dict[str, float]:
    """Choose weights by greedy ensemble selection with replacement (Caruana et al. 2004).

    Members are added one at a time, whichever lowers the mean cost most, up to 20; members with
    less than a tenth of the weight are dropped; the mix is kept only where it beats its best member
    by a margin and a quarter of the standard error of the difference.

    Args:
        outputs: Candidate name -> canonical outputs ``[row, output]``, all of the same rows, none of
            which the candidate learned from.
        truth: Targets of those rows.
        cost: Per-row cost of outputs.

    Returns:
        Name -> weight; the weights sum to 1.
    """
    means = {name: float(cost(found, truth).mean()) for name, found in outputs.items()}
    best = min(means, key=lambda name: means[name])
    weights = _greedy(outputs, truth, cost, best)
    if len(weights) > 1:
        gain = cost(outputs[best], truth) - cost(mix_outputs(outputs, weights), truth)
        error = float(gain.std()) / max(len(gain), 1) ** 0.5
        if gain.mean() > max(MARGIN * abs(means[best]), 0.25 * error):
            return weights
    return {best: 1.0}


def mix_outputs(
    outputs: Mapping[str, np.ndarray], weights: Mapping[str, float]
) -> np.ndarray:
    """Return the weighted mean of the members' outputs, float32 ``[row, output]``."""
    total = sum(weight * outputs[name] for name, weight in weights.items())
    return np.asarray(total, np.float32)


def _greedy(
    outputs: Mapping[str, np.ndarray], truth: np.ndarray, cost: Cost, first: str
) -> dict[str, float]:
    counts = {first: 1}
    total = outputs[first].astype(np.float64)
    for num in range(1, NUM_PICKS):
        costs = {
            name: float(cost((total + found) / (num + 1), truth).mean())
            for name, found in outputs.items()
        }
        pick = min(costs, key=lambda name: costs[name])
        counts[pick] = counts.get(pick, 0) + 1
        total = total + outputs[pick]
    kept = {name: count for name, count in counts.items() if count >= NUM_PICKS / 10}
    return {name: count / sum(kept.values()) for name, count in kept.items()}
