"""Rows that count by weights: as if repeated, in base models, the mix, and the metrics."""

from __future__ import annotations

import numpy as np
import pytest
from simple_tables import TagCodec, make_prepared

from plait.baselines.base_models import BASELINES, LabelPropagation, ProductOfExperts
from plait.baselines.closed_form import primal, ridge_path
from plait.baselines.descent import LinearProblem
from plait.baselines.features import FeatureMap
from plait.baselines.labelled_rows import LabelledRows
from plait.baselines.residuals import Residuals
from plait.baselines.selection import _correlation_dense, _correlation_sparse
from plait.baselines.sparse import SparseRows
from plait.baselines.stack import best_mix
from plait.baselines.weighted_statistics import quantiles, worth
from plait.metrics import classification_metrics, log_loss, regression_metrics, tagging_metrics
from plait.modalities.category.codec import CategoryCodec
from plait.modalities.forms import CLASSES, LABELS, NUMBER, form_named
from plait.modalities.number.codec import NumberCodec

TIMES = np.array([1, 2, 3, 1, 4, 2, 1, 1, 3, 2, 1, 5])


def a_problem(num_features: int):
    """Return dense and sparse features and targets of 12 rows, and which are repeated."""
    rng = np.random.default_rng(1)
    dense = rng.normal(size=(12, num_features)).astype(np.float32)
    thin = rng.random((12, 5)) * (rng.random((12, 5)) < 0.5)
    rows = [(np.flatnonzero(r).astype(np.int32), r[r != 0].astype(np.float32)) for r in thin]
    targets = rng.normal(size=(12, 2)).astype(np.float32)
    return dense, SparseRows.stack(rows, 5), targets, np.repeat(np.arange(12), TIMES)


@pytest.mark.parametrize("num_features", [3, 40])
def test_ridge_by_weights_is_ridge_on_repeated_rows(num_features):
    dense, sparse, targets, repeated = a_problem(num_features)
    weights = TIMES.astype(np.float32)
    for ridge in list(ridge_path(dense, sparse, targets, weights=weights))[8:]:
        table = np.concatenate([dense, sparse.to_scipy().toarray()], axis=1)[repeated]
        goals = targets[repeated].astype(np.float64)
        centred = table - table.mean(0)
        gram = centred.T @ centred + ridge.alpha * np.eye(table.shape[1])
        expected = np.linalg.solve(gram, centred.T @ (goals - goals.mean(0)))
        of_dense, of_sparse, bias = primal(dense, sparse, ridge, targets, weights)
        assert np.allclose(np.concatenate([of_dense, of_sparse]), expected, atol=2e-3)
        assert np.allclose(bias, goals.mean(0) - table.mean(0) @ expected, atol=2e-3)


def test_the_row_left_out_is_left_out_with_its_weight():
    dense, sparse, targets, _ = a_problem(3)
    weights = TIMES.astype(np.float32)
    ridge = list(ridge_path(dense, sparse, targets, weights=weights))[9]
    table = np.concatenate([dense, sparse.to_scipy().toarray()], axis=1).astype(np.float64)
    for out in (0, 4, 11):
        kept = np.arange(12) != out
        share = (weights[kept] / weights[kept].sum()).astype(np.float64)
        centre, goal = share @ table[kept], share @ targets[kept]
        scaled = weights[kept, None] * (table[kept] - centre)
        gram = (table[kept] - centre).T @ scaled + ridge.alpha * np.eye(8)
        found = np.linalg.solve(gram, scaled.T @ (targets[kept] - goal))
        assert np.allclose(ridge.left_out[out], goal + (table[out] - centre) @ found, atol=1e-4)


def test_a_group_is_left_out_whole_with_its_weights():
    dense, sparse, targets, _ = a_problem(3)
    weights, groups = TIMES.astype(np.float32), np.arange(12) // 3
    ridge = list(ridge_path(dense, sparse, targets, groups, weights))[9]
    table = np.concatenate([dense, sparse.to_scipy().toarray()], axis=1).astype(np.float64)
    kept = groups != 2
    share = (weights[kept] / weights[kept].sum()).astype(np.float64)
    centre, goal = share @ table[kept], share @ targets[kept]
    scaled = weights[kept, None] * (table[kept] - centre)
    gram = (table[kept] - centre).T @ scaled + ridge.alpha * np.eye(8)
    found = np.linalg.solve(gram, scaled.T @ (targets[kept] - goal))
    assert np.allclose(ridge.left_out[~kept], goal + (table[~kept] - centre) @ found, atol=1e-4)


def test_equal_weights_change_nothing_in_ridge():
    for num_features in (3, 40):
        dense, sparse, targets, _ = a_problem(num_features)
        plain = list(ridge_path(dense, sparse, targets))
        same = list(ridge_path(dense, sparse, targets, weights=np.ones(12, np.float32)))
        for one, other in zip(plain[6:], same[6:], strict=True):  # less is lost in float32
            assert np.allclose(one.left_out, other.left_out, atol=1e-3)


@pytest.mark.parametrize("task", ["classify", "tag", "regress"])
def test_descent_by_weights_is_descent_on_repeated_rows(task):
    dense, sparse, targets, repeated = a_problem(3)
    goals = targets if task == "regress" else (targets > 0).astype(np.float32)
    if task == "classify":
        goals = np.eye(2, dtype=np.float32)[goals[:, 0].astype(int)]
    form = form_named(task)
    weighted = LinearProblem(dense, sparse, goals, form, TIMES.astype(np.float32))
    plain = LinearProblem(dense[repeated], sparse.take(repeated), goals[repeated], form)
    first, second = weighted.solve(0.3, max_steps=500), plain.solve(0.3, max_steps=500)
    assert np.allclose(first.dense, second.dense, atol=5e-3)
    assert np.allclose(first.sparse, second.sparse, atol=5e-3)


def contradictory(task: str):
    """Return rows in pairs of equal features and different targets, the first weighing 9 to 1."""
    prepared = make_prepared(160)
    features, matrices = FeatureMap.fit(prepared, ["size", "kind"], np.arange(160))
    twice = matrices.take(np.repeat(np.arange(160), 2))
    low = np.tile([0, 1], 160)
    truth = low.astype(np.float32) if task == "regress" else low
    codec = NumberCodec().fit(truth) if task == "regress" else CategoryCodec(labels=("p", "q"))
    if task == "tag":
        codec, truth = TagCodec(), np.stack([low, 1 - low], 1).astype(np.float32)
    weights = np.where(low == 0, 1.8, 0.2).astype(np.float32)
    return twice.grouped(np.repeat(np.arange(160), 2)), truth, codec, weights


KINDS = {**BASELINES, "product_of_experts": lambda: ProductOfExperts([["size"], ["kind"]])}


@pytest.mark.parametrize("task", ["classify", "regress", "tag"])
@pytest.mark.parametrize("name", KINDS)
def test_every_base_model_believes_the_heavier_rows(name, task):
    if name == "product_of_experts" and task != "classify":
        pytest.skip("a product of experts is for classes")
    matrices, truth, codec, weights = contradictory(task)
    outputs = {}
    for heavy in (None, weights):
        base_model = KINDS[name]()
        base_model.fit(LabelledRows(matrices.weighted(heavy), truth, codec), seed=0)
        outputs[heavy is not None] = base_model.outputs(matrices)[:, 0].mean()
    expected = {"classify": (0.5, 0.9), "regress": (0.5, 0.1), "tag": (0.5, 0.1)}[task]
    assert outputs[False] == pytest.approx(expected[0], abs=0.06)
    assert outputs[True] == pytest.approx(expected[1], abs=0.1)


@pytest.mark.parametrize("name", KINDS)
def test_weights_are_saved_with_what_needs_them(name, tmp_path):
    matrices, truth, codec, weights = contradictory("classify")
    base_model = KINDS[name]()
    base_model.fit(LabelledRows(matrices.weighted(weights), truth, codec), seed=0)
    base_model.save(tmp_path)
    kind = type(base_model)
    assert np.allclose(
        kind.load(tmp_path).outputs(matrices), base_model.outputs(matrices), atol=1e-6
    )


def test_weights_travel_with_the_rows():
    _, matrices = FeatureMap.fit(make_prepared(9), ["size", "kind"], np.arange(9))
    heavy = np.arange(9, dtype=np.float32)
    found = matrices.grouped(np.arange(9)).weighted(heavy)
    for same in (found.only(["size"]), found.hide(["size"]), found.grouped(np.arange(9))):
        assert np.array_equal(same.weights, heavy)
    assert found.take(np.array([4, 2])).weights.tolist() == [4.0, 2.0]
    assert found.take(np.array([4, 2])).groups.tolist() == [4, 2]


def test_the_mix_is_chosen_by_weight():
    """Base model a is right on the rows that weigh much, b on most rows."""
    truth = np.zeros(100, np.int64)
    a = np.tile([[0.1, 0.9]], (100, 1)).astype(np.float32)
    b = np.tile([[0.9, 0.1]], (100, 1)).astype(np.float32)
    a[:20], b[:20] = [0.9, 0.1], [0.1, 0.9]
    weights = np.where(np.arange(100) < 20, 50.0, 1.0)
    for heavy, expected in ((None, "b"), (weights, "a")):
        mix = best_mix({"a": a, "b": b}, truth, log_loss, weights=heavy)
        assert max(mix, key=lambda name: mix[name]) == expected


@pytest.mark.parametrize("task", ["classify", "binary", "tag", "regress"])
def test_metrics_by_weight_are_those_of_repeated_rows(task):
    rng = np.random.default_rng(3)
    times, num = rng.integers(1, 5, 40), {"classify": 3, "binary": 2, "tag": 3, "regress": 4}[task]
    outputs = np.round(rng.random((40, num)), 1).astype(np.float32)
    truth = rng.integers(-1, num, 40)
    plain = {"tag": tagging_metrics, "regress": regression_metrics}.get(
        task, classification_metrics
    )
    if task == "tag":
        truth = rng.integers(0, 2, (40, 3)).astype(np.float32)
    if task == "regress":
        outputs, truth = np.sort(outputs, axis=1), rng.random(40).astype(np.float32)
    form = {"tag": LABELS, "regress": NUMBER}.get(task, CLASSES)
    found = form.weighted_metrics(outputs, truth, times)
    repeated = np.repeat(np.arange(40), times)
    assert found == pytest.approx(plain(outputs[repeated], truth[repeated]), abs=1e-6)


def test_quantiles_by_weight():
    values = np.array([3.0, 1.0, 2.0])
    assert quantiles(values, [0.5])[0] == 2.0
    assert quantiles(values, [0.5], np.array([8.0, 1.0, 1.0]))[0] > 2.5
    assert quantiles(values, [0.5], np.ones(3))[0] == 2.0


@pytest.mark.parametrize("sparse", [False, True])
def test_features_are_chosen_as_if_rows_were_repeated(sparse):
    rng = np.random.default_rng(0)
    times = rng.integers(1, 6, 60)
    table = rng.normal(size=(60, 300)) * (rng.random((60, 300)) < 0.3)
    targets = rng.normal(size=(60, 2)).astype(np.float32)
    repeated = np.repeat(np.arange(60), times)
    found = []
    for rows, share in (
        (np.arange(60), times / times.sum()),
        (repeated, np.full(len(repeated), 1 / len(repeated))),
    ):
        if sparse:
            cells = [(np.flatnonzero(r).astype(np.int32), r[r != 0]) for r in table[rows]]
            stacked = SparseRows.stack(cells, 300)
            found.append(_correlation_sparse(stacked, targets[rows], share))
        else:
            blank = np.where(table[rows] == 0, np.nan, table[rows])
            found.append(_correlation_dense(blank, targets[rows], share))
    assert found[0] == pytest.approx(found[1], rel=1e-5)
    assert found[0].max() > 2 * np.median(found[0])


def test_intervals_hold_of_rows_by_their_weights():
    """Rows of two kinds, those with wide errors weighing nine times as much."""
    rng = np.random.default_rng(0)
    wide = np.arange(1000) % 2 == 0
    truth = (np.where(wide, 10.0, 1.0) * rng.normal(size=1000)).astype(np.float32)
    weights = np.where(wide, 1.8, 0.2).astype(np.float32)
    outputs = Residuals.fit(np.zeros(1000), truth, weights).outputs(np.zeros(1000))
    inside = (truth >= outputs[:, 1]) & (truth <= outputs[:, 3])
    assert np.average(inside, weights=weights) == pytest.approx(0.9, abs=0.02)
    plain = Residuals.fit(np.zeros(1000), truth).outputs(np.zeros(1000))
    assert outputs[0, 3] > plain[0, 3] + 1


def test_weights_that_are_alike_change_no_interval():
    gaps = np.random.default_rng(0).normal(size=100).astype(np.float32)
    same = Residuals.fit(np.zeros(100), gaps, np.ones(100, np.float32)).offsets
    assert same == pytest.approx(Residuals.fit(np.zeros(100), gaps).offsets, abs=0.15)
    assert worth(np.full(7, 0.3), 7) == pytest.approx(7) == worth(None, 7)


def test_a_label_that_weighs_next_to_nothing_spreads_like_none():
    prepared = make_prepared(90)
    features, matrices = FeatureMap.fit(prepared, ["size", "kind"], np.arange(90))
    truth = (prepared.score > 0).astype(np.int64)
    codec = CategoryCodec(labels=("p", "q"))
    lying = np.arange(40) % 4 == 0
    told = np.where(lying, 1 - truth[:40], truth[:40])
    light = np.where(lying, 1e-6, 1.0).astype(np.float32)
    outputs = []
    for learn, other, weights in (
        (np.arange(40), np.arange(40, 90), light),
        (np.flatnonzero(~lying), np.append(np.arange(40, 90), np.flatnonzero(lying)), None),
        (np.arange(40), np.arange(40, 90), None),
    ):
        base_model = LabelPropagation(matrices.take(other))
        base_model.fit(
            LabelledRows(matrices.take(learn).weighted(weights), told[learn], codec), seed=0
        )
        outputs.append(base_model.outputs(matrices.take(np.arange(40, 90))))
    assert outputs[0] == pytest.approx(outputs[1], abs=0.02)
    assert np.abs(outputs[2] - outputs[1]).max() > 0.1
