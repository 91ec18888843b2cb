"""Stickers' names and tags, spoken by one synthetic voice that never varies (espeak-ng)."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from benchmarks.data.espeak import Speaker
from benchmarks.data.spoken_names import coded
from benchmarks.data.stickers import stickers
from benchmarks.data.tables import cached

VOICE, PACE, PITCH = "en-us+m1", 165, 50
"""Words a minute, and how high, of 99."""


def spoken_words() -> pa.Table:
    """Return columns ``voice`` (FLAC bytes), ``name`` and ``part``: 2,900 rows.

    ``part`` is ``train``, names of the stickers to learn from and their tags; ``validation`` and
    ``test``, names of others, which no other part says.
    """
    return cached("spoken-words", _make)


def _make() -> pa.Table:
    speak = Speaker()
    columns: dict[str, list[object]] = {"voice": [], "name": [], "part": []}
    for part, name in said():
        columns["voice"].append(coded(speak(name, VOICE, PACE, PITCH), speak.rate_hz))
        columns["name"].append(name)
        columns["part"].append(part)
    return pa.table(columns)


def said() -> Iterator[tuple[str, str]]:
    """Give part and words of each row."""
    table = stickers()
    parts, names, tags = (table[name].to_pylist() for name in ("split", "name", "tags"))
    of_part = {
        part: sorted({n for n, p in zip(names, parts, strict=True) if n and p == part})
        for part in ("train", "validation", "test")
    }
    learned = {
        tag.strip()
        for row, part in zip(tags, parts, strict=True)
        if row and part == "train"
        for tag in row.split(",")
    }
    for part, found in of_part.items():
        yield from ((part, name) for name in found)
    named = {name for found in of_part.values() for name in found}
    yield from (("train", tag) for tag in sorted(learned - named) if _is_said(tag))


def _is_said(tag: str) -> bool:
    """Tell whether a tag is words: not signs and numbers, which are said by other words.

    >>> _is_said("air quotes"), _is_said("<3")
    (True, False)
    """
    return len(tag) > 2 and all(letter.isalpha() or letter in " -'" for letter in tag)
