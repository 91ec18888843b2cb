"""Tests of confidence intervals: by hand, against SciPy, and by how often they hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from plait.bootstrap import (
    EXTRA_CALLS,
    LEAST_RESAMPLED,
    LEAST_UNITS,
    MAX_CELLS,
    NUM_BLOCKS,
    NUM_RESAMPLES,
    resampling,
)
from plait.intervals import interval_seconds, metric_intervals
from plait.metrics import classification_metrics, regression_metrics
from plait.resampled_metrics import resampled_classification_metrics
from plait.sampling_error import share_interval, standard_error, student_quantile


def _chance(rng: np.random.Generator, num_rows: int, num_classes: int = 2):
    outputs = rng.dirichlet(np.ones(num_classes), num_rows).astype(np.float32)
    return outputs, rng.integers(0, num_classes, num_rows)


def test_wilson_by_hand_and_like_scipy():
    assert share_interval(np.arange(10) < 10) == pytest.approx([0.7225, 1.0], abs=1e-3)
    for hits, num in [(0, 12), (7, 20), (199, 200)]:
        found = share_interval(np.arange(num) < hits)
        expected = stats.binomtest(hits, num).proportion_ci(method="wilson")
        assert found == pytest.approx([expected.low, expected.high], abs=1e-6)


@pytest.mark.parametrize("level", [0.9, 0.95, 0.975])
@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 9, 30, 500])
def test_student_like_scipy(level, freedom):
    expected = stats.t.ppf(level, freedom)
    assert student_quantile(level, freedom) == pytest.approx(expected, rel=0.02)


def test_standard_error_by_hand_and_of_copies():
    values = np.random.default_rng(0).normal(size=50)
    assert standard_error(values) == pytest.approx(stats.sem(values))
    assert standard_error(values, np.arange(50)) == pytest.approx(stats.sem(values))
    copies = np.repeat(np.arange(50), 4)
    assert standard_error(values[copies], copies) == pytest.approx(stats.sem(values))
    assert standard_error(values, np.zeros(50, int)) == standard_error(values[:1]) == np.inf


def test_a_perfect_score_of_few_rows_is_not_certain():
    outputs, truth = np.tile(np.float32([[1, 0], [0, 1]]), (10, 1)), np.tile([0, 1], 10)
    found = metric_intervals(classification_metrics, outputs, truth)
    for name in ("accuracy", "macro_f1", "auc"):
        assert found[name] == pytest.approx([0.839, 1.0], abs=1e-3)


def test_fewer_than_ten_units_have_none():
    outputs, truth = _chance(np.random.default_rng(0), LEAST_UNITS - 1)
    assert metric_intervals(classification_metrics, outputs, truth) == {}
    outputs, truth = _chance(np.random.default_rng(0), 300)
    groups = np.arange(300) % (LEAST_UNITS - 1)
    assert metric_intervals(classification_metrics, outputs, truth, groups=groups) == {}


def test_the_same_model_twice_shows_the_same_interval():
    outputs, truth = _chance(np.random.default_rng(0), 200, 3)
    first = metric_intervals(classification_metrics, outputs, truth)
    assert first == metric_intervals(classification_metrics, outputs.copy(), truth.copy())
    for name, value in classification_metrics(outputs, truth).items():
        low, high = first[name]
        assert low <= value <= high


def test_rows_alone_are_groups_of_one():
    outputs, truth = _chance(np.random.default_rng(0), 100)
    single = metric_intervals(classification_metrics, outputs, truth)
    alone = metric_intervals(classification_metrics, outputs, truth, groups=np.arange(100))
    assert single["auc"] == alone["auc"] and single["log_loss"] == alone["log_loss"]
    assert alone["accuracy"] == pytest.approx(single["accuracy"], abs=0.01)


def test_copies_of_every_row_do_not_narrow_the_interval():
    outputs, truth = _chance(np.random.default_rng(0), 60)
    one = metric_intervals(classification_metrics, outputs, truth)
    twice = np.repeat(np.arange(60), 5)
    many = metric_intervals(classification_metrics, outputs[twice], truth[twice], groups=twice)
    for name in one:
        wide = one[name][1] - one[name][0]
        assert many[name][1] - many[name][0] == pytest.approx(wide, rel=0.2), name


def test_more_rows_than_are_resampled_narrow_the_interval():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=4000).astype(np.float32)
    outputs = np.zeros((4000, 4), np.float32)
    full = metric_intervals(regression_metrics, outputs, truth)["rmse"]
    part = metric_intervals(regression_metrics, outputs, truth, cells=600_000)["rmse"]
    assert part[1] - part[0] == pytest.approx(full[1] - full[0], rel=0.3)


@pytest.mark.parametrize(("rows", "outputs"), [(50, 2), (3000, 4), (10_000, 10), (10_000, 2000)])
def test_an_interval_costs_no_more_than_it_may(rows, outputs):
    taken, resamples = resampling(rows, outputs)
    calls = resamples + EXTRA_CALLS
    assert taken == min(rows, LEAST_RESAMPLED) or taken * outputs * calls <= MAX_CELLS
    assert 100 <= resamples <= 300


@pytest.mark.parametrize("rows", [60, 700])
@pytest.mark.parametrize("clustered", [False, True])
def test_resamples_at_once_give_the_same_interval(rows, clustered):
    outputs, truth = _chance(np.random.default_rng(0), rows, 200)
    groups = np.arange(rows) // 3 if clustered else None
    truth[::7] = -1
    called = metric_intervals(classification_metrics, outputs, truth, groups=groups)
    found = metric_intervals(
        classification_metrics, outputs, truth, groups=groups,
        resampled=resampled_classification_metrics,
    )  # fmt: skip
    assert set(found) == set(called)
    for name, ends in called.items():
        assert found[name] == pytest.approx(ends, rel=1e-9), name


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_interval_is_foreseen_from_one_call_or_from_some_resamples():
    clock, asked = Clock(), []
    outputs, truth = _chance(np.random.default_rng(0), 50_000)

    def slow(some, real):
        asked.append(len(some))
        clock.now += 0.01
        return {"x": 0.0}

    calls = 100 + EXTRA_CALLS
    found = interval_seconds(slow, outputs, truth, clock=clock)
    assert asked == [20_000] and found == pytest.approx(0.01 * calls)
    assert interval_seconds(slow, outputs[:0], truth[:0], clock=clock) == 0.0
    few = interval_seconds(slow, outputs[:90], truth[:90], clock=clock)
    assert few == pytest.approx(0.01 * (NUM_RESAMPLES + EXTRA_CALLS))

    def at_once(some, real, counts):
        clock.now += 0.001 * len(counts)
        return {"x": np.zeros(len(counts))}

    asked.clear()
    found = interval_seconds(slow, outputs, truth, resampled=at_once, clock=clock)
    assert not asked and found == pytest.approx(0.001 * NUM_BLOCKS * calls / NUM_BLOCKS)
    found = interval_seconds(slow, outputs, truth, resampled=lambda *_: None, clock=clock)
    assert found == pytest.approx(0.01 * calls)


def test_how_groups_are_numbered_changes_nothing():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=200).astype(np.float32)
    outputs = np.zeros((200, 4), np.float32)
    groups = np.repeat(np.arange(40), 5)
    renamed = rng.permutation(1000)[groups]
    one, other = (
        metric_intervals(regression_metrics, outputs, truth, groups=found)
        for found in (groups, renamed)
    )
    assert one == other


@pytest.mark.parametrize("clustered", [False, True])
def test_intervals_hold_the_truth_about_as_often_as_they_say(clustered):
    """Numbers whose errors are shared within groups of eight: the true rmse is known."""
    rng = np.random.default_rng(1)
    held = {"rmse": 0, "coverage": 0}
    num_draws = 120
    for _ in range(num_draws):
        shared = np.repeat(rng.normal(size=30), 8) if clustered else rng.normal(size=240)
        truth = (shared + 0.3 * rng.normal(size=240)).astype(np.float32)
        outputs = np.tile(np.float32([[0, -1, 0, 1]]), (240, 1))
        groups = np.repeat(np.arange(30), 8) if clustered else None
        found = metric_intervals(
            regression_metrics, outputs, truth, groups=groups, cells=192 * 240 * 4
        )
        inside = 2 * stats.norm.cdf(1 / 1.09**0.5) - 1
        for name, real in (("rmse", 1.09**0.5), ("coverage", inside)):
            held[name] += found[name][0] <= real <= found[name][1]
    for name, count in held.items():
        assert count / num_draws > 0.87, name
