"""Log-mel spectrograms in NumPy: the same numbers on every machine."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

if TYPE_CHECKING:
    from jaxtyping import Float

FLOOR = 1e-5
"""Smallest amplitude of a mel band, -100 dB."""

WINDOW_SECONDS, HOP_SECONDS = 0.025, 0.010
"""Length of frames, and from one to the next."""

FRAMES_PER_SECOND = 100


def log_mel(
    wave: Float[ndarray, " time"],
    *,
    rate_hz: int,
    num_mels: int,
    window_seconds: float = WINDOW_SECONDS,
    hop_seconds: float = HOP_SECONDS,
) -> Float[ndarray, "frame mel"]:
    """Return the natural logarithm of mel amplitudes, float32, one frame per 10 ms.

    Hann window, amplitude spectrum, triangular bands. The wave is padded by half a window on both
    sides, so that frame ``i`` is centred on ``i * hop``.

    Args:
        wave: Samples in [-1, 1].
        rate_hz: Samples per second.
        num_mels: Bands.
        window_seconds, hop_seconds: Length and distance of frames.
    """
    window, hop = round(window_seconds * rate_hz), round(hop_seconds * rate_hz)
    padded = np.pad(wave.astype(np.float32), (window // 2, window))
    starts = np.arange(1 + len(wave) // hop) * hop
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[starts]
    size = fft_size_of(window)
    hann = np.hanning(window + 1)[:-1].astype(np.float32)
    spectrum = np.abs(np.fft.rfft(frames * hann, n=size)).astype(np.float32)
    bands = spectrum @ mel_bands(rate_hz, size, num_mels) * (2.0 / hann.sum())
    return np.log(np.maximum(bands, FLOOR)).astype(np.float32)


def fft_size_of(window: int) -> int:
    """Return how many samples a frame's transform takes: the next power of two.

    >>> fft_size_of(400)
    512
    """
    return 1 << (window - 1).bit_length()


@cache
def mel_bands(rate_hz: int, fft_size: int, num_mels: int) -> Float[ndarray, "bin mel"]:
    """Return triangular filters, each of unit peak, evenly spaced on the mel scale.

    ``mel = 2595 log10(1 + f / 700)`` (O'Shaughnessy 1987), from 50 Hz to half the rate.
    """
    top = 2595 * np.log10(1 + (rate_hz / 2) / 700)
    low = 2595 * np.log10(1 + 50 / 700)
    edges = 700 * (10 ** (np.linspace(low, top, num_mels + 2) / 2595) - 1)
    bins = np.fft.rfftfreq(fft_size, 1 / rate_hz)[:, None]
    rise = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return np.maximum(0, np.minimum(rise, fall)).astype(np.float32)


def warp_frequencies(
    mel: Float[ndarray, "frame mel"], factor: float
) -> Float[ndarray, "frame mel"]:
    """Stretch the frequency axis, as another speaker's vocal tract would (Jaitly, Hinton 2013)."""
    num_mels = mel.shape[1]
    places = np.clip(np.arange(num_mels) * factor, 0, num_mels - 1)
    lower = np.floor(places).astype(int)
    upper = np.minimum(lower + 1, num_mels - 1)
    part = (places - lower).astype(np.float32)
    return mel[:, lower] * (1 - part) + mel[:, upper] * part


def at_pace(mel: Float[ndarray, "frame mel"], pace: float) -> Float[ndarray, "frame2 mel"]:
    """Stretch time, as if the same were said at another pace, above 0; pitch stays."""
    num = max(1, round(len(mel) / pace))
    places = np.linspace(0, len(mel) - 1, num)
    lower = np.floor(places).astype(int)
    upper = np.minimum(lower + 1, len(mel) - 1)
    part = (places - lower).astype(np.float32)[:, None]
    return mel[lower] * (1 - part) + mel[upper] * part


@cache
def cosine_basis(num_bands: int, num_coefficients: int) -> Float[ndarray, "band coefficient"]:
    """Return the orthonormal discrete cosine transform (DCT-II) from bands to coefficients."""
    band = (np.arange(num_bands)[:, None] + 0.5) / num_bands
    basis = np.cos(np.pi * band * np.arange(num_coefficients)) * np.sqrt(2.0 / num_bands)
    basis[:, 0] /= np.sqrt(2.0)
    return basis.astype(np.float32)


def slice_means(
    values: Float[ndarray, "frame band"], num_slices: int
) -> Float[ndarray, "slice band"]:
    """Return means over equal slices of time; with fewer frames than slices, frames repeat."""
    edges = np.linspace(0, len(values), num_slices + 1).round().astype(int)
    first = np.minimum(edges[:-1], len(values) - 1)
    last = np.maximum(edges[1:], first + 1)
    return np.stack([values[a:b].mean(0) for a, b in zip(first, last, strict=True)])
