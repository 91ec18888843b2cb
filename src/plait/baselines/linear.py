"""The linear model: ridge when features outnumber rows, else logistic regression."""

from __future__ import annotations

import time
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from plait.baselines.closed_form import Ridge, primal, ridge_path
from plait.baselines.contract import (
    ANY_FORM,
    Deadline,
    HeldOut,
    as_columns,
    check_form,
    end_by,
    is_late,
    known_rows,
    num_outputs,
    part_of,
    read_files,
    saved_form,
    write_files,
)
from plait.baselines.costs import Size, foreseen_seconds, is_closed, multiply_seconds
from plait.baselines.cross_validation import inner_folds
from plait.baselines.descent import LinearProblem, Weights, link, strengths_path
from plait.baselines.feature_matrices import FeatureMatrices, in_parts
from plait.baselines.landmarks import fit_landmarks, num_landmarks
from plait.baselines.linear_svm import fit_linear_svm, join
from plait.baselines.residuals import Residuals, num_bins
from plait.baselines.temperature import Trial, best_temperature
from plait.errors import ExtraError
from plait.modalities import PredictiveTarget
from plait.modalities.forms import CLASSES, OutputForm

STRENGTHS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
SVM_STRENGTHS = (0.1, 0.03, 0.3)
SEARCH_SHARE = 0.6

DOUBT = 3.0
"""Support vectors that are foreseen to take so many times what is left come too late."""

MOMENT_SECONDS = 0.5
"""A closed form that takes no longer is made even when it is late."""


class Linear:
    """A linear model with calibrated outputs.

    Fewer rows than features, or numbers: ridge regression, its penalty (and, for classes, the
    temperature of the softmax over its scores) chosen by the cost of every row, or group of rows,
    left out. More rows: support vectors where most features are sparse (words), else logistic
    regression; penalty and temperature chosen on held-out rows, then all rows are learned.
    """

    name: ClassVar[str] = "linear"
    forms: ClassVar[frozenset[str]] = ANY_FORM

    def __init__(self) -> None:
        self._form: OutputForm = CLASSES
        self._weights = Weights(*(np.zeros((0, 0), np.float32) for _ in range(3)))
        self._residuals: Residuals | None = None
        self.held_out: HeldOut | None = None
        """Of the last fit; not saved. Rows of a class unknown to training are not counted."""

    def fit(
        self,
        matrices: FeatureMatrices,
        truth: np.ndarray,
        codec: PredictiveTarget,
        *,
        seed: int,
        deadline: float | None = None,
    ) -> None:
        _check_scipy()
        check_form(self, codec)
        matrices, truth = known_rows(matrices, truth, codec)
        self._form = codec.form
        if _is_closed(matrices, truth, codec, deadline):
            self._fit_closed(matrices, truth, codec, deadline)
        elif codec.form.exclusive and matrices.sparse.num_features > matrices.dense.shape[1]:
            num = _num_landmarks(matrices, truth, codec, deadline)
            if num:
                self._fit_landmarks(matrices, truth, codec, num, seed, deadline)
            else:
                self._fit_svm(matrices, truth, codec, seed, deadline)
        else:
            self._fit_descent(matrices, truth, codec, seed, deadline)

    def outputs(self, matrices: FeatureMatrices) -> np.ndarray:
        return in_parts(matrices, self._outputs)

    def save(self, folder: Path) -> None:
        arrays: dict[str, np.ndarray] = dict(vars(self._weights))
        if self._residuals is not None:
            arrays |= self._residuals.arrays()
        write_files(folder, {"name": self.name, "form": self._form.name}, arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        about, arrays = read_files(folder)
        base_model = cls()
        base_model._form = saved_form(about)
        base_model._weights = Weights(arrays["dense"], arrays["sparse"], arrays["bias"])
        if not base_model._form.probable:
            base_model._residuals = Residuals.from_arrays(arrays)
        return base_model

    def _outputs(self, matrices: FeatureMatrices) -> np.ndarray:
        return self._canonical(self._weights.scores(matrices.dense, matrices.sparse))

    def _canonical(self, scores: np.ndarray) -> np.ndarray:
        if self._residuals is not None:
            return self._residuals.outputs(scores[:, 0])
        return link(scores, self._form)

    def _fit_closed(
        self,
        matrices: FeatureMatrices,
        truth: np.ndarray,
        codec: PredictiveTarget,
        deadline: float | None,
    ) -> None:
        targets = as_columns(truth, codec.form, num_outputs(codec, truth))
        if codec.form.probable:
            targets = 2 * targets - 1
        best: tuple[float, Ridge, float] | None = None
        heavy = matrices.weights
        for ridge in ridge_path(matrices.dense, matrices.sparse, targets, matrices.groups, heavy):
            if best is not None and is_late(deadline):
                break
            cost, temperature = best_temperature(ridge.left_out, truth, codec, heavy)
            if best is None or cost < best[0]:
                best = cost, ridge, temperature
        if best is None:
            raise ValueError("no penalty was tried")
        _, ridge, temperature = best
        dense, sparse, bias = primal(matrices.dense, matrices.sparse, ridge, targets, heavy)
        self._weights = Weights(dense * temperature, sparse * temperature, bias * temperature)
        if not codec.form.probable:
            self._residuals = Residuals.fit(_in_folds(ridge, truth, matrices.groups), truth, heavy)
        self._remember(np.arange(len(truth)), ridge.left_out * temperature)

    def _fit_landmarks(
        self,
        matrices: FeatureMatrices,
        truth: np.ndarray,
        codec: PredictiveTarget,
        num: int,
        seed: int,
        deadline: float | None,
    ) -> None:
        """Learn all rows in the span of some of them."""
        rows = join(matrices.dense, matrices.sparse)
        found = fit_landmarks(
            rows, truth, codec, num, num_dense=matrices.dense.shape[1], seed=seed,
            groups=matrices.groups, row_weights=matrices.weights,
        )  # fmt: skip
        self._weights = found.weights.scaled(found.temperature)
        self._remember(found.judged, found.scores * found.temperature)
        end_by(deadline)

    def _fit_descent(
        self,
        matrices: FeatureMatrices,
        truth: np.ndarray,
        codec: PredictiveTarget,
        seed: int,
        deadline: float | None,
    ) -> None:
        targets = as_columns(truth, codec.form, num_outputs(codec, truth))
        centre, spread = np.float32(0), np.float32(1)
        if not codec.form.probable:
            centre, spread = targets.mean(), targets.std() or np.float32(1)
            targets = (targets - centre) / spread
        learn, judge = inner_folds(truth, seed=seed, groups=matrices.groups)[0]
        inside, outside = matrices.take(learn), matrices.take(judge)
        problem = LinearProblem(
            inside.dense, inside.sparse, targets[learn], codec.form, inside.weights
        )
        limit = part_of(deadline, SEARCH_SHARE)
        trials = []
        for strength, weights in strengths_path(problem, STRENGTHS, limit):
            scores = weights.scores(outside.dense, outside.sparse) * spread + centre
            found = Trial.judge(strength, weights, scores, truth[judge], codec, outside.weights)
            trials.append(found)
        best = min(trials, key=lambda trial: trial.cost)
        problem = LinearProblem(
            matrices.dense, matrices.sparse, targets, codec.form, matrices.weights
        )
        problem.start_from(best.weights)
        weights = problem.solve(best.strength, deadline)
        self._weights = weights.scaled(float(spread) * best.temperature)
        self._weights.bias += centre
        if not codec.form.probable:
            self._residuals = Residuals.fit(best.scores[:, 0], truth[judge], outside.weights)
        self._remember(judge, best.scores * best.temperature)

    def _fit_svm(
        self,
        matrices: FeatureMatrices,
        truth: np.ndarray,
        codec: PredictiveTarget,
        seed: int,
        deadline: float | None,
    ) -> None:
        """Choose the strength on one inner split, then fit all rows if time allows."""
        num, width = num_outputs(codec, truth), matrices.dense.shape[1]
        rows = join(matrices.dense, matrices.sparse)
        learn, judge = inner_folds(truth, seed=seed, groups=matrices.groups)[0]
        outside = matrices.take(judge)
        limit = part_of(deadline, SEARCH_SHARE)
        trials: list[Trial] = []
        for number, strength in enumerate(SVM_STRENGTHS):
            if trials and is_late(limit):
                break
            until = part_of(limit, 1 / (len(SVM_STRENGTHS) - number))
            heavy = None if matrices.weights is None else matrices.weights[learn]
            weights = fit_linear_svm(
                rows[learn], truth[learn], num, width, strength, seed, heavy, until
            )
            scores = weights.scores(outside.dense, outside.sparse)
            found = Trial.judge(strength, weights, scores, truth[judge], codec, outside.weights)
            trials.append(found)
            if isinstance(until, Deadline) and until.stopped:
                break  # what time there is goes to the fit of all rows
        best = min(trials, key=lambda trial: trial.cost)
        weights = best.weights
        if not is_late(deadline):
            heavy = matrices.weights
            weights = fit_linear_svm(rows, truth, num, width, best.strength, seed, heavy, deadline)
        self._weights = weights.scaled(best.temperature)
        self._remember(judge, best.scores * best.temperature)

    def _remember(self, places: np.ndarray, scores: np.ndarray) -> None:
        self.held_out = HeldOut(places, self._canonical(scores.astype(np.float32)))


def _is_closed(
    matrices: FeatureMatrices, truth: np.ndarray, codec: PredictiveTarget, deadline: float | None
) -> bool:
    """Tell whether there is a closed form, and time for it: it cannot be cut short, steps can."""
    seconds = 0.0 if deadline is None else multiply_seconds()
    size = Size.of(matrices, codec, num_outputs(codec, truth), 0, seconds)
    if not is_closed(size) or deadline is None:
        return is_closed(size)
    left = max(deadline - time.monotonic(), MOMENT_SECONDS)
    return foreseen_seconds(Linear.name, size) <= left


def _num_landmarks(
    matrices: FeatureMatrices, truth: np.ndarray, codec: PredictiveTarget, deadline: float | None
) -> int:
    """Return how many landmarks to learn by where support vectors of all rows come too late.

    0 where these end in time, or where not even a few landmarks do.
    """
    if deadline is None:
        return 0
    left = deadline - time.monotonic()
    size = Size.of(matrices, codec, num_outputs(codec, truth), 0, multiply_seconds())
    if foreseen_seconds(Linear.name, size) <= DOUBT * left:
        return 0
    return num_landmarks(size, left)


def _in_folds(ridge: Ridge, truth: np.ndarray, groups: np.ndarray | None) -> np.ndarray:
    """Return predictions of rows left out fold by fold, ``[row]``: what residuals vary with.

    Left out one by one, rows differ by their own truth: where features tell nothing, each is
    predicted by the mean of the others, which is lower the higher it is itself. Sorted by that,
    rows are sorted by their truth, and every bin of them looks far too sure.
    """
    num = num_bins(len(truth))
    if num < 2:
        return ridge.left_out[:, 0]
    folds = inner_folds(truth, seed=0, groups=groups, num_folds=num, small=len(truth))
    which = np.zeros(len(truth), np.int64)
    for number, (_, judge) in enumerate(folds):
        which[judge] = number
    return ridge.without(which)[:, 0]


def _check_scipy() -> None:
    try:
        import scipy.optimize
        import scipy.sparse  # noqa: F401
    except ImportError:
        raise ExtraError("table", "the linear baseline") from None
