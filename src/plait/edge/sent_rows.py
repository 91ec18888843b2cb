"""Rows as lines of JSON, for a process that answers them: bytes and arrays are told from text."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from plait.types import Cell

BYTES, ARRAY, KIND = "~bytes", "~array", "~kind"


def to_line(rows: Sequence[dict[str, Cell]]) -> bytes:
    """Return rows as one line of JSON, which `from_line` reads again."""
    return json.dumps(list(rows), default=_told).encode() + b"\n"


def from_line(line: bytes) -> list[dict[str, Cell]]:
    """Return the rows that `to_line` made a line of."""
    rows: list[dict[str, Cell]] = json.loads(line, object_hook=_held)
    return rows


def _told(value: Any) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        return {BYTES: base64.b64encode(value).decode()}
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return {ARRAY: value.tolist(), KIND: value.dtype.str}
    return str(value)


def _held(found: dict[str, Any]) -> Any:
    if found.keys() == {BYTES}:
        return base64.b64decode(found[BYTES])
    if found.keys() == {ARRAY, KIND}:
        return np.array(found[ARRAY], found[KIND])
    return found
