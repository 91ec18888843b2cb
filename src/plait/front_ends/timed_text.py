"""What is said or shown in a sound, film or picture, and when, by a front end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

from plait.errors import CellError
from plait.front_ends.contract import RATE_HZ, FrontEnd, TextFound
from plait.modalities.audio.wave import decode
from plait.modalities.image.codec import ImageCodec
from plait.modalities.limits import LIMITS
from plait.modalities.media import Media
from plait.modalities.video.clip import decode as decode_film
from plait.modalities.video.clip import length_seconds
from plait.subtitles.spans import Span, spoken_spans
from plait.subtitles.timed import Timed, cues_of_pictures, cues_of_words
from plait.types import Cell

if TYPE_CHECKING:
    from jaxtyping import Float, UInt8

PIECE_SECONDS = 28.0
"""Of a sound that is read together: Whisper hears 30 s at once."""

FRAMES_PER_SECOND, MAX_FRAMES, FRAME_PX = 2.0, 300, 960
"""Of a film whose pictures are read: one longer than two and a half minutes has fewer a second."""

BLOCK_PX, CHANGE = 16, 10.0
"""A picture is read again where the brightness of a square of it changed by so much, of 255."""


@dataclass(frozen=True)
class TimedText:
    """Texts, in order.

    Attributes:
        spans: When each is said or shown, in seconds, none overlapping.
        texts: As many.
        seconds: Of the whole.
    """

    spans: list[Span]
    texts: list[str]
    seconds: float


def timed_text(
    front_end: FrontEnd,
    cell: Cell,
    modality: str,
    media: Media,
    *,
    longest: float,
    language: str | None = None,
    progress: Callable[[float], object] | None = None,
) -> TimedText:
    """Return what is said or shown in a medium, in texts that a cue holds.

    Args:
        front_end: It can be used; see `plait.front_ends.front_end_named`.
        cell: Path or bytes of the medium.
        modality: ``audio``, ``video`` or ``image``: what it is.
        media: What opens it.
        longest: Most seconds of a text of several words.
        language: See `FrontEnd.read`.
        progress: Told how much is done, in [0, 1].

    Raises:
        CellError, LimitError: It cannot be read, or has no sound.
        ExtraError: A film, and PyAV is not installed.
    """
    if modality == "image":
        pictures, seconds = ImageCodec().read(cell, media)[None], 0.0
    elif front_end.reads == "audio":
        wave = _wave(media.read_bytes(cell), modality)
        return _said(front_end, wave, longest, language, progress)
    else:
        pictures, seconds = _pictures(media.read_bytes(cell))
    texts = _texts(front_end, pictures, language, progress)
    spans, found = cues_of_pictures(texts, seconds)
    return TimedText(spans, found, seconds)


def _wave(data: bytes, modality: str) -> Float[ndarray, " time"]:
    if modality == "audio":
        return decode(data, rate_hz=RATE_HZ, max_seconds=LIMITS.num_seconds)
    clip = decode_film(data, num_frames=1, rate_hz=RATE_HZ, max_sound_seconds=LIMITS.num_seconds)
    if clip.wave is None:
        raise CellError("the film has no sound", expected="a film with a sound track")
    return clip.wave


def _pictures(data: bytes) -> tuple[UInt8[ndarray, "frame height width 3"], float]:
    clip = decode_film(
        data,
        num_frames=int(np.clip(length_seconds(data) * FRAMES_PER_SECOND, 2, MAX_FRAMES)),
        rate_hz=RATE_HZ,
        max_sound_seconds=0.0,
        max_side_px=FRAME_PX,
    )
    return clip.frames, clip.seconds


def _said(
    front_end: FrontEnd,
    wave: Float[ndarray, " time"],
    longest: float,
    language: str | None,
    progress: Callable[[float], object] | None,
) -> TimedText:
    """Hear pieces of at most half a minute, cut where nobody speaks."""
    seconds, spoken = len(wave) / RATE_HZ, spoken_spans(wave, RATE_HZ, longest=PIECE_SECONDS / 2)
    pieces = _joined(spoken)
    waves = [wave[int(one.start * RATE_HZ) : int(one.end * RATE_HZ)] for one in pieces]
    words: list[Timed] = []
    for place, found in enumerate(front_end.read(waves, language=language)):
        words += [_heard(_in_whole(word, pieces[place]), spoken) for word in found]
        if progress is not None:
            progress((place + 1) / len(pieces))
    spans, texts = cues_of_words(words, longest)
    return TimedText(spans, texts, seconds)


def _in_whole(word: TextFound, piece: Span) -> Timed:
    """Return a word of a piece with its times in the whole, none outside of the piece."""
    start = 0.0 if word.start is None else word.start
    end = piece.seconds if word.end is None else word.end
    start, end = (min(max(time, 0.0), piece.seconds) for time in (start, end))
    return Timed(word.text, piece.start + start, piece.start + end)


def _heard(word: Timed, spoken: Sequence[Span]) -> Timed:
    """Return a word without what of its time nobody speaks in, at its start and its end."""
    within = [span for span in spoken if span.end > word.start and span.start < word.end]
    if not within:
        return word
    start, end = max(word.start, within[0].start), min(word.end, within[-1].end)
    return Timed(word.text, start, end)


def _joined(spans: Sequence[Span]) -> list[Span]:
    """Return neighbouring spans as one, as long as they last no longer than `PIECE_SECONDS`."""
    found: list[Span] = []
    for span in spans:
        if found and span.end - found[-1].start <= PIECE_SECONDS:
            found[-1] = Span(found[-1].start, span.end)
        else:
            found.append(span)
    return found


def _texts(
    front_end: FrontEnd,
    pictures: UInt8[ndarray, "frame height width 3"],
    language: str | None,
    progress: Callable[[float], object] | None,
) -> list[str]:
    """Return the text of each picture; one that hardly differs from the one before has its text."""
    new = [
        place
        for place in range(len(pictures))
        if place == 0 or _changed(pictures[place - 1], pictures[place])
    ]
    read = front_end.read([pictures[place] for place in new], language=language)
    texts: list[str] = []
    for number, found in enumerate(read):
        stop = new[number + 1] if number + 1 < len(new) else len(pictures)
        texts += [" ".join(line.text for line in found)] * (stop - new[number])
        if progress is not None:
            progress(stop / len(pictures))
    return texts


def _changed(first: UInt8[ndarray, "h w 3"], second: UInt8[ndarray, "h w 3"]) -> bool:
    """Tell whether the brightness of any square changed."""
    change = np.abs(second.astype(np.int16) - first).mean(axis=2)
    height, width = (max(side - side % BLOCK_PX, 1) for side in change.shape)
    rows, columns = max(height // BLOCK_PX, 1), max(width // BLOCK_PX, 1)
    squares = change[:height, :width].reshape(rows, height // rows, columns, width // columns)
    return bool(squares.mean(axis=(1, 3)).max() > CHANGE)
