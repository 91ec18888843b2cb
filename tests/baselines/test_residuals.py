"""Residuals vary with predictions that know nothing of the row's own truth, in a fold as in all."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from simple_tables import FakeColumn
from sklearn.linear_model import Ridge

from plait.baselines.base_models import Linear
from plait.baselines.closed_form import ridge_path
from plait.baselines.features import FeatureMap
from plait.baselines.labelled_rows import LabelledRows
from plait.baselines.residuals import num_bins
from plait.baselines.sparse import SparseRows
from plait.modalities.category.codec import CategoryCodec
from plait.modalities.number.codec import NumberCodec

NUM = 400


def cities(num_rows, seed):
    """Make three cities that tell next to nothing of hours between 0 and 30, and the hours."""
    rng = np.random.default_rng(seed)
    names = np.array(["x", "y", "z"])[rng.integers(0, 3, num_rows)]
    codec = CategoryCodec().fit(["x", "y", "z"])
    column = FakeColumn(codec, [codec.prepare(str(name)) for name in names])
    prepared = SimpleNamespace(columns={"city": column}, num_rows=num_rows)
    return prepared, (30 * rng.random(num_rows)).astype(np.float32)


@pytest.mark.parametrize("grouped", [False, True])
def test_intervals_cover_where_nothing_is_known_beforehand(grouped):
    """The mean of all others is lower the higher a row is: it must not sort rows by their truth."""
    shares = []
    for seed in range(4):
        prepared, hours = cities(NUM + 2000, seed)
        features, matrices = FeatureMap.fit(prepared, ["city"], np.arange(NUM))
        base_model = Linear()
        seen = matrices.grouped(np.arange(NUM) // 2) if grouped else matrices
        base_model.fit(
            LabelledRows(seen, hours[:NUM], NumberCodec().fit(hours[:NUM].tolist())), seed=0
        )
        new = np.arange(NUM, NUM + 2000)
        outputs = base_model.outputs(features.matrices(prepared, new))
        shares.append(((hours[new] >= outputs[:, 1]) & (hours[new] <= outputs[:, 3])).mean())
    assert np.mean(shares) == pytest.approx(0.9, abs=0.03)


@pytest.mark.parametrize("width", [3, 40])
def test_a_fold_left_out_in_closed_form_is_a_fit_without_it(width):
    rng = np.random.default_rng(0)
    dense = rng.normal(size=(24, width)).astype(np.float32)
    targets = (dense[:, :1] + rng.normal(size=(24, 2))).astype(np.float32)
    sparse = SparseRows.stack([(np.zeros(0, np.int32), np.zeros(0))] * 24, 0)
    ridge = list(ridge_path(dense, sparse, targets))[9]
    folds = np.arange(24) % 4
    found = ridge.without(folds)
    for fold in range(4):
        mine = folds == fold
        model = Ridge(alpha=ridge.alpha).fit(dense[~mine], targets[~mine])
        np.testing.assert_allclose(found[mine], model.predict(dense[mine]), atol=2e-3)


@pytest.mark.parametrize("num_rows", [80, 170, 425, 1000])
def test_a_base_model_of_a_fold_has_intervals_of_the_same_kind(num_rows):
    """They calibrate those of the base model of all rows: fewer bins would be wider ones."""
    assert num_bins(num_rows * 3 // 4) == num_bins(num_rows)
