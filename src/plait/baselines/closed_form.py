"""Ridge regression in closed form, with every row predicted without its own group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from plait.baselines.sparse import SparseRows

RELATIVE_ALPHAS = np.logspace(-6, 1.5, 16)


@dataclass(frozen=True)
class Ridge:
    """A fit for one strength of the penalty.

    Attributes:
        alpha: The strength.
        dual: float64 ``[row, output]``: weights are ``X^T dual``; sums to 0 over rows.
        left_out: float64 ``[row, output]``: each row predicted without its group, or itself.
    """

    alpha: float
    dual: np.ndarray
    left_out: np.ndarray
    _fit: _Fit = field(repr=False)

    def without(self, folds: np.ndarray) -> np.ndarray:
        """Return each row predicted without all rows of its fold, float64 ``[row, output]``.

        Args:
            folds: int ``[row]``: a number per fold.
        """
        return self._fit.without(_blocks(folds))


@dataclass(frozen=True)
class _Fit:
    """What a fit to all rows leaves, from which any rows can be left out.

    Attributes:
        targets, gaps: ``[row, output]``: what was fitted, and what is left of it.
        vectors: ``[row, direction]``.
        shrink: ``[direction]``.
        share: ``[row]``: each row's weight in that of all.
        root: ``[row, 1]``: roots of the rows' weights.
    """

    targets: np.ndarray
    gaps: np.ndarray
    vectors: np.ndarray
    shrink: np.ndarray
    share: np.ndarray
    root: np.ndarray

    def without(self, blocks: list[np.ndarray]) -> np.ndarray:
        """Return rows predicted without the rest of their block, other rows without themselves."""
        leverage = np.minimum((self.vectors**2) @ self.shrink + self.share, 1 - 1e-9)
        residuals = self.gaps / (1 - leverage)[:, None]
        for rows in blocks:
            gaps = self.root[rows] * self.gaps[rows]
            scaled = _without(self.vectors[rows], self.shrink, self.share[rows], gaps)
            residuals[rows] = scaled / self.root[rows]
        return np.asarray(self.targets - residuals)


def ridge_path(
    dense: np.ndarray,
    sparse: SparseRows,
    targets: np.ndarray,
    groups: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> Iterator[Ridge]:
    """Fit ridge regression for a range of penalties by one decomposition of the Gram matrix.

    With centred features ``K = Q L Q^T``, the fitted values are ``Q (L / (L + a)) Q^T y``, and a
    row's leave-one-out residual is its residual divided by ``1 - h`` (Allen 1974; Rifkin and
    Lippert 2007, "Notes on regularized least squares", section 4). With groups, the residuals of a
    group left out whole are ``(I - H_gg)^-1 r_g``, H_gg being its block of the hat matrix.

    Args:
        dense: float32 ``[row, feature]``.
        sparse: ``[row, feature]``, perhaps of width 0.
        targets: float32 ``[row, output]``.
        groups: int ``[row]``: rows of one number are left out together; None for single rows.
        weights: float32 ``[row]``, above 0, of mean 1: how much a row's squared error counts. The
            problem is then the usual one on rows scaled by the root of their weight.
    """
    num, blocks = len(targets), _blocks(groups)
    heavy = np.ones(num) if weights is None else weights.astype(np.float64)
    root, share = np.sqrt(heavy)[:, None], heavy / heavy.sum()
    centre = share @ targets.astype(np.float64)
    values, vectors = _decompose(dense, sparse, None if weights is None else heavy)
    rotated = vectors.T @ (root * (targets - centre))
    scale = max(float(values.sum()) / max(num - 1, 1), 1e-12)
    for alpha in RELATIVE_ALPHAS * scale:
        shrink = values / (values + alpha)
        gaps = targets - (vectors @ (shrink[:, None] * rotated) / root + centre)
        fit = _Fit(targets, gaps, vectors, shrink, share, root)
        yield Ridge(float(alpha), heavy[:, None] * gaps / alpha, fit.without(blocks), fit)


def _blocks(groups: np.ndarray | None) -> list[np.ndarray]:
    """Return the rows of each group of more than one, unless all rows are one group."""
    if groups is None:
        return []
    _, which, counts = np.unique(groups, return_inverse=True, return_counts=True)
    if len(counts) < 2:
        return []
    order = np.argsort(which, kind="stable")
    parts = np.split(order, np.cumsum(counts)[:-1])
    return [rows for rows in parts if len(rows) > 1]


def _without(
    vectors: np.ndarray, shrink: np.ndarray, share: np.ndarray, residuals: np.ndarray
) -> np.ndarray:
    """Return a group's residuals when none of its rows is learned from, float64 ``[row, output]``.

    Solved in the rows, or for large groups in the directions (Woodbury), whichever are fewer.

    Args:
        vectors: Of the group's rows, float64 ``[row, direction]``.
        shrink: float64 ``[direction]``.
        share: Of the rows' weights in that of all, ``[row]``; without weights 1 / number of rows.
        residuals: Of the fit to all rows, float64 ``[row, output]``.
    """
    num, slack = len(vectors), 1e-9
    hat = np.append(shrink, 1.0)
    table = np.concatenate([vectors, np.sqrt(share)[:, None]], axis=1)
    if num <= table.shape[1]:
        block = np.eye(num) * (1 + slack) - (table * hat) @ table.T
        return np.asarray(np.linalg.solve(block, residuals))
    inner = np.diag((1 + slack) / np.maximum(hat, slack)) - table.T @ table
    return np.asarray(residuals + table @ np.linalg.solve(inner, table.T @ residuals))


def primal(
    dense: np.ndarray,
    sparse: SparseRows,
    ridge: Ridge,
    targets: np.ndarray,
    weights: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return weights ``[feature, output]`` of dense and sparse features, and the bias.

    `weights` are those of the rows, as for `ridge_path`.
    """
    if weights is not None:
        return _weighted_primal(dense, sparse, ridge, targets, weights)
    dual = ridge.dual - ridge.dual.mean(axis=0)
    of_dense = (dense.T @ dual.astype(np.float32)).astype(np.float32)
    of_sparse = np.zeros((0, targets.shape[1]), np.float32)
    bias = targets.mean(axis=0) - dense.mean(axis=0) @ of_dense
    if sparse.num_features:
        table = sparse.to_scipy()
        of_sparse = np.asarray(table.T @ dual, np.float32)
        bias = bias - np.asarray(table.mean(axis=0)).ravel() @ of_sparse
    return of_dense, of_sparse, bias.astype(np.float32)


def _weighted_primal(
    dense: np.ndarray,
    sparse: SparseRows,
    ridge: Ridge,
    targets: np.ndarray,
    weights: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    share = (weights / weights.sum()).astype(np.float64)
    dual = ridge.dual - share[:, None] * ridge.dual.sum(axis=0)
    of_dense = (dense.T @ dual.astype(np.float32)).astype(np.float32)
    of_sparse = np.zeros((0, targets.shape[1]), np.float32)
    bias = share @ targets - (share @ dense) @ of_dense
    if sparse.num_features:
        table = sparse.to_scipy()
        of_sparse = np.asarray(table.T @ dual, np.float32)
        bias = bias - np.asarray(table.T @ share).ravel() @ of_sparse
    return of_dense, of_sparse, bias.astype(np.float32)


def _decompose(
    dense: np.ndarray, sparse: SparseRows, weights: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return eigenvalues and eigenvectors ``[row, direction]`` of the centred Gram matrix.

    With weights, float64 ``[row]``, rows are centred by them and scaled by their root.
    """
    if weights is not None:
        return _decompose_weighted(dense, sparse, weights)
    num_rows, num_features = len(dense), dense.shape[1] + sparse.num_features
    if num_features < num_rows:
        table = dense.astype(np.float64)
        if sparse.num_features:
            table = np.concatenate([table, sparse.to_scipy().toarray()], axis=1)
        table -= table.mean(axis=0)
        values, directions = np.linalg.eigh(table.T @ table)
        keep = values > 1e-9 * max(float(values.max(initial=0.0)), 1e-12)
        return values[keep], table @ directions[:, keep] / np.sqrt(values[keep])
    centred = dense - dense.mean(axis=0)
    gram = (centred @ centred.T).astype(np.float64)
    if sparse.num_features:
        table = sparse.to_scipy()
        more = (table @ table.T).toarray().astype(np.float64)
        means = more.mean(axis=0)
        gram += more - means - means[:, None] + means.mean()
    values, vectors = np.linalg.eigh(gram)
    keep = values > 1e-7 * max(float(values.max(initial=0.0)), 1e-12)
    return values[keep], vectors[:, keep]


def _decompose_weighted(
    dense: np.ndarray, sparse: SparseRows, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    num_rows, num_features = len(dense), dense.shape[1] + sparse.num_features
    root, share = np.sqrt(weights)[:, None], weights / weights.sum()
    if num_features < num_rows:
        table = dense.astype(np.float64)
        if sparse.num_features:
            table = np.concatenate([table, sparse.to_scipy().toarray()], axis=1)
        table = root * (table - share @ table)
        values, directions = np.linalg.eigh(table.T @ table)
        keep = values > 1e-9 * max(float(values.max(initial=0.0)), 1e-12)
        return values[keep], table @ directions[:, keep] / np.sqrt(values[keep])
    gram = dense.astype(np.float64) @ dense.T.astype(np.float64)
    if sparse.num_features:
        table = sparse.to_scipy()
        gram += (table @ table.T).toarray()
    means = gram @ share
    gram = root * (gram - means - means[:, None] + share @ means) * root.T
    values, vectors = np.linalg.eigh(gram)
    keep = values > 1e-7 * max(float(values.max(initial=0.0)), 1e-12)
    return values[keep], vectors[:, keep]
