"""Tests of feature maps: scales, gaps, what trees see, files."""

from __future__ import annotations

import numpy as np
from simple_tables import make_prepared

from plait.baselines.features import MAX_TREE_FEATURES, FeatureMap

ROWS = np.arange(100)
WIDE = 1200


def _dense(rows):
    return np.asarray(rows.todense()) if hasattr(rows, "todense") else rows


def test_linear_view_is_standardised_and_zero_where_missing():
    prepared = make_prepared()
    _, views = FeatureMap.fit(prepared, ["size", "kind"], ROWS)
    assert views.linear.shape == (100, 1 + 3 + 1) and views.linear.dtype == np.float32
    np.testing.assert_allclose(views.linear[:, 0].mean(), 0, atol=1e-5)
    np.testing.assert_allclose(views.linear[:, 0].std(), 1, atol=1e-4)
    gaps = ~prepared.columns["kind"].present[ROWS]
    assert gaps.any() and (views.linear[gaps, 1:4] == 0).all()
    np.testing.assert_array_equal(views.linear[:, 4] == 1, gaps)


def test_tree_view_keeps_raw_values_label_numbers_and_gaps():
    prepared = make_prepared()
    _, views = FeatureMap.fit(prepared, ["size", "kind"], ROWS)
    exact = [prepared.columns["size"][row]["exact"][0] for row in ROWS]
    np.testing.assert_array_equal(views.tree[:, 0], np.float32(exact))
    assert views.labels == [1]
    present = prepared.columns["kind"].present[ROWS]
    assert np.isnan(views.tree[~present, 1]).all()
    labels = [prepared.columns["kind"][row]["label"][0] for row in ROWS[present]]
    np.testing.assert_array_equal(views.tree[present, 1], labels)


def test_mostly_zero_features_are_kept_sparse_with_rows_of_length_one():
    prepared = make_prepared(wide=WIDE)
    features, views = FeatureMap.fit(prepared, ["words"], ROWS)
    assert features.blocks[0].sparse
    lengths = np.linalg.norm(_dense(views.linear)[:, :WIDE], axis=1)
    np.testing.assert_allclose(np.delete(lengths, 5), 1, rtol=1e-4)
    assert lengths[5] == 0 and np.isnan(views.tree[5]).all()
    assert views.tree.shape == (100, MAX_TREE_FEATURES)


def test_rows_keep_their_features_whatever_rows_they_come_with():
    prepared = make_prepared(wide=WIDE)
    features, views = FeatureMap.fit(prepared, list(prepared.columns), ROWS)
    some = np.array([9, 5, 70, 5])
    for found in (features.views(prepared, some), views.take(some)):
        np.testing.assert_array_equal(_dense(found.linear), _dense(views.linear)[some])
        np.testing.assert_array_equal(found.tree, views.tree[some])
        assert found.num_rows == 4


def test_no_rows_give_no_rows():
    prepared = make_prepared(wide=WIDE)
    features, views = FeatureMap.fit(prepared, list(prepared.columns), ROWS)
    none = features.views(prepared, ROWS[:0])
    assert none.linear.shape == (0, views.linear.shape[1])
    assert none.tree.shape == (0, views.tree.shape[1])


def test_save_and_load_give_the_same_views(tmp_path):
    prepared = make_prepared(wide=WIDE)
    features, views = FeatureMap.fit(prepared, list(prepared.columns), ROWS)
    features.save(tmp_path)
    codecs = {name: column.codec for name, column in prepared.columns.items()}
    again = FeatureMap.load(tmp_path, codecs).views(prepared, ROWS)
    np.testing.assert_array_equal(_dense(again.linear), _dense(views.linear))
    np.testing.assert_array_equal(again.tree, views.tree)
    assert {file.suffix for file in tmp_path.iterdir()} == {".json", ".safetensors"}


def test_a_column_without_any_value_says_nothing():
    prepared = make_prepared()
    prepared.columns["kind"].empty()
    _, views = FeatureMap.fit(prepared, ["size", "kind"], ROWS)
    assert np.isfinite(views.linear).all() and views.linear[:, 1:].std() == 0
    assert np.isnan(views.tree[:, 1:]).all()


def test_a_constant_number_says_nothing():
    prepared = make_prepared()
    prepared.columns["size"].fill(prepared.columns["size"][0])
    _, views = FeatureMap.fit(prepared, ["size", "kind"], ROWS)
    assert (views.linear[:, 0] == 0).all()
