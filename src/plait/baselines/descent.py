"""Penalised linear models by L-BFGS: softmax, sigmoid or squared loss."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from plait.baselines.contract import is_late
from plait.baselines.sparse import SparseRows
from plait.errors import TargetError
from plait.modalities.forms import CLASSES, LABELS, NUMBER, OutputForm

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


class Loss(Protocol):
    """What a linear model of one form of outputs minimises, and how scores become outputs."""

    def link(self, scores: np.ndarray) -> np.ndarray:
        """Turn scores ``[row, output]`` into outputs."""

    def start(self, mean: np.ndarray) -> np.ndarray:
        """Return biases that give the mean of the targets, ``[output]``."""

    def loss_and_slope(
        self, scores: np.ndarray, targets: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the loss of each row, and its derivative by the scores."""


class Softmax:
    """Cross-entropy of classes, whose probabilities sum to 1."""

    def link(self, scores: np.ndarray) -> np.ndarray:
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def start(self, mean: np.ndarray) -> np.ndarray:
        return np.asarray(np.log(np.clip(mean, 1e-4, 1 - 1e-4)))

    def loss_and_slope(
        self, scores: np.ndarray, targets: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        top = scores.max(axis=1, keepdims=True)
        powers = np.exp(scores - top)
        total = powers.sum(axis=1, keepdims=True)
        cost = np.log(total[:, 0]) + top[:, 0] - (scores * targets).sum(axis=1)
        return cost, powers / total - targets


class Sigmoid:
    """Binary cross-entropy of labels, each a yes or no of its own."""

    def link(self, scores: np.ndarray) -> np.ndarray:
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(scores, -30, 30))))

    def start(self, mean: np.ndarray) -> np.ndarray:
        rate = np.clip(mean, 1e-4, 1 - 1e-4)
        return np.asarray(np.log(rate / (1 - rate)))

    def loss_and_slope(
        self, scores: np.ndarray, targets: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        cost = (np.logaddexp(0.0, scores, dtype=np.float32) - targets * scores).sum(axis=1)
        return cost, self.link(scores) - targets


class Squares:
    """Half the squared error of standardised numbers."""

    def link(self, scores: np.ndarray) -> np.ndarray:
        return scores

    def start(self, mean: np.ndarray) -> np.ndarray:
        return mean

    def loss_and_slope(
        self, scores: np.ndarray, targets: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        slope = scores - targets
        return 0.5 * (slope.astype(np.float64) ** 2).sum(axis=1), slope


LOSSES: dict[str, Loss] = {CLASSES.name: Softmax(), LABELS.name: Sigmoid(), NUMBER.name: Squares()}
"""Name of a form of outputs -> its loss."""


def loss_of(form: OutputForm) -> Loss:
    """Return the loss of a form of outputs. Raises `TargetError` for one that has none here."""
    if form.name not in LOSSES:
        raise TargetError(
            "a linear model cannot learn this target",
            expected="a target of " + " or ".join(LOSSES),
            received=form.name,
        )
    return LOSSES[form.name]


def link(scores: np.ndarray, form: OutputForm) -> np.ndarray:
    """Turn scores into probabilities (classes sum to 1), or leave numbers as they are."""
    return loss_of(form).link(scores)


class LinearProblem:
    """Rows to fit; solved for several strengths, each starting from the last solution.

    The loss is that of scikit-learn's `LogisticRegression`: the sum over rows of the loss plus
    ``|w|^2 / (2 C)``, biases free.

    Args:
        dense: float32 ``[row, feature]``.
        sparse: ``[row, feature]``, perhaps of width 0.
        targets: float32 ``[row, output]``: one-hot, 0/1, or standardised numbers.
        form: Of the outputs.
        weights: float32 ``[row]`` of mean 1: how much a row's loss counts; None for the same.
    """

    def __init__(
        self,
        dense: np.ndarray,
        sparse: SparseRows,
        targets: np.ndarray,
        form: OutputForm,
        weights: np.ndarray | None = None,
    ) -> None:
        self._row_weights = weights
        self._dense, self._targets = np.ascontiguousarray(dense), targets
        self._of_form = loss_of(form)
        self._thin = sparse.to_scipy() if sparse.num_features else None
        self._thin_turned = None if self._thin is None else self._thin.T.tocsr()
        shape = dense.shape[1] + sparse.num_features + 1, targets.shape[1]
        self._flat = np.zeros(shape).ravel()
        self._shape = shape
        mean = np.average(targets, axis=0, weights=weights)
        self._flat[-shape[1] :] = self._of_form.start(mean)

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

    def _summed(self, scores: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the loss summed over rows, by their weights, and its derivative by the scores."""
        cost, slope = self._of_form.loss_and_slope(scores, self._targets)
        if self._row_weights is not None:
            cost, slope = cost * self._row_weights, slope * self._row_weights[:, None]
        return float(cost.sum(dtype=np.float64)), slope

    def _loss(self, strength: float) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
        num = len(self._targets)

        def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
            weights = self._weights(flat)
            scores = self._dense @ weights.dense + weights.bias
            if self._thin is not None:
                scores += self._thin @ weights.sparse
            value, slope = self._summed(scores)
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


def strengths_path(
    problem: LinearProblem, strengths: Sequence[float], deadline: float | None
) -> list[tuple[float, Weights]]:
    """Solve for ascending strengths until late; always at least the first."""
    found: list[tuple[float, Weights]] = []
    for strength in strengths:
        if found and is_late(deadline):
            break
        found.append((strength, problem.solve(strength, deadline)))
    return found
