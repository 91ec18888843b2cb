"""The linear baseline: logistic, ridge or support-vector weights, calibrated, plain arrays after."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from plait.baselines.experts import marginal, read_expert, write_expert
from plait.baselines.features import Views
from plait.errors import ExtraError
from plait.modalities import TargetCodec

ALPHAS = np.logspace(-4, 5, 19)
STRENGTHS = (0.3, 3.0, 30.0, 300.0)
LEVELS = (0.05, 0.5, 0.95)

Fit = Callable[[Any, np.ndarray, float], tuple[np.ndarray, np.ndarray]]
"""Rows, truth and strength in; weights ``[feature, score]`` and offsets ``[score]`` out."""


class Linear:
    """``outputs = link((x W + b) / temperature)``.

    Classes: ridge with leave-one-out strength when there are more features than rows (as with
    random convolutions), one-against-rest support vectors for many sparse features, else
    multinomial logistic regression. A fifth of the rows chooses the strength and the temperature
    (Guo et al. 2017); then all rows are fitted. Numbers: ridge, with quantiles of held-out residuals.
    Labels: one logistic regression each.
    """

    name: ClassVar[str] = "linear"

    def __init__(self) -> None:
        self.task, self.temperature = "classify", 1.0
        self.weights = np.zeros((0, 1), np.float32)
        self.offsets = np.zeros(1, np.float32)
        self.spread = np.zeros(0, np.float32)

    def fit(
        self, views: Views, truth: np.ndarray, codec: TargetCodec, *, seed: int,
        deadline: float | None,
    ) -> None:
        """See `Expert.fit`."""
        self.task = codec.task
        rows = views.linear
        held = np.random.default_rng(seed).permutation(len(truth))[: max(len(truth) // 5, 1)]
        kept = np.setdiff1d(np.arange(len(truth)), held)
        fit, strengths = self._method(rows, codec)
        best, best_cost = strengths[0], np.inf
        for strength in strengths if len(kept) else ():
            try:
                self.weights, self.offsets = fit(rows[kept], truth[kept], strength)
            except _SingleClass:
                break
            scores = self._scores(rows[held])
            temperature = self._best_temperature(scores, truth[held], codec)
            if codec.task == "regress":
                gap = truth[held] - scores[:, 0]
                self.spread = np.quantile(gap, LEVELS).astype(np.float32)
            cost = float(codec.cost(self._link(scores, temperature), truth[held]).mean())
            if cost < best_cost:
                best, best_cost, self.temperature = strength, cost, temperature
            if deadline is not None and time.monotonic() > deadline:
                break
        try:
            self.weights, self.offsets = fit(rows, truth, best)
        except _SingleClass:
            self._answer_marginal(rows.shape[1], truth, codec)

    def outputs(self, views: Views) -> np.ndarray:
        """See `Expert.outputs`."""
        return self._link(self._scores(views.linear), self.temperature)

    def _method(self, rows: Any, codec: TargetCodec) -> tuple[Fit, tuple[float, ...]]:
        num_rows, num_features = rows.shape
        if codec.task == "regress":
            return _ridge, (0.0,)
        if codec.task == "tag":
            return _labels, STRENGTHS[1:3]
        num_classes = len(getattr(codec, "labels", ()))

        def widened(fit: Fit) -> Fit:
            return lambda x, y, strength: _all_classes(fit, x, y, strength, num_classes)

        if hasattr(rows, "indptr"):
            return widened(_support_vectors), (0.1, 0.3, 1.0)
        if num_features > num_rows:
            return widened(_ridge_classes), (0.0,)
        return widened(_logistic), STRENGTHS

    def _scores(self, rows: Any) -> np.ndarray:
        return np.asarray(rows @ self.weights) + self.offsets

    def _link(self, scores: np.ndarray, temperature: float) -> np.ndarray:
        if self.task == "regress":
            return np.concatenate([scores, scores + self.spread], axis=1).astype(np.float32)
        scaled = scores / temperature
        if self.task == "tag":
            return (1 / (1 + np.exp(-np.clip(scaled, -30, 30)))).astype(np.float32)
        scaled = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        return (scaled / scaled.sum(axis=1, keepdims=True)).astype(np.float32)

    def _best_temperature(
        self, scores: np.ndarray, truth: np.ndarray, codec: TargetCodec
    ) -> float:
        if codec.task == "regress":
            return 1.0
        grid = np.logspace(-2, 1, 31)
        costs = [codec.cost(self._link(scores, float(t)), truth).mean() for t in grid]
        return float(grid[int(np.argmin(costs))])

    def _answer_marginal(self, num_features: int, truth: np.ndarray, codec: TargetCodec) -> None:
        answer = marginal(truth, codec)
        self.weights = np.zeros((num_features, len(answer)), np.float32)
        self.offsets, self.temperature = np.log(answer + 1e-9), 1.0

    def save(self, folder: Path) -> None:
        """See `Expert.save`."""
        arrays = {"weights": self.weights, "offsets": self.offsets, "spread": self.spread}
        settings = {"task": self.task, "temperature": self.temperature}
        write_expert(folder, settings, {k: v.astype(np.float32) for k, v in arrays.items()})

    @classmethod
    def load(cls, folder: Path) -> Linear:
        """See `Expert.load`."""
        settings, arrays = read_expert(folder)
        found = cls()
        found.task, found.temperature = str(settings["task"]), float(settings["temperature"])
        found.weights, found.offsets = arrays["weights"], arrays["offsets"]
        found.spread = arrays["spread"]
        return found


class _SingleClass(ValueError):
    """The rows are all of one class."""


def _all_classes(
    fit: Fit, rows: Any, truth: np.ndarray, strength: float, num_classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Fit on the classes that occur; those that do not get a score below all others."""
    seen = truth >= 0
    classes, which = np.unique(truth[seen], return_inverse=True)
    if len(classes) < 2:
        raise _SingleClass
    weights, offsets = fit(rows[np.flatnonzero(seen)], which, strength)
    if weights.shape[1] == 1:
        weights = np.concatenate([-weights, weights], axis=1) / 2
        offsets = np.concatenate([-offsets, offsets]) / 2
    full = np.zeros((weights.shape[0], num_classes), np.float32)
    floor = np.full(num_classes, offsets.min() - 3.0, np.float32)
    full[:, classes], floor[classes] = weights, offsets
    return full, floor


def _logistic(rows: Any, which: np.ndarray, strength: float) -> tuple[np.ndarray, np.ndarray]:
    model = _sklearn("linear_model").LogisticRegression(C=strength, max_iter=300)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(rows, which)
    return model.coef_.T, model.intercept_


def _support_vectors(
    rows: Any, which: np.ndarray, strength: float
) -> tuple[np.ndarray, np.ndarray]:
    model = _sklearn("svm").LinearSVC(C=strength, random_state=0, max_iter=300)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(rows, which)
    return model.coef_.T, model.intercept_


def _ridge_classes(rows: Any, which: np.ndarray, strength: float) -> tuple[np.ndarray, np.ndarray]:
    model = _sklearn("linear_model").RidgeClassifierCV(alphas=ALPHAS)
    model.fit(rows, which)
    return np.atleast_2d(model.coef_).T, np.atleast_1d(model.intercept_)


def _ridge(rows: Any, truth: np.ndarray, strength: float) -> tuple[np.ndarray, np.ndarray]:
    if hasattr(rows, "indptr"):
        model = _sklearn("linear_model").Ridge(alpha=1.0, solver="lsqr").fit(rows, truth)
    else:
        model = _sklearn("linear_model").RidgeCV(alphas=ALPHAS).fit(rows, truth)
    return np.asarray(model.coef_)[:, None], np.atleast_1d(model.intercept_)


def _labels(rows: Any, truth: np.ndarray, strength: float) -> tuple[np.ndarray, np.ndarray]:
    weights = np.zeros((rows.shape[1], truth.shape[1]), np.float32)
    offsets = np.zeros(truth.shape[1], np.float32)
    for label in range(truth.shape[1]):
        share = float(truth[:, label].mean())
        if share in (0.0, 1.0):
            offsets[label] = 6.0 if share else -6.0
            continue
        found = _logistic(rows, truth[:, label] > 0.5, strength)
        weights[:, label], offsets[label] = found[0][:, 0], found[1][0]
    return weights, offsets


def _sklearn(part: str) -> Any:
    import importlib

    try:
        return importlib.import_module(f"sklearn.{part}")
    except ModuleNotFoundError:
        raise ExtraError("table", "the linear baseline") from None


