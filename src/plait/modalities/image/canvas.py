"""The finer view of a picture: a canvas of a fixed shape, and where the picture lies on it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from plait.types import Arrays, ArraySpec, Layout

MULTIPLE = 16
"""Sides of a canvas are multiples of this."""

MOST_SHIFT, MOST_ZOOM = 0.15, 4.0
"""How far a picture is shifted when augmented, as a share of its sides; and the largest zoom."""

TURNS = ("none", "mirror", "any")
"""How a picture may be turned when augmented."""

CHANCE = 0.8
"""Of being moved at all."""


def canvas_layout(shape: tuple[int, int], num_channels: int) -> Layout:
    """Return the parts: pixels, what takes shares of the picture's sides to shares of the canvas's,
    and the picture's width and height in pixels."""
    return {
        "canvas": ArraySpec((*shape, num_channels), "uint8"),
        "frame": ArraySpec((2, 3), "float32"),
        "size": ArraySpec((2,), "float32"),
    }


def usual_canvas(shapes: Sequence[tuple[int, int]], longest_px: int) -> tuple[int, int]:
    """Return height and width of a canvas: of the usual shape of pictures, and no larger than most.

    >>> usual_canvas([(480, 640)], 320), usual_canvas([(40, 40)], 320)
    ((240, 320), (48, 48))

    Args:
        shapes: Height and width of pictures.
        longest_px: The longer side, at most.
    """
    sides = np.array(shapes, np.float64)
    ratio = float(np.exp(np.median(np.log(sides[:, 0] / sides[:, 1]))).clip(0.25, 4.0))
    longest = min(float(longest_px), float(np.median(sides.max(1))))
    height, width = (longest, longest / ratio) if ratio > 1 else (longest * ratio, longest)
    whole = [max(MULTIPLE, -(-round(side) // MULTIPLE) * MULTIPLE) for side in (height, width)]
    return whole[0], whole[1]


def on_canvas(raw: np.ndarray, shape: tuple[int, int]) -> Arrays:
    """Return the parts of a picture that fills a canvas as far as its shape allows, in the middle,
    the rest filled with its edges' colours."""
    height, width = shape
    own_height, own_width = raw.shape[:2]
    ratio = min(height / own_height, width / own_width)
    high, wide = max(1, round(own_height * ratio)), max(1, round(own_width * ratio))
    top, left = (height - high) // 2, (width - wide) // 2
    if (high, wide) != (own_height, own_width):
        raw = np.asarray(Image.fromarray(raw).resize((wide, high), Image.Resampling.BICUBIC))
    pads = ((top, height - high - top), (left, width - wide - left), (0, 0))
    frame = [[wide / width, 0.0, left / width], [0.0, high / height, top / height]]
    return {
        "canvas": np.pad(raw, pads, mode="edge"),
        "frame": np.array(frame, np.float32),
        "size": np.array([own_width, own_height], np.float32),
    }


def check_moves(turns: str, zoom: float) -> None:
    """Raise `ValueError` for turns that are none, and a zoom below 1."""
    if turns not in TURNS:
        raise ValueError(f"turns is one of {', '.join(TURNS)}, not {turns}")
    if not 1 <= zoom <= MOST_ZOOM:
        raise ValueError(f"zoom is 1 to {MOST_ZOOM:g}, not {zoom}")


def moved(arrays: Arrays, turns: str, zoom: float, rng: np.random.Generator) -> Arrays:
    """Return a canvas turned, scaled, stretched and shifted at random, with its frame: what is told
    of places in the picture stays true.

    Args:
        arrays: With the parts ``canvas`` and ``frame``.
        turns: ``none``, ``mirror`` or ``any``.
        zoom: How far it is enlarged or shrunk, at most, but for some stretching.
        rng: Draws.
    """
    canvas = arrays["canvas"]
    move = np.eye(3)
    if turns != "none" and rng.random() < 0.5:
        move = np.diag([-1.0, 1.0, 1.0]) @ move
    if turns == "any":
        move = np.diag([1.0, -1.0, 1.0]) @ move if rng.random() < 0.5 else move
        if rng.random() < 0.5:
            ratio = canvas.shape[0] / canvas.shape[1]
            move = np.array([[0.0, ratio, 0.0], [1 / ratio, 0.0, 0.0], [0.0, 0.0, 1.0]]) @ move
    if rng.random() < CHANCE:
        scale = np.exp(np.log(zoom) * rng.uniform(-1.0, 1.0) + 0.1 * rng.normal(size=2))
        move = np.diag([*scale, 1.0]) @ move
        move[:2, 2] += 2 * MOST_SHIFT * rng.uniform(-1.0, 1.0, 2)
    if np.array_equal(move, np.eye(3)):
        return arrays
    return {**arrays, "canvas": _drawn(canvas, move), "frame": _framed(arrays["frame"], move)}


def _drawn(canvas: np.ndarray, move: np.ndarray) -> np.ndarray:
    """Return the canvas moved; `move` is of places from -1 to 1, the middle being 0."""
    height, width = canvas.shape[:2]
    back = np.linalg.inv(move)
    half = np.array([width, height]) / 2
    linear = back[:2, :2] * half[:, None] / half
    offset = back[:2, 2] * half + half - linear @ half
    grey = canvas.shape[2] == 1
    picture = Image.fromarray(canvas[..., 0] if grey else canvas)
    some = canvas[::16, ::16].reshape(-1, canvas.shape[2])
    fill = tuple(int(value) for value in np.median(some, axis=0))
    found = np.asarray(
        picture.transform(
            (width, height),
            Image.Transform.AFFINE,
            (*linear[0], offset[0], *linear[1], offset[1]),
            Image.Resampling.BILINEAR,
            fillcolor=fill[0] if grey else fill,
        )
    )
    return found[..., None] if grey else found


def _framed(frame: np.ndarray, move: np.ndarray) -> np.ndarray:
    """Return the frame of a moved canvas: from shares to -1 to 1, moved, and back."""
    out = np.array([[2.0, 0.0, -1.0], [0.0, 2.0, -1.0], [0.0, 0.0, 1.0]])
    whole = np.vstack([frame.astype(np.float64), [0.0, 0.0, 1.0]])
    found = np.linalg.inv(out) @ move @ out @ whole
    return np.ascontiguousarray(found[:2], np.float32)
