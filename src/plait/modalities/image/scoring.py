"""What made pictures are worth: points of a fixed feature space; see `plait.modalities.drawn_sets`.

The space, version 1, has 633 coordinates: the directions of edges in 7 x 7 cells (`features`) as a
vector of length 1, and 8 x 8 colours, whose root mean square counts twice. Its longest point, whose
squared length is 5, is a white picture with edges.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from plait.modalities.drawn_sets import words_of
from plait.modalities.image.features import GRID, NUM_CELLS, picture_features

COLOURS, COLOUR_WEIGHT = 8, 2.0
"""Colours along each side, and how much they count beside edges."""

WORDS = words_of("picture")


def compared(said: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return the points of two pictures, uint8 ``[height, width, 3]``, one after the other."""
    return np.concatenate([point_of(said), point_of(true)])


def point_of(raw: np.ndarray) -> np.ndarray:
    """Return where a picture lies in the feature space, float64 ``[633]``."""
    return _point(np.ascontiguousarray(raw).tobytes(), raw.shape)


@lru_cache(maxsize=4096)
def _point(data: bytes, shape: tuple[int, ...]) -> np.ndarray:
    found = picture_features(np.frombuffer(data, np.uint8).reshape(1, *shape))[0].astype(np.float64)
    num = shape[2] * GRID**2
    step = GRID // COLOURS
    colours = found[:num].reshape(shape[2], COLOURS, step, COLOURS, step).mean((2, 4)).ravel()
    point = np.concatenate([found[num:] / NUM_CELLS, COLOUR_WEIGHT * colours / colours.size**0.5])
    point.flags.writeable = False
    return point
