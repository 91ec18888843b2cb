"""Labelled rows: what they tell of their target, and what travels with some of them."""

from __future__ import annotations

import numpy as np
import pytest
from simple_tables import TagCodec, make_prepared

from plait.baselines.contract import learnable
from plait.baselines.features import FeatureMap
from plait.baselines.labelled_rows import LabelledRows
from plait.baselines.majority import Majority
from plait.modalities.category.codec import CategoryCodec
from plait.modalities.number.codec import NumberCodec

TRUTH = np.array([0, -1, 1, 1])
WEIGHTS = np.array([0.5, 1.5, 1.2, 0.8], np.float32)


@pytest.fixture
def matrices():
    found = FeatureMap.fit(make_prepared(4), ["size", "kind"], np.arange(4))[1]
    return found.grouped(np.array([7, 7, 8, 9])).weighted(WEIGHTS)


@pytest.fixture
def rows(matrices):
    return LabelledRows(matrices, TRUTH, CategoryCodec(labels=("a", "b", "c")))


def test_rows_of_an_unseen_class_are_left_out_with_all_that_is_told_of_them(rows):
    for known in (rows.known(), learnable(Majority(), rows)):
        assert known.truth.tolist() == [0, 1, 1] and len(known) == 3
        assert known.groups.tolist() == [7, 8, 9]
        assert known.weights.tolist() == WEIGHTS[[0, 2, 3]].tolist()
        assert known.matrices.rows.tolist() == [0, 2, 3]
        assert known.known() is known


def test_targets_have_a_column_for_each_output(rows, matrices):
    assert rows.num_outputs == 3
    np.testing.assert_array_equal(rows.known().targets(), [[1, 0, 0], [0, 1, 0], [0, 1, 0]])
    tags = np.eye(4, 2)
    np.testing.assert_array_equal(LabelledRows(matrices, tags, TagCodec()).targets(), tags)
    numbers = LabelledRows(matrices, np.arange(4.0), NumberCodec())
    assert numbers.num_outputs == 1 and numbers.targets().shape == (4, 1)


def test_the_mean_cost_counts_rows_by_their_weights(rows):
    seen = rows.known()
    outputs = np.array([[0.2, 0.7, 0.1]] * 3)
    costs = -np.log([0.2, 0.7, 0.7])
    expected = np.average(costs, weights=seen.weights)
    assert seen.mean_cost(outputs) == pytest.approx(expected)
    plain = LabelledRows(seen.matrices.weighted(None), seen.truth, seen.codec)
    assert plain.mean_cost(outputs) == pytest.approx(costs.mean())
    assert plain.weights_at(np.array([1])) is None
    assert seen.weights_at(np.array([1])).tolist() == [WEIGHTS[2]]


def test_units_and_weights_of_rows_of_which_nothing_is_told(matrices):
    assert matrices.units.tolist() == [7, 7, 8, 9]
    assert matrices.weights_or_ones is WEIGHTS
    plain = FeatureMap.fit(make_prepared(4), ["size"], np.arange(4))[1]
    assert plain.units.tolist() == [0, 1, 2, 3]
    assert plain.weights_or_ones.tolist() == [1.0] * 4


def test_fewer_columns_leave_the_rest_as_it_is(rows):
    found = rows.only(["size"])
    assert list(found.matrices.features.scales) == ["size"]
    assert found.truth is TRUTH and found.weights is WEIGHTS and found.codec is rows.codec
