"""Tests of the simple experts: every task, by reference, saved and loaded, late, without extras."""

from __future__ import annotations

import sys
import time

import numpy as np
import pytest
from simple_tables import TagCodec, make_prepared

from plait.baselines.boosted import Boosted
from plait.baselines.experts import Majority, NearestNeighbour, load_expert
from plait.baselines.features import FeatureMap
from plait.baselines.linear import Linear
from plait.errors import BundleError, ExtraError
from plait.modalities.category.codec import CategoryCodec
from plait.modalities.number.codec import NumberCodec

ROWS = np.arange(200)
LEARN, JUDGE = ROWS[:140], ROWS[140:]
TASKS = ("classify", "tag", "regress")
KINDS = (Majority, NearestNeighbour, Linear, Boosted)
EVERY_KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
NARROW, WIDE = 0, 1200


@pytest.fixture(scope="module")
def tables():
    return {wide: make_prepared(200, wide=wide) for wide in (NARROW, WIDE)}


def _target(task, score):
    if task == "regress":
        return NumberCodec().fit(score.tolist()), score
    if task == "tag":
        return TagCodec(), np.stack([score > 0, score > 1, score > 99], 1).astype(np.float32)
    return CategoryCodec(labels=("low", "middle", "high")), np.digitize(score, [0, 1.5])


def _fitted(kind, task, prepared, deadline=None):
    codec, truth = _target(task, prepared.score)
    features, views = FeatureMap.fit(prepared, list(prepared.columns), LEARN)
    expert = kind()
    expert.fit(views, truth[LEARN], codec, seed=0, deadline=deadline)
    return expert, features.views(prepared, JUDGE), truth[JUDGE], codec


@pytest.mark.parametrize("wide", [NARROW, WIDE])
@pytest.mark.parametrize("task", TASKS)
@EVERY_KIND
def test_every_expert_does_every_task(kind, task, wide, tables, tmp_path):
    expert, views, truth, codec = _fitted(kind, task, tables[wide])
    outputs = expert.outputs(views)
    width = {"classify": 3, "tag": 3, "regress": 4}[task]
    assert outputs.shape == (len(JUDGE), width) and outputs.dtype == np.float32
    assert np.isfinite(outputs).all()
    if task == "regress":
        assert (np.diff(outputs[:, 1:], axis=1) >= 0).all()
    else:
        assert (outputs >= 0).all() and (outputs <= 1).all()
    if task == "classify":
        np.testing.assert_allclose(outputs.sum(1), 1, atol=1e-4)
    if kind is not Majority:
        plain = _fitted(Majority, task, tables[wide])[0].outputs(views)
        assert codec.cost(outputs, truth).mean() < 0.9 * codec.cost(plain, truth).mean()
    expert.save(tmp_path)
    again = load_expert(kind.name, tmp_path).outputs(views)
    np.testing.assert_allclose(again, outputs, atol=1e-6)
    assert {file.suffix for file in tmp_path.iterdir()} <= {".json", ".safetensors", ".txt"}


@EVERY_KIND
def test_the_same_seed_gives_the_same_outputs(kind, tables):
    first, views, *_ = _fitted(kind, "classify", tables[WIDE])
    again = _fitted(kind, "classify", tables[WIDE])[0]
    np.testing.assert_array_equal(first.outputs(views), again.outputs(views))


@pytest.mark.parametrize("task", TASKS)
@EVERY_KIND
def test_a_deadline_in_the_past_still_gives_a_model(kind, task, tables):
    start = time.monotonic()
    expert, views, truth, codec = _fitted(kind, task, tables[NARROW], deadline=start - 1)
    outputs = expert.outputs(views)
    assert np.isfinite(outputs).all()
    plain = _fitted(Majority, task, tables[NARROW])[0].outputs(views)
    assert codec.cost(outputs, truth).mean() < 1.1 * codec.cost(plain, truth).mean()


@EVERY_KIND
def test_unseen_and_absent_classes_do_no_harm(kind, tables):
    prepared = tables[NARROW]
    truth = np.where(prepared.score[LEARN] > 1, 1, 0)
    truth[:7] = -1
    codec = CategoryCodec(labels=("a", "b", "never"))
    features, views = FeatureMap.fit(prepared, ["size", "kind"], LEARN)
    expert = kind()
    expert.fit(views, truth, codec, seed=0, deadline=None)
    outputs = expert.outputs(features.views(prepared, JUDGE))
    assert outputs.shape == (len(JUDGE), 3) and outputs[:, 2].max() < 0.3
    np.testing.assert_allclose(outputs.sum(1), 1, atol=1e-4)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("num_rows", [1, 2, 5])
@EVERY_KIND
def test_a_handful_of_rows_is_enough(kind, task, num_rows, tables):
    prepared = tables[WIDE]
    features, views = FeatureMap.fit(prepared, list(prepared.columns), ROWS[:num_rows])
    codec, truth = _target(task, prepared.score)
    expert = kind()
    expert.fit(views, truth[:num_rows], codec, seed=0, deadline=None)
    outputs = expert.outputs(features.views(prepared, JUDGE))
    assert outputs.shape[0] == len(JUDGE) and np.isfinite(outputs).all()


@EVERY_KIND
def test_rows_with_everything_missing_get_finite_outputs(kind, tables):
    expert, *_ = _fitted(kind, "classify", tables[WIDE])
    bare = make_prepared(4, wide=WIDE)
    for column in bare.columns.values():
        column.empty()
    features, _ = FeatureMap.fit(tables[WIDE], list(bare.columns), LEARN)
    outputs = expert.outputs(features.views(bare, np.arange(4)))
    assert outputs.shape == (4, 3) and np.isfinite(outputs).all()


@EVERY_KIND
def test_no_rows_give_no_outputs(kind, tables):
    expert, *_ = _fitted(kind, "classify", tables[WIDE])
    features, _ = FeatureMap.fit(tables[WIDE], list(tables[WIDE].columns), LEARN)
    assert expert.outputs(features.views(tables[WIDE], ROWS[:0])).shape == (0, 3)


@pytest.mark.parametrize(("kind", "module"), [(Linear, "sklearn"), (Boosted, "lightgbm")])
def test_an_absent_extra_is_named(kind, module, tables, monkeypatch):
    for found in [m for m in sys.modules if m == module or m.startswith(module + ".")]:
        monkeypatch.delitem(sys.modules, found)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ExtraError, match=f"the {kind.name} baseline needs the extra 'table'"):
        _fitted(kind, "classify", tables[NARROW])


def test_an_unknown_expert_is_refused(tmp_path):
    with pytest.raises(BundleError, match="unknown simple model"):
        load_expert("oracle", tmp_path)


def test_damaged_trees_are_refused(tables, tmp_path):
    expert, *_ = _fitted(Boosted, "classify", tables[NARROW])
    expert.save(tmp_path)
    next(tmp_path.glob("trees-*.txt")).write_text("tree\nnonsense")
    with pytest.raises(BundleError, match="the boosted trees are damaged"):
        load_expert("boosted", tmp_path)


def test_numbers_are_learned_like_scikit_learn_ridge(tables):
    from sklearn.linear_model import RidgeCV

    prepared = tables[NARROW]
    expert, views, *_ = _fitted(Linear, "regress", prepared)
    _, learn = FeatureMap.fit(prepared, list(prepared.columns), LEARN)
    theirs = RidgeCV(alphas=np.logspace(-4, 5, 19)).fit(learn.linear, prepared.score[LEARN])
    np.testing.assert_allclose(
        expert.outputs(views)[:, 0], theirs.predict(views.linear), atol=1e-3
    )


@pytest.mark.parametrize("kind", [Linear, Boosted, NearestNeighbour], ids=lambda kind: kind.name)
def test_intervals_cover_about_nine_in_ten(kind):
    prepared = make_prepared(1200)
    noise = np.random.default_rng(1).normal(size=1200)
    truth = (prepared.score + noise).astype(np.float32)
    features, views = FeatureMap.fit(prepared, list(prepared.columns), np.arange(600))
    expert, codec = kind(), NumberCodec().fit(truth.tolist())
    expert.fit(views, truth[:600], codec, seed=0, deadline=None)
    rest = np.arange(600, 1200)
    found = codec.metrics(expert.outputs(features.views(prepared, rest)), truth[rest])
    assert 0.82 < found["coverage"] < 0.97


def test_the_nearest_row_is_itself(tables):
    prepared = tables[NARROW]
    _, views = FeatureMap.fit(prepared, ["size"], ROWS[:6])
    expert, truth = NearestNeighbour(), np.arange(6, dtype=np.float32)
    expert.fit(views, truth, NumberCodec().fit(truth.tolist()), seed=0, deadline=None)
    expert.k, prior = 1, truth.mean()
    np.testing.assert_allclose(expert.outputs(views)[:, 0], (truth + prior) / 2)
