"""Retrieval metrics: where the right item ranks among all; NumPy only."""

from __future__ import annotations

import numpy as np

CHUNK_ROWS = 1024


def match_ranks(
    queries: np.ndarray, items: np.ndarray, contents: np.ndarray | None = None
) -> np.ndarray:
    """Return the rank of each query's own item among all items, float64 ``[row]``, from 1.

    Query *i* belongs to item *i*; items that hold the same content as it are as right as it, and
    the best of them counts. Ties share their mean rank, so that constant vectors rank in the
    middle, not first.

    Args:
        queries: Unit vectors ``[row, dim]``.
        items: Unit vectors ``[row, dim]``.
        contents: ``[row]``; equal numbers hold equal content. None: all differ.

    >>> match_ranks(np.eye(2), np.eye(2)[::-1]).tolist()
    [2.0, 2.0]
    """
    num = len(items)
    contents = np.arange(num) if contents is None else np.asarray(contents)
    ranks = np.zeros(len(queries))
    for first in range(0, len(queries), CHUNK_ROWS):
        rows = slice(first, min(first + CHUNK_ROWS, len(queries)))
        scores = queries[rows] @ items.T
        same = contents[rows, None] == contents[None]
        best = np.where(same, scores, -np.inf).max(1, keepdims=True)
        above = ((scores > best) & ~same).sum(1)
        level = ((scores == best) & ~same).sum(1)
        ranks[rows] = 1 + above + level / 2
    return ranks


def retrieval_metrics(ranks: np.ndarray) -> dict[str, float]:
    """Return ``r@1``, ``r@5``, ``r@10`` (shares in [0, 1]), ``median_rank``, ``mrr`` and ``n``."""
    found: dict[str, float] = {f"r@{k}": float((ranks <= k).mean()) for k in (1, 5, 10)}
    mean = float((1 / ranks).mean())
    return {**found, "median_rank": float(np.median(ranks)), "mrr": mean, "n": len(ranks)}


def mean_reciprocal_rank(
    queries: np.ndarray, items: np.ndarray, contents: np.ndarray | None = None
) -> float:
    """Return the mean of 1 / rank; see `match_ranks`."""
    return float((1 / match_ranks(queries, items, contents)).mean())
