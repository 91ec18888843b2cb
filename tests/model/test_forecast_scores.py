"""Scores of forecasts: by hand, and against what is known of the normal distribution."""

from __future__ import annotations

import numpy as np
import pytest

from plait.model.forecast_scores import forecast_scores, mean_change

Z95 = 1.6448536


def scores(true, said, low, high, change=1.0):
    parts = (np.array(one, float).reshape(1, -1, 1) for one in (true, said, low, high))
    return forecast_scores(*parts, np.array([[change]]))


def test_pinball_and_mase_by_hand():
    # The ends -1 and 1 around 0; 2 came: .05 * 3, .5 * 2 and .95 * 1 are lost.
    found = scores([2], [0], [-1], [1], change=4.0)
    assert found["pinball"] == pytest.approx((0.05 * 3 + 0.5 * 2 + 0.95 * 1) / 3)
    assert found["mase"] == pytest.approx(2 / 4)
    missing = scores([2, np.nan], [0, 9], [-1, 8], [1, 10], change=4.0)
    assert missing == pytest.approx(found)


def test_crps_is_that_of_the_normal_distribution():
    true = np.random.default_rng(0).normal(size=20_000)
    zeros, far = np.zeros(len(true)), np.full(len(true), Z95)
    right = scores(true, zeros, -far, far)["crps"]
    assert right == pytest.approx(1 / np.sqrt(np.pi), rel=0.03)
    for wrong in (0.3, 3.0):
        assert scores(true, zeros, -wrong * far, wrong * far)["crps"] > 1.1 * right
    assert scores(true, zeros + 1, 1 - far, 1 + far)["crps"] > 1.1 * right


def test_the_sides_of_an_interval_count_apart():
    skewed = np.random.default_rng(0).exponential(size=20_000)
    said, low, high = (np.full(len(skewed), q) for q in np.quantile(skewed, (0.5, 0.05, 0.95)))
    even = (high - low) / 2
    assert (
        scores(skewed, said, low, high)["crps"]
        < scores(skewed, said, said - even, said + even)["crps"]
    )


def test_the_mean_change_knows_gaps():
    before = np.array([[1.0, np.nan], [2.0, np.nan], [np.nan, 1.0], [5.0, 1.0], [8.0, 3.0]])
    np.testing.assert_allclose(mean_change(before), [(1 + 3) / 2, (0 + 2) / 2])
    np.testing.assert_allclose(mean_change(np.full((1, 2), np.nan)), 0)
