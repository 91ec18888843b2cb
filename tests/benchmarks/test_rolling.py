"""Scores of forecasts by rolling origin, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.rolling import LEVELS, scored, two_piece


def test_a_point_has_its_error_and_a_wide_forecast_costs():
    true = np.array([[1.0, 3.0]])
    sharp = np.full((1, len(LEVELS), 2), 2.0)
    found = scored(sharp, true, unit=2.0)
    assert found == pytest.approx({"CRPS": 0.5, "MASE": 0.5})
    wide = two_piece(*(np.array([2.0, 2.0]) + far for far in (0.0, -50.0, 50.0)))[None]
    assert scored(wide, true, unit=2.0)["CRPS"] > found["CRPS"]
    right = two_piece(*(true[0] + far for far in (0.0, -0.1, 0.1)))[None]
    assert scored(right, true, unit=2.0)["CRPS"] < 0.05


def test_two_half_normals_have_the_quantiles_that_they_are_of():
    found = two_piece(np.array([1.0]), np.array([0.0]), np.array([5.0]))[:, 0]
    assert found[[0, 9, 18]] == pytest.approx([0.0, 1.0, 5.0])
    assert (np.diff(found) > 0).all()
