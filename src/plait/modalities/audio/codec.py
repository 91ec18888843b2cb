"""Sound: decoded with limits, one channel, one rate, as a log-mel spectrogram."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from plait.display import brief
from plait.modalities.audio.sketch import fingerprint_sound, sounds_alike
from plait.modalities.audio.spectrum import (
    at_pace,
    cosine_basis,
    log_mel,
    slice_means,
    warp_frequencies,
)
from plait.modalities.audio.units import unit_counts
from plait.modalities.audio.wave import decode, encode_small, encode_wav
from plait.modalities.contract import LATER
from plait.modalities.detection import looks_like_media
from plait.modalities.likeness import Fingerprint
from plait.modalities.media import Media
from plait.modalities.traits import Traits
from plait.types import Arrays, ArraySpec, Cell, ColumnSample, Html, Layout

ENDINGS = (".wav", ".flac", ".ogg", ".opus", ".oga", ".mp3", ".aif", ".aiff", ".au")
MAGIC = (
    b"RIFF....WAVE",
    b"fLaC",
    b"OggS",
    b"ID3",
    b"\xff\xfb",
    b"\xff\xfa",
    b"\xff\xf3",
    b"\xff\xf2",
    b"FORM....AIF",
    b".snd\0\0",
)
MEAN, SCALE = -6.0, 2.5
"""Log-mel values of ordinary recordings lie around this mean with this spread."""

FRAMES_A_SYMBOL = 2
"""Of a line."""

PACE = 0.15
"""Largest relative change of pace when augmented."""

MAX_SHOWN_SECONDS = 8.0
NUM_COEFFICIENTS = 20


@brief
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
        lined: Whether a network may also see what was when, finer than by tokens, for targets that
            ask for it; then the pace, too, varies when augmented.
    """

    modality: ClassVar[str] = "audio"
    version: ClassVar[int] = 2
    bare_numbers: ClassVar[bool] = False
    extra: ClassVar[str | None] = None
    traits: ClassVar[Traits] = Traits(shared=True)
    offers: ClassVar[Mapping[str, Mapping[str, Any]]] = {"line": {"lined": True}}

    rate_hz: int = 16_000
    max_seconds: float = 0.0
    num_mels: int = 64
    warp: float = 0.12
    mask: float = 0.2
    gain: float = 0.7
    lined: bool = field(default=False, metadata=LATER)

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
        if self.lined:
            mel = at_pace(mel, 1 + PACE * rng.uniform(-1, 1))
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
        kind, data = encode_small(wave, self.rate_hz)
        sound = base64.b64encode(data).decode()
        mel = log_mel(wave, rate_hz=self.rate_hz, num_mels=self.num_mels)
        picture = base64.b64encode(_heat_map(mel)).decode()
        length = len(raw) / self.rate_hz
        said = f"{length:.1f} s" + (f", the first {MAX_SHOWN_SECONDS:g}" * (len(wave) < len(raw)))
        return (
            '<figure class="sound">'
            f'<img alt="spectrogram of {said}" src="data:image/png;base64,{picture}">'
            f'<audio controls preload="none" aria-label="sound of {said}" '
            f'src="data:audio/{kind};base64,{sound}"></audio>'
            f"<figcaption>{said}</figcaption></figure>"
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
        """What stays of a sound when its order in time is left out, and a little of its order.

        Mean, spread, quantiles and mean change of every band; 16 coarse bands in each of eight
        slices of time; mean and spread of 20 cepstral coefficients, and spread of their changes
        (MFCC, Davis and Mermelstein 1980); the logarithm of the length; which short patterns
        occur (`unit_counts`).
        """
        mel = arrays["mel"].astype(np.float32)
        cepstrum = mel @ cosine_basis(mel.shape[1], min(NUM_COEFFICIENTS, mel.shape[1]))
        bands = np.array_split(np.arange(mel.shape[1]), min(16, mel.shape[1]))
        coarse = np.stack([mel[:, band].mean(1) for band in bands], axis=1)
        parts = [
            mel.mean(0),
            mel.std(0),
            *np.quantile(mel, [0.1, 0.5, 0.9], axis=0),
            np.abs(_change(mel)).mean(0),
            slice_means(coarse, 8).ravel(),
            cepstrum.mean(0),
            cepstrum.std(0),
            _change(cepstrum).std(0),
            [np.log(len(mel))],
            unit_counts(mel),
        ]
        return np.concatenate(parts).astype(np.float32)

    def line_places(self, arrays: Arrays) -> int:
        """Return how many symbols a line of the sound has room for; 0 where none is offered."""
        return -(-len(arrays["mel"]) // FRAMES_A_SYMBOL) if self.lined else 0

    def fingerprint(self, raw: np.ndarray) -> Fingerprint | None:
        return fingerprint_sound(raw, self.rate_hz)

    def alike(self, first: bytes, second: bytes) -> bool:
        return sounds_alike(first, second)


def _change(values: np.ndarray) -> np.ndarray:
    return np.diff(values, axis=0, append=values[-1:])


def _heat_map(mel: np.ndarray) -> bytes:
    """Return a spectrogram as a PNG file, low frequencies below, dark to light."""
    low, high = float(mel.min()), float(mel.max())
    # Silence has no contrast to stretch: it is drawn as the evenly dark picture that it is.
    level = (mel.T[::-1] - low) / max(high - low, 1.0)
    colours = np.stack([level**0.6, level**1.5 * 0.9, 0.35 + 0.3 * level - 0.4 * level**3], -1)
    picture = Image.fromarray((np.clip(colours, 0, 1) * 255).astype(np.uint8))
    buffer = io.BytesIO()
    picture.resize((max(80, min(240, mel.shape[0])), 64)).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
