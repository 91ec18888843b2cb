"""Tests of the metrics: by hand, against scikit-learn, and of their properties."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plait.metrics import (
    auc,
    binary_log_loss,
    class_aucs,
    classification_metrics,
    confusion,
    log_loss,
    per_class,
    pinball_loss,
    regression_metrics,
    tagging_metrics,
)

HALF = np.float32([[0.5, 0.5], [0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])


def _probabilities(rng: np.random.Generator, num_rows: int, num_classes: int) -> np.ndarray:
    """Rounded, so that scores are tied."""
    values = np.round(rng.dirichlet(np.ones(num_classes), num_rows), 1) + 0.01
    return (values / values.sum(1, keepdims=True)).astype(np.float32)


def test_classification_by_hand():
    found = classification_metrics(HALF, np.array([0, 0, 1, 1]))
    assert found["accuracy"] == 0.75
    assert found["macro_f1"] == pytest.approx((0.8 + 2 / 3) / 2)
    assert found["auc"] == 0.75
    expected = -np.log([0.5, 0.9, 0.8, 0.4]).mean()
    assert found["log_loss"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("num_rows", "num_classes"), [(30, 40), (300, 3), (64, 4)])
def test_areas_of_all_classes_are_those_of_each(num_rows, num_classes):
    rng = np.random.default_rng(0)
    outputs = _probabilities(rng, num_rows, num_classes)
    truth = rng.integers(-1, num_classes, num_rows)
    expected = [auc(outputs[:, i], truth == i) for i in range(num_classes)]
    np.testing.assert_allclose(class_aucs(outputs, truth), expected, rtol=1e-12)
    assert np.isnan(class_aucs(outputs[:5], np.zeros(5, np.int64))).all()


def test_unseen_class_is_wrong_and_costs_a_uniform_guess():
    truth = np.array([0, -1, 1, -1])
    assert classification_metrics(HALF, truth)["accuracy"] == 0.5
    assert log_loss(HALF, truth)[1] == pytest.approx(np.log(2))
    assert confusion(HALF, truth).sum() == 2


def test_probability_zero_is_clipped():
    cost = log_loss(np.float32([[1.0, 0.0]]), np.array([1]))
    assert cost[0] == pytest.approx(-np.log(1e-7))


@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.integers(5, 80))
@settings(max_examples=40, deadline=None)
def test_classification_like_scikit_learn(seed, num_classes, num_rows):
    from sklearn import metrics

    rng = np.random.default_rng(seed)
    outputs = _probabilities(rng, num_rows, num_classes)
    truth = rng.integers(0, num_classes, num_rows)
    found = classification_metrics(outputs, truth)
    guess = outputs.argmax(1)
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(truth, guess))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        f1 = metrics.f1_score(
            truth, guess, labels=np.unique(truth), average="macro", zero_division=0
        )
    assert found["macro_f1"] == pytest.approx(f1)
    labels = np.arange(num_classes)
    expected = metrics.log_loss(truth, outputs.astype(np.float64), labels=labels)
    assert found["log_loss"] == pytest.approx(expected, rel=1e-5)
    present = [c for c in labels if 0 < (truth == c).sum() < num_rows]
    each = [metrics.roc_auc_score(truth == c, outputs[:, c]) for c in present]
    assert found["auc"] == pytest.approx(np.mean(each) if each else np.nan, nan_ok=True)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_tagging_like_scikit_learn(seed):
    from sklearn import metrics

    rng = np.random.default_rng(seed)
    outputs = np.round(rng.random((40, 4)), 1).astype(np.float32)
    truth = (rng.random((40, 4)) < 0.3).astype(np.float32)
    found = tagging_metrics(outputs, truth)
    guess = outputs >= 0.5
    occurring = np.flatnonzero(truth.any(0))
    macro = metrics.f1_score(truth, guess, labels=occurring, average="macro", zero_division=0)
    assert found["macro_f1"] == pytest.approx(macro)
    micro = metrics.f1_score(truth, guess, average="micro", zero_division=0)
    assert found["micro_f1"] == pytest.approx(micro)
    each = [metrics.roc_auc_score(truth[:, i], outputs[:, i]) for i in occurring]
    assert found["auc"] == pytest.approx(np.mean(each))


def test_binary_log_loss_by_hand():
    cost = binary_log_loss(np.float32([[0.5, 0.25], [1.0, 0.0]]), np.float32([[1, 0], [1, 0]]))
    assert cost[0] == pytest.approx(-(np.log(0.5) + np.log(0.75)) / 2)
    assert cost[1] == pytest.approx(0.0, abs=1e-6)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_regression_like_scikit_learn(seed):
    from sklearn import metrics

    rng = np.random.default_rng(seed)
    truth = rng.normal(size=50).astype(np.float32)
    outputs = truth[:, None] + rng.normal(size=(50, 4)).astype(np.float32)
    found = regression_metrics(outputs, truth)
    assert found["rmse"] == pytest.approx(metrics.root_mean_squared_error(truth, outputs[:, 0]))
    assert found["mae"] == pytest.approx(metrics.mean_absolute_error(truth, outputs[:, 0]))
    assert found["r2"] == pytest.approx(metrics.r2_score(truth, outputs[:, 0]), abs=1e-5)
    levels = (0.05, 0.5, 0.95)
    expected = sum(
        metrics.mean_pinball_loss(truth, outputs[:, 1 + i], alpha=level)
        for i, level in enumerate(levels)
    )
    assert pinball_loss(outputs[:, 1:], truth, levels).mean() == pytest.approx(expected, rel=1e-5)


def test_coverage_and_constant_truth():
    outputs = np.float32([[1, 0, 1, 2], [1, 2, 3, 4]])
    found = regression_metrics(outputs, np.float32([1, 1]))
    assert found["coverage"] == 0.5
    assert np.isnan(found["r2"])


def test_auc_counts_ties_half_and_needs_both_sides():
    assert auc(np.float32([1, 1, 1, 1]), np.array([True, False, True, False])) == 0.5
    assert np.isnan(auc(np.float32([1, 2]), np.array([True, True])))


def test_per_class_and_confusion_by_hand():
    truth = np.array([0, 0, 1, 1])
    first, second = per_class(HALF, truth, ["a", "b"])
    assert first == {
        "label": "a",
        "rows": 2,
        "precision": 2 / 3,
        "recall": 1.0,
        "f1": 0.8,
        "auc": 0.75,
    }
    assert second["precision"] == 1.0
    np.testing.assert_array_equal(confusion(HALF, truth), [[2, 0], [1, 1]])


def test_a_handful_of_rows_has_no_r2():
    outputs = np.zeros((9, 4), np.float32)
    truth = np.float32([1, 1, 1, 1, 1, 1, 1, 1, 1.000001])
    assert np.isnan(regression_metrics(outputs, truth)["r2"])
    assert regression_metrics(np.zeros((10, 4)), np.arange(10.0))["r2"] < 0
