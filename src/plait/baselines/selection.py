"""Keeps the features of wide columns that tell most about the target, each by itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plait.baselines.feature_matrices import FeatureMatrices
from plait.baselines.sparse import SparseRows

NARROW_FEATURES = 128
LEAST_PROBE_ROWS, MAX_PROBE_ROWS = 1000, 20_000
MAX_PRODUCTS = 1e10
"""Multiplications in all that look for the best features."""


@dataclass(frozen=True)
class Selection:
    """The features that trees see.

    Attributes:
        dense: int64: places in `FeatureMatrices.tree`.
        sparse: int64: places in `FeatureMatrices.tree_sparse`.
    """

    dense: np.ndarray
    sparse: np.ndarray

    def table(self, matrices: FeatureMatrices) -> np.ndarray:
        """Return float32 ``[row, feature]``; NaN where missing."""
        parts = [matrices.tree[:, self.dense]]
        if len(self.sparse):
            parts.append(matrices.tree_sparse.dense(self.sparse))
        return np.ascontiguousarray(np.concatenate(parts, axis=1))

    def categorical(self, matrices: FeatureMatrices) -> list[int]:
        """Return the places in `table` that are category numbers."""
        return [int(i) for i in np.flatnonzero(np.isin(self.dense, matrices.categorical))]


def select_features(
    matrices: FeatureMatrices, targets: np.ndarray, max_features: int, *, seed: int
) -> Selection:
    """Keep all of narrow columns, and of each wide one its share of the best `max_features`.

    The best have the largest sum of squared correlations with the target's columns, every row
    counting by its weight.

    Args:
        matrices: Training rows.
        targets: float32 ``[row, output]``: one-hot classes, labels, or numbers.
        max_features: How many to keep of wide columns in all; 0 for none.
        seed: Of the sample of rows that is looked at.
    """
    dense_of, sparse_of = matrices.tree_columns, matrices.tree_sparse_columns
    wide = _wide_columns(matrices)
    narrow = np.flatnonzero(~np.isin(dense_of, wide))
    thin = np.flatnonzero(~np.isin(sparse_of, wide))
    if not len(wide) or not max_features:
        return Selection(narrow, thin)
    most = _probe_rows(matrices, targets.shape[1])
    if len(matrices) > most:
        rng = np.random.default_rng(seed)
        some = np.sort(rng.choice(len(matrices), most, replace=False))
        matrices, targets = matrices.take(some), targets[some]
    share = _shares(matrices)
    dense_value = _correlation_dense(matrices.tree, targets, share)
    sparse_value = _correlation_sparse(matrices.tree_sparse, targets, share)
    kept_dense, kept_sparse = [narrow], [thin]
    for column in wide:
        dense, sparse = np.flatnonzero(dense_of == column), np.flatnonzero(sparse_of == column)
        value = np.concatenate([dense_value[dense], sparse_value[sparse]])
        best = np.argsort(-value, kind="stable")[: max(1, max_features // len(wide))]
        best = best[value[best] > 0]
        kept_dense.append(dense[best[best < len(dense)]])
        kept_sparse.append(sparse[best[best >= len(dense)] - len(dense)])
    return Selection(np.sort(np.concatenate(kept_dense)), np.sort(np.concatenate(kept_sparse)))


def narrow_width(matrices: FeatureMatrices) -> int:
    """Return how many features the narrow columns have."""
    columns = np.concatenate([matrices.tree_columns, matrices.tree_sparse_columns])
    return int((~np.isin(columns, _wide_columns(matrices))).sum())


def _wide_columns(matrices: FeatureMatrices) -> np.ndarray:
    num_columns = len(matrices.features.scales)
    widths = np.bincount(matrices.tree_columns, minlength=num_columns)
    widths += np.bincount(matrices.tree_sparse_columns, minlength=num_columns)
    return np.flatnonzero(widths > NARROW_FEATURES)


def _probe_rows(matrices: FeatureMatrices, num_outputs: int) -> int:
    """Return how many rows are looked at: fewer where there are many features and outputs."""
    per_row = matrices.tree.shape[1] + len(matrices.tree_sparse.values) / max(len(matrices), 1)
    most = MAX_PRODUCTS / max(per_row * num_outputs, 1)
    return int(np.clip(most, LEAST_PROBE_ROWS, MAX_PROBE_ROWS))


def _shares(matrices: FeatureMatrices) -> np.ndarray:
    """Return the part of each row in all that counts, float64 ``[row]``."""
    heavy = matrices.weights_or_ones.astype(np.float64)
    return heavy / heavy.sum()


def _correlation_dense(table: np.ndarray, targets: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return the sum over outputs of squared correlations, missing values taken as the mean."""
    found = np.zeros(table.shape[1])
    centred = _standardised(targets, share) * share[:, None]
    for first in range(0, table.shape[1], 1024):
        block = table[:, first : first + 1024].astype(np.float64)
        seen = ~np.isnan(block)
        mean = share @ np.where(seen, block, 0) / np.maximum(share @ seen, 1e-12)
        block = np.where(seen, block - mean, 0.0)
        spread = np.sqrt(share @ block**2)
        told = (block.T @ centred) / np.maximum(spread, 1e-12)[:, None]
        found[first : first + 1024] = np.where(spread > 1e-12, (told**2).sum(axis=1), 0.0)
    return found


def _correlation_sparse(rows: SparseRows, targets: np.ndarray, share: np.ndarray) -> np.ndarray:
    if not rows.num_features:
        return np.zeros(0)
    table = rows.to_scipy().astype(np.float64)
    centred = _standardised(targets, share) * share[:, None]
    mean = np.asarray(table.T @ share).ravel()
    square = np.asarray(table.multiply(table).T @ share).ravel()
    spread = np.sqrt(np.maximum(square - mean**2, 0.0))
    told = np.asarray(table.T @ centred) / np.maximum(spread, 1e-12)[:, None]
    return np.where(spread > 1e-12, (told**2).sum(axis=1), 0.0)


def _standardised(targets: np.ndarray, share: np.ndarray) -> np.ndarray:
    values = targets - share @ targets.astype(np.float64)
    spread = np.sqrt(share @ values**2)
    return np.asarray(values / np.where(spread > 0, spread, 1.0))
