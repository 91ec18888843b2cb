"""Canvases laid together of pieces of others: cut, scaled, and with edges that fade."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from plait.modalities.collage import Piece


def laid(canvases: Sequence[np.ndarray], pieces: Sequence[Piece]) -> np.ndarray:
    """Return a canvas of pieces, uint8 ``[height, width, channel]``.

    Args:
        canvases: Of one shape; those that `Piece.row` names.
        pieces: The first fills the whole canvas, or those without soft edges do together.
    """
    found = np.zeros_like(canvases[0])
    for piece in pieces:
        _lay(found, canvases[piece.row], piece)
    return found


def _lay(ground: np.ndarray, canvas: np.ndarray, piece: Piece) -> None:
    """Lay a piece of a canvas over the ground, in place."""
    height, width = ground.shape[:2]
    sides = np.array([width, height])
    inner = np.rint(piece.window.reshape(2, 2) * sides).astype(int)
    reach = np.ceil(piece.soft * (inner[1] - inner[0])).astype(int)
    first, last = np.maximum(inner[0] - reach, 0), np.minimum(inner[1] + reach, sides)
    size = last - first
    if (size < 1).any():
        return
    drawn = _drawn(canvas, piece, first, size)
    under = ground[first[1] : last[1], first[0] : last[0]]
    if not reach.any():
        under[:] = drawn
        return
    right, down = (_ramp(first[axis], last[axis], inner[:, axis], reach[axis]) for axis in (0, 1))
    share = (down[:, None] * right[None])[..., None]
    under[:] = np.rint(under + share * (drawn.astype(np.float32) - under)).astype(np.uint8)


def _drawn(canvas: np.ndarray, piece: Piece, first: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Return the part of a scaled and shifted canvas from a pixel on; beyond its edges its middle
    colour."""
    height, width = canvas.shape[:2]
    sides = np.array([width, height])
    offset = (first - piece.shift * sides) / piece.scale
    zoom = 1 / piece.scale
    grey = canvas.shape[2] == 1
    fill = tuple(int(v) for v in np.median(canvas[::16, ::16].reshape(-1, canvas.shape[2]), axis=0))
    drawn = np.asarray(
        Image.fromarray(canvas[..., 0] if grey else canvas).transform(
            (int(size[0]), int(size[1])),
            Image.Transform.AFFINE,
            (zoom, 0.0, offset[0], 0.0, zoom, offset[1]),
            Image.Resampling.BILINEAR,
            fillcolor=fill[0] if grey else fill,
        )
    )
    return drawn[..., None] if grey else drawn


def _ramp(first: int, last: int, inner: np.ndarray, reach: int) -> np.ndarray:
    """Return the share of a piece in each pixel from `first` to before `last`: 1 from ``inner[0]``
    to ``inner[1]``, and less and less beyond."""
    at = np.arange(first, last) + 0.5
    beyond = np.maximum(np.maximum(inner[0] - at, at - inner[1]), 0.0)
    return np.clip(1 - beyond / max(reach, 1), 0.0, 1.0).astype(np.float32)
