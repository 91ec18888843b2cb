"""Means and their quantiles in a graph: residuals by where the mean lies, in order."""

from __future__ import annotations

import numpy as np

from plait.baselines.residuals import Residuals
from plait.compress.one_graph.builder import Builder


def quantiles(builder: Builder, means: str, residuals: Residuals) -> str:
    """Return means and their quantiles, as `Residuals.outputs`: float32 ``[batch, 4]``.

    What is interpolated between bins is a sum of ramps, each from one bin's place to the next.

    Args:
        builder: Of the graph.
        means: float32 ``[batch, 1]``.
        residuals: Of a base model.
    """
    add = builder.add
    places, offsets = residuals.places, residuals.offsets
    widths = np.diff(places)
    moved = add("Add", means, offsets[:1])
    if len(widths):
        slopes = np.diff(offsets, axis=0) / np.where(widths > 0, widths, 1)[:, None]
        ramps = add("Max", add("Sub", means, places[None, :-1]), 0.0)
        ramps = add("Min", ramps, widths[None])
        moved = add("Add", moved, add("MatMul", ramps, slopes.astype(np.float32)))
    return builder.concat([means, in_order(builder, moved, 3)])


def in_order(builder: Builder, values: str, num: int) -> str:
    """Return each row's numbers in ascending order."""
    count = builder.constant(np.array([num], np.int64))
    found, _ = builder.several("TopK", [values, count], 2, axis=1, largest=0, sorted=1)
    return found
