"""Nearest neighbours among stored training rows; how many is chosen by leaving groups out."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from plait.baselines.contract import (
    ANY_FORM,
    is_late,
    learnable,
    read_files,
    saved_form,
    write_files,
)
from plait.baselines.feature_matrices import FeatureMatrices, in_parts
from plait.baselines.labelled_rows import LabelledRows
from plait.baselines.residuals import Residuals
from plait.modalities.forms import CLASSES, OutputForm

CHOICES = (1, 5, 15)
MAX_STORED_ROWS = 20_000
MAX_PROBE_ROWS = 1000
CHUNK_ROWS = 512

MAX_WIDE_BYTES = 256 * 2**20
"""Stored points up to this size are kept as float32 too, for one row after another."""


class NearestNeighbour:
    """Averages the targets of the *k* nearest rows, by weight (Euclid on standardised features).

    Probabilities are shrunk towards the training frequencies as if one more neighbour had them.
    """

    name: ClassVar[str] = "neighbour"
    forms: ClassVar[frozenset[str]] = ANY_FORM

    def __init__(self) -> None:
        self._form: OutputForm = CLASSES
        self._num_neighbours = 1
        self._points = np.zeros((0, 0), np.float16)
        self._targets = np.zeros((0, 0), np.float32)
        self._classes = np.zeros(0, np.int32)
        self._mean = np.zeros(0, np.float32)
        self._weights = np.zeros(0, np.float32)
        self._residuals: Residuals | None = None
        self._groups = np.zeros(0, np.int64)
        self._wide: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None

    def fit(self, rows: LabelledRows, *, seed: int, deadline: float | None = None) -> None:
        """Store the rows (20,000 at most) and choose *k* of 1, 5, 15: a row's group has no say."""
        rows, rng = learnable(self, rows), np.random.default_rng(seed)
        if len(rows) > MAX_STORED_ROWS:
            rows = rows.take(np.sort(rng.choice(len(rows), MAX_STORED_ROWS, replace=False)))
        self._form, self._weights = rows.form, rows.matrices.weights_or_ones
        self._points = rows.matrices.neighbours.astype(np.float16)
        if rows.form.exclusive:
            self._classes = rows.truth.astype(np.int32)
            counts = np.bincount(rows.truth, rows.weights, minlength=rows.num_outputs)
            self._mean = (counts / counts.sum()).astype(np.float32)
        else:
            self._targets = rows.targets()
            mean = np.average(self._targets, axis=0, weights=rows.weights)
            self._mean = mean.astype(np.float32)
        self._groups = _units(rows.matrices)
        probes = np.sort(rng.permutation(len(rows))[:MAX_PROBE_ROWS])
        self._choose(rows, probes, deadline)

    def _choose(self, rows: LabelledRows, probes: np.ndarray, deadline: float | None) -> None:
        """Choose *k* by the cost of stored rows at some places, each without its own group."""
        points, groups = rows.matrices.neighbours[probes], self._groups[probes]
        nearest, asked = self._nearest(points, CHOICES[-1], groups), rows.take(probes)
        costs: dict[int, float] = {}
        for k in [k for k in CHOICES if k <= nearest.shape[1]] or [1]:
            if costs and is_late(deadline):
                break
            self._num_neighbours, means = k, self._means(nearest[:, :k])
            if not asked.form.probable:
                self._residuals = Residuals.fit(means[:, 0], asked.truth, asked.weights)
            costs[k] = asked.mean_cost(self._canonical(means))
        self._num_neighbours = min(costs, key=lambda k: (costs[k], -k))
        if not asked.form.probable:
            means = self._means(nearest[:, : self._num_neighbours])
            self._residuals = Residuals.fit(means[:, 0], asked.truth, asked.weights)

    def outputs(self, matrices: FeatureMatrices) -> np.ndarray:
        return in_parts(matrices, self._outputs)

    def left_out(self) -> np.ndarray:
        """Return what other groups say of each stored row, float32 ``[row, output]``.

        Only of a base model just fitted: a saved one does not keep its groups.
        """
        points = self._points.astype(np.float32)
        means = self._means(self._nearest(points, self._num_neighbours, self._groups))
        return np.asarray(self._canonical(means), np.float32)

    def save(self, folder: Path) -> None:
        arrays: dict[str, np.ndarray] = {"points": self._points, "mean": self._mean}
        arrays |= {"classes": self._classes} if self._form.exclusive else {"targets": self._targets}
        if not (self._weights == 1).all():
            arrays["weights"] = self._weights
        if self._residuals is not None:
            arrays |= self._residuals.arrays()
        about = {"name": self.name, "form": self._form.name, "num_neighbours": self._num_neighbours}
        write_files(folder, about, arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        about, arrays = read_files(folder)
        base_model = cls()
        base_model._form, base_model._num_neighbours = (
            saved_form(about),
            int(about["num_neighbours"]),
        )
        base_model._points, base_model._mean = arrays["points"], arrays["mean"]
        base_model._targets = arrays.get("targets", base_model._targets)
        base_model._classes = arrays.get("classes", base_model._classes)
        base_model._weights = arrays.get("weights", np.ones(len(base_model._points), np.float32))
        if not base_model._form.probable:
            base_model._residuals = Residuals.from_arrays(arrays)
        return base_model

    def _outputs(self, matrices: FeatureMatrices) -> np.ndarray:
        nearest = self._nearest(matrices.neighbours, self._num_neighbours)
        return self._canonical(self._means(nearest))

    def _nearest(
        self, points: np.ndarray, num: int, groups: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the places of the nearest stored rows, nearest first, int64 ``[row, num]``.

        Args:
            points: float32 ``[row, feature]``.
            num: How many; fewer are found where fewer are stored.
            groups: int ``[row]``: rows of the same group are not counted; None counts all.
        """
        stored, squares = self._stored()
        outside = len(stored)
        if groups is not None:
            outside -= int(np.unique(self._groups, return_counts=True)[1].max(initial=0))
        num = max(1, min(num, outside))
        found = np.zeros((len(points), num), np.int64)
        for first in range(0, len(points), CHUNK_ROWS):
            some = points[first : first + CHUNK_ROWS]
            distances = squares - 2 * (some @ stored.T)
            if groups is not None:
                mine = groups[first : first + len(some), None] == self._groups
                distances[mine] = np.inf
            best = np.argpartition(distances, num - 1, axis=1)[:, :num]
            order = np.lexsort((best, np.take_along_axis(distances, best, 1)), axis=1)
            found[first : first + len(some)] = np.take_along_axis(best, order, 1)
        return found

    def _stored(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the stored points as float32 and their squared lengths, remembered when small."""
        if self._wide is not None and self._wide[0] is self._points:
            return self._wide[1:]
        wide = self._points.astype(np.float32)
        squares = (wide**2).sum(axis=1)
        if wide.nbytes <= MAX_WIDE_BYTES:
            self._wide = self._points, wide, squares
        return wide, squares

    def _means(self, nearest: np.ndarray) -> np.ndarray:
        means = np.zeros((len(nearest), len(self._mean)), np.float32)
        total = np.zeros((len(nearest), 1), np.float32)
        every = np.arange(len(nearest))
        for column in nearest.T:
            heavy = self._weights[column]
            total[:, 0] += heavy
            if self._form.exclusive:
                means[every, self._classes[column]] += heavy
            else:
                means += self._targets[column] * heavy[:, None]
        return means / np.maximum(total, 1e-12)

    def _canonical(self, means: np.ndarray) -> np.ndarray:
        if self._residuals is not None:
            return self._residuals.outputs(means[:, 0])
        return (means * self._num_neighbours + self._mean) / (self._num_neighbours + 1)


def _units(matrices: FeatureMatrices) -> np.ndarray:
    """Return the groups of rows, int ``[row]``: single rows where there is but one group."""
    several = len(np.unique(matrices.units)) > 1
    return matrices.units if several else np.arange(len(matrices))
