"""Sparse rows in plain NumPy: enough to keep and multiply text features without SciPy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

MAX_PRODUCTS = 4_000_000
LARGE_PRODUCT = 20_000_000
"""Multiplications from which on loading SciPy pays."""

SPARSE_NORM = 10.0**0.5
"""Length of a column's weighted sparse features in one row."""


@dataclass(frozen=True)
class SparseRows:
    """A matrix ``[row, feature]`` that is mostly zero, row after row (CSR).

    Attributes:
        starts: int64 ``[row + 1]``: where each row begins in the two below.
        features: int32 ``[value]``: the column of each value, ascending within a row.
        values: float32 ``[value]``.
        num_features: Columns.
    """

    starts: np.ndarray
    features: np.ndarray
    values: np.ndarray
    num_features: int

    @classmethod
    def stack(cls, rows: Sequence[tuple[np.ndarray, np.ndarray]], num_features: int) -> SparseRows:
        """Make it from one (columns, values) pair per row."""
        starts = np.zeros(len(rows) + 1, np.int64)
        np.cumsum([len(features) for features, _ in rows], out=starts[1:])
        empty = (np.zeros(0, np.int32), np.zeros(0, np.float32))
        features, values = zip(*rows, strict=True) if rows else ((empty[0],), (empty[1],))
        return cls(
            starts,
            np.concatenate(features).astype(np.int32),
            np.concatenate(values).astype(np.float32),
            num_features,
        )

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def row_of_value(self) -> np.ndarray:
        """int64 ``[value]``: the row of each value."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))

    @classmethod
    def one_under_another(cls, parts: Sequence[SparseRows]) -> SparseRows:
        """Return the rows of all parts, which have the same columns."""
        ends = np.cumsum([0, *(len(part.values) for part in parts)])
        starts = [part.starts[:-1] + end for part, end in zip(parts, ends, strict=False)]
        return cls(
            np.concatenate([*starts, ends[-1:]]).astype(np.int64),
            np.concatenate([part.features for part in parts]),
            np.concatenate([part.values for part in parts]),
            parts[0].num_features,
        )

    def take(self, rows: np.ndarray) -> SparseRows:
        """Return some rows, in the order given."""
        counts = np.diff(self.starts)[rows]
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        places = np.arange(starts[-1]) + np.repeat(self.starts[rows] - starts[:-1], counts)
        return SparseRows(starts, self.features[places], self.values[places], self.num_features)

    def with_values(self, values: np.ndarray) -> SparseRows:
        """Return a copy with other values at the same places."""
        return SparseRows(self.starts, self.features, values, self.num_features)

    def counts(self) -> np.ndarray:
        """Return in how many rows each feature is not zero, int64 ``[feature]``."""
        return np.bincount(self.features[self.values != 0], minlength=self.num_features)

    def norms(self) -> np.ndarray:
        """Return the length of each row, float32 ``[row]``."""
        squares = np.bincount(self.row_of_value, self.values**2, minlength=len(self))
        return np.sqrt(squares).astype(np.float32)

    def dense(self, features: np.ndarray) -> np.ndarray:
        """Return some columns, float32 ``[row, len(features)]``."""
        place = np.full(self.num_features, -1)
        place[features] = np.arange(len(features))
        wanted = place[self.features]
        keep = wanted >= 0
        out = np.zeros((len(self), len(features)), np.float32)
        out[self.row_of_value[keep], wanted[keep]] = self.values[keep]
        return out

    def dot(self, weights: np.ndarray) -> np.ndarray:
        """Return the product with ``[feature, output]``, float32 ``[row, output]``.

        By SciPy where that is installed and the product is large: some times as fast.
        """
        if len(self.values) * weights.shape[1] > LARGE_PRODUCT and find_spec("scipy"):
            return np.asarray(self.to_scipy() @ weights, np.float32)
        out = np.zeros((len(self), weights.shape[1]), np.float32)
        filled = np.flatnonzero(np.diff(self.starts))
        per_row = max(1, len(self.values) // max(len(filled), 1)) * max(1, weights.shape[1])
        step = max(1, MAX_PRODUCTS // per_row)
        for first in range(0, len(filled), step):
            rows = filled[first : first + step]
            low, high = self.starts[rows[0]], self.starts[rows[-1] + 1]
            products = weights[self.features[low:high]] * self.values[low:high, None]
            out[rows] = np.add.reduceat(products, self.starts[rows] - low, axis=0)
        return out

    def to_scipy(self) -> Any:
        """Return it as ``scipy.sparse.csr_matrix`` (SciPy must be installed)."""
        from scipy.sparse import csr_matrix

        parts = (self.values, self.features, self.starts)
        return csr_matrix(parts, shape=(len(self), self.num_features))


def join_columns(blocks: Sequence[SparseRows], num_rows: int) -> SparseRows:
    """Return blocks of the same rows side by side."""
    offsets = np.cumsum([0, *(block.num_features for block in blocks)])
    if not blocks:
        return SparseRows(
            np.zeros(num_rows + 1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32), 0
        )
    rows = np.concatenate([block.row_of_value for block in blocks])
    features = np.concatenate(
        [block.features + offset for block, offset in zip(blocks, offsets[:-1], strict=True)]
    )
    order = np.argsort(rows, kind="stable")
    starts = np.sum([block.starts for block in blocks], axis=0)
    values = np.concatenate([block.values for block in blocks])
    return SparseRows(starts, features[order].astype(np.int32), values[order], int(offsets[-1]))


def side_by_side(dense: np.ndarray, sparse: SparseRows) -> Any:
    """Return dense and sparse features of the same rows as one SciPy CSR matrix."""
    from scipy.sparse import csr_matrix, hstack

    return hstack([csr_matrix(dense), sparse.to_scipy()], format="csr")
