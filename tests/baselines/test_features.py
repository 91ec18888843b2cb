"""Tests of feature maps, feature matrices, sparse rows and projections."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simple_tables import make_prepared

from plait.baselines import features as features_module
from plait.baselines.extract import Plan, RawColumn, is_vector
from plait.baselines.features import ColumnScale, FeatureMap
from plait.baselines.selection import select_features
from plait.baselines.sketch import sketch_dense, sketch_sparse
from plait.baselines.sparse import SparseRows, join_columns
from plait.errors import BundleError
from plait.modalities.number.codec import NumberCodec
from plait.modalities.vector.codec import VectorCodec

ROWS = np.arange(100)


def _sparse(table: np.ndarray) -> SparseRows:
    pairs = [(np.flatnonzero(row), row[row != 0]) for row in table]
    return SparseRows.stack(pairs, table.shape[1])


@given(st.integers(0, 2**32 - 1), st.integers(0, 12), st.integers(1, 9))
@settings(max_examples=40, deadline=None)
def test_sparse_rows_are_the_table(seed, num_rows, num_features):
    rng = np.random.default_rng(seed)
    table = (
        rng.normal(size=(num_rows, num_features))
        * (rng.random((num_rows, 1)) < 0.7)
        * (rng.random((num_rows, num_features)) < 0.4)
    ).astype(np.float32)
    rows, every = _sparse(table), np.arange(num_features)
    np.testing.assert_array_equal(rows.dense(every), table)
    np.testing.assert_array_equal(rows.to_scipy().toarray(), table)
    weights = rng.normal(size=(num_features, 3)).astype(np.float32)
    np.testing.assert_allclose(rows.dot(weights), table @ weights, atol=1e-5)
    some = rng.integers(0, num_rows, 5) if num_rows else np.zeros(0, np.int64)
    np.testing.assert_array_equal(rows.take(some).dense(every), table[some])
    np.testing.assert_allclose(rows.norms(), np.linalg.norm(table, axis=1), atol=1e-5)
    np.testing.assert_array_equal(rows.counts(), (table != 0).sum(0))
    longer = SparseRows.one_under_another([rows, rows.take(some), rows])
    np.testing.assert_array_equal(longer.dense(every), np.concatenate([table, table[some], table]))
    joined = join_columns([rows, rows], num_rows)
    np.testing.assert_array_equal(
        joined.dense(np.arange(2 * num_features)), np.concatenate([table, table], 1)
    )


def test_the_features_of_no_row_are_made_twice(monkeypatch):
    made, real = [], NumberCodec.features
    monkeypatch.setattr(
        NumberCodec, "features", lambda self, arrays: made.append(1) or real(self, arrays)
    )
    prepared = make_prepared()
    features, matrices = FeatureMap.fit(prepared, ["size"], ROWS)
    assert len(made) == np.asarray(prepared.columns["size"].present)[ROWS].sum()
    again = features.matrices(prepared, ROWS)
    np.testing.assert_array_equal(matrices.dense, again.dense)


@pytest.mark.parametrize("columns", [["size", "kind"], ["words"], ["size", "kind", "words"]])
def test_known_features_are_taken_and_only_new_rows_are_read(columns, monkeypatch):
    prepared, rows = make_prepared(wide=200), np.arange(10, 90)
    features, matrices = FeatureMap.fit(prepared, columns, np.arange(0, 60))
    other = features.matrices(prepared, np.arange(50, 80))
    fresh = features.matrices(prepared, rows)
    found = features.matrices_from([matrices, other], prepared, rows)
    np.testing.assert_array_equal(found.dense, fresh.dense)
    np.testing.assert_array_equal(found.tree, fresh.tree)
    every = np.arange(fresh.sparse.num_features)
    np.testing.assert_array_equal(found.sparse.dense(every), fresh.sparse.dense(every))
    made, extract = [], features_module.extract
    monkeypatch.setattr(
        features_module, "extract", lambda c, p, rows: made.append(rows) or extract(c, p, rows)
    )
    features.matrices_from([matrices, other], prepared, rows).raw[columns[0]]
    assert [part.tolist() for part in made] == [list(range(80, 90))]


def test_dense_matrix_is_standardised_and_zero_where_missing():
    prepared = make_prepared()
    _, matrices = FeatureMap.fit(prepared, ["size", "kind"], ROWS)
    np.testing.assert_allclose(matrices.dense[:, 0].mean(), 0, atol=1e-5)
    np.testing.assert_allclose(matrices.dense[:, 0].std(), 1, atol=1e-4)
    gaps = ~prepared.columns["kind"].present[ROWS]
    assert (matrices.dense[gaps, 2:5] == 0).all()
    assert (matrices.dense[gaps, 5] > 0).all() and (matrices.dense[~gaps, 5] < 0).all()
    assert matrices.dense.shape == (100, 1 + 1 + 3 + 1)


def test_a_vector_keeps_the_proportions_of_its_directions():
    """A shared space's vectors are weighted: standardised one by one they would lose that."""
    rng = np.random.default_rng(0)
    table = rng.normal(size=(60, 8)) * np.array([4.0] * 2 + [1.0] * 6)
    assert is_vector(VectorCodec(dim=8))
    raw = RawColumn(np.ones(60, bool), table, _sparse(np.zeros((60, 0))), None)
    scale = ColumnScale.fit(Plan(None, np.arange(8), np.arange(0)), raw, as_one=True)
    dense = scale.dense(raw)[:, :8]
    spread = dense.std(axis=0)
    want = table.std(axis=0)
    assert np.allclose(spread / spread.mean(), want / want.mean(), rtol=0.05)
    assert np.square(dense).sum(1).mean() == pytest.approx(8**0.5, rel=0.05)


def test_tree_matrix_keeps_raw_values_codes_and_gaps():
    prepared = make_prepared()
    _, matrices = FeatureMap.fit(prepared, ["size", "kind"], ROWS)
    exact = [prepared.columns["size"][row]["exact"][0] for row in ROWS]
    np.testing.assert_array_equal(matrices.tree[:, 0], np.float32(exact))
    assert matrices.categorical == [1]
    present = prepared.columns["kind"].present[ROWS]
    assert np.isnan(matrices.tree[~present, 1]).all()
    labels = [prepared.columns["kind"][row]["label"][0] for row in ROWS[present]]
    np.testing.assert_array_equal(matrices.tree[present, 1], labels)


def test_mostly_zero_features_are_kept_sparse_and_weighted():
    prepared = make_prepared(wide=300)
    features, matrices = FeatureMap.fit(prepared, ["size", "words"], ROWS)
    plan = features.scales["words"].plan
    assert {0, 1, 3} <= set(plan.dense) and len(plan.sparse) > 250
    lengths = matrices.sparse.norms()
    used = np.diff(matrices.sparse.starts) > 0
    np.testing.assert_allclose(lengths[used], 10**0.5, rtol=1e-4)
    assert not used[5]


def test_features_are_the_same_row_by_row_and_in_parts():
    prepared = make_prepared(wide=300)
    features, _ = FeatureMap.fit(prepared, list(prepared.columns), ROWS)
    matrices = features.matrices(prepared, ROWS)
    parts = list(matrices.parts(size=7))
    assert [len(part) for part in parts] == [7] * 14 + [2]
    for name in ("dense", "tree", "neighbours"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_allclose(joined, getattr(matrices, name), atol=1e-6, err_msg=name)
    some = np.array([9, 5, 5])
    np.testing.assert_array_equal(matrices.take(some).dense, matrices.dense[some])


def test_the_last_matrices_are_shared():
    prepared = make_prepared(wide=300)
    features, _ = FeatureMap.fit(prepared, ["words"], ROWS)
    first = features.matrices(prepared, ROWS[:10])
    assert features.matrices(prepared, ROWS[:10].copy()) is first
    assert features.matrices(prepared, ROWS[1:11]) is not first


def test_save_and_load_give_the_same_matrices(tmp_path):
    prepared = make_prepared(wide=300)
    features, matrices = FeatureMap.fit(prepared, list(prepared.columns), ROWS)
    features.save(tmp_path)
    codecs = {name: column.codec for name, column in prepared.columns.items()}
    again = FeatureMap.load(tmp_path, codecs).matrices(prepared, ROWS)
    np.testing.assert_array_equal(again.dense, matrices.dense)
    np.testing.assert_array_equal(again.sparse.values, matrices.sparse.values)
    assert {file.suffix for file in tmp_path.iterdir()} == {".json", ".safetensors"}


def test_load_refuses_other_columns(tmp_path):
    prepared = make_prepared()
    FeatureMap.fit(prepared, ["size", "kind"], ROWS)[0].save(tmp_path)
    with pytest.raises(BundleError, match="of other columns"):
        FeatureMap.load(tmp_path, {"size": prepared.columns["size"].codec})


def test_a_column_without_any_value_says_nothing():
    prepared = make_prepared()
    prepared.columns["kind"]._values[:] = [None] * prepared.num_rows
    prepared.columns["kind"].present[:] = False
    _, matrices = FeatureMap.fit(prepared, ["size", "kind"], ROWS)
    assert matrices.dense.shape == (100, 3) and (matrices.dense[:, 2] == 0).all()
    assert np.isnan(matrices.tree[:, 1]).all()


def test_projections_keep_distances():
    rng = np.random.default_rng(0)
    table = rng.normal(size=(30, 2000)).astype(np.float32)
    thin = table * (rng.random(table.shape) < 0.05)
    for found, real in ((sketch_dense(table, 512), table), (sketch_sparse(_sparse(thin)), thin)):
        near = np.linalg.norm(found[:, None] - found[None], axis=2)
        true = np.linalg.norm(real[:, None] - real[None], axis=2)
        away = true > 0
        assert np.abs(near[away] / true[away] - 1).max() < 0.2


def test_selection_finds_the_telling_feature():
    prepared = make_prepared(wide=300)
    _, matrices = FeatureMap.fit(prepared, list(prepared.columns), ROWS)
    goal = (prepared.score[ROWS, None] > 1).astype(np.float32)
    chosen = select_features(matrices, goal, 10, seed=0)
    assert len(chosen.dense) + len(chosen.sparse) == 2 + 10
    table = chosen.table(matrices)
    rows = np.delete(ROWS, 5)
    same = [
        np.array_equal(table[rows, i] > 0.5, goal[rows, 0] > 0.5) for i in range(table.shape[1])
    ]
    assert any(same)
    assert chosen.categorical(matrices) == [1]


@pytest.mark.parametrize("marked", [False, True])
def test_features_of_many_rows_are_those_of_each(marked):
    codec = NumberCodec(marked=marked).fit([1.0, 2.0, 3.0, 9.0])
    arrays = [codec.prepare(value) for value in (1.5, -4.0, 100.0)]
    parts = {name: np.stack([one[name] for one in arrays]) for name in codec.layout}
    each = np.stack([codec.features(one) for one in arrays])
    np.testing.assert_array_equal(codec.features_of(parts), each)


def test_columns_that_nobody_asks_for_are_not_read():
    prepared = make_prepared(40, wide=200)
    features, _ = FeatureMap.fit(prepared, list(prepared.columns), np.arange(20))
    before = prepared.columns["words"].num_reads
    matrices = features.matrices(prepared, np.arange(20, 40)).take(np.arange(5)).only(["size"])
    assert matrices.tree.shape == (5, 1)
    assert prepared.columns["words"].num_reads == before
