"""What corrections make of a bundle's answers, in closed form: ridge regression and prototypes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plait.edge.delta import Correction
from plait.model.rehearsal import Rehearsal

PRIOR_ROWS = 2.0
"""Known rows that hold the old answers, for each feature."""


class Learned:
    """The correction that is added to a bundle's own outputs.

    *Known classes and numbers.* To the outputs ``p`` of a row with features ``z`` is added
    ``W (1, z)``, where ``W`` minimises ``sum w |W (1, z) - r|^2 + n E |W (1, z)|^2``: over the
    corrected rows it is to be what was amiss, ``r``, and over known rows, as the statistics tell
    of them, nothing (ridge regression in the metric of the old rows, solved by its sums: recursive
    least squares, Plackett 1950, without its recursion). Classes' outputs are cut at zero and sum
    to one again. Without a corrected row ``W`` is zero.

    *New classes.* Each has a prototype ``m``, the mean of its examples drawn towards the middle
    (the posterior mean of two-covariance linear discriminant analysis, Ioffe 2006, "Probabilistic
    linear discriminant analysis": ``n s / (n s + 1)`` of it along a feature in which classes' means
    vary by ``s``). The share of a class in a row is by its normal density about its prototype,
    those of known classes being their means in the statistics, and a second one where they were
    corrected; known classes keep what is left of one, by their own outputs.

    Args:
        rehearsal: The statistics.
        labels: The bundle's classes, in the order of its outputs; () of numbers.
        corrections: That are learned.

    Attributes:
        new_labels: The classes that are new, in the order in which they were taught.
    """

    def __init__(
        self, rehearsal: Rehearsal, labels: Sequence[str], corrections: Sequence[Correction]
    ) -> None:
        self.rehearsal, self._corrections = rehearsal, corrections
        named = [one.label for correction in corrections for one in correction.sums]
        places = {label: place for place, label in enumerate(labels)}
        self.new_labels = tuple(dict.fromkeys(one for one in named if one not in places))
        self._exclusive = rehearsal.unit is None
        self._weights = self._solved()
        self._known, self._new = self._prototypes(places)

    def __bool__(self) -> bool:
        return bool(self._corrections)

    def apply(self, features: np.ndarray, outputs: np.ndarray) -> np.ndarray:
        """Return corrected outputs, float32 ``[row, output + new class]``.

        Args:
            features: float64 ``[row, feature]``.
            outputs: The bundle's own, ``[row, output]``.
        """
        found = np.asarray(outputs, np.float64)
        if self._weights is not None:
            found = self._added(features, found)
        if self.new_labels:
            shares = self._shares(features)
            left = 1.0 - shares.sum(axis=1, keepdims=True)
            found = np.concatenate([found * left, shares], axis=1)
        return found.astype(np.float32)

    def _added(self, features: np.ndarray, outputs: np.ndarray) -> np.ndarray:
        more = with_one(features) @ self._weights
        if not self._exclusive:
            return outputs + more
        cut = np.maximum(outputs + more, 0.0)
        total = cut.sum(axis=1, keepdims=True)
        return np.where(total > 0, cut / np.where(total > 0, total, 1.0), outputs)

    def _solved(self) -> np.ndarray | None:
        """Return ``W``, float64 ``[1 + feature, output]``; None where no output was corrected."""
        told = [one for one in self._corrections if len(one.design)]
        if not told:
            return None
        gram = PRIOR_ROWS * (1 + self.rehearsal.num_features) * moment_of(self.rehearsal)
        sums = np.zeros((len(gram), told[0].residuals.shape[1]))
        for one in told:
            gram += one.design.T @ one.design
            sums += one.design.T @ one.residuals
        return np.asarray(np.linalg.solve(gram, sums))

    def _prototypes(self, places: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
        """Return the prototypes of known classes, a second one where they were corrected, and of
        new ones, each ``[prototype, near]``."""
        near, spread = self.rehearsal.num_near, self.rehearsal.spread.astype(np.float64)
        means = self.rehearsal.means[:, :near].astype(np.float64)
        nums = dict.fromkeys([*places, *self.new_labels], 0)
        totals = {label: np.zeros(len(spread)) for label in nums}
        for correction in self._corrections:
            for one in correction.sums:
                nums[one.label] += one.num
                totals[one.label] = totals[one.label] + one.total
        known, new = list(means[self.rehearsal.counts > 0]), list[np.ndarray]()
        for label, num in nums.items():
            if num:
                middle = means[places[label]] if label in places else np.zeros(len(spread))
                share = num * spread / (num * spread + 1.0)
                found = middle + share * (totals[label] / num - middle)
                (known if label in places else new).append(found)
        return np.array(known).reshape(-1, near), np.array(new).reshape(-1, near)

    def _shares(self, features: np.ndarray) -> np.ndarray:
        """Return the probability of each new class, ``[row, new class]``."""
        every = np.concatenate([self._known, self._new])
        logits = features[:, : self.rehearsal.num_near] @ every.T - (every**2).sum(axis=1) / 2
        raised = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(raised[:, len(self._known) :] / raised.sum(axis=1, keepdims=True))


def with_one(features: np.ndarray) -> np.ndarray:
    """Return features with a one before them, ``[row, 1 + feature]``."""
    return np.concatenate([np.ones((len(features), 1)), features], axis=1)


def moment_of(rehearsal: Rehearsal) -> np.ndarray:
    """Return the mean product of known rows' features with themselves, all classes alike,
    ``[1 + feature, 1 + feature]``."""
    means = with_one(rehearsal.means[rehearsal.counts > 0].astype(np.float64))
    found = means.T @ means / len(means)
    inner = np.arange(1, len(found))
    found[inner, inner] += 1.0
    return np.asarray(found)
