"""Decodes video files with limits: frames spread over the clip, never the whole clip at once."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy import ndarray
from PIL import Image

from plait.errors import CellError, ExtraError, LimitError
from plait.modalities.audio.wave import to_mono
from plait.modalities.limits import LIMITS

if TYPE_CHECKING:
    from jaxtyping import Float, UInt8

MAX_SIDE_PX = 256
MAX_FRAMES_IN_ORDER = 1000

SPARE_SECONDS, SPARE_SHARE = 0.25, 0.03
"""Headers round lengths and count edits; a clip shorter than its header by more is cut off."""


@dataclass(frozen=True)
class Clip:
    """A decoded video.

    Attributes:
        frames: RGB frames, evenly spread over the clip.
        wave: Its sound track, one channel; None when it has none.
        seconds: Length of the clip.
    """

    frames: UInt8[ndarray, "frame height width 3"]
    wave: Float[ndarray, " time"] | None
    seconds: float


@dataclass(frozen=True)
class Survey:
    """What a file's packets say before any is decoded.

    Attributes:
        stamps: When each frame is shown, ascending, in the stream's time base; None when a packet
            does not say.
        keys: The stamps at which decoding can start.
        num_frames: Frames, whether or not they are stamped.
        seconds: Length of the clip.
    """

    stamps: list[int] | None
    keys: list[int]
    num_frames: int
    seconds: float


def decode(
    data: bytes,
    *,
    num_frames: int,
    rate_hz: int,
    max_sound_seconds: float,
    max_side_px: int = MAX_SIDE_PX,
) -> Clip:
    """Return `num_frames` frames (fewer when the clip has fewer) and the start of the sound.

    Only the frames wanted are held, shrunk and upright. Clips of more than `MAX_FRAMES_IN_ORDER`
    frames are entered at their key frames, so that the time this takes hardly grows with their
    length; there a key frame within a quarter of the distance between two wanted frames will do.

    Args:
        data: The file.
        num_frames: Wanted.
        rate_hz: Of the sound.
        max_sound_seconds: Of the sound that is kept; 0 keeps none.
        max_side_px: Larger frames are shrunk to so many pixels on the longer side.

    Raises:
        CellError: Not a video, cut off, or without pictures.
        LimitError: Larger or longer than the limits allow.
        ExtraError: PyAV is not installed.
    """
    av = load_av()
    with _decoding(av):
        survey = _survey(av, data)
        frames = _jumping(av, data, survey, num_frames, max_side_px)
        if frames is None:
            frames = _in_order(av, data, survey, num_frames, max_side_px)
        wave = _sound(av, data, rate_hz, max_sound_seconds)
    if not frames:
        raise CellError("the video has no frames", expected="at least one")
    return Clip(_of_one_size(frames), wave, survey.seconds)


def length_seconds(data: bytes) -> float:
    """Return how long a video is, none of it decoded. Raises as `decode`."""
    av = load_av()
    with _decoding(av):
        return _survey(av, data).seconds


@contextmanager
def _decoding(av: Any) -> Iterator[None]:
    """Raise `CellError` where FFmpeg fails."""
    try:
        yield
    except (av.error.FFmpegError, ValueError, IndexError, EOFError) as error:
        raise CellError(
            "the video cannot be decoded",
            expected="a whole MP4, MKV, WebM, MOV or AVI file",
            received=getattr(error, "strerror", None) or str(error),
        ) from None


def _survey(av: Any, data: bytes) -> Survey:
    """Read all packets, decoding none, and check what they say against the limits."""
    stamps: list[int | None] = []
    keys: list[int] = []
    end = 0.0
    with av.open(io.BytesIO(data)) as file:
        if not file.streams.video:
            raise CellError("the file has no pictures", expected="a video stream")
        stream = file.streams.video[0]
        if stream.codec_context is None:
            raise CellError(
                "the video's coding is unknown",
                expected="a coding that FFmpeg decodes, such as H.264, VP9, AV1 or MPEG-4",
            )
        _check_picture(stream)
        for packet in file.demux():
            if not packet.size:
                continue
            if packet.dts is not None:
                end = max(end, float((packet.dts + (packet.duration or 0)) * packet.time_base))
            if packet.stream.index == stream.index:
                stamps.append(packet.pts)
                keys += [packet.pts] if packet.is_keyframe and packet.pts is not None else []
        rate = float(stream.average_rate or 25)
        seconds = len(stamps) / rate
        start = (file.start_time or 0) / av.time_base
        declared = max((file.duration or 0) / av.time_base, stream.frames / rate)
    _check_length(max(seconds, declared))
    _check_whole(declared, max(seconds, end - start))
    known = sorted({stamp for stamp in stamps if stamp is not None})
    whole = len(known) == len(stamps) and len(keys) > 0
    return Survey(known if whole else None, sorted(keys), len(stamps), seconds)


def _check_picture(stream: Any) -> None:
    if stream.width * stream.height > LIMITS.num_pixels:
        raise LimitError(
            "the video's pictures are too large",
            expected=f"at most {LIMITS.num_pixels} pixels",
            received=f"{stream.width} x {stream.height}",
            hint="scale it down first",
        )


def _check_length(seconds: float) -> None:
    if seconds > LIMITS.num_seconds:
        raise LimitError(
            "the video is too long",
            expected=f"at most {LIMITS.num_seconds:.0f} seconds",
            received=f"{seconds:.0f} seconds",
            hint="cut it into pieces",
        )


def _check_whole(declared: float, found: float) -> None:
    if declared - found > SPARE_SECONDS + SPARE_SHARE * declared:
        raise CellError(
            "the video file is cut off",
            expected=f"{declared:.2f} seconds, as its header says",
            received=f"{found:.2f} seconds",
            hint="copy it again from its source",
        )


def _places(num: int, num_wanted: int) -> list[int]:
    """Return up to `num_wanted` different places among `num`, evenly spread, both ends included.

    >>> _places(60, 3), _places(2, 3)
    ([0, 30, 59], [0, 1])
    """
    spread = np.linspace(0, num - 1, min(num, num_wanted)).round().astype(int)
    return [int(place) for place in spread]


def _in_order(av: Any, data: bytes, survey: Survey, num_wanted: int, side_px: int) -> list[ndarray]:
    """Decode everything, and keep the frames at the wanted places."""
    wanted = set(_places(survey.num_frames, num_wanted))
    with av.open(io.BytesIO(data)) as file:
        frames = enumerate(file.decode(_pictures(file)))
        return [_shrunk(frame, side_px) for place, frame in frames if place in wanted]


def _jumping(
    av: Any, data: bytes, survey: Survey, num_wanted: int, side_px: int
) -> list[ndarray] | None:
    """Jump to the last key frame before each wanted frame, unless decoding has passed it.

    Returns None for short clips, and where jumps cannot be relied upon: frames without stamps,
    containers without an index.
    """
    stamps, keys, found = survey.stamps, np.array(survey.keys), []
    if stamps is None or len(stamps) <= MAX_FRAMES_IN_ORDER:
        return None
    reach = (stamps[-1] - stamps[0]) / max(num_wanted - 1, 1) / 4
    with av.open(io.BytesIO(data)) as file:
        stream = _pictures(file)
        frames, now = file.decode(stream), stamps[0]
        for place in _places(len(stamps), num_wanted):
            goal = stamps[place]
            nearest = int(keys[np.abs(keys - goal).argmin()])
            goal = nearest if abs(nearest - goal) <= reach else goal
            before = int(keys[keys <= goal].max(initial=keys[0]))
            if before > now:
                file.seek(before, stream=stream)
                frames = file.decode(stream)
            frame = next((f for f in frames if f.pts is not None and f.pts >= goal), None)
            if frame is None or frame.pts - goal > reach:
                return None
            now = frame.pts
            found.append(_shrunk(frame, side_px))
    return found


def _pictures(file: Any) -> Any:
    """Return the stream of pictures, whose decoder makes none above the limit on pixels.

    A frame may be larger than the stream's header says, and would be held before it is seen.
    """
    stream = file.streams.video[0]
    stream.codec_context.options = {"max_pixels": str(LIMITS.num_pixels)}
    return stream


def _shrunk(frame: Any, side_px: int) -> UInt8[ndarray, "height width 3"]:
    factor = min(1.0, side_px / max(frame.width, frame.height))
    size = {
        "width": max(2, round(frame.width * factor)),
        "height": max(2, round(frame.height * factor)),
    }
    pixels: np.ndarray = frame.reformat(**size, format="rgb24").to_ndarray()
    quarter_turns = round(getattr(frame, "rotation", 0) / 90) % 4
    return np.ascontiguousarray(np.rot90(pixels, quarter_turns))


def _of_one_size(frames: list[ndarray]) -> UInt8[ndarray, "frame height width 3"]:
    """Stack frames, scaled like the first: a stream may change the size of its pictures."""
    height, width = frames[0].shape[:2]
    size = width, height
    pictures = (Image.fromarray(frame) for frame in frames)
    return np.stack([np.asarray(p if p.size == size else p.resize(size)) for p in pictures])


def _sound(
    av: Any, data: bytes, rate_hz: int, max_seconds: float
) -> Float[ndarray, " time"] | None:
    num_wanted = int(max_seconds * rate_hz)
    with av.open(io.BytesIO(data)) as file:
        if not (file.streams.audio and num_wanted):
            return None
        resampler = av.AudioResampler(format="flt", layout="mono", rate=rate_hz)
        chunks, num = [], 0
        for frame in file.decode(audio=0):
            parts = [part.to_ndarray().ravel() for part in resampler.resample(frame)]
            chunks += parts
            num += sum(part.size for part in parts)
            if num >= num_wanted:
                break
        if num:
            chunks += [part.to_ndarray().ravel() for part in resampler.resample(None)]
    if not num:
        return None
    wave = np.concatenate(chunks)[:num_wanted]
    return to_mono(wave[:, None], rate_hz, rate_hz)


def load_av() -> Any:
    """Return PyAV, which says nothing by itself. Raises `ExtraError` where it is not installed."""
    try:
        import av
    except ModuleNotFoundError:
        raise ExtraError("video", "reading video") from None
    av.logging.set_level(av.logging.PANIC)
    return av
