"""Trust: a confidence that rises with sureness, and is as high as what it foretells."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from plait.model import trust as trusting
from plait.model.trust import LEAST_ROWS, reliability_of, trust_from
from plait.model.trust_by_columns import (
    TrustByColumns,
    trust_by_columns_from,
    usual_patterns,
)

rows = st.integers(LEAST_ROWS, 200)


def fit_trust(metric, sureness, shares):
    return trusting.fit_trust(metric, sureness, shares, np.arange(len(shares)))


def draws(num, seed, slope=2.0):
    """Rows whose chance of being right is known: a logistic curve of the sureness."""
    rng = np.random.default_rng(seed)
    sureness = rng.normal(0, 2, num)
    chance = 1 / (1 + np.exp(-slope * sureness))
    return sureness, (rng.random(num) < chance).astype(float), chance


def test_it_finds_the_chance_that_is_known():
    sureness, right, _ = draws(1000, seed=0)
    fresh, _, chance = draws(4000, seed=1)
    found = fit_trust("exact", sureness, right).of(fresh)
    assert np.abs(found - chance).mean() < 0.02
    assert reliability_of(found, draws(4000, seed=1)[1])["ece"] < 0.03


@settings(deadline=None)
@given(rows, st.integers(0, 10**6), st.sampled_from([0.0, 1.0, -2.0]))
def test_it_rises_within_bounds_and_is_right_on_average(num, seed, slope):
    sureness, right, _ = draws(num, seed, slope)
    trust = fit_trust("exact", sureness, right)
    found = trust.of(np.sort(sureness))
    assert (np.diff(found) >= 0).all() and found.min() >= 0 and found.max() <= 1
    assert (np.diff(trust.confidence) >= 0).all() and (np.diff(trust.sureness) > 0).all()
    assert abs(trust.of(sureness).mean() - right.mean()) < 0.12
    same = trust_from(json.loads(json.dumps(trust.facts())))
    np.testing.assert_array_equal(same.of(sureness), trust.of(sureness))


def test_its_steps_are_those_of_isotonic_regression():
    x = np.repeat(np.arange(6.0), 40)  # each value of 40 rows is a point by itself
    y = np.random.default_rng(0).random(240) * 0.2 + np.repeat([0.1, 0.4, 0.3, 0.35, 0.2, 0.7], 40)
    mean = (y.reshape(6, 40).sum(1) + y.mean()) / 41  # a row beside them that has the mean of all
    steps = IsotonicRegression().fit_transform(np.arange(6.0), mean)
    knots, heights = trusting._isotonic(x, y)
    np.testing.assert_allclose(np.unique(steps), heights, atol=1e-12)
    np.testing.assert_allclose(knots, [np.arange(6.0)[steps == v].mean() for v in np.unique(steps)])


def test_many_rows_may_tell_another_shape_than_a_sigmoid():
    rng = np.random.default_rng(0)
    sureness = rng.random(1000)
    chance = np.select([sureness < 0.1, sureness < 0.9], [0.05, 0.5], 0.95)
    right = (rng.random(1000) < chance).astype(float)
    found = fit_trust("exact", sureness, right).of(sureness)
    sigmoid = np.interp(sureness, *trusting._sigmoid(sureness, right))
    assert np.abs(found - chance).mean() < np.abs(sigmoid - chance).mean() - 0.01


def test_from_few_rows_it_is_the_sigmoid_of_logistic_regression():
    sureness, right, _ = draws(60, seed=3)
    standard = ((sureness - np.median(sureness)) / sureness.std()).clip(-5, 5)
    theirs = LogisticRegression(C=1.0, tol=1e-10).fit(standard[:, None], right)
    trust = fit_trust("exact", sureness, right)
    expected = theirs.predict_proba(
        (trust.sureness - np.median(sureness))[:, None] / sureness.std()
    )
    np.testing.assert_allclose(trust.confidence, expected[:, 1], atol=1e-4)


def test_what_is_not_known_is_not_claimed():
    assert fit_trust("exact", np.arange(LEAST_ROWS - 1.0), np.ones(LEAST_ROWS - 1)) is None
    unknown = np.full(50, np.nan)
    assert fit_trust("exact", unknown, np.ones(50)) is None
    some = np.where(np.arange(60) < 20, np.nan, 1.0)
    assert fit_trust("exact", np.arange(60.0), some).rows == 40
    assert reliability_of(np.full(60, 0.9), some)["ece"] == pytest.approx(0.1)
    level = fit_trust("exact", np.zeros(40), np.repeat([0.0, 1.0], 20))
    assert level.of(np.array([-9.0, 0.0, 9.0])) == pytest.approx(0.5)
    sure = fit_trust("exact", np.arange(40.0), np.repeat([0.0, 1.0], 20))
    assert 0 < sure.confidence[0] < 0.1 and 0.9 < sure.confidence[-1] < 1
    assert np.isnan(sure.of(np.array([np.nan]))).all()


class Held:
    """Prepared rows of which only is known which columns they have."""

    def __init__(self, **present):
        self.columns = {n: SimpleNamespace(present=np.array(p)) for n, p in present.items()}


def line(height):
    return trusting.Trust("chrf", np.zeros(1), np.full(1, height), 20)


def test_rows_that_lack_columns_go_by_rows_that_lacked_them():
    inputs = {"a": ("a",), "b": ("b", "b mark"), "c": ("c",)}
    held = Held(
        a=[True] * 30 + [False] * 25,
        b=[True] * 55, **{"b mark": [False] * 55},
        c=[True] * 50 + [False] * 5,
    )  # fmt: skip
    patterns = usual_patterns(held, inputs, np.arange(55))
    assert sorted(patterns.tolist()) == [[False, True, True], [True, True, True]]
    trust = TrustByColumns(inputs, patterns, line(0.9), line(0.6), line(0.3))
    new = Held(
        a=[True, False, True, True, False], b=[True, False, False, True, False],
        c=[True, True, True, False, False], **{"b mark": [False, True, False, False, False]},
    )  # fmt: skip
    lines = trust.lines(new, np.arange(5))
    assert lines.tolist() == [0, 0, 1, 1, 2]  # all; b by its mark and c; one gone, twice; nothing
    assert trust.of(np.zeros(5), lines).tolist() == [0.9, 0.9, 0.6, 0.6, 0.3]
    same = trust_by_columns_from(json.loads(json.dumps(trust.facts())))
    assert same.of(np.zeros(5), same.lines(new, np.arange(5))).tolist() == [0.9, 0.9, 0.6, 0.6, 0.3]
    one = TrustByColumns(inputs, patterns, line(0.9), None, line(0.3))
    assert one.of(np.zeros(3), np.array([0, 1, 2])).tolist() == [0.9, 0.3, 0.3]
    none = trust_by_columns_from(json.loads(json.dumps(
        TrustByColumns(inputs, patterns, line(0.9)).facts())))  # fmt: skip
    assert none.of(np.zeros(3), np.array([0, 1, 2])).tolist() == [0.9, 0.9, 0.9]


def test_reliability_by_hand():
    found = reliability_of(np.array([0.91, 0.95, 0.2, 0.2]), np.array([1.0, 0.5, 0.0, 0.5]))
    assert found["reliability"] == [
        {"confidence": pytest.approx(0.2), "accuracy": 0.25, "count": 2},
        {"confidence": pytest.approx(0.93), "accuracy": 0.75, "count": 2},
    ]
    assert found["ece"] == pytest.approx((0.05 + 0.18) / 2) and found["surest_half"] == 0.75
