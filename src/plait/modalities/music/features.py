"""Simple features of a tune: what pitches, steps and lengths it is made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plait.modalities.music.tune import (
    LENGTH,
    MODES,
    ONSET,
    PITCH,
    STEPS,
    USUAL_TEMPO,
    Tune,
    tonic_class,
)

LENGTHS = (2, 3, 4, 6, 8, 9, 12, 16, 18, 24, 36, 48, 72, 96)
"""Steps of the lengths that rhythm is counted by; each note counts as the nearest below."""

NUM_PLACES = 8
MOST_LEAP = 12


def features_of(tune: Tune) -> np.ndarray:
    """Return simple features of a tune, float32 of one length.

    Shares of the pitch classes, as they are and from the tonic; of the steps from note to note, in
    semitones up to an octave; of lengths, and of eighths of the bar in which notes begin; mode,
    key, metre, tempo; logarithms of the numbers of notes and quarters; mean, spread and range of
    pitches; share of silence.
    """
    pitches = tune.notes[:, PITCH]
    places = _places(tune)
    steps = np.diff(pitches).clip(-MOST_LEAP, MOST_LEAP) + MOST_LEAP
    lengths = np.searchsorted(LENGTHS, tune.notes[:, LENGTH], "right").clip(1) - 1
    mode = np.zeros(len(MODES))
    if tune.key is not None:
        mode[MODES.index(tune.key[1])] = 1.0
    beats, unit = tune.metres[0][1:] if tune.metres else (0, 1)
    some = pitches if len(pitches) else np.array([60])
    sounding, whole = int(tune.notes[:, LENGTH].sum()), max(tune.end, 1)
    parts: Sequence[np.ndarray | Sequence[float]] = (
        _shares(pitches % 12, 12),
        _shares((pitches - tonic_class(tune.key)) % 12, 12),
        _shares(steps, 2 * MOST_LEAP + 1),
        _shares(lengths, len(LENGTHS)),
        _shares(places, NUM_PLACES),
        mode,
        [tune.key[0] if tune.key else 0.0, beats, np.log2(unit), beats * 4 / unit],
        [tune.tempo or USUAL_TEMPO, np.log1p(len(pitches)), np.log1p(tune.end / STEPS)],
        [some.mean(), some.std(), np.ptp(some), 1.0 - min(sounding / whole, 1.0)],
    )
    return np.concatenate([np.asarray(part, np.float32) for part in parts])


def histograms(tune: Tune) -> dict[str, np.ndarray]:
    """Return shares of pitch classes from the tonic, of steps from note to note, and of lengths."""
    pitches = tune.notes[:, PITCH]
    lengths = np.searchsorted(LENGTHS, tune.notes[:, LENGTH], "right").clip(1) - 1
    return {
        "pitches": _shares((pitches - tonic_class(tune.key)) % 12, 12),
        "steps": _shares(np.diff(pitches).clip(-MOST_LEAP, MOST_LEAP) + MOST_LEAP, 25),
        "rhythm": _shares(lengths, len(LENGTHS)),
    }


def _places(tune: Tune) -> np.ndarray:
    """Return the eighth of its bar in which each note begins; none in a free metre."""
    bars = list(tune.bars())
    if not bars:
        return np.zeros(0, np.int64)
    starts, sizes = np.array([bar[0] for bar in bars]), np.array([bar[1] for bar in bars])
    own = np.searchsorted(starts, tune.notes[:, ONSET], "right") - 1
    inside = (tune.notes[:, ONSET] - starts[own]) * NUM_PLACES // sizes[own]
    return inside.clip(0, NUM_PLACES - 1)


def _shares(values: np.ndarray, size: int) -> np.ndarray:
    counts = np.bincount(values, minlength=size).astype(np.float32)
    return counts / max(counts.sum(), 1.0)
