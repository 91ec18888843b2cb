"""Video: frames through the picture codec, sound through the sound codec."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import ClassVar

import numpy as np

from plait.display import brief
from plait.modalities.audio.codec import AudioCodec
from plait.modalities.detection import looks_like_media
from plait.modalities.image.codec import ImageCodec
from plait.modalities.likeness import Fingerprint
from plait.modalities.media import Media
from plait.modalities.traits import Traits
from plait.modalities.video.clip import Clip, decode
from plait.modalities.video.encoding import encode
from plait.modalities.video.sketch import clips_alike, fingerprint_clip
from plait.types import Arrays, ArraySpec, Cell, ColumnSample, Html, Layout

ENDINGS = (
    ".mp4",
    ".mkv",
    ".webm",
    ".mov",
    ".avi",
    ".m4v",
    ".mpg",
    ".mpeg",
    ".3gp",
    ".flv",
    ".ogv",
    ".wmv",
)
MAGIC = (
    b"....ftyp",
    b"\x1aE\xdf\xa3",
    b"RIFF....AVI ",
    b"\x00\x00\x01\xba",
    b"\x00\x00\x01\xb3",
    b"FLV\x01",
    b"0&\xb2u",
)


@brief
@dataclass(frozen=True, kw_only=True)
class VideoCodec:
    """Codec of the ``video`` modality. Raw is a `Clip`.

    Attributes:
        num_frames: Frames taken, evenly spread over the clip.
        size_px: Side of the square that frames are scaled into (0: chosen by `fit`, at most 64).
        flip: Whether the mirror image has the same meaning (augmentation).
        rate_hz: Of the sound after resampling.
        max_sound_seconds: Sound beyond this is left out.
        num_mels: Bands of the sound's spectrogram.
    """

    modality: ClassVar[str] = "video"
    version: ClassVar[int] = 2
    bare_numbers: ClassVar[bool] = False
    extra: ClassVar[str | None] = "video"
    traits: ClassVar[Traits] = Traits(shared=True, steady=True)

    num_frames: int = 8
    size_px: int = 0
    flip: bool = False
    rate_hz: int = 16_000
    max_sound_seconds: float = 10.0
    num_mels: int = 64

    @cached_property
    def picture(self) -> ImageCodec:
        """The codec of the frames."""
        return ImageCodec(size_px=self.size_px or 64, flip=self.flip, erase=0.0)

    @cached_property
    def sound(self) -> AudioCodec:
        """The codec of the sound track."""
        return AudioCodec(
            rate_hz=self.rate_hz, max_seconds=self.max_sound_seconds, num_mels=self.num_mels
        )

    @property
    def layout(self) -> Layout:
        size = self.size_px or 64
        return {
            "frames": ArraySpec(("frame", size, size, 3), "uint8"),
            "mel": ArraySpec(("sound", self.num_mels), "float16"),
            "has_sound": ArraySpec((1,), "float32"),
        }

    def detect(self, sample: ColumnSample) -> float:
        return looks_like_media(sample, ENDINGS, MAGIC)

    def read(self, cell: Cell, media: Media) -> Clip:
        return decode(
            media.read_bytes(cell),
            num_frames=self.num_frames,
            rate_hz=self.rate_hz,
            max_sound_seconds=self.max_sound_seconds,
        )

    def fit(self, raws: Iterable[Clip]) -> VideoCodec:
        """Choose the size from the first frames of up to 100 clips, unless it is set."""
        if self.size_px:
            return self
        fitted = ImageCodec().fit([clip.frames[0].copy() for clip in islice(raws, 100)])
        return replace(self, size_px=fitted.size_px)

    def prepare(self, raw: Clip) -> Arrays:
        frames = np.stack([self.picture.prepare(frame)["pixels"] for frame in raw.frames])
        wave = np.zeros(1, np.float32) if raw.wave is None else raw.wave
        return {
            "frames": frames,
            "mel": self.sound.prepare(wave)["mel"],
            "has_sound": np.array([raw.wave is not None], np.float32),
        }

    def augment(self, arrays: Arrays, rng: np.random.Generator) -> Arrays:
        """Change all frames alike, and the sound as the sound codec does."""
        seed = int(rng.integers(2**31))
        frames = [
            self.picture.augment({"pixels": frame}, np.random.default_rng(seed))["pixels"]
            for frame in arrays["frames"]
        ]
        mel = self.sound.augment({"mel": arrays["mel"]}, rng)["mel"]
        return {**arrays, "frames": np.stack(frames), "mel": mel}

    def show(self, raw: Clip) -> Html:
        """A strip of frames, and a player of the sound."""
        strip = "".join(self.picture.show(frame) for frame in raw.frames)
        sound = "" if raw.wave is None else self.sound.show(raw.wave)
        return f'<div class="filmstrip">{strip}</div>{sound}'

    def example(self, rng: np.random.Generator) -> Cell:
        """A square that moves, in a Matroska file; every other one with sound."""
        num, size = int(rng.integers(3, 7)), 32
        frames = np.full((num, size, size, 3), int(rng.integers(0, 256)), np.uint8)
        top = int(rng.integers(0, size - 8))
        for i in range(num):
            frames[i, top : top + 8, 3 * i : 3 * i + 8] = rng.integers(0, 256, 3)
        tone = 0.3 * np.sin(np.arange(self.rate_hz // 4) * rng.uniform(0.1, 1.0))
        wave = tone.astype(np.float32) if rng.random() < 0.5 else None
        return encode(frames, wave, self.rate_hz)

    def neutral(self) -> Clip:
        return Clip(self.picture.neutral()[None].repeat(2, axis=0), None, 1.0)

    def corrupt(self, raw: Clip, severity: float, rng: np.random.Generator) -> Clip:
        """Damage every frame and the sound."""
        if severity <= 0:
            return raw
        frames = np.stack([self.picture.corrupt(frame, severity, rng) for frame in raw.frames])
        wave = None if raw.wave is None else self.sound.corrupt(raw.wave, severity, rng)
        return Clip(frames, wave, raw.seconds)

    def features(self, arrays: Arrays) -> np.ndarray:
        """Mean picture features, how much they change, and the sound's features."""
        each = np.stack([self.picture.features({"pixels": f}) for f in arrays["frames"]])
        change = np.abs(np.diff(each, axis=0, append=each[-1:])).mean(0)
        sound = self.sound.features({"mel": arrays["mel"]}) * arrays["has_sound"]
        return np.concatenate([each.mean(0), change, sound, arrays["has_sound"]])

    def fingerprint(self, raw: Clip) -> Fingerprint | None:
        return fingerprint_clip(raw)

    def alike(self, first: bytes, second: bytes) -> bool:
        return clips_alike(first, second)
