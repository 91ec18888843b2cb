"""What codecs use to recognise media columns: file endings and first bytes."""

from __future__ import annotations

import os
from collections.abc import Sequence

from plait.types import Cell, ColumnSample


def looks_like_media(sample: ColumnSample, endings: Sequence[str], magic: Sequence[bytes]) -> float:
    """Return the share of a column's cells that end or begin like the given kind of file.

    `magic` entries are first bytes; a ``.`` in them stands for any byte.
    """
    if not sample.values:
        return 0.0
    hits = sum(_hit(value, tuple(endings), magic) for value in sample.values)
    return hits / len(sample.values)


def starts_with(data: bytes, magic: Sequence[bytes]) -> bool:
    """Tell whether `data` begins with one of the `magic` patterns (``.`` is any byte)."""
    return any(
        len(data) >= len(pattern) and all(p in (46, d) for p, d in zip(pattern, data, strict=False))
        for pattern in magic
    )


def _hit(value: Cell, endings: tuple[str, ...], magic: Sequence[bytes]) -> bool:
    if isinstance(value, dict):
        return _hit(value.get("bytes") or value.get("path"), endings, magic)
    if isinstance(value, bytes | bytearray | memoryview):
        return starts_with(bytes(value[:16]), magic)
    if isinstance(value, str | os.PathLike):
        text = str(value).strip().lower()
        return text.endswith(endings) and "\n" not in text and len(text) < 1000
    return False
