"""Feature matrices of rows for base models: linear (dense, sparse), trees (raw) and neighbours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from plait.baselines.extract import HasColumns, RawColumn
from plait.baselines.lazy_columns import LazyColumns
from plait.baselines.sketch import sketch_dense, sketch_sparse
from plait.baselines.sparse import SPARSE_NORM, SparseRows, join_columns

if TYPE_CHECKING:
    from plait.baselines.features import FeatureMap

MAX_NEIGHBOUR_FEATURES = 1024
MAX_COMPACT_FEATURES = 256
PART_ROWS = 16_384


class FeatureMatrices:
    """The features of some rows, each matrix computed when first asked for.

    Args:
        features: The fitted map.
        prepared: Where the values are.
        rows: Row numbers.
        raw: Column name -> features, where they are known already.
        groups: int ``[row]``: rows of one number never lie on both sides of an inner fold; None
            where every row is a group of its own.
        weights: float32 ``[row]``: how much each row counts; None where all count the same.
    """

    def __init__(
        self,
        features: FeatureMap,
        prepared: HasColumns,
        rows: np.ndarray,
        *,
        raw: Mapping[str, RawColumn] | None = None,
        groups: np.ndarray | None = None,
        weights: np.ndarray | None = None,
    ) -> None:
        self.features, self.prepared, self.rows = features, prepared, rows
        self.groups, self.weights = groups, weights
        if raw is not None:
            self.raw = raw

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def units(self) -> np.ndarray:
        """int ``[row]``: the groups, or a number for each row where every row is its own."""
        return np.arange(len(self)) if self.groups is None else self.groups

    @property
    def weights_or_ones(self) -> np.ndarray:
        """float32 ``[row]``: the weights, or ones where all rows count the same."""
        return np.ones(len(self), np.float32) if self.weights is None else self.weights

    @cached_property
    def raw(self) -> Mapping[str, RawColumn]:
        """Column name -> features as the codec gives them, each made when first asked for."""
        return self.features.raw(self.prepared, self.rows)

    @cached_property
    def dense(self) -> np.ndarray:
        """Standardised features, float32 ``[row, feature]``; 0 where missing."""
        return np.concatenate(
            [scale.dense(self.raw[name]) for name, scale in self.features.scales.items()], axis=1
        )

    @cached_property
    def sparse(self) -> SparseRows:
        """tf-idf weighted features of all columns, ``[row, feature]``, perhaps of width 0."""
        blocks = [scale.sparse(self.raw[name]) for name, scale in self.features.scales.items()]
        return join_columns(blocks, len(self))

    @cached_property
    def neighbours(self) -> np.ndarray:
        """Points whose Euclidean distances mean something, float32 ``[row, feature]``.

        Every table column weighs the same. Sparse features, and dense ones beyond 1024, are
        projected at random (keeping distances).
        """
        return self.points(MAX_NEIGHBOUR_FEATURES)

    @cached_property
    def compact(self) -> np.ndarray:
        """`neighbours` in few numbers, float32 ``[row, feature]``: dense and sparse features beyond
        `MAX_COMPACT_FEATURES` each are projected to so many."""
        weights = [scale.neighbour_weights() for scale in self.features.scales.values()]
        dense = self.dense * np.concatenate(weights)
        if dense.shape[1] > MAX_COMPACT_FEATURES:
            dense = sketch_dense(dense, MAX_COMPACT_FEATURES)
        if not self.sparse.num_features:
            return dense.astype(np.float32)
        sparse = sketch_sparse(self.sparse, MAX_COMPACT_FEATURES) / SPARSE_NORM
        return np.concatenate([dense, sparse], axis=1).astype(np.float32)

    def points(self, max_dense: int) -> np.ndarray:
        """Return `neighbours` with dense features projected only beyond `max_dense`."""
        weights = [scale.neighbour_weights() for scale in self.features.scales.values()]
        dense = self.dense * np.concatenate(weights)
        if dense.shape[1] > max_dense:
            dense = sketch_dense(dense, max_dense)
        if not self.sparse.num_features:
            return dense
        return np.concatenate([dense, sketch_sparse(self.sparse) / SPARSE_NORM], axis=1)

    @cached_property
    def tree(self) -> np.ndarray:
        """Raw dense features and category numbers, float32 ``[row, feature]``; NaN if missing."""
        blocks = [_tree_block(self.raw[name]) for name in self.features.scales]
        return np.concatenate(blocks, axis=1)

    @property
    def tree_columns(self) -> np.ndarray:
        """int64 ``[feature]``: the table column that each feature of `tree` belongs to."""
        widths = [_tree_width(self.raw[name]) for name in self.features.scales]
        return np.repeat(np.arange(len(widths)), widths)

    @property
    def categorical(self) -> list[int]:
        """Features of `tree` that are category numbers."""
        is_code = np.array([self.raw[n].codes is not None for n in self.features.scales], bool)
        return [int(i) for i in np.flatnonzero(is_code[self.tree_columns])]

    @cached_property
    def tree_sparse(self) -> SparseRows:
        """Raw sparse features of columns that are not category numbers, ``[row, feature]``."""
        blocks = [self.raw[n].sparse for n in self.features.scales if self.raw[n].codes is None]
        return join_columns(blocks, len(self))

    @property
    def tree_sparse_columns(self) -> np.ndarray:
        """int64 ``[feature]``: the table column of each feature of `tree_sparse`."""
        raws = [self.raw[name] for name in self.features.scales]
        widths = [raw.sparse.num_features if raw.codes is None else 0 for raw in raws]
        return np.repeat(np.arange(len(widths)), widths)

    def only(self, columns: Sequence[str]) -> FeatureMatrices:
        """Return the same rows as seen by some of the columns."""
        raw = {name: self.raw[name] for name in columns}
        kept = self.features.only(columns)
        return FeatureMatrices(kept, self.prepared, self.rows, raw=raw, **self._told())

    def hide(self, columns: Sequence[str]) -> FeatureMatrices:
        """Return the same rows with some of the columns missing in each."""
        raw = {n: c.emptied() if n in columns else c for n, c in self.raw.items()}
        return FeatureMatrices(self.features, self.prepared, self.rows, raw=raw, **self._told())

    def take(self, places: np.ndarray) -> FeatureMatrices:
        """Return some of the rows, by their places here."""
        rows, raw = self.rows[places], self.raw
        some: Mapping[str, RawColumn]
        if isinstance(raw, LazyColumns):
            some = raw.take(places, self.features.maker(self.prepared, rows))
        else:
            some = {name: column.take(places) for name, column in raw.items()}
        told = {name: None if one is None else one[places] for name, one in self._told().items()}
        return FeatureMatrices(self.features, self.prepared, rows, raw=some, **told)

    def grouped(self, groups: np.ndarray) -> FeatureMatrices:
        """Return the same rows with what belongs together, int ``[row]``."""
        told = self._told() | {"groups": groups}
        return FeatureMatrices(self.features, self.prepared, self.rows, raw=self.raw, **told)

    def weighted(self, weights: np.ndarray | None) -> FeatureMatrices:
        """Return the same rows with how much each counts, float32 ``[row]``; None for the same."""
        told = self._told() | {"weights": weights}
        return FeatureMatrices(self.features, self.prepared, self.rows, raw=self.raw, **told)

    def _told(self) -> dict[str, np.ndarray | None]:
        """Return what is known of the rows beside their features."""
        return {"groups": self.groups, "weights": self.weights}

    def parts(self, size: int = PART_ROWS) -> Iterator[FeatureMatrices]:
        """Give the rows in pieces, so that millions need little memory."""
        if len(self) <= size:
            yield self
            return
        raw = self.__dict__.get("raw")
        known = raw.complete if isinstance(raw, LazyColumns) else raw is not None
        for first in range(0, len(self), size):
            places = np.arange(first, min(first + size, len(self)))
            yield (
                self.take(places)
                if known
                else FeatureMatrices(self.features, self.prepared, self.rows[places])
            )


def in_parts(
    matrices: FeatureMatrices, outputs: Callable[[FeatureMatrices], np.ndarray]
) -> np.ndarray:
    """Compute outputs piece by piece; float32 ``[row, output]``."""
    return np.concatenate([outputs(part) for part in matrices.parts()]).astype(np.float32)


def _tree_width(raw: RawColumn) -> int:
    return 1 if raw.codes is not None else raw.dense.shape[1]


def _tree_block(raw: RawColumn) -> np.ndarray:
    if raw.codes is not None:
        return raw.codes[:, None]
    return np.where(raw.present[:, None], raw.dense, np.float32(np.nan))
