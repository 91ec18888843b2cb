"""The peers that recommend agree with what plait ships, which was written apart from them."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.peers.next_items import (
    best_ease,
    best_knn,
    ease_scores,
    knn_scores,
    recall_and_ndcg,
)

from plait.modalities.item.histories import taken_by
from plait.modalities.item.relations import cosine, ease
from plait.modalities.item.scoring import compared, measured

RNG = np.random.default_rng(0)
HISTORIES = [np.unique(RNG.integers(0, 12, 7)) for _ in range(60)]


def test_ease_and_item_knn_are_the_same_by_both() -> None:
    taken = taken_by(HISTORIES, 12)
    pairs = taken.T @ taken
    ours = taken @ ease(pairs, 20.0)
    np.testing.assert_allclose(ease_scores(HISTORIES, HISTORIES, 12, 20.0), ours, atol=1e-4)
    ours = taken @ cosine(pairs, 12)
    np.testing.assert_allclose(knn_scores(HISTORIES, HISTORIES, 12, 12, 0.0), ours, atol=1e-5)


def test_metrics_are_the_same_by_both() -> None:
    scores, right = RNG.normal(size=(60, 40)), RNG.integers(12, 40, 60)
    recall, ndcg = recall_and_ndcg(scores, HISTORIES, right)
    masked = scores.copy()
    for row, places in enumerate(HISTORIES):
        masked[row, places] = -np.inf
    order = np.argsort(-masked, axis=1)
    ranks = [int(np.flatnonzero(one == r)[0]) + 1 for one, r in zip(order, right, strict=True)]
    pairs = [
        compared(rank, 1, (one[:10] + 1).tolist()) for rank, one in zip(ranks, order, strict=True)
    ]
    found = measured(pairs, (1,) * 40, 40)
    assert found["recall_at_10"] == pytest.approx(recall)
    assert found["ndcg_at_10"] == pytest.approx(ndcg)


def test_peers_choose_their_settings_without_the_last_items() -> None:
    ring = [np.array([(n + step) % 12 for step in range(6)]) for n in range(60)]
    known, last = [one[:-1] for one in ring], np.array([one[-1] for one in ring])
    for best in (best_ease, best_knn):
        recall, ndcg = best(known, last, 12)
        assert recall == 1.0 and 0.4 < ndcg <= 1.0
