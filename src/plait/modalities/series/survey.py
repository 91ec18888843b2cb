"""Looks once over training series: channels, scales, lengths, steps, gaps, and a sample."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from plait.modalities.series.cells import Series
from plait.modalities.series.grid import usual_step

SAMPLE_SIZE = 64
ShapeKey = tuple[int, tuple[str, ...]]


@dataclass
class Survey:
    """What was seen of the series of one number (and naming) of channels.

    Attributes:
        num_channels, channels: Number and names.
        num_series: How many.
        counts, means, squares: Per channel: values, their mean, sum of squared distances from it.
        lengths: Steps of each series.
        durations, steps: Last minus first time and usual step of those that have times.
        gaps: Whether any value was missing.
        sample: A fixed pseudo-random choice of them, for the biases of features.
    """

    num_channels: int
    channels: tuple[str, ...]
    num_series: int = 0
    counts: np.ndarray = field(init=False)
    means: np.ndarray = field(init=False)
    squares: np.ndarray = field(init=False)
    lengths: list[int] = field(default_factory=list)
    durations: list[float] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)
    gaps: bool = False
    sample: list[Series] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.counts, self.means, self.squares = np.zeros((3, self.num_channels))

    @property
    def spreads(self) -> np.ndarray:
        """Standard deviation per channel."""
        spreads: np.ndarray = np.sqrt(self.squares / np.maximum(self.counts, 1))
        return spreads

    @property
    def step(self) -> float:
        """Median step of the series with times; 0 when there is none."""
        return float(np.median(self.steps)) if self.steps else 0.0

    def longest(self, max_steps: int) -> int:
        """Return the grid places of the longest series; of the 99 % quantile beyond `max_steps`."""
        sizes = self._sizes()
        longest = float(sizes.max())
        return int(round(longest if longest <= max_steps else float(np.quantile(sizes, 0.99))))

    @property
    def shortest(self) -> int:
        """Grid places of the shortest series."""
        return int(round(float(self._sizes().min())))

    def _sizes(self) -> np.ndarray:
        if self.step:
            return np.array(self.durations) / self.step + 1
        return np.array(self.lengths, np.float64)

    def add(self, series: Series, rng: np.random.Generator) -> None:
        """Take one more series into account (means merged as in Chan et al. 1983)."""
        values = series.values.astype(np.float64)
        known = ~np.isnan(values)
        num = known.sum(axis=0)
        mean = np.where(known, values, 0.0).sum(axis=0) / np.maximum(num, 1)
        square = (np.where(known, values - mean, 0.0) ** 2).sum(axis=0)
        total = np.maximum(self.counts + num, 1)
        gap = mean - self.means
        self.squares = self.squares + square + gap**2 * self.counts * num / total
        self.means = self.means + gap * num / total
        self.counts = self.counts + num
        self.gaps = self.gaps or not known.all()
        self._note_times(series)
        self._keep(series, rng)

    def _note_times(self, series: Series) -> None:
        self.lengths.append(len(series.values))
        step = usual_step(series.times) if series.times is not None else 0.0
        if series.times is not None and step > 0:
            self.steps.append(step)
            self.durations.append(float(series.times[-1] - series.times[0]))
            even = np.abs(np.diff(series.times) / step - 1).max() < 0.5
            self.gaps = self.gaps or not even

    def _keep(self, series: Series, rng: np.random.Generator) -> None:
        """Reservoir sampling (Vitter 1985, algorithm R)."""
        self.num_series += 1
        place = int(rng.integers(self.num_series))
        if len(self.sample) < SAMPLE_SIZE:
            self.sample.append(series)
        elif place < SAMPLE_SIZE:
            self.sample[place] = series


def survey(raws: Iterable[Series]) -> Survey | None:
    """Look over the series; returns the `Survey` of the most common channels, None of nothing."""
    rng = np.random.default_rng(0)
    found: dict[ShapeKey, Survey] = {}
    for raw in raws:
        key = (raw.values.shape[1], tuple(sorted(raw.channels)))
        if key not in found:
            found[key] = Survey(raw.values.shape[1], raw.channels)
        kept = found[key]
        kept.add(_in_order(raw, kept.channels), rng)
    if not found:
        return None
    sizes = Counter({key: kept.num_series for key, kept in found.items()})
    return found[sizes.most_common(1)[0][0]]


def _in_order(series: Series, channels: tuple[str, ...]) -> Series:
    if series.channels == channels:
        return series
    order = [series.channels.index(name) for name in channels]
    return Series(series.values[:, order], series.times, channels, series.unit)
