"""The linear model: ridge when features outnumber rows, else logistic regression."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from plait.baselines.closed_form import Ridge, primal, ridge_path
from plait.baselines.contract import (
    ANY_FORM,
    Deadline,
    HeldOutAnswers,
    end_by,
    is_late,
    learnable,
    part_of,
    read_files,
    saved_form,
    write_files,
)
from plait.baselines.costs import Size, foreseen_seconds, is_closed, multiply_seconds
from plait.baselines.cross_validation import inner_folds
from plait.baselines.descent import LinearProblem, Weights, link, strengths_path
from plait.baselines.feature_matrices import FeatureMatrices, in_parts
from plait.baselines.labelled_rows import LabelledRows
from plait.baselines.landmarks import USEFUL_LANDMARKS, fit_landmarks, num_landmarks
from plait.baselines.linear_svm import fit_linear_svm
from plait.baselines.residuals import Residuals, num_bins
from plait.baselines.sparse import side_by_side
from plait.baselines.temperature import Trial, best_temperature
from plait.errors import ExtraError
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
    regression; penalty and temperature chosen on held-out rows, then all rows are learned. What a
    teacher says of words is learned by landmarks: a support vector knows no shares.
    """

    name: ClassVar[str] = "linear"
    forms: ClassVar[frozenset[str]] = ANY_FORM

    def __init__(self) -> None:
        self._form: OutputForm = CLASSES
        self._weights = Weights(*(np.zeros((0, 0), np.float32) for _ in range(3)))
        self._residuals: Residuals | None = None
        self.held_out: HeldOutAnswers | None = None
        """Of the last fit; not saved. Rows of a class unknown to training are not counted."""

    def fit(self, rows: LabelledRows, *, seed: int, deadline: float | None = None) -> None:
        _check_scipy()
        rows = learnable(self, rows)
        self._form = rows.form
        if _is_closed(rows, deadline):
            self._fit_closed(rows, deadline)
        elif _is_of_words(rows):
            num = _num_landmarks(rows, deadline)
            if num:
                self._fit_landmarks(rows, num, seed, deadline)
            else:
                self._fit_svm(rows, seed, deadline)
        else:
            self._fit_descent(rows, seed, deadline)

    def outputs(self, matrices: FeatureMatrices) -> np.ndarray:
        return in_parts(matrices, self._outputs)

    def halve(self) -> None:
        """Round the weights to half precision, in which they are then saved; none may be beyond."""
        for name, array in vars(self._weights).items():
            rounded = array.astype(np.float16).astype(np.float32)
            if name != "bias" and np.isfinite(rounded).all():
                setattr(self._weights, name, rounded)

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

    def _fit_closed(self, rows: LabelledRows, deadline: float | None) -> None:
        targets, heavy = rows.targets(), rows.weights
        dense, sparse = rows.matrices.dense, rows.matrices.sparse
        if rows.form.probable:
            targets = 2 * targets - 1
        best: tuple[float, Ridge, float] | None = None
        for ridge in ridge_path(dense, sparse, targets, rows.groups, heavy):
            if best is not None and is_late(deadline):
                break
            cost, temperature = best_temperature(ridge.left_out, rows)
            if best is None or cost < best[0]:
                best = cost, ridge, temperature
        if best is None:
            raise ValueError("no penalty was tried")
        _, ridge, temperature = best
        weights = Weights(*primal(dense, sparse, ridge, targets, heavy))
        self._weights = weights.scaled(temperature)
        if not rows.form.probable:
            self._residuals = Residuals.fit(_in_folds(ridge, rows), rows.truth, heavy)
        self._remember(np.arange(len(rows)), ridge.left_out * temperature)

    def _fit_landmarks(
        self, rows: LabelledRows, num: int, seed: int, deadline: float | None
    ) -> None:
        """Learn all rows in the span of some of them."""
        found = fit_landmarks(rows, num, seed=seed)
        self._weights = found.weights.scaled(found.temperature)
        self._remember(found.judged, found.scores * found.temperature)
        end_by(deadline)

    def _fit_descent(self, rows: LabelledRows, seed: int, deadline: float | None) -> None:
        targets = rows.targets()
        centre, spread = np.float32(0), np.float32(1)
        if not rows.form.probable:
            centre, spread = targets.mean(), targets.std() or np.float32(1)
            targets = (targets - centre) / spread
        learn, judge = inner_folds(rows.truth, seed=seed, groups=rows.groups)[0]
        inside, outside = rows.take(learn), rows.take(judge)
        problem = _descent(inside, targets[learn])
        limit = part_of(deadline, SEARCH_SHARE)
        trials = []
        for strength, weights in strengths_path(problem, STRENGTHS, limit):
            scores = weights.scores(outside.matrices.dense, outside.matrices.sparse)
            trials.append(Trial.judge(strength, weights, scores * spread + centre, outside))
        best = min(trials, key=lambda trial: trial.cost)
        problem = _descent(rows, targets)
        problem.start_from(best.weights)
        weights = problem.solve(best.strength, deadline)
        self._weights = weights.scaled(float(spread) * best.temperature)
        self._weights.bias += centre
        if not rows.form.probable:
            self._residuals = Residuals.fit(best.scores[:, 0], outside.truth, outside.weights)
        self._remember(judge, best.scores * best.temperature)

    def _fit_svm(self, rows: LabelledRows, seed: int, deadline: float | None) -> None:
        """Choose the strength on one inner split, then fit all rows if time allows."""
        dense, sparse = rows.matrices.dense, rows.matrices.sparse
        table, truth = side_by_side(dense, sparse), rows.truth
        num, width = rows.num_outputs, dense.shape[1]
        learn, judge = inner_folds(truth, seed=seed, groups=rows.groups)[0]
        inside, outside = rows.weights_at(learn), rows.take(judge)
        limit = part_of(deadline, SEARCH_SHARE)
        trials: list[Trial] = []
        for number, strength in enumerate(SVM_STRENGTHS):
            if trials and is_late(limit):
                break
            until = part_of(limit, 1 / (len(SVM_STRENGTHS) - number))
            weights = fit_linear_svm(
                table[learn], truth[learn], num, width, strength, seed, inside, until
            )
            scores = weights.scores(outside.matrices.dense, outside.matrices.sparse)
            trials.append(Trial.judge(strength, weights, scores, outside))
            if isinstance(until, Deadline) and until.stopped:
                break  # what time there is goes to the fit of all rows
        best = min(trials, key=lambda trial: trial.cost)
        weights = best.weights
        if not is_late(deadline):
            weights = fit_linear_svm(
                table, truth, num, width, best.strength, seed, rows.weights, deadline
            )
        self._weights = weights.scaled(best.temperature)
        self._remember(judge, best.scores * best.temperature)

    def _remember(self, places: np.ndarray, scores: np.ndarray) -> None:
        self.held_out = HeldOutAnswers(places, self._canonical(scores.astype(np.float32)))


def _is_closed(rows: LabelledRows, deadline: float | None) -> bool:
    """Tell whether there is a closed form, and time for it: it cannot be cut short, steps can."""
    seconds = 0.0 if deadline is None else multiply_seconds()
    size = Size.of(rows, 0, seconds)
    if not is_closed(size) or deadline is None:
        return is_closed(size)
    left = max(deadline - time.monotonic(), MOMENT_SECONDS)
    return foreseen_seconds(Linear.name, size) <= left


def _is_of_words(rows: LabelledRows) -> bool:
    """Tell whether classes are told by more sparse features than dense ones."""
    return rows.form.exclusive and rows.matrices.sparse.num_features > rows.matrices.dense.shape[1]


def _num_landmarks(rows: LabelledRows, deadline: float | None) -> int:
    """Return how many landmarks to learn by where support vectors of all rows come too late.

    0 where these end in time, or where not even a few landmarks do. What a teacher says is learned
    by landmarks, for a support vector knows no shares; truth alone, where few of these end in time.
    """
    if rows.soft is not None:
        left = math.inf if deadline is None else deadline - time.monotonic()
        found = num_landmarks(Size.of(rows, 0, multiply_seconds()), left)
        return found if found >= USEFUL_LANDMARKS or len(rows) <= USEFUL_LANDMARKS else 0
    if deadline is None:
        return 0
    left = deadline - time.monotonic()
    size = Size.of(rows, 0, multiply_seconds())
    if foreseen_seconds(Linear.name, size) <= DOUBT * left:
        return 0
    return num_landmarks(size, left)


def _descent(rows: LabelledRows, targets: np.ndarray) -> LinearProblem:
    """Return the problem of rows whose targets, ``[row, output]``, are of spread 1."""
    matrices = rows.matrices
    return LinearProblem(matrices.dense, matrices.sparse, targets, rows.form, rows.weights)


def _in_folds(ridge: Ridge, rows: LabelledRows) -> np.ndarray:
    """Return predictions of rows left out fold by fold, ``[row]``: what residuals vary with.

    Left out one by one, rows differ by their own truth: where features tell nothing, each is
    predicted by the mean of the others, which is lower the higher it is itself. Sorted by that,
    rows are sorted by their truth, and every bin of them looks far too sure.
    """
    num, truth = num_bins(len(rows)), rows.truth
    if num < 2:
        return ridge.left_out[:, 0]
    folds = inner_folds(truth, seed=0, groups=rows.groups, num_folds=num, small=len(truth))
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
