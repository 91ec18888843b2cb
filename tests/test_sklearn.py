"""plait as scikit-learn estimators: what scikit-learn itself checks, and what plait adds."""

from __future__ import annotations

import pytest

pytest.importorskip("sklearn")
from sklearn.utils.estimator_checks import parametrize_with_checks

from plait.sklearn import PlaitClassifier, PlaitEmbedder, PlaitRegressor

CHEAP = {"budget": "5s", "simple": True, "baselines": ("linear", "neighbour")}

ESTIMATORS = [
    PlaitClassifier(**CHEAP),
    PlaitRegressor(**CHEAP),
    PlaitEmbedder(budget="5s", simple=True),
]


def expected_failures(estimator):
    return {}


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failures)
def test_sklearn_checks(estimator, check):
    check(estimator)
