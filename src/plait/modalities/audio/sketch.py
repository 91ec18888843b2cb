"""Sketches of sounds: the loud part's spectrogram in 64 steps of time and 24 bands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

from plait.modalities.alignment import Difference, difference
from plait.modalities.audio.spectrum import log_mel
from plait.modalities.likeness import Fingerprint, resized, sign_code, smoothed

if TYPE_CHECKING:
    from jaxtyping import Float

NUM_STEPS, NUM_BANDS, CODE_STEPS, CODE_BANDS = 64, 24, 10, 8
NUM_MELS, NUM_HEARD = 36, 30
"""Bands of the spectrogram, and how many of the lower ones survive most encoders."""

DEPTH, LOUD, LEVELS = 5.0, 3.5, 51.0
"""Nepers below the loudest place that are kept, that count as sound; levels per neper."""

LEAST_LEVEL = -9.0
"""Log-mel value of the loudest place below which a file is silent."""

MOST_LEVEL, MOST_DETAIL, MOST_TEMPO = 0.15, 0.65, 0.05
"""Shares of levels and of changes in time that may be left; logarithm of a change of tempo."""

LEAST_CHANGE = 1.5
"""Levels from step to step: sounds that change less are compared by their level alone."""

LEAST_HOPEFUL = 0.6
"""What is left of levels above which no other start is tried."""


def fingerprint_sound(raw: Float[ndarray, " time"], rate_hz: int) -> Fingerprint | None:
    """Return what the sound's near-duplicates are found by; None for silence."""
    mel = log_mel(raw, rate_hz=rate_hz, num_mels=NUM_MELS)[:, :NUM_HEARD]
    top = float(mel.max())
    if top < LEAST_LEVEL:
        return None
    loud = np.flatnonzero(mel.max(axis=1) > top - LOUD)
    mel = mel[loud[0] : loud[-1] + 1]
    small = resized(np.maximum(mel - top + DEPTH, 0.0), NUM_STEPS, NUM_BANDS)
    coarse = resized(small, CODE_STEPS, CODE_BANDS)
    length = np.array([len(mel)], np.uint32).tobytes()
    levels = np.rint(small * LEVELS).clip(0, 255).astype(np.uint8)
    return Fingerprint(sign_code((coarse - coarse.mean()).ravel()), length + levels.tobytes())


def sounds_alike(first: bytes, second: bytes) -> bool:
    """Tell whether two sketches are one recording: louder, later, re-encoded, its ends cut.

    Recordings of the same machine or word are not: their changes in time are others.
    """
    if first == second:
        return True
    first, second = sorted((first, second))
    (length, one), (other_length, other) = _opened(first), _opened(second)
    if not 0.8 < length / other_length < 1.25:
        return False
    left = difference(one, other, axes=(0,), hopeless=LEAST_HOPEFUL)
    if left is None:
        return False
    if left.level > MOST_LEVEL:
        starts = (-0.05, 0.05)
        tries = (difference(one, other, axes=(0,), hopeless=LEAST_HOPEFUL, start=x) for x in starts)
        left = min([left, *filter(None, tries)], key=lambda found: found.level)
    tempo = abs(np.log(left.stretch[0] * other_length / length))
    return (
        tempo <= MOST_TEMPO + 2 / length and left.level <= MOST_LEVEL and _same_changes(one, left)
    )


def _same_changes(sketch: np.ndarray, left: Difference) -> bool:
    change = float(np.sqrt((np.diff(sketch, axis=0) ** 2).mean()))
    return change < LEAST_CHANGE or left.detail <= MOST_DETAIL


def _opened(sketch: bytes) -> tuple[int, np.ndarray]:
    length = int(np.frombuffer(sketch, np.uint32, 1)[0])
    levels = np.frombuffer(sketch, np.uint8, offset=4).reshape(NUM_STEPS, NUM_BANDS)
    return length, smoothed(levels.astype(np.float64), (0, 1))
