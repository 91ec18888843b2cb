"""What a model of time series wants to see of one: its channels on an even grid, standardised."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from plait.backbones.preprocessing import preparation_hash
from plait.modalities.series.cells import Series
from plait.modalities.series.channels import aligned
from plait.modalities.series.grid import average_down, lay_on_grid, thinned
from plait.modalities.series.survey import survey
from plait.types import Arrays, ArraySpec, Layout

NUM_SCALES = 3
"""Numbers that tell what standardising took away: mean, spread, and how long the series is."""

MAX_DIM = 8192
"""Longer vectors than this are not made: then the channels are averaged, and their spread told."""

SMALLEST_SPREAD = 1e-9


@dataclass(frozen=True, kw_only=True)
class SeriesPreparation:
    """A series with each channel standardised by itself, and what that took away told beside it.

    Attributes:
        max_steps: Longer series are averaged down to at most so many steps.
        exact: Whether every series is brought to exactly so many steps.
        hidden: Length of the model's states.
        num_channels, channels: Number and, where they have any, names of the channels.
        step: Distance of the even grid in the unit of the times; 0 when steps are just counted.
        pool: How many grid steps are averaged into one, at least.
    """

    modality: ClassVar[str] = "series"

    max_steps: int
    hidden: int
    exact: bool = False
    num_channels: int = 1
    channels: tuple[str, ...] = ()
    step: float = 0.0
    pool: int = 1

    @property
    def layout(self) -> Layout:
        return {
            "values": ArraySpec(("time", self.num_channels), "float32"),
            "scale": ArraySpec((self.num_channels, NUM_SCALES), "float32"),
        }

    @property
    def hash(self) -> str:
        return preparation_hash(self)

    @property
    def apart(self) -> bool:
        """Whether each channel has numbers of its own in the vectors."""
        return self.num_channels == 1 or self.num_channels * self._per_channel <= MAX_DIM

    @property
    def dim(self) -> int:
        """Length of the vectors: of every channel two states and its scale."""
        return self._per_channel * (self.num_channels if self.apart else 2)

    @property
    def _per_channel(self) -> int:
        return 2 * self.hidden + NUM_SCALES

    def fit(self, raws: Iterable[Series]) -> SeriesPreparation:
        """Return it with the channels, the grid and the lengths of some series of a column."""
        seen = survey(raws)
        if seen is None:
            return self
        longest = 1 if self.exact else seen.longest(self.max_steps)
        return replace(
            self,
            num_channels=seen.num_channels,
            channels=seen.channels,
            step=seen.step,
            pool=max(1, -(-longest // self.max_steps)),
        )

    def prepare(self, raw: Series) -> Arrays:
        """``values`` standardised ``[time, channel]``; ``scale`` its mean and spread, and length.

        Gaps are filled in a straight line; a channel without any value is 0. Mean and spread are
        told by their logarithms, the mean's with its sign.
        """
        series = aligned(raw, self.num_channels, self.channels)
        values, _ = lay_on_grid(series.values, series.times, self.step)
        values = np.nan_to_num(values.astype(np.float64))
        num_steps = len(values)
        if self.exact:
            values = thinned(values, self.max_steps)
        else:
            values = average_down(values, max(self.pool, -(-num_steps // self.max_steps)))
        mean, spread = values.mean(axis=0), values.std(axis=0)
        still = spread <= SMALLEST_SPREAD * (1 + np.abs(mean))
        scaled = (values - mean) / np.where(still, 1.0, spread)
        told = [
            np.sign(mean) * np.log1p(np.abs(mean)),
            np.log(np.where(still, 0.0, spread) + SMALLEST_SPREAD),
            np.full(len(mean), np.log(num_steps)),
        ]
        return {
            "values": np.where(still, 0.0, scaled).astype(np.float32),
            "scale": np.stack(told, axis=1).astype(np.float32),
        }
