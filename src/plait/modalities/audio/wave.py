"""Decodes sound files with limits, to one channel at one rate."""

from __future__ import annotations

import io

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from plait.errors import CellError, LimitError
from plait.modalities.limits import LIMITS
from plait.modalities.media import check_ratio


def decode(data: bytes, *, rate_hz: int, max_seconds: float) -> Float[ndarray, " time"]:
    """Return the first `max_seconds` of a sound file, mixed to one channel, at `rate_hz`.

    Raises:
        CellError: Not a sound file, cut off, empty, or with samples that are not finite.
        LimitError: Longer or with more channels than the limits allow.
    """
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            rate = file.samplerate
            _check_size(file.frames, rate, file.channels, len(data))
            num = min(file.frames, int(max_seconds * rate) + 1)
            samples = file.read(num, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError, TypeError, ValueError) as error:
        raise CellError(
            "the sound cannot be decoded",
            expected="a whole WAV, FLAC, OGG, Opus, MP3 or AIFF file",
            received=str(error),
        ) from None
    if len(samples) < num:
        raise CellError(
            "the sound file is cut off",
            expected=f"{num} samples, as its header says",
            received=f"{len(samples)} samples",
            hint="copy it again from its source",
        )
    return to_mono(samples, rate, rate_hz)


def to_mono(
    samples: Float[ndarray, "time channel"], rate: int, rate_hz: int
) -> Float[ndarray, " time"]:
    """Mix to one channel and resample. Raises `CellError` when empty or not finite."""
    if not len(samples):
        raise CellError("the sound is empty", expected="at least one sample")
    if not np.isfinite(samples).all():
        raise CellError(
            "the sound has samples that are not finite",
            expected="finite samples",
            received="NaN or inf",
        )
    mono = samples.mean(axis=1, dtype=np.float32)
    if rate != rate_hz:
        import soxr

        mono = soxr.resample(mono, rate, rate_hz).astype(np.float32)
    return np.clip(mono if len(mono) else np.zeros(1, np.float32), -1.0, 1.0)


def encode_wav(wave: Float[ndarray, " time"], rate_hz: int) -> bytes:
    """Return the samples as a 16-bit WAV file."""
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, wave, rate_hz, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def _check_size(num_frames: int, rate: int, num_channels: int, num_bytes: int) -> None:
    seconds = num_frames / max(rate, 1)
    if seconds > LIMITS.num_seconds:
        raise LimitError(
            "the sound is too long",
            expected=f"at most {LIMITS.num_seconds:.0f} seconds",
            received=f"{seconds:.0f} seconds",
            hint="cut it into pieces",
        )
    if num_channels > LIMITS.num_channels:
        raise LimitError(
            "the sound has too many channels",
            expected=f"at most {LIMITS.num_channels}",
            received=str(num_channels),
        )
    check_ratio(num_frames * num_channels * 4, num_bytes)
