"""Sound: decoded with limits, one channel, one rate, as a log-mel spectrogram."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from typing import ClassVar

import numpy as np
from PIL import Image

from plait.modalities.audio.spectrum import log_mel, warp_frequencies
from plait.modalities.audio.wave import decode, encode_wav
from plait.modalities.detection import looks_like_media
from plait.modalities.media import Media
from plait.types import Arrays, ArraySpec, Cell, ColumnSample, Html, Layout

ENDINGS = (".wav", ".flac", ".ogg", ".opus", ".oga", ".mp3", ".aif", ".aiff", ".au")
MAGIC = (b"RIFF....WAVE", b"fLaC", b"OggS", b"ID3", b"\xff\xfb", b"\xff\xf3", b"FORM....AIF")
MEAN, SCALE = -6.0, 2.5
"""Log-mel values of ordinary recordings lie around this mean with this spread."""

MAX_SHOWN_SECONDS = 8.0


@dataclass(frozen=True, kw_only=True)
class AudioCodec:
    """Codec of the ``audio`` modality.

    Raw is float32 ``[time]`` in [-1, 1], one channel at `rate_hz`.

    Attributes:
        rate_hz: Samples per second after resampling.
        max_seconds: Longer sounds are cut (0: chosen by `fit`, at most 10).
        num_mels: Bands of the spectrogram.
        warp: Largest relative stretch of frequencies when augmented: unseen speakers.
        mask: Largest share of time and of bands that is masked when augmented.
        gain: Largest change of level when augmented, in nepers.
    """

    modality: ClassVar[str] = "audio"
    extra: ClassVar[str | None] = None

    rate_hz: int = 16_000
    max_seconds: float = 0.0
    num_mels: int = 64
    warp: float = 0.12
    mask: float = 0.2
    gain: float = 0.7

    @property
    def layout(self) -> Layout:
        return {"mel": ArraySpec(("frame", self.num_mels), "float16")}

    def detect(self, sample: ColumnSample) -> float:
        return looks_like_media(sample, ENDINGS, MAGIC)

    def read(self, cell: Cell, media: Media) -> np.ndarray:
        data = media.read_bytes(cell)
        return decode(data, rate_hz=self.rate_hz, max_seconds=self.max_seconds or 10.0)

    def fit(self, raws: Iterable[np.ndarray]) -> AudioCodec:
        """Choose the length that holds 95 % of up to 500 training sounds whole."""
        lengths = [len(raw) / self.rate_hz for raw in islice(raws, 500)]
        if not lengths or self.max_seconds:
            return self
        longest = float(np.quantile(lengths, 0.95))
        return replace(self, max_seconds=min(10.0, max(0.5, float(np.ceil(longest * 2) / 2))))

    def prepare(self, raw: np.ndarray) -> Arrays:
        """``mel``: log-mel values, shifted and scaled to lie mostly in [-2, 2]."""
        wave = raw[: int((self.max_seconds or 10.0) * self.rate_hz)]
        mel = log_mel(wave, rate_hz=self.rate_hz, num_mels=self.num_mels)
        return {"mel": ((mel - MEAN) / SCALE).astype(np.float16)}

    def augment(self, arrays: Arrays, rng: np.random.Generator) -> Arrays:
        """Another level, voice and start; parts masked (SpecAugment, Park et al. 2019)."""
        mel = arrays["mel"].astype(np.float32)
        mel = mel + self.gain * rng.uniform(-1, 1) / SCALE
        mel = warp_frequencies(mel, 1 + self.warp * rng.uniform(-1, 1))
        shift = int(rng.integers(0, max(1, len(mel) // 10) + 1))
        mel = np.roll(mel, shift, axis=0)
        quiet = mel.min()
        for axis in (0, 1):
            size = mel.shape[axis]
            width = int(rng.uniform(0, self.mask) * size)
            start = int(rng.integers(0, size - width + 1))
            place = [slice(None), slice(None)]
            place[axis] = slice(start, start + width)
            mel[tuple(place)] = quiet
        return {"mel": mel.astype(np.float16)}

    def show(self, raw: np.ndarray) -> Html:
        """A player and the spectrogram, of the first 8 seconds."""
        wave = raw[: int(MAX_SHOWN_SECONDS * self.rate_hz)]
        sound = base64.b64encode(encode_wav(wave, self.rate_hz)).decode()
        mel = log_mel(wave, rate_hz=self.rate_hz, num_mels=self.num_mels)
        picture = base64.b64encode(_heat_map(mel)).decode()
        return (
            '<figure class="sound">'
            f'<img alt="spectrogram" src="data:image/png;base64,{picture}">'
            f'<audio controls preload="none" src="data:audio/wav;base64,{sound}"></audio>'
            "</figure>"
        )

    def example(self, rng: np.random.Generator) -> Cell:
        """A WAV file of a tone that glides."""
        num = int(rng.uniform(0.3, 0.8) * self.rate_hz)
        pitch = np.linspace(rng.uniform(200, 800), rng.uniform(200, 3000), num)
        tone = 0.4 * np.sin(2 * np.pi * np.cumsum(pitch) / self.rate_hz)
        noise = 0.01 * rng.normal(size=num)
        return encode_wav((tone + noise).astype(np.float32), self.rate_hz)

    def neutral(self) -> np.ndarray:
        return np.zeros(self.rate_hz // 2, np.float32)

    def corrupt(self, raw: np.ndarray, severity: float, rng: np.random.Generator) -> np.ndarray:
        """Add noise, down to 0 dB, and clip the loudest parts."""
        if severity <= 0:
            return raw
        level = float(np.sqrt((raw**2).mean())) + 1e-4
        noisy = raw + severity * level * rng.normal(size=len(raw))
        top = float(np.abs(raw).max()) * (1 - 0.5 * severity) + 1e-3
        return np.clip(noisy, -top, top).astype(np.float32)

    def features(self, arrays: Arrays) -> np.ndarray:
        """Mean, spread and quantiles of every band; of its changes; and of eight time slices."""
        mel = arrays["mel"].astype(np.float32)
        change = np.diff(mel, axis=0, append=mel[-1:])
        slices = np.array_split(np.arange(max(len(mel), 8)) * len(mel) // max(len(mel), 8), 8)
        halves = [mel[part].reshape(len(part), -1, 4).mean(axis=(0, 2)) for part in slices]
        parts = [
            mel.mean(0),
            mel.std(0),
            *np.quantile(mel, [0.1, 0.5, 0.9], axis=0),
            np.abs(change).mean(0),
            *halves,
            [np.log(len(mel))],
        ]
        return np.concatenate(parts).astype(np.float32)

    def fingerprint(self, raw: np.ndarray) -> bytes | None:
        """A hash of the coarse spectrogram: 16 slices x 16 bands, each rounded to 3 dB."""
        mel = log_mel(raw, rate_hz=self.rate_hz, num_mels=16)
        edges = np.linspace(0, len(mel), 17).astype(int)
        coarse = [
            mel[a : max(b, a + 1)].mean(0) if a < len(mel) else mel[-1]
            for a, b in zip(edges[:-1], edges[1:], strict=True)
        ]
        rounded = np.rint(np.array(coarse) / 0.35).astype(np.int8)
        length = np.int64(round(len(raw) / self.rate_hz * 20)).tobytes()
        return hashlib.sha256(rounded.tobytes() + length).digest()[:16]


def _heat_map(mel: np.ndarray) -> bytes:
    """Return a spectrogram as a PNG file, low frequencies below, dark to light."""
    low, high = float(mel.min()), float(mel.max())
    level = (mel.T[::-1] - low) / max(high - low, 1e-6)
    colours = np.stack([level**0.6, level**1.5 * 0.9, 0.35 + 0.3 * level - 0.4 * level**3], -1)
    picture = Image.fromarray((np.clip(colours, 0, 1) * 255).astype(np.uint8))
    buffer = io.BytesIO()
    picture.resize((max(80, min(240, mel.shape[0])), 64)).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
