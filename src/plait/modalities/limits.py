"""The one place that says how large a cell may be before a decoder refuses it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Upper bounds of one cell, checked before memory is spent.

    Attributes:
        num_bytes: Size of a file or of bytes in a cell.
        num_pixels: Width times height of a picture or video frame.
        num_seconds: Length of a sound or video.
        rate_hz: Samples per second of a sound.
        num_steps: Time steps of a series.
        num_channels: Channels of a series or sound.
        num_characters: Characters of a text cell.
        decompression_ratio: Decoded bytes per encoded byte, above the first `free_bytes`.
        free_bytes: Decoded size below which the ratio is not checked.
    """

    num_bytes: int = 512 * 2**20
    num_pixels: int = 64_000_000
    num_seconds: float = 3600.0
    rate_hz: int = 10_000_000
    num_steps: int = 10_000_000
    num_channels: int = 4096
    num_characters: int = 1_000_000
    decompression_ratio: float = 300.0
    free_bytes: int = 32 * 2**20


LIMITS = Limits()
