"""Simple features of pictures, of many at once: a coarse grid and the directions of edges."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

if TYPE_CHECKING:
    from jaxtyping import Float32, UInt8

GRID = 16
"""Places along each side of the coarse grid."""

NUM_CELLS, NUM_BINS = 7, 9
"""Cells along each side, and directions told apart in each of them."""


def picture_features(
    pixels: UInt8[ndarray, "row height width channel"],
) -> Float32[ndarray, "row feature"]:
    """Return means of a 16 x 16 grid, in [0, 1], channel after channel, and gradients' directions.

    The directions are a histogram of oriented gradients (Dalal and Triggs 2005), the cells of a
    picture normalised as one block. A picture's features are bit for bit the same whatever others
    are beside it.
    """
    shades = pixels.astype(np.float32) / np.float32(255)
    grid = np.moveaxis(_averaged(_averaged(shades, 1), 2), 3, 1)
    edges = _gradient_histograms(shades.mean(axis=3))
    return np.concatenate([grid.reshape(len(pixels), -1), edges], axis=1)


def _averaged(shades: np.ndarray, axis: int) -> np.ndarray:
    """Return means of `GRID` overlapping boxes along an axis."""
    places, weights = _boxes(shades.shape[axis])
    shape = [1] * shades.ndim
    shape[axis] = GRID
    parts = (
        np.take(shades, places[:, k], axis=axis) * weights[:, k].reshape(shape)
        for k in range(places.shape[1])
    )
    total = next(parts)
    for part in parts:
        total += part
    return total


@cache
def _boxes(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which places each box averages, int ``[box, place]``, and their weights.

    Boxes are one `GRID`-th of the size wide, or one place where that is less; places whose middle
    lies in a box count the same.
    """
    step = size / GRID
    middles = (np.arange(GRID) + 0.5) * step
    half = max(step, 1.0) / 2
    inside = np.abs(np.arange(size) + 0.5 - middles[:, None] - 1e-9) <= half
    widest = int(inside.sum(axis=1).max())
    places = np.argsort(~inside, axis=1, kind="stable")[:, :widest]
    weights = np.take_along_axis(inside, places, axis=1).astype(np.float32)
    return places, weights / weights.sum(axis=1, keepdims=True)


def _gradient_histograms(grey: np.ndarray) -> np.ndarray:
    """Return histograms of gradients, float32 ``[row, cell * bin]``."""
    num, height, width = grey.shape
    dy, dx = np.gradient(grey, axis=(1, 2))
    size = np.hypot(dx, dy)
    bins = (np.arctan2(dy, dx) % np.pi / np.pi * NUM_BINS).astype(np.int32) % NUM_BINS
    rows = np.arange(height) * NUM_CELLS // height
    columns = np.arange(width) * NUM_CELLS // width
    per_picture = NUM_CELLS**2 * NUM_BINS
    cells = (rows[:, None] * NUM_CELLS + columns).astype(np.int32)
    bins += cells * NUM_BINS + (np.arange(num, dtype=np.int32) * per_picture)[:, None, None]
    found = np.bincount(bins.ravel(), size.ravel(), minlength=num * per_picture)
    found = found.reshape(num, per_picture)
    lengths = np.sqrt(np.square(found).sum(axis=1, keepdims=True))
    return np.asarray((found / (lengths + 1e-6)).astype(np.float32) * NUM_CELLS)
