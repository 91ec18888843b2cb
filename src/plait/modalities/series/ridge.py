"""Ridge regression in closed form, solved for many penalties at the cost of one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Linear:
    """A linear map: ``(x - centre) @ weights + bias``.

    Attributes:
        weights: float32 ``[feature, output]``.
        bias: float32 ``[output]``.
        centre: float32 ``[feature]``.
    """

    weights: np.ndarray
    bias: np.ndarray
    centre: np.ndarray

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return float ``[row, output]`` of ``[row, feature]``."""
        found: np.ndarray = (x - self.centre) @ self.weights + self.bias
        return found


class Ridge:
    """Rows and what they are to give, decomposed by features or by rows, whichever are fewer.

    ``W = V (S + p n v)^-1 V^T X^T Y`` with the eigenvectors V and eigenvalues S of ``X^T X``, n
    rows, v the mean square of a feature, and the penalty p (Hoerl and Kennard 1970).

    Args:
        x: ``[row, feature]``.
        y: ``[row, output]``.
    """

    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        self._centre, self._bias = x.mean(axis=0), y.mean(axis=0)
        self._x, y = x - self._centre, y - self._bias
        self._unit = len(x) * max(float((self._x**2).mean()), 1e-12)
        self._by_rows = x.shape[1] > len(x)
        gram = self._x @ self._x.T if self._by_rows else self._x.T @ self._x
        self._values, self._vectors = np.linalg.eigh(gram.astype(np.float64))
        self._told = self._vectors.T @ (y if self._by_rows else self._x.T @ y)

    def solved(self, penalty: float) -> Linear:
        """Return the map of a penalty, per row, for features of spread 1."""
        shrunk = self._told / (np.maximum(self._values, 0.0) + penalty * self._unit)[:, None]
        weights = self._vectors @ shrunk
        if self._by_rows:
            weights = self._x.T @ weights
        arrays = (weights, self._bias, self._centre)
        return Linear(*(np.asarray(one, np.float32) for one in arrays))
