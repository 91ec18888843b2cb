"""What a checkpoint wants to hear of a sound: Whisper's log-mel spectrogram, or the waveform."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np

from plait.backbones.preprocessing import preparation_hash
from plait.types import Arrays, ArraySpec, Layout

LOWEST = 1e-10
"""Powers below this count as this, before the logarithm."""

HEADROOM = 8.0
"""What is so many decades below the loudest place is raised to that level."""


@dataclass(frozen=True, kw_only=True)
class AudioPreparation:
    """A sound as a log-mel spectrogram or as a waveform, one channel.

    Whisper hears `max_seconds` always, shorter sounds followed by silence. `prepare` leaves that
    silence out, for its value follows from the rest (`silence`); the network puts it back.

    Attributes:
        kind: ``mel`` or ``wave``.
        rate_hz: Samples per second of Raw.
        max_seconds: Longer sounds are cut (0: never).
        num_mels, window_samples, hop_samples: Of the spectrogram.
        normalise: Whether waveforms get mean 0 and variance 1.
        min_samples: Shorter waveforms are followed by silence up to here: the least that the
            network's convolutions take.
    """

    modality: ClassVar[str] = "audio"

    kind: str = "wave"
    rate_hz: int = 16_000
    max_seconds: float = 30.0
    num_mels: int = 80
    window_samples: int = 400
    hop_samples: int = 160
    normalise: bool = True
    min_samples: int = 400

    @property
    def layout(self) -> Layout:
        if self.kind == "mel":
            return {"mel": ArraySpec(("frame", self.num_mels), "float32")}
        return {"wave": ArraySpec(("sample",), "float32")}

    @property
    def hash(self) -> str:
        return preparation_hash(self)

    @property
    def num_frames(self) -> int:
        """Frames of a spectrogram, its silence included."""
        return self.max_samples // self.hop_samples

    @property
    def max_samples(self) -> int:
        return round(self.max_seconds * self.rate_hz)

    def prepare(self, raw: np.ndarray) -> Arrays:
        wave = raw[: self.max_samples] if self.max_samples else raw
        return {"mel": self._mel(wave)} if self.kind == "mel" else {"wave": self._wave(wave)}

    def silence(self, loudest: float) -> float:
        """Return the spectrogram's value of silence after a sound, given its largest value."""
        return (max(np.log10(LOWEST), 4 * loudest - 4 - HEADROOM) + 4) / 4

    def _wave(self, wave: np.ndarray) -> np.ndarray:
        if self.normalise and len(wave):
            wave = (wave - wave.mean()) / np.sqrt(wave.var() + 1e-7)
        short = max(self.min_samples - len(wave), 0)
        return np.pad(wave, (0, short)).astype(np.float32)

    def _mel(self, wave: np.ndarray) -> np.ndarray:
        """Log-mel spectrogram of the frames that touch the sound, float32 ``[frame, mel]``.

        ``max(log10(mel power), loudest - 8)``, shifted and scaled to end at about 1 (Radford et
        al. 2022, section 2.2), computed in double precision.
        """
        half, hop = self.window_samples // 2, self.hop_samples
        num_frames = min(self.num_frames, -(-(len(wave) + half) // hop))
        # The sound is followed by silence up to `max_samples`, then both ends are mirrored.
        needed = min((num_frames - 1) * hop + half, self.max_samples)
        padded = np.pad(wave.astype(np.float64), (0, max(needed - len(wave), 0)))
        padded = np.pad(padded, half, mode="reflect")
        frames = np.lib.stride_tricks.sliding_window_view(padded, self.window_samples)
        window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(self.window_samples) / (2 * half))
        power = np.abs(np.fft.rfft(frames[::hop][:num_frames] * window)) ** 2
        filters = mel_filters(self.num_mels, self.window_samples, self.rate_hz)
        mel = np.log10(np.maximum(power @ filters, LOWEST))
        return ((np.maximum(mel, mel.max() - HEADROOM) + 4) / 4).astype(np.float32)


@cache
def mel_filters(num_mels: int, window_samples: int, rate_hz: int) -> np.ndarray:
    """Return triangular filters of equal area, float64 ``[frequency, mel]``, 0 to 8,000 Hz.

    Source: M. Slaney, "Auditory Toolbox", 1998: linear below 1,000 Hz, logarithmic above.
    """
    frequencies = np.linspace(0, rate_hz / 2, window_samples // 2 + 1)
    edges = _to_hertz(np.linspace(0, _to_mels(8000.0), num_mels + 2))
    steps = np.diff(edges)
    gaps = edges[None] - frequencies[:, None]
    rising, falling = -gaps[:, :-2] / steps[:-1], gaps[:, 2:] / steps[1:]
    filters: np.ndarray = np.maximum(0, np.minimum(rising, falling))
    return filters * (2.0 / (edges[2:] - edges[:-2]))


LOG_STEP = 27 / np.log(6.4)
"""Mels per neper above 1,000 Hz, which is 15 mels."""


def _to_mels(hertz: float) -> float:
    return 15 + LOG_STEP * float(np.log(hertz / 1000)) if hertz >= 1000 else hertz * 3 / 200


def _to_hertz(mels: np.ndarray) -> np.ndarray:
    return np.where(mels >= 15, 1000 * np.exp((mels - 15) / LOG_STEP), mels * 200 / 3)
