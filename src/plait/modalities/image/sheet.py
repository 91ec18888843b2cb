"""Pictures on a page: a thumbnail of one, and sheets of many, made above true or learned ones."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from plait.modalities.drawn_sets import Copies, copied
from plait.modalities.image.pixels import encoded
from plait.modalities.image.scoring import point_of
from plait.spacing import evenly_spaced
from plait.types import Html

NUM_SHOWN, COLUMNS = 24, 8
SHOWN_PX, GAP_PX = 72, 4
"""Side of a picture on a sheet, about, and what lies between two."""

THUMBNAIL_PX, THUMBNAIL_FINE_PX = 160, 400
"""The longer side of a thumbnail, at most, and where places in the picture are to be seen."""

FRAME_MILLISECONDS = 80

PAGE = 255
"""Shade of the sheet."""


def thumbnail(raw: np.ndarray, *, fine: bool) -> Html:
    """Return a picture as people see it, as PNG or as JPEG: whichever is smaller.

    Args:
        raw: uint8 ``[height, width, 3]``.
        fine: Whether it is larger, small ones enlarged, for places in it to be seen.
    """
    picture, side = Image.fromarray(raw), THUMBNAIL_FINE_PX if fine else THUMBNAIL_PX
    if fine:
        times = max(1, side // (2 * max(picture.size)))
        picture = picture.resize((picture.width * times, picture.height * times), 0)
    picture.thumbnail((side, side))
    kind, data = min(encoded(picture), key=lambda file: len(file[1]))
    height, width = raw.shape[:2]
    return (
        f'<img class="picture" alt="picture of {width} x {height} pixels" '
        f'width="{picture.width}" height="{picture.height}" '
        f'src="data:image/{kind};base64,{base64.b64encode(data).decode()}">'
    )


def film_of(raws: Sequence[np.ndarray], milliseconds: int = FRAME_MILLISECONDS) -> bytes:
    """Return pictures one after the other, again and again, as GIF.

    Args:
        raws: Pictures of one size, uint8 ``[height, width, 3]``.
        milliseconds: How long each is seen.
    """
    buffer = io.BytesIO()
    first, *others = (Image.fromarray(enlarged(raw)) for raw in raws)
    first.save(buffer, "GIF", save_all=True, append_images=others, duration=milliseconds, loop=0)
    return buffer.getvalue()


def compared_sheet(said: Sequence[np.ndarray], true: Sequence[np.ndarray], size: int) -> Html:
    """Return a sheet of made pictures, each above the true one of its row; "" of none.

    Args:
        said, true: Pictures, uint8 ``[height, width, 3]``.
        size: Side at which they are made, in pixels.
    """
    if not said:
        return ""
    some = evenly_spaced(len(said), NUM_SHOWN)
    drawn = sheet([[said[i], true[i]] for i in some])
    return (
        f"<p>Pictures are made at {size} x {size} pixels. Each column: made above, true below.</p>"
        + shown(drawn, f"{len(some)} made pictures, each above the true one")
    )


def learned_sheet(
    said: Sequence[np.ndarray], true: Sequence[np.ndarray], learned: Sequence[np.ndarray]
) -> Html:
    """Return a sheet of made pictures, each above the nearest that was learned from, and say how
    many are nearer to theirs than true ones of rows held out are to theirs; "" of none."""
    if not said or not learned:
        return ""
    told = copies(said, true, learned)
    some = evenly_spaced(len(said), NUM_SHOWN)
    drawn = sheet([[said[i], learned[told.nearest[i]]] for i in some])
    share, usual = 100 * told.rate, 100 * told.usual
    return (
        "<h3>Copied or new</h3>"
        f"<p>Made above, the nearest of {len(learned):,} training pictures below. {share:.1f} % "
        f"are nearer to theirs than nine of ten true pictures of rows held out are to theirs; of "
        f"true ones it is {usual:.1f} %.</p>"
        + shown(drawn, f"{len(some)} made pictures, each above the nearest training picture")
    )


def copies(
    said: Sequence[np.ndarray], true: Sequence[np.ndarray], learned: Sequence[np.ndarray]
) -> Copies:
    """Return which training pictures are nearest, and how many are copied; in the space of
    `plait.modalities.image.scoring`."""
    made, real, kept = (np.stack([point_of(raw) for raw in some]) for some in (said, true, learned))
    return copied(made, real, kept)


def sheet(stacks: Sequence[Sequence[np.ndarray]], columns: int = COLUMNS) -> np.ndarray:
    """Return one picture of stacks of pictures, side by side, enlarged by whole numbers.

    Args:
        stacks: Of pictures of one size, uint8 ``[height, width, 3]``; each from top to bottom.
        columns: Stacks in a line.
    """
    height, width = enlarged(stacks[0][0]).shape[:2]
    tall, wide = height + GAP_PX, width + GAP_PX
    deep = len(stacks[0])
    lines = -(-len(stacks) // columns)
    line = deep * tall + 2 * GAP_PX
    shape = (lines * line + GAP_PX, min(columns, len(stacks)) * wide + GAP_PX, 3)
    found = np.full(shape, PAGE, np.uint8)
    for number, stack in enumerate(stacks):
        top, left = number // columns * line + GAP_PX, number % columns * wide + GAP_PX
        for place, raw in enumerate(stack):
            at = top + place * tall
            found[at : at + height, left : left + width] = enlarged(raw)
    return found


def enlarged(raw: np.ndarray) -> np.ndarray:
    """Return a picture that is seen well: of about 72 pixels, enlarged by a whole number."""
    times = max(1, round(SHOWN_PX / max(raw.shape[:2])))
    return raw.repeat(times, 0).repeat(times, 1)


def shown(picture: np.ndarray, alt: str) -> Html:
    """Return a picture as it is, in a page no wider than it."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", optimize=True)
    return embedded(buffer.getvalue(), "png", picture.shape[:2], alt)


def embedded(content: bytes, kind: str, sides: Sequence[int], alt: str) -> Html:
    """Return a file of a picture within a page.

    Args:
        content: The file.
        kind: Of it, such as ``png``.
        sides: Height and width in pixels.
        alt: What it shows, in words.
    """
    height, width = sides
    return (
        f'<img alt="{alt}" width="{width}" height="{height}" '
        'style="max-width:100%;height:auto" '
        f'src="data:image/{kind};base64,{base64.b64encode(content).decode()}">'
    )
