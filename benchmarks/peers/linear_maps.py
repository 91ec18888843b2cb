"""Closed-form peers of a shared space: ridge maps and regularised CCA between two columns."""

from __future__ import annotations

import numpy as np

from plait.retrieval import mean_reciprocal_rank

STRENGTHS = (0.1, 1.0, 10.0, 100.0, 1000.0)
MAX_DIM = 512


def ridge_scores(
    train: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray], seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Map the first input column onto the second by ridge regression.

    Args:
        train: Features ``[row, feature]`` of both input columns.
        test: The same of test rows.
        seed: Of the fifth of the training rows by which the strength is chosen.

    Returns:
        Unit vectors of test queries and of test items.
    """
    x, y, queries, items = _standardised(train, test)

    def fitted(rows: np.ndarray, strength: float) -> np.ndarray:
        gram = x[rows].T @ x[rows] + strength * np.eye(x.shape[1])
        return np.linalg.solve(gram, x[rows].T @ y[rows])

    learn, judge = _halves(len(x), seed)
    best = max(
        STRENGTHS,
        key=lambda s: mean_reciprocal_rank(_unit(x[judge] @ fitted(learn, s)), _unit(y[judge])),
    )
    return _unit(queries @ fitted(np.arange(len(x)), best)), _unit(items)


def cca_scores(
    train: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray], seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Project both input columns by canonical correlation analysis with ridge-regularised
    covariances.

    Directions are weighted by their correlation (Gong et al. 2014). Arguments and result as for
    `ridge_scores`.
    """
    x, y, queries, items = _standardised(train, test)

    def fitted(rows: np.ndarray, strength: float) -> tuple[np.ndarray, np.ndarray]:
        left, right = _whitener(x[rows], strength), _whitener(y[rows], strength)
        u, s, v = np.linalg.svd(left.T @ (x[rows].T @ y[rows]) @ right, full_matrices=False)
        num = min(MAX_DIM, len(s))
        return left @ u[:, :num] * s[:num], right @ v[:num].T * s[:num]

    def mrr(strength: float) -> float:
        a, b = fitted(learn, strength)
        return mean_reciprocal_rank(_unit(x[judge] @ a), _unit(y[judge] @ b))

    learn, judge = _halves(len(x), seed)
    a, b = fitted(np.arange(len(x)), max(STRENGTHS, key=mrr))
    return _unit(queries @ a), _unit(items @ b)


def _standardised(
    train: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray]
) -> list[np.ndarray]:
    means = [part.mean(0) for part in train]
    spreads = [part.std(0) for part in train]
    kept = [spread > 1e-6 for spread in spreads]
    return [
        ((part - mean) / np.where(spread > 1e-6, spread, 1.0))[:, alive].astype(np.float64)
        for part, mean, spread, alive in zip(
            [*train, *test], means * 2, spreads * 2, kept * 2, strict=True
        )
    ]


def _whitener(x: np.ndarray, strength: float) -> np.ndarray:
    values, vectors = np.linalg.eigh(x.T @ x + strength * np.eye(x.shape[1]))
    return vectors * values**-0.5


def _halves(num: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    order = np.random.default_rng(seed).permutation(num)
    return order[num // 5 :], order[: num // 5]


def _unit(x: np.ndarray) -> np.ndarray:
    return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
