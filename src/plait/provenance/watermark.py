"""A mark within pictures that is not seen, and the test for it: by a key, without the original.

Guarantees: of any picture that was not made with the key, the test calls at most one in a million
marked, over the draw of the key's signs (see `p_value`).

Does not guarantee: that a mark stays. It outlives JPEG, cut borders and moderate scaling; who
repaints a picture, or knows the key, can take it off, and with plait's own key, which is public,
anybody can put it on. It holds no message: it tells that a picture was marked with the key.

The mark is spread-spectrum (Cox et al. 1997, "Secure Spread Spectrum Watermarking for Multimedia"):
a square of signs, by the key, smoothed to the wavelengths that JPEG keeps, laid over the picture
again and again, stronger where the picture is busy. It repeats, so that all shifts of a cut picture
are tried in one transform.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image

TILE = 64
"""Side of the square of signs, in pixels."""

PUBLIC_KEY = b"plait"
"""With which pictures are marked where no key is named."""

FALSE_POSITIVES = 1e-6
"""Pictures without the mark that are called marked, at most."""

LEAST_WAVES, MOST_WAVES = 4.0, 10.0
"""Of a tile, that the smoothed signs hold, about: wavelengths of 6 to 16 pixels."""

NEAR = 7
"""Side of the square of pixels by which a pixel is judged, odd."""

QUIET = 0.5
"""Spread of pixels, of 255 shades, below which little is told apart."""

FARTHEST = 1.0
"""Spreads that a pixel counts, at most: edges would drown all else."""

LEAST_SCALE, MOST_SCALE = 0.8, 1.25
"""By which a marked picture may have been scaled."""

PIXELS_PER_STEP = 3.0
"""How far two scales that are tried differ over the whole picture."""

MOST_PX, MOST_SCALED_PX = 512, 256
"""Of each side, in the middle, that is looked at, and where scales are tried."""

LUMA = np.array([0.299, 0.587, 0.114], np.float32)


class Found(NamedTuple):
    """What the test for a mark says.

    Attributes:
        p_value: Chance that a picture without the mark looks so, at most; see `p_value`.
        score: The correlation that it is of, standard normal without a mark.
        scale: By which the picture was scaled since it was marked.
    """

    p_value: float
    score: float
    scale: float

    @property
    def marked(self) -> bool:
        """Whether that is at most `FALSE_POSITIVES`."""
        return self.p_value <= FALSE_POSITIVES


def find_mark(pixels: np.ndarray, key: bytes = PUBLIC_KEY, *, scaled: bool = True) -> Found:
    """Return what the test for the key's mark says of a picture.

    Three questions share the chance of a false answer: whether the mark lies where it was laid; at
    any of its shifts; at any shift and scale.

    Args:
        pixels: uint8 ``[height, width, 3]``.
        key: By which the mark would have been made.
        scaled: Whether scales are tried.
    """
    signs = np.fft.rfft2(signs_of(key))
    scores = _scores(*_middle(luma(pixels), MOST_PX), signs)
    found = [Found(p_value(float(scores[0, 0]), 1), float(scores[0, 0]), 1.0)]
    found.append(Found(p_value(float(scores.max()), scores.size), float(scores.max()), 1.0))
    if not scaled or min(found).marked:
        return min(found)
    middle, _ = _middle(luma(pixels), MOST_SCALED_PX)
    scales = list(_scales(max(middle.shape)))
    for scale in scales:
        best = float(_scores(_resized(middle, 1 / scale), (0, 0), signs).max())
        found.append(Found(p_value(best, scores.size * len(scales)), best, scale))
    return min(found)


def p_value(score: float, num_tried: int) -> float:
    """Return the chance that signs drawn by lot give such a score, at most.

    A score is ``<g, s> / |g|`` of a picture's numbers g and signs s, independent and equally often
    1 and -1: above t with a chance of at most ``exp(-t^2 / 2)``, whatever the picture is (Hoeffding
    1963, "Probability inequalities for sums of bounded random variables", theorem 2); of all that
    are tried, and of three questions, chances add up.

    >>> p_value(6.0, 1) < 1e-6 < p_value(6.0, 4096)
    True
    """
    return min(1.0, 3 * num_tried * math.exp(-(max(score, 0.0) ** 2) / 2))


def signs_of(key: bytes) -> np.ndarray:
    """Return the square of signs of a key, float32 ``[TILE, TILE]``: SHAKE-256 of the key."""
    drawn = hashlib.shake_256(b"plait watermark 1" + key).digest(TILE * TILE // 8)
    bits = np.unpackbits(np.frombuffer(drawn, np.uint8)).astype(np.float32)
    return (2 * bits - 1).reshape(TILE, TILE)


def pattern_of(key: bytes) -> np.ndarray:
    """Return the smoothed signs of a key, of mean 0 and variance 1, float32 ``[TILE, TILE]``."""
    smooth = np.fft.irfft2(np.fft.rfft2(signs_of(key)) * _band(), s=(TILE, TILE))
    return np.asarray(smooth / smooth.std(), np.float32)


def luma(pixels: np.ndarray) -> np.ndarray:
    """Return how bright pixels are, float32 ``[height, width]``, in [0, 255]."""
    return np.asarray(pixels, np.float32) @ LUMA


def spreads(grey: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and the standard deviation of the pixels around each."""
    mean = near(grey)
    return mean, np.sqrt(np.maximum(near(grey**2) - mean**2, 0))


def near(values: np.ndarray) -> np.ndarray:
    """Return the means over the squares around each place; beyond the borders is what is there."""
    found = values.astype(np.float64)
    for _ in range(2):
        sums = np.pad(found, ((NEAR // 2 + 1, NEAR // 2), (0, 0)), mode="edge").cumsum(0)
        found = ((sums[NEAR:] - sums[:-NEAR]) / NEAR).T
    return found


def _middle(grey: np.ndarray, most: int) -> tuple[np.ndarray, tuple[int, int]]:
    """Return the middle of a picture, and which place of the tile its first pixel is."""
    top, left = (max(0, side - most) // 2 for side in grey.shape)
    return grey[top : top + most, left : left + most], (top % TILE, left % TILE)


def _scores(grey: np.ndarray, at: tuple[int, int], signs: np.ndarray) -> np.ndarray:
    """Return the score of each shift of the signs, float64 ``[TILE, TILE]``; the first is of none.

    Args:
        grey: How bright the picture is.
        at: Which place of the tile its first pixel is, where nothing was shifted.
        signs: Transformed.
    """
    mean, spread = spreads(grey)
    levelled = np.clip((grey - mean) / (spread + QUIET), -FARTHEST, FARTHEST)
    sides = [-(-side // TILE) * TILE for side in levelled.shape]
    padded = np.zeros(sides, np.float32)
    padded[: levelled.shape[0], : levelled.shape[1]] = levelled
    folded = padded.reshape(sides[0] // TILE, TILE, -1, TILE).sum((0, 2))
    seen = np.fft.rfft2(np.roll(folded, at, (0, 1))) * _band()
    length = float(np.linalg.norm(np.fft.irfft2(seen, s=(TILE, TILE))))
    found = np.fft.irfft2(seen * signs.conj(), s=(TILE, TILE))
    return np.asarray(found / max(length, 1e-12))


def _band() -> np.ndarray:
    """Return how much of each wave of a tile is kept, ``[TILE, TILE // 2 + 1]``."""
    down, across = np.fft.fftfreq(TILE, 1 / TILE), np.fft.rfftfreq(TILE, 1 / TILE)
    squares = down[:, None] ** 2 + across**2
    low, high = (np.exp(-squares / (2 * waves**2)) for waves in (LEAST_WAVES, MOST_WAVES))
    return np.asarray(high - low)


def _scales(side: int) -> Iterator[float]:
    """Give scales that differ by so little that no mark is lost between two."""
    num = math.ceil(math.log(MOST_SCALE / LEAST_SCALE) * side / PIXELS_PER_STEP)
    for place in range(num + 1):
        scale = LEAST_SCALE * (MOST_SCALE / LEAST_SCALE) ** (place / num)
        if abs(scale - 1) * side >= 1:
            yield scale


def _resized(grey: np.ndarray, scale: float) -> np.ndarray:
    height, width = (max(1, round(side * scale)) for side in grey.shape)
    picture = Image.fromarray(grey.astype(np.float32))
    return np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC))
