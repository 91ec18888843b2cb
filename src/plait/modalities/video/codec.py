"""Video: frames through the picture codec, sound through the sound codec.

As a target short clips without sound are drawn from noise, by what the other columns tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from typing import Any, ClassVar

import numpy as np

from plait.display import brief
from plait.errors import TargetError
from plait.modalities.audio.codec import AudioCodec
from plait.modalities.contract import LATER
from plait.modalities.detection import looks_like_media, starts_with
from plait.modalities.drawn_sets import collapsed, resampled
from plait.modalities.image.codec import ImageCodec
from plait.modalities.image.pixels import STILLS
from plait.modalities.image.sizes import LARGEST_PX
from plait.modalities.likeness import Fingerprint
from plait.modalities.media import Media
from plait.modalities.target import MetricWord, SimpleGenerator, metrics_by
from plait.modalities.traits import Traits
from plait.modalities.video.clip import Clip, decode
from plait.modalities.video.encoding import encode, encode_mp4
from plait.modalities.video.exports import EXPORTS, exported
from plait.modalities.video.scoring import NUM_FRAMES, WORDS, compared, spread_places
from plait.modalities.video.sheet import compared_clips, learned_clips
from plait.modalities.video.sketch import clips_alike, fingerprint_clip
from plait.types import Arrays, ArraySpec, Cell, ColumnSample, Html, Layout, MadeFile

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
MOST_FITTED, MOST_MADE = 100, 64
"""Clips that settings are chosen from, and frames of one that is made."""


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
        drawn: Whether clips are made, not only looked at: all of one length, and without sound.
        made_frames: Frames of such ones, 2 to 64, evenly spread over those of training.
        made_seconds: How long they take (chosen by `fit`: what is usual).
        level, spread: Mean and standard deviation of their pixels in training.
    """

    modality: ClassVar[str] = "video"
    version: ClassVar[int] = 2
    bare_numbers: ClassVar[bool] = False
    extra: ClassVar[str | None] = "video"
    traits: ClassVar[Traits] = Traits(shared=True, steady=True)
    task: ClassVar[str] = "animate"
    verb: ClassVar[str] = "Animates"
    words: ClassVar[Mapping[str, MetricWord]] = WORDS
    baselines: ClassVar[tuple[type[SimpleGenerator], ...]] = ()
    heedless: ClassVar[tuple[str, ...]] = ("typical", "nearest")
    heeds: ClassVar[tuple[str, ...]] = ("steps", "guidance", "begin", "between")
    welcomes: ClassVar[tuple[str, ...]] = ("picture",)
    exports: ClassVar[Mapping[str, str]] = EXPORTS
    written_within: ClassVar[float] = 4.0

    num_frames: int = 8
    size_px: int = 0
    flip: bool = False
    rate_hz: int = 16_000
    max_sound_seconds: float = 10.0
    num_mels: int = 64
    drawn: bool = field(default=False, metadata=LATER)
    made_frames: int = field(default=16, metadata=LATER)
    made_seconds: float = field(default=2.0, metadata=LATER)
    level: float = field(default=127.5, metadata=LATER)
    spread: float = field(default=64.0, metadata=LATER)

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
        if self.drawn:
            return {"frames": ArraySpec((self.made_frames, size, size, 3), "uint8")}
        return {
            "frames": ArraySpec(("frame", size, size, 3), "uint8"),
            "mel": ArraySpec(("sound", self.num_mels), "float16"),
            "has_sound": ArraySpec((1,), "float32"),
        }

    def detect(self, sample: ColumnSample) -> float:
        return looks_like_media(sample, ENDINGS, MAGIC)

    def read(self, cell: Cell, media: Media) -> Clip:
        """Decode a clip; of one that is made, a picture is the only frame of a clip."""
        data = cell.content if isinstance(cell, MadeFile) else media.read_bytes(cell)
        if self.drawn and starts_with(data[:16], STILLS):
            return Clip(self.picture.read(data, media)[None], None, self.made_seconds)
        return decode(
            data,
            num_frames=self.made_frames if self.drawn else self.num_frames,
            rate_hz=self.rate_hz,
            max_sound_seconds=0.0 if self.drawn else self.max_sound_seconds,
        )

    def fit(self, raws: Iterable[Clip]) -> VideoCodec:
        """Choose the size from the first frames of up to 100 clips, unless it is set; of clips that
        are made, their length and the scale of their pixels too."""
        if self.size_px and not self.drawn:
            return self
        seen = [(_few_frames(clip), clip.seconds) for clip in islice(raws, MOST_FITTED)]
        if not self.size_px:
            fitted = ImageCodec().fit([frames[0] for frames, _ in seen])
            self = replace(self, size_px=fitted.size_px)
        if not self.drawn or not seen:
            return self
        pixels = [self.picture.prepare(one)["pixels"] for frames, _ in seen for one in frames]
        seconds = float(np.median([length for _, length in seen]))
        level, spread = float(np.mean(pixels)), max(float(np.std(pixels)), 1.0)
        return replace(self, made_seconds=seconds, level=level, spread=spread)

    def prepare(self, raw: Clip) -> Arrays:
        frames = np.stack([self.picture.prepare(frame)["pixels"] for frame in raw.frames])
        if self.drawn:
            return {"frames": frames[spread_places(len(frames), self.made_frames)]}
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
        if self.drawn:
            return {"frames": np.stack(frames)}
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
        if self.drawn:
            return np.concatenate([each.mean(0), change])
        sound = self.sound.features({"mel": arrays["mel"]}) * arrays["has_sound"]
        return np.concatenate([each.mean(0), change, sound, arrays["has_sound"]])

    def fingerprint(self, raw: Clip) -> Fingerprint | None:
        return fingerprint_clip(raw)

    def alike(self, first: bytes, second: bytes) -> bool:
        return clips_alike(first, second)

    def as_target(self) -> VideoCodec:
        """Clips of one length, without sound."""
        return replace(self, drawn=True)

    def check_target(self, num_rows: int) -> None:
        if self.size_px > LARGEST_PX or not 2 <= self.made_frames <= MOST_MADE:
            raise TargetError(
                "clips are not made so large",
                expected=f"at most {LARGEST_PX} pixels a side, and 2 to {MOST_MADE} frames",
                received=f"size_px={self.size_px}, made_frames={self.made_frames}",
                hint="leave these settings out, or say smaller ones",
            )
        if num_rows < 2:
            raise TargetError(
                "there are too few clips to learn from",
                expected="2 rows or more with a clip",
                received=f"{num_rows}",
            )

    def decode(self, arrays: Arrays) -> Clip:
        return Clip(arrays["frames"], None, self.made_seconds)

    def write(self, raw: Clip) -> MadeFile:
        """MP4, which loses some colour: read again it is within `written_within` of what it was."""
        return MadeFile(encode_mp4(raw.frames, raw.seconds), ".mp4")

    def answer(self, raws: Sequence[Clip]) -> Mapping[str, Any]:
        return {"prediction": [self.write(raw) for raw in raws]}

    def export(self, form: str, raws: Sequence[Clip | None], names: Sequence[str]) -> Any:
        """Return file name -> bytes of a form of `exports`: see `exported`."""
        there = [self.prepare(raw)["frames"] for raw in raws if raw is not None]
        return exported(form, there, self.made_seconds)

    def stays(self, begun: Clip) -> np.ndarray | None:
        """Return where a begun clip stays without a mask, bool ``[frame, 1, 1]``: the first frame,
        where it is all that is known. None where a whole clip is varied."""
        if len(begun.frames) > 1:
            return None
        return (np.arange(self.made_frames) == 0)[:, None, None]

    def compare(self, said: Clip, true: Clip) -> np.ndarray:
        return compared(said, true)

    def metrics(self, compared: Sequence[np.ndarray]) -> dict[str, float]:
        return metrics_by(self.resampled, compared)

    def resampled(
        self, compared: Sequence[np.ndarray], counts: np.ndarray
    ) -> Mapping[str, np.ndarray]:
        return resampled(compared, counts)

    def refuses(self, metrics: Mapping[str, float], num_rows: int) -> str:
        """Say why what scores so must not ship; see `plait.modalities.drawn_sets.collapsed`."""
        return collapsed(metrics, num_rows, "clip")

    def panel(self, said: Sequence[Clip], true: Sequence[Clip]) -> Html:
        made, real = ([self.prepare(raw)["frames"] for raw in some] for some in (said, true))
        return compared_clips(made, real, self.size_px, self.made_seconds)

    def beside_learned(
        self, said: Sequence[Clip], true: Sequence[Clip], learned: Sequence[Clip]
    ) -> Html:
        """Render what was made beside the nearest of what was learned from."""
        return learned_clips(said, true, learned)


def _few_frames(clip: Clip) -> np.ndarray:
    """Return a copy of some frames, the first among them: so little that many clips are held."""
    return clip.frames[spread_places(len(clip.frames), NUM_FRAMES)]
