"""Labels as what they were in the table: whole numbers, numbers, truth values, or text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from plait.types import Cell

MAX_TARGET_LABELS = 1_000_000
"""Of a target; an input keeps its most frequent ones."""

KINDS = ("", "text", "int", "float", "bool")
_WHOLE = re.compile(r"-?(?:0|[1-9]\d{0,17})")
_NUMBER = re.compile(r"[+-]?(?:0|[1-9]\d{0,17})(?:\.\d{1,17})?")
_TRUTH = {"true": True, "false": False}
_CROSSED = {"true": "1", "false": "0", "1": "true", "0": "false"}


def check_kind(kind: str) -> None:
    """Raise `ValueError` for a kind that does not exist."""
    if kind not in KINDS:
        raise ValueError(f"kind is one of {', '.join(KINDS[1:])}, not {kind}")


def kind_of_cells(cells: Sequence[Cell], *, typed: bool) -> str:
    """Return ``int``, ``float`` or ``bool`` where all cells are of one of these, else ``text``.

    Args:
        cells: Not missing.
        typed: Whether cells carry types; in CSV, where none do, their text tells.

    >>> kind_of_cells([1, 0], typed=True), kind_of_cells(["1", "0"], typed=True)
    ('int', 'text')
    >>> kind_of_cells(["1", "0"], typed=False), kind_of_cells(["01", "02"], typed=False)
    ('int', 'text')
    """
    if not cells:
        return "text"
    if all(isinstance(cell, bool | np.bool_) for cell in cells):
        return "bool"
    if any(isinstance(cell, bool | np.bool_) for cell in cells):
        return "text"
    if all(isinstance(cell, int | np.integer) for cell in cells):
        return "int"
    if all(isinstance(cell, float | np.floating) for cell in cells):
        return "float"
    if typed or not all(isinstance(cell, str) for cell in cells):
        return "text"
    texts = {cell.strip() for cell in cells}
    if all(_WHOLE.fullmatch(text) for text in texts):
        return "int"
    if all(_NUMBER.fullmatch(text) for text in texts):
        return "float"
    return "bool" if {text.lower() for text in texts} <= set(_TRUTH) else "text"


def typed_labels(labels: Sequence[str], kind: str) -> list[Any] | None:
    """Return labels as values of a kind; None where one of them is none."""
    if kind in ("", "text"):
        return list(labels)
    if kind == "bool":
        found = [_TRUTH.get(label.lower()) for label in labels]
        return None if None in found or len(set(found)) < len(found) else list(found)
    pattern = _WHOLE if kind == "int" else _NUMBER
    if not all(pattern.fullmatch(label) for label in labels):
        return None
    return [int(label) if kind == "int" else float(label) for label in labels]


def plain_label(label: str) -> str:
    """Return a label in the spelling that its other types share: 1.0 as 1, True as true.

    Codes with leading zeros stay what they are.

    >>> plain_label("1.0"), plain_label("TRUE"), plain_label("01"), plain_label("red")
    ('1', 'true', '01', 'red')
    """
    if label.lower() in _TRUTH:
        return label.lower()
    if not _NUMBER.fullmatch(label):
        return label
    whole, dot, part = label.lstrip("+").partition(".")
    part = part.rstrip("0")
    found = f"{whole}{dot}{part}" if part else whole
    return "0" if found == "-0" else found


def aliases(labels: Sequence[str], kind: str) -> dict[str, int]:
    """Return other spellings of labels -> place of the label, where only one is meant."""
    found: dict[str, list[int]] = {}
    for place, label in enumerate(labels):
        plain = plain_label(label)
        found.setdefault(plain, []).append(place)
        if kind not in ("", "text") and plain in _CROSSED:
            found.setdefault(_CROSSED[plain], []).append(place)
    return {plain: places[0] for plain, places in found.items() if len(places) == 1}
