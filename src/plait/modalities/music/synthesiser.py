"""A small synthesiser: tunes as sound, so that one can listen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

from plait.modalities.music.tune import (
    DRUMS,
    LENGTH,
    ONSET,
    PITCH,
    PROGRAM,
    STEPS,
    USUAL_TEMPO,
    VELOCITY,
    Tune,
)

if TYPE_CHECKING:
    from jaxtyping import Float

RATE_HZ = 16_000
HARMONICS = (1.0, 0.5, 0.3, 0.15, 0.08)
"""Strength of each overtone of a note, the fundamental first."""

ATTACK_SECONDS, RELEASE_SECONDS, FADE_SECONDS = 0.008, 0.06, 0.9
SUSTAINED = range(16, 104)
"""Programs that do not fade: organs, strings, voices, winds."""

LOUDEST = 0.6


def rendered(tune: Tune, *, most_seconds: float = 3600.0) -> Float[ndarray, " time"]:
    """Return a tune as sound at 16 kHz, in [-1, 1], from its first note on, at 120 quarters a
    minute where it has no tempo.

    Each note is a sum of five harmonics (below half the rate) that fades like a string, or is held
    like a pipe, by its program; drums are noise that fades.
    """
    per_step = 60.0 / (tune.tempo or USUAL_TEMPO) / STEPS
    first = int(tune.notes[0, ONSET]) if len(tune) else 0
    seconds = min((tune.end - first) * per_step + RELEASE_SECONDS, most_seconds)
    wave = np.zeros(max(int(seconds * RATE_HZ), 1), np.float32)
    for note in tune.notes:
        start = int((int(note[ONSET]) - first) * per_step * RATE_HZ)
        if start >= len(wave):
            break
        sound = _note(note, per_step)[: len(wave) - start]
        wave[start : start + len(sound)] += sound
    top = float(np.abs(wave).max())
    return wave * np.float32(LOUDEST / top) if top > 0 else wave


def _note(note: ndarray, per_step: float) -> ndarray:
    held = min(float(note[LENGTH]) * per_step, 30.0)
    time = np.arange(int((held + RELEASE_SECONDS) * RATE_HZ), dtype=np.float32) / RATE_HZ
    shape = np.minimum(time / ATTACK_SECONDS, 1.0)
    shape *= np.clip((held + RELEASE_SECONDS - time) / RELEASE_SECONDS, 0.0, 1.0)
    program = int(note[PROGRAM])
    if program == DRUMS:
        noise = np.random.RandomState(int(note[PITCH])).uniform(-1, 1, len(time))
        sound = noise * np.exp(-time / 0.05)
    else:
        pitch_hz = 440.0 * 2.0 ** ((int(note[PITCH]) - 69) / 12)
        turns = 2 * np.pi * pitch_hz * time
        sound = sum(
            strength * np.sin(number * turns)
            for number, strength in enumerate(HARMONICS, 1)
            if number * pitch_hz < RATE_HZ / 2
        ) + np.zeros(len(time))
        if program not in SUSTAINED:
            sound *= np.exp(-time / FADE_SECONDS)
    return (sound * shape * (int(note[VELOCITY]) / 127)).astype(np.float32)
