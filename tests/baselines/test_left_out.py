"""Rows left out of kernel ridge regression: against fits that really leave them out."""

import numpy as np
import pytest

from plait.baselines.left_out import (
    Spectrum,
    blocks_of,
    centred_gram,
    fit_left_out,
    parts_in_span,
    parts_left_out,
)
from plait.baselines.sparse import SparseRows

NUM = 14
GROUPS = np.array([0, 1, 2, 2, 3, 4, 4, 4, 5, 6, 7, 8, 9, 9])


def nothing(num=NUM):
    return SparseRows(
        np.zeros(num + 1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32), 0
    )


def tables(seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(NUM, width)).astype(np.float32) for width in (3, 30)]


def make(groups=None):
    grams = [centred_gram(table, nothing()) for table in tables()]
    targets = np.random.default_rng(1).normal(size=(NUM, 2))
    targets -= targets.mean(0)
    blocks = [] if groups is None else blocks_of(groups)
    spectrum = Spectrum.of(np.sum(grams, axis=0))
    return grams, targets, blocks, spectrum, fit_left_out(spectrum, targets, blocks)


def without(grams, targets, strength, gone):
    """Fit without some rows, on the features as centred by all; what each kernel answers them."""
    kept = np.setdiff1d(np.arange(NUM), gone)
    design = np.sum(grams, axis=0)[np.ix_(kept, kept)]
    # The mean's direction takes no part, as in a fit with an intercept of its own.
    ones = np.ones((len(kept), 1))
    left = np.block([[design + strength * np.eye(len(kept)), ones], [ones.T, np.zeros((1, 1))]])
    right = np.concatenate([targets[kept], np.zeros((1, targets.shape[1]))])
    solved = np.linalg.solve(left, right)
    dual, intercept = solved[:-1], solved[-1]
    return [gram[np.ix_(gone, kept)] @ dual for gram in grams], intercept


@pytest.mark.parametrize("groups", [None, GROUPS], ids=["rows", "groups"])
def test_left_out_is_the_fit_without(groups):
    grams, targets, _, _, fit = make(groups)
    groups = np.arange(NUM) if groups is None else groups
    for name in np.unique(groups):
        gone = np.flatnonzero(groups == name)
        parts, intercept = without(grams, targets, fit.strength, gone)
        np.testing.assert_allclose(fit.left_out[gone], sum(parts) + intercept, atol=1e-8)


@pytest.mark.parametrize("groups", [None, GROUPS], ids=["rows", "groups"])
def test_parts_are_what_each_kernel_answers_in_that_fit(groups):
    grams, targets, blocks, spectrum, fit = make(groups)
    parts = parts_left_out(grams, spectrum, fit, blocks)
    groups = np.arange(NUM) if groups is None else groups
    for name in np.unique(groups):
        gone = np.flatnonzero(groups == name)
        expected, _ = without(grams, targets, fit.strength, gone)
        for part, one in zip(parts, expected, strict=True):
            np.testing.assert_allclose(part[gone], one, atol=1e-8)


@pytest.mark.parametrize("groups", [None, GROUPS], ids=["rows", "groups"])
def test_parts_in_a_span_are_those_of_a_ridge_without_the_row(groups):
    rng = np.random.default_rng(2)
    spans = [rng.normal(size=(NUM, 5)) for _ in range(3)]
    spans = [one - one.mean(0) for one in spans]
    whole, targets = np.sum(spans, axis=0), rng.normal(size=(NUM, 2))
    targets -= targets.mean(0)
    blocks = [] if groups is None else blocks_of(groups)
    spectrum = Spectrum.of_features(whole)
    fit = fit_left_out(spectrum, targets, blocks)
    parts = parts_in_span(spans, whole, spectrum, fit, blocks)
    groups = np.arange(NUM) if groups is None else groups
    for name in np.unique(groups):
        gone, kept = np.flatnonzero(groups == name), np.flatnonzero(groups != name)
        design = np.concatenate([whole[kept], np.ones((len(kept), 1))], axis=1)
        penalty = fit.strength * np.diag([1.0] * whole.shape[1] + [0.0])
        found = np.linalg.solve(design.T @ design + penalty, design.T @ targets[kept])
        for part, span in zip(parts, spans, strict=True):
            np.testing.assert_allclose(part[gone], span[gone] @ found[:-1], atol=1e-8)
        answered = np.sum(parts, axis=0)[gone] + found[-1]
        np.testing.assert_allclose(fit.left_out[gone], answered, atol=1e-8)


def test_a_rows_own_target_is_not_in_its_parts():
    grams, targets, _, spectrum, fit = make()
    changed = targets.copy()
    changed[5] += 3.0
    changed -= changed.mean(0)
    again = fit_left_out(spectrum, changed, [])
    first = parts_left_out(grams, spectrum, fit, [])
    if again.strength != fit.strength:
        pytest.skip("another strength did better")
    second = parts_left_out(grams, spectrum, again, [])
    for one, other in zip(first, second, strict=True):
        np.testing.assert_allclose(one[5], other[5], atol=1e-8)
        assert np.abs(one[6] - other[6]).max() > 1e-3


def test_sparse_features_are_as_good_as_dense_ones():
    rng = np.random.default_rng(0)
    table = (rng.random((NUM, 300)) * (rng.random((NUM, 300)) < 0.05)).astype(np.float32)
    rows = [(np.flatnonzero(row).astype(np.int32), row[np.flatnonzero(row)]) for row in table]
    sparse = SparseRows.stack(rows, 300)
    found = centred_gram(np.zeros((NUM, 0), np.float32), sparse)
    np.testing.assert_allclose(found, centred_gram(table, nothing()), atol=1e-5)
