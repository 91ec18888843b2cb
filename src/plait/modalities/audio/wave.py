"""Decodes sound files with limits, to one channel at one rate."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

from plait.errors import CellError, LimitError
from plait.modalities.limits import LIMITS
from plait.modalities.media import check_ratio

if TYPE_CHECKING:
    from jaxtyping import Float, Int16, Num

SPARE_BYTES = 64
"""Headers written carelessly promise a few bytes too many; this many are forgiven."""

UNKNOWN_BYTES = 2**32 - 1
"""The size that the format AU has for "not known"; in WAV it is a promise like any other."""

FULL_SCALE = 32_768
"""Of samples of 16 bits: 1.0."""

MP3_RATES = (8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)


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
            num = min(file.frames, int(max_seconds * rate) + 1)
            _check_size(file.frames, rate, file.channels)
            check_ratio(num * file.channels * 4, len(data))
            check_whole(data)
            samples = file.read(num, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError, TypeError, ValueError) as error:
        raise CellError(
            "the sound cannot be decoded",
            expected="a whole WAV, FLAC, OGG, Opus, MP3 or AIFF file",
            received=_reason(error),
        ) from None
    if len(samples) < num and _knows_its_length(data):
        raise _cut_off(f"{num} samples", f"{len(samples)} samples")
    return to_mono(samples, rate, rate_hz)


def check_whole(data: bytes) -> None:
    """Raise `CellError` when a file holds less than its header says.

    Decoders take what is left of a cut WAV, AIFF, AU or OGG file for the whole. A WAV that was
    written to a pipe promises 4 GB: nobody can tell whether it is whole.
    """
    declared = _declared_size(data)
    if declared - len(data) > SPARE_BYTES:
        raise _cut_off(f"{declared} bytes", f"{len(data)} bytes")


def _declared_size(data: bytes) -> int:
    """Return the size that the container's header gives, or 0 when it gives none."""
    kind, size = data[:4], 0
    if kind == b"RIFF":
        size = max(int.from_bytes(data[4:8], "little") + 8, _end_of_samples(data))
    elif kind == b"FORM":
        size = int.from_bytes(data[4:8], "big") + 8
    elif kind == b".snd":
        promised = int.from_bytes(data[8:12], "big")
        size = int.from_bytes(data[4:8], "big") + promised if promised != UNKNOWN_BYTES else 0
    elif kind == b"OggS":
        page = data.rfind(b"OggS")
        segments = data[page + 27 : page + 27 + data[page + 26]] if len(data) > page + 26 else b""
        size = page + 27 + len(segments) + sum(segments) if segments else len(data) + 2**16
    return size


def _end_of_samples(data: bytes) -> int:
    """Return where the samples of a WAV file end, as its ``data`` chunk says; 0 without one."""
    place = 12
    while place + 8 <= len(data):
        size = int.from_bytes(data[place + 4 : place + 8], "little")
        if data[place : place + 4] == b"data":
            return place + 8 + size
        place += 8 + size + size % 2
    return 0


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


def whole_samples(wave: Float[ndarray, " time"]) -> Int16[ndarray, " time"]:
    """Return samples as whole numbers of 16 bits, one at least; those that were read from such a
    file are as they were there.

    >>> whole_samples(np.array([0.5, -1.0, 1.0], np.float32)).tolist()
    [16384, -32768, 32767]
    """
    scaled = np.rint(np.asarray(wave, np.float64) * FULL_SCALE)
    found = scaled.clip(-FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
    return found if len(found) else np.zeros(1, np.int16)


def encode_wav(wave: Num[ndarray, " time"], rate_hz: int) -> bytes:
    """Return samples, in [-1, 1] or whole numbers of 16 bits, as a 16-bit WAV file."""
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, wave, rate_hz, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def encode_small(wave: Float[ndarray, " time"], rate_hz: int) -> tuple[str, bytes]:
    """Return the samples as a small file that browsers play, and its kind: ``mpeg`` or ``wav``.

    MP3 is a tenth of WAV; libsndfile writes it from version 1.1 on.
    """
    import soundfile

    if "MP3" not in soundfile.available_formats() or rate_hz not in MP3_RATES or not len(wave):
        return "wav", encode_wav(wave, rate_hz)
    buffer = io.BytesIO()
    soundfile.write(buffer, wave, rate_hz, format="MP3", subtype="MPEG_LAYER_III")
    return "mpeg", buffer.getvalue()


def _knows_its_length(data: bytes) -> bool:
    """Tell whether the number of samples is stated; it is a guess in MP3 files without a header."""
    start = 0
    if data[:3] == b"ID3":
        start = 10 + sum(byte << 7 * (3 - i) for i, byte in enumerate(data[6:10]))
    head = data[start : start + 256]
    return head[:1] != b"\xff" or any(word in head for word in (b"Xing", b"Info", b"VBRI"))


def _reason(error: Exception) -> str:
    text: str = getattr(error, "error_string", str(error))
    return "bytes of no known format" if "does not exist" in text else text


def _cut_off(expected: str, received: str) -> CellError:
    return CellError(
        "the sound file is cut off",
        expected=f"{expected}, as its header says",
        received=received,
        hint="copy it again from its source; one written to a pipe, such as by ffmpeg, save anew "
        "into a file",
    )


def _check_size(num_frames: int, rate: int, num_channels: int) -> None:
    if not 1 <= rate <= LIMITS.rate_hz:
        raise LimitError(
            "the sound has an absurd sampling rate",
            expected=f"1 to {LIMITS.rate_hz} Hz",
            received=f"{rate} Hz",
        )
    seconds = num_frames / rate
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
