"""Counts of short sound patterns: which sounds occur, so that a word is known by its sounds."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

from plait.modalities.audio.spectrum import cosine_basis

if TYPE_CHECKING:
    from jaxtyping import Float, Int

NUM_BOOKS, NUM_UNITS = 8, 128
NUM_CEPSTRA, NUM_TIMES = 8, 3
REACH = 4
"""Frames before and after: a pattern spans 90 ms, about a speech sound."""


def unit_counts(mel: Float[ndarray, "frame mel"]) -> Float[ndarray, " unit"]:
    """Return the square roots of how often each of 8 x 128 sound patterns occurs.

    The nearest of 128 random points, in each of 8 books: the random-projection quantiser of Chiu
    et al. 2022 ("Self-supervised learning with random-projection quantizer for speech
    recognition", section 3.1) used as a bag of sounds. Nothing is learned, so nothing is stored;
    on 1,000 spoken names it finds names as well as k-means units do (docs/log.md, 2026-11-21).
    """
    patterns = _patterns(mel)
    counts = np.zeros((NUM_BOOKS, NUM_UNITS), np.float32)
    for book, points in enumerate(_books()):
        nearest = _nearest(patterns, points)
        counts[book] = np.bincount(nearest, minlength=NUM_UNITS)
    return np.sqrt(counts).ravel()


def _patterns(mel: Float[ndarray, "frame mel"]) -> Float[ndarray, "frame pattern"]:
    """Return every frame's surroundings: cosine transforms over bands and over nine frames.

    Each coefficient is centred and scaled over the sound, so that level, voice and microphone
    matter little.
    """
    cepstra = mel @ cosine_basis(mel.shape[1], min(NUM_CEPSTRA, mel.shape[1]))
    padded = np.pad(cepstra - cepstra.mean(0), ((REACH, REACH), (0, 0)), mode="edge")
    spans = np.lib.stride_tricks.sliding_window_view(padded, 2 * REACH + 1, axis=0)
    found = (spans @ cosine_basis(2 * REACH + 1, NUM_TIMES)).reshape(len(mel), -1)
    return np.asarray((found - found.mean(0)) / (found.std(0) + 1e-3), np.float32)


def _nearest(
    patterns: Float[ndarray, "frame pattern"], points: Float[ndarray, "unit 24"]
) -> Int[ndarray, " frame"]:
    used = points[:, : patterns.shape[1]]
    return np.asarray(((used**2).sum(1) - 2 * patterns @ used.T).argmin(1))


@cache
def _books() -> Float[ndarray, "book unit 24"]:
    """Return random points; the legacy generator's stream is the same in every NumPy."""
    shape = NUM_BOOKS, NUM_UNITS, NUM_CEPSTRA * NUM_TIMES
    return np.random.RandomState(7).standard_normal(shape).astype(np.float32)
