"""Codes: how near int8 stays to float32, and the scan over them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plait.errors import UsageError
from plait.index.codes import Codes, unit_vectors


def test_a_vector_fills_the_range_of_int8():
    codes = Codes.of(np.array([[3.0, -4.0], [0.0, 0.001]], np.float32))
    assert codes.values.tolist() == [[95, -127], [0, 127]]
    assert codes.norms.tolist() == pytest.approx([np.hypot(95, 127), 127])


def test_scores_are_cosines(vectors, queries):
    expected = queries @ vectors.T
    found = Codes.of(vectors).scores(queries, slice(None))
    assert np.abs(found - expected).max() < 0.005
    assert np.abs(found - expected).mean() < 0.001


@given(st.integers(1, 40), st.integers(1, 12), st.integers(1, 60), st.integers(0, 999))
@settings(max_examples=60, deadline=None)
def test_the_scan_finds_what_sorting_all_scores_finds(num_rows, num_queries, k, seed):
    rng = np.random.default_rng(seed)
    codes = Codes.of(rng.standard_normal((num_rows, 5)))
    queries = unit_vectors(rng.standard_normal((num_queries, 5)))
    rows = np.flatnonzero(rng.random(num_rows) < 0.7)
    found, scores = codes.nearest(queries, k, rows)
    all_scores = codes.scores(queries, rows)
    expected = -np.sort(-all_scores, axis=1)[:, :k]
    np.testing.assert_array_equal(scores, expected)
    for numbers, row_scores, query in zip(found, scores, queries, strict=True):
        assert len(set(numbers.tolist())) == min(k, len(rows)) and set(numbers) <= set(rows)
        again = codes.scores(query[None], numbers)[0]
        np.testing.assert_allclose(again, row_scores, atol=1e-6)


def test_the_scan_goes_beyond_one_block(monkeypatch):
    rng = np.random.default_rng(0)
    vectors, queries = rng.standard_normal((20_000, 4)), unit_vectors(rng.standard_normal((300, 4)))
    codes = Codes.of(vectors)
    found, _ = codes.nearest(queries, 1)
    assert found[:, 0].tolist() == codes.scores(queries, slice(None)).argmax(1).tolist()


@pytest.mark.parametrize("size", [1e-42, 1e-30, 1e30, 3e38])
def test_length_does_not_count(size):
    vectors = np.array([[0.6, -0.8, 0.0]], np.float32)
    assert unit_vectors(vectors * np.float32(size)) == pytest.approx(vectors, abs=2e-3)
    assert Codes.of(vectors * np.float32(size)).values.tolist() == [[95, -127, 0]]


@pytest.mark.parametrize(
    ("value", "message"), [(np.nan, "NaN or inf"), (np.inf, "NaN or inf"), (0.0, "all zeros")]
)
def test_vectors_without_direction_are_named_by_row(value, message):
    vectors = np.ones((9000, 2), np.float32)
    vectors[8500] = [0.0, value]
    with pytest.raises(UsageError, match=message) as caught:
        Codes.of(vectors)
    assert caught.value.row == 8500
