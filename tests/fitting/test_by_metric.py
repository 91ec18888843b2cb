"""The choice by a metric: which candidate, which mix, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import plait
from plait.errors import UsageError
from plait.fitting.choice.choose import choose
from plait.fitting.setup.by_metric import best_by_metric
from plait.modalities.category.codec import CategoryCodec
from plait.modalities.forms import CLASSES, NUMBER
from plait.modalities.number.codec import NumberCodec

CODEC = CategoryCodec(labels=("p", "q"))
TRUTH = np.arange(400) % 2


def classifier(right: np.ndarray, confidence: float) -> np.ndarray:
    """Return outputs that are right where told, always equally sure."""
    said = np.where(right, TRUTH, 1 - TRUTH)
    outputs = np.full((400, 2), 1 - confidence, np.float32)
    outputs[np.arange(400), said] = confidence
    return outputs


def candidates() -> dict[str, np.ndarray]:
    """`sure` is right more often, but so sure of itself that its cost is higher."""
    rng = np.random.default_rng(0)
    return {
        "sure": classifier(rng.random(400) < 0.85, 0.9999),
        "modest": classifier(rng.random(400) < 0.7, 0.7),
    }


def test_a_metric_can_choose_what_the_cost_does_not():
    outputs = candidates()
    assert choose(outputs, TRUTH, CODEC).shipped != "sure"
    chosen = choose(outputs, TRUTH, CODEC, metric="accuracy")
    assert chosen.shipped == "sure"
    assert "chosen by accuracy on held-out rows, not by the cost" in chosen.notes
    assert chosen.costs["sure"] > chosen.costs["modest"]


def test_what_a_metric_cannot_tell_apart_the_cost_decides():
    right = np.random.default_rng(0).random(400) < 0.8
    other = right.copy()
    other[np.flatnonzero(~right)[:3]] = True
    other[np.flatnonzero(right)[:2]] = False
    outputs = {"a": classifier(right, 0.8), "b": classifier(other, 0.99)}
    costs = {"a": 0.5, "b": 0.9}
    assert best_by_metric(outputs, TRUTH, CODEC, "accuracy", costs, {"a": 1.0}) == {"a": 1.0}


def test_few_groups_make_a_gain_uncertain():
    """All of the gain is in one group of ten: with single rows it is clear, with groups not."""
    groups = np.arange(400) // 40
    right = np.ones(400, bool)
    worse = right.copy()
    worse[:40] = False
    outputs = {"good": classifier(right, 0.8), "cheap": classifier(worse, 0.8)}
    costs = {"good": 0.9, "cheap": 0.5}
    one = best_by_metric(outputs, TRUTH, CODEC, "accuracy", costs, {"good": 1.0})
    assert one == {"good": 1.0}
    few = best_by_metric(outputs, TRUTH, CODEC, "accuracy", costs, {"good": 1.0}, groups=groups)
    assert set(few) <= {"good", "cheap"}


def test_a_mix_ships_where_it_is_clearly_better():
    """Errors of the two are independent, and each knows when it is unsure."""
    rng = np.random.default_rng(1)
    truth = rng.normal(size=300).astype(np.float32)
    noise = rng.normal(size=(2, 300)).astype(np.float32)
    outputs = {
        name: np.stack([truth + n, truth + n - 1, truth + n, truth + n + 1], axis=1)
        for name, n in zip("ab", noise, strict=True)
    }
    codec = NumberCodec().fit(truth)
    mix = best_by_metric(outputs, truth, codec, "rmse", {"a": 1.0, "b": 1.0}, {"a": 1.0})
    assert mix["a"] == pytest.approx(0.5, abs=0.15) and sum(mix.values()) == pytest.approx(1)


def test_weights_of_rows_go_into_the_metric():
    right = np.arange(400) < 100
    outputs = {"few": classifier(right, 0.9), "many": classifier(~right, 0.9)}
    heavy, costs = np.where(right, 50.0, 1.0), {"few": 1.0, "many": 1.0}
    for weights, expected in ((None, "many"), (heavy, "few")):
        found = best_by_metric(
            outputs, TRUTH, CODEC, "accuracy", costs, {"many": 1.0}, row_weights=weights
        )
        assert found == {expected: 1.0}


ROWS = [{"size": float(i * i % 17), "kind": "pq"[i * i % 17 > 8]} for i in range(80)]


@pytest.mark.parametrize("metric", CLASSES.choosable)
def test_a_fit_by_each_metric(metric):
    model = plait.fit(ROWS, target="kind", simple=True, budget="10s", metric=metric, scores=False)
    assert f"chosen by {metric}" in " ".join(model.records["metrics"]["notes"])
    assert model.records["lineage"]["settings"]["metric"] == metric
    assert model.records["metrics"]["metric"] == metric


@pytest.mark.parametrize(
    ("settings", "message", "hint"),
    [
        ({"target": "kind", "metric": "macro_f"}, "cannot be by 'macro_f'", "'macro_f1'"),
        ({"target": "kind", "metric": "rmse"}, "cannot be by 'rmse'", None),
        ({"metric": "auc"}, "no target to predict", None),
    ],
)
def test_a_wrong_metric_is_refused(settings, message, hint):
    with pytest.raises(UsageError, match=message) as caught:
        plait.fit(ROWS, simple=True, **settings)
    assert hint is None or hint in caught.value.hint


def test_choosable_metrics_are_metrics():
    outputs, truth = np.full((12, 2), 0.5, np.float32), np.arange(12) % 2
    assert set(CLASSES.choosable) <= set(CODEC.metrics(outputs, truth))
    numbers = np.zeros((12, 4), np.float32)
    found = NumberCodec().metrics(numbers, np.arange(12, dtype=np.float32))
    assert set(NUMBER.choosable) <= set(found)


def test_a_wrong_metric_is_refused_before_the_cells_are_read():
    rows = [{"scan": "nowhere.png", "kind": "ab"[i % 2], "size": i} for i in range(20)]
    for target, metric in (("kind", "f2"), ("size", "auc")):
        table = plait.read(rows, columns={"scan": "image", "kind": "category", "size": "number"})
        with pytest.raises(UsageError, match=f"the choice cannot be by '{metric}'"):
            plait.fit(table, target=target, metric=metric, simple=True, budget="10s")
