"""Fits what evidence tells of each column: by products of all rows, or with a few landmarks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from plait.baselines.costs import multiply_seconds
from plait.baselines.landmarks import SPARSE_STEP
from plait.baselines.left_out import (
    Spectrum,
    blocks_of,
    centred_gram,
    feature_chunks,
    fit_left_out,
    parts_in_span,
    parts_left_out,
)
from plait.baselines.sparse import SparseRows
from plait.display import brief

NUM_COMPONENTS = 128

MAX_EXACT = 1500
"""More rows are fitted in the span of landmarks."""

NUM_LANDMARKS, MAX_PRODUCTS = 1000, 250_000_000
"""Landmarks of a fit, and products of rows with them, of all columns, that are held in memory."""

BLOCK = 128
"""Landmarks whose sparse features are spread out at a time."""

LEAST_VALUE = 1e-6
"""Directions of less than this share of the longest are rounding."""

Table = tuple[np.ndarray, SparseRows]
"""Dense and sparse features of a column's rows."""


@brief
@dataclass(frozen=True)
class Maps:
    """Linear maps from one column's simple features.

    Attributes:
        features: int64 ``[seen]``: the sparse features that occurred.
        dense, sparse: float16 ``[feature, number]``: to components, own scores, parts of joint
            scores, side by side.
        shift: float32 ``[number]``: taken from the result.
        num_components: How many of the numbers are components.
    """

    features: np.ndarray
    dense: np.ndarray
    sparse: np.ndarray
    shift: np.ndarray
    num_components: int

    def apply(self, dense: np.ndarray, sparse: SparseRows) -> np.ndarray:
        """Return float32 ``[row, number]``."""
        found = dense @ self.dense.astype(np.float32) - self.shift
        if len(self.features):
            place = np.zeros(sparse.num_features, np.int32)  # what never occurred weighs 0
            place[self.features] = np.arange(len(self.features))
            seen = SparseRows(
                sparse.starts, place[sparse.features], sparse.values, len(self.features)
            )
            found = found + seen.dot(self.sparse.astype(np.float32))
        return np.asarray(found, np.float32)


@dataclass(frozen=True)
class ColumnFit:
    """What is learned of a column.

    Attributes:
        maps: From its features to components and scores.
        left_out: float64 ``[row, score]``: scores of each row by a fit without its group.
    """

    maps: Maps
    left_out: np.ndarray


def fit_columns(
    tables: Mapping[str, Table],
    targets: np.ndarray,
    groups: np.ndarray,
    *,
    seed: int,
    most: int = NUM_COMPONENTS,
) -> dict[str, ColumnFit]:
    """Fit each column by itself, and all together.

    Args:
        tables: Column name -> its features.
        targets: float64 ``[row, output]`` of mean 0.
        groups: int ``[row]``: rows of one number are left out together.
        seed: Of the choice of landmarks, where rows are many.
        most: Components of a column, at most.
    """
    blocks = blocks_of(groups)
    if len(targets) <= MAX_EXACT:
        return _fit_exactly(tables, targets, blocks, most)
    landmarks = _landmarks(len(targets), len(tables), seed)
    return _fit_in_span(tables, targets, blocks, landmarks, most)


def span_seconds(num_rows: int, num_columns: int, dense: float, sparse: float) -> float:
    """Return about how long a fit takes beyond making the features, where it is in a span.

    Args:
        num_rows, num_columns: Of the tables.
        dense, sparse: Features of a row in all columns: those always there, and those not zero.
    """
    if num_rows <= MAX_EXACT:
        return 0.0
    num = len(_landmarks(num_rows, num_columns, 0))
    products = num_rows * num * (dense + SPARSE_STEP * sparse)
    solved = (num_columns + 1) * (3 * num_rows * num**2 + 12 * num**3)
    return (products + solved) * multiply_seconds()


def _landmarks(num_rows: int, num_columns: int, seed: int) -> np.ndarray:
    num = min(NUM_LANDMARKS, num_rows, MAX_PRODUCTS // (num_rows * num_columns))
    return np.sort(np.random.default_rng([seed, num_rows]).permutation(num_rows)[: max(num, 1)])


def _fit_exactly(
    tables: Mapping[str, Table], targets: np.ndarray, blocks: Sequence[np.ndarray], most: int
) -> dict[str, ColumnFit]:
    """Fit by kernel ridge regression on the products of all pairs of rows."""
    grams = [centred_gram(*table) for table in tables.values()]
    whole = Spectrum.of(np.sum(grams, axis=0))
    joint = fit_left_out(whole, targets, blocks)
    parts = parts_left_out(grams, whole, joint, blocks)
    unit = _unit(joint.left_out)
    found = {}
    for (name, table), gram, part in zip(tables.items(), grams, parts, strict=True):
        spectrum = Spectrum.of(gram)
        own = fit_left_out(spectrum, targets, blocks)
        own_unit, components = _unit(own.left_out), _components(spectrum, most)
        dual = np.concatenate([components, own.dual * own_unit, joint.dual * unit], axis=1)
        maps = _maps(table, table, dual - dual.mean(axis=0), components.shape[1])
        scores = np.concatenate([own.left_out * own_unit, part * unit], axis=1)
        found[name] = ColumnFit(maps, scores)
    return found


def _fit_in_span(
    tables: Mapping[str, Table],
    targets: np.ndarray,
    blocks: Sequence[np.ndarray],
    landmarks: np.ndarray,
    most: int,
) -> dict[str, ColumnFit]:
    """Fit all rows in the span of a few.

    That is subset of regressors (Rasmussen and Williams 2006, "Gaussian Processes for Machine
    Learning", section 8.3.1): kernel ridge regression with ``K(x, L) K(L, L)^-1 K(L, x)`` in place
    of ``K(x, x)``. With ``K(L, L) = V D V^T`` rows have features ``K(x, L) V D^-1/2``, whose parts
    by column add up.
    """
    products = {name: _products(table, landmarks) for name, table in tables.items()}
    turn = _turn(np.sum([one[landmarks] for one in products.values()], axis=0))
    spans = [_centred(one @ turn) for one in products.values()]
    whole = np.sum(spans, axis=0)
    spectrum = Spectrum.of_features(whole)
    joint = fit_left_out(spectrum, targets, blocks)
    parts = parts_in_span(spans, whole, spectrum, joint, blocks)
    unit = _unit(joint.left_out)
    over_all = turn @ (whole.T @ joint.dual) * unit
    del spans, whole, spectrum
    found = {}
    for (name, table), part in zip(tables.items(), parts, strict=True):
        turn = _turn(products[name][landmarks])
        features = _centred(products.pop(name) @ turn)
        spectrum = Spectrum.of_features(features)
        own = fit_left_out(spectrum, targets, blocks)
        own_unit, components = _unit(own.left_out), _components(spectrum, most)
        alone = np.concatenate([components, own.dual * own_unit], axis=1)
        over = np.concatenate([turn @ (features.T @ alone), over_all], axis=1)
        dense, sparse = table
        few = dense[landmarks], sparse.take(landmarks)
        scores = np.concatenate([own.left_out * own_unit, part * unit], axis=1)
        found[name] = ColumnFit(_maps(few, table, over, components.shape[1]), scores)
    return found


def _products(table: Table, landmarks: np.ndarray) -> np.ndarray:
    """Return a column's products of all rows with the landmarks, float32 ``[row, landmark]``."""
    dense, sparse = table
    found = dense @ dense[landmarks].T
    few = sparse.take(landmarks)
    for first in range(0, len(landmarks), BLOCK) if len(sparse.values) else ():
        part = few.take(np.arange(first, min(first + BLOCK, len(landmarks))))
        features = np.flatnonzero(part.counts())
        spread = np.zeros((sparse.num_features, len(part)), np.float32)
        spread[features] = part.dense(features).T
        found[:, first : first + BLOCK] += sparse.dot(spread)
    return found


def _turn(products: np.ndarray) -> np.ndarray:
    """Return ``V D^-1/2`` of ``V D V^T``, the landmarks' products, float32."""
    values, vectors = np.linalg.eigh(products.astype(np.float64))
    keep = values > LEAST_VALUE * max(float(values.max(initial=0.0)), 1e-12)
    return np.asarray(vectors[:, keep] / np.sqrt(values[keep]), np.float32)


def _centred(features: np.ndarray) -> np.ndarray:
    features -= features.mean(axis=0)
    return features


def _unit(scores: np.ndarray) -> float:
    return 1 / max(float(scores.std()), 1e-6)


def _components(spectrum: Spectrum, most: int) -> np.ndarray:
    """Return the dual of kernel principal components, float64 ``[row, component]``.

    ``q_j l_j^-3/4``: of variance ``l_j^1/2 / rows``, then scaled to 1 in the mean.
    """
    values, vectors = spectrum.values[:most], spectrum.vectors[:, :most]
    mean = float(np.sqrt(values).mean()) / max(len(vectors), 1) if len(values) else 1.0
    return np.asarray(vectors * values**-0.75 / max(mean, 1e-12) ** 0.5)


def _maps(some: Table, every: Table, dual: np.ndarray, num_components: int) -> Maps:
    """Return the maps whose result for a row x is ``K(x, .) dual``, less its mean over all rows.

    Args:
        some: Features of the rows that `dual` weighs.
        every: Those of all rows.
        dual: ``[row of some, number]``.
        num_components: How many of the numbers are components.
    """
    (dense, sparse), dual = some, dual.astype(np.float32)
    of_dense = (dense.T @ dual).astype(np.float16)
    shift = every[0].mean(axis=0) @ of_dense.astype(np.float32)
    chunks = feature_chunks(sparse)
    of_sparse = np.zeros((0, dual.shape[1]), np.float16)
    features = np.concatenate(chunks) if chunks else np.zeros(0, np.int64)
    if chunks:
        of_sparse = np.concatenate(
            [(sparse.dense(chunk).T @ dual).astype(np.float16) for chunk in chunks]
        )
        means = _means(every[1])[features].astype(np.float32)
        shift = shift + means @ of_sparse.astype(np.float32)
    return Maps(features, of_dense, of_sparse, shift.astype(np.float32), num_components)


def _means(sparse: SparseRows) -> np.ndarray:
    """Return the mean of each feature, float64 ``[feature]``."""
    total = np.bincount(sparse.features, sparse.values, minlength=sparse.num_features)
    return np.asarray(total / max(len(sparse), 1))
