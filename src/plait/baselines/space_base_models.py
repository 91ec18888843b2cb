"""Base models on a base's vectors alone: a linear probe, and k-shot prototypes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from plait.baselines.contract import ANY_FORM, OF_CLASSES, learnable, read_files, write_files
from plait.baselines.feature_matrices import FeatureMatrices, in_parts
from plait.baselines.labelled_rows import LabelledRows
from plait.baselines.linear import Linear
from plait.baselines.points import unit_rows
from plait.types import SPACE_MARK

TEMPERATURES = np.logspace(-2, 0.5, 26)


class Probe:
    """The linear model on the vectors of a shared space, and on nothing else."""

    name: ClassVar[str] = "probe"
    forms: ClassVar[frozenset[str]] = ANY_FORM

    def __init__(self) -> None:
        self._linear = Linear()

    def fit(self, rows: LabelledRows, *, seed: int, deadline: float | None = None) -> None:
        rows = learnable(self, rows)
        rows = rows.only(space_columns(rows.matrices))
        self._linear.fit(rows, seed=seed, deadline=deadline)

    def outputs(self, matrices: FeatureMatrices) -> np.ndarray:
        return self._linear.outputs(matrices.only(space_columns(matrices)))

    def save(self, folder: Path) -> None:
        self._linear.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        base_model = cls()
        base_model._linear = Linear.load(folder)
        return base_model


class Prototypes:
    """The class whose mean vector is nearest, by cosine (Snell et al. 2017, equation 2).

    A row is the mean of its input columns' unit vectors. The temperature of the softmax over
    cosines is chosen by the cost of rows whose own group is no part of it. For classes only.
    """

    name: ClassVar[str] = "prototypes"
    forms: ClassVar[frozenset[str]] = OF_CLASSES

    def __init__(self) -> None:
        self._prototypes = np.zeros((0, 0), np.float32)
        self._prior = np.zeros(0, np.float32)
        self._temperature = 1.0

    def fit(self, rows: LabelledRows, *, seed: int, deadline: float | None = None) -> None:
        rows = learnable(self, rows)
        points, heavy = space_points(rows.matrices), rows.matrices.weights_or_ones[:, None]
        targets = rows.targets() * heavy
        sums, counts = targets.T @ points, targets.sum(0)
        self._prior = ((counts + 1) / (counts + 1).sum()).astype(np.float32)
        self._prototypes = unit_rows(sums)
        left_out = _left_out_cosines(points * heavy, points, rows, sums)
        costs = [rows.mean_cost(_softmax(left_out / t, self._prior, counts)) for t in TEMPERATURES]
        self._temperature = float(TEMPERATURES[int(np.argmin(costs))])

    def outputs(self, matrices: FeatureMatrices) -> np.ndarray:
        return in_parts(matrices, self._outputs)

    def _outputs(self, matrices: FeatureMatrices) -> np.ndarray:
        cosines = space_points(matrices) @ self._prototypes.T
        seen = np.abs(self._prototypes).sum(1) > 0
        return _softmax(cosines / self._temperature, self._prior, seen)

    def save(self, folder: Path) -> None:
        arrays = {"prototypes": self._prototypes, "prior": self._prior}
        write_files(folder, {"name": self.name, "temperature": self._temperature}, arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        about, arrays = read_files(folder)
        base_model = cls()
        base_model._prototypes, base_model._prior = arrays["prototypes"], arrays["prior"]
        base_model._temperature = float(about["temperature"])
        return base_model


class Prompts(Prototypes):
    """Prototypes made of class names in words, tuned on the labelled rows.

    Args:
        tune: Takes row vectors ``[row, dim]``, their classes and a seed, and returns a unit vector
            per class; None where the base model is loaded.
    """

    name: ClassVar[str] = "prompts"

    def __init__(self, tune: Callable[[np.ndarray, np.ndarray, int], np.ndarray] | None = None):
        super().__init__()
        self._tune = tune

    def fit(self, rows: LabelledRows, *, seed: int, deadline: float | None = None) -> None:
        rows = learnable(self, rows)
        if self._tune is None:
            raise ValueError("a loaded base model cannot be fitted again")
        points = space_points(rows.matrices)
        self._prototypes = self._tune(points, rows.truth, seed)
        self._prior = np.full(rows.num_outputs, 1 / rows.num_outputs, np.float32)
        cosines = points @ self._prototypes.T
        found = (_softmax(cosines / t, self._prior, self._prior) for t in TEMPERATURES)
        costs = [rows.mean_cost(outputs) for outputs in found]
        self._temperature = float(TEMPERATURES[int(np.argmin(costs))])


def space_columns(matrices: FeatureMatrices) -> list[str]:
    """Return the columns that hold a base's vectors."""
    return [name for name in matrices.features.scales if name.endswith(SPACE_MARK)]


def space_points(matrices: FeatureMatrices) -> np.ndarray:
    """Return the unit mean of each row's vectors, float32 ``[row, dim]``; zeros without any."""
    raws = [raw for name, raw in matrices.raw.items() if name.endswith(SPACE_MARK)]
    total = np.sum([raw.dense * raw.present[:, None] for raw in raws], axis=0)
    return unit_rows(total)


def _left_out_cosines(
    parts: np.ndarray, points: np.ndarray, rows: LabelledRows, sums: np.ndarray
) -> np.ndarray:
    """Return cosines to prototypes of which no vector of a row's own group is a part.

    `parts` are the points by their weights, of which `sums` are the sums.
    """
    cosines, truth = points @ unit_rows(sums).T, rows.truth
    pairs = np.stack([rows.matrices.units, truth])
    _, which = np.unique(pairs, axis=1, return_inverse=True)
    of_group = np.zeros((int(which.max(initial=0)) + 1, points.shape[1]), np.float32)
    np.add.at(of_group, which.reshape(-1), parts)
    own = unit_rows(sums[truth] - of_group[which.reshape(-1)])
    cosines[np.arange(len(truth)), truth] = (own * points).sum(1)
    return cosines


def _softmax(scores: np.ndarray, prior: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Return probabilities; classes without a prototype get their prior share only."""
    known = np.asarray(seen) > 0
    scores = np.where(known[None], scores, -np.inf)
    weights = np.exp(scores - scores.max(1, keepdims=True))
    found = weights / weights.sum(1, keepdims=True)
    share = prior[~known].sum()
    return (found * (1 - share) + np.where(known, 0.0, prior)[None]).astype(np.float32)
