"""Tests of the base models: every task, by reference, saved and loaded, late, without extras."""

from __future__ import annotations

import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simple_tables import TagCodec, make_prepared

from plait.baselines.base_models import BASELINES, load_base_model
from plait.baselines.closed_form import primal, ridge_path
from plait.baselines.descent import LinearProblem, link
from plait.baselines.features import FeatureMap
from plait.baselines.labelled_rows import LabelledRows
from plait.baselines.residuals import Residuals
from plait.baselines.sparse import SparseRows
from plait.baselines.temperature import TEMPERATURES, best_temperature
from plait.errors import BundleError, ExtraError, TargetError
from plait.modalities.category.codec import CategoryCodec
from plait.modalities.forms import CLASSES
from plait.modalities.number.codec import NumberCodec

ROWS = np.arange(200)
LEARN, JUDGE = ROWS[:140], ROWS[140:]
TASKS = ("classify", "tag", "regress")


@pytest.fixture(scope="module")
def tables():
    return {wide: make_prepared(200, wide=wide) for wide in (0, 400)}


def _target(task, score):
    if task == "regress":
        return NumberCodec().fit(score.tolist()), score
    if task == "tag":
        return TagCodec(), np.stack([score > 0, score > 1, score > 99], 1).astype(np.float32)
    return CategoryCodec(labels=("low", "middle", "high")), np.digitize(score, [0, 1.5])


def _fitted(name, task, prepared, deadline=None):
    codec, truth = _target(task, prepared.score)
    features, matrices = FeatureMap.fit(prepared, list(prepared.columns), LEARN)
    base_model = BASELINES[name]()
    base_model.fit(LabelledRows(matrices, truth[LEARN], codec), seed=0, deadline=deadline)
    return base_model, features.matrices(prepared, JUDGE), truth[JUDGE], codec


@pytest.mark.parametrize("wide", [0, 400])
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", list(BASELINES))
def test_every_base_model_does_every_task(name, task, wide, tables, tmp_path):
    base_model, matrices, truth, codec = _fitted(name, task, tables[wide])
    outputs = base_model.outputs(matrices)
    width = {"classify": 3, "tag": 3, "regress": 4}[task]
    assert outputs.shape == (len(JUDGE), width) and outputs.dtype == np.float32
    assert np.isfinite(outputs).all()
    if task == "regress":
        assert (np.diff(outputs[:, 1:], axis=1) >= 0).all()
    else:
        assert (outputs >= 0).all() and (outputs <= 1).all()
    if task == "classify":
        np.testing.assert_allclose(outputs.sum(1), 1, atol=1e-4)
    if name != "majority":
        plain = _fitted("majority", task, tables[wide])[0].outputs(matrices)
        assert codec.cost(outputs, truth).mean() < 0.9 * codec.cost(plain, truth).mean()
    base_model.save(tmp_path)
    np.testing.assert_array_equal(load_base_model(name, tmp_path).outputs(matrices), outputs)
    assert {file.suffix for file in tmp_path.iterdir()} <= {".json", ".safetensors", ".txt"}


@pytest.mark.parametrize("name", list(BASELINES))
def test_the_same_seed_gives_the_same_outputs(name, tables):
    first, matrices, *_ = _fitted(name, "classify", tables[400])
    again = _fitted(name, "classify", tables[400])[0]
    np.testing.assert_array_equal(first.outputs(matrices), again.outputs(matrices))


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", list(BASELINES))
def test_a_deadline_in_the_past_still_gives_a_model(name, task, tables):
    base_model, matrices, *_ = _fitted(name, task, tables[0], deadline=time.monotonic() - 1)
    assert np.isfinite(base_model.outputs(matrices)).all()


@pytest.mark.parametrize("name", list(BASELINES))
def test_unseen_and_absent_classes_do_no_harm(name, tables):
    prepared = tables[0]
    truth = np.where(prepared.score[LEARN] > 1, 1, 0)
    truth[:7] = -1
    codec = CategoryCodec(labels=("a", "b", "never"))
    features, matrices = FeatureMap.fit(prepared, ["size", "kind"], LEARN)
    base_model = BASELINES[name]()
    base_model.fit(LabelledRows(matrices, truth, codec), seed=0)
    outputs = base_model.outputs(features.matrices(prepared, JUDGE))
    assert outputs.shape == (len(JUDGE), 3) and outputs[:, 2].max() < 0.3


@pytest.mark.parametrize("name", list(BASELINES))
@pytest.mark.parametrize("num_rows", [2, 5])
def test_a_handful_of_rows_is_enough(name, num_rows, tables):
    prepared = tables[400]
    features, matrices = FeatureMap.fit(prepared, list(prepared.columns), ROWS[:num_rows])
    base_model = BASELINES[name]()
    base_model.fit(
        LabelledRows(matrices, np.arange(num_rows) % 2, CategoryCodec(labels=("a", "b"))), seed=0
    )
    assert np.isfinite(base_model.outputs(features.matrices(prepared, JUDGE))).all()


@pytest.mark.parametrize("name", list(BASELINES))
def test_rows_with_everything_missing_get_finite_outputs(name, tables):
    base_model, matrices, *_ = _fitted(name, "classify", tables[400])
    for column in matrices.raw.values():
        column.present[:], column.dense[:] = False, 0
        if column.codes is not None:
            column.codes[:] = np.nan
    assert np.isfinite(base_model.outputs(matrices)).all()


@pytest.mark.parametrize(("name", "module"), [("linear", "scipy"), ("boosted", "lightgbm")])
def test_an_absent_extra_is_named(name, module, tables, monkeypatch):
    for found in [m for m in sys.modules if m == module or m.startswith(module + ".")]:
        monkeypatch.setitem(sys.modules, found, None)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ExtraError, match=f"the {name} baseline needs the extra 'table'"):
        _fitted(name, "classify", tables[0])


@pytest.mark.parametrize("name", ["majority", "neighbour"])
def test_the_simplest_need_no_extra(name, tables, monkeypatch):
    for module in ("scipy", "scipy.sparse", "sklearn", "lightgbm"):
        monkeypatch.setitem(sys.modules, module, None)
    base_model, matrices, *_ = _fitted(name, "classify", tables[400])
    assert len(base_model.outputs(matrices)) == len(JUDGE)


def test_too_many_classes_for_boosting(tables):
    _, matrices = FeatureMap.fit(tables[0], ["size"], LEARN)
    codec = CategoryCodec(labels=tuple(map(str, range(301))))
    with pytest.raises(TargetError, match="too many classes for boosted trees"):
        BASELINES["boosted"]().fit(LabelledRows(matrices, np.arange(140), codec), seed=0)


def test_an_unknown_base_model_is_refused(tmp_path):
    with pytest.raises(BundleError, match="unknown kind"):
        load_base_model("oracle", tmp_path)


def test_logistic_regression_like_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    rows = rng.normal(size=(150, 6)).astype(np.float32)
    truth = (rows @ rng.normal(size=(6, 3)) + rng.normal(size=(150, 3))).argmax(1)
    none = SparseRows.stack([(np.zeros(0), np.zeros(0))] * 150, 0)
    weights = LinearProblem(rows, none, np.eye(3, dtype=np.float32)[truth], CLASSES).solve(0.7)
    theirs = LogisticRegression(C=0.7, max_iter=1000).fit(rows, truth)
    np.testing.assert_allclose(
        link(weights.scores(rows, none), CLASSES), theirs.predict_proba(rows), atol=3e-3
    )


@given(st.integers(0, 2**32 - 1), st.integers(6, 25), st.integers(2, 40))
@settings(max_examples=25, deadline=None)
def test_ridge_leaves_one_out_exactly(seed, num_rows, num_features):
    from sklearn.linear_model import Ridge

    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(num_rows, num_features)).astype(np.float32)
    targets = (rows[:, :2] + rng.normal(size=(num_rows, 2))).astype(np.float32)
    half = num_features // 2
    thin = SparseRows.stack([(np.arange(half), row[:half]) for row in rows], half)
    ridge = list(ridge_path(rows[:, half:], thin, targets))[11]
    dense, sparse, bias = primal(rows[:, half:], thin, ridge, targets)
    whole = Ridge(alpha=ridge.alpha).fit(rows.astype(float), targets)
    np.testing.assert_allclose(np.concatenate([sparse, dense]), whole.coef_.T, atol=2e-3)
    np.testing.assert_allclose(bias, whole.intercept_, atol=2e-3)
    rest = np.arange(1, num_rows)
    part = Ridge(alpha=ridge.alpha).fit(rows[rest].astype(float), targets[rest])
    np.testing.assert_allclose(ridge.left_out[0], part.predict(rows[:1])[0], atol=2e-2)


def test_residual_quantiles_cover_and_follow_the_spread():
    rng = np.random.default_rng(0)
    means = rng.uniform(0, 10, 4000)
    truth = means + rng.normal(size=4000) * (1 + means)
    residuals = Residuals.fit(means[:2000], truth[:2000])
    found = residuals.outputs(means[2000:])
    inside = (truth[2000:] >= found[:, 1]) & (truth[2000:] <= found[:, 3])
    assert 0.87 < inside.mean() < 0.94
    low, high = (residuals.outputs(np.array([place]))[0] for place in (1.0, 9.0))
    assert high[3] - high[1] > 3 * (low[3] - low[1])


def test_one_neighbour_by_hand(tables):
    prepared = tables[0]
    _, matrices = FeatureMap.fit(prepared, ["size"], ROWS[:4])
    base_model = BASELINES["neighbour"]()
    truth = np.array([0.0, 1.0, 2.0, 3.0], np.float32)
    base_model.fit(LabelledRows(matrices, truth, NumberCodec().fit(truth.tolist())), seed=0)
    assert base_model._nearest(matrices.neighbours, 1)[:, 0].tolist() == [0, 1, 2, 3]


def test_rows_are_left_out_of_their_own_neighbours(tables):
    """Fitted without a row, the nearest others say of it what `left_out` says."""
    prepared = tables[0]
    codec, truth = _target("classify", prepared.score)
    rows = np.arange(40)
    _, matrices = FeatureMap.fit(prepared, ["size"], rows)
    whole = BASELINES["neighbour"]()
    whole.fit(LabelledRows(matrices, truth[rows], codec), seed=0)
    found, num = whole.left_out(), whole._num_neighbours
    shares = np.eye(3)[truth[rows]].mean(axis=0)
    for row in (0, 7, 39):
        others = np.delete(rows, row)
        part = BASELINES["neighbour"]()
        part.fit(LabelledRows(matrices.take(others), truth[others], codec), seed=0)
        mean = part._means(part._nearest(matrices.neighbours[[row]], num))[0]
        assert found[row] == pytest.approx((mean * num + shares) / (num + 1), abs=1e-5)


@pytest.mark.parametrize("strength", [0.3, 3.0, 30.0])
@pytest.mark.parametrize("num_classes", [2, 9])
def test_the_temperature_is_the_best_of_all(strength, num_classes):
    rng = np.random.default_rng(num_classes)
    truth = rng.integers(0, num_classes, 150)
    scores = (np.eye(num_classes)[truth] + rng.normal(size=(150, num_classes))) / strength
    codec = CategoryCodec(labels=tuple(map(str, range(num_classes))))
    costs = [codec.cost(link(scores * t, CLASSES), truth).mean() for t in TEMPERATURES]
    rows = LabelledRows(SimpleNamespace(weights=None), truth, codec)
    cost, temperature = best_temperature(scores, rows)
    assert temperature == TEMPERATURES[int(np.argmin(costs))]
    assert cost == pytest.approx(min(costs), rel=1e-5)
