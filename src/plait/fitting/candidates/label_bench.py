"""Scores ways to learn from few and many labels on the same rows, as long as there is time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from plait.baselines.base_models import BaseModel
from plait.baselines.labelled_rows import LabelledRows
from plait.fitting.candidates.label_counts import nested_order

CHEAP_LABELS = 100
"""Points of fewer labels all take about the same time."""


@dataclass(frozen=True)
class Way:
    """Some columns, and what learns from them."""

    name: str
    columns: tuple[str, ...]
    kind: Callable[[], BaseModel]


class Pace:
    """Foretells from the points so far whether one more is done in time.

    Args:
        deadline: Of `time.monotonic`; None for never.
    """

    def __init__(self, deadline: float | None) -> None:
        self.deadline = deadline
        self._seconds: dict[int, float] = {}

    def allows(self, count: int) -> bool:
        """Tell whether a point of `count` labels ends in time, if time grows by labels^1.5."""
        if self.deadline is None:
            return True
        known = max((c for c in self._seconds if c <= count), default=None)
        if known is None:
            return time.monotonic() < self.deadline
        growth = max(count, CHEAP_LABELS) / max(known, CHEAP_LABELS)
        needed = self._seconds[known] * growth**1.5
        return time.monotonic() + needed < self.deadline

    def record(self, count: int, began: float) -> None:
        """Remember how long a point took that `began` then."""
        self._seconds[count] = time.monotonic() - began


class Bench:
    """Scores ways to learn on the same judged rows.

    Args:
        learn, held, judged: Rows to learn from, to choose the way by (or None), to report on.
        seed: Of the draws and the base models.
        pace: Of the time.
    """

    def __init__(
        self,
        learn: LabelledRows,
        held: LabelledRows | None,
        judged: LabelledRows,
        seed: int,
        pace: Pace,
    ) -> None:
        self.learn, self.held, self.judged = learn, held, judged
        self.seed, self.pace = seed, pace
        self.metric = learn.form.choosable[0]
        self.scores: dict[tuple[str, int], list[float]] = {}
        self.costs: dict[str, list[float]] = {}
        self._seen: dict[str, tuple[LabelledRows, LabelledRows | None, LabelledRows]] = {}

    def draw(self, ways: Sequence[Way], counts: Sequence[int], number: int) -> None:
        """Score every way on one draw of labels, from few to many, until it is late."""
        keys = self.learn.form.strata(self.learn.truth)
        order = nested_order(keys, self.seed + number)
        for count in counts:
            if not self.pace.allows(count):
                return
            began = time.monotonic()
            for way in ways:
                self._score(way, np.sort(order[:count]))
            if number == 0:
                self.pace.record(count, began)

    def best(self, ways: Sequence[Way]) -> Way:
        """Return the way of the lowest mean cost on held-out rows; without any, the first."""
        return min(ways, key=lambda way: float(np.mean(self.costs.get(way.name, [0.0]))))

    def curve(self, way: Way, name: str) -> list[dict[str, Any]]:
        """Return a way's points: mean score, and from lowest to highest draw."""
        return [
            {
                "name": name,
                "labels": count,
                "value": float(np.mean(found)),
                "interval": [min(found), max(found)] if len(found) > 1 else None,
                "draws": len(found),
            }
            for (of, count), found in sorted(self.scores.items())
            if of == way.name
        ]

    def _score(self, way: Way, places: np.ndarray) -> None:
        learn, held, judged = self._parts(way)
        base_model = way.kind()
        base_model.fit(learn.take(places), seed=self.seed, deadline=self.pace.deadline)
        found = judged.codec.metrics(base_model.outputs(judged.matrices), judged.truth)
        self.scores.setdefault((way.name, len(places)), []).append(float(found[self.metric]))
        if held is not None:
            cost = held.mean_cost(base_model.outputs(held.matrices))
            self.costs.setdefault(way.name, []).append(cost)

    def _parts(self, way: Way) -> tuple[LabelledRows, LabelledRows | None, LabelledRows]:
        if way.name not in self._seen:
            held = None if self.held is None else self.held.only(way.columns)
            learn, judged = (part.only(way.columns) for part in (self.learn, self.judged))
            self._seen[way.name] = learn, held, judged
        return self._seen[way.name]
