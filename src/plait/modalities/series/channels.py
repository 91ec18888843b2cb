"""Channels of series in the order of training, those that one lacks as gaps."""

from __future__ import annotations

import numpy as np

from plait.errors import CellError
from plait.modalities.series.cells import Series


def aligned(series: Series, num_channels: int, channels: tuple[str, ...]) -> Series:
    """Return a series with its channels in the order of training.

    Args:
        series: Read.
        num_channels: That training saw; at least one.
        channels: Their names; empty where they have none.

    Raises `CellError` when it has others, or another number of them.
    """
    if channels and series.channels and series.channels != channels:
        return reordered(series, channels)
    num = max(num_channels, 1)
    if series.values.shape[1] != num:
        raise CellError(
            "the series has another number of channels than in training",
            expected=f"{num} channels",
            received=f"{series.values.shape[1]} channels",
            hint="a file holds [time, channel], time first",
        )
    return series


def reordered(series: Series, channels: tuple[str, ...]) -> Series:
    """Return a series with these channels, NaN in those that it lacks. Raises `CellError`."""
    unknown = [name for name in series.channels if name not in channels]
    if unknown:
        raise CellError(
            "the series has channels that training did not see",
            expected=", ".join(channels),
            received=", ".join(unknown),
        )
    values = np.full((len(series.values), len(channels)), np.nan, np.float32)
    for i, name in enumerate(channels):
        if name in series.channels:
            values[:, i] = series.values[:, series.channels.index(name)]
    return Series(values, series.times, channels, series.unit)
