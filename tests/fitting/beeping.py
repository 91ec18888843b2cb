"""Words of beeps: a tone for each letter."""

from __future__ import annotations

import numpy as np

from plait.modalities.audio.wave import encode_wav

LETTERS, RATE_HZ = "abcd", 16_000


def pitch_of(letter):
    return 400 * 1.7 ** LETTERS.index(letter)


def beeps(word):
    """A WAV file of a tone of 0.1 s for each letter, the higher the later it is in the alphabet."""
    times = np.arange(int(0.1 * RATE_HZ)) / RATE_HZ
    tones = [0.4 * np.sin(2 * np.pi * pitch_of(one) * times) for one in word]
    parts = [
        part for tone in tones for part in (tone * np.hanning(len(tone)) ** 0.25, np.zeros(320))
    ]
    return encode_wav(np.concatenate(parts).astype(np.float32), RATE_HZ)
