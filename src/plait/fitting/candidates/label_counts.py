"""Which labels a curve's points learn from, and how many of them reach a score."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)

LEAST_LABELS = 8

LEAST_GROWTH = 1.5


def nested_order(keys: np.ndarray, seed: int) -> np.ndarray:
    """Return places in an order whose every beginning is stratified: one of each key, then alike.

    Args:
        keys: int64 ``[row]``.
        seed: Of the draw.
    """
    rng = np.random.default_rng([seed, 9])
    order = np.lexsort((rng.random(len(keys)), keys))
    _, firsts, which, counts = np.unique(
        keys[order], return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.arange(len(keys)) - firsts[which]
    position = (rank + rng.random(len(keys))) / counts[which]
    position[rank == 0] -= 1.0
    return order[np.argsort(position, kind="stable")]


def label_counts(keys: np.ndarray) -> list[int]:
    """Return growing numbers of labels, the last being all; empty where fewer than two differ.

    Every number holds one row of each key, no fewer than `LEAST_LABELS`, and `LEAST_GROWTH` times
    the number before it, but for the last.
    """
    num, least = len(keys), max(LEAST_LABELS, len(np.unique(keys)))
    if num <= least:
        return []
    counts = [least]
    for share in SHARES:
        count = round(share * num)
        if count >= LEAST_GROWTH * counts[-1] or count == num:
            counts.append(count)
    return counts


def labels_needed(
    points: Sequence[tuple[int, float]], goal: float, lower_is_better: bool
) -> float | None:
    """Return how many labels first reach `goal`, interpolated on their logarithm; None for none.

    Args:
        points: (labels, score), by growing labels.
        goal: A score.
        lower_is_better: Whether the score is an error.
    """
    sign = -1.0 if lower_is_better else 1.0
    labels = np.log([count for count, _ in points])
    scores = sign * np.array([score for _, score in points])
    reached = np.flatnonzero(scores >= sign * goal - 1e-12)
    if not len(reached):
        return None
    place = int(reached[0])
    if place == 0:
        return float(points[0][0])
    low, high = scores[place - 1], scores[place]
    share = min(1.0, (sign * goal - low) / (high - low))
    return float(np.exp(labels[place - 1] + share * (labels[place] - labels[place - 1])))
