"""Encodes a clip as a small file: what a cell of a table holds."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

from plait.modalities.video.clip import load_av

if TYPE_CHECKING:
    from jaxtyping import Float, UInt8


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
