"""Sound: decoded with limits, one channel, one rate, as a log-mel spectrogram.

As a target it is made: a spectrogram is drawn from noise, by what the other columns tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, ClassVar

import numpy as np

from plait.display import brief
from plait.errors import TargetError
from plait.modalities.audio.features import sound_features
from plait.modalities.audio.page import learned_panel, lengths_panel, shown
from plait.modalities.audio.said import said_column
from plait.modalities.audio.scoring import WORDS, compared, resampled
from plait.modalities.audio.sketch import fingerprint_sound, sounds_alike
from plait.modalities.audio.spectrum import at_pace, log_mel, warp_frequencies
from plait.modalities.audio.wave import FULL_SCALE, decode, encode_wav, whole_samples
from plait.modalities.contract import LATER
from plait.modalities.detection import looks_like_media
from plait.modalities.drawn_sets import collapsed
from plait.modalities.likeness import Fingerprint
from plait.modalities.media import Media
from plait.modalities.target import MetricWord, SimpleGenerator, metrics_by
from plait.modalities.traits import Traits
from plait.types import Arrays, ArraySpec, Cell, ColumnSample, Html, Layout, MadeFile

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

NUM_MEASURED, NUM_HEARD = 500, 200
"""Training sounds whose lengths are looked at, and whose levels are."""

LONGEST_SECONDS = 10.0


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
        drawn: Whether sounds are made, not only heard.
        level, spread: Mean and standard deviation of log-mel values of such ones in training.
        usual_length, length_spread: The same of the logarithm of how many frames they have.
        spoken: The column of letters that such ones say; "" for none.
    """

    modality: ClassVar[str] = "audio"
    version: ClassVar[int] = 2
    bare_numbers: ClassVar[bool] = False
    extra: ClassVar[str | None] = None
    traits: ClassVar[Traits] = Traits(shared=True)
    offers: ClassVar[Mapping[str, Mapping[str, Any]]] = {"line": {"lined": True}}
    welcomes: ClassVar[tuple[str, ...]] = ("letters",)
    task: ClassVar[str] = "sound"
    verb: ClassVar[str] = "Sounds"
    words: ClassVar[Mapping[str, MetricWord]] = WORDS
    baselines: ClassVar[tuple[type[SimpleGenerator], ...]] = ()
    heedless: ClassVar[tuple[str, ...]] = ("typical", "nearest")
    heeds: ClassVar[tuple[str, ...]] = ("steps", "guidance")

    rate_hz: int = 16_000
    max_seconds: float = 0.0
    num_mels: int = 64
    warp: float = 0.12
    mask: float = 0.2
    gain: float = 0.7
    lined: bool = field(default=False, metadata=LATER)
    drawn: bool = field(default=False, metadata=LATER)
    level: float = field(default=MEAN, metadata=LATER)
    spread: float = field(default=SCALE, metadata=LATER)
    usual_length: float = field(default=4.6, metadata=LATER)
    length_spread: float = field(default=0.5, metadata=LATER)
    spoken: str = field(default="", metadata=LATER)

    @property
    def layout(self) -> Layout:
        """``mel``, frames; of sounds that are made ``wave``, samples of 16 bits."""
        if self.drawn:
            return {"wave": ArraySpec(("time",), "int16")}
        return {"mel": ArraySpec(("frame", self.num_mels), "float16")}

    def detect(self, sample: ColumnSample) -> float:
        return looks_like_media(sample, ENDINGS, MAGIC)

    def read(self, cell: Cell, media: Media) -> np.ndarray:
        data = media.read_bytes(cell)
        return decode(data, rate_hz=self.rate_hz, max_seconds=self.max_seconds or LONGEST_SECONDS)

    def fit(self, raws: Iterable[np.ndarray]) -> AudioCodec:
        """Choose the length that holds 95 % of up to 500 training sounds whole, or all of them
        where they are made; of such ones measure levels and lengths too."""
        seen = list(islice(raws, NUM_MEASURED)) if self.drawn else []
        lengths = [len(raw) / self.rate_hz for raw in (seen or islice(raws, NUM_MEASURED))]
        if not lengths:
            return self
        if seen:
            self = self._measured(seen)
        if self.max_seconds:
            return self
        longest = max(lengths) if self.drawn else float(np.quantile(lengths, 0.95))
        return replace(
            self, max_seconds=min(LONGEST_SECONDS, max(0.5, float(np.ceil(longest * 2) / 2)))
        )

    def _measured(self, raws: Sequence[np.ndarray]) -> AudioCodec:
        """Return the codec with levels and lengths of sounds, of a part of them."""
        some = raws[:: max(1, len(raws) // NUM_HEARD)]
        mels = [log_mel(raw, rate_hz=self.rate_hz, num_mels=self.num_mels) for raw in some]
        values, frames = np.concatenate(mels), np.log([len(mel) for mel in mels])
        return replace(
            self,
            level=float(values.mean()),
            spread=max(float(values.std()), 0.1),
            usual_length=float(frames.mean()),
            length_spread=max(float(frames.std()), 0.02),
        )

    def prepare(self, raw: np.ndarray) -> Arrays:
        """``mel``: log-mel values, shifted and scaled to lie mostly in [-2, 2]; or ``wave``."""
        wave = raw[: int((self.max_seconds or LONGEST_SECONDS) * self.rate_hz)]
        if self.drawn:
            return {"wave": whole_samples(wave)}
        mel = log_mel(wave, rate_hz=self.rate_hz, num_mels=self.num_mels)
        return {"mel": ((mel - MEAN) / SCALE).astype(np.float16)}

    def augment(self, arrays: Arrays, rng: np.random.Generator) -> Arrays:
        """Another level, voice and start; parts masked (SpecAugment, Park et al. 2019)."""
        if self.drawn:
            return {"wave": arrays["wave"].copy()}
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
        return shown(raw, rate_hz=self.rate_hz, num_mels=self.num_mels)

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
        """See `plait.modalities.audio.features`."""
        if self.drawn:
            arrays = replace(self, drawn=False).prepare(self.decode(arrays))
        return sound_features(arrays["mel"].astype(np.float32))

    def line_places(self, arrays: Arrays) -> int:
        """Return how many symbols a line of the sound has room for; 0 where none is offered."""
        return -(-len(arrays["mel"]) // FRAMES_A_SYMBOL) if self.lined else 0

    def fingerprint(self, raw: np.ndarray) -> Fingerprint | None:
        return fingerprint_sound(raw, self.rate_hz)

    def alike(self, first: bytes, second: bytes) -> bool:
        return sounds_alike(first, second)

    def as_target(self) -> AudioCodec:
        """Samples as they are; no line in time, which only what is heard has."""
        return replace(self, drawn=True, lined=False)

    def choose_beside(
        self, targets: Sequence[Arrays], places: Mapping[str, np.ndarray]
    ) -> AudioCodec:
        """Say the letters of that column whose texts are long where sounds are, if any."""
        return replace(self, spoken=said_column([len(one["wave"]) for one in targets], places))

    def check_target(self, num_rows: int) -> None:
        if num_rows < 2:
            raise TargetError(
                "there are too few sounds to learn from",
                expected="2 rows or more with a sound",
                received=f"{num_rows}",
            )

    def decode(self, arrays: Arrays) -> np.ndarray:
        return np.asarray(arrays["wave"], np.float32) / FULL_SCALE

    def write(self, raw: np.ndarray) -> MadeFile:
        return MadeFile(encode_wav(whole_samples(raw), self.rate_hz), ".wav")

    def answer(self, raws: Sequence[np.ndarray]) -> Mapping[str, Any]:
        seconds = [len(raw) / self.rate_hz for raw in raws]
        return {"prediction": [self.write(raw) for raw in raws], "seconds": seconds}

    def compare(self, said: np.ndarray, true: np.ndarray) -> np.ndarray:
        return compared(said, true, self.rate_hz)

    def metrics(self, compared: Sequence[np.ndarray]) -> dict[str, float]:
        return metrics_by(self.resampled, compared)

    def resampled(
        self, compared: Sequence[np.ndarray], counts: np.ndarray
    ) -> Mapping[str, np.ndarray]:
        return resampled(compared, counts)

    def refuses(self, metrics: Mapping[str, float], num_rows: int) -> str:
        """Say why what scores so must not ship; see `plait.modalities.drawn_sets.collapsed`."""
        return collapsed(metrics, num_rows, "sound")

    def panel(self, said: Sequence[np.ndarray], true: Sequence[np.ndarray]) -> Html:
        return lengths_panel(said, true, self.rate_hz)

    def beside_learned(
        self, said: Sequence[np.ndarray], true: Sequence[np.ndarray], learned: Sequence[np.ndarray]
    ) -> Html:
        """Render what was made beside the nearest of what was learned from."""
        return learned_panel(said, true, learned, rate_hz=self.rate_hz, num_mels=self.num_mels)
