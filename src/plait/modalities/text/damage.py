"""Damages text as hurried typing would: letters swapped, lost or replaced, words left out."""

from __future__ import annotations

import re

import numpy as np

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def with_typing_errors(text: str, severity: float, rng: np.random.Generator) -> str:
    """Mistype a word with chance ``0.8 severity`` and lose it with chance ``0.3 severity``.

    Blanks stay as they are. A text that had a word keeps at least one.
    """
    if severity <= 0:
        return text
    parts = re.split(r"(\s+)", text)
    chances = rng.random((len(parts), 2))
    kept = [
        part
        if not part.strip() or change >= 0.8 * severity
        else ""
        if lose < 0.375
        else _mistyped(part, rng)
        for part, (change, lose) in zip(parts, chances, strict=True)
    ]
    return "".join(kept).strip() or text


def _mistyped(word: str, rng: np.random.Generator) -> str:
    place = int(rng.integers(0, len(word)))
    kind = int(rng.integers(0, 3)) if len(word) > 1 else 2
    if kind == 0:
        place = min(place, len(word) - 2)
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    letter = "" if kind == 1 else _LETTERS[int(rng.integers(0, len(_LETTERS)))]
    return word[:place] + letter + word[place + 1 :]
