"""Judges: what scores a target's outputs, numbers or generated values, by one set of words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from plait.metrics import LOWER_IS_BETTER, SHARES, Rows
from plait.modalities import GeneratedTarget, MetricWord, PredictiveTarget


class Judge(Protocol):
    """Scores outputs against truth, both indexed by row.

    Of a predictive target, outputs are ``float32 [row, output]`` and truth is as its codec stacks
    it; of a generated one both are Raw, ``object [row]``.
    """

    @property
    def task(self) -> str:
        """What is done, for people and in files."""

    @property
    def shares(self) -> Mapping[str, Rows]:
        """Metrics that are shares of rows -> which rows they count."""

    @property
    def words(self) -> Mapping[str, MetricWord]:
        """Metrics that the target brings along, in words; those of `plait.metrics` are known."""

    def metrics(self, outputs: np.ndarray, truth: np.ndarray) -> dict[str, float]:
        """Return the metrics, the headline first."""

    def cost(self, outputs: np.ndarray, truth: np.ndarray) -> np.ndarray:
        """Return how bad each row is, float64 ``[row]``, lower is better."""

    def details(self, outputs: np.ndarray, truth: np.ndarray) -> dict[str, Any]:
        """Return what scores tell beside metrics."""

    def lower_is_better(self, metric: str) -> bool:
        """Tell whether less of a metric is better."""


@dataclass(frozen=True)
class OutputJudge:
    """Judges the outputs of a predictive target, by its proper cost.

    Attributes:
        codec: The target's fitted codec.
    """

    codec: PredictiveTarget
    shares: Mapping[str, Rows] = field(default_factory=lambda: SHARES)
    words: Mapping[str, MetricWord] = field(default_factory=dict)

    @property
    def task(self) -> str:
        return self.codec.task

    def metrics(self, outputs: np.ndarray, truth: np.ndarray) -> dict[str, float]:
        return self.codec.metrics(outputs, truth)

    def cost(self, outputs: np.ndarray, truth: np.ndarray) -> np.ndarray:
        return self.codec.cost(outputs, truth)

    def details(self, outputs: np.ndarray, truth: np.ndarray) -> dict[str, Any]:
        return self.codec.form.details(labels_of(self.codec), outputs, truth)

    def lower_is_better(self, metric: str) -> bool:
        return metric in LOWER_IS_BETTER


@dataclass(frozen=True)
class PairJudge:
    """Judges the values of a generated target, each pair of said and true compared once.

    A row's cost is its own headline, turned so that lower is better (1 minus a share): what was
    generated is judged, not how likely the truth was.

    Attributes:
        codec: The target's fitted codec.
    """

    codec: GeneratedTarget
    shares: Mapping[str, Rows] = field(default_factory=dict)
    _known: dict[tuple[int, int], tuple[Any, Any, np.ndarray]] = field(default_factory=dict)

    @property
    def task(self) -> str:
        return self.codec.task

    @property
    def words(self) -> Mapping[str, MetricWord]:
        return self.codec.words

    @property
    def headline(self) -> str:
        """The metric that is shown first."""
        return next(iter(self.codec.words))

    def metrics(self, outputs: np.ndarray, truth: np.ndarray) -> dict[str, float]:
        pairs = zip(outputs, truth, strict=True)
        return self.codec.metrics([self._compared(said, true) for said, true in pairs])

    def cost(self, outputs: np.ndarray, truth: np.ndarray) -> np.ndarray:
        values = self.values(outputs, truth)
        if self.lower_is_better(self.headline):
            return values
        return (1.0 if self.words[self.headline].share else 0.0) - values

    def values(self, outputs: np.ndarray, truth: np.ndarray) -> np.ndarray:
        """Return the headline of each row alone, float64 ``[row]``."""
        pairs = zip(outputs, truth, strict=True)
        found = [self.codec.metrics([self._compared(a, b)])[self.headline] for a, b in pairs]
        return np.array(found, np.float64)

    def details(self, outputs: np.ndarray, truth: np.ndarray) -> dict[str, Any]:
        return {}

    def lower_is_better(self, metric: str) -> bool:
        return metric in self.codec.words and self.codec.words[metric].lower_is_better

    def _compared(self, said: Any, true: Any) -> np.ndarray:
        """Compare a pair, or remember: a bootstrap asks for the same pairs again and again."""
        key = id(said), id(true)
        if key not in self._known:
            self._known[key] = said, true, np.asarray(self.codec.compare(said, true), np.float64)
        return self._known[key][2]


def labels_of(codec: Any) -> tuple[str, ...]:
    """Return a target's classes or labels in the order of its outputs; none of a number."""
    return tuple(getattr(codec, "labels", ()))
