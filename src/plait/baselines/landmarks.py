"""Ridge regression of many rows in the span of a few of them: what is quick with many classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from plait.baselines.closed_form import RELATIVE_ALPHAS
from plait.baselines.costs import LINK_STEPS, POWER_SECONDS, Size
from plait.baselines.cross_validation import inner_folds
from plait.baselines.descent import Weights
from plait.baselines.labelled_rows import LabelledRows
from plait.baselines.sparse import side_by_side
from plait.baselines.temperature import best_temperature
from plait.spacing import evenly_spaced

NUM_LANDMARKS = (2000, 1000, 500, 250, 125)
USEFUL_LANDMARKS = 250
"""So many, where time is short, make a linear model that is worth its time."""

MAX_JUDGED, MAX_CELLS, LEAST_JUDGED = 2000, 200_000, 250
"""Rows held out; rows times outputs of those that the penalty is chosen by, and no fewer rows."""

BLOCK = 128
"""Landmarks whose features are spread out at a time."""

SPARSE_STEP = 8
"""Multiplications of dense numbers that one of a sparse row's takes."""

LEAST_VALUE = 1e-6
"""Directions of less than this share of the longest are rounding."""


def num_landmarks(size: Size, left: float) -> int:
    """Return how many landmarks can be learned from in `left` seconds; 0 where not even the fewest.

    Args:
        size: Of the rows to learn from.
        left: Seconds.
    """
    able = (num for num in NUM_LANDMARKS if num < size.rows)
    return next((num for num in able if landmark_seconds(size, num) <= left), 0)


def landmark_seconds(size: Size, num: int) -> float:
    """Return about how long a fit by `num` landmarks takes."""
    judged = min(_num_choosing(size.outputs), size.rows)
    kernel = SPARSE_STEP * (size.rows + num) * num * (size.dense + size.sparse)
    solved = 3 * size.rows * num**2 + 3 * 12 * num**3
    path = (2 * size.rows + len(RELATIVE_ALPHAS) * judged) * num * size.outputs
    links = LINK_STEPS * judged * size.outputs * POWER_SECONDS
    return (kernel + solved + path) * size.seconds + links


@dataclass(frozen=True)
class Landmarks:
    """Features of rows by their products with a few rows, so that distances are kept in their span.

    Weights of a linear model are then a mix of the landmarks' features, learned from all rows:
    subset of regressors (Rasmussen and Williams 2006, "Gaussian Processes for Machine Learning",
    equations 8.11 to 8.15, with a linear kernel). With `K` the products of landmarks with each
    other, ``K = V L V^T``, features are ``k(x) V L^-1/2``, and the length of weights over them is
    the length of the weights that they stand for.

    Attributes:
        rows: SciPy CSR ``[landmark, feature]``, dense features first.
        turn: ``V L^-1/2``, float32 ``[landmark, direction]``.
        num_dense: Where the sparse features begin.
    """

    rows: Any
    turn: np.ndarray
    num_dense: int

    @classmethod
    def of(cls, rows: Any, num_dense: int) -> Landmarks:
        """Make them of rows, SciPy CSR ``[landmark, feature]``."""
        values, vectors = np.linalg.eigh(_products(rows, rows).astype(np.float64))
        keep = values > LEAST_VALUE * max(float(values.max(initial=0.0)), 1e-12)
        return cls(rows, (vectors[:, keep] / np.sqrt(values[keep])).astype(np.float32), num_dense)

    def features(self, rows: Any) -> np.ndarray:
        """Return features of rows, SciPy CSR ``[row, feature]``: float32 ``[row, direction]``."""
        return _products(rows, self.rows) @ self.turn

    def weights(self, over: np.ndarray, bias: np.ndarray) -> Weights:
        """Return the model that weights over the landmarks' features stand for.

        Args:
            over: ``[direction, output]``.
            bias: ``[output]``.
        """
        table = np.asarray(self.rows.T @ (self.turn @ over.astype(np.float32)), np.float32)
        return Weights(table[: self.num_dense], table[self.num_dense :], bias.astype(np.float32))


class LandmarkRidge:
    """Ridge regression on a few dense features, for a range of penalties.

    Args:
        features: float32 ``[row, feature]``.
        targets: float32 ``[row, output]``.
        weights: ``[row]`` of mean 1: how much a row's squared error counts; None for the same.
    """

    def __init__(
        self, features: np.ndarray, targets: np.ndarray, weights: np.ndarray | None
    ) -> None:
        share = np.full(len(targets), 1 / len(targets), np.float32)
        if weights is not None:
            share = (weights / weights.sum()).astype(np.float32)
        self._centre, self._mean = share @ features, share @ targets
        root = np.sqrt(share * len(targets))[:, None]
        table = root * (features - self._centre)
        values, self._vectors = np.linalg.eigh((table.T @ table).astype(np.float64))
        self._values = np.maximum(values, 0.0)
        found = table.T @ (root * (targets - self._mean))
        self._turned = self._vectors.T @ found.astype(np.float64)
        self._scale = max(float(values.sum()) / max(len(targets) - 1, 1), 1e-12)

    def solve(self, relative: float) -> tuple[np.ndarray, np.ndarray]:
        """Return weights ``[feature, output]`` and the bias for a penalty.

        Args:
            relative: The penalty, in mean squared lengths of a row.
        """
        shrunk = self._turned / (self._values + relative * self._scale)[:, None]
        over = self._vectors @ shrunk
        return over, self._mean - self._centre @ over

    def scores(self, features: np.ndarray, relative: float) -> np.ndarray:
        """Return scores of rows for a penalty, float32 ``[row, output]``."""
        over, bias = self.solve(relative)
        return features @ over.astype(np.float32) + bias.astype(np.float32)


@dataclass(frozen=True)
class Found:
    """A fit by landmarks, and how it did on rows that were held out when its penalty was chosen.

    Attributes:
        weights: Of scores, before the temperature.
        temperature: What scores are multiplied with.
        judged: Places of rows held out.
        scores: Of these, ``[row, output]``.
    """

    weights: Weights
    temperature: float
    judged: np.ndarray
    scores: np.ndarray


def fit_landmarks(rows: LabelledRows, num: int, *, seed: int) -> Found:
    """Choose the penalty on one inner split, then fit all rows.

    Args:
        rows: Of classes.
        num: Landmarks.
        seed: Of the draw of landmarks and of the split.
    """
    targets = 2 * rows.targets() - 1
    table = side_by_side(rows.matrices.dense, rows.matrices.sparse)
    some = np.sort(np.random.default_rng(seed).permutation(len(rows))[:num])
    landmarks = Landmarks.of(table[some], rows.matrices.dense.shape[1])
    features = landmarks.features(table)
    learn, judge = inner_folds(rows.truth, seed=seed, groups=rows.groups)[0]
    judge = judge[evenly_spaced(len(judge), MAX_JUDGED)]
    ridge = LandmarkRidge(features[learn], targets[learn], rows.weights_at(learn))
    few = judge[evenly_spaced(len(judge), _num_choosing(targets.shape[1]))]
    choosing = rows.take(few)

    def cost(penalty: float) -> float:
        return best_temperature(ridge.scores(features[few], penalty), choosing)[0]

    penalty = min(RELATIVE_ALPHAS.tolist(), key=cost)
    scores = ridge.scores(features[judge], penalty)
    _, temperature = best_temperature(scores, rows.take(judge))
    over, bias = LandmarkRidge(features, targets, rows.weights).solve(penalty)
    return Found(landmarks.weights(over, bias), temperature, judge, scores)


def _num_choosing(outputs: int) -> int:
    """Return how many rows the penalty is chosen by."""
    return max(min(MAX_JUDGED, MAX_CELLS // outputs), LEAST_JUDGED)


def _products(rows: Any, others: Any) -> np.ndarray:
    """Return inner products of rows with others, both SciPy CSR: float32 ``[row, other]``."""
    products = np.empty((rows.shape[0], others.shape[0]), np.float32)
    for first in range(0, others.shape[0], BLOCK):
        some = slice(first, first + BLOCK)
        products[:, some] = rows @ np.ascontiguousarray(others[some].toarray().T)
    return products
