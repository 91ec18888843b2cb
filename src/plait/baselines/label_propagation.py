"""Label propagation: targets of few rows flow along a graph of near rows that have none."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from plait.baselines.contract import OF_CLASSES, learnable, read_files, write_files
from plait.baselines.feature_matrices import FeatureMatrices, in_parts
from plait.baselines.labelled_rows import LabelledRows

MAX_POINTS = 4000
NUM_NEIGHBOURS = 10
ALPHA = 0.95
POWERS = np.logspace(-1, 0.8, 19)
FLOOR = 1e-6


class LabelPropagation:
    """Label propagation over nearest neighbours (Zhou et al. 2004, equation 4), for classes.

    ``F = (I - a S)^-1 Y`` with S the symmetrically normalised graph of the 10 nearest rows,
    weighted by a Gaussian of each row's own width (Zelnik-Manor and Perona 2004). Rows of Y count
    by their weights; its columns sum to 1, so that large classes do not swallow small ones. A power
    of F, chosen by the cost of rows whose own group has no say, makes the probabilities. A new row
    takes the mean of its nearest rows' F.

    Args:
        unlabelled: Rows without a target, at most 4,000 of which are used; None when loaded.
    """

    name: ClassVar[str] = "label_propagation"
    forms: ClassVar[frozenset[str]] = OF_CLASSES

    def __init__(self, unlabelled: FeatureMatrices | None = None) -> None:
        self._unlabelled = unlabelled
        self._points = np.zeros((0, 0), np.float32)
        self._shares = np.zeros((0, 0), np.float32)
        self._power = 1.0

    def fit(self, rows: LabelledRows, *, seed: int, deadline: float | None = None) -> None:
        """Propagate the targets, at most 2,000 of them, over them and the rows without one."""
        rows = learnable(self, rows)
        if self._unlabelled is None:
            raise ValueError("label propagation needs rows without a target")
        rng = np.random.default_rng(seed)
        rows = rows.take(np.sort(rng.permutation(len(rows))[: MAX_POINTS // 2]))
        matrices = rows.matrices
        room = MAX_POINTS - len(rows)
        some = np.sort(rng.permutation(len(self._unlabelled))[:room])
        others = self._unlabelled.take(some)
        self._points = np.concatenate([matrices.neighbours, others.neighbours]).astype(np.float32)
        targets = rows.targets()
        if rows.weights is not None:
            targets *= rows.weights[:, None]
        total = targets.sum(0)
        targets /= np.where(total > 0, total, 1.0)
        flow = _flow(self._points)[:, : len(rows)]
        self._shares = _normalised(flow @ targets)
        left_out = flow[: len(rows)].copy()
        left_out[matrices.units[:, None] == matrices.units] = 0.0
        guess = _normalised(left_out @ targets)
        costs = [rows.mean_cost(_sharpened(guess, power)) for power in POWERS]
        self._power = float(POWERS[int(np.argmin(costs))])

    def outputs(self, matrices: FeatureMatrices) -> np.ndarray:
        return in_parts(matrices, self._outputs)

    def _outputs(self, matrices: FeatureMatrices) -> np.ndarray:
        points = matrices.neighbours.astype(np.float32)
        squares = (points**2).sum(1)[:, None] - 2 * points @ self._points.T
        squares += (self._points**2).sum(1)[None]
        near = np.argsort(squares, axis=1)[:, : min(NUM_NEIGHBOURS, squares.shape[1])]
        distance = np.maximum(np.take_along_axis(squares, near, 1), 0.0)
        width = np.maximum(distance[:, -1:], 1e-12)
        weight = np.exp(-distance / width)
        mean = np.einsum("rk,rkc->rc", weight, self._shares[near])
        return _sharpened(_normalised(mean), self._power)

    def save(self, folder: Path) -> None:
        arrays: dict[str, np.ndarray] = {
            "points": self._points.astype(np.float16),
            "shares": self._shares,
        }
        write_files(folder, {"name": self.name, "power": self._power}, arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        about, arrays = read_files(folder)
        base_model = cls()
        base_model._points, base_model._shares = (
            arrays["points"].astype(np.float32),
            arrays["shares"],
        )
        base_model._power = float(about["power"])
        return base_model


def _flow(points: np.ndarray) -> np.ndarray:
    """Return ``(I - a S)^-1``, float32 ``[row, row]``."""
    num = len(points)
    squares = (points**2).sum(1)
    distance = np.maximum(squares[:, None] + squares[None] - 2 * points @ points.T, 0.0)
    np.fill_diagonal(distance, np.inf)
    near = min(NUM_NEIGHBOURS, num - 1)
    order = np.argpartition(distance, near - 1, axis=1)[:, :near]
    width = np.sqrt(np.take_along_axis(distance, order, 1).max(1))
    kept = np.zeros((num, num), bool)
    np.put_along_axis(kept, order, True, axis=1)
    kept |= kept.T
    scale = np.maximum(width[:, None] * width[None], 1e-12)
    graph = np.where(kept, np.exp(-np.where(kept, distance, 0.0) / scale), 0.0)
    degree = np.maximum(graph.sum(1), 1e-12) ** -0.5
    graph = graph * degree[:, None] * degree[None]
    return np.linalg.inv(np.eye(num) - ALPHA * graph).astype(np.float32)


def _normalised(scores: np.ndarray) -> np.ndarray:
    scores = np.maximum(scores, 0.0) + FLOOR * max(float(scores.max(initial=0.0)), FLOOR)
    return scores / scores.sum(1, keepdims=True)


def _sharpened(shares: np.ndarray, power: float) -> np.ndarray:
    return _normalised(shares**power).astype(np.float32)
