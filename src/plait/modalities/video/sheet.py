"""Clips on a page and in one file: side by side as they move, and their frames in a row."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

import numpy as np
from PIL import Image

from plait.modalities.drawn_sets import copied
from plait.modalities.image.sheet import (
    COLUMNS,
    embedded,
    enlarged,
    film_of,
    sheet,
    shown,
)
from plait.modalities.video.clip import Clip
from plait.modalities.video.scoring import points_of, spread_places
from plait.spacing import evenly_spaced
from plait.types import Html

NUM_MOVING, NUM_IN_ROWS = 8, 6
"""Clips of a panel that are shown as they move, and whose frames are shown in a row."""

MOST_LEARNED = 1500
"""Training clips among which the nearest is looked for."""

LEAST_MILLISECONDS, MOST_MILLISECONDS = 20, 1000
"""Of a frame in GIF: viewers slow down what is quicker."""

MOVING = "gif"


def in_rows(lines: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """Return one picture, uint8 ``[height, width, 3]``, with eight frames of clips in each row.

    Args:
        lines: Clips, uint8 ``[frame, height, width, 3]``, that lie below each other in one row.
    """
    stacks = [
        [clip[spread_places(len(clip), COLUMNS)[place]] for clip in clips]
        for clips in lines
        for place in range(COLUMNS)
    ]
    return sheet(stacks, COLUMNS)


def side_by_side(stacks: Sequence[Sequence[np.ndarray]], columns: int) -> list[np.ndarray]:
    """Return the frames of one clip in which several are seen together.

    Args:
        stacks: Clips of one shape, uint8 ``[frame, height, width, 3]``; each stack from top to
            bottom.
        columns: Stacks in a line.
    """
    num = len(stacks[0][0])
    return [
        sheet([[clip[place] for clip in stack] for stack in stacks], columns)
        for place in range(num)
    ]


def laid_together(clips: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return the frames of one clip that shows several; of one alone its own, seen well."""
    if len(clips) == 1:
        return [enlarged(frame) for frame in clips[0]]
    return side_by_side([[clip] for clip in clips], math.ceil(len(clips) ** 0.5))


def moving(frames: Sequence[np.ndarray], seconds: float) -> bytes:
    """Return frames as GIF that takes so many seconds, again and again."""
    each = round(1000 * seconds / len(frames))
    return film_of(frames, int(np.clip(each, LEAST_MILLISECONDS, MOST_MILLISECONDS)))


def png_of(picture: np.ndarray) -> bytes:
    """Return a picture as PNG."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def compared_clips(
    said: Sequence[np.ndarray], true: Sequence[np.ndarray], size: int, seconds: float
) -> Html:
    """Return made clips above the true ones of their rows, as they move and frame by frame; "" of
    none.

    Args:
        said, true: Clips of one shape, uint8 ``[frame, height, width, 3]``.
        size: Side at which they are made, in pixels.
        seconds: How long they take.
    """
    if not said:
        return ""
    some = evenly_spaced(len(said), NUM_MOVING)
    frames = side_by_side([[said[i], true[i]] for i in some], len(some))
    film = embedded(
        moving(frames, seconds),
        MOVING,
        frames[0].shape[:2],
        f"{len(some)} made clips, moving, each above the true one",
    )
    few = evenly_spaced(len(said), NUM_IN_ROWS)
    rows = shown(
        in_rows([[said[i], true[i]] for i in few]),
        f"frames of {len(few)} made clips, each above the true one",
    )
    num = len(said[0])
    return (
        f"<p>Clips are made of {num} frames of {size} x {size} pixels, without sound. Each column: "
        f"made above, true below.</p>{film}<p>The same frame by frame.</p>{rows}"
    )


def learned_clips(said: Sequence[Clip], true: Sequence[Clip], learned: Sequence[Clip]) -> Html:
    """Return frames of made clips, each above the nearest that was learned from, and say how many
    are nearer to theirs than true ones of rows held out are to theirs; "" of none."""
    if not said or not learned:
        return ""
    learned = [learned[i] for i in evenly_spaced(len(learned), MOST_LEARNED)]
    told = copied(points_of(said), points_of(true), points_of(learned))
    few = evenly_spaced(len(said), NUM_IN_ROWS)
    rows = shown(
        in_rows([[said[i].frames, learned[told.nearest[i]].frames] for i in few]),
        f"frames of {len(few)} made clips, each above the nearest training clip",
    )
    return (
        "<h3>Copied or new</h3>"
        f"<p>Made above, the nearest of {len(learned):,} training clips below. "
        f"{100 * told.rate:.1f} % are nearer to theirs than nine of ten true clips of rows held "
        f"out are to theirs; of true ones it is {100 * told.usual:.1f} %.</p>{rows}"
    )
