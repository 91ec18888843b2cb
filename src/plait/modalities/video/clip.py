"""Decodes video files with limits: frames spread over the clip, never the whole clip at once."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from numpy import ndarray

from plait.errors import CellError, ExtraError, LimitError
from plait.modalities.audio.wave import to_mono
from plait.modalities.limits import LIMITS

MAX_SIDE_PX = 256


@dataclass(frozen=True)
class Clip:
    """A decoded video.

    Attributes:
        frames: RGB frames, evenly spread over the clip, at most 256 pixels on the longer side.
        wave: Its sound track, one channel; None when it has none.
        seconds: Length of the clip.
    """

    frames: UInt8[ndarray, "frame height width 3"]
    wave: Float[ndarray, " time"] | None
    seconds: float


def decode(data: bytes, *, num_frames: int, rate_hz: int, max_sound_seconds: float) -> Clip:
    """Return `num_frames` frames (fewer when the clip has fewer) and the start of the sound.

    Two passes: the first counts the frames, the second keeps those that are wanted; only those are
    held, shrunk. Raises `CellError`, `LimitError`, or `ExtraError` without PyAV.
    """
    av = _av()
    try:
        num, seconds = _count(av, data)
        wanted = set(np.linspace(0, num - 1, min(num, num_frames)).round().astype(int).tolist())
        with av.open(io.BytesIO(data)) as file:
            frames = [_shrunk(frame) for i, frame in enumerate(file.decode(video=0)) if i in wanted]
        wave = _sound(av, data, rate_hz, max_sound_seconds)
    except (av.error.FFmpegError, ValueError, IndexError, EOFError) as error:
        raise CellError(
            "the video cannot be decoded",
            expected="a whole MP4, MKV, WebM, MOV or AVI file",
            received=str(error),
        ) from None
    return Clip(np.stack(frames), wave, seconds)


def encode(
    frames: UInt8[ndarray, "frame height width 3"],
    wave: Float[ndarray, " time"] | None,
    rate_hz: int,
    *,
    rate_fps: int = 8,
) -> bytes:
    """Return a small Matroska file with motion-JPEG pictures and, if given, 16-bit sound."""
    av = _av()
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as file:
        stream = file.add_stream("mjpeg", rate=rate_fps)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuvj420p"
        sound = None if wave is None else file.add_stream("pcm_s16le", rate=rate_hz, layout="mono")
        for pixels in frames:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
        if sound is not None and wave is not None:
            samples = (np.clip(wave, -1, 1) * 32767).astype(np.int16)[None]
            chunk = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            chunk.sample_rate = rate_hz
            file.mux(sound.encode(chunk))
            file.mux(sound.encode(None))
    return buffer.getvalue()


def _count(av: Any, data: bytes) -> tuple[int, float]:
    """Return the number of frames and the length, after checking the header against the limits."""
    with av.open(io.BytesIO(data)) as file:
        if not file.streams.video:
            raise CellError("the file has no pictures", expected="a video stream")
        stream = file.streams.video[0]
        if stream.width * stream.height > LIMITS.num_pixels:
            raise LimitError(
                "the video's pictures are too large",
                expected=f"at most {LIMITS.num_pixels} pixels",
                received=f"{stream.width} x {stream.height}",
            )
        rate = float(stream.average_rate or 25)
        most = LIMITS.num_seconds * rate
        num = 0
        for _ in file.decode(video=0):
            num += 1
            if num > most:
                raise LimitError(
                    "the video is too long",
                    expected=f"at most {LIMITS.num_seconds:.0f} seconds",
                    hint="cut it into pieces",
                )
    if not num:
        raise CellError("the video has no frames", expected="at least one")
    return num, num / rate


def _shrunk(frame: Any) -> UInt8[ndarray, "height width 3"]:
    factor = min(1.0, MAX_SIDE_PX / max(frame.width, frame.height))
    size = {
        "width": max(2, round(frame.width * factor)),
        "height": max(2, round(frame.height * factor)),
    }
    pixels: np.ndarray = frame.reformat(**size, format="rgb24").to_ndarray()
    return pixels


def _sound(
    av: Any, data: bytes, rate_hz: int, max_seconds: float
) -> Float[ndarray, " time"] | None:
    with av.open(io.BytesIO(data)) as file:
        if not file.streams.audio:
            return None
        resampler = av.AudioResampler(format="flt", layout="mono", rate=rate_hz)
        chunks, num = [], 0
        for frame in file.decode(audio=0):
            for part in resampler.resample(frame):
                chunks.append(part.to_ndarray().ravel())
                num += chunks[-1].size
            if num >= max_seconds * rate_hz:
                break
    if not num:
        return None
    wave = np.concatenate(chunks)[: int(max_seconds * rate_hz)]
    return to_mono(wave[:, None], rate_hz, rate_hz)


def _av() -> Any:
    try:
        import av
    except ModuleNotFoundError:
        raise ExtraError("video", "reading video") from None
    av.logging.set_level(av.logging.PANIC)
    return av
