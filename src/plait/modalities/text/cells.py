"""Reads cells of text: plain ones, bytes, and names of files."""

from __future__ import annotations

import codecs
import os

import numpy as np

from plait.errors import CellError
from plait.modalities.media import Media
from plait.types import Cell


def cell_text(cell: Cell, media: Media) -> str:
    """Return the text that a cell is, holds in bytes, or names a file of.

    Raises `CellError` for what is none.
    """
    if isinstance(cell, str):
        return _file_text(cell, media) if _names_file(cell) else cell
    if isinstance(cell, bytes | bytearray | memoryview):
        return _decoded(bytes(cell)) if len(cell) else ""
    if isinstance(cell, dict | os.PathLike):
        return _decoded(media.read_bytes(cell))
    if isinstance(cell, bool | int | float | np.number):
        return str(cell)
    raise CellError("not a text", expected="a text, or bytes in UTF-8", received=cell)


def _names_file(cell: str) -> bool:
    return cell.rstrip().lower().endswith(".txt") and len(cell) < 1000 and "\n" not in cell.strip()


def _file_text(cell: str, media: Media) -> str:
    try:
        path = media.locate(cell)
    except CellError:
        if len(cell.split()) > 1:
            return cell
        raise
    return _decoded(media.read_bytes(cell)) if path.stat().st_size else ""


def _decoded(data: bytes) -> str:
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if utf16 else "utf-8")
    except UnicodeDecodeError as error:
        raise CellError(
            "the text is not in UTF-8",
            expected="UTF-8",
            received=f"{error.reason} at byte {error.start}",
            hint="convert it first: iconv -f LATIN1 -t UTF-8",
        ) from None
