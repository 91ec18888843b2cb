"""Ridge regression in closed form, with the leave-one-out prediction of every row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from plait.baselines.sparse import SparseRows

RELATIVE_ALPHAS = np.logspace(-6, 1.5, 16)


@dataclass(frozen=True)
class Ridge:
    """A fit for one strength of the penalty.

    Attributes:
        alpha: The strength.
        dual: float64 ``[row, output]``: weights are ``X^T dual``; sums to 0 over rows.
        left_out: float64 ``[row, output]``: each row predicted without itself.
    """

    alpha: float
    dual: np.ndarray
    left_out: np.ndarray


def ridge_path(dense: np.ndarray, sparse: SparseRows, targets: np.ndarray) -> Iterator[Ridge]:
    """Fit ridge regression for a range of penalties by one decomposition of the Gram matrix.

    With centred features ``K = Q L Q^T``, the fitted values are ``Q (L / (L + a)) Q^T y``, and a
    row's leave-one-out residual is its residual divided by ``1 - h`` (Allen 1974; Rifkin and
    Lippert 2007, "Notes on regularized least squares", section 4).

    Args:
        dense: float32 ``[row, feature]``.
        sparse: ``[row, feature]``, perhaps of width 0.
        targets: float32 ``[row, output]``.
    """
    num = len(targets)
    centre = targets.mean(axis=0, dtype=np.float64)
    values, vectors = _decompose(dense, sparse)
    rotated = vectors.T @ (targets - centre)
    scale = max(float(values.sum()) / max(num - 1, 1), 1e-12)
    for alpha in RELATIVE_ALPHAS * scale:
        shrink = values / (values + alpha)
        fitted = vectors @ (shrink[:, None] * rotated) + centre
        leverage = np.minimum((vectors**2) @ shrink + 1.0 / num, 1 - 1e-9)
        left_out = targets - (targets - fitted) / (1 - leverage)[:, None]
        yield Ridge(float(alpha), (targets - fitted) / alpha, left_out)


def primal(
    dense: np.ndarray, sparse: SparseRows, ridge: Ridge, targets: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return weights ``[feature, output]`` of dense and sparse features, and the bias."""
    dual = ridge.dual - ridge.dual.mean(axis=0)
    of_dense = (dense.T @ dual.astype(np.float32)).astype(np.float32)
    of_sparse = np.zeros((0, targets.shape[1]), np.float32)
    bias = targets.mean(axis=0) - dense.mean(axis=0) @ of_dense
    if sparse.num_features:
        table = sparse.to_scipy()
        of_sparse = np.asarray(table.T @ dual, np.float32)
        bias = bias - np.asarray(table.mean(axis=0)).ravel() @ of_sparse
    return of_dense, of_sparse, bias.astype(np.float32)


def _decompose(dense: np.ndarray, sparse: SparseRows) -> tuple[np.ndarray, np.ndarray]:
    """Return eigenvalues and eigenvectors ``[row, direction]`` of the centred Gram matrix."""
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
