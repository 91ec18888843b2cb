"""Ridge regression in the span of a few rows: with all of them it is ridge regression."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.linear_model import Ridge

from plait.baselines.feature_matrices import FeatureMatrices
from plait.baselines.labelled_rows import LabelledRows
from plait.baselines.landmarks import LandmarkRidge, Landmarks, fit_landmarks
from plait.baselines.sparse import SparseRows
from plait.modalities.category.codec import CategoryCodec

NUM_DENSE = 4


def words(num_rows=120, width=60, num_classes=5, seed=0):
    """Rows mostly of nothing, some of whose features go with a class."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, num_classes, num_rows)
    table = rng.random((num_rows, width)) * (rng.random((num_rows, width)) < 0.2)
    table[np.arange(num_rows), truth] += 2.0
    return csr_matrix(table.astype(np.float32)), truth


@pytest.mark.parametrize("weighted", [False, True])
def test_with_every_row_a_landmark_it_is_ridge_regression(weighted):
    rows, truth = words()
    targets = np.eye(5, dtype=np.float32)[truth]
    weights = np.random.default_rng(1).random(len(truth)) + 0.5 if weighted else None
    weights = None if weights is None else weights / weights.mean()
    marks = Landmarks.of(rows, NUM_DENSE)
    ridge = LandmarkRidge(marks.features(rows), targets, weights)
    found = marks.weights(*ridge.solve(0.01))
    share = np.full(len(truth), 1 / len(truth)) if weights is None else weights / weights.sum()
    table = rows.toarray() - share @ rows.toarray()
    alpha = 0.01 * (len(truth) * share @ (table**2).sum(axis=1)) / (len(truth) - 1)
    known = Ridge(alpha=alpha).fit(rows.toarray(), targets, sample_weight=weights)
    assert np.concatenate([found.dense, found.sparse]) == pytest.approx(known.coef_.T, abs=2e-4)
    assert found.bias == pytest.approx(known.intercept_, abs=2e-4)


def labelled(table, truth, groups=None):
    """The same rows as a base model sees them."""
    matrices = FeatureMatrices(None, None, np.arange(len(truth)), raw={}, groups=groups)
    cells = [(row.indices, row.data) for row in table[:, NUM_DENSE:]]
    matrices.dense = table[:, :NUM_DENSE].toarray()
    matrices.sparse = SparseRows.stack(cells, table.shape[1] - NUM_DENSE)
    return LabelledRows(matrices, truth, CategoryCodec(labels=tuple("abcde")))


def test_few_landmarks_learn_from_all_rows():
    """Eight rows a class span enough of the features: what is learned is learned from all rows."""
    rows, truth = words(num_rows=900)
    found = fit_landmarks(labelled(rows, truth), 40, seed=0)
    fresh, told = words(num_rows=400, seed=1)
    scores = fresh @ np.concatenate([found.weights.dense, found.weights.sparse])
    accuracy = ((scores + found.weights.bias).argmax(1) == told).mean()
    held = (found.scores.argmax(1) == truth[found.judged]).mean()
    assert accuracy > 0.85 and held == pytest.approx(accuracy, abs=0.1)


def test_the_penalty_is_chosen_by_whole_groups():
    rows, truth = words(num_rows=200)
    groups = np.repeat(np.arange(50), 4)
    found = fit_landmarks(labelled(rows, truth, groups), 20, seed=0)
    judged = np.bincount(groups[found.judged], minlength=50)
    assert set(judged.tolist()) == {0, 4}
