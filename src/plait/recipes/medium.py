"""A sound or film as a model takes it: cut into pieces, each of which is a row."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

from plait.errors import ColumnError, UsageError
from plait.modalities.audio.codec import ENDINGS as SOUNDS
from plait.modalities.audio.wave import decode, encode_wav
from plait.modalities.image.codec import ENDINGS as PICTURES
from plait.modalities.limits import LIMITS
from plait.modalities.media import Media
from plait.modalities.video.clip import Clip, length_seconds
from plait.modalities.video.clip import decode as decode_film
from plait.modalities.video.codec import ENDINGS as FILMS
from plait.modalities.video.encoding import encode
from plait.model.asked import columns_named, modality_of
from plait.model.model import Model
from plait.subtitles.spans import Span, scene_spans, spoken_spans
from plait.types import Cell

if TYPE_CHECKING:
    from jaxtyping import Float

RATE_HZ = 16_000
FRAMES_PER_SECOND, MAX_FRAMES = 4.0, 1200
"""Frames of a film that are looked at; of one longer than five minutes, fewer a second."""

ENDINGS = {"audio": SOUNDS, "video": FILMS, "image": PICTURES}
"""Modality -> endings of its files."""


@dataclass(frozen=True)
class Medium:
    """A sound or film.

    Attributes:
        modality: ``audio`` or ``video``.
        columns: Modality -> columns of the model that take a piece of it.
        seconds: Its length.
        wave: At `RATE_HZ`; None of a silent film.
        clip: Of a film.
    """

    modality: str
    columns: Mapping[str, Sequence[str]]
    seconds: float
    wave: Float[ndarray, " time"] | None
    clip: Clip | None = field(default=None, repr=False)

    def spans(self, cut: str | None, longest: float) -> list[Span]:
        """Return its pieces. Raises `UsageError` for a cut that it does not have.

        Args:
            cut: ``speech`` or ``scenes``; None goes by whether the model sees the film.
            longest: Most seconds of a piece.
        """
        sees = self.clip is not None and (self.columns.get("video") or self.columns.get("image"))
        cut = cut or ("scenes" if sees else "speech")
        if cut == "scenes":
            if self.clip is None:
                raise UsageError("a sound has no scenes", expected="cut by speech", received=cut)
            return scene_spans(self.clip.frames, self.seconds, longest=longest)
        if self.wave is None:
            raise UsageError("the film has no sound", expected="cut by scenes", hint="--cut scenes")
        return spoken_spans(self.wave, RATE_HZ, longest=longest)

    def cells(self, model: Model, span: Span) -> dict[str, Cell]:
        """Return what the columns of a row get of a piece; none what the medium lacks."""
        found: dict[str, Cell] = {}
        for modality, names in self.columns.items():
            cell = self._cell(modality, span)
            found |= dict.fromkeys(names, cell) if cell is not None else {}
        return found

    def _cell(self, modality: str, span: Span) -> bytes | None:
        wave = None if self.wave is None else self.wave[_places(span, RATE_HZ, len(self.wave))]
        if modality == "audio" or self.clip is None:
            return None if wave is None else encode_wav(wave, RATE_HZ)
        frames = self.clip.frames
        rate = len(frames) / max(self.seconds, 1e-9)
        mine = frames[_places(span, rate, len(frames))]
        if modality == "image":
            return _png(mine[len(mine) // 2])
        return encode(mine, wave, RATE_HZ, rate_fps=max(1, round(rate)))


def opened_medium(model: Model, place: Path) -> Medium:
    """Read a medium. Raises `ColumnError` where no column of the model takes any of it."""
    data = Media(root=place.resolve().parent).read_bytes(place.name)
    if place.suffix.lower() in SOUNDS:
        wave = decode(data, rate_hz=RATE_HZ, max_seconds=LIMITS.num_seconds)
        columns = {"audio": columns_named(model, "audio", model.inputs, "the model", "--given")}
        return Medium("audio", columns, len(wave) / RATE_HZ, wave)
    if place.suffix.lower() not in FILMS:
        raise UsageError(
            "this is no sound and no film by its ending",
            expected=", ".join((*SOUNDS, *FILMS)),
            received=place.name,
            hint="for one picture: plait ask BUNDLE --image FILE",
            path=place,
        )
    columns = {
        modality: [one for one in model.inputs if modality_of(model, one) == modality]
        for modality in ENDINGS
    }
    if not any(columns.values()):
        raise ColumnError(
            "the model takes neither films, nor sounds, nor pictures",
            expected="a model with an input column of video, audio or image",
            received=", ".join(model.inputs),
        )
    clip = decode_film(
        data,
        num_frames=int(np.clip(length_seconds(data) * FRAMES_PER_SECOND, 2, MAX_FRAMES)),
        rate_hz=RATE_HZ,
        max_sound_seconds=LIMITS.num_seconds,
    )
    return Medium("video", columns, clip.seconds, clip.wave, clip)


def _places(span: Span, rate: float, num: int) -> slice:
    """Return the samples or frames of a span, at least one."""
    first = min(int(span.start * rate), num - 1)
    return slice(first, max(min(round(span.end * rate), num), first + 1))


def _png(pixels: ndarray) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()
