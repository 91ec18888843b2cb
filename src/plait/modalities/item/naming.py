"""Names of items as cells hold them, and the number that stands for a name anywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np

from plait.errors import CellError
from plait.types import Cell, is_missing

MOST_LETTERS = 500
_WHOLE = re.compile(r"[+-]?\d+\.0*")


def name_of(cell: Cell) -> str | None:
    """Return the name in a cell: text, a number, or ``{"item": name}``, as JSON too.

    Whole numbers are written without a point, as tables with gaps hold ``17.0``; None where there
    is no name. Raises `CellError`.
    """
    if isinstance(cell, str) and cell.lstrip()[:1] == "{":
        cell = _parsed(cell)
    if isinstance(cell, Mapping):
        if "item" not in cell:
            raise _no_item(cell)
        cell = cell["item"]
    if isinstance(cell, bool) or not isinstance(cell, str | int | float | np.number):
        raise _no_item(cell)
    if is_missing(cell):
        return None
    text = str(cell.item() if isinstance(cell, np.number) else cell).strip()
    if isinstance(cell, float | np.floating) and _WHOLE.fullmatch(text):
        text = text.partition(".")[0]
    if len(text) > MOST_LETTERS:
        raise CellError(
            "the name of an item is too long",
            expected=f"at most {MOST_LETTERS} letters",
            received=f"{len(text):,} letters",
        )
    return text


@lru_cache(maxsize=100_000)
def code_of(name: str) -> int:
    """Return a name's number, int64 above 0: the same everywhere, and never that of another."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little") >> 1 or 1


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise _no_item(text) from None


def _no_item(cell: Cell) -> CellError:
    return CellError(
        "not the name of an item", expected='a text or a number, or {"item": ...}', received=cell
    )
