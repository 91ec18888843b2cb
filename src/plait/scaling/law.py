"""How a loss falls with weights and rows: ``L(N, D) = E + A / N^a + B / D^b``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from plait.errors import ExtraError, UsageError

LEAST_POINTS = 4
"""Runs that a law is fitted to, at least."""

HUBER = 0.05
"""Gap of logarithms from which on a run counts by its distance, not by its square: five per cent,
for the runs are few, and a smaller one would make the law pass through some of them."""

POWERS, FLOORS = (0.2, 0.5, 1.0), (0.3, 0.7, 0.95)
"""Where the search begins: exponents, and shares of the least loss that stay for ever."""

MOST_POWER = 2.0
SMALL = -40.0
"""Logarithm of a term that is not there."""


@dataclass(frozen=True)
class Point:
    """A run.

    Attributes:
        weights: Of its network.
        rows: With a target, that it learned from.
        loss: Mean cost of rows that it did not see, above 0.
    """

    weights: float
    rows: float
    loss: float


@dataclass(frozen=True)
class Law:
    """``L(N, D) = E + A / N^a + B / D^b`` (Hoffmann et al. 2022, "Training Compute-Optimal Large
    Language Models", equation 2).

    Attributes:
        numbers: ``log E, log A, a, log B, b``.
    """

    numbers: tuple[float, float, float, float, float]

    def loss(self, weights: float, rows: float) -> float:
        """Return the loss that is foreseen of a network of so many weights and rows."""
        return float(
            np.exp(_log_loss(np.array(self.numbers), np.log([weights]), np.log([rows]))[0])
        )

    @property
    def floor(self) -> float:
        """The loss that neither more rows nor more weights take away."""
        return float(np.exp(self.numbers[0]))


@dataclass(frozen=True)
class Fitted:
    """A law, and others that resampled runs give.

    Attributes:
        law: Of all runs.
        others: Of resampled ones.
    """

    law: Law
    others: Sequence[Law]

    def foreseen(self, weights: float, rows: float) -> tuple[float, float, float]:
        """Return the loss that is foreseen, and the ends of its 95 % interval.

        The interval is that of the law alone: a single run varies by its seed besides.
        """
        losses = [law.loss(weights, rows) for law in self.others]
        low, high = np.percentile(losses, [2.5, 97.5])
        best = self.law.loss(weights, rows)
        return best, min(float(low), best), max(float(high), best)

    def gain(
        self, now: tuple[float, float], then: tuple[float, float]
    ) -> tuple[float, float, float]:
        """Return the share by which the loss falls from ``(weights, rows)`` to others, with its
        95 % interval."""

        def share(law: Law) -> float:
            return 1.0 - law.loss(*then) / law.loss(*now)

        low, high = np.percentile([share(law) for law in self.others], [2.5, 97.5])
        best = share(self.law)
        return best, min(float(low), best), max(float(high), best)


def fit_law(points: Sequence[Point], *, num_resamples: int = 100, seed: int = 0) -> Fitted:
    """Return the law of some runs, with those of resampled residuals.

    The sum of Huber losses of gaps between logarithms is minimised from many beginnings (the same
    paper, equation 3 and appendix D.2). A term of which all runs have one value is left out.
    Residuals are drawn with replacement and laid upon what the law says (Efron and Tibshirani 1993,
    section 9.4): few runs, each of another place, cannot be drawn themselves.

    Args:
        points: Runs, of two numbers of rows at least.
        num_resamples: Further laws, that intervals are from.
        seed: Of the draws.

    Raises:
        UsageError: Too few runs, or losses that are not above 0.
        ExtraError: Without scipy.
    """
    if len(points) < LEAST_POINTS or any(not one.loss > 0 for one in points):
        raise UsageError(
            "these runs tell no law",
            expected=f"{LEAST_POINTS} runs or more, of losses above 0",
            received=f"{len(points)} runs, the least loss "
            f"{min((one.loss for one in points), default=0.0):.3g}",
        )
    problem = _Problem.of(points)
    best = problem.solve(problem.beginnings())
    from scipy.special import ndtri, stdtrit

    told = problem.said(best)
    gaps = problem.losses - told
    rng = np.random.default_rng(seed)
    # Five numbers follow few runs closely: residuals are smaller than the errors that made them,
    # and how large those are is uncertain itself (Student's t beside the normal distribution).
    free = max(len(points) - problem.num_free, 1)
    wide = (len(points) / free) ** 0.5 * float(stdtrit(free, 0.975) / ndtri(0.975))
    others = [
        problem.with_losses(told + wide * rng.choice(gaps, len(gaps))).solve([best])
        for _ in range(num_resamples)
    ]
    return Fitted(_law(best), [_law(one) for one in others])


@dataclass(frozen=True)
class _Problem:
    """Logarithms of the runs, and which terms they tell of."""

    weights: np.ndarray
    rows: np.ndarray
    losses: np.ndarray
    of_weights: bool
    of_rows: bool

    @classmethod
    def of(cls, points: Sequence[Point]) -> _Problem:
        columns = np.log([[one.weights, one.rows, one.loss] for one in points]).T
        weights, rows, losses = columns
        return cls(weights, rows, losses, np.ptp(weights) > 1e-9, np.ptp(rows) > 1e-9)

    @property
    def num_free(self) -> int:
        return 1 + 2 * self.of_weights + 2 * self.of_rows

    def with_losses(self, losses: np.ndarray) -> _Problem:
        return _Problem(self.weights, self.rows, losses, self.of_weights, self.of_rows)

    def beginnings(self) -> list[np.ndarray]:
        """Return where a search may begin."""
        least, most = self.losses.min(), self.losses.max()
        found = []
        for floor, a, b in product(FLOORS, POWERS, POWERS):
            over = np.log(max(np.exp(most) - floor * np.exp(least), 1e-9))
            first = over + a * self.weights.min() if self.of_weights else SMALL
            second = over + b * self.rows.min() if self.of_rows else SMALL
            found.append(np.array([np.log(floor) + least, first, a, second, b]))
        return found

    def said(self, numbers: np.ndarray) -> np.ndarray:
        return _log_loss(numbers, self.weights, self.rows)

    def solve(self, beginnings: Sequence[np.ndarray]) -> np.ndarray:
        """Return the numbers of least cost."""
        try:
            from scipy.optimize import minimize
        except ImportError:
            raise ExtraError("table", "a law of scaling") from None
        bounds = [
            (SMALL, None),
            (SMALL, None if self.of_weights else SMALL),
            (0.01, MOST_POWER),
            (SMALL, None if self.of_rows else SMALL),
            (0.01, MOST_POWER),
        ]
        tries = [
            minimize(self._cost, one, method="L-BFGS-B", jac=True, bounds=bounds)
            for one in beginnings
        ]
        return np.asarray(min(tries, key=lambda one: float(one.fun)).x)

    def _cost(self, numbers: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the cost of numbers, and its slopes."""
        terms = _terms(numbers, self.weights, self.rows)
        told = np.logaddexp.reduce(terms)
        gaps = told - self.losses
        near = np.clip(gaps, -HUBER, HUBER)
        cost = (near * (gaps - 0.5 * near)).sum() / HUBER**2
        floor, first, second = np.exp(terms - told) * near / HUBER**2
        slopes = [floor, first, -first * self.weights, second, -second * self.rows]
        return float(cost), np.array([one.sum() for one in slopes])


def _terms(numbers: np.ndarray, weights: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the logarithms of the three terms of a loss, ``[3, run]``."""
    floor, first, a, second, b = numbers
    return np.stack([np.full_like(weights, floor), first - a * weights, second - b * rows])


def _log_loss(numbers: np.ndarray, weights: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the logarithm of the loss, of logarithms of weights and rows."""
    return np.asarray(np.logaddexp.reduce(_terms(numbers, weights, rows)))


def _law(numbers: np.ndarray) -> Law:
    floor, first, a, second, b = (float(one) for one in numbers)
    return Law((floor, first, a, second, b))
