"""What made clips are worth: points of four frames each, measured as pictures are.

The space, version 1, has the coordinates of four frames, evenly spread over the clip, in the space
of `plait.modalities.image.scoring`, each divided by two: squared distances of clips are means of
those of their frames. What moves otherwise lies elsewhere; nothing of it is learned.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plait.modalities.drawn_sets import words_of
from plait.modalities.image.scoring import point_of as point_of_picture
from plait.modalities.video.clip import Clip

NUM_FRAMES = 4
"""Of a clip, that are looked at."""

WORDS = words_of("clip")


def compared(said: Clip, true: Clip) -> np.ndarray:
    """Return the points of two clips, one after the other."""
    return np.concatenate([point_of(said), point_of(true)])


def point_of(raw: Clip) -> np.ndarray:
    """Return where a clip lies in the feature space, float64 ``[2532]``."""
    places = spread_places(len(raw.frames), NUM_FRAMES)
    points = [point_of_picture(raw.frames[place]) for place in places]
    return np.asarray(np.concatenate(points) / NUM_FRAMES**0.5)


def spread_places(num: int, wanted: int) -> np.ndarray:
    """Return so many places among `num`, evenly spread, both ends included; fewer recur.

    >>> spread_places(3, 6).tolist(), spread_places(9, 3).tolist()
    ([0, 0, 1, 1, 2, 2], [0, 4, 8])
    """
    return np.asarray(np.linspace(0, num - 1, wanted).round().astype(np.int64))


def points_of(raws: Sequence[Clip]) -> np.ndarray:
    """Return the points of clips, float64 ``[clip, 2532]``."""
    return np.stack([point_of(raw) for raw in raws])
