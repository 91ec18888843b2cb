"""Sketches of tunes: their steps and lengths, in whatever key and at whatever tempo."""

from __future__ import annotations

import numpy as np

from plait.modalities.likeness import Fingerprint, sign_code
from plait.modalities.music.tune import LENGTH, PITCH, STEPS, Tune
from plait.modalities.text.consensus import common_length

LEAST_NOTES, MOST_NOTES = 8, 400
"""Shorter tunes are alike by chance; of longer ones the beginning is compared."""

LEAST_SHARED = 0.85
"""Share of notes, of the longer tune, that two versions of one tune have in common in order."""

NUM_BUCKETS = 1024


def fingerprint_tune(tune: Tune) -> Fingerprint | None:
    """Return what near-duplicates are found by; None for a tune of few notes."""
    if len(tune) < LEAST_NOTES:
        return None
    notes = tune.notes[:MOST_NOTES]
    steps = np.diff(notes[:, PITCH], prepend=notes[0, PITCH]).clip(-24, 24) + 32
    usual = np.median(notes[:, LENGTH])
    lengths = np.rint(2 * np.log2(notes[:, LENGTH] / max(usual, STEPS / 24))).clip(-8, 7) + 40
    letters = np.stack([steps, lengths], 1).astype(np.uint8)
    return Fingerprint(sign_code(_runs(letters)), letters.tobytes())


def tunes_alike(first: bytes, second: bytes) -> bool:
    """Tell whether two sketches are one tune: in another key, or with a few other notes."""
    if first == second:
        return True
    one, other = (
        "".join(chr(64 * step + length) for step, length in zip(data[::2], data[1::2], strict=True))
        for data in (first, second)
    )
    longer = max(len(one), len(other))
    if min(len(one), len(other)) < LEAST_SHARED * longer:
        return False
    return common_length(one, other) >= LEAST_SHARED * longer


def _runs(letters: np.ndarray) -> np.ndarray:
    """Return hashed counts of three notes in a row, as square roots."""
    notes = letters[:, 0].astype(np.uint32) * np.uint32(64) + letters[:, 1]
    runs = notes[:-2] * np.uint32(40503) ^ notes[1:-1] * np.uint32(2713) ^ notes[2:]
    buckets = (runs * np.uint32(2654435761)) >> np.uint32(22)
    return np.sqrt(np.bincount(buckets, minlength=NUM_BUCKETS))
