"""Evidence in the span of landmarks: with all rows as landmarks it is the exact fit."""

import numpy as np
import pytest

from plait.baselines import evidence_fit
from plait.baselines.evidence_fit import fit_columns
from plait.baselines.sparse import SparseRows

NUM = 80
GROUPS = np.arange(NUM) // 3


def sparse_rows(rng, num_features):
    pairs = []
    for _ in range(NUM):
        features = np.sort(rng.choice(num_features, 6, replace=False))
        pairs.append((features, rng.random(6)))
    return SparseRows.stack(pairs, num_features)


def tables(seed=0):
    rng = np.random.default_rng(seed)
    nothing = SparseRows(
        np.zeros(NUM + 1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32), 0
    )
    wide = rng.normal(size=(NUM, 120)).astype(np.float32)
    return {
        "wide": (wide, nothing),
        "narrow": (rng.normal(1.0, 1.0, size=(NUM, 3)).astype(np.float32), nothing),
        "words": (np.zeros((NUM, 0), np.float32), sparse_rows(rng, 150)),
    }


def targets(seed=1):
    found = np.random.default_rng(seed).normal(size=(NUM, 2))
    return found - found.mean(axis=0)


@pytest.mark.parametrize("groups", [np.arange(NUM), GROUPS], ids=["rows", "groups"])
def test_all_rows_as_landmarks_are_the_exact_fit(monkeypatch, groups):
    exact = fit_columns(tables(), targets(), groups, seed=0)
    monkeypatch.setattr(evidence_fit, "MAX_EXACT", 0)
    spanned = fit_columns(tables(), targets(), groups, seed=0)
    for name, (dense, sparse) in tables().items():
        one, other = exact[name], spanned[name]
        np.testing.assert_allclose(other.left_out, one.left_out, atol=2e-3)
        answers = [fit.maps.apply(dense, sparse) for fit in (one, other)]
        scores = [
            a[:, fit.maps.num_components :] for a, fit in zip(answers, (one, other), strict=True)
        ]
        np.testing.assert_allclose(scores[1], scores[0], atol=0.02)
        np.testing.assert_allclose(scores[1].mean(axis=0), 0.0, atol=0.02)


def test_what_is_held_in_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(evidence_fit, "MAX_PRODUCTS", 3 * NUM * 12)
    assert len(evidence_fit._landmarks(NUM, 3, 0)) == 12
