"""Penalised linear models by L-BFGS: softmax, sigmoid or squared loss."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from plait.baselines.contract import is_late
from plait.baselines.sparse import SparseRows

MAX_STEPS = 100


@dataclass
class Weights:
    """A linear model.

    Attributes:
        dense, sparse: float32 ``[feature, output]``.
        bias: float32 ``[output]``.
    """

    dense: np.ndarray
    sparse: np.ndarray
    bias: np.ndarray

    def scaled(self, factor: float) -> Weights:
        """Return weights whose scores are `factor` times these."""
        scale = np.float32(factor)
        return Weights(self.dense * scale, self.sparse * scale, self.bias * scale)

    def scores(self, dense: np.ndarray, sparse: SparseRows) -> np.ndarray:
        """Return scores before the link, float32 ``[row, output]``."""
        found = dense @ self.dense + self.bias
        return found + sparse.dot(self.sparse) if len(self.sparse) else found


def link(scores: np.ndarray, task: str) -> np.ndarray:
    """Turn scores into probabilities (classes sum to 1), or leave numbers as they are."""
    if task == "regress":
        return scores
    if task == "tag":
        return 1.0 / (1.0 + np.exp(-np.clip(scores, -30, 30)))
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


class Problem:
    """Rows to fit; solved for several strengths, each starting from the last solution.

    The loss is that of scikit-learn's `LogisticRegression`: the sum over rows of the loss plus
    ``|w|^2 / (2 C)``, biases free.

    Args:
        dense: float32 ``[row, feature]``.
        sparse: ``[row, feature]``, perhaps of width 0.
        targets: float32 ``[row, output]``: one-hot, 0/1, or standardised numbers.
        task: ``classify``, ``tag`` or ``regress``.
        weights: float32 ``[row]`` of mean 1: how much a row's loss counts; None for the same.
    """

    def __init__(
        self,
        dense: np.ndarray,
        sparse: SparseRows,
        targets: np.ndarray,
        task: str,
        weights: np.ndarray | None = None,
    ) -> None:
        self._row_weights = weights
        self._dense, self._targets, self._task = np.ascontiguousarray(dense), targets, task
        self._thin = sparse.to_scipy() if sparse.num_features else None
        self._thin_turned = None if self._thin is None else self._thin.T.tocsr()
        shape = dense.shape[1] + sparse.num_features + 1, targets.shape[1]
        self._flat = np.zeros(shape).ravel()
        self._shape = shape
        mean = np.average(targets, axis=0, weights=weights)
        rate = np.clip(mean, 1e-4, 1 - 1e-4)
        start = {"classify": np.log(rate), "tag": np.log(rate / (1 - rate))}
        self._flat[-shape[1] :] = start.get(task, mean)

    def start_from(self, weights: Weights) -> None:
        """Begin the next solution at known weights."""
        table = np.concatenate([weights.dense, weights.sparse, weights.bias[None]])
        self._flat = table.astype(np.float64).ravel()

    def step_seconds(self) -> float:
        """Return how long a step takes: the loss and its derivative, once."""
        began = time.monotonic()
        self._loss(1.0)(self._flat)
        return time.monotonic() - began

    def solve(
        self, strength: float, deadline: float | None = None, max_steps: int = MAX_STEPS
    ) -> Weights:
        """Minimise for ``C = strength``; late, it stops after the step it is in."""
        from scipy.optimize import minimize

        def stop_when_late(_: np.ndarray) -> None:
            if is_late(deadline):
                raise StopIteration

        found = minimize(
            self._loss(strength),
            self._flat,
            jac=True,
            method="L-BFGS-B",
            callback=stop_when_late,
            options={"maxiter": max_steps, "ftol": 1e-7, "gtol": 1e-6, "maxcor": 10},
        )
        self._flat = found.x
        return self._weights(found.x)

    def _weights(self, flat: np.ndarray) -> Weights:
        table = flat.reshape(self._shape).astype(np.float32)
        num_dense = self._dense.shape[1]
        return Weights(table[:num_dense], table[num_dense:-1], table[-1])

    def _loss(self, strength: float) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
        num = len(self._targets)

        def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
            weights = self._weights(flat)
            scores = self._dense @ weights.dense + weights.bias
            if self._thin is not None:
                scores += self._thin @ weights.sparse
            value, slope = _loss_and_slope(scores, self._targets, self._task, self._row_weights)
            gradient = np.empty(self._shape)
            num_dense = self._dense.shape[1]
            gradient[:num_dense] = self._dense.T @ slope
            if self._thin_turned is not None:
                gradient[num_dense:-1] = self._thin_turned @ slope
            gradient[-1] = slope.sum(axis=0, dtype=np.float64)
            inner = flat[: -self._shape[1]]
            gradient.ravel()[: len(inner)] += inner / strength
            value += float(inner @ inner) / (2 * strength)
            return value / num, gradient.ravel() / num

        return loss


def _loss_and_slope(
    scores: np.ndarray, targets: np.ndarray, task: str, weights: np.ndarray | None
) -> tuple[float, np.ndarray]:
    """Return the loss summed over rows, by their weights, and its derivative by the scores."""
    if task == "regress":
        slope = scores - targets
        cost = 0.5 * (slope.astype(np.float64) ** 2).sum(axis=1)
    elif task == "tag":
        cost = (np.logaddexp(0.0, scores, dtype=np.float32) - targets * scores).sum(axis=1)
        slope = link(scores, task) - targets
    else:
        top = scores.max(axis=1, keepdims=True)
        powers = np.exp(scores - top)
        total = powers.sum(axis=1, keepdims=True)
        cost = np.log(total[:, 0]) + top[:, 0] - (scores * targets).sum(axis=1)
        slope = powers / total - targets
    if weights is not None:
        cost, slope = cost * weights, slope * weights[:, None]
    return float(cost.sum(dtype=np.float64)), slope


def strengths_path(
    problem: Problem, strengths: Sequence[float], deadline: float | None
) -> list[tuple[float, Weights]]:
    """Solve for ascending strengths until late; always at least the first."""
    found: list[tuple[float, Weights]] = []
    for strength in strengths:
        if found and is_late(deadline):
            break
        found.append((strength, problem.solve(strength, deadline)))
    return found
