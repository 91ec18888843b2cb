"""The linear expert: ridge in closed form when features outnumber rows, else logistic regression."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from plait.baselines.experts.closed_form import Ridge, primal, ridge_path
from plait.baselines.experts.contract import (
    as_columns,
    is_late,
    num_outputs,
    read_files,
    write_files,
)
from plait.baselines.experts.descent import Problem, Weights, link, strengths_path
from plait.baselines.experts.residuals import Residuals
from plait.baselines.folding import inner_folds
from plait.baselines.views import Views, in_parts
from plait.errors import ExtraError
from plait.modalities import TargetCodec

STRENGTHS = (0.01, 0.1, 0.5, 2.0, 10.0)
TEMPERATURES = np.logspace(-0.3, 2.3, 40)
MAX_GRAM = 3000


class Linear:
    """A linear model with calibrated outputs.

    Fewer rows than features, or numbers: ridge regression, its penalty (and, for classes, the
    temperature of the softmax over its scores) chosen by leave-one-out cost. Otherwise logistic
    regression, its penalty chosen on inner folds.
    """

    name: ClassVar[str] = "linear"

    def __init__(self) -> None:
        self._task = ""
        self._weights = Weights(*(np.zeros((0, 0), np.float32) for _ in range(3)))
        self._residuals: Residuals | None = None

    def fit(
        self,
        views: Views,
        truth: np.ndarray,
        codec: TargetCodec,
        *,
        seed: int,
        deadline: float | None = None,
    ) -> None:
        _check_scipy()
        self._task = codec.task
        num_features = views.dense.shape[1] + views.sparse.num_features
        small = min(num_features, len(views)) <= MAX_GRAM
        if small and (codec.task == "regress" or num_features >= len(views)):
            self._fit_closed(views, truth, codec)
        else:
            self._fit_descent(views, truth, codec, seed, deadline)

    def outputs(self, views: Views) -> np.ndarray:
        return in_parts(views, self._outputs)

    def save(self, folder: Path) -> None:
        arrays: dict[str, np.ndarray] = dict(vars(self._weights))
        if self._residuals is not None:
            arrays |= self._residuals.arrays()
        write_files(folder, {"name": self.name, "task": self._task}, arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        about, arrays = read_files(folder)
        expert = cls()
        expert._task = about["task"]
        expert._weights = Weights(arrays["dense"], arrays["sparse"], arrays["bias"])
        if expert._task == "regress":
            expert._residuals = Residuals.from_arrays(arrays)
        return expert

    def _outputs(self, views: Views) -> np.ndarray:
        scores = self._weights.scores(views.dense, views.sparse)
        if self._residuals is not None:
            return self._residuals.outputs(scores[:, 0])
        return link(scores, self._task)

    def _fit_closed(self, views: Views, truth: np.ndarray, codec: TargetCodec) -> None:
        targets = as_columns(truth, codec.task, num_outputs(codec, truth))
        if codec.task != "regress":
            targets = 2 * targets - 1
        best: tuple[float, Ridge, float] | None = None
        for ridge in ridge_path(views.dense, views.sparse, targets):
            cost, temperature = _left_out_cost(ridge, truth, codec)
            if best is None or cost < best[0]:
                best = cost, ridge, temperature
        if best is None:
            raise ValueError("no penalty was tried")
        _, ridge, temperature = best
        dense, sparse, bias = primal(views.dense, views.sparse, ridge, targets)
        self._weights = Weights(dense * temperature, sparse * temperature, bias * temperature)
        if codec.task == "regress":
            self._residuals = Residuals.fit(ridge.left_out[:, 0], truth)

    def _fit_descent(
        self,
        views: Views,
        truth: np.ndarray,
        codec: TargetCodec,
        seed: int,
        deadline: float | None,
    ) -> None:
        targets = as_columns(truth, codec.task, num_outputs(codec, truth))
        centre, spread = np.float32(0), np.float32(1)
        if codec.task == "regress":
            centre, spread = targets.mean(), targets.std() or np.float32(1)
        targets = (targets - centre) / spread
        costs: dict[float, list[float]] = {}
        held: dict[float, list[tuple[np.ndarray, np.ndarray]]] = {}
        for learn, judge in inner_folds(truth, seed=seed):
            if costs and is_late(deadline):
                break
            problem = Problem(
                views.dense[learn], views.sparse.take(learn), targets[learn], codec.task
            )
            rest = views.sparse.take(judge)
            for strength, weights in strengths_path(problem, STRENGTHS, deadline):
                scores = weights.scores(views.dense[judge], rest)
                held.setdefault(strength, []).append((scores[:, 0] * spread + centre, truth[judge]))
                costs.setdefault(strength, []).append(_cost(scores, targets[judge], truth[judge],
                                                            codec))
        chosen = _cheapest(costs)
        problem = Problem(views.dense, views.sparse, targets, codec.task)
        weights = problem.solve(chosen, deadline)
        self._weights = Weights(
            weights.dense * spread, weights.sparse * spread, weights.bias * spread + centre
        )
        if codec.task == "regress":
            means, seen = (np.concatenate(part) for part in zip(*held[chosen], strict=True))
            self._residuals = Residuals.fit(means, seen)


def _check_scipy() -> None:
    try:
        import scipy.optimize
        import scipy.sparse  # noqa: F401
    except ImportError:
        raise ExtraError("table", "the linear baseline") from None


def _left_out_cost(
    ridge: Ridge, truth: np.ndarray, codec: TargetCodec
) -> tuple[float, float]:
    """Return the leave-one-out cost and the temperature that gives it."""
    if codec.task == "regress":
        return float(((ridge.left_out[:, 0] - truth) ** 2).mean()), 1.0
    scores = ridge.left_out.astype(np.float32)
    costs = [float(codec.cost(link(scores * t, codec.task), truth).mean()) for t in TEMPERATURES]
    best = int(np.argmin(costs))
    return costs[best], float(TEMPERATURES[best])


def _cost(
    scores: np.ndarray, targets: np.ndarray, truth: np.ndarray, codec: TargetCodec
) -> float:
    if codec.task == "regress":
        return float(((scores - targets) ** 2).mean())
    return float(codec.cost(link(scores, codec.task), truth).mean())


def _cheapest(costs: Mapping[float, list[float]]) -> float:
    """Return the strength with the least mean cost among those judged on the most folds."""
    most = max(len(found) for found in costs.values())
    judged = {s: float(np.mean(found)) for s, found in costs.items() if len(found) == most}
    return min(judged, key=lambda strength: judged[strength])
