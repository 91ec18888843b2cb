"""What made sounds are worth: points of a fixed feature space; see `plait.modalities.drawn_sets`.

The space, version 1, has 1,280 coordinates. Which short sounds occur, whenever that is
(`unit_counts`), as a vector of length 1; and what is heard when: the spectrogram above the level
50 dB below its loudest place, in 16 steps of the sound's own length and 16 bands, whose root mean
square counts twice. Nothing of it is learned. It leaves out how loud a sound is, and how long: that
is a metric of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from plait.modalities.audio.spectrum import log_mel
from plait.modalities.audio.units import unit_counts
from plait.modalities.drawn_sets import resampled as resampled_sets
from plait.modalities.drawn_sets import words_of
from plait.modalities.likeness import resized
from plait.modalities.target import MetricWord

NUM_MELS, NUM_STEPS, NUM_BANDS = 64, 16, 16
DEPTH = 5.756
"""Nepers below the loudest place, 50 dB, below which nothing counts."""

LEVEL_WEIGHT = 2.0
"""How much what is heard when counts beside which sounds occur."""

QUIET = -6.908
"""Logarithm of the amplitude of a band, -60 dB, below which sounds are not told apart."""

WORDS: Mapping[str, MetricWord] = {
    **words_of("sound"),
    "seconds_apart": MetricWord(
        name="seconds apart",
        says="How much longer or shorter made sounds are than the true ones of their rows.",
        lower_is_better=True,
    ),
}


def compared(said: np.ndarray, true: np.ndarray, rate_hz: int) -> np.ndarray:
    """Return the points of two sounds one after the other, and the seconds between their ends."""
    apart = abs(len(said) - len(true)) / rate_hz
    return np.concatenate([point_of(said, rate_hz), point_of(true, rate_hz), [apart]])


def resampled(compared: Sequence[np.ndarray], counts: np.ndarray) -> Mapping[str, np.ndarray]:
    """Return the metrics of many resamples, name -> float64 ``[resample]``.

    Args:
        compared: Of the rows.
        counts: How often each was drawn, ``[resample, row]``.
    """
    counts = np.asarray(counts, np.float64)
    apart = np.array([one[-1] for one in compared])
    found = resampled_sets([one[:-1] for one in compared], counts)
    return {**found, "seconds_apart": counts @ apart / np.maximum(counts.sum(1), 1e-12)}


def point_of(raw: np.ndarray, rate_hz: int) -> np.ndarray:
    """Return where a sound lies in the feature space, float64 ``[1280]``."""
    return _point(np.ascontiguousarray(raw, np.float32).tobytes(), rate_hz)


@lru_cache(maxsize=8192)
def _point(data: bytes, rate_hz: int) -> np.ndarray:
    mel = log_mel(np.frombuffer(data, np.float32), rate_hz=rate_hz, num_mels=NUM_MELS)
    heard = np.maximum(mel - max(float(mel.max()), QUIET) + DEPTH, 0.0) / DEPTH
    level = resized(heard, NUM_STEPS, NUM_BANDS).ravel() / NUM_STEPS
    units = unit_counts(mel)
    point = np.concatenate([units / np.linalg.norm(units), LEVEL_WEIGHT * level])
    point.flags.writeable = False
    return np.asarray(point, np.float64)


def mel_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Return the mean difference of two log-mel spectrograms, in nepers, over the frames of the
    shorter; what is quieter than -60 dB is as quiet as that.

    Args:
        first, second: As `log_mel` returns them, ``[frame, mel]``.
    """
    num = min(len(first), len(second))
    a, b = (np.maximum(one[:num], QUIET) for one in (first, second))
    return float(np.abs(a - b).mean())
