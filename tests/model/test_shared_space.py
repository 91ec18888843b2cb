"""Scores of a shared space: retrieval per direction and per set of columns, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from plait.model.directions import (
    score_directions,
    score_present,
    score_space,
    scored_ranks,
    summary_intervals,
    summary_of,
)
from plait.model.shared_space import mean_vectors


def one_hot(*places, dim=4):
    return np.eye(dim, dtype=np.float32)[list(places)]


VECTORS = np.stack(
    [one_hot(0, 1, 2, 3), one_hot(0, 1, 3, 2), one_hot(1, 0, 2, 3)]
)  # c swaps rows 0 and 1, b swaps rows 2 and 3
EVERYWHERE = np.ones((3, 4), bool)
APART = {name: np.arange(4) for name in "abc"}


def test_every_direction_is_scored():
    found = score_directions(VECTORS, EVERYWHERE, list("abc"), APART)
    assert list(found) == ["a->b", "a->c", "b->a", "b->c", "c->a", "c->b"]
    expected = {"r@1": 0.5, "r@5": 1.0, "r@10": 1.0, "median_rank": 2.0, "n": 4}
    assert expected.items() <= found["a->b"].items()
    # b and c agree nowhere; own item at cosine 0, level with two others and below one: rank 3.
    assert found["b->c"]["median_rank"] == 3.0 and found["b->c"]["r@1"] == 0.0


def test_only_rows_that_have_both_count():
    present = EVERYWHERE.copy()
    present[1, 2:] = False
    found = score_directions(VECTORS, present, list("abc"), APART)
    assert found["a->b"]["n"] == 2 and found["a->b"]["r@1"] == 1.0
    assert found["a->c"]["n"] == 4
    present[1, 1] = False
    assert "a->b" not in score_directions(VECTORS, present, list("abc"), APART)


def test_items_of_equal_content_are_equally_right():
    contents = {**APART, "b": np.array([0, 1, 2, 2])}
    found = score_directions(VECTORS, EVERYWHERE, list("abc"), contents)
    assert found["a->b"]["r@1"] == 1.0
    assert found["b->a"]["r@1"] == 0.5


def test_columns_of_the_query_are_averaged_per_set_that_occurs():
    present = EVERYWHERE.copy()
    present[0, 3] = False
    found = score_present(VECTORS, present, list("abc"), APART, np.arange(4))
    # Row 3 has no a: as the query for b it is "c" alone, which `score_directions` tells already.
    assert found["a+c->b"]["n"] == 3
    assert set(found) == {"a+b->c", "a+c->b", "b+c->a"}
    one = np.ones((1, 4), bool)
    assert score_present(VECTORS[:1], one, ["a"], APART, np.arange(4)) == {}


def test_more_columns_find_more():
    rng = np.random.default_rng(0)
    item = rng.normal(size=(60, 8))
    noisy = item[None] + 1.5 * rng.normal(size=(2, 60, 8))
    vectors = np.concatenate([noisy, item[None]])
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    contents = {name: np.arange(60) for name in "abc"}
    found = score_space(vectors, np.ones((3, 60), bool), contents)
    alone = max(found["retrieval"][f"{name}->c"]["r@10"] for name in "ab")
    assert found["by_present"]["a+b->c"]["r@10"] > alone
    assert found["metrics"] == summary_of(found["retrieval"])


def test_the_summarys_intervals_hold_the_mean_of_other_queries():
    rng = np.random.default_rng(0)
    inside = []
    for _ in range(200):
        hard = rng.random(60)  # a row that is hard asks hard questions in every direction
        ranked = [(np.arange(60), np.where(rng.random(60) < hard, 3.0, 40.0)) for _ in range(4)]
        low, high = summary_intervals(ranked, np.arange(60))["r@10"]
        inside.append(low <= 0.5 <= high)
    assert 0.91 <= np.mean(inside) <= 0.99
    once = summary_intervals(ranked[:1] * 4, np.arange(60))["r@10"]
    assert once == pytest.approx(summary_intervals(ranked[:1], np.arange(60))["r@10"])


def test_each_direction_has_intervals_of_its_shares():
    rng = np.random.default_rng(0)
    inside = {"r@1": [], "r@10": []}
    for _ in range(200):
        ranks = rng.choice([1.0, 7.0, 40.0], 60, p=[0.3, 0.3, 0.4])
        ends = scored_ranks((np.arange(60), ranks), np.arange(60))["intervals"]
        inside["r@1"].append(ends["r@1"][0] <= 0.3 <= ends["r@1"][1])
        inside["r@10"].append(ends["r@10"][0] <= 0.6 <= ends["r@10"][1])
    assert all(0.9 <= np.mean(found) <= 0.99 for found in inside.values())
    never = scored_ranks((np.arange(60), np.full(60, 40.0)), np.arange(60))["intervals"]["r@1"]
    assert never[0] == 0.0 and 0.03 < never[1] < 0.1
    together = scored_ranks((np.arange(60), ranks), np.arange(60) // 10)
    assert together["intervals"] == {} and together["n"] == 60


def test_scores_of_a_space_tell_the_intervals_of_all_directions_and_sets():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(3, 60, 8))
    contents = {name: np.arange(60) for name in "abc"}
    found = score_space(vectors, np.ones((3, 60), bool), contents)
    for one in (*found["retrieval"].values(), *found["by_present"].values()):
        low, high = one["intervals"]["r@10"]
        assert low <= one["r@10"] <= high and high - low < 0.3


def test_groups_widen_the_summarys_intervals_and_few_have_none():
    hits = (np.arange(60), np.where(np.arange(60) % 20 < 10, 1.0, 40.0))
    alone = summary_intervals([hits], np.arange(60))["r@1"]
    together = summary_intervals([hits], np.arange(60) // 5)["r@1"]
    assert together[1] - together[0] > 2 * (alone[1] - alone[0])
    assert summary_intervals([hits], np.arange(60) // 10) == {} == summary_intervals([], hits[0])


def test_the_summary_is_the_mean_over_directions():
    two = {"a->b": {"r@1": 0.2, "r@10": 0.6, "median_rank": 3.0, "n": 9},
           "b->a": {"r@1": 0.4, "r@10": 1.0, "median_rank": 5.0, "n": 9}}  # fmt: skip
    assert summary_of(two) == pytest.approx({"r@1": 0.3, "r@10": 0.8, "median_rank": 4.0})
    assert summary_of({}) == {}


def test_mean_vectors_by_hand():
    vectors = np.zeros((2, 3, 2), np.float32)
    vectors[0], vectors[1] = [1, 0], [0, 1]
    present = np.array([[True, True, False], [True, False, False]])
    found = mean_vectors(vectors, present, np.array([1.0, 1.0]))
    assert np.allclose(found, [[2**-0.5, 2**-0.5], [1, 0], [0, 0]])
    assert found.dtype == np.float32
    assert np.allclose(mean_vectors(vectors, present, np.array([0.0, 1.0]))[:2], [[0, 1], [0, 0]])
