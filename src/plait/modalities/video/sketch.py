"""Sketches of videos: four frames, each as a picture."""

from __future__ import annotations

import numpy as np

from plait.modalities.image.sketch import (
    SIDE,
    correlation,
    fingerprint_pictures,
    laid_over,
)
from plait.modalities.likeness import Fingerprint, resized_all, sign_code
from plait.modalities.video.clip import Clip

NUM_FRAMES, CODE_SIDE = 4, 6
MOST_LENGTH, MOST_APART = 0.12, 0.03
"""Logarithm of the ratio of lengths; by how much shifts of frames may differ, in sides."""

LEAST_MOVEMENT, LEAST_LIKENESS = 1.5, 0.85
"""Levels by which frames differ from their mean, and how much of it two clips must share."""


def fingerprint_clip(raw: Clip) -> Fingerprint | None:
    """Return what the near-duplicates of a clip are found by; None where every frame is blank."""
    places = np.linspace(0, len(raw.frames) - 1, NUM_FRAMES).round().astype(int)
    found = fingerprint_pictures(raw.frames[places])
    if all(one is None for one in found):
        return None
    blank = bytes(len(next(one.sketch for one in found if one is not None)))
    sketches = [blank if one is None else one.sketch for one in found]
    greys = np.stack([_grey(sketch) for sketch in sketches])
    coarse = resized_all(greys, CODE_SIDE)
    seconds = np.array([raw.seconds], np.float32).tobytes()
    return Fingerprint(sign_code((coarse - coarse.mean()).ravel()), seconds + b"".join(sketches))


def clips_alike(first: bytes, second: bytes) -> bool:
    """Tell whether two sketches are one clip: every frame alike, and what moves, moves alike."""
    if first == second:
        return True
    first, second = sorted((first, second))
    lengths = [max(float(np.frombuffer(x, np.float32, 1)[0]), 1e-3) for x in (first, second)]
    one, other = _frames(first), _frames(second)
    if abs(np.log(lengths[0] / lengths[1])) > MOST_LENGTH + 0.1 / min(lengths):
        return False
    pairs = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
    left = [None if not any(a) or not any(b) else laid_over(a, b) for a, b in pairs]
    shifts = np.array([[np.nan] * 2 if one is None else one.shift for one in left])
    if len(left) and not (np.ptp(shifts, axis=0) <= MOST_APART).all():
        return False
    moves = [_movement(np.stack([_grey(frame) for frame in frames])) for frames in (one, other)]
    return moves[0].std() < LEAST_MOVEMENT or correlation(*moves) >= LEAST_LIKENESS


def _frames(sketch: bytes) -> list[bytes]:
    size = (len(sketch) - 4) // NUM_FRAMES
    return [sketch[4 + i * size : 4 + (i + 1) * size] for i in range(NUM_FRAMES)]


def _movement(greys: np.ndarray) -> np.ndarray:
    """Return how coarse frames differ from their mean."""
    coarse = resized_all(greys, 8)
    return coarse - coarse.mean(0)


def _grey(sketch: bytes) -> np.ndarray:
    return np.frombuffer(sketch, np.uint8, SIDE * SIDE, 2).reshape(SIDE, SIDE).astype(np.float32)
