"""Alphabets: the characters in which a line in time is spelled, and whether texts may be said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from plait.types import ColumnBatch

LEAST_MET = 2
"""Times that a character is met, at least, to be one of an alphabet: less teaches nothing."""

MOST_KNOWN = 4096
"""Texts that recur, and are remembered."""

LEAST_SPELLED = 0.9
"""Share of the texts whose lines have a place for every character, at least."""

LEAST_ALIKE, LEAST_SPREAD = 0.3, 0.05
"""Correlation of the lengths of texts and lines, at least, where both vary by this share."""


def letters_of(texts: Sequence[str], *, most: int) -> str:
    """Return the characters of texts, sorted; "" where there are more than `most`.

    >>> letters_of(["abba", "bob"], most=9)
    'ab'
    """
    counts = Counter(letter for text in texts for letter in text)
    found = sorted(letter for letter, number in counts.items() if number >= LEAST_MET)
    return "".join(found) if len(found) <= most else ""


def recurring(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the texts that are met more than once, sorted; of many those that are met most.

    >>> recurring(["red", "blue", "red"])
    ('red',)
    """
    counts = Counter(texts).most_common(MOST_KNOWN)
    return tuple(sorted(text for text, number in counts if number > 1))


def numbered(text: str, alphabet: str) -> list[int]:
    """Return the number of each of a text's characters, from 1; those of no alphabet are left out.

    >>> numbered("bad", "abc")
    [2, 1]
    """
    return [place + 1 for letter in text if (place := alphabet.find(letter)) >= 0]


def texts_of(column: ColumnBatch) -> list[str]:
    """Return the texts of a padded batch of tensors; "" of rows that have none."""
    data, num = column.parts["bytes"].cpu().numpy().astype(np.uint8), column.lengths["byte"]
    rows = zip(data, num.tolist(), column.present.tolist(), strict=True)
    return [one[:size].tobytes().decode() * there for one, size, there in rows]


def may_spell(texts: Sequence[str], places: np.ndarray, alphabet: str) -> bool:
    """Tell whether texts may be what is said in the lines beside them, letter by letter.

    Nearly all lines must have a place for every character, and one more between equal ones; and
    where some are much longer than others, their texts must be too: a caption tells of a sound in
    words whose number has little to do with how long it sounds.

    Args:
        texts: Of rows.
        places: Of each row's line; 0 where it has none.
        alphabet: "" says no.
    """
    said = [text for text, num in zip(texts, places, strict=True) if num > 0]
    if not alphabet or not said:
        return False
    real = places[places > 0].astype(np.float64)
    needed = np.array([len(t) + sum(a == b for a, b in zip(t, t[1:], strict=False)) for t in said])
    if (needed <= real).mean() < LEAST_SPELLED:
        return False
    if min(real.std() / real.mean(), needed.std() / max(needed.mean(), 1.0)) < LEAST_SPREAD:
        return True
    return bool(np.corrcoef(needed, real)[0, 1] >= LEAST_ALIKE)
