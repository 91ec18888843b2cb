"""Peers that recommend: EASE and item-kNN in plain NumPy, their settings chosen by what came last.

Written apart from those that plait ships, from the papers: Steck 2019, "Embarrassingly Shallow
Autoencoders for Sparse Data"; Sarwar et al. 2001, "Item-based Collaborative Filtering".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

CUT = 10
PENALTIES = (50.0, 100.0, 200.0, 400.0, 800.0, 1600.0)
NEIGHBOURS, SHRINKAGE = (20, 50, 100, 200, 1682), (0.0, 20.0, 100.0)

Histories = Sequence[np.ndarray]
Scores = Callable[[Histories, Histories, int], np.ndarray]


def ease_scores(known: Histories, asked: Histories, num: int, penalty: float) -> np.ndarray:
    """Return scores ``[row, item]`` of histories by EASE, learned from the known ones."""
    taken = _matrix(known, num)
    inverse = np.linalg.inv(taken.T @ taken + penalty * np.eye(num))
    weights = np.eye(num) - inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    return _matrix(asked, num) @ weights


def knn_scores(
    known: Histories, asked: Histories, num: int, near: int, shrinkage: float
) -> np.ndarray:
    """Return scores ``[row, item]`` of histories by the cosine of each item's nearest ones."""
    taken = _matrix(known, num)
    pairs = taken.T @ taken
    lengths = np.sqrt(np.diag(pairs))
    cosine = pairs / np.maximum(np.outer(lengths, lengths) + shrinkage, 1e-9)
    np.fill_diagonal(cosine, 0.0)
    if near < num:
        least = np.sort(cosine, axis=1)[:, [-near]]
        cosine = np.where(cosine >= least, cosine, 0.0)
    return _matrix(asked, num) @ cosine.T


def best_ease(histories: Histories, last: np.ndarray, num: int) -> tuple[float, float]:
    """Return recall@10 and NDCG@10 of the last items by EASE; its penalty is that which ranks the
    items before them best by NDCG@10."""

    def judged(known: Histories, right: np.ndarray, penalty: float) -> tuple[float, float]:
        return recall_and_ndcg(ease_scores(known, known, num, penalty), known, right)

    before, wanted = [one[:-1] for one in histories], np.array([one[-1] for one in histories])
    best = max(PENALTIES, key=lambda penalty: judged(before, wanted, penalty)[1])
    return judged(histories, last, best)


def best_knn(histories: Histories, last: np.ndarray, num: int) -> tuple[float, float]:
    """Return the same by item-kNN, whose neighbours and shrinkage are chosen so."""

    def judged(known: Histories, right: np.ndarray, kind: tuple[int, float]) -> tuple[float, float]:
        return recall_and_ndcg(knn_scores(known, known, num, *kind), known, right)

    before, wanted = [one[:-1] for one in histories], np.array([one[-1] for one in histories])
    kinds = [(near, shrinkage) for near in NEIGHBOURS for shrinkage in SHRINKAGE]
    best = max(kinds, key=lambda kind: judged(before, wanted, kind)[1])
    return judged(histories, last, best)


def recall_and_ndcg(
    scores: np.ndarray, seen: Histories, right: np.ndarray, cut: int = CUT
) -> tuple[float, float]:
    """Return both at a cut, among all items that were not seen; of equal scores the mean rank."""
    scores = scores.copy()
    for row, places in enumerate(seen):
        scores[row, places] = -np.inf
    own = scores[np.arange(len(right)), right][:, None]
    above, level = (scores > own).sum(axis=1), (scores == own).sum(axis=1)
    rank = above + (level - 1) / 2
    hit = rank < cut
    return float(hit.mean()), float(np.where(hit, 1.0 / np.log2(rank + 2.0), 0.0).mean())


def _matrix(histories: Histories, num: int) -> np.ndarray:
    found = np.zeros((len(histories), num))
    for row, places in enumerate(histories):
        found[row, places] = 1.0
    return found
