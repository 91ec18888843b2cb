"""Groups of rows: nothing is chosen, or told, by a row that its own group was learned from."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from simple_tables import FakeColumn, VectorCodec
from sklearn.linear_model import Ridge

from plait.baselines.base_models import Linear, NearestNeighbour, ProductOfExperts
from plait.baselines.boosted import Boosted
from plait.baselines.closed_form import primal, ridge_path
from plait.baselines.cross_validation import inner_folds
from plait.baselines.features import FeatureMap
from plait.baselines.labelled_rows import LabelledRows
from plait.baselines.residuals import Residuals
from plait.baselines.sparse import SparseRows
from plait.modalities.category.codec import CategoryCodec
from plait.modalities.number.codec import NumberCodec

CODEC = CategoryCodec(labels=("x", "y"))


def noise_matrices(num_units, copies, *, width=30, seed=0):
    """Noise in which every row stands there `copies` times, almost the same; and random classes."""
    rng = np.random.default_rng(seed)
    units = np.repeat(np.arange(num_units), copies)
    table = rng.normal(size=(num_units, width))[units]
    table = (table + 0.01 * rng.normal(size=table.shape)).astype(np.float32)
    column = FakeColumn(VectorCodec(width), [{"values": row} for row in table])
    prepared = SimpleNamespace(columns={"v": column}, num_rows=len(table))
    _, matrices = FeatureMap.fit(prepared, ["v"], np.arange(len(table)))
    return matrices, rng.integers(0, 2, num_units)[units], units


def told(base_model):
    """Return (places, outputs) of rows that the base model held out while it was fitted."""
    if isinstance(base_model, NearestNeighbour):
        outputs = base_model.left_out()
        return np.arange(len(outputs)), outputs
    return base_model.held_out


@pytest.mark.parametrize("kind", [Linear, Boosted, NearestNeighbour])
def test_copies_in_one_group_teach_nothing_about_each_other(kind):
    shares = {True: [], False: []}
    for seed in range(6):
        matrices, truth, units = noise_matrices(40, 4, seed=seed)
        for grouped in (True, False):
            base_model = kind()
            seen = matrices.grouped(units) if grouped else matrices
            base_model.fit(LabelledRows(seen, truth, CODEC), seed=seed)
            places, outputs = told(base_model)
            shares[grouped].append((outputs.argmax(1) == truth[places]).mean())
    assert abs(np.mean(shares[True]) - 0.5) < 0.1
    assert np.mean(shares[False]) > 0.7


def test_a_product_of_experts_weighs_nothing_by_copies():
    matrices, truth, units = noise_matrices(40, 4)
    base_model = ProductOfExperts([["v"]])
    base_model.fit(LabelledRows(matrices.grouped(units), truth, CODEC), seed=0)
    assert np.abs(base_model.outputs(matrices) - 0.5).mean() < 0.25


@pytest.mark.parametrize("sizes", [[1] * 12, [3, 1, 4, 2, 2], [9, 3], [2] * 20])
@pytest.mark.parametrize("width", [3, 40])
def test_a_group_left_out_in_closed_form_is_a_fit_without_it(sizes, width):
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(len(sizes)), sizes)
    dense = rng.normal(size=(len(groups), width)).astype(np.float32)
    targets = (dense[:, :1] + rng.normal(size=(len(groups), 2))).astype(np.float32)
    sparse = SparseRows.stack([(np.zeros(0, np.int32), np.zeros(0))] * len(groups), 0)
    ridge = list(ridge_path(dense, sparse, targets, groups))[9]
    for group in range(len(sizes)):
        mine = groups == group
        model = Ridge(alpha=ridge.alpha).fit(dense[~mine], targets[~mine])
        np.testing.assert_allclose(ridge.left_out[mine], model.predict(dense[mine]), atol=2e-3)
    weights, _, bias = primal(dense, sparse, ridge, targets)
    whole = Ridge(alpha=ridge.alpha).fit(dense, targets)
    np.testing.assert_allclose(dense @ weights + bias, whole.predict(dense), atol=2e-3)


def test_residuals_of_groups_are_those_of_new_groups():
    """A group's own offset is learned from its other rows unless they are left out with it."""
    widths = {}
    for grouped in (True, False):
        matrices, _, units = noise_matrices(30, 6, width=60)
        truth = np.random.default_rng(1).normal(size=30)[units].astype(np.float32)
        base_model = Linear()
        seen = matrices.grouped(units) if grouped else matrices
        base_model.fit(LabelledRows(seen, truth, NumberCodec().fit(truth.tolist())), seed=0)
        outputs = base_model.outputs(matrices)
        widths[grouped] = float((outputs[:, 3] - outputs[:, 1]).mean())
    assert widths[True] > 2 > 10 * widths[False]


@pytest.mark.parametrize("num_groups", [2, 5, 40])
def test_inner_folds_never_part_a_group(num_groups):
    rng = np.random.default_rng(0)
    groups = rng.integers(0, num_groups, 300)
    folds = inner_folds(rng.integers(0, 3, 300), seed=1, groups=groups)
    assert len(folds) == min(3, num_groups)
    for learn, judge in folds:
        assert not set(groups[learn]) & set(groups[judge])
    every = np.concatenate([judge for _, judge in folds])
    assert sorted(every) == list(range(300))


def test_one_group_alone_judges_itself():
    learn, judge = inner_folds(np.zeros(20), seed=0, groups=np.zeros(20, int))[0]
    assert len(learn) == len(judge) == 20


def test_both_ends_are_widened_for_few_rows():
    gaps = np.linspace(-1, 1, 39)
    found = Residuals.fit(np.zeros(39), gaps.astype(np.float32))
    low, middle, high = found.offsets[0]
    assert low == pytest.approx(-high) and middle == pytest.approx(0, abs=1e-6)
    assert high == pytest.approx(np.quantile(gaps, 0.95 * 40 / 39), abs=1e-6)
