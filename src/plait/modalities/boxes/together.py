"""Pictures of several rows on one canvas, with the boxes of all that is to be seen there.

Mosaics (Bochkovskiy et al. 2020, "YOLOv4", section 3.3) and things pasted from one picture into
another (Ghiasi et al. 2021, "Simple Copy-Paste"), here by their boxes, for there are no masks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plait.modalities.boxes.boxes import RELATIVE, arrays_of
from plait.modalities.boxes.matching import insides
from plait.modalities.collage import Collage, Piece
from plait.types import Arrays

MOSAICS, PASTED = 0.5, 0.5
"""Chances of a row to be a mosaic, and to have things of other rows pasted into it."""

MIDDLE, SCALES = (0.35, 0.65), (0.7, 1.2)
"""Where the four pictures of a mosaic meet, and how far each is shrunk or enlarged."""

MOST_PASTED, NUM_TRIED = 3, 6
"""Things that are pasted into a row, and places that are tried for each."""

PASTED_SCALES, SOFT = (0.8, 1.25), 0.1
"""How far a thing is shrunk or enlarged, and how much of its sides its edge fades over."""

MOST_HIDDEN = 0.1
"""Of any other box, by a thing that is pasted."""

SHARE_SEEN = 0.3
"""Of a true box that must be seen on a canvas, else it is none."""


def varied_together(
    own: Sequence[Arrays | None],
    beside: Sequence[Arrays | None],
    collage: Collage,
    rng: np.random.Generator,
) -> tuple[list[Arrays | None], list[Arrays | None]]:
    """Return boxes and pictures of rows, some of them made of pieces of several rows.

    Args:
        own: Boxes of each row, as a codec prepared them; None where it has none.
        beside: Its picture, with the parts ``frame`` and ``size``; None where it has none.
        collage: Lays pictures together.
        rng: Draws.
    """
    boxes, pictures = list(own), list(beside)
    pairs = enumerate(zip(own, beside, strict=True))
    known = [(row, a, b) for row, (a, b) in pairs if a is not None and b is not None]
    given = [(a, b) for _, a, b in known]
    placed = [_on_canvas(a, b) for a, b in given]
    for place, (row, _, _) in enumerate(known):
        pieces = _mosaic(place, len(known), rng) if rng.random() < MOSAICS else [_whole(place)]
        if rng.random() < PASTED:
            pieces = _with_pasted(pieces, placed, given, rng)
        if len(pieces) > 1:
            pictures[row] = collage([picture for _, picture in given], pieces)
            boxes[row] = boxes_of(pieces, placed, [one for one, _ in given])
    return boxes, pictures


def _on_canvas(own: Arrays, beside: Arrays) -> np.ndarray:
    """Return a row's boxes as shares of its canvas, ``[box, 4]``; those of none are empty."""
    size = own["size"] if own["size"].all() else beside["size"]
    points = (own["corners"] / np.tile(size, 2)).reshape(-1, 2, 2).astype(np.float64)
    frame = beside["frame"].astype(np.float64)
    moved = points @ frame[:, :2].T + frame[:, 2]
    corners = np.concatenate([moved.min(1), moved.max(1)], axis=1).clip(0.0, 1.0)
    return corners * (own["labels"] > 0)[:, None]


def _whole(place: int) -> Piece:
    return Piece(place, 1.0, (0.0, 0.0), (0.0, 0.0, 1.0, 1.0))


def _mosaic(place: int, num: int, rng: np.random.Generator) -> list[Piece]:
    """Return parts of a row and of three others that meet somewhere near the middle."""
    x, y = rng.uniform(*MIDDLE, size=2)
    windows = [(0.0, 0.0, x, y), (x, 0.0, 1.0, y), (0.0, y, x, 1.0), (x, y, 1.0, 1.0)]
    rows = [place, *rng.choice(num, 3, replace=num < 4)]
    pieces = []
    for at, row in zip(rng.permutation(4), rows, strict=True):
        window = np.array(windows[at])
        scale = float(np.exp(rng.uniform(*np.log(SCALES))))
        shift = rng.uniform(window[2:] - scale, window[:2])
        pieces.append(Piece(int(row), scale, shift, window))
    return pieces


def _with_pasted(
    pieces: list[Piece],
    placed: Sequence[np.ndarray],
    given: Sequence[tuple[Arrays, Arrays]],
    rng: np.random.Generator,
) -> list[Piece]:
    """Return the pieces with things of some row over them, each where it hides little: of a class
    drawn first, so that seldom ones are pasted as often as others."""
    labels = np.concatenate([own["labels"] for own, _ in given])
    rows = np.repeat(np.arange(len(given)), [len(own["labels"]) for own, _ in given])
    corners = np.concatenate(placed)
    sides = corners[:, 2:] - corners[:, :2]
    able = (labels > 0) & (sides > 0).all(1) & (sides < 0.6).all(1)
    if not able.any():
        return pieces
    for _ in range(int(rng.integers(1, MOST_PASTED + 1))):
        label = rng.choice(np.unique(labels[able]))
        thing = rng.choice(np.flatnonzero(able & (labels == label)))
        scale = float(np.exp(rng.uniform(*np.log(PASTED_SCALES))))
        there = np.concatenate([found for found, _ in _seen(pieces, placed)])
        for _ in range(NUM_TRIED):
            corner = rng.uniform(0.0, 1.0 - scale * sides[thing])
            window = np.concatenate([corner, corner + scale * sides[thing]])
            reach = np.tile(SOFT * scale * sides[thing], 2) * (-1, -1, 1, 1)
            if insides(there, (window + reach)[None]).max(initial=0.0) > MOST_HIDDEN:
                continue
            shift = corner - scale * corners[thing, :2]
            pieces = [*pieces, Piece(int(rows[thing]), scale, shift, window, SOFT)]
            break
    return pieces


def _seen(
    pieces: Sequence[Piece], placed: Sequence[np.ndarray]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return of each piece the boxes of its row, cut off at its window, and the share of each that
    is seen: what pieces above cover is not."""
    found = []
    for place, piece in enumerate(pieces):
        whole = piece.placed(placed[piece.row])
        cut = np.concatenate(
            [whole[:, :2].clip(piece.window[:2], piece.window[2:]),
             whole[:, 2:].clip(piece.window[:2], piece.window[2:])], axis=1
        )  # fmt: skip
        above = np.array([one.window for one in pieces[place + 1 :]]).reshape(-1, 4)
        areas = [(one[:, 2:] - one[:, :2]).prod(1) for one in (cut, whole)]
        left = areas[0] * (1 - insides(cut, above).sum(1).clip(0.0, 1.0))
        found.append((cut, left / np.maximum(areas[1], 1e-12)))
    return found


def boxes_of(
    pieces: Sequence[Piece], placed: Sequence[np.ndarray], own: Sequence[Arrays]
) -> Arrays:
    """Return the boxes that are seen on a canvas of pieces, as shares of its sides.

    Args:
        pieces: Each over those before it.
        placed: Boxes of each row as shares of its canvas, ``[box, 4]``.
        own: The same boxes as they were prepared.
    """
    found = list[tuple[np.ndarray, ...]]()
    for piece, (corners, share) in zip(pieces, _seen(pieces, placed), strict=True):
        arrays = own[piece.row]
        kept = (arrays["labels"] > 0) & (share >= SHARE_SEEN)
        found.append((corners[kept], arrays["labels"][kept], arrays["scores"][kept]))
    corners, labels, scores = (np.concatenate(some) for some in zip(*found, strict=True))
    return arrays_of(corners, labels, scores, np.array(RELATIVE))
