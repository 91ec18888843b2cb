"""From log-mel frames to a sound without anything learned: phases that fit the amplitudes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

from plait.modalities.audio.spectrum import (
    FLOOR,
    HOP_SECONDS,
    WINDOW_SECONDS,
    fft_size_of,
    mel_bands,
)

if TYPE_CHECKING:
    from jaxtyping import Float

NUM_PHASES, NUM_AMPLITUDES = 32, 40
"""Rounds of the search for phases, and for amplitudes of frequencies that give the bands'."""

HASTE = 0.99
"""How far each round goes on beyond where it would end."""


def sound_of(
    mel: Float[ndarray, "frame mel"],
    *,
    rate_hz: int,
    rng: np.random.Generator,
    begun: Float[ndarray, " time"] | None = None,
) -> Float[ndarray, " time"]:
    """Return samples, float32, whose log-mel frames are about these: `log_mel` turned round.

    Fast Griffin-Lim (Perraudin et al. 2013, "A Fast Griffin-Lim Algorithm", algorithm 2) from
    phases that are drawn, or those of a sound that is near, at amplitudes of frequencies that give
    the bands' (`amplitudes_of`).

    Args:
        mel: Natural logarithms, as `log_mel` returns them.
        rate_hz: Samples per second.
        rng: Draws the first phases, where there is no sound to begin at.
        begun: As long as what is returned.
    """
    window, hop = round(WINDOW_SECONDS * rate_hz), round(HOP_SECONDS * rate_hz)
    hann = np.hanning(window + 1)[:-1]
    wanted = amplitudes_of(mel, rate_hz=rate_hz) * (hann.sum() / 2.0)
    if begun is None:
        angles = np.exp(2j * np.pi * rng.random(wanted.shape))
    else:
        first = _frames(begun.astype(np.float64), hann, hop, len(mel))
        angles = first / np.maximum(np.abs(first), 1e-12)
    before = np.zeros_like(angles)
    for _ in range(NUM_PHASES):
        found = _frames(_overlaid(wanted * angles, hann, hop), hann, hop, len(mel))
        ahead = found + HASTE * (found - before)
        before = found
        angles = ahead / np.maximum(np.abs(ahead), 1e-12)
    return _overlaid(wanted * angles, hann, hop).astype(np.float32)


def amplitudes_of(mel: Float[ndarray, "frame mel"], *, rate_hz: int) -> Float[ndarray, "frame bin"]:
    """Return amplitudes of frequencies, none below 0, whose bands are nearest to these.

    By multiplicative updates (Lee and Seung 2000, "Algorithms for Non-negative Matrix
    Factorization", equation 4, with the bands known), which leave no frequency below 0.
    """
    size = fft_size_of(round(WINDOW_SECONDS * rate_hz))
    bands = mel_bands(rate_hz, size, mel.shape[1]).astype(np.float64)
    wanted = np.where(mel > np.log(FLOOR) + 1e-3, np.exp(mel.astype(np.float64)), 0.0)
    goal, gram = wanted @ bands.T, bands @ bands.T
    found = goal + 1e-8
    for _ in range(NUM_AMPLITUDES):
        found *= goal / np.maximum(found @ gram, 1e-12)
    return found


def _frames(
    wave: Float[ndarray, " time"], hann: Float[ndarray, " sample"], hop: int, num: int
) -> ndarray:
    """Return the complex spectrum of each frame, centred on its place."""
    window = len(hann)
    padded = np.pad(wave, (window // 2, window))
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[np.arange(num) * hop]
    return np.fft.rfft(frames * hann, n=fft_size_of(window))


def _overlaid(spectrum: ndarray, hann: Float[ndarray, " sample"], hop: int) -> ndarray:
    """Return the sound whose frames are nearest to these (Griffin and Lim 1984, equation 6)."""
    window, num = len(hann), len(spectrum)
    frames = np.fft.irfft(spectrum)[:, :window] * hann
    places = np.arange(num)[:, None] * hop + np.arange(window)
    total = np.bincount(places.ravel(), frames.ravel())
    weight = np.bincount(places.ravel(), np.broadcast_to(hann**2, frames.shape).ravel())
    found = total / np.maximum(weight, 1e-3)
    return found[window // 2 : window // 2 + (num - 1) * hop]
