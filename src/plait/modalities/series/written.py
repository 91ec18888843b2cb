"""Series written as JSON, so that reading them gives the same series."""

from __future__ import annotations

import json

import numpy as np

from plait.modalities.series.cells import Series


def written(series: Series) -> str:
    """Return ``[[number]]``, step by step, or channel -> numbers where there are names or times.

    >>> written(Series(np.array([[1.5], [np.nan]], np.float32)))
    '[[1.5], [null]]'
    """
    if series.times is None and not series.channels:
        return json.dumps([_plain(row) for row in series.values])
    names = series.channels or tuple(f"channel {i + 1}" for i in range(series.values.shape[1]))
    columns = dict(zip(names, series.values.T, strict=True))
    if series.times is not None:
        columns = {"time": series.times, **columns}
    return json.dumps({name: _plain(column) for name, column in columns.items()})


def _plain(values: np.ndarray) -> list[float | None]:
    """Return numbers with the digits that they have; null where nothing is known."""
    digits = 7 if values.dtype == np.float32 else 15
    return [None if np.isnan(one) else float(f"{one:.{digits}g}") for one in values.tolist()]
