"""Retrieval: ranks worked out by hand, ties, equal content, and a plain loop as the reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plait import retrieval
from plait.retrieval import match_ranks, mean_reciprocal_rank, retrieval_metrics


def loop_rank(scores, contents, row):
    """Rank one query by the definition: the best right item, ties at their mean."""
    best = max(s for s, c in zip(scores, contents, strict=True) if c == contents[row])
    wrong = [s for s, c in zip(scores, contents, strict=True) if c != contents[row]]
    return 1 + sum(s > best for s in wrong) + 0.5 * sum(s == best for s in wrong)


def test_ranks_by_hand():
    items = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])
    # Query 0 is item 0; query 1 lies nearer to item 2 than to its own; query 2 is opposite its own.
    queries = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, -0.8]])
    assert match_ranks(queries, items).tolist() == [1.0, 2.0, 3.0]


def test_ties_share_their_mean_rank():
    same = np.ones((5, 2)) / 2**0.5
    assert match_ranks(same, same).tolist() == [3.0] * 5


def test_the_best_item_of_equal_content_counts():
    items = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    queries = np.array([[-1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    assert match_ranks(queries, items).tolist() == [3.0, 1.0, 1.0]
    # Items 0 and 2 hold the same: query 0 finds it at once in item 2, and item 0 does not compete.
    assert match_ranks(queries, items, np.array([7, 8, 7])).tolist() == [1.0, 1.0, 1.0]


def test_all_of_equal_content_is_always_right():
    rng = np.random.default_rng(0)
    queries, items = rng.normal(size=(2, 6, 3))
    assert match_ranks(queries, items, np.zeros(6)).tolist() == [1.0] * 6


@given(st.integers(1, 12), st.integers(1, 3), st.integers(1, 5), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_against_a_plain_loop(num, dim, num_contents, seed):
    rng = np.random.default_rng(seed)
    # Small whole numbers: many exact ties, no rounding.
    queries, items = rng.integers(-2, 3, (2, num, dim)).astype(float)
    contents = rng.integers(0, num_contents, num)
    scores = queries @ items.T
    expected = [loop_rank(scores[row], contents, row) for row in range(num)]
    assert match_ranks(queries, items, contents).tolist() == expected


def test_chunks_make_no_difference(monkeypatch):
    rng = np.random.default_rng(1)
    queries, items = rng.normal(size=(2, 23, 4))
    contents = rng.integers(0, 9, 23)
    whole = match_ranks(queries, items, contents)
    monkeypatch.setattr(retrieval, "CHUNK_ROWS", 5)
    assert match_ranks(queries, items, contents).tolist() == whole.tolist()


def test_metrics_by_hand():
    ranks = np.array([1.0, 2.0, 5.0, 5.5, 10.0, 11.0, 40.0, 1.0])
    expected = {
        "r@1": 2 / 8, "r@5": 4 / 8, "r@10": 6 / 8, "median_rank": 5.25, "n": 8,
        "mrr": (1 + 1 / 2 + 1 / 5 + 1 / 5.5 + 1 / 10 + 1 / 11 + 1 / 40 + 1) / 8,
    }  # fmt: skip
    assert retrieval_metrics(ranks) == pytest.approx(expected)


def test_mean_reciprocal_rank_by_hand():
    items = np.eye(3)
    queries = items[[0, 2, 1]]  # ranks 1, and 2.5 twice: one above, two at the same cosine
    assert match_ranks(queries, items).tolist() == [1.0, 2.5, 2.5]
    assert mean_reciprocal_rank(queries, items) == pytest.approx((1 + 0.4 + 0.4) / 3)
