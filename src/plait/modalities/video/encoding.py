"""Encodes a clip as a small file: what a cell of a table holds, and what people play."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

from plait.errors import ExtraError
from plait.modalities.video.clip import load_av

if TYPE_CHECKING:
    from jaxtyping import Float, UInt8

H264 = "libx264"
OPTIONS = {"crf": "12", "preset": "medium", "bf": "0", "x264-params": "threads=1"}
"""Of its encoder: nearly as the frames are, and each written when it is shown."""

SEEN_PX = 128
LEAST_FPS, MOST_FPS = Fraction(1, 10), Fraction(60)


def encode(
    frames: UInt8[ndarray, "frame height width 3"],
    wave: Float[ndarray, " time"] | None,
    rate_hz: int,
    *,
    rate_fps: int = 8,
) -> bytes:
    """Return a small Matroska file with motion-JPEG pictures and, if given, 16-bit sound."""
    av = load_av()
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


def encode_mp4(frames: UInt8[ndarray, "frame height width 3"], seconds: float) -> bytes:
    """Return an MP4 file with H.264 pictures (4:2:0), as browsers and telephones play it.

    Small pictures are enlarged by a whole number, so that their colours keep their places; the same
    frames give the same bytes.

    Args:
        frames: Of one size.
        seconds: How long they take, all alike.

    Raises:
        ExtraError: PyAV is not installed, or was built without an encoder of H.264.
    """
    av = load_av()
    if H264 not in av.codecs_available:
        raise ExtraError("video", "H.264 in MP4", otherwise="write GIF: --out made.gif")
    frames = _enlarged(frames)
    rate = Fraction(len(frames) / max(seconds, 1e-3)).limit_denominator(1000)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4", options={"fflags": "+bitexact"}) as file:
        stream = file.add_stream(H264, rate=min(max(rate, LEAST_FPS), MOST_FPS))
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.options = dict(OPTIONS)
        stream.codec_context.thread_count = 1
        for pixels in frames:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return buffer.getvalue()


def _enlarged(frames: UInt8[ndarray, "frame height width 3"]) -> ndarray:
    """Return frames of `SEEN_PX` pixels or more on their longer side, and of even sides."""
    times = max(1, -(-SEEN_PX // max(frames.shape[1:3])))
    frames = frames.repeat(times, 1).repeat(times, 2)
    odd = [(0, side % 2) for side in frames.shape[1:3]]
    return np.pad(frames, [(0, 0), *odd, (0, 0)], mode="edge")
