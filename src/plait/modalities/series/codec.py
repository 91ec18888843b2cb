"""Series: read from files or cells, laid on an even grid, scaled per channel.

As a target they are drawn whole, as a Gaussian over all of their steps.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from plait.display import brief
from plait.errors import TargetError
from plait.modalities.contract import LATER
from plait.modalities.detection import looks_like_media
from plait.modalities.likeness import Fingerprint
from plait.modalities.media import Media
from plait.modalities.series.cells import Series, sureness
from plait.modalities.series.channels import aligned
from plait.modalities.series.files import ENDINGS, MAGIC
from plait.modalities.series.grid import average_down, known_spread, lay_on_grid, thinned
from plait.modalities.series.linear_map import LinearMap
from plait.modalities.series.overlaid import overlaid
from plait.modalities.series.plot import plot
from plait.modalities.series.random_convolution import (
    default_biases,
    fit_biases,
    make_blocks,
    transform,
)
from plait.modalities.series.reading import read_series
from plait.modalities.series.scoring import WORDS, counted, measured
from plait.modalities.series.sketch import fingerprint_series, series_alike
from plait.modalities.series.survey import survey
from plait.modalities.series.warp import warp
from plait.modalities.series.written import written
from plait.modalities.target import MetricWord, SimpleGenerator, StartingGenerator
from plait.modalities.traits import Traits
from plait.types import Arrays, ArraySpec, Cell, ColumnSample, Html, Layout

MAX_SCALED = 1e4
SMALLEST_SPREAD = 1e-3
PLAIN, THINNED = 3, 64
"""Detail from which on features are the series itself, and its steps then."""


@brief
@dataclass(frozen=True, kw_only=True)
class SeriesCodec:
    """Codec of the ``series`` modality.

    Raw is a `Series`: values ``[time, channel]`` with NaN gaps, perhaps times and channel names.

    Attributes:
        time_column: Name of the time column in files and objects ("" finds the usual names).
        max_steps: Longer series are averaged down to at most this many steps.
        detail: Of the baseline's features: 0 finest, 2 coarsest; -1 is chosen by `fit` from the
            number of training series (about 12,000, 6,600 or 3,000 features). 3 takes the series
            itself, thinned to 64 steps: of windows of one series, which are alike step by step.
        num_channels, channels: Number and, where they have any, names of the channels.
        means, scales: Per channel, of all training values.
        step: Distance of the even grid in the unit of the times; 0 when steps are just counted.
        pool: How many grid steps are averaged into one.
        num_steps: Longest training series after that.
        least_steps: Shortest training series after that.
        gaps: Whether training series had gaps, so that a mask tells what was observed.
        biases: Of the random convolution features (base64 of float16).
        own: Columns that say whose series it is, of several, and how high: of no other's use.
        ahead: So many of the last steps are of the time that the target tells; 0 for none.
    """

    modality: ClassVar[str] = "series"
    version: ClassVar[int] = 4
    bare_numbers: ClassVar[bool] = False
    extra: ClassVar[str | None] = None
    traits: ClassVar[Traits] = Traits(light=True)
    task: ClassVar[str] = "draw"
    verb: ClassVar[str] = "Draws"
    words: ClassVar[Mapping[str, MetricWord]] = WORDS
    baselines: ClassVar[tuple[type[SimpleGenerator], ...]] = (LinearMap,)
    begins_at: ClassVar[type[StartingGenerator]] = LinearMap

    time_column: str = ""
    max_steps: int = 2048
    detail: int = -1
    num_channels: int = 0
    channels: tuple[str, ...] = ()
    means: tuple[float, ...] = ()
    scales: tuple[float, ...] = ()
    step: float = 0.0
    pool: int = 1
    num_steps: int = 64
    least_steps: int = 0
    gaps: bool = False
    biases: str = ""
    own: tuple[str, ...] = field(default=(), metadata=LATER)
    ahead: int = field(default=0, metadata=LATER)

    @property
    def layout(self) -> Layout:
        """``values`` scaled per channel; ``moments`` mean and log spread; ``seen`` 1 = observed."""
        num = max(self.num_channels, 1)
        layout = {
            "values": ArraySpec(("time", num), "float32"),
            "moments": ArraySpec((num, 2), "float32"),
        }
        return layout | ({"seen": ArraySpec(("time", num), "uint8")} if self.gaps else {})

    def detect(self, sample: ColumnSample) -> float:
        files = looks_like_media(sample, ENDINGS, MAGIC)
        inline = sum(sureness(value) for value in sample.values) / max(len(sample.values), 1)
        return max(0.97 * files, inline)

    def read(self, cell: Cell, media: Media) -> Series | None:
        series = read_series(cell, media, self.time_column)
        return series if series is None or not self.num_channels else self._align(series)

    def fit(self, raws: Iterable[Series]) -> SeriesCodec:
        """Learn channels, scales, grid and the biases of the random convolution features."""
        seen = survey(raws)
        if seen is None:
            return self
        detail = self.detail if self.detail >= 0 else sum(seen.num_series > n for n in (2000, 8000))
        longest = max(1, seen.longest(self.max_steps))
        codec = replace(
            self,
            detail=detail,
            num_channels=seen.num_channels,
            channels=seen.channels,
            means=tuple(seen.means.tolist()),
            scales=tuple(np.where(seen.spreads > 0, seen.spreads, 1.0).tolist()),
            step=seen.step,
            pool=-(-longest // self.max_steps),
            gaps=seen.gaps,
        )
        steps = -(-longest // codec.pool), -(-seen.shortest // codec.pool)
        codec = replace(codec, num_steps=steps[0], least_steps=min(steps))
        if detail >= PLAIN:
            return codec
        blocks = make_blocks(codec.num_steps, codec.num_channels, detail)
        sample = [codec.prepare(raw)["values"].T for raw in seen.sample]
        return replace(codec, biases=fit_biases(sample, blocks))

    def prepare(self, raw: Series) -> Arrays:
        series = self._align(raw)
        values, seen = lay_on_grid(series.values, series.times, self.step)
        # Far longer series than training saw would flood the network with tokens.
        most = min(self.max_steps, max(64, 2 * self.num_steps))
        factor = max(self.pool, -(-len(values) // most))
        num = values.shape[1]
        means = np.array(self.means or [0.0] * num)
        scales = np.array(self.scales or [1.0] * num)
        scaled = (average_down(values, factor) - means) / scales
        scaled = np.nan_to_num(scaled).clip(-MAX_SCALED, MAX_SCALED).astype(np.float32)
        arrays = {"values": np.ascontiguousarray(scaled), "moments": _moments(scaled)}
        if self.gaps:
            arrays["seen"] = (average_down(seen.astype(np.float32), factor) >= 0.5).astype(np.uint8)
        return arrays

    def augment(self, arrays: Arrays, rng: np.random.Generator) -> Arrays:
        """Crop and warp the time, scale channels, add noise, now and then lose a channel."""
        changed = warp(arrays, rng)
        values = changed["values"]
        num_steps, num_channels = values.shape
        gains = np.exp(rng.normal(0.0, 0.08, num_channels)).astype(np.float32)
        noise = rng.normal(0.0, 0.02, (num_steps, num_channels)).astype(np.float32)
        values = values * gains + noise * np.minimum(np.exp(changed["moments"][:, 1]), 1.0)
        if num_channels > 1 and rng.random() < 0.1:
            values[:, rng.integers(num_channels)] = 0.0
        return {**changed, "values": values, "moments": _moments(values)}

    def show(self, raw: Series) -> Html:
        return plot(raw)

    def example(self, rng: np.random.Generator) -> Cell:
        """A wave of some 20 to 40 steps per channel, as JSON."""
        time = np.arange(rng.integers(20, 40))[:, None]
        period = rng.uniform(5.0, 15.0, max(self.num_channels, 1))
        wave = np.sin(2 * np.pi * time / period) + rng.normal(0, 0.1, (len(time), len(period)))
        if self.channels:
            return json.dumps(dict(zip(self.channels, wave.T.round(3).tolist(), strict=True)))
        return json.dumps(wave.round(3).tolist())

    def neutral(self) -> Series:
        means = np.array(self.means or [0.0] * max(self.num_channels, 1), np.float32)
        times = np.arange(self.num_steps * self.pool) * self.step if self.step else None
        return Series(np.tile(means, (self.num_steps * self.pool, 1)), times, self.channels)

    def corrupt(self, raw: Series, severity: float, rng: np.random.Generator) -> Series:
        """Add noise and drift, and freeze the sensor for a while."""
        if severity <= 0:
            return raw
        values = raw.values.astype(np.float64)
        spread = np.nan_to_num(known_spread(values))
        num_steps = len(values)
        drift = np.linspace(0, 1, num_steps)[:, None] * rng.normal(0, 1, values.shape[1])
        values = values + severity * spread * (rng.normal(0, 1, values.shape) + drift)
        frozen = int(0.4 * severity * num_steps)
        start = int(rng.integers(0, num_steps - frozen + 1))
        values[start : start + frozen] = values[start : start + 1][:frozen]
        return replace(raw, values=values.astype(np.float32))

    def features(self, arrays: Arrays) -> np.ndarray:
        """Random convolution features, each channel's mean and log spread, and the log length."""
        values = np.ascontiguousarray(arrays["values"].T)
        length = np.array([np.log(values.shape[1])])
        if self.detail >= PLAIN:
            found = thinned(arrays["values"], min(self.num_steps, THINNED)).ravel()
        else:
            blocks = make_blocks(self.num_steps, len(values), max(self.detail, 0))
            found = transform(values, blocks, self.biases or default_biases(blocks))
        parts = [found, arrays["moments"].ravel(), length]
        return np.concatenate(parts).astype(np.float32)

    def fingerprint(self, raw: Series) -> Fingerprint | None:
        return fingerprint_series(raw.values)

    def alike(self, first: bytes, second: bytes) -> bool:
        return series_alike(first, second)

    def remarks(self, arrays: Arrays, *, target: bool, simple: bool) -> tuple[str, ...]:
        """Return that a series is much shorter than those like which it is to be drawn."""
        told = f"have less than half of the {self.num_steps:,} steps of the longest"
        return (told,) if target and len(arrays["values"]) < self.num_steps / 2 else ()

    def as_target(self) -> SeriesCodec:
        return self

    def check_target(self, num_rows: int) -> None:
        if not self.num_channels:
            raise TargetError(
                "there is no series to learn from",
                expected="rows with a series",
                received=f"{num_rows} rows",
            )

    def made(self, values: np.ndarray) -> Arrays:
        """Return arrays of the layout of scaled values that were made, ``[time, channel]``."""
        values = np.ascontiguousarray(values.clip(-MAX_SCALED, MAX_SCALED), np.float32)
        arrays = {"values": values, "moments": _moments(values)}
        return arrays | ({"seen": np.ones(values.shape, np.uint8)} if self.gaps else {})

    def decode(self, arrays: Arrays) -> Series:
        values = self._known(arrays)
        num = values.shape[1]
        values = values * np.array(self.scales or [1.0] * num) + np.array(self.means or [0.0] * num)
        values = np.repeat(values, self.pool, axis=0).astype(np.float32)
        times = np.arange(len(values)) * self.step if self.step else None
        return Series(values, times, self.channels)

    def write(self, raw: Series) -> str:
        return written(raw)

    def answer(self, raws: Sequence[Series]) -> Mapping[str, Any]:
        return {"prediction": [self.write(raw) for raw in raws]}

    def compare(self, said: Series, true: Series) -> np.ndarray:
        return counted(self._scaled(said), self._scaled(true))

    def metrics(self, compared: Sequence[np.ndarray]) -> dict[str, float]:
        return measured(compared)

    def panel(self, said: Sequence[Series], true: Sequence[Series]) -> Html:
        made, real = ([self._scaled(one) for one in side] for side in (said, true))
        return overlaid(made, real, self.channels)

    def _scaled(self, raw: Series) -> np.ndarray:
        return self._known(self.prepare(raw))

    def _known(self, arrays: Arrays) -> np.ndarray:
        """Return the values of a prepared series, NaN where nothing was observed."""
        if "seen" not in arrays:
            return arrays["values"]
        return np.where(arrays["seen"] > 0, arrays["values"], np.float32(np.nan))

    def _align(self, series: Series) -> Series:
        """Bring the channels into the order of training. Raises `CellError` when they differ."""
        return aligned(series, self.num_channels, self.channels)


def _moments(values: np.ndarray) -> np.ndarray:
    """Return mean and log spread of each channel, float32 ``[channel, 2]``."""
    exact = values.astype(np.float64)
    spread = np.log(exact.std(axis=0) + SMALLEST_SPREAD)
    return np.stack([exact.mean(axis=0), spread], axis=1).astype(np.float32)
