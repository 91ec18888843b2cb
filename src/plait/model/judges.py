"""Judges: what scores a target's outputs, numbers or generated values, by one set of words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from plait.bootstrap import Resampled
from plait.metrics import LOWER_IS_BETTER, SHARES, Rows
from plait.modalities import GeneratedTarget, MetricWord, PredictiveTarget
from plait.model.made import raw_of

ROWS_AT_ONCE = 512
"""Of these the metrics of each alone are made together."""

NUM_CALLS = 4
"""Pairs of so many calls are remembered."""


class Judge(Protocol):
    """Scores outputs against truth, both indexed by row.

    Of a predictive target, outputs are ``float32 [row, output]`` and truth is as its codec stacks
    it; of a generated one truth is Raw, ``object [row]``, and outputs are, or are
    `plait.model.made.MADE`.
    """

    @property
    def task(self) -> str:
        """What is done, for people and in files."""

    @property
    def unit(self) -> str:
        """The unit of a target of numbers; "" where it has none."""

    @property
    def shares(self) -> Mapping[str, Rows]:
        """Metrics that are shares of rows -> which rows they count."""

    @property
    def words(self) -> Mapping[str, MetricWord]:
        """Metrics that the target brings along, in words; those of `plait.metrics` are known."""

    @property
    def resampled(self) -> Resampled | None:
        """The same metrics of many resamples at once, where there is a quick way."""

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

    @property
    def unit(self) -> str:
        return str(getattr(self.codec, "unit", ""))

    @property
    def resampled(self) -> Resampled | None:
        return self.codec.form.resampled_metrics

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
    """Judges the values of a generated target; pairs of said and true are compared once.

    A row's cost is its own headline, turned so that lower is better (1 minus a share): what was
    generated is judged, not how likely the truth was.

    Attributes:
        codec: The target's fitted codec.
    """

    codec: GeneratedTarget
    shares: Mapping[str, Rows] = field(default_factory=dict)
    unit: str = ""
    _memory: _Memory = field(default_factory=lambda: _Memory())

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

    @property
    def resampled(self) -> Resampled | None:
        at_once = getattr(self.codec, "resampled", None)
        if at_once is None:
            return None
        return lambda outputs, truth, counts: at_once(self._compared(outputs, truth), counts)

    def metrics(self, outputs: np.ndarray, truth: np.ndarray) -> dict[str, float]:
        return self.codec.metrics(self._compared(outputs, truth))

    def cost(self, outputs: np.ndarray, truth: np.ndarray) -> np.ndarray:
        values = self.values(outputs, truth, self.headline)
        if self.lower_is_better(self.headline):
            return values
        return (1.0 if self.words[self.headline].share else 0.0) - values

    def values(self, outputs: np.ndarray, truth: np.ndarray, metric: str) -> np.ndarray:
        """Return a metric of each row alone, float64 ``[row]``."""
        compared = self._compared(outputs, truth)
        at_once = getattr(self.codec, "resampled", None)
        if at_once is not None and len(compared):
            parts = [compared[i : i + ROWS_AT_ONCE] for i in range(0, len(compared), ROWS_AT_ONCE)]
            return np.concatenate([at_once(part, np.eye(len(part)))[metric] for part in parts])
        found = [self.codec.metrics([one])[metric] for one in compared]
        return np.array(found, np.float64)

    def details(self, outputs: np.ndarray, truth: np.ndarray) -> dict[str, Any]:
        return {}

    def lower_is_better(self, metric: str) -> bool:
        return metric in self.codec.words and self.codec.words[metric].lower_is_better

    def _compared(self, outputs: np.ndarray, truth: np.ndarray) -> list[np.ndarray]:
        return self._memory.compared(self.codec.compare, raw_of(outputs), truth)


class _Memory:
    """What comparing pairs gave: a bootstrap asks for the same ones again and again.

    Those of the last few calls are kept, with the values themselves, by whose identity they are
    known.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], tuple[Any, Any, np.ndarray]] = {}
        self._most = 0

    def compared(
        self, compare: Callable[[Any, Any], np.ndarray], outputs: np.ndarray, truth: np.ndarray
    ) -> list[np.ndarray]:
        """Return what `compare` gives for each pair, float64, compared now or remembered."""
        found = []
        for said, true in zip(outputs, truth, strict=True):
            key = id(said), id(true)
            if key not in self._known:
                self._known[key] = said, true, np.asarray(compare(said, true), np.float64)
            found.append(self._known[key][2])
        self._most = max(self._most, NUM_CALLS * len(outputs))
        for key in list(self._known)[: max(len(self._known) - self._most, 0)]:
            del self._known[key]
        return found


def labels_of(codec: Any) -> tuple[str, ...]:
    """Return a target's classes or labels in the order of its outputs; none of a number."""
    return tuple(getattr(codec, "labels", ()))
